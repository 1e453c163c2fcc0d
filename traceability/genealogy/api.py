"""What a batch was made from, and what was made from it: direct links with their kg."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.fields import Exact, Id, In, Moment, Out
from backend.core.paging import get_or_404
from traceability.batch.api import BatchRefOut
from traceability.batch.queries import batches_for
from traceability.genealogy import queries, services

LEAST_KG = Decimal("0.001")


class ParentIn(In):
    parent = Id()  # type: ignore[assignment]  # a column of ours; DRF moves declared fields away
    qty_kg = Exact(max_digits=14, decimal_places=3, min_value=LEAST_KG, help_text="Of the parent.")
    made_at = Moment()


class ParentOut(Out):
    id = serializers.UUIDField()
    batch = BatchRefOut(source="parent")
    supplier_lot = serializers.CharField(source="parent.supplier_lot")
    qty_kg = serializers.DecimalField(max_digits=14, decimal_places=3)
    made_at = serializers.DateTimeField()
    recorded_by = serializers.CharField(source="recorded_by.display_name", help_text="Display name.")


class ChildOut(Out):
    id = serializers.UUIDField()
    batch = BatchRefOut(source="child")
    qty_kg = serializers.DecimalField(max_digits=14, decimal_places=3)
    made_at = serializers.DateTimeField()
    recorded_by = serializers.CharField(source="recorded_by.display_name", help_text="Display name.")


class BatchParents(Endpoint):
    @operation(Can.READ_BATCHES, gives=ParentOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """What a batch was directly made from, in kg."""
        return self.page(queries.parents_of(get_or_404(batches_for(caller(request)), id=id)))

    @operation(Can.RECORD_BATCH, takes=ParentIn, gives=ParentOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Enter a parent; it cannot be taken back. Circles and industrial salt in edible salt are refused."""
        user = caller(request)
        child = get_or_404(batches_for(user), id=id)
        data = self.read()
        data["parent"] = get_or_404(batches_for(user), id=data["parent"])
        return self.answer(services.link_parent(child, by=user, **data))


class BatchChildren(Endpoint):
    @operation(Can.READ_BATCHES, gives=ChildOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """What was directly made from a batch, in kg."""
        return self.page(queries.children_of(get_or_404(batches_for(caller(request)), id=id)))


urlpatterns: list[Any] = [
    path("batches/<uuid:id>/parents", BatchParents.as_view()),
    path("batches/<uuid:id>/children", BatchChildren.as_view()),
]
