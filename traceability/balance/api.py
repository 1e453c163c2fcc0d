"""Stock counts, balances, yield bands and findings."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import django_filters
from django.http import StreamingHttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.paging import Filters, FlagFilter, IdFilter, MomentFilter, TextFilter, get_or_404
from backend.core.table_file import csv_lines
from traceability.balance import queries, services
from traceability.balance.answer import (
    STAGES,
    BalanceOut,
    BandIn,
    BandOut,
    ConfirmBandIn,
    FindingOut,
    RefreshOut,
    SettleFindingIn,
    StockCountIn,
    StockCountOut,
)
from traceability.balance.models import Finding
from traceability.balance.rules import FindingState, Rule
from traceability.batch.queries import batches_for
from traceability.batch.rules import BatchKind

FINDING_COLUMNS = (
    "rule",
    "lot",
    "kind",
    "product",
    "plant",
    "state",
    "residual_kg",
    "tolerance_kg",
    "first_seen_at",
    "last_seen_at",
    "settled_by",
    "settle_reason",
    "path",
)


class BatchStockCounts(Endpoint):
    ordering = ("-counted_at", "-id")

    @operation(Can.READ_BALANCE, gives=StockCountOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """Stock counts of a batch, the newest first; that one counts."""
        return self.page(queries.counts_of(get_or_404(batches_for(caller(request)), id=id)))

    @operation(Can.COUNT_STOCK, takes=StockCountIn, gives=StockCountOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Enter a stock count; a wrong one is counted again."""
        user = caller(request)
        batch = get_or_404(batches_for(user), id=id)
        count = services.CountData(**self.read())
        return self.answer(services.record_stock_count(batch, count, by=user))


class BatchBalance(Endpoint):
    @operation(Can.READ_BALANCE, gives=BalanceOut)
    def get(self, request: Request, id: UUID) -> Response:
        """What was made of a batch, where it is, and what is missing or too much."""
        return self.answer(queries.sheet_of(get_or_404(batches_for(caller(request)), id=id)))


class BandFilters(Filters):
    stage = django_filters.ChoiceFilter(choices=STAGES)
    needs_confirmation = FlagFilter()


class YieldBands(Endpoint):
    filterset_class = BandFilters

    @operation(Can.READ_LIMITS, gives=BandOut, page=True)
    def get(self, request: Request) -> Response:
        """Yield bands of the stages, dated; those that need confirmation never judge."""
        return self.page(queries.bands())

    @operation(Can.MANAGE_PRODUCTS, takes=BandIn, gives=BandOut, status=201)
    def post(self, request: Request) -> Response:
        """Add a yield band; it judges from its confirmation on."""
        return self.answer(services.add_band(services.BandData(**self.read())))


class YieldBandConfirm(Endpoint):
    @operation(Can.CONFIRM_LIMIT, takes=ConfirmBandIn, gives=BandOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Confirm a yield band against the document."""
        band = get_or_404(queries.bands(), id=id)
        return self.answer(services.confirm_band(band, by=caller(request), **self.read()))


class FindingFilters(Filters):
    rule = django_filters.ChoiceFilter(choices=Rule.choices())
    state = django_filters.ChoiceFilter(choices=FindingState.choices())
    batch = IdFilter(field_name="batch_id")
    plant = TextFilter(field_name="batch__plant")
    kind = django_filters.ChoiceFilter(field_name="batch__kind", choices=BatchKind.choices())
    first_seen_from = MomentFilter(field_name="first_seen_at", lookup_expr="gte")
    first_seen_to = MomentFilter(field_name="first_seen_at", lookup_expr="lt")


class Findings(Endpoint):
    filterset_class = FindingFilters
    ordering = ("-first_seen_at", "-id")

    @operation(Can.READ_FINDINGS, gives=FindingOut, page=True)
    def get(self, request: Request) -> Response:
        """Faults of mass, ancestry and yield, the newest first; open, settled and cleared ones."""
        return self.page(queries.findings_for(caller(request)))


class FindingsCsv(Endpoint):
    @operation(Can.READ_FINDINGS, media_type="text/csv")
    def get(self, request: Request) -> StreamingHttpResponse:
        """Every finding that is open or settled, as CSV."""
        lines = csv_lines(FINDING_COLUMNS, _lines(queries.standing_findings_for(caller(request))))
        file = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        file["Content-Disposition"] = 'attachment; filename="findings.csv"'
        return file


def _lines(rows: Any) -> Iterator[list[Any]]:
    for row in rows.iterator(chunk_size=2_000):
        yield _line(row)


def _line(row: Finding) -> list[Any]:
    batch, settled_by = row.batch, row.settled_by
    return [
        row.rule,
        batch.code,
        batch.kind,
        batch.product.sku,
        batch.plant,
        row.state,
        row.residual_kg,
        row.tolerance_kg,
        row.first_seen_at.isoformat(),
        row.last_seen_at.isoformat(),
        settled_by.display_name if settled_by else "",
        row.settle_reason,
        " → ".join(row.evidence.get("path", ())),
    ]


class FindingDetail(Endpoint):
    @operation(Can.READ_FINDINGS, gives=FindingOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One finding with its evidence."""
        return self.answer(get_or_404(queries.findings_for(caller(request)), id=id))


class FindingSettle(Endpoint):
    @operation(Can.SETTLE_FINDING, takes=SettleFindingIn, gives=FindingOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Explain a finding; it stays settled while its numbers stay."""
        finding = get_or_404(queries.findings_for(caller(request)), id=id)
        return self.answer(services.settle_finding(finding, by=caller(request), **self.read()))


class FindingRefreshes(Endpoint):
    @operation(Can.READ_FINDINGS, gives=RefreshOut, page=True)
    def get(self, request: Request) -> Response:
        """When all batches were looked over, and what was found."""
        return self.page(queries.refreshes())


urlpatterns: list[Any] = [
    path("batches/<uuid:id>/stock-counts", BatchStockCounts.as_view()),
    path("batches/<uuid:id>/balance", BatchBalance.as_view()),
    path("yield-bands", YieldBands.as_view()),
    path("yield-bands/<uuid:id>/confirm", YieldBandConfirm.as_view()),
    path("findings", Findings.as_view()),
    path("findings.csv", FindingsCsv.as_view()),
    path("findings/<uuid:id>", FindingDetail.as_view()),
    path("findings/<uuid:id>/settle", FindingSettle.as_view()),
    path("finding-refreshes", FindingRefreshes.as_view()),
]
