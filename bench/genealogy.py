"""Tracing, recall scope, import and export over the synthetic genealogy of genealogy_lots.py.

    .venv/bin/python bench/genealogy.py [--size 20000] [--growth 1000000] [--rounds 5] [--ladder 2000]

Method: a private PostgreSQL (or the server of DATABASE_URL; databases of its own are made and dropped there). Each size
gets a database, filled as `manage.py import_genealogy` does (rows of both files by wall time; "checked" is without
--audit, into another database). Starts: raw lots from which 5,000 to 6,500 lots are reached, drawn with a fixed seed;
deliveries, packed lots and pallets at random. Per start and round, in turn: the bare recursive query for ids; the bare
one that brings the links (parent, child, kg), the least a trace needs; walk(), as a recall uses it; and
GET /api/v1/batches/{id}/trace through the whole WSGI stack in this process, JSON included. Ratios are of processor
time, client and database together: the clock tells more of what else runs on the machine. Growth: the same rows of the
larger size, at the same number of lots reached. The ladder runs forward from its first lot. Scope: from a scanned code
to the list, customers, kg and digest. Exports: time to the last byte, and the peak of Python's memory (tracemalloc),
for a small trace and for a large one.

Last result (2026-11-22, two cores, load 6 to 9 from other work: times by the clock are two to eight times too long;
Python 3.11.7, PostgreSQL 15). 100,000 lots, 340,893 links; CPU time per call of bare ids / bare links / walk() / API:
forward from raw, 5,530 lots, 16,397 links, 4.6 MB of JSON: 35 / 133 / 169 / 201 ms, API 1.52 × bare links, 5.8 × bare
ids (which read no kg); backward from a delivery, 442 lots: 2 / 6 / 12 / 18 ms. 20,000 lots, as many reached: 28 / 118 /
154 / 197 ms, so five times the lots cost the API 1.02 ×. Import audited 18,897 rows/s (6,334 at load 8), checked 3,690
at load 8. Recall scope from a scanned code, 5,685 lots and 200 customers: 0.5 to 1.4 s. CSV of 2.8 MB 0.65 s, XLSX
1.7 s, memory 3.0 MB at most. Ladder of 2,000: walk() 88 ms, API 158, complete.
1,000,000 lots: not measured yet (--size 100000 --growth 1000000, on a quiet machine).
"""

import argparse
import contextlib
import os
import random
import statistics
import subprocess
import sys
import time
import tracemalloc
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.genealogy_lots import genealogy, ladder, write  # noqa: E402 after the path

REACHED = (5_000, 6_500)
STARTS = 8
_SEEN = (
    "WITH RECURSIVE seen (id) AS (SELECT %s::uuid UNION SELECT m.{to} FROM traceability_madefrom m "
    "JOIN seen ON m.{from} = seen.id WHERE m.is_live) "
)
BARE_IDS = _SEEN + "SELECT id FROM seen"
BARE_LINKS = (
    _SEEN + "SELECT m.parent_id, m.child_id, m.qty_kg FROM seen "
    "JOIN traceability_madefrom m ON m.{from} = seen.id AND m.is_live"
)
ENDS = {
    "forward": {"from": "parent_id", "to": "child_id"},
    "backward": {"from": "child_id", "to": "parent_id"},
}


@contextlib.contextmanager
def own_database(url: str) -> Iterator[str]:
    """An empty database on the server, dropped afterwards."""
    name, admin = f"genealogy{uuid.uuid4().hex[:8]}", url.replace("postgres://", "postgresql://")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield f"{url.rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def in_database(url: str, *arguments: str) -> str:
    """This file again, in a process that works on the database; what it printed."""
    env = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "bench.scan_settings"}
    env["BENCH_STACK"] = "house"
    # Its stderr is the log of every request.
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    print(done.stdout, end="", flush=True)
    return done.stdout


# --- what runs in a database -------------------------------------------------------------------------------------


