"""`manage.py import_genealogy --lots lots.csv --links links.csv [--audit]`: the genealogy of another system."""

import csv
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from traceability.imports.genealogy_file import MissingColumns
from traceability.imports.genealogy_import import GenealogyRefused, ImportReport, import_genealogy


class Command(BaseCommand):
    help = (
        "Stores lots (code,kind,grade,qty_kg,on_hand_kg,scrap_kg,customer) and links (parent,child,qty_kg) as history "
        "and prints a JSON line: what was stored, and every fault. Safe to run twice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--lots", type=Path, help="CSV of lots; also produced_on, plant, supplier_lot")
        parser.add_argument("--links", type=Path, help="CSV of links")
        parser.add_argument(
            "--audit", action="store_true", help="store what is faulty too; without, any fault refuses all"
        )

    def handle(self, *, lots: Path | None, links: Path | None, audit: bool, **options: Any) -> None:
        if lots is None and links is None:
            raise CommandError("Give --lots, --links or both.")
        try:
            report = import_genealogy(lots=lots, links=links, is_audit=audit, say=self._say)
        except GenealogyRefused as refused:
            self.stdout.write(summary(refused.report))
            raise CommandError(f"{len(refused.report.faults)} faults; nothing was stored.") from refused
        except MissingColumns as error:
            raise CommandError(f"Missing columns: {error}") from error
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(summary(report))

    def _say(self, text: str) -> None:
        self.stderr.write(text)


def summary(report: ImportReport) -> str:
    """One line of JSON."""
    kinds = Counter(found.fault.value for found in report.faults)
    body = {
        "stored": report.is_stored,
        "lots": report.lots,
        "links": report.links,
        "fault_count": len(report.faults),
        "fault_kinds": dict(sorted(kinds.items())),
        "faults": report.faults,
    }
    return orjson.dumps(body).decode()
