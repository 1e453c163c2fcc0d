"""What the log of trace events costs: a scan's insert with and without its trigger, appending, checking, querying.

    DATABASE_URL=postgres://… python bench/event_log.py [--scans 2000] [--events 20000]

Everything happens in one transaction that is rolled back. Prints one JSON line.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")

import django

django.setup()

from django.db import connection, transaction  # noqa: E402 after the set-up

from backend.core import clock  # noqa: E402 after the set-up
from backend.core.ids import uuid7  # noqa: E402 after the set-up
from tests import factories  # noqa: E402 after the set-up
from traceability.epcis.document import document_faults, is_valid, query_document  # noqa: E402 after the set-up
from traceability.epcis.models import EventDue, TraceEvent  # noqa: E402 after the set-up
from traceability.epcis.naming import batch_uri  # noqa: E402 after the set-up
from traceability.epcis.query import page_of  # noqa: E402 after the set-up
from traceability.epcis.services import append_due  # noqa: E402 after the set-up
from traceability.scan.intake import entry_of  # noqa: E402 after the set-up
from traceability.scan.services import Author, record_scan  # noqa: E402 after the set-up

ROUNDS = 10


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def scan_times(author: Author, code: str, *, count: int) -> dict[str, float]:
    """Microseconds of one scan, recorded as the API records it, and of its bare insert; rounds take turns."""
    found: dict[str, list[float]] = {"with": [], "without": []}
    for round_ in range(ROUNDS):
        for name in ("with", "without") if round_ % 2 else ("without", "with"):
            verb = "ENABLE" if name == "with" else "DISABLE"
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET CONSTRAINTS ALL IMMEDIATE"
                )  # a table with pending checks cannot be altered
                cursor.execute(f"ALTER TABLE traceability_scan {verb} TRIGGER event_due_scan")
            for _ in range(count // ROUNDS):
                found[name].append(seconds(lambda: scan(author, code)))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE traceability_scan ENABLE TRIGGER event_due_scan")
    # The third decile: what is slower than that is the machine's other work.
    return {name: round(statistics.quantiles(times, n=10)[2] * 1e6) for name, times in found.items()}


def scan(author: Author, code: str) -> None:
    at = clock.now()
    item = {"id": str(uuid7()), "raw": code, "made_at": at.isoformat()}
    entry = entry_of(item, stamp=lambda made_at: clock.stamp(made_at=made_at, sent_at=None, received_at=at))
    record_scan(entry, by=author)


def percentiles(work: Callable[[], Any], *, times: int) -> dict[str, float]:
    found = sorted(seconds(work) * 1000 for _ in range(times))
    return {"p50_ms": round(found[times // 2], 2), "p99_ms": round(found[int(times * 0.99)], 2)}


def measure(scans: int, events: int) -> dict[str, Any]:
    user = factories.make_user("technician")
    author = Author(user=user, device_id=None, audit=nullcontext)
    item = factories.make_trade_item()
    batches = [factories.make_batch(item.product, trade_item=item, code=f"BENCH{n}") for n in range(50)]
    scan(author, batches[0].code)
    told: dict[str, Any] = {"scan_us": scan_times(author, batches[0].code, count=scans)}
    told["scan_ratio"] = round(told["scan_us"]["with"] / told["scan_us"]["without"], 3)
    made = factories.make_scan(user, batch=batches[1])
    ids = [uuid7() for _ in range(events)]
    for number, id in enumerate(ids):
        made.pk, made.batch = id, batches[number % 50]
        ids[number] = type(made)(**{f.attname: getattr(made, f.attname) for f in made._meta.fields})
    type(made).objects.bulk_create(ids, batch_size=1000)
    due = EventDue.objects.count()
    taken = seconds(lambda: all(iter(lambda: append_due(500)[0], 0)))
    told["append_per_s"] = round(due / taken)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE traceability_traceevent")
    bodies = list(TraceEvent.objects.values_list("body", flat=True)[:100])
    document = query_document(bodies, at=clock.now())
    capture = {"@context": document["@context"], "type": "EPCISDocument", "schemaVersion": "2.0",
               "creationDate": document["creationDate"], "epcisBody": {"eventList": bodies}}  # fmt: skip
    assert is_valid(document)
    told["schema_100_events_ms"] = round(min(seconds(lambda: is_valid(document)) for _ in range(5)) * 1000, 2)
    told["checked_100_events_ms"] = round(
        min(seconds(lambda: document_faults(capture)) for _ in range(5)) * 1000, 2
    )
    uri = batch_uri(batches[2])
    rows = TraceEvent.objects.all()
    told["events"] = rows.count()
    told["query_newest"] = percentiles(lambda: page_of(rows, {}, role="qc"), times=100)
    told["query_lot"] = percentiles(lambda: page_of(rows, {"MATCH_anyEPCClass": uri}, role="qc"), times=100)
    told["query_step"] = percentiles(
        lambda: page_of(rows, {"EQ_bizStep": "inspecting"}, role="qc"), times=100
    )
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scans", type=int, default=2000)
    parser.add_argument("--events", type=int, default=20_000)
    given = parser.parse_args()
    with transaction.atomic():
        print(json.dumps(measure(given.scans, given.events)))
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()
