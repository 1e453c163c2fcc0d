"""Visits over HTTP: planning, my day, check-in and check-out, photos, scans, closing."""

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
from backend.accounts.made import Made
from backend.accounts.models import User
from backend.accounts.rules import Can, Role
from backend.core import clock
from backend.core.attachment import photo_of
from backend.core.endpoint import Endpoint, operation
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from backend.core.fields import Choice, Day, Exact, Flag, Id, In, Moment, Sha256, Text, Whole
from backend.core.paging import (
    CursorPages,
    DayFilter,
    Filters,
    FlagFilter,
    IdFilter,
    TextFilter,
    get_or_404,
)
from fieldservice.visit import queries, recall_task, services
from fieldservice.visit.answer import (
    CheckOut,
    DayVisitOut,
    RecallTaskOut,
    VisitDetailOut,
    VisitOut,
    VisitPhotoOut,
    VisitScanOut,
)
from fieldservice.visit.models import Visit
from fieldservice.visit.rules import RecallTaskState, ReportText, VisitKind, VisitStatus, check_filters
from traceability.batch.queries import batches_for
from traceability.customer.models import Site
from traceability.customer.rules import Datum


class VisitIn(In):
    kind = Choice(choices=VisitKind.choices())
    customer = Id()
    site = Id(help_text="One of the customer's sites.")
    technician = Id()
    planned_on = Day(help_text="Today or a day of the coming year.")
    planned_order = Whole(min_value=0, max_value=99, default=0, help_text="Place in the day's round.")
    purpose = Text(max_length=300)
    batches = serializers.ListField(
        child=Id(), max_length=50, default=list, help_text="Batches the visit is about."
    )


class VisitChangeIn(In):
    technician = Id(required=False)
    planned_on = Day(required=False)
    planned_order = Whole(min_value=0, max_value=99, required=False)
    purpose = Text(max_length=300, required=False)


class VisitPlaceIn(In):
    latitude = Exact(max_digits=9, decimal_places=6, min_value=Decimal(-90), max_value=Decimal(90))
    longitude = Exact(max_digits=9, decimal_places=6, min_value=Decimal(-180), max_value=Decimal(180))
    datum = Choice(choices=Datum.choices(), help_text="WGS-84 from the phone, GCJ-02 from Chinese maps.")
    accuracy_m = Exact(max_digits=8, decimal_places=1, min_value=Decimal(0), allow_null=True, default=None)
    provider = Text(max_length=20, allow_blank=True, default="", help_text="gps, network …")
    is_mock = Flag(default=False, help_text="The phone says the position is not real.")


class VisitCheckIn(In):
    id = Id(help_text="Made by the app; sending it again changes nothing.")
    made_at = Moment(help_text="By the phone's clock.")
    place = VisitPlaceIn(allow_null=True, default=None, help_text="null where the phone has no position.")
    reason = Text(max_length=300, allow_blank=True, default="", help_text="Why it is not at the site.")
    photo = Sha256(allow_null=True, default=None, help_text="From POST attachments.")


class VisitPhotoIn(In):
    id = Id(help_text="Made by the app; sending it again changes nothing.")
    made_at = Moment(help_text="By the phone's clock.")
    attachment = Sha256(help_text="From POST attachments.")
    caption = Text(max_length=200, allow_blank=True, default="")


class VisitScanIn(In):
    scan = Id(help_text="One of the caller's scans.")


class VisitCloseIn(In):
    findings = Text(max_length=8000)
    signature = Sha256(help_text="The picture of the customer's signature, from POST attachments.")
    signed_by_name = Text(max_length=64)


class RecallTaskTakeIn(In):
    visit = Id(
        allow_null=True, default=None, help_text="An own visit to this customer; without, one is made."
    )


class VisitCancelIn(In):
    reason = Text(max_length=300)


class VisitFilters(Filters):
    number = TextFilter()
    kind = django_filters.ChoiceFilter(choices=VisitKind.choices())
    status = django_filters.ChoiceFilter(choices=VisitStatus.choices())
    technician = IdFilter(field_name="technician_id")
    customer = IdFilter(field_name="customer_id")
    batch = IdFilter(field_name="batch_links__batch_id")
    planned_from = DayFilter(field_name="planned_on", lookup_expr="gte")
    planned_to = DayFilter(field_name="planned_on", lookup_expr="lte")
    flagged = FlagFilter(method="only_flagged")

    def only_flagged(self, rows: QuerySet[Visit], name: str, value: bool) -> QuerySet[Visit]:
        return queries.flagged(rows, is_flagged=value)


class DayFilters(Filters):
    on = DayFilter(field_name="planned_on")


