"""manage.py load_limits FILE: limit rows of a CSV table, each to be confirmed by QC before it judges."""

import csv
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from traceability.product.services import load_limits
from traceability.product.sheet import BadSheet


class Command(BaseCommand):
    help = "Loads limit rows (columns as in traceability/product/seed/spec_limits.csv)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            with file.open(encoding="utf-8-sig", newline="") as table:
                loaded = load_limits(csv.DictReader(table))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise CommandError(f"{file}: {error}") from error
        except BadSheet as error:
            raise CommandError("\n".join(f"{where}: {why}" for where, why in error.errors.items())) from error
        self.stdout.write(f"{loaded.created} created, {loaded.kept} kept as they were")
