"""Check digits of the GS1 system: computed, never guessed or repaired."""

_CSET82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_CSET82_VALUE = {character: value for value, character in enumerate(_CSET82)}
_CSET32 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
# The first 23 primes weigh the characters of a model number from the right (GS1 General Specifications 7.9.5).
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)
_IBAN_LENGTHS = range(15, 35)


def is_digits(text: str) -> bool:
    """True for one or more of 0-9 and nothing else; `str.isdigit` would take ５ and ² as well."""
    return text.isascii() and text.isdigit()


def check_digit(payload: str) -> str:
    """The GS1 standard check digit of `payload` (digits without it; 7.9.1: weights 3, 1 from the right)."""
    total = sum(map(int, payload[::-1][::2])) * 3 + sum(map(int, payload[::-1][1::2]))
    return str(-total % 10)


def has_valid_check_digit(number: str) -> bool:
    """Whether the last digit of a GTIN, SSCC, GLN … is right; False for anything but 2 digits or more."""
    return len(number) > 1 and is_digits(number) and check_digit(number[:-1]) == number[-1]


def check_pair(model: str) -> str | None:
    """The two check characters of a global model number without them; None where it has no such characters."""
    if not 0 < len(model) <= len(_PRIMES) or any(character not in _CSET82_VALUE for character in model):
        return None
    weighted = zip(reversed(model), _PRIMES, strict=False)
    total = sum(_CSET82_VALUE[character] * prime for character, prime in weighted) % 1021
    return _CSET32[total >> 5] + _CSET32[total & 31]


def is_iban(text: str) -> bool:
    """Whether the account number's own remainder (ISO 13616, mod 97) is right."""
    if len(text) not in _IBAN_LENGTHS or not (text.isascii() and text.isalnum() and text.upper() == text):
        return False
    return int("".join(str(int(character, 36)) for character in text[4:] + text[:4])) % 97 == 1
