"""What a batch was made from, and what was made from it: direct links with their kg, and taking one back."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from backend.core.fields import Choice, Exact, Id, In, Moment, Out, Text
from backend.core.paging import Filters, FlagFilter, get_or_404
from traceability.batch.api import BatchRefOut
from traceability.batch.queries import batches_for
from traceability.customer.models import Customer
from traceability.customer.queries import customers_for
from traceability.customer.rules import shown_name
from traceability.genealogy import queries, services, silo_api, transformation_api
from traceability.genealogy.guard import GoneElsewhere, nothing_elsewhere
from traceability.genealogy.models import MadeFrom
from traceability.genealogy.rules import LinkKind
from traceability.genealogy.services import ShippedTo

LEAST_KG = Decimal("0.001")
ENTERED_KINDS = [  # what came back makes its own batch: POST /batches/{id}/returns
    (kind.value, kind.value) for kind in LinkKind if kind is not LinkKind.RETURNED
]


class ParentIn(In):
    parent = Id()  # type: ignore[assignment]  # a column of ours; DRF moves declared fields away
    qty_kg = Exact(max_digits=14, decimal_places=3, min_value=LEAST_KG, help_text="Of the parent.")
    kind = Choice(choices=ENTERED_KINDS, default=LinkKind.USED.value)
    made_at = Moment(help_text="The order of the goods comes from this time: rework may go back a stage.")
    transformation = Id(
        allow_null=True, default=None, help_text="The run it belongs to, where one of its links was wrong."
    )
    note = Text(max_length=300, allow_blank=True, default="")


class ReversalIn(In):
    reason = Text(max_length=300)


class ReversalOut(Out):
    reason = serializers.CharField()
    at = serializers.DateTimeField()
    by = serializers.CharField(source="by.display_name", help_text="Display name.")
    is_after_recall = serializers.BooleanField(help_text="One of the two batches was under recall by then.")


class _LinkFields(Out):
    id = serializers.UUIDField()
    qty_kg = serializers.DecimalField(max_digits=14, decimal_places=3)
    kind = serializers.ChoiceField(choices=LinkKind.choices())
    made_at = serializers.DateTimeField()
    transformation = serializers.UUIDField(
        source="transformation_id", allow_null=True, help_text="The run it belongs to."
    )
    transformation_number = serializers.CharField(
        source="transformation.number", default=None, allow_null=True
    )
    note = serializers.CharField()
    recorded_by = serializers.CharField(
        source="recorded_by.display_name", default=None, allow_null=True, help_text="Display name."
    )
    is_history = serializers.BooleanField(help_text="From another system's history: stored as it was found.")
    is_reversed = serializers.SerializerMethodField()
    reversal = ReversalOut(allow_null=True)

    def get_is_reversed(self, link: MadeFrom) -> bool:
        return not link.is_live


class ParentOut(_LinkFields):
    batch = BatchRefOut(source="parent")
    supplier_lot = serializers.CharField(source="parent.supplier_lot")


class ChildOut(_LinkFields):
    batch = BatchRefOut(source="child")


class LinkOut(_LinkFields):
    parent_batch = BatchRefOut(source="parent")
    child_batch = BatchRefOut(source="child")


class ReturnIn(In):
    qty_kg = Exact(max_digits=14, decimal_places=3, min_value=LEAST_KG)
    customer = Id()
    returned_at = Moment()
    reason = Text(max_length=300)
    code = Text(max_length=64, default="", help_text="Of the new batch. Without: the old code and -R1, -R2 …")


class ReturnCustomerOut(Out):
    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.SerializerMethodField()

    def get_name(self, customer: Customer) -> str:
        role = caller(self.context["request"]).role
        return shown_name(customer.name, kind=customer.kind, role=role)


class ReturnOut(Out):
    id = serializers.UUIDField()
    batch = BatchRefOut()
    lot = BatchRefOut(help_text="The new batch it came back as.")
    qty_kg = serializers.DecimalField(max_digits=14, decimal_places=3)
    customer = ReturnCustomerOut()
    returned_at = serializers.DateTimeField()
    reason = serializers.CharField()
    recorded_by = serializers.CharField(source="recorded_by.display_name", help_text="Display name.")
    is_reversed = serializers.BooleanField(help_text="Its link was reversed: the entry was wrong.")


class LinkFilters(Filters):
    kind = django_filters.ChoiceFilter(choices=LinkKind.choices())
    is_reversed = FlagFilter(method="by_reversed")

    def by_reversed(self, rows: QuerySet[MadeFrom], name: str, value: bool) -> QuerySet[MadeFrom]:
        return rows.filter(is_live=not value)


class BatchParents(Endpoint):
    filterset_class = LinkFilters
    gone_elsewhere: GoneElsewhere = staticmethod(nothing_elsewhere)

    @operation(Can.READ_BATCHES, gives=ParentOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """What a batch was directly made from, in kg; reversed links among it."""
        return self.page(queries.parents_of(get_or_404(batches_for(caller(request)), id=id)))

    @operation(Can.RECORD_BATCH, takes=ParentIn, gives=ParentOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Enter a parent: salt, additive or packaging. A wrong one is reversed, never changed.

        Circles, industrial salt in edible salt and more than is left of the parent are refused.
        """
        user = caller(request)
        child = get_or_404(batches_for(user), id=id)
        data = self.read()
        data["parent"] = get_or_404(batches_for(user), id=data["parent"])
        data["kind"] = LinkKind(data["kind"])
        if data["transformation"] is not None:
            data["transformation"] = get_or_404(queries.runs(), id=data["transformation"])
        made = services.link_parent(child, by=user, gone_elsewhere=self.gone_elsewhere, **data)
        return self.answer(queries.links().get(pk=made.pk))


