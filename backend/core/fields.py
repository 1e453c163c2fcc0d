"""Strict serializer fields and serializers: nothing is converted silently, unknown fields are refused.

Stock DRF takes `"１２"` as a decimal, `true` as 1.0, a number as a text and ignores fields it does not know;
each of these would store something the phone did not measure.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
DECIMAL_TEXT = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,12})?")
# Python also reads week dates (2026-W10-1) and dates without hyphens; no phone of ours writes them.
DAY_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT_TEXT = re.compile(
    DAY_TEXT.pattern + r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
)
FIRST_YEAR, LAST_YEAR = 2000, 2100


class Text(serializers.CharField):
    """A text as given (NFC and trimming are the caller's choice); numbers and booleans are refused."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError(_("A text is expected."), code="not_text")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A JSON whole number; texts, booleans and fractions are refused."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            raise serializers.ValidationError(_("A whole number is expected."), code="not_whole")
        return super().to_internal_value(data)


class Exact(serializers.DecimalField):
    """An exact decimal: JSON number or text of ASCII digits; no exponent, no full-width digits, no booleans."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        """As other fields do: the library takes a blank text for null here."""
        return serializers.Field.validate_empty_values(self, data)

    def to_internal_value(self, data: Any) -> Decimal:
        text = format(data, "f") if isinstance(data, Decimal) else str(data)
        if isinstance(data, (bool, float)) or not DECIMAL_TEXT.fullmatch(text):
            raise serializers.ValidationError(_("A plain decimal number is expected."), code="not_decimal")
        return super().to_internal_value(text)


class Flag(serializers.BooleanField):
    """JSON true or false, nothing that merely looks like it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError(_("true or false is expected."), code="not_boolean")
        return data


class Moment(serializers.DateTimeField):
    """ISO 8601 date and time with a zone offset, years 2000 to 2100; kept in UTC."""

    def to_internal_value(self, value: Any) -> datetime:
        try:
            moment = (
                parse_datetime(value) if isinstance(value, str) and MOMENT_TEXT.fullmatch(value) else None
            )
            moment = moment.astimezone(UTC) if moment and moment.tzinfo else None
        except (ValueError, OverflowError):
            moment = None
        if moment is None:
            raise serializers.ValidationError(
                _("A date and time with zone offset is expected, such as 2026-03-01T08:30:00+08:00."),
                code="not_moment",
            )
        if not FIRST_YEAR <= moment.year < LAST_YEAR:
            raise serializers.ValidationError(
                _("The year must lie in 2000 to 2099."), code="year_out_of_range"
            )
        return moment


class Day(serializers.DateField):
    """ISO 8601 calendar date, years 2000 to 2100."""

    def to_internal_value(self, value: Any) -> date:
        try:
            day = parse_date(value) if isinstance(value, str) and DAY_TEXT.fullmatch(value) else None
        except ValueError:
            day = None
        if day is None:
            raise serializers.ValidationError(_("A date such as 2026-03-01 is expected."), code="not_date")
        if not FIRST_YEAR <= day.year < LAST_YEAR:
            raise serializers.ValidationError(
                _("The year must lie in 2000 to 2099."), code="year_out_of_range"
            )
        return day


class Id(serializers.UUIDField):
    """A UUID in its 36-character form; integers and other spellings are refused."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str) or not UUID_TEXT.fullmatch(data):
            raise serializers.ValidationError(_("A UUID is expected."), code="not_uuid")
        return UUID(data)


class Choice(serializers.ChoiceField):
    """One of the listed codes, as text."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            raise serializers.ValidationError(_("A text is expected."), code="not_text")
        return super().to_internal_value(data)


class Sha256(serializers.RegexField):
    """The SHA-256 of an uploaded file's bytes: 64 lower-case hexadecimal digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(regex=r"^[0-9a-f]{64}$", **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError(_("A text is expected."), code="not_text")
        return super().to_internal_value(data)


@extend_schema_field(OpenApiTypes.BINARY)
class Photo(serializers.FileField):
    """The file of a form. What is in it, the service that opens it checks."""


class Measure(Exact):
    """Input of a measured number: up to 14 digits, 6 of them behind the point."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=14, decimal_places=6, **kwargs)


class Measured(serializers.DecimalField):
    """Output of a measured number: text without trailing zeros, so no digit shows that nobody read."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=14, decimal_places=6, normalize_output=True, **kwargs)


# No docstring on In and Out: the OpenAPI document would repeat it for every schema.
class In(serializers.Serializer[Any]):
    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError(
                    {
                        str(name): [ErrorDetail(str(_("Unknown field.")), code="unknown_field")]
                        for name in unknown
                    }
                )
        return super().to_internal_value(data)


class Out(serializers.Serializer[Any]):
    # The fields every caller gets; others are absent, not null, where `to_representation` leaves them out. None: all.
    always: ClassVar[frozenset[str] | None] = None
