"""manage.py load_work_calendar: takes the years announced since, after chinesecalendar was raised."""

from typing import Any

from django.core.management.base import BaseCommand

from backend.core.calendar import load_announced


class Command(BaseCommand):
    help = "Takes announced public holidays and swap days of years the calendar has not; declared days stay."

    def handle(self, *args: Any, **options: Any) -> None:
        years = ", ".join(map(str, load_announced()))
        self.stdout.write(f"Years taken: {years or 'none'}")
