"""`manage.py trace CODE --direction backward|forward [--json]`: what a batch was made of, or what became of it."""

from argparse import ArgumentParser
from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.core.management.base import BaseCommand, CommandError

from backend.core.errors import NotFound
from traceability.batch.models import Batch
from traceability.trace.queries import batch_by_code, codes_of, consignees_of, walk
from traceability.trace.rules import AmbiguousBatchCode, Direction, TraceTooLarge, Walk


class Command(BaseCommand):
    help = "The batches reachable from CODE with their least number of steps, and who was sent goods of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", metavar="CODE", help="a batch code or id")
        parser.add_argument(
            "--direction", choices=[direction.value for direction in Direction], default="backward"
        )
        parser.add_argument(
            "--product", metavar="SKU", help="where several products have a batch of this code"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *, code: str, direction: str, product: str | None, json: bool, **options: Any) -> None:
        try:
            batch = batch_by_code(code, user=None, product=product)
            found = walk([batch.pk], direction=Direction(direction))
        except NotFound as error:
            raise CommandError(f"{code}: no such batch") from error
        except AmbiguousBatchCode as error:
            raise CommandError(
                f"{code}: several products have it; --product {error.params['skus']}"
            ) from error
        except TraceTooLarge as error:
            raise CommandError("The trace takes too long.") from error
        codes = codes_of(found.lots)
        kg = _kg_by_customer(found) if direction == Direction.FORWARD else {}
        self.stdout.write(_json(batch, found, codes, kg) if json else _text(batch, found, codes, kg))


def _kg_by_customer(found: Walk) -> dict[str, Decimal]:
    """Our customers by code, those of history by the name in their file."""
    kg: dict[str, Decimal] = defaultdict(Decimal)
    for consignee in consignees_of(found.lots):
        kg[consignee.customer_code or consignee.name] += consignee.kg
    return dict(sorted(kg.items()))


def _json(batch: Batch, found: Walk, codes: dict[UUID, str], kg: dict[str, Decimal]) -> str:
    body = {
        "code": batch.code,
        "truncated": found.truncated,
        "lots": [{"code": codes[id], "depth": depth} for id, depth in found.lots.items()],
        # A number, and exactly the one of the database: no float in between.
        "consignees": [{"customer": name, "kg": orjson.Fragment(str(sum_))} for name, sum_ in kg.items()],
    }
    return orjson.dumps(body).decode()


def _text(batch: Batch, found: Walk, codes: dict[UUID, str], kg: dict[str, Decimal]) -> str:
    lines = [f"{depth:6} {codes[id]}" for id, depth in found.lots.items()]
    lines += [f"{name}: {sum_} kg" for name, sum_ in kg.items()]
    return "\n".join([f"{batch.code}: {len(found.lots)} batches", *lines, *["truncated"] * found.truncated])
