"""Lists: paged by cursor, bounded, filtered by declared filters only."""

from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils.translation import gettext
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from backend.core.errors import InvalidInput
from backend.core.errors import NotFound as RowMissing
from backend.core.errors import mark as _
from backend.core.fields import Day, Id, Moment

MAX_LIMIT = 200


class CursorPages(CursorPagination):
    """`?limit=` 1 to 200 (default 50) and `?cursor=`; answers {"items": […], "next", "previous"}.

    `next` and `previous` are cursors, null at the ends. The order is the view's `ordering` (newest first).
    """

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = MAX_LIMIT
    ordering = "-id"

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get("limit")
        if given is None:
            return self.page_size
        if not (given.isascii() and given.isdigit() and len(given) <= 4 and 1 <= int(given) <= MAX_LIMIT):
            raise InvalidInput(errors={"limit": _("A whole number from 1 to 200 is expected.")})
        return int(given)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValidationError, ValueError, OverflowError) as error:
            raise InvalidInput(errors={"cursor": _("This cursor is not one of ours.")}) from error

    def encode_cursor(self, cursor: Any) -> str:
        """The bare cursor: the caller keeps its own address and filters."""
        return parse_qs(urlsplit(super().encode_cursor(cursor)).query)["cursor"][0]

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        cursor = {"type": ["string", "null"]}
        return {
            "type": "object",
            "required": ["items", "next", "previous"],
            "properties": {"items": schema, "next": cursor, "previous": cursor},
        }

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"items": data, "next": self.get_next_link(), "previous": self.get_previous_link()})


class _FormField(forms.CharField):
    """A query value read by the same strict field as in a body."""

    strict: serializers.Field[Any, Any, Any, Any]

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if text in self.empty_values:
            return None
        try:
            return self.strict.to_internal_value(text)
        except serializers.ValidationError as error:
            raise ValidationError(
                str(error.detail[0] if isinstance(error.detail, list) else error.detail)
            ) from error


class _MomentField(_FormField):
    strict = Moment()


class _DayField(_FormField):
    strict = Day()


class _IdField(_FormField):
    strict = Id()


class _FlagField(forms.Field):
    def to_python(self, value: Any) -> bool | None:
        if value in self.empty_values:
            return None
        if value not in ("true", "false"):
            raise ValidationError(gettext("true or false is expected."))
        return value == "true"


class MomentFilter(django_filters.Filter):
    field_class = _MomentField


class DayFilter(django_filters.Filter):
    field_class = _DayField


class IdFilter(django_filters.Filter):
    field_class = _IdField


class FlagFilter(django_filters.Filter):
    """true or false; stock BooleanFilter takes anything else for "no filter"."""

    field_class = _FlagField


class TextFilter(django_filters.CharFilter):
    """Exact text unless told otherwise; at most 200 characters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 200)
        super().__init__(*args, **kwargs)


class Filters(django_filters.FilterSet):
    """Base of all filter sets: only the declared names are taken (Endpoint refuses others)."""


M = TypeVar("M", bound=Model)


def get_or_404(queryset: QuerySet[M], **lookup: Any) -> M:
    """The one row, through the caller's scoped queryset. Raises NotFound (404) for rows outside it."""
    row = queryset.filter(**lookup).first()
    if row is None:
        raise RowMissing
    return row
