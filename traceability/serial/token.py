"""The code on a single bag (一物一码): a number of a range, made unguessable, with a check character. Pure.

`A27K-Q29X-MP3U` is prefix `A2`, body `7KQ29XMP3`, check `U`. The prefix names a space of numbers, the body is the
number under a keyed permutation: neighbouring numbers give unrelated tokens, and who does not hold the key
cannot say which tokens were issued.

The permutation is a balanced Feistel network (Luby and Rackoff, 1988) of ten rounds, as many as FF1 of NIST
SP 800-38G has, with HMAC-SHA-256 as round function; results beyond the last body are permuted again until one
fits (cycle walking, Black and Rogaway, 2002).

The alphabet has 31 characters: no 0, O, 1, I or L. 31 is a prime, so a sum with a weight of its own for each place
(as ISBN-10 has it modulo 11) shows every wrong character and every swap of two. ISO 7064 MOD 37,36 has I and O
among its check characters and misses some swaps; Crockford's modulo 37 needs `$` and `~`, which AI (21) of GS1
cannot carry and gloves do not find.
"""

import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
PREFIX_LENGTH, BODY_LENGTH = 2, 9
LENGTH = PREFIX_LENGTH + BODY_LENGTH + 1
NUMBERS = len(ALPHABET) ** BODY_LENGTH  # 26,439,622,160,671: numbers 0 to one less
# A letter first: a token is never mistaken for a trade number, nor by a spreadsheet for a number.
PREFIX = re.compile(rf"[A-HJKMNP-Z][{ALPHABET}]")
ROUNDS = 10
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_HALF_BITS = (NUMBERS.bit_length() + 1) // 2
_HALF = (1 << _HALF_BITS) - 1
_GROUP = 4
_GAPS = re.compile(r"[\s\-]")
_LIKE_TOKEN = re.compile(rf"[A-Z0-9]{{{LENGTH}}}")


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is right in itself, whether or not it was issued. `text`: its 12 characters."""

    text: str

    @property
    def prefix(self) -> str:
        return self.text[:PREFIX_LENGTH]

    @property
    def body(self) -> str:
        return self.text[PREFIX_LENGTH:-1]


@dataclass(frozen=True, slots=True)
class Misread:
    """What has the form of a token but a character that cannot be: mistyped or misread."""

    text: str

    @property
    def prefix(self) -> str:
        return self.text[:PREFIX_LENGTH]


def check_character(text: str) -> str:
    """What makes prefix and body a token.

    >>> check_character("A27KQ29XMP3")
    'U'
    """
    total = sum(weight * _VALUE[character] for weight, character in enumerate(text, start=2))
    return ALPHABET[-total % len(ALPHABET)]


def read(text: str) -> Token | Misread | None:
    """A code as it was printed, scanned or typed; None where it has not even the form of a token.

    >>> read("a27k q29x mp3x")
    Token(text='A27KQ29XMP3U')
    >>> read("A27K-Q29X-M3PU")
    Misread(text='A27KQ29XM3PU')
    """
    closed = _GAPS.sub("", text).upper() if len(text) <= 3 * LENGTH else ""
    if not _LIKE_TOKEN.fullmatch(closed) or not PREFIX.match(closed):
        return None
    right = all(c in _VALUE for c in closed) and check_character(closed[:-1]) == closed[-1]
    return Token(closed) if right else Misread(closed)


def grouped(token: str) -> str:
    """As it is printed for the eye.

    >>> grouped("A27KQ29XMP3U")
    'A27K-Q29X-MP3U'
    """
    return "-".join(token[at : at + _GROUP] for at in range(0, len(token), _GROUP))


def token_of(number: int, *, prefix: str, key: bytes) -> Token:
    """The token of a number. ValueError outside 0 to NUMBERS - 1."""
    if not 0 <= number < NUMBERS:
        raise ValueError(number)
    rounds = _Rounds(prefix=prefix, key=key)
    value = rounds.forward(number)
    while value >= NUMBERS:
        value = rounds.forward(value)
    text = prefix + "".join(_digits(value))
    return Token(text + check_character(text))


def number_of(token: Token, *, key: bytes) -> int:
    """The number of a token; only the key it was made with gives the right one."""
    rounds = _Rounds(prefix=token.prefix, key=key)
    value = 0
    for character in token.body:
        value = value * len(ALPHABET) + _VALUE[character]
    value = rounds.backward(value)
    while value >= NUMBERS:
        value = rounds.backward(value)
    return value


def _digits(value: int) -> Iterator[str]:
    for place in range(BODY_LENGTH - 1, -1, -1):
        yield ALPHABET[value // len(ALPHABET) ** place % len(ALPHABET)]


@dataclass(frozen=True, slots=True)
class _Rounds:
    """A permutation of twice `_HALF_BITS` bits; another one for each prefix."""

    prefix: str
    key: bytes

    def forward(self, value: int) -> int:
        left, right = value >> _HALF_BITS, value & _HALF
        for number in range(ROUNDS):
            left, right = right, left ^ self._mix(number, right)
        return left << _HALF_BITS | right

    def backward(self, value: int) -> int:
        left, right = value >> _HALF_BITS, value & _HALF
        for number in reversed(range(ROUNDS)):
            left, right = right ^ self._mix(number, left), left
        return left << _HALF_BITS | right

    def _mix(self, number: int, half: int) -> int:
        said = b"%s/%d/%d" % (self.prefix.encode(), number, half)
        return int.from_bytes(hmac.digest(self.key, said, "sha256")[:8]) & _HALF