class VisitEndpoint(Endpoint):
    """What the operations on one visit share."""

    def visit(self, id: UUID) -> Visit:
        return get_or_404(queries.visits_for(caller(self.request)), id=id)

    def shown(self, id: UUID) -> Response:
        """The visit with everything that hangs on it, as it is now."""
        rows = queries.with_details(queries.visits_for(caller(self.request)))
        return self.answer(get_or_404(rows, id=id))

    def made(self, data: dict[str, Any]) -> Made:
        device_id = getattr(self.request.auth, "device_id", None)
        return Made(data["id"], caller(self.request), device_id, self.stamp(data["made_at"]))


class Visits(VisitEndpoint):
    filterset_class = VisitFilters

    @operation(Can.READ_VISITS, gives=VisitOut, page=True)
    def get(self, request: Request) -> Response:
        """Visits the caller may read; `flagged=true` for check-ins worth a second look."""
        user = caller(request)
        check_filters(request.query_params, role=Role(user.role))
        return self.page(queries.visits_for(user))

    @operation(Can.PLAN_VISIT, takes=VisitIn, gives=VisitDetailOut, status=201)
    def post(self, request: Request) -> Response:
        """Plan a visit."""
        data, user = self.read(), caller(request)
        site = _site(user, site=data["site"], customer=data["customer"])
        _check_technician(user, data["technician"])
        found = {batch.pk: batch for batch in batches_for(user).filter(pk__in=data["batches"])}
        missing = [str(index) for index, id in enumerate(data["batches"]) if id not in found]
        if missing:
            raise InvalidInput(errors={"batches": {index: _("No such batch.") for index in missing}})
        plan = services.VisitPlan(
            kind=VisitKind(data["kind"]),
            site=site,
            technician_id=data["technician"],
            planned_on=data["planned_on"],
            purpose=data["purpose"],
            planned_order=data["planned_order"],
            batches=tuple(found.values()),
        )
        return self.shown(services.plan_visit(plan, by=user).pk)


def _site(user: User, *, site: UUID, customer: UUID) -> Site:
    """The customer's site in the caller's scope. Raises InvalidInput (400)."""
    found = queries.sites_for_planning(user).filter(pk=site).first()
    if found is None:
        raise InvalidInput(errors={"site": _("No such active site.")})
    if found.customer_id != customer:
        raise InvalidInput(errors={"site": _("The site belongs to another customer.")})
    return found


def _check_technician(user: User, id: UUID) -> None:
    """Raises InvalidInput (400) where the caller may not plan with that person."""
    if not queries.technicians_for(user).filter(pk=id).exists():
        raise InvalidInput(errors={"technician": _("No such active technician.")})


class DayPages(CursorPages):
    """A page of visits, with `recall_tasks` beside it."""

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        page = super().get_paginated_response_schema(schema)
        tasks = {"type": "array", "items": {"$ref": "#/components/schemas/RecallTaskOut"}}
        return {
            **page,
            "required": [*page["required"], "recall_tasks"],
            "properties": {**page["properties"], "recall_tasks": tasks},
        }


class MyDay(Endpoint):
    filterset_class = DayFilters
    pagination_class = DayPages
    ordering = queries.DAY_ORDER

    @operation(Can.WORK_VISIT, gives=DayVisitOut, page=True)
    def get(self, request: Request) -> Response:
        """The caller's own visits of a day (default today), key customers first, then in planned order.

        `recall_tasks`: consignees of running recalls in the caller's regions that nobody went to yet, and those the
        caller took, the gravest recall first.
        """
        user = caller(request)
        rows = queries.day_of(user)
        answer = self.page(rows if request.query_params.get("on") else rows.filter(planned_on=clock.today()))
        tasks = queries.recall_tasks_today(user)
        shown = RecallTaskOut(tasks, many=True, context=self.get_serializer_context()).data
        return Response(answer.data | {"recall_tasks": shown})


class RecallTaskFilters(Filters):
    recall = IdFilter(field_name="notice__recall_id")
    state = django_filters.ChoiceFilter(choices=RecallTaskState.choices())
    technician = IdFilter(field_name="technician_id")
    region = TextFilter(field_name="notice__region_id")


class RecallTasks(Endpoint):
    filterset_class = RecallTaskFilters
    ordering = queries.TASK_ORDER

    @operation(Can.READ_RECALL_TASKS, gives=RecallTaskOut, page=True)
    def get(self, request: Request) -> Response:
        """Consignees of recalls as work in the field, the gravest recall first."""
        return self.page(queries.recall_tasks_for(caller(request)))


