"""Periodic jobs: name → (cron in UTC, dotted path). Synced to django-q2 from here only."""

SCHEDULE: dict[str, tuple[str, str]] = {}
