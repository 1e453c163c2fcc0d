"""One raw read, as a decoder gives it, before anybody believes it."""

from dataclasses import dataclass

from traceability.photo.code import Format, Quad, Reader


@dataclass(frozen=True, slots=True)
class Look:
    """How the pixels were looked at. `is_sharpened`: edges may be made up, so it is a weak witness alone."""

    name: str
    is_sharpened: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """Two reads by one reader from one look are one witness."""

    text: str
    raw: bytes
    aim: str
    format: Format
    reader: Reader
    look: Look
    box: Quad
