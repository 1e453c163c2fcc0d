"""manage.py findings --json: looks over all batches and prints every fault that stands."""

from argparse import ArgumentParser
from decimal import Decimal
from typing import Any

import orjson
from django.core.management.base import BaseCommand

from traceability.balance.queries import standing_findings
from traceability.balance.services import refresh_findings


class Command(BaseCommand):
    help = "Looks over all batches; prints the faults of mass, ancestry and yield."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help='[{"lot", "rule", "residual_kg"?}]')

    def handle(self, *args: Any, **options: Any) -> None:
        refresh = refresh_findings()
        self.stderr.write(f"{refresh.batches} batches, {refresh.links} links: {refresh.found} findings")
        rows = standing_findings().order_by("batch__code", "rule", "id")
        lines = rows.values_list("batch__code", "rule", "residual_kg").iterator()
        if options["json"]:
            self.stdout.write(orjson.dumps([_fault(*line) for line in lines]).decode())
            return
        for code, rule, residual_kg in lines:
            self.stdout.write(f"{code}\t{rule}\t{'' if residual_kg is None else residual_kg}")


def _fault(code: str, rule: str, residual_kg: Decimal | None) -> dict[str, Any]:
    fault: dict[str, Any] = {"lot": code, "rule": rule}
    if residual_kg is not None:
        fault["residual_kg"] = orjson.Fragment(f"{residual_kg.normalize():f}")
    return fault
