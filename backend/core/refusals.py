"""The catalogue of refusals: every kind the code declares, and where it is raised."""

import ast
import inspect
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext, override

from backend.core import fields
from backend.core.errors import DomainError

BARE_FIELD = re.compile(r"\{\w+\}")  # a detail of nothing but "{reason}"
MOST_PLACES = 6
LIBRARY_CODES = (
    *(
        "required",
        "null",
        "blank",
        "empty",
        "invalid",
        "invalid_choice",
        "not_a_list",
        "min_length",
        "max_length",
    ),
    *("min_value", "max_value", "max_digits", "max_decimal_places", "max_whole_digits"),
)
FIELD_CODES = """\
## Codes of fields

In `errors` of `invalid_input`: {codes}."""
HEADING = """\
# Refusals

Every refusal is an [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) `application/problem+json` document. `code` is
permanent: build on it. `title` and `detail` are for people and follow `Accept-Language`. `errors` names the fields at
fault: `[{"pointer": "/lines/0/qty_kg", "code": "not_decimal", "detail": "…"}]`. 429 and 503 carry `Retry-After`.

Written by `python3 manage.py problems_page`; a test keeps it equal to the code.
"""


def refusals() -> list[type[DomainError]]:
    """Every kind of refusal of the house, by code. Loads all addresses first: their services declare them."""
    import_module(settings.ROOT_URLCONF)
    kinds = {kind for kind in _below(DomainError) if _is_ours(kind)}
    return sorted(kinds, key=lambda kind: (kind.code, kind.__qualname__))


def _below(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


def _is_ours(kind: type[DomainError]) -> bool:
    path = Path(sys.modules[kind.__module__].__file__ or "/")
    return path.is_relative_to(settings.BASE_DIR) and "tests" not in path.parts


def raised_in() -> dict[str, list[str]]:
    """Class name → `batch.services` of every module that raises it, in the order of the tree."""
    found: dict[str, list[str]] = defaultdict(list)
    for floor in ("backend", "traceability", "fieldservice"):
        for path in sorted((settings.BASE_DIR / floor).rglob("*.py")):
            where = ".".join(path.relative_to(settings.BASE_DIR).with_suffix("").parts[1:])
            for name in _raised(ast.parse(path.read_text(encoding="utf-8"))):
                found[name].append(where)
    return found


def _raised(tree: ast.Module) -> list[str]:
    """The class names of every `raise X` and `raise X(…)`, each once."""
    raised = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    kinds = [thing.func if isinstance(thing, ast.Call) else thing for thing in raised]
    return sorted({kind.id for kind in kinds if isinstance(kind, ast.Name)})


def _places(modules: list[str]) -> str:
    """Where to look; nothing where it is everywhere."""
    return " ".join(f"`{name}`" for name in modules) if len(modules) <= MOST_PLACES else ""


def markdown() -> str:
    """The page for API developers: code, status, both texts, when and where."""
    raised = raised_in()
    lines = [HEADING, "| code | HTTP | English | 中文 | when |", "|---|---|---|---|---|"]
    for kind in refusals():
        notes = [inspect.cleandoc(kind.__doc__ or "").replace("\n", " ")]
        notes.append(_places(raised.get(kind.__name__, [])))
        cells = (f"`{kind.code}`", str(kind.status), _text(kind, "en"), _text(kind, "zh-hans"))
        lines.append(f"| {' | '.join(cells)} | {' '.join(filter(None, notes))} |")
    return "\n".join(
        [*lines, "", FIELD_CODES.format(codes=", ".join(f"`{code}`" for code in field_codes())), ""]
    )


def field_codes() -> list[str]:
    """What `errors[].code` may be: the codes of our strict fields and of the library's own checks."""
    tree = ast.parse(Path(fields.__file__).read_text(encoding="utf-8"))
    given = (
        word.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg == "code"
    )
    return sorted({*LIBRARY_CODES, *(str(word.value) for word in given if isinstance(word, ast.Constant))})


def _text(kind: type[DomainError], language: str) -> str:
    """Title, and the detail where it says more than a filled-in word."""
    with override(language):
        detail = gettext(kind.detail) if BARE_FIELD.sub("", kind.detail) else ""
        return f"**{gettext(kind.title)}** {detail}".strip().replace("|", "\\|")
