"""`manage.py decode_photos DIR`: the codes in every photo of a folder as JSON Lines."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backend.core.errors import DomainError
from traceability.photo.code import PhotoResult
from traceability.photo.image import read_codes
from traceability.photo.upload import MAX_BYTES, ImageTooLarge


class Command(BaseCommand):
    help = 'Prints {"file", "codes", "ms"} for every file below DIR. Needs no database.'
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")

    def handle(self, *, folder: Path, **options: object) -> None:
        if not folder.is_dir():
            raise CommandError(f"{folder}: not a folder")
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            line = {"file": path.relative_to(folder).as_posix(), **_answer(path)}
            self.stdout.write(json.dumps(line))


def _answer(path: Path) -> dict[str, object]:
    """`ms` is processor time to read the codes, `load_ms` to unpack the file before that."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ImageTooLarge
        return _found(read_codes(path.read_bytes()))
    except DomainError as refusal:
        return {"codes": [], "ms": 0, "error": refusal.code}
    except OSError:
        return {"codes": [], "ms": 0, "error": "unreadable_file"}


def _found(photo: PhotoResult) -> dict[str, object]:
    codes = [
        {
            "text": code.text,
            "aim": code.aim,
            "format": code.format,
            "reader": code.reader,
            "confirmed": code.confirmed,
        }
        for code in photo.codes
    ]
    return {"codes": codes, "ms": photo.ms, "load_ms": photo.load_ms}
