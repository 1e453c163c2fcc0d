"""A scan over HTTP against a bare Django view with one ORM look-up, in one run (targets P1, P2, P3, P7).

    .venv/bin/python bench/scan_http.py [--rounds 8] [--requests 250] [--clients 8] [--codes 100000]
                                        [--growth 1000000] [--in-process]

Method: a private PostgreSQL (or DATABASE_URL) with --codes batches of 100 products; granian WSGI servers on
loopback, one worker with one thread each: the house's, and a plain Django with startproject's middleware and one
with none, for the baseline. 100 technicians scan through a small client of the standard library that keeps
--clients connections busy. Blocks of --requests requests alternate between the variants, every round in another
order. Per block the CPU time of the server's worker (user + system, from /proc) is divided by the requests; ratios
are medians over the rounds of baseline CPU / variant CPU in the same round, so above 1 is cheaper than the baseline.
Requests per second and latencies are printed beside them, but server, client and database share this machine's
cores: they say little. PostgreSQL's own CPU is not counted. --growth adds a second database with that many batches
and its own server to the same rounds, and compares median latencies. --in-process calls the WSGI application
without sockets, all variants under the house's middleware: for a profiler.

Variants, all POST with a JSON body, random batches:
  bare       Django view, json.loads, one select_related ORM look-up by number, JsonResponse. No token, no checks.
  plain drf  DRF as usually written: knox's token look-up, ModelSerializer with a nested one, default renderers.
  unlogged   POST /api/v1/scans without its log row: token, rate limit, strict input, label, verdict, actions.
  logged     POST /api/v1/scans.
  gs1        the same with a GS1-128 text (GTIN, lot, date) instead of the bare batch number.

Last result (2026-11-21, two cores shared with other work, Python 3.11.7, PostgreSQL 15, --growth 1000000):
CPU per request bare 1.33 ms, unlogged 1.48, logged 1.60, plain drf 3.68. P1 0.96 × (gs1 0.81), P2 0.86 × (gs1 0.77),
P3 2.6 × unlogged and 2.4 × logged, P7 1.03 × (gs1 0.96). In quieter minutes of the same evening P1 0.98 to 1.00,
P2 0.90 to 0.91, P3 2.5 to 2.9.
"""

import argparse
import contextlib
import http.client
import io
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PRODUCTS = 100
TECHNICIANS = 100  # each scans as often as people do: the rate limit keeps a list of the last minute's
MADE_AT = "2026-03-01T08:30:00+08:00"

FILL = """
SET session_replication_role = replica;
INSERT INTO traceability_product (id, sku, name_zh, name_en, family, limit_key, limit_grade, is_active)
SELECT gen_random_uuid(), 'BENCH' || n, '精制食用盐(加碘)', 'refined salt', 'edible', '', '', true
FROM generate_series(0, {products} - 1) n ON CONFLICT DO NOTHING;
INSERT INTO traceability_tradeitem (id, product_id, gtin, level, net_kg)
SELECT gen_random_uuid(), p.id, g.gtin, 'bag', 0.5
FROM unnest(%s::text[], %s::text[]) g(sku, gtin) JOIN traceability_product p ON p.sku = g.sku
ON CONFLICT DO NOTHING;
INSERT INTO traceability_batch (id, product_id, code, code_norm, kind, plant, line, shift, supplier_lot, produced_on,
    expires_on, qty_kg, status, status_reason, status_at, open_case_count)
SELECT gen_random_uuid(), p.id, c.code, c.code, 'packed', 'P1', 'L1', '', '', date '2024-01-01' + (n / 2000)::int,
    date '2035-12-31', 60000, 'released', '', now(), 0
FROM generate_series({first}, {last} - 1) n
CROSS JOIN LATERAL (SELECT 'YS' || (10000000 + n) || 'A' || lpad((n %% 100)::text, 2, '0')) c(code)
JOIN traceability_product p ON p.sku = 'BENCH' || (n %% {products}) ON CONFLICT DO NOTHING;
SET session_replication_role = origin;
"""


