"""Cursors: where a page ends, as the values of its last row in the list's own order.

Not DRF's: that one knows the first column only and counts rows of equal value. A row entered meanwhile shifts its
pages, and its `previous` is empty where all rows of a page are equal there.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import Q


@dataclass(frozen=True)
class Cursor:
    """The row a page starts beyond: its values of the order's columns. `is_back`: towards the beginning."""

    values: tuple[Any, ...]
    is_back: bool = False


def at(row: Any, *, order: Sequence[str], is_back: bool = False) -> Cursor:
    """The cursor of `row`, a model instance or a dict."""
    names = [term.lstrip("-") for term in order]
    return Cursor(
        tuple(row[name] if isinstance(row, Mapping) else getattr(row, name) for name in names), is_back
    )


def encode(cursor: Cursor) -> str:
    raw = orjson.dumps([int(cursor.is_back), *cursor.values], default=str)
    return urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str, *, order: Sequence[str]) -> Cursor:
    """The cursor `encode` wrote for this order. ValueError for anything else."""
    if len(text) > 1_000 or not text.isascii():
        raise ValueError("too long, or not ASCII")
    parts = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    if not isinstance(parts, list) or len(parts) != len(order) + 1 or parts[0] not in (0, 1):
        raise ValueError("not of this list")
    if not all(value is None or type(value) is int or _is_plain(value) for value in parts[1:]):
        raise ValueError("not a value of a row")
    return Cursor(tuple(parts[1:]), is_back=bool(parts[0]))


def _is_plain(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def beyond(cursor: Cursor, *, order: Sequence[str]) -> Q:
    """The rows beyond the cursor's. `order` ends with a column that is unique."""
    found, same = Q(), Q()
    for term, value in zip(order, cursor.values, strict=True):
        name = term.lstrip("-")
        further = _further(name, value, is_up=term.startswith("-") == cursor.is_back)
        if further is not None:
            found |= same & further
        same &= Q(**{f"{name}__isnull": True}) if value is None else Q(**{name: value})
    return found & _bound(order[0], cursor)


def _bound(term: str, cursor: Cursor) -> Q:
    """Says again what `beyond` says of the first column, so that its index is entered at the right place."""
    value, is_up = cursor.values[0], term.startswith("-") == cursor.is_back
    return Q() if is_up or value is None else Q(**{f"{term.lstrip('-')}__lte": value})


def _further(name: str, value: Any, *, is_up: bool) -> Q | None:
    """What follows a value; PostgreSQL takes null for the greatest one, both ways."""
    if is_up:
        return None if value is None else Q(**{f"{name}__gt": value}) | Q(**{f"{name}__isnull": True})
    return Q(**{f"{name}__isnull": False}) if value is None else Q(**{f"{name}__lt": value})


def backwards(order: Sequence[str]) -> list[str]:
    return [term[1:] if term.startswith("-") else f"-{term}" for term in order]