def fill(folder: Path, *, is_audit: bool) -> None:
    """Migrates and imports; prints rows per second."""
    from django.core.management import call_command  # noqa: PLC0415 after the settings are chosen
    from django.db import connection  # noqa: PLC0415

    from traceability.imports.genealogy_import import import_genealogy  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    started = time.perf_counter()
    report = import_genealogy(lots=folder / "lots.csv", links=folder / "links.csv", is_audit=is_audit)
    taken = time.perf_counter() - started
    rows = report.lots.rows + report.links.rows
    name = "audited" if is_audit else "checked"
    print(
        f"import {name:8} {report.lots.rows:>9,} lots {report.links.rows:>9,} links {taken:7.1f} s "
        f"{rows / taken:9,.0f} rows/s, {len(report.faults)} faults"
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # what autovacuum does within minutes


def bare(template: str, direction: str) -> Callable[[Any], int]:
    from django.db import connection  # noqa: PLC0415

    statement = template.format(**ENDS[direction])

    def run(id: Any) -> int:
        with connection.cursor() as cursor:
            cursor.execute(statement, [id])
            return len(cursor.fetchall())

    return run


@dataclass
class Timed:
    """Milliseconds of every run of one thing: by the clock, and of processor time here and in the database."""

    ms: list[float] = field(default_factory=list)
    cpu_ms: float = 0

    def add(self, run: Callable[[Any], object], id: Any, database: psutil.Process) -> None:
        before = cpu_ms(database)
        self.ms.append(timed(run, id))
        self.cpu_ms += cpu_ms(database) - before


def timed(run: Callable[[Any], object], id: Any) -> float:
    started = time.perf_counter()
    run(id)
    return (time.perf_counter() - started) * 1000


def cpu_ms(database: psutil.Process) -> float:
    """The system counts the database's in steps of 10 ms: only sums over many runs tell."""
    spent = database.cpu_times()
    return (time.process_time() + spent.user + spent.system) * 1000


def backend() -> psutil.Process:
    """The database's process that works for us."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return psutil.Process(cursor.fetchone()[0])


def token() -> str:
    from backend.accounts.models import Device, DeviceToken, User  # noqa: PLC0415

    user = User.objects.create(username=f"bench{uuid.uuid4().hex}", role="qc", display_name="bench")
    device = Device.objects.create(user=user, install_id=uuid.uuid4(), name="bench")
    return str(DeviceToken.objects.create(user=user, device=device)[1])


class Api:
    """GETs through the WSGI stack of this process."""

    def __init__(self) -> None:
        from django.test import Client  # noqa: PLC0415

        self.client = Client(headers={"Authorization": f"Token {token()}"})

    def get(self, address: str) -> bytes:
        answer = self.client.get(f"/api/v1/{address}")
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code == 200, body[:300]
        return bytes(body)


def ids_of(kind: str, count: int, rng: random.Random) -> list[Any]:
    from traceability.batch.models import Batch  # noqa: PLC0415

    rows = Batch.objects.filter(kind=kind).order_by("code")
    ids = list(rows.values_list("id", flat=True))
    middle = ids[len(ids) // 5 : len(ids) * 7 // 10]  # with a past and a future
    return rng.sample(middle, min(count, len(middle)))


def measure(rounds: int, label: str) -> None:
    """Backward, forward, scope and exports in this database."""
    rng, api = random.Random(1), Api()
    reach = bare(BARE_IDS, "forward")
    sized = [(reach(id), id) for id in ids_of("raw", 400, rng)]
    large = [id for size, id in sized if REACHED[0] <= size <= REACHED[1]][:STARTS]
    large = large or [id for _size, id in sorted(sized, key=lambda pair: pair[0])[-STARTS:]]
    compare(f"{label} forward, raw", large, "forward", rounds, api)
    compare(f"{label} backward, delivery", ids_of("delivery", 60, rng), "backward", rounds, api)
    compare(f"{label} forward, packed", ids_of("packed", 60, rng), "forward", rounds, api)
    compare(f"{label} backward, pallet", ids_of("pallet", 60, rng), "backward", rounds, api)
    scope(large[0], label)
    exports(large[0], ids_of("packed", 1, rng)[0], api, label)


def compare(name: str, ids: Sequence[Any], direction: str, rounds: int, api: Api) -> None:
    from traceability.trace.queries import walk  # noqa: PLC0415
    from traceability.trace.rules import Direction  # noqa: PLC0415

    runs: dict[str, Callable[[Any], object]] = {
        "bare ids": bare(BARE_IDS, direction),
        "bare links": bare(BARE_LINKS, direction),
        "walk()": lambda id: walk([id], direction=Direction(direction)),
        "API": lambda id: api.get(f"batches/{id}/trace?direction={direction}"),
    }
    database = backend()
    found: dict[str, Timed] = {}
    for round_ in range(-1, rounds):  # round -1 warms up
        if round_ <= 0:
            found = {what: Timed() for what in runs}
        for id in ids:
            for what, run in runs.items():
                found[what].add(run, id, database)
    sizes = [runs["bare ids"](id) for id in ids]
    links = [runs["bare links"](id) for id in ids]
    body = api.get(f"batches/{ids[0]}/trace?direction={direction}")
    print(
        f"{name}: median {statistics.median(sizes):,.0f} lots, {statistics.median(links):,.0f} links, "
        f"{len(body) / 1000:,.0f} kB"
    )
    for what, one in found.items():
        ms = sorted(one.ms)
        line = f"   {what:12} p50 {statistics.median(ms):8.1f} ms   p99 {ms[int(len(ms) * 0.99)]:8.1f} ms"
        line += f"   CPU {one.cpu_ms / len(ms):8.1f} ms"
        if what == "API":
            for base in ("bare ids", "bare links"):
                line += f"   {one.cpu_ms / found[base].cpu_ms:5.2f} × {base}"
        print(line)


def scope(id: Any, label: str) -> None:
    from backend.accounts.models import User  # noqa: PLC0415
    from traceability.batch.models import Batch  # noqa: PLC0415
    from traceability.recall.scope import scope_of  # noqa: PLC0415
    from traceability.trace.queries import scanned_batches  # noqa: PLC0415

    user, code = User.objects.get(display_name="bench"), Batch.objects.get(pk=id).code
    started = time.perf_counter()
    found = scope_of([batch.pk for batch in scanned_batches(code, aim=None, user=user)])
    digest = found.sha256
    taken = (time.perf_counter() - started) * 1000
    print(
        f"{label} recall scope from the scanned code {code}: {len(found.depths):,} lots, "
        f"{len(found.consignees):,} customers, {found.shipped_kg:,} kg, {digest[:8]}: {taken:,.0f} ms"
    )


def exports(large: Any, small: Any, api: Api, label: str) -> None:
    for format in ("csv", "xlsx"):
        address = f"trace.{format}?direction=forward"
        ms = min(timed(api.get, f"batches/{large}/{address}") for _ in range(3))
        peaks = [peak_mb(large_or_small, format) for large_or_small in (small, large)]
        size = len(api.get(f"batches/{large}/{address}")) / 1000
        print(
            f"{label} {format:4} {size:8,.0f} kB {ms:8,.0f} ms, peak of memory {peaks[0]:.1f} MB for a small trace, "
            f"{peaks[1]:.1f} MB for this one"
        )


def peak_mb(id: Any, format: str) -> float:
    from backend.accounts.models import User  # noqa: PLC0415
    from traceability.batch.models import Batch  # noqa: PLC0415
    from traceability.trace.rules import Direction  # noqa: PLC0415
    from traceability.trace.tracking import event_file  # noqa: PLC0415

    user, batch = User.objects.get(display_name="bench"), Batch.objects.get(pk=id)
    event_file(batch, direction=Direction.FORWARD, user=user, format=format).close()
    tracemalloc.start()
    file = event_file(batch, direction=Direction.FORWARD, user=user, format=format)
    while file.read(65_536):
        pass
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    file.close()
    return peak


def climb() -> None:
    from traceability.batch.models import Batch  # noqa: PLC0415
    from traceability.trace.queries import walk  # noqa: PLC0415
    from traceability.trace.rules import Direction  # noqa: PLC0415

    api, first = Api(), Batch.objects.order_by("code").first()
    assert first is not None
    sql = min(timed(lambda id: walk([id], direction=Direction.FORWARD), first.pk) for _ in range(3))
    found = walk([first.pk], direction=Direction.FORWARD)
    over_api = min(timed(api.get, f"batches/{first.pk}/trace?direction=forward") for _ in range(3))
    print(
        f"ladder: {len(found.lots):,} lots, deepest {max(found.lots.values()):,}, truncated {found.truncated}: "
        f"walk {sql:,.0f} ms, API {over_api:,.0f} ms"
    )


# --- the whole ---------------------------------------------------------------------------------------------------


def run(args: argparse.Namespace, url: str) -> None:
    print(
        f"{time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
        f"Python {sys.version.split()[0]}"
    )
    with TemporaryDirectory() as place:
        for size in filter(None, (args.size, args.growth)):
            folder = Path(place) / str(size)
            write(genealogy(size), folder)
            with own_database(url) as database:
                in_database(database, "--fill", str(folder), "--audit")
                in_database(database, "--measure", f"{size:,}", "--rounds", str(args.rounds))
            if size == args.size:
                with own_database(url) as database:
                    in_database(database, "--fill", str(folder))
        if args.ladder:
            folder = Path(place) / "ladder"
            write(ladder(args.ladder), folder)
            with own_database(url) as database:
                in_database(database, "--fill", str(folder), "--audit")
                in_database(database, "--climb")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--size", type=int, default=20_000)
    parser.add_argument("--growth", type=int, default=0, help="a second, larger size")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ladder", type=int, default=2_000)
    for name in ("--fill", "--measure"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    for name in ("--audit", "--climb"):
        parser.add_argument(name, action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.fill or args.measure or args.climb:
        import django  # noqa: PLC0415 after the settings are chosen

        django.setup()
        if args.fill:
            fill(Path(args.fill), is_audit=args.audit)
        elif args.measure:
            measure(args.rounds, args.measure)
        else:
            climb()
    elif given := os.environ.get("DATABASE_URL"):
        run(args, given)
    else:
        from backend.core.postgres import private_database  # noqa: PLC0415 needs no settings, but time

        with private_database(say=print) as url:
            run(args, url)


if __name__ == "__main__":
    main()
