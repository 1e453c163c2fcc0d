"""Writes api_docs/problems.md: every refusal with its code, status and texts."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from backend.core.refusals import markdown


class Command(BaseCommand):
    help = "Writes api_docs/problems.md from the code."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "api_docs" / "problems.md"
        path.write_text(markdown(), encoding="utf-8")
        self.stdout.write(f"{path.relative_to(settings.BASE_DIR)} written")