@dataclass(frozen=True)
class Variant:
    """`stack`: the server it runs on. `raw`: makes the code of batch number n."""

    name: str
    stack: str
    path: str
    raw: Callable[[int], str]


def number(n: int) -> str:
    return f"YS{10_000_000 + n}A{n % 100:02d}"


def gtin(n: int) -> str:
    body = f"0690123{n % PRODUCTS:06d}"
    total = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(body))
    return f"{body}{-total % 10}"


def gs1(n: int) -> str:
    return f"]C101{gtin(n)}10{number(n)}\x1d17351231"


VARIANTS = [
    Variant("bare", "django", "/bench/bare", number),
    Variant("bare, no middleware", "none", "/bench/bare", number),
    Variant("plain drf", "django", "/bench/plain-drf", number),
    Variant("unlogged", "house", "/bench/unlogged", number),
    Variant("logged", "house", "/api/v1/scans", number),
    Variant("unlogged gs1", "house", "/bench/unlogged", gs1),
    Variant("logged gs1", "house", "/api/v1/scans", gs1),
    Variant("logged, grown", "grown", "/api/v1/scans", number),
    Variant("logged gs1, grown", "grown", "/api/v1/scans", gs1),
]
GROWN = [variant.name for variant in VARIANTS if variant.stack == "grown"]
RATIOS = [
    ("P1 unlogged / bare", "bare", "unlogged", "≥ 0.9"),
    ("P2 logged / bare", "bare", "logged", "≥ 0.7"),
    ("P3 unlogged / plain drf", "plain drf", "unlogged", "≥ 2"),
    ("P3 logged / plain drf", "plain drf", "logged", "≥ 2"),
    ("unlogged gs1 / bare", "bare", "unlogged gs1", ""),
    ("logged gs1 / bare", "bare", "logged gs1", ""),
    ("unlogged / bare, no middleware", "bare, no middleware", "unlogged", ""),
    ("logged / bare, no middleware", "bare, no middleware", "logged", ""),
]


@dataclass(frozen=True)
class Block:
    cpu_ms: float  # per request
    per_s: float
    latencies_ms: Sequence[float]


Blocks = dict[str, list[Block]]


def body_of(variant: Variant, n: int) -> bytes:
    return json.dumps({"id": str(uuid.uuid4()), "raw": variant.raw(n), "made_at": MADE_AT}).encode()


@dataclass(frozen=True)
class Server:
    """One granian worker on loopback."""

    port: int
    worker: psutil.Process

    def block(
        self, variant: Variant, numbers: Sequence[int], *, clients: int, tokens: Sequence[str]
    ) -> Block:
        bodies = [body_of(variant, n) for n in numbers]
        latencies: list[float] = []
        shares = [bodies[at::clients] for at in range(clients)]
        threads = [
            threading.Thread(target=self._send, args=(variant.path, share, tokens, latencies))
            for share in shares
        ]
        before, started = self._cpu_s(), time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        taken, cpu = time.perf_counter() - started, self._cpu_s() - before
        assert len(latencies) == len(bodies), "a request failed"
        return Block(cpu * 1000 / len(bodies), len(bodies) / taken, latencies)

    def _cpu_s(self) -> float:
        times = self.worker.cpu_times()
        return float(times.user + times.system)

    def _send(
        self, path: str, bodies: Sequence[bytes], tokens: Sequence[str], latencies: list[float]
    ) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        for body in bodies:
            headers = {"Content-Type": "application/json", "Authorization": f"Token {random.choice(tokens)}"}
            started = time.perf_counter()
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            answer = response.read()
            assert response.status == 200, (path, response.status, answer[:300])
            latencies.append((time.perf_counter() - started) * 1000)
        connection.close()


