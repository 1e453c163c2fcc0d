"""The inbox of codes nobody could resolve, and registered codes."""

from typing import Any
from uuid import UUID

import django_filters
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.errors import mark as _
from backend.core.fields import Id, In, Out, Text
from backend.core.paging import Filters, IdFilter, TextFilter, get_or_404
from traceability.scan import inbox, queries
from traceability.scan.rules import UnknownState


class UnknownCodeOut(Out):
    id = serializers.UUIDField()
    raw = serializers.CharField()
    aim = serializers.CharField()
    times_seen = serializers.IntegerField()
    first_seen_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=UnknownState.choices())
    settled_by = serializers.UUIDField(source="settled_by_id", allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)
    settled_note = serializers.CharField()
    alias = serializers.UUIDField(source="alias_id", allow_null=True)


class SettleIn(In):
    """Exactly one of batch and trade_item."""

    batch = Id(required=False)
    trade_item = Id(required=False)
    note = Text(max_length=300)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        return one_target(data)


class DismissIn(In):
    note = Text(max_length=300)


class CodeAliasIn(In):
    """Exactly one of batch and trade_item."""

    code = Text(max_length=300, help_text="As scanned, without the reader's ]C1 and the like.")
    batch = Id(required=False)
    trade_item = Id(required=False)
    serial = Text(max_length=64, allow_blank=True, default="")
    note = Text(max_length=200, allow_blank=True, default="")

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        return one_target(data)


def one_target(data: dict[str, Any]) -> dict[str, Any]:
    if ("batch" in data) == ("trade_item" in data):
        raise serializers.ValidationError({"batch": [_("Either batch or trade_item is expected.")]})
    return data


class CodeAliasOut(Out):
    id = serializers.UUIDField()
    code = serializers.CharField()
    batch = serializers.UUIDField(source="batch_id", allow_null=True)
    trade_item = serializers.UUIDField(source="trade_item_id", allow_null=True)
    serial = serializers.CharField()
    note = serializers.CharField()
    created_by = serializers.UUIDField(source="created_by_id", allow_null=True)


class UnknownCodeFilters(Filters):
    state = django_filters.ChoiceFilter(choices=UnknownState.choices())


class UnknownCodes(Endpoint):
    filterset_class = UnknownCodeFilters
    ordering = ("-last_seen_at", "-id")

    @operation(Can.READ_UNKNOWN_CODES, gives=UnknownCodeOut, page=True)
    def get(self, request: Request) -> Response:
        """The inbox of codes nobody could resolve."""
        return self.page(queries.unknown_codes())


class UnknownCodeSettle(Endpoint):
    @operation(Can.SETTLE_UNKNOWN_CODE, takes=SettleIn, gives=UnknownCodeOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Say what the code is: from now on it means this batch or pack."""
        report = get_or_404(queries.unknown_codes(), id=id)
        data = self.read()
        target = queries.target_of(data)
        return self.answer(inbox.settle(report, target=target, by=caller(request), note=data["note"]))


class UnknownCodeDismiss(Endpoint):
    @operation(Can.SETTLE_UNKNOWN_CODE, takes=DismissIn, gives=UnknownCodeOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Not a code of ours; it stays counted and out of the open ones."""
        report = get_or_404(queries.unknown_codes(), id=id)
        return self.answer(inbox.dismiss(report, by=caller(request), note=self.read()["note"]))


class CodeAliasFilters(Filters):
    code = TextFilter(max_length=300)
    batch = IdFilter(field_name="batch_id")


class CodeAliases(Endpoint):
    filterset_class = CodeAliasFilters

    @operation(Can.READ_UNKNOWN_CODES, gives=CodeAliasOut, page=True)
    def get(self, request: Request) -> Response:
        """Registered codes: what they mean, whatever they look like."""
        return self.page(queries.aliases())

    @operation(Can.SETTLE_UNKNOWN_CODE, takes=CodeAliasIn, gives=CodeAliasOut, status=201)
    def post(self, request: Request) -> Response:
        """Register a code for a batch or a pack."""
        data = self.read()
        target = queries.target_of(data)
        alias = inbox.register(
            data["code"], target=target, by=caller(request), serial=data["serial"], note=data["note"]
        )
        return self.answer(alias)


class WithdrawIn(In):
    note = Text(max_length=200)


class CodeAliasWithdraw(Endpoint):
    @operation(Can.SETTLE_UNKNOWN_CODE, takes=WithdrawIn, gives=CodeAliasOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Take back a code registered in error: scans no longer read it so, and its report is open again.

        The answer is the alias as it was, with the note; only its history remains.
        """
        alias = get_or_404(queries.aliases(), id=id)
        return self.answer(inbox.withdraw(alias, note=self.read()["note"]))


urlpatterns: list[Any] = [
    path("unknown-codes", UnknownCodes.as_view()),
    path("unknown-codes/<uuid:id>/settle", UnknownCodeSettle.as_view()),
    path("unknown-codes/<uuid:id>/dismiss", UnknownCodeDismiss.as_view()),
    path("aliases", CodeAliases.as_view()),
    path("aliases/<uuid:id>/withdraw", CodeAliasWithdraw.as_view()),
]
