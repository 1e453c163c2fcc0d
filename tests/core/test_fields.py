"""The strict fields: what looks like a value but is not one."""

import pytest
from rest_framework.serializers import ValidationError

from backend.core.fields import Day, Exact, Moment


@pytest.mark.parametrize(
    "text", ["2026-W10-1", "20260301", "2026-3-1", "２０２６-03-01", "2026-02-30", "2026-03-01 ", ""]
)
def test_day_takes_only_the_calendar_form(text):
    with pytest.raises(ValidationError):
        Day().run_validation(text)


@pytest.mark.parametrize(
    "text", ["2026-W10-1T08:00:00+08:00", "20260301T080000+08:00", "2026-03-01T08:00:00", "2026-03-01"]
)
def test_moment_takes_only_the_extended_form_with_an_offset(text):
    with pytest.raises(ValidationError):
        Moment().run_validation(text)


@pytest.mark.parametrize(
    "text", ["2026-03-01T08:30:00+08:00", "2026-03-01T08:30:00.123Z", "2026-03-01T08:30+0800"]
)
def test_moment_takes_what_phones_write(text):
    assert Moment().run_validation(text).isoformat().startswith(("2026-03-01T00:30", "2026-03-01T08:30"))


def test_exact_does_not_take_a_blank_text_for_null():
    field = Exact(max_digits=4, decimal_places=3, allow_null=True)
    assert field.run_validation(None) is None
    for text in ("", " ", "\t\n"):
        with pytest.raises(ValidationError):
            field.run_validation(text)
