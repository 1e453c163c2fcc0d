"""The messages between the server and a reader process: four bytes of length (big endian), then the bytes.

Answers are JSON, not pickle: the process that wrote them has touched hostile pixels.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from backend.core.errors import DomainError
from traceability.photo.code import Code, Format, PhotoResult, Reader
from traceability.photo.upload import BrokenImage, ImageTooLarge, UnsupportedImageFormat

LENGTH = struct.Struct(">I")
_REFUSALS: dict[str, type[DomainError]] = {
    refusal.code: refusal for refusal in (UnsupportedImageFormat, BrokenImage, ImageTooLarge)
}


def framed(body: bytes) -> bytes:
    return LENGTH.pack(len(body)) + body


def packed_result(result: PhotoResult) -> bytes:
    plain = asdict(result)
    for code in plain["codes"]:
        code["raw_bytes"] = code["raw_bytes"].hex()
    return json.dumps(plain).encode()


def packed_refusal(refusal: DomainError) -> bytes:
    return json.dumps({"refusal": refusal.code, "params": refusal.params}).encode()


def unpacked(answer: bytes) -> PhotoResult:
    """The result in an answer. Raises the refusal it holds; ValueError, KeyError, TypeError on nonsense."""
    plain = json.loads(answer)
    if "refusal" in plain:
        raise _REFUSALS[plain["refusal"]](**plain["params"])
    return PhotoResult(
        codes=tuple(map(_code, plain["codes"])),
        width=plain["width"],
        height=plain["height"],
        load_ms=plain["load_ms"],
        ms=plain["ms"],
    )


def _code(plain: Mapping[str, Any]) -> Code:
    first, second, third, fourth = ((x, y) for x, y in plain["box"])
    return Code(
        text=plain["text"],
        raw_bytes=bytes.fromhex(plain["raw_bytes"]),
        aim=plain["aim"],
        format=Format(plain["format"]),
        reader=Reader(plain["reader"]),
        stage=plain["stage"],
        confirmed=plain["confirmed"],
        box=(first, second, third, fourth),
    )
