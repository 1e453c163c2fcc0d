"""AIM symbology identifiers: the three characters in which a reader says what it has read (ISO/IEC 15424)."""

# FNC1 in first position: the content is GS1 element strings. ]Q4 and ]d5 are the same with an ECI.
GS1 = frozenset({"]C1", "]d2", "]d5", "]Q3", "]Q4", "]e0", "]e1", "]e2", "]J1", "]z1"})
# EAN-13 and UPC, the two supplements alone, EAN-13 with supplement, EAN-8.
EAN = frozenset({"]E0", "]E1", "]E2", "]E3", "]E4"})
ITF14 = "]I1"
# ISO/IEC 15424 with its later additions: DotCode (J), Grid Matrix (g), Han Xin (h).
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVXZcdeghopsz")


def is_identifier(text: str) -> bool:
    """Whether `text` is exactly one identifier: `]`, a letter of a symbology, a modifier."""
    return (
        len(text) == 3 and text[0] == "]" and text[1] in _LETTERS and text[2].isascii() and text[2].isalnum()
    )


def split_identifier(text: str) -> tuple[str | None, str]:
    """The identifier in front of `text`, if there is one, and the rest."""
    return (text[:3], text[3:]) if text.startswith("]") and is_identifier(text[:3]) else (None, text)


def named(aim: str) -> str | None:
    """An identifier as an app may send it (`]C1` or `C1`); None where it is none."""
    aim = aim.strip()
    aim = aim if aim.startswith("]") else f"]{aim}"
    return aim if is_identifier(aim) else None
