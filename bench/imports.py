"""Rates of file imports per kind, beside a bare COPY of the same file in the same run.

    .venv/bin/python bench/imports.py [--rows 10000] [--rounds 3] [--lines 5]

Method: a private PostgreSQL (or the server of DATABASE_URL: a database of its own is made and dropped there). Per round
and kind a CSV of --rows new rows is made; the same bytes are first copied by `COPY … FROM STDIN` into a table of text
columns with a unique index on the key (the floor: parse, store, one index), then imported as `manage.py import` does
(rules, links' checks, history and event triggers, faults). Printed are medians over the rounds: rows per second by the
clock, rows per second of this process's CPU (PostgreSQL's own is not in it), and how many times the import takes what
the COPY took. `dry` is the same file as a dry run, `again` the same file once more: every row unchanged. Shipments have
--lines lines each. Links are chains with diamonds: each batch takes in two of a thousand before it.

Last result (2026-11-22, two cores shared with other work at a load of 4 to 8, Python 3.11.7, PostgreSQL 15; one round
of 10,000 rows, in brackets of 3,000 in a quieter minute), rows/s by the clock: products 7,100 (9,900), customers with
a site 3,500 (6,500), batches 3,200 (10,700), links 1,100 (2,400), shipments 2,800 (2,100); per second of this
process's CPU 23,000, 10,500, 11,400, 3,700 and 5,300; 36, 58, 183, 204 and 158 times a bare COPY.
"""

import argparse
import contextlib
import os
import statistics
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


@contextlib.contextmanager
def own_database(url: str) -> Iterator[str]:
    """A database of its own on the server of `url`."""
    name, admin = f"imports{uuid.uuid4().hex[:8]}", url.replace("postgres://", "postgresql://")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield f"{url.rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Works:
    """Accounts and rows the files refer to, and the files of a round."""

    def __init__(self, rows: int, lines: int) -> None:
        from tests import factories  # noqa: PLC0415 Django is set up by now

        factories.make_region()
        self.rows, self.lines = rows, lines
        self.people = {role: factories.make_user(role) for role in ("qc", "clerk", "logistics")}
        factories.make_product(sku="BENCH")
        factories.make_customer(
            code="BENCH", kind="designated_wholesaler", licence_no="1", licence_valid_to=date(2090, 1, 1)
        )

    def files(self, number: int) -> list[tuple[str, str, int, bytes]]:
        """(kind, role, columns of the key, CSV) of a round, in the order they build on each other."""
        n, tag = range(self.rows), f"{number}-{uuid.uuid4().hex[:6]}".upper()
        links = (f"B{tag}-{i},B{tag}-{i + 1 + k * (1 + i % 999)},10,2026-03-05" for i in n for k in (0, 1))
        packed = (f"S{tag}-{i // self.lines},BENCH,2026-03-09,B{tag}-{i},100" for i in n)
        return [
            file(
                "products", "qc", 1, "sku,name_zh,name_en,family", (f"P{tag}-{i},盐,salt,edible" for i in n)
            ),
            file(
                "customers",
                "clerk",
                1,
                "code,name,kind,region,province,site_name,site_address",
                (f"C{tag}-{i},盐业{i},retailer,east,江苏,一号仓库,测试路{i}号" for i in n),
            ),
            file(
                "batches",
                "qc",
                1,
                "code,product,plant,produced_on,qty_kg",
                (f"B{tag}-{i},BENCH,P1,2026-03-01,60000" for i in range(self.rows + 1000)),
            ),
            file("links", "qc", 2, "parent,child,qty_kg,made_at", list(links)[: self.rows]),
            file("shipments", "logistics", 4, "number,customer,shipped_on,batch,qty_kg", packed),
        ]


def file(kind: str, role: str, key: int, header: str, rows: Any) -> tuple[str, str, int, bytes]:
    return kind, role, key, "\n".join((header, *rows, "")).encode()


def bare_copy(data: bytes, *, key: int) -> float:
    """Seconds of COPY into text columns with a unique index."""
    from django.db import connection  # noqa: PLC0415

    names = data.split(b"\n", 1)[0].decode().split(",")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bare")
        cursor.execute(f"CREATE TABLE bare ({', '.join(f'{name} text' for name in names)})")
        cursor.execute(f"CREATE UNIQUE INDEX ON bare ({', '.join(names[:key])})")
        began = time.perf_counter()
        with cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(data)
        return time.perf_counter() - began


def one_import(kind: str, data: bytes, *, by: Any, dry: bool = False) -> tuple[float, float]:
    """Seconds by the clock and of CPU."""
    from traceability.imports import services  # noqa: PLC0415
    from traceability.imports.rules import ImportKind, ImportMode  # noqa: PLC0415

    given = services.ImportData(ImportKind(kind), ImportMode.SKIP_BAD, dry, f"{kind}.csv", data)
    row = services.request_import(given, by=by, in_background=False)
    began, cpu = time.perf_counter(), time.process_time()
    services.run_import(row.pk)
    took = time.perf_counter() - began, time.process_time() - cpu
    row.refresh_from_db()
    assert (row.state, row.bad) == ("done", 0), (kind, row.state, row.bad, list(row.faults.values()[:3]))
    return took


def run(rounds: int, works: Works) -> None:
    from traceability.batch.models import Batch  # noqa: PLC0415

    seen: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    for number in range(rounds):
        for kind, role, key, data in works.files(number):
            by, rows = works.people[role], data.count(b"\n") - 1
            bare = bare_copy(data, key=key)
            for how in ("dry", "import", "again"):
                clock, cpu = one_import(kind, data, by=by, dry=how == "dry")
                seen.setdefault((kind, how), []).append((rows / clock, rows / cpu, clock / bare))
            if kind == "batches":
                Batch.objects.filter(status="quarantine").update(status="released")
    print(f"{'kind':10} {'how':7} {'rows/s':>8} {'rows/CPU s':>11} {'x COPY':>7}")
    for (kind, how), found in seen.items():
        clock, cpu, ratio = (statistics.median(values) for values in zip(*found, strict=True))
        print(f"{kind:10} {how:7} {clock:8.0f} {cpu:11.0f} {ratio:7.1f}")


def measure(url: str, options: argparse.Namespace) -> None:
    os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "bench.scan_settings"}
    import django  # noqa: PLC0415 the settings read the address

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    run(options.rounds, Works(options.rows, options.lines))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lines", type=int, default=5)
    options = parser.parse_args()
    if given := os.environ.get("DATABASE_URL"):
        with own_database(given) as url:
            measure(url, options)
        return
    from backend.core.postgres import private_database  # noqa: PLC0415 needs no settings, but time

    with private_database(say=print) as url:
        measure(url, options)


if __name__ == "__main__":
    main()
