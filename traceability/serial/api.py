"""Ranges of unit numbers, and what a unit code stands for."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.errors import DomainError, NotFound
from backend.core.errors import mark as _
from backend.core.fields import Id, In, Out, Text, Whole
from backend.core.paging import Filters, FlagFilter, IdFilter, TextFilter, get_or_404
from traceability.batch.api import BatchRefOut
from traceability.batch.queries import batches_for
from traceability.serial import queries, services
from traceability.serial.models import SerialRange
from traceability.serial.rules import MOST_NUMBERS, TokenState
from traceability.serial.services import RangeData
from traceability.serial.token import NUMBERS, PREFIX, grouped


class SerialMisread(DomainError):
    code, status, title = "serial_misread", 400, _("A character of the code is wrong")
    detail = _("Compare it with the print, or scan it again.")


class SerialNotIssued(DomainError):
    code, status, title = "serial_not_issued", 404, _("This code was never issued")
    detail = _("It has the form of our unit codes, but no range holds its number.")


class PrefixField(serializers.RegexField):
    """Two characters of the tokens' alphabet, the first a letter."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(regex=rf"^{PREFIX.pattern}$", **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError(_("A text is expected."), code="not_text")
        return super().to_internal_value(data)


class SerialRangeIn(In):
    prefix = PrefixField(help_text="Names a row of numbers: a line or a plant. No 0, O, 1, I, L.")
    first = Whole(
        min_value=0,
        max_value=NUMBERS - 1,
        allow_null=True,
        default=None,
        help_text="Without: behind the last number of the prefix.",
    )
    count = Whole(min_value=1, max_value=MOST_NUMBERS)
    trade_item = Id(
        source="trade_item_id", allow_null=True, default=None, help_text="Without: the batch's pack."
    )


class SerialWithdrawIn(In):
    reason = Text(max_length=300)


class SerialRangeOut(Out):
    id = serializers.UUIDField()
    batch = BatchRefOut()
    trade_item = serializers.UUIDField(source="trade_item_id", allow_null=True)
    gtin = serializers.CharField(source="trade_item.gtin", default=None, allow_null=True)
    prefix = serializers.CharField()
    first = serializers.IntegerField()
    last = serializers.IntegerField()
    count = serializers.IntegerField()
    key_id = serializers.CharField(help_text="Fingerprint of the key the tokens are made with.")
    made_at = serializers.DateTimeField()
    made_by_name = serializers.CharField(source="made_by.display_name")
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdrawn_by_name = serializers.CharField(
        source="withdrawn_by.display_name", default=None, allow_null=True
    )
    withdrawn_reason = serializers.CharField()


class SerialCodeOut(Out):
    token = serializers.CharField()
    printed = serializers.SerializerMethodField(help_text="In groups of four, as it stands on the bag.")
    state = serializers.ChoiceField(
        choices=[state.value for state in (TokenState.ISSUED, TokenState.WITHDRAWN)]
    )
    number = serializers.IntegerField()
    range = serializers.UUIDField(source="range.pk")
    batch = BatchRefOut(source="range.batch")

    def get_printed(self, fact: queries.TokenFact) -> str:
        return grouped(fact.token)


class SerialRangeFilters(Filters):
    batch = IdFilter(field_name="batch_id")
    prefix = TextFilter()
    key_id = TextFilter()
    withdrawn = FlagFilter(method="by_withdrawn")

    def by_withdrawn(self, rows: QuerySet[SerialRange], name: str, value: bool) -> QuerySet[SerialRange]:
        return rows.filter(withdrawn_at__isnull=not value)


class SerialRanges(Endpoint):
    filterset_class = SerialRangeFilters

    @operation(Can.READ_SERIALS, gives=SerialRangeOut, page=True)
    def get(self, request: Request) -> Response:
        """Ranges of unit numbers, the newest first."""
        return self.page(queries.ranges_for(caller(request)))


class SerialRangeDetail(Endpoint):
    @operation(Can.READ_SERIALS, gives=SerialRangeOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One range of unit numbers."""
        return self.answer(get_or_404(queries.ranges_for(caller(request)), id=id))


class SerialRangeWithdraw(Endpoint):
    @operation(Can.MANAGE_SERIALS, takes=SerialWithdrawIn, gives=SerialRangeOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Withdraw a range (a stolen roll): its codes are suspicious from now on, its numbers never given again."""
        row = get_or_404(queries.ranges_for(caller(request)), id=id)
        return self.answer(services.withdraw_range(row, by=caller(request), reason=self.read()["reason"]))


class BatchSerialRanges(Endpoint):
    @operation(Can.READ_SERIALS, gives=SerialRangeOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """Ranges of unit numbers of a batch, the newest first."""
        batch = get_or_404(batches_for(caller(request)), id=id)
        return self.page(queries.ranges_for(caller(request)).filter(batch=batch))

    @operation(Can.MANAGE_SERIALS, takes=SerialRangeIn, gives=SerialRangeOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Give numbers to the packs of a batch; each number is given once."""
        batch = get_or_404(batches_for(caller(request)), id=id)
        return self.answer(services.make_range(batch, RangeData(**self.read()), by=caller(request)))


class SerialCode(Endpoint):
    @operation(Can.READ_SERIALS, gives=SerialCodeOut)
    def get(self, request: Request, token: str) -> Response:
        """What a unit code stands for: its batch and number. 404 for one that was never issued."""
        fact = queries.token_fact(token)
        if fact is None:
            raise NotFound
        if fact.state is TokenState.MISREAD:
            raise SerialMisread
        if fact.range is None:
            raise SerialNotIssued
        return self.answer(fact)


urlpatterns: list[Any] = [
    path("serial-ranges", SerialRanges.as_view()),
    path("serial-ranges/<uuid:id>", SerialRangeDetail.as_view()),
    path("serial-ranges/<uuid:id>/withdraw", SerialRangeWithdraw.as_view()),
    path("batches/<uuid:id>/serial-ranges", BatchSerialRanges.as_view()),
    path("serial-codes/<str:token>", SerialCode.as_view()),
]
