"""Batch numbers that a slip of the eye or the finger turns into the one that was given. Pure."""

from collections.abc import Iterator, Mapping

from backend.core.choices import Code

SHORTEST, LONGEST = 5, 24  # shorter ones are near to everything, longer ones are no house numbers
# Characters that print and handwriting confuse.
_ALIKE = ("0OQD", "1IL7", "2Z", "5S", "6G", "8B", "UV")
_LIKE: Mapping[str, str] = {one: group.replace(one, "") for group in _ALIKE for one in group}
_DIGITS = "0123456789"


class Slip(Code):
    """How a number came to be another; the likelier slip first."""

    LOOKS_ALIKE = "looks_alike"
    SWAPPED = "swapped"
    ONE_MORE = "one_more"
    ONE_DIGIT_OFF = "one_digit_off"


def near_codes(code: str) -> dict[str, Slip]:
    """Numbers one slip away from `code` (as compared: upper case), each with its likeliest slip; at most 400."""
    if not SHORTEST <= len(code) <= LONGEST:
        return {}
    found: dict[str, Slip] = {}
    for slip, variants in (
        (Slip.LOOKS_ALIKE, _alike(code)),
        (Slip.SWAPPED, _swapped(code)),
        (Slip.ONE_MORE, (code[:at] + code[at + 1 :] for at in range(len(code)))),
        (Slip.ONE_DIGIT_OFF, _digit_off(code)),
    ):
        for variant in variants:
            if variant != code:
                found.setdefault(variant, slip)
    return found


def _alike(code: str) -> Iterator[str]:
    for at, character in enumerate(code):
        for other in _LIKE.get(character, ""):
            yield code[:at] + other + code[at + 1 :]
    # A reader that takes one O for a zero takes them all.
    yield code.replace("O", "0").replace("I", "1")
    yield code.replace("0", "O")


def _swapped(code: str) -> Iterator[str]:
    for at in range(len(code) - 1):
        yield code[:at] + code[at + 1] + code[at] + code[at + 2 :]


def _digit_off(code: str) -> Iterator[str]:
    for at, character in enumerate(code):
        if character in _DIGITS:
            for other in _DIGITS:
                yield code[:at] + other + code[at + 1 :]
