"""`manage.py import KIND FILE [--dry-run] [--skip-bad] [--as USERNAME]`: a file, at once and in the foreground."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from backend.accounts.models import User
from traceability.imports.models import FileImport
from traceability.imports.queries import faults_of
from traceability.imports.rules import NEEDS, ImportKind, ImportMode, ImportState
from traceability.imports.services import ImportData, request_import, run_import

SHOWN = 100  # faults in the summary; all of them stay with the import


class Command(BaseCommand):
    help = "Imports a CSV or XLSX file; prints a JSON summary, and fails where rows were not taken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=[kind.value for kind in ImportKind])
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="check every row and write nothing")
        parser.add_argument("--skip-bad", action="store_true", help="take the good rows; else all or nothing")
        parser.add_argument("--as", dest="username", help="in whose name; else the first account that may")

    def handle(self, *args: Any, **options: Any) -> None:
        kind = ImportKind(options["kind"])
        try:
            data = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(str(error)) from error
        given = ImportData(
            kind=kind,
            mode=ImportMode.SKIP_BAD if options["skip_bad"] else ImportMode.ALL_OR_NOTHING,
            is_dry_run=options["dry_run"],
            file_name=options["file"].name,
            data=data,
        )
        asked = request_import(given, by=_account(options["username"], kind=kind), in_background=False)
        run_import(asked.pk, say=self._say)
        row = FileImport.objects.get(pk=asked.pk)
        self.stdout.write(orjson.dumps(summary(row)).decode())
        if row.bad or row.state != ImportState.DONE:
            sys.exit(1)

    def _say(self, done: int, total: int) -> None:
        self.stderr.write(f"{done}/{total} rows")


def _account(username: str | None, *, kind: ImportKind) -> User:
    people = User.objects.filter(is_active=True).order_by("created_at", "id")
    able = [
        user for user in (people.filter(username=username) if username else people) if user.may(NEEDS[kind])
    ]
    if not able:
        raise CommandError("No such active account that may do this." if username else "Nobody may do this.")
    return able[0]


def summary(row: FileImport) -> dict[str, Any]:
    """What became of the file."""
    faults = faults_of(row).order_by("line", "column", "id")
    return {
        "import": str(row.pk),
        "kind": row.kind,
        "mode": row.mode,
        "dry_run": row.is_dry_run,
        "state": row.state,
        "rows": row.rows_total or 0,
        "created": row.created,
        "updated": row.updated,
        "unchanged": row.unchanged,
        "bad": row.bad,
        "errors": [
            {"line": fault.line, "column": fault.column, "code": fault.code, "text": _told(fault)}
            for fault in faults[:SHOWN]
        ],
    }


def _told(fault: Any) -> str:
    return fault.text.format(**fault.params) if fault.params else str(fault.text)
