"""Recalled goods over HTTP: counts on site, stock in the house, tests and disposal."""

from typing import Any
from uuid import UUID

import django_filters
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.made import Made
from backend.accounts.rules import Can
from backend.core.attachment import photo_of
from backend.core.endpoint import Endpoint, operation
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from backend.core.paging import Filters, FlagFilter, IdFilter, get_or_404
from traceability.recall import disposal, goods, queries
from traceability.recall.answer import DispositionOut, GoodsReportOut, RecallStockOut, ReturnTestOut
from traceability.recall.api import RecallEndpoint
from traceability.recall.intake import (
    CarriedOutIn,
    DispositionIn,
    GoodsReportIn,
    RecallReasonIn,
    RecallStockIn,
    RegulatorToldIn,
    ReturnTestIn,
)
from traceability.recall.models import Disposition
from traceability.recall.rules import DispositionAction, DispositionKind, DispositionState


class GoodsReportFilters(Filters):
    recall = IdFilter(field_name="recall_id")
    notice = IdFilter(field_name="notice_id")
    batch = IdFilter(field_name="batch_id")
    is_current = FlagFilter()


class DispositionFilters(Filters):
    recall = IdFilter(field_name="recall_id")
    batch = IdFilter(field_name="batch_id")
    kind = django_filters.ChoiceFilter(choices=DispositionKind.choices())
    state = django_filters.ChoiceFilter(choices=DispositionState.choices())


