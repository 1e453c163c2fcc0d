"""Periodic jobs: name → (cron in the factory's zone, dotted path). Synced to django-q2 from here only."""

SCHEDULE: dict[str, tuple[str, str]] = {}
