"""Silos: what is in them, what came in when, and when they were cleaned."""

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.fields import Exact, Id, In, Moment, Out, Text
from backend.core.paging import Filters, MomentFilter, TextFilter, get_or_404
from traceability.batch.api import BatchRefOut
from traceability.batch.queries import batches_for
from traceability.genealogy import queries
from traceability.genealogy.guard import GoneElsewhere, nothing_elsewhere
from traceability.genealogy.models import Silo
from traceability.genealogy.silo import clean_silo, fill_silo, record_silo


class SiloIn(In):
    code = Text(max_length=40, help_text="As painted on it.")
    plant = Text(max_length=40)


class FillIn(In):
    batch = Id()
    filled_at = Moment()
    heel_kg = Exact(
        max_digits=14,
        decimal_places=3,
        min_value=0,
        allow_null=True,
        default=None,
        help_text="Kg of the batch before that were still in; 0 where it ran empty but was not cleaned.",
    )


class CleaningIn(In):
    cleaned_at = Moment()
    method = Text(max_length=100)
    note = Text(max_length=300, allow_blank=True, default="")


class HeelOut(Out):
    link = serializers.UUIDField(source="id")
    batch = BatchRefOut(source="parent")
    qty_kg = serializers.DecimalField(max_digits=14, decimal_places=3)
    is_reversed = serializers.SerializerMethodField()

    def get_is_reversed(self, link: Any) -> bool:
        return not link.is_live


class FillOut(Out):
    id = serializers.UUIDField()
    batch = BatchRefOut()
    filled_at = serializers.DateTimeField()
    heel = HeelOut(allow_null=True, help_text="What was in the silo below it; null in a clean one.")
    recorded_by = serializers.CharField(source="recorded_by.display_name", help_text="Display name.")


class CleaningOut(Out):
    id = serializers.UUIDField()
    cleaned_at = serializers.DateTimeField()
    method = serializers.CharField()
    note = serializers.CharField()
    by = serializers.CharField(source="by.display_name", help_text="Display name.")


class SiloOut(Out):
    id = serializers.UUIDField()
    code = serializers.CharField()
    plant = serializers.CharField()
    fill = serializers.SerializerMethodField()
    last_cleaned_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(FillOut(allow_null=True))
    def get_fill(self, silo: Silo) -> Any:
        rows = silo.current  # type: ignore[attr-defined]  # prefetched by queries.silos
        return FillOut(rows[0], context=self.context).data if rows else None


class SiloFilters(Filters):
    plant = TextFilter()


class FillFilters(Filters):
    filled_from = MomentFilter(field_name="filled_at", lookup_expr="gte")
    filled_to = MomentFilter(field_name="filled_at", lookup_expr="lte")


class Silos(Endpoint):
    filterset_class = SiloFilters
    ordering = ("code",)

    @operation(Can.READ_BATCHES, gives=SiloOut, page=True)
    def get(self, request: Request) -> Response:
        """Silos by code, with what came in last unless they were cleaned since."""
        return self.page(queries.silos())

    @operation(Can.RECORD_BATCH, takes=SiloIn, gives=SiloOut, status=201)
    def post(self, request: Request) -> Response:
        """Enter a silo by the code painted on it."""
        return self.answer(record_silo(**self.read()))


class SiloDetail(Endpoint):
    @operation(Can.READ_BATCHES, gives=SiloOut)
    def get(self, request: Request, silo: str) -> Response:
        """One silo, by its code or its id."""
        return self.answer(get_or_404(queries.silos_named(silo)))


class SiloFills(Endpoint):
    filterset_class = FillFilters
    ordering = ("-filled_at", "-id")
    gone_elsewhere: GoneElsewhere = staticmethod(nothing_elsewhere)

    @operation(Can.READ_BATCHES, gives=FillOut, page=True)
    def get(self, request: Request, silo: str) -> Response:
        """What came into a silo, the latest first, each with the heel below it."""
        return self.page(queries.fills_of(get_or_404(queries.silos_named(silo))))

    @operation(Can.RECORD_BATCH, takes=FillIn, gives=FillOut, status=201)
    def post(self, request: Request, silo: str) -> Response:
        """A batch came into a silo; unless it was cleaned, the heel of the batch before goes into this one."""
        user = caller(request)
        row = get_or_404(queries.silos_named(silo))
        data = self.read()
        data["batch"] = get_or_404(batches_for(user), id=data["batch"])
        return self.answer(fill_silo(row, by=user, gone_elsewhere=self.gone_elsewhere, **data))


class SiloCleanings(Endpoint):
    ordering = ("-cleaned_at", "-id")

    @operation(Can.READ_BATCHES, gives=CleaningOut, page=True)
    def get(self, request: Request, silo: str) -> Response:
        """When a silo was cleaned, and how; the latest first."""
        return self.page(queries.cleanings_of(get_or_404(queries.silos_named(silo))))

    @operation(Can.RECORD_BATCH, takes=CleaningIn, gives=CleaningOut, status=201)
    def post(self, request: Request, silo: str) -> Response:
        """A silo was emptied and cleaned: what comes in next has no heel."""
        row = get_or_404(queries.silos_named(silo))
        return self.answer(clean_silo(row, by=caller(request), **self.read()))


def addresses(*, gone_elsewhere: GoneElsewhere) -> list[Any]:
    """The routes; how much of a batch was shipped, the concept that ships tells from above."""
    return [
        path("silos", Silos.as_view()),
        path("silos/<str:silo>", SiloDetail.as_view()),
        path("silos/<str:silo>/fills", SiloFills.as_view(gone_elsewhere=gone_elsewhere)),
        path("silos/<str:silo>/cleanings", SiloCleanings.as_view()),
    ]
