"""`manage.py replay_events [--batch CODE]`: rebuilds batches from the log of trace events and prints what differs."""

import json

from django.core.management.base import BaseCommand, CommandParser

from traceability.batch.models import Batch
from traceability.epcis.models import EventDue
from traceability.epcis.services import append_all, retry_faulty
from traceability.epcis.standing import compare
from traceability.label.batch_code import normalise

EVERYTHING = 1_000_000  # rounds: until nothing is due


class Command(BaseCommand):
    help = 'Prints {"batch", "id", "field", "log", "tables"} for every difference; nothing where log and tables agree.'

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch", metavar="CODE", default="", help="Only the batches of this code.")
        parser.add_argument(
            "--retry", action="store_true", help="Try rows again whose event could not be made before."
        )

    def handle(self, *, batch: str, retry: bool, **options: object) -> None:
        if retry:
            retry_faulty()
        append_all(rounds=EVERYTHING)
        rows = Batch.objects.filter(code_norm=normalise(batch)) if batch else Batch.objects.all()
        count = 0
        for difference in compare(rows):
            for field, (log, tables) in difference.fields.items():
                count += 1
                line = {"batch": difference.batch.code, "id": str(difference.batch.pk), "field": field}
                self.stdout.write(json.dumps({**line, "log": str(log), "tables": str(tables)}))
        waiting = EventDue.objects.exclude(fault="").count()
        self.stderr.write(
            f"{rows.filter(is_history=False).count()} batches, {count} differences,"
            f" {waiting} rows no event could be made of"
        )
