"""What a house pattern may be: a regular expression that no text, however unlucky, can make slow. Pure.

Python's expressions try every way to split a text among their repeats: `([A-Z0-9]+)+!` takes hours for 40
letters. So the ways are counted on Python's own parse tree before a pattern is taken.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from math import prod
from re import _parser  # type: ignore[attr-defined]  # the only parse tree there is; typeshed leaves it out
from typing import Any

# Two free repeats over the longest house code (256 characters): 257 × 257 = 66,049. A third would be 17 million.
MOST_WAYS = 100_000
_LONGEST = 256
_ONE_CHARACTER = ("LITERAL", "NOT_LITERAL", "ANY", "IN")


class RiskyPattern(re.error):
    """The pattern is sound for Python and too dangerous for us; the message says why."""


def check_pattern(pattern: str) -> None:
    """Raises re.error for what Python cannot read, RiskyPattern for what could blow up on some text."""
    try:
        ways = _ways(_parser.parse(pattern, re.ASCII))
    except (OverflowError, RecursionError) as error:
        raise RiskyPattern("too deep or too large a number") from error
    if ways > MOST_WAYS:
        raise RiskyPattern(
            "too many open repeats or choices: at most two repeats of unlimited length are taken"
        )


def _ways(items: Iterable[tuple[Any, Any]]) -> int:
    """In how many ways a text may be split among the parts of a sequence, at most."""
    return prod(_ways_of(repr(kind), value) for kind, value in items)


def _ways_of(kind: str, value: Any) -> int:
    if kind in _ONE_CHARACTER or kind == "AT":
        return 1
    if kind not in _COUNTS:
        raise RiskyPattern(f"{kind.lower()} is not taken: neither look-around nor references to groups are")
    return _COUNTS[kind](value)


def _ways_of_repeat(value: Any) -> int:
    least, most, body = value
    if most <= 1:
        return int(most - least) + _ways(body)
    if len(body) != 1 or repr(body[0][0]) not in _ONE_CHARACTER:
        raise RiskyPattern("only a single character or a [class] may be repeated")
    return 1 + max(0, min(int(most), _LONGEST) - int(least))


def _ways_of_group(value: Any) -> int:
    return _ways(value[-1])


def _ways_of_branches(value: Any) -> int:
    return sum(_ways(branch) for branch in value[1])


_COUNTS: Mapping[str, Callable[[Any], int]] = {
    "MAX_REPEAT": _ways_of_repeat,
    "MIN_REPEAT": _ways_of_repeat,
    "POSSESSIVE_REPEAT": _ways_of_repeat,
    "ATOMIC_GROUP": _ways,
    "SUBPATTERN": _ways_of_group,
    "BRANCH": _ways_of_branches,
}
