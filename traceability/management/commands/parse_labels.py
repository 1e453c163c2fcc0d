"""`manage.py parse_labels [--config FILE]`: codes as JSON Lines in, what they say as JSON Lines out."""

import json
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backend.core.clock import today
from backend.core.errors import DomainError
from traceability.label.config import LabelConfig
from traceability.label.lines import answer_line


class Command(BaseCommand):
    help = 'Reads JSON Lines {"id", "raw", "aim"?} and prints what each code says. Needs no database.'
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--config", type=Path, help="JSON file with hosts, patterns, known codes and products"
        )

    def handle(self, *, config: Path | None, **options: object) -> None:
        label_config = _read_config(config) if config else LabelConfig()
        day = today()
        for line in sys.stdin.buffer:
            if line.strip():
                self.stdout.write(answer_line(line, config=label_config, today=day))


def _read_config(path: Path) -> LabelConfig:
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        if not isinstance(data, dict):
            raise CommandError(f"{path}: not a JSON object")
        return LabelConfig.from_json(data)
    except (OSError, ValueError, DomainError) as error:
        raise CommandError(f"{path}: {error}") from error
