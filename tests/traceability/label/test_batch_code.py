"""One spelling per batch code, and no other code becomes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.label.batch_code import BadBatchCode, normalise


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("YS20240315A01", "YS20240315A01"),
        (" ys20240315a01\n", "YS20240315A01"),
        ("ＹＳ２０２４０３１５Ａ０１", "YS20240315A01"),
        ("井矿盐20240315-1", "井矿盐20240315-1"),
        ("井矿盐２０２４０３１５－１", "井矿盐20240315-1"),
        ("0012", "0012"),
        ("10D9T", "10D9T"),
        ("a/01_b.c-d", "A/01_B.C-D"),
    ],
)
def test_same_code_in_another_spelling_is_one_code(typed, code):
    assert normalise(typed) == code


@pytest.mark.parametrize(
    "other",
    [
        "",
        " ",
        "A B",
        "②",
        "10²",
        "½",
        "é",
        "e\u0301",
        "ı",
        "ß",
        "ſ",
        "A–1",
        "A\x001",
        "\u202eA",
        "𝐀1",
        "a" * 65,
    ],
)
def test_look_alikes_and_other_characters_are_refused(other):
    with pytest.raises(BadBatchCode):
        normalise(other)


@given(st.text(max_size=70))
def test_any_text_is_normalised_once_or_refused(text):
    try:
        code = normalise(text)
    except BadBatchCode:
        return
    assert normalise(code) == code and 1 <= len(code) <= 64
