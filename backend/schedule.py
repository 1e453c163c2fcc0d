"""Periodic jobs: name → (cron in UTC, dotted path). Synced to django-q2 from here only."""

SCHEDULE: dict[str, tuple[str, str]] = {
    # 02:40 where the factory stands.
    "findings": ("40 18 * * *", "traceability.balance.jobs.refresh_findings"),
    "trace_events": ("* * * * *", "traceability.epcis.jobs.append_events"),
}