class BatchChildren(Endpoint):
    filterset_class = LinkFilters

    @operation(Can.READ_BATCHES, gives=ChildOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """What was directly made from a batch, in kg; reversed links among it."""
        return self.page(queries.children_of(get_or_404(batches_for(caller(request)), id=id)))


class LinkDetail(Endpoint):
    @operation(Can.READ_BATCHES, gives=LinkOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One link between two batches."""
        return self.answer(get_or_404(queries.links(), id=id))


class LinkReverse(Endpoint):
    gone_elsewhere: GoneElsewhere = staticmethod(nothing_elsewhere)

    @operation(Can.RECORD_BATCH, takes=ReversalIn, gives=LinkOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Take back a link entered in error: it stays in the lists, its kg are free again.

        After a recall it is marked; the frozen scope of the recall stays as it is.
        """
        link = get_or_404(queries.links(), id=id)
        given = self.read()
        return self.answer(
            services.reverse_link(link, by=caller(request), gone_elsewhere=self.gone_elsewhere, **given)
        )


class BatchReturns(Endpoint):
    shipped_to: ShippedTo | None = None

    @operation(Can.READ_RECEIVERS, gives=ReturnOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """What came back of a batch, from whom and why; a clerk sees the own regions."""
        user = caller(request)
        return self.page(queries.returns_for(user, get_or_404(batches_for(user), id=id)))

    @operation(Can.RECORD_BATCH, takes=ReturnIn, gives=ReturnOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Goods came back: they become a new batch in quarantine, made from the old one."""
        user = caller(request)
        batch = get_or_404(batches_for(user), id=id)
        data = self.read()
        customer = customers_for(user).filter(pk=data.pop("customer")).first()
        if customer is None:
            raise InvalidInput(errors={"customer": _("Unknown customer.")})
        made = services.record_return(batch, customer=customer, by=user, shipped_to=self.shipped_to, **data)
        return self.answer(made)


def addresses(*, gone_elsewhere: GoneElsewhere, shipped_to: ShippedTo) -> list[Any]:
    """The routes; how much of a batch was shipped, and to whom, the concept that ships tells from above."""
    return [
        path("batches/<uuid:id>/parents", BatchParents.as_view(gone_elsewhere=gone_elsewhere)),
        path("batches/<uuid:id>/children", BatchChildren.as_view()),
        path("batches/<uuid:id>/returns", BatchReturns.as_view(shipped_to=shipped_to)),
        path("links/<uuid:id>", LinkDetail.as_view()),
        path("links/<uuid:id>/reverse", LinkReverse.as_view(gone_elsewhere=gone_elsewhere)),
        *transformation_api.addresses(gone_elsewhere=gone_elsewhere),
        *silo_api.addresses(gone_elsewhere=gone_elsewhere),
    ]
