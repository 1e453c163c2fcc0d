"""300 crafted and mutated images over HTTP: no 5xx, the readers' memory stays bounded, the next photo still reads."""

import io
import os
import random
import struct
import zlib
from collections.abc import Iterator

import psutil
import pytest
from PIL import Image

from backend.core import clock
from backend.core.ids import uuid7
from traceability.label.symbol import qr_png
from traceability.photo.image import reader_pool

GOOD = "https://id.gs1.org/01/06901234567892/10/YS20260115A01"
MEMORY_LIMIT = 400 * 1024 * 1024  # libraries, pixels of 50 MP in grey, and room


def picture(size: tuple[int, int], kind: str, colour: object = 255, mode: str = "L") -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, kind)  # type: ignore[arg-type]  # a grey value or a triple
    return out.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims any size."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def crafted() -> Iterator[bytes]:
    """What is wrong on purpose: other formats, bombs, lies, odd shapes."""
    yield from (b"", b"\0", b"<html>", b"<?php echo 1;", b"%PDF-1.7", b"%!PS-Adobe", b"GIF89a" + b"\0" * 50)
    yield from (
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\0\0\0WEBP",
        b"\0\0\0\x18ftypheic" + b"\0" * 40,
    )
    yield from (picture((64, 64), kind) for kind in ("BMP", "GIF", "TIFF", "PPM", "ICO", "JPEG2000"))
    yield from (
        png_claiming(w, h) for w, h in ((0, 0), (1, 1), (65535, 65535), (2**31 - 1, 1), (13000, 13000))
    )
    yield from (picture(size, "PNG") for size in ((1, 1), (16, 12000), (12001, 16), (15, 15), (60000, 1)))
    yield picture((6000, 6000), "PNG")  # 36 MP of nothing in a few kB
    yield picture((3000, 3000), "JPEG", (9, 200, 30), "RGB")
    yield picture((40, 40), "PNG", (0, 0, 0, 0), "RGBA")


def mutated(count: int) -> Iterator[bytes]:
    """Good photos with bytes changed, cut, doubled or swapped; the same every time."""
    chance = random.Random(20260115)
    symbol = Image.open(io.BytesIO(qr_png(GOOD)))
    seeds = []
    for kind in ("JPEG", "PNG", "WEBP"):
        out = io.BytesIO()
        symbol.convert("L").save(out, kind)
        seeds.append(out.getvalue())
    for _number in range(count):
        data = bytearray(chance.choice(seeds))
        for _change in range(chance.choice((1, 1, 3, 20))):
            place = chance.randrange(len(data))
            action = chance.randrange(4)
            if action == 0:
                data[place] = chance.randrange(256)
            elif action == 1:
                del data[place : place + chance.randrange(1, 200)]
            elif action == 2:
                data[place:place] = data[: chance.randrange(1, 300)]
            else:
                data[place : place + 4] = struct.pack(">I", chance.choice((0, 1, 2**31 - 1, 2**32 - 1)))
            data = data or bytearray(b"\0")
        yield bytes(data)


def hostile() -> list[bytes]:
    odd = list(crafted())
    return [*odd, *mutated(300 - len(odd))]


@pytest.mark.django_db
def test_300_hostile_images_are_refused_or_read_and_the_server_lives(sign_in, settings):
    settings.RATES = {**settings.RATES, "photo": "1000/min"}
    phone = sign_in("technician")
    images = hostile()
    assert len(images) == 300

    def send(photo: bytes) -> int:
        answer = phone.upload("scans/photo", photo=photo, id=str(uuid7()), made_at=clock.now().isoformat())
        return answer.status

    statuses = [send(image) for image in images]
    assert {status for status in statuses if status >= 500} == set()
    assert {200, 400, 413, 415, 422} >= set(statuses) and statuses.count(415) > 10
    largest = max(psutil.Process(pid).memory_info().rss for pid in reader_pool().pids())
    assert largest < MEMORY_LIMIT and psutil.Process(os.getpid()).memory_info().rss < 3 * MEMORY_LIMIT
    assert send(qr_png(GOOD)) == 200