class RecallGoodsReports(RecallEndpoint):
    @operation(Can.CONFIRM_RECALL_GOODS, takes=GoodsReportIn, gives=GoodsReportOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Report what was found of a recalled batch at a consignee; a scan of another batch is refused."""
        recall, data, user = self.recall(id), self.read(), caller(request)
        _check_named(data)
        device_id = getattr(request.auth, "device_id", None)
        made = Made(data.pop("id"), user, device_id, self.stamp(data.pop("made_at")))
        photo = photo_of(data.pop("photo"), by_id=user.pk, field="photo")
        place = goods.GoodsPlace(**(data.pop("place") or {}))
        report = goods.report_goods(recall, goods.GoodsData(photo=photo, place=place, **data), made=made)
        return self.answer(queries.goods_reports_for(user).get(pk=report.pk))


def _check_named(data: dict[str, Any]) -> None:
    """Raises InvalidInput (400): one of the pairs that say whose goods and which batch is missing or double."""
    errors = {}
    if (data["notice_id"] is None) == (data["customer_id"] is None):
        errors["customer"] = _("Give the consignee's line or its customer.")
    if data["scan_id"] is None and data["batch_id"] is None:
        errors["scan"] = _("Give a scan, or the batch where nothing could be scanned.")
    if errors:
        raise InvalidInput(errors=errors)


class RecallAllGoodsReports(Endpoint):
    filterset_class = GoodsReportFilters
    ordering = ("-received_at", "-id")

    @operation(Can.READ_CONSIGNEES, gives=GoodsReportOut, page=True)
    def get(self, request: Request) -> Response:
        """Counts at the consignees the caller may read; corrected ones are marked."""
        return self.page(queries.goods_reports_for(caller(request)))


class RecallStock(RecallEndpoint):
    @operation(Can.READ_RECALLS, gives=RecallStockOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """Declarations of what is still in the house; the newest of a batch counts."""
        return self.page(queries.declarations_of(self.recall(id)))

    @operation(Can.COUNT_STOCK, takes=RecallStockIn, gives=RecallStockOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Declare what of recalled batches is in the house, kept or scrapped; answers the last line."""
        recall = self.recall(id)
        lines = [goods.StockData(**line) for line in self.read()["lines"]]
        made = goods.declare_stock(recall, lines, by=caller(request))
        return self.answer(queries.declarations_of(recall).get(pk=made[-1].pk))


class RecallTests(RecallEndpoint):
    @operation(Can.READ_RECALLS, gives=ReturnTestOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """Safety tests of returned goods, the newest first."""
        return self.page(queries.tests_of(self.recall(id)))

    @operation(Can.TEST_RECALLED_GOODS, takes=ReturnTestIn, gives=ReturnTestOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Enter one result of a safety test; it is never changed, a new one counts."""
        recall = self.recall(id)
        made = disposal.record_test(recall, disposal.TestData(**self.read()), by=caller(request))
        return self.answer(queries.tests_of(recall).get(pk=made.pk))


class RecallDispositions(RecallEndpoint):
    @operation(Can.DECIDE_DISPOSITION, takes=DispositionIn, gives=DispositionOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Propose what becomes of goods in our hands; another person decides. None leads back to edible stock."""
        recall, data = self.recall(id), self.read()
        wanted = disposal.DispositionData(kind=DispositionKind(data.pop("kind")), **data)
        made = disposal.propose_disposition(recall, wanted, by=caller(request))
        return self.answer(queries.dispositions().get(pk=made.pk))


class RecallAllDispositions(Endpoint):
    filterset_class = DispositionFilters

    @operation(Can.READ_RECALLS, gives=DispositionOut, page=True)
    def get(self, request: Request) -> Response:
        """What was decided on recalled goods; the newest first."""
        return self.page(queries.dispositions())


class DispositionEndpoint(Endpoint):
    """What the operations on one disposition share."""

    def disposition(self, id: UUID) -> Disposition:
        return get_or_404(queries.dispositions(), id=id)

    def shown(self, id: UUID) -> Response:
        return self.answer(self.disposition(id))


class DispositionApprove(DispositionEndpoint):
    @operation(Can.DECIDE_DISPOSITION, takes=RecallReasonIn, gives=DispositionOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Approve somebody else's proposal; the same person twice is refused."""
        row, reason = self.disposition(id), self.read()["reason"]
        disposal.decide_disposition(row, action=DispositionAction.APPROVE, by=caller(request), reason=reason)
        return self.shown(id)


class DispositionReject(DispositionEndpoint):
    @operation(Can.DECIDE_DISPOSITION, takes=RecallReasonIn, gives=DispositionOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Reject somebody else's proposal."""
        row, reason = self.disposition(id), self.read()["reason"]
        disposal.decide_disposition(row, action=DispositionAction.REJECT, by=caller(request), reason=reason)
        return self.shown(id)


class DispositionReport(DispositionEndpoint):
    @operation(Can.DECIDE_DISPOSITION, takes=RegulatorToldIn, gives=DispositionOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Note that time and place were reported to the regulator, before anything is destroyed."""
        disposal.tell_regulator(self.disposition(id), by=caller(request), **self.read())
        return self.shown(id)


class DispositionCarryOut(DispositionEndpoint):
    @operation(Can.DECIDE_DISPOSITION, takes=CarriedOutIn, gives=DispositionOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Note that it was done, when, and who saw it."""
        disposal.carry_out(self.disposition(id), by=caller(request), **self.read())
        return self.shown(id)


urlpatterns: list[Any] = [
    path("recalls/<uuid:id>/goods-reports", RecallGoodsReports.as_view()),
    path("recall-goods-reports", RecallAllGoodsReports.as_view()),
    path("recalls/<uuid:id>/stock", RecallStock.as_view()),
    path("recalls/<uuid:id>/tests", RecallTests.as_view()),
    path("recalls/<uuid:id>/dispositions", RecallDispositions.as_view()),
    path("recall-dispositions", RecallAllDispositions.as_view()),
    path("recall-dispositions/<uuid:id>/approve", DispositionApprove.as_view()),
    path("recall-dispositions/<uuid:id>/reject", DispositionReject.as_view()),
    path("recall-dispositions/<uuid:id>/report", DispositionReport.as_view()),
    path("recall-dispositions/<uuid:id>/carry-out", DispositionCarryOut.as_view()),
]
