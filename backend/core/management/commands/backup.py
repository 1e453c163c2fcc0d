"""`manage.py backup FOLDER`: the database and the media files in a new folder, while the work goes on."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backend.core.backup import BackupRefused, back_up
from backend.core.bootstrap import SetupError


class Command(BaseCommand):
    help = "Writes the database, the media files and a manifest into FOLDER, which must not exist yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        parser.add_argument("--database", default="default")

    def handle(self, *args: Any, **options: Any) -> None:
        choice = os.environ.get("SALTLINE_POSTGRES", "")
        try:
            manifest = back_up(options["folder"], using=options["database"], choice=choice)
        except (BackupRefused, SetupError) as problem:
            raise CommandError(str(problem)) from problem
        rows = sum(manifest.tables.values())
        self.stdout.write(
            f"{rows} rows of {len(manifest.tables)} tables and the media files are in {options['folder']}"
        )