class RecallTaskTake(VisitEndpoint):
    @operation(Can.WORK_VISIT, takes=RecallTaskTakeIn, gives=RecallTaskOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Take a recall task: with an own visit to the customer, or a new one today. The first technician has it."""
        user, visit_id = caller(request), self.read()["visit"]
        task = get_or_404(queries.recall_tasks_for(user), id=id)
        visit = self.visit(visit_id) if visit_id else None
        recall_task.take_recall_task(task, by=user, visit=visit)
        return self.answer(get_or_404(queries.recall_tasks_for(user), id=id))


class VisitDetail(VisitEndpoint):
    @operation(Can.READ_VISITS, gives=VisitDetailOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One visit with batches, photos and scans."""
        return self.shown(id)

    @operation(Can.PLAN_VISIT, takes=VisitChangeIn, gives=VisitDetailOut)
    def patch(self, request: Request, id: UUID) -> Response:
        """Change technician, day, order or purpose before the check-in."""
        visit, changes = self.visit(id), self.read()
        if "technician" in changes:
            _check_technician(caller(request), changes["technician"])
        services.change_plan(visit, changes=changes)
        return self.shown(id)


class VisitCheck(VisitEndpoint):
    """What check-in and check-out share."""

    def check(self, data: dict[str, Any]) -> services.Check:
        place, user = data["place"], caller(self.request)
        return services.Check(
            place=services.Place(**place | {"datum": Datum(place["datum"])}) if place else None,
            reason=data["reason"],
            photo=photo_of(data["photo"], by_id=user.pk, field="photo"),
        )


class VisitArrival(VisitCheck):
    @operation(Can.WORK_VISIT, takes=VisitCheckIn, gives=CheckOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Check in; far from the site or with a mocked position it is taken and flagged."""
        data = self.read()
        check = services.check_in(self.visit(id), check=self.check(data), made=self.made(data))
        return self.answer(check)


class VisitDeparture(VisitCheck):
    @operation(Can.WORK_VISIT, takes=VisitCheckIn, gives=CheckOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Check out."""
        data = self.read()
        check = services.check_out(self.visit(id), check=self.check(data), made=self.made(data))
        return self.answer(check)


class VisitPhotos(VisitEndpoint):
    @operation(Can.WORK_VISIT, takes=VisitPhotoIn, gives=VisitPhotoOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Add an uploaded photo to the visit."""
        data = self.read()
        attachment = photo_of(data["attachment"], by_id=caller(request).pk, field="attachment")
        assert attachment is not None  # the field is required
        photo = services.add_photo(
            self.visit(id), attachment=attachment, caption=data["caption"], made=self.made(data)
        )
        return self.answer(photo)


class VisitScans(VisitEndpoint):
    @operation(Can.WORK_VISIT, takes=VisitScanIn, gives=VisitScanOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Say that a scan was made on this visit; its batch becomes one of the visit's."""
        user = caller(request)
        scan = queries.own_scans(user).filter(pk=self.read()["scan"]).first()
        if scan is None:
            raise InvalidInput(errors={"scan": _("No such scan of yours has arrived.")})
        return self.answer(services.add_scan(self.visit(id), scan=scan, by=user))


class VisitClose(VisitEndpoint):
    @operation(Can.WORK_VISIT, takes=VisitCloseIn, gives=VisitDetailOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Close the visit with findings and the customer's signature."""
        data = self.read()
        signature = photo_of(data["signature"], by_id=caller(request).pk, field="signature")
        assert signature is not None  # the field is required
        report = ReportText(findings=data["findings"], signed_by_name=data["signed_by_name"])
        services.close_visit(self.visit(id), report=report, signature=signature, by=caller(request))
        return self.shown(id)


class VisitCancel(VisitEndpoint):
    @operation(Can.PLAN_VISIT, takes=VisitCancelIn, gives=VisitDetailOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Call a visit off: planned, or begun and never ended; what was recorded stays."""
        services.cancel_visit(self.visit(id), reason=self.read()["reason"])
        return self.shown(id)


urlpatterns: list[Any] = [
    path("visits", Visits.as_view()),
    path("my-day", MyDay.as_view()),
    path("recall-tasks", RecallTasks.as_view()),
    path("recall-tasks/<uuid:id>/take", RecallTaskTake.as_view()),
    path("visits/<uuid:id>", VisitDetail.as_view()),
    path("visits/<uuid:id>/check-in", VisitArrival.as_view()),
    path("visits/<uuid:id>/check-out", VisitDeparture.as_view()),
    path("visits/<uuid:id>/photos", VisitPhotos.as_view()),
    path("visits/<uuid:id>/scans", VisitScans.as_view()),
    path("visits/<uuid:id>/close", VisitClose.as_view()),
    path("visits/<uuid:id>/cancel", VisitCancel.as_view()),
]