@contextlib.contextmanager
def server(stack: str, url: str) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads"]
    command += ["1", "--no-ws", "--host", "127.0.0.1", "--port", str(port), "backend.wsgi:application"]
    env = os.environ | {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "bench.scan_settings",
        "BENCH_STACK": stack,
    }
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        try:
            yield Server(port, _worker(run.pid, port))
        finally:
            run.terminate()


def _worker(pid: int, port: int) -> psutil.Process:
    """The process that serves, once it answers."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return psutil.Process(pid).children(recursive=True)[-1]
        time.sleep(0.2)
    raise SystemExit("a server does not start")


class InProcess:
    """The WSGI application called without sockets; CPU of this process, the database's waits left out."""

    def __init__(self) -> None:
        from django.core.wsgi import get_wsgi_application  # noqa: PLC0415 after the settings are chosen

        self.application = get_wsgi_application()

    def block(
        self, variant: Variant, numbers: Sequence[int], *, clients: int, tokens: Sequence[str]
    ) -> Block:
        bodies = [body_of(variant, n) for n in numbers]
        latencies = []
        cpu, started = time.process_time(), time.perf_counter()
        for body in bodies:
            begun = time.perf_counter()
            answer = self.application(_environ(variant.path, body, random.choice(tokens)), _no_start_response)
            content = b"".join(answer)
            assert answer.status_code == 200, (variant.path, content[:300])
            answer.close()
            latencies.append((time.perf_counter() - begun) * 1000)
        cpu, taken = time.process_time() - cpu, time.perf_counter() - started
        return Block(cpu * 1000 / len(bodies), len(bodies) / taken, latencies)


def _no_start_response(status: str, headers: object) -> None:
    """The application returns Django's response object, which knows its status."""


def _environ(path: str, body: bytes, token: str) -> dict[str, object]:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": f"Token {token}",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def prepared(url: str, codes: int) -> list[str]:
    """Migrates the database and fills in `codes` batches, in a process of its own; tokens of technicians."""
    command = [sys.executable, __file__, "--prepare", "--codes", str(codes)]
    env = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "bench.scan_settings"}
    done = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE)
    tokens: list[str] = json.loads(done.stdout.splitlines()[-1])
    return tokens


def prepare(codes: int) -> None:
    """What `prepared` starts; prints the tokens."""
    import django  # noqa: PLC0415 after the settings are chosen

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    from backend.accounts.models import Device, DeviceToken, Region, User  # noqa: PLC0415
    from traceability.scan.models import LabelProfile  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    fill(codes)
    LabelProfile.objects.create(
        own_hosts=["t.salt.example.cn"], batch_patterns=[r"YS[0-9]{8}A[0-9]{2}"], valid_from="2020-01-01"
    )
    Region.objects.get_or_create(code="east", defaults={"name_zh": "华东", "name_en": "East"})
    print(json.dumps([_token(User, Device, DeviceToken) for _number in range(TECHNICIANS)]))


def _token(users: Any, devices: Any, tokens: Any) -> str:
    name = f"bench{uuid.uuid4().hex}"
    user = users(username=name, role="technician", display_name=name, regions=["east"])
    user.set_unusable_password()
    user.save()
    device = devices.objects.create(user=user, install_id=uuid.uuid4(), name="bench")
    _row, token = tokens.objects.create(user=user, device=device)
    return str(token)


def fill(codes: int) -> None:
    """As many batches as `codes`, with fresh statistics."""
    from django.db import connection  # noqa: PLC0415 after the settings are chosen

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SELECT count(*) FROM traceability_batch")
        first = cursor.fetchone()[0]
        skus = [f"BENCH{n}" for n in range(PRODUCTS)]
        gtins = [gtin(n) for n in range(PRODUCTS)]
        cursor.execute(FILL.format(products=PRODUCTS, first=first, last=codes), [skus, gtins])
        cursor.execute("ANALYZE")
    connection.close()


