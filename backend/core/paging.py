"""Lists: paged by cursor, bounded, filtered by declared filters only."""

from collections.abc import Sequence
from typing import Any, TypeVar

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils.translation import gettext
from rest_framework import serializers
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from backend.core import cursor
from backend.core.errors import InvalidInput
from backend.core.errors import NotFound as RowMissing
from backend.core.errors import mark as _
from backend.core.fields import Day, Id, Moment

MAX_LIMIT = 200
NOT_OURS = _("This cursor is not one of ours.")


class CursorPages(CursorPagination):
    """`?limit=` 1 to 200 (default 50) and `?cursor=`; answers {"items": […], "next", "previous"}.

    `next` and `previous` are cursors, null at the ends. The order is the view's `ordering` (newest first); its last
    column is unique, so that no row is shown twice or left out.
    """

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = MAX_LIMIT
    ordering: Any = "-id"  # one column or several
    next: str | None = None
    previous: str | None = None

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get("limit")
        if given is None:
            return self.page_size
        if not (given.isascii() and given.isdigit() and len(given) <= 4 and 1 <= int(given) <= MAX_LIMIT):
            raise InvalidInput(errors={"limit": _("A whole number from 1 to 200 is expected.")})
        return int(given)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        limit, given = self.get_page_size(request), self._given(request)
        is_back = given is not None and given.is_back
        try:
            rows = queryset.filter(cursor.beyond(given, order=self.order)) if given else queryset
            rows = rows.order_by(*(cursor.backwards(self.order) if is_back else self.order))
            found = list(rows[: limit + 1])
        except (ValidationError, ValueError, OverflowError) as error:  # values of another list's rows
            raise InvalidInput(errors={"cursor": NOT_OURS}) from error
        goes_on, page = len(found) > limit, found[:limit]
        if is_back:
            page.reverse()
        self._point(page, after=is_back or goes_on, before=goes_on if is_back else given is not None)
        return page

    def _point(self, page: list[Any], *, after: bool, before: bool) -> None:
        """Sets `next` and `previous`, where there are rows after and before the page."""
        if page and after:
            self.next = cursor.encode(cursor.at(page[-1], order=self.order))
        if page and before:
            self.previous = cursor.encode(cursor.at(page[0], order=self.order, is_back=True))

    @property
    def order(self) -> Sequence[str]:
        return (self.ordering,) if isinstance(self.ordering, str) else self.ordering

    def _given(self, request: Request) -> cursor.Cursor | None:
        text = request.query_params.get("cursor")
        if text is None:
            return None
        try:
            return cursor.decode(text, order=self.order)
        except ValueError as error:
            raise InvalidInput(errors={"cursor": NOT_OURS}) from error

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        cursor_schema = {"type": ["string", "null"]}
        return {
            "type": "object",
            "required": ["items", "next", "previous"],
            "properties": {"items": schema, "next": cursor_schema, "previous": cursor_schema},
        }

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"items": data, "next": self.next, "previous": self.previous})


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
