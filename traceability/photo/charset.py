"""Bytes of a symbol → text. Chinese first: many label printers write GB18030 and say nothing about it."""

from itertools import pairwise

# Half-width katakana, its voiced and semi-voiced marks, and the kana those may follow, in Shift JIS.
_KANA = range(0xA6, 0xE0)
_MARKS = (0xDE, 0xDF)
_TAKES_A_MARK = (*range(0xB6, 0xC5), *range(0xCA, 0xCF))
_ASCII_END = 0x80
# GB 2312 is the square of both bytes from here on; below it lie the rare characters GBK added.
_GB2312_START = 0xA1


def text_of(raw: bytes, *, declared: str, linear: bool) -> str:
    """The text in `raw`; `declared` is what the reader made of it by the symbol's ECI or its own guess.

    UTF-8 where the bytes are UTF-8, else GB18030, except for a linear symbol (Latin-1 by its standard) and
    for bytes that are better explained by the reader's guess: accented Latin letters, Japanese kana.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if linear:
        return raw.decode("latin-1")
    try:
        chinese = raw.decode("gb18030")
    except UnicodeDecodeError:
        return declared
    if _looks_latin(raw) or _looks_kana(raw) or _looks_japanese(raw, declared):
        return declared
    return chinese


def _looks_latin(raw: bytes) -> bool:
    """No two high bytes in a row: single accented letters between plain ones, not character pairs."""
    return not any(a >= _ASCII_END and b >= _ASCII_END for a, b in pairwise(raw))


def _looks_kana(raw: bytes) -> bool:
    """Half-width katakana only, with at least two voice marks, each behind a kana that takes one."""
    high = [value for value in raw if value >= _ASCII_END]
    marks = [i for i, value in enumerate(raw) if value in _MARKS]
    return (
        len(marks) >= 2
        and all(value in _KANA for value in high)
        and all(i > 0 and raw[i - 1] in _TAKES_A_MARK for i in marks)
    )


def _looks_japanese(raw: bytes, declared: str) -> bool:
    """The reader saw kana, and as Chinese the bytes would be characters outside GB 2312."""
    has_kana = any("\u3041" <= sign <= "\u30f6" for sign in declared)
    rare = any(_ASCII_END < value < _GB2312_START for value in raw)
    return has_kana and rare