@dataclass(frozen=True)
class Place:
    """A server, and what of its database the client needs."""

    server: Server | InProcess
    tokens: Sequence[str]
    codes: int


def measure(places: Mapping[str, Place], variants: Sequence[Variant], args: argparse.Namespace) -> Blocks:
    """Variant → its blocks, one per round."""
    rng = random.Random(20260301)
    blocks: Blocks = {variant.name: [] for variant in variants}
    for round_ in range(-1, args.rounds):  # round -1 warms up
        order = list(variants)
        rng.shuffle(order)
        for variant in order:
            place = places[variant.stack]
            numbers = [rng.randrange(place.codes) for _ in range(args.requests)]
            block = place.server.block(variant, numbers, clients=args.clients, tokens=place.tokens)
            if round_ >= 0:
                blocks[variant.name].append(block)
    return blocks


def show(blocks: Blocks) -> None:
    print("\n" + " " * 30 + "CPU ms/req   req/s   p50 ms   p99 ms")
    for name, found in blocks.items():
        latencies = sorted(ms for block in found for ms in block.latencies_ms)
        cpu = statistics.median(block.cpu_ms for block in found)
        per_s = statistics.median(block.per_s for block in found)
        p99 = latencies[int(len(latencies) * 0.99)]
        print(f"  {name:26} {cpu:10.3f} {per_s:8.0f} {statistics.median(latencies):8.2f} {p99:8.2f}")
    print()
    for title, base, name, target in RATIOS:
        _ratio(title, [b.cpu_ms / v.cpu_ms for b, v in zip(blocks[base], blocks[name], strict=True)], target)
    for name in GROWN if GROWN[0] in blocks else ():
        small = [statistics.median(block.latencies_ms) for block in blocks[name.removesuffix(", grown")]]
        large = [statistics.median(block.latencies_ms) for block in blocks[name]]
        _ratio(f"P7 p50 of {name}", [b / a for a, b in zip(small, large, strict=True)], "≤ 1.5")


def _ratio(title: str, ratios: Sequence[float], target: str) -> None:
    goal = f"   target {target}" if target else ""
    print(f"  {title:32} {statistics.median(ratios):5.2f} × ({min(ratios):.2f} to {max(ratios):.2f}){goal}")


def run(args: argparse.Namespace, url: str) -> None:
    tokens = prepared(url, args.codes)
    variants = [v for v in VARIANTS if v.stack != "grown" or args.growth]
    with contextlib.ExitStack() as stack:
        if args.in_process:
            os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "bench.scan_settings"}
            places = dict.fromkeys(("house", "django", "none"), Place(InProcess(), tokens, args.codes))
        else:
            places = {
                name: Place(stack.enter_context(server(name, url)), tokens, args.codes)
                for name in ("house", "django", "none")
            }
        if args.growth:
            larger = database_beside(url)
            more = prepared(larger, args.growth)
            places["grown"] = Place(stack.enter_context(server("house", larger)), more, args.growth)
        print(f"load before: {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {args.clients} connections,")
        print(f"{args.codes:,} batches" + (f", grown: {args.growth:,}" if args.growth else ""))
        show(measure(places, variants, args))


def database_beside(url: str) -> str:
    """A second, empty database on the same server."""
    name = f"grown{uuid.uuid4().hex[:8]}"
    with psycopg.connect(url.replace("postgres://", "postgresql://"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{url.rpartition('/')[0]}/{name}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--requests", type=int, default=250)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--codes", type=int, default=100_000)
    parser.add_argument("--growth", type=int, default=0)
    parser.add_argument("--in-process", action="store_true")
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    given = os.environ.get("DATABASE_URL")
    if args.prepare:
        prepare(args.codes)
    elif given:
        run(args, given)
    else:
        from backend.core.postgres import private_database  # noqa: PLC0415 needs no settings, but time

        with private_database(say=print) as url:
            run(args, url)


if __name__ == "__main__":
    main()
