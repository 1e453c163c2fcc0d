"""`manage.py restore FOLDER`: database and media files out of a backup, all or nothing."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from backend.core.backup import BackupRefused, pending, restore
from backend.core.bootstrap import SetupError


class Command(BaseCommand):
    help = "Fills an empty database and the media folder from the backup in FOLDER. Stop the server and the jobs first."
    requires_system_checks: list[str] = []  # the database may be empty

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        parser.add_argument("--replace", action="store_true", help="delete all that is in the database first")
        parser.add_argument("--database", default="default")

    def handle(self, *args: Any, **options: Any) -> None:
        choice = os.environ.get("SALTLINE_POSTGRES", "")
        try:
            manifest = restore(
                options["folder"], replace=options["replace"], using=options["database"], choice=choice
            )
        except (BackupRefused, SetupError) as problem:
            raise CommandError(str(problem)) from problem
        for table, rows in manifest.tables.items():
            self.stdout.write(f"{rows:>12} {table}")
        self.stdout.write(f"Restored as of {manifest.made_at}; the rows are as many as in the backup.")
        if pending(manifest):
            self.stdout.write("The backup is of an older version: now run `python3 manage.py migrate`.")
