import random

import pytest

from traceability.label.check_digit import check_digit, check_pair, has_valid_check_digit, is_digits, is_iban


# Numbers printed in the GS1 General Specifications and on well-known goods.
@pytest.mark.parametrize(
    "number",
    [
        "6901234567892",
        "4006381333931",
        "96385074",
        "036000291452",
        "06901234567892",
        "106141412345678908",
        "9501101530003",
    ],
)
def test_printed_numbers_have_valid_check_digits(number: str) -> None:
    assert has_valid_check_digit(number)


def test_one_wrong_digit_is_always_noticed() -> None:
    rng = random.Random(1)
    for _ in range(500):
        payload = "".join(rng.choices("0123456789", k=rng.choice((7, 11, 12, 13, 17))))
        number = payload + check_digit(payload)
        at = rng.randrange(len(number))
        other = rng.choice([digit for digit in "0123456789" if digit != number[at]])
        assert has_valid_check_digit(number)
        assert not has_valid_check_digit(number[:at] + other + number[at + 1 :])


@pytest.mark.parametrize(
    "text", ["", "7", "６９０１２３４５６７８９２", "69012345678９2", "6901234567892\n", "²²", "+1", "1_0"]
)
def test_only_ascii_digits_have_a_check_digit(text: str) -> None:
    assert not has_valid_check_digit(text)


def test_is_digits_takes_no_other_script() -> None:
    assert is_digits("0129")
    assert not any(map(is_digits, ("", "１２", "1２", "٣", "1.0", " 1")))


def test_check_pair_of_the_printed_model_number() -> None:
    # The example of General Specifications 7.9.5.
    assert check_pair("1987654Ad4X4bL5ttr2310c") == "2K"
    assert check_pair("") is None
    assert check_pair("盐") is None


def test_iban_remainder() -> None:
    assert is_iban("DE89370400440532013000")
    assert not is_iban("DE89370400440532013001")
    assert not is_iban("de89370400440532013000")
