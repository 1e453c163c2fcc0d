"""Scans, the scan log, label profiles, sighting policies."""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import django_filters
import orjson
from django.http import HttpResponse
from django.urls import path
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from backend.core.fields import Day, In, Out, Text
from backend.core.paging import Filters, IdFilter, MomentFilter, TextFilter, get_or_404
from backend.core.problems import as_domain_error, document
from backend.core.strict import PhotoParser, body_of, object_of, parse_json
from traceability.photo.upload import MAX_BYTES, ImageTooLarge
from traceability.scan import inbox_api, print_api, queries, services
from traceability.scan.intake import MOST_SCANS, PhotoScanIn, ScansIn, entry_of, photo_entry_of
from traceability.scan.rules import Outcome
from traceability.scan.services import Author, Recorded
from traceability.scan.shapes import LoggedScanDetailOut, LoggedScanOut, PhotoScansOut, ScanOut, ScansOut

ONE_OR_MANY = PolymorphicProxySerializer(
    component_name="ScanOrScans", serializers=[ScanOut, ScansOut], resource_type_field_name=None
)
ROOM_FOR_FIELDS = 4_096  # bytes of a multipart body beside its photo: the frame and the other fields


def as_json(body: bytes) -> HttpResponse:
    return HttpResponse(body, content_type="application/json")


class ScanFilters(Filters):
    batch = IdFilter(field_name="batch_id")
    outcome = django_filters.ChoiceFilter(choices=Outcome.choices())
    serial = TextFilter()
    received_from = MomentFilter(field_name="received_at", lookup_expr="gte")
    received_to = MomentFilter(field_name="received_at", lookup_expr="lt")


class ScanEndpoint(Endpoint):
    """Writes to the append-only log, which is its own history; only the inbox needs the history context."""

    audited = False

    def body(self) -> Mapping[str, Any]:
        """As `request.data`, without the library's long way to it."""
        plain = self.request._request
        if plain.content_type != "application/json":
            return body_of(self.request)
        return object_of(parse_json(plain.body) if plain.body else {})

    def author(self) -> Author:
        device_id = getattr(self.request.auth, "device_id", None)
        return Author(user=caller(self.request), device_id=device_id, audit=self.audit)


class Scans(ScanEndpoint):
    rate = "scan"
    filterset_class = ScanFilters
    ordering = ("-received_at", "-id")

    @operation(Can.READ_SCANS, gives=LoggedScanOut, page=True)
    def get(self, request: Request) -> Response:
        """The scan log: the own scans, or all for those who may see them."""
        return self.page(queries.scans_for(caller(request)))

    @operation(Can.RESOLVE_CODE, takes=ScansIn, gives=ONE_OR_MANY, replays=False)
    def post(self, request: Request) -> HttpResponse:
        """Resolve and log a code: batch, verdict and next actions.

        Send one scan, or `scans` with up to 200 of them: then each gets its own result, in order, and those that
        are not valid are refused alone. Sending a scan again gives the stored answer and stores nothing.
        """
        data = self.body()
        if "scans" in data:
            return as_json(self._many(data))
        entry = entry_of(data, stamp=self.stamp)
        if entry.photo_id:
            self._check_photo(entry.photo_id)
        return as_json(services.record_scan(entry, by=self.author()).body)

    def _check_photo(self, sha256: str) -> None:
        if not queries.known_photos([sha256], by=caller(self.request)):
            raise queries.no_such_photo()

    def _many(self, data: Mapping[str, Any]) -> bytes:
        items = data["scans"]
        if len(data) > 1 or not isinstance(items, list) or not 1 <= len(items) <= MOST_SCANS:
            raise InvalidInput(
                errors={"scans": _("A list of 1 to 200 scans, and nothing beside it, is expected.")}
            )
        results: list[Recorded] = [Recorded()] * len(items)
        entries = {}
        for index, item in enumerate(items):
            try:
                entries[index] = entry_of(item, stamp=self.stamp)
            except ValidationError as error:
                results[index] = Recorded(error=as_domain_error(error))
        by = self.author()
        known = queries.known_photos((entry.photo_id for entry in entries.values()), by=by.user)
        for index, entry in list(entries.items()):
            if entry.photo_id and entry.photo_id not in known:
                results[index] = Recorded(error=queries.no_such_photo())
                del entries[index]
        if entries:
            for index, recorded in zip(
                entries, services.record_scans(list(entries.values()), by=by), strict=True
            ):
                results[index] = recorded
        return self._listed(items, results)

    def _listed(self, items: list[Any], results: list[Recorded]) -> bytes:
        request_id = self.request.META.get("saltline.request_id")
        lines = []
        for index, (item, recorded) in enumerate(zip(items, results, strict=True)):
            given = item.get("id") if isinstance(item, Mapping) else None
            error = recorded.error
            lines.append(
                {
                    "index": index,
                    "id": given if isinstance(given, str) and len(given) <= 64 else None,
                    "receipt": "refused" if error else "repeated" if recorded.is_repeat else "stored",
                    "scan": None if error else orjson.Fragment(recorded.body),
                    "problem": document(error, request_id=request_id) if error else None,
                }
            )
        counts = {
            name: sum(line["receipt"] == name for line in lines) for name in ("stored", "repeated", "refused")
        }
        return orjson.dumps({**counts, "results": lines}, default=str)


class ScanPhoto(ScanEndpoint):
    rate = "photo"
    parser_classes = (PhotoParser,)

    @operation(Can.RESOLVE_CODE, takes=PhotoScanIn, gives=PhotoScansOut, replays=False)
    def post(self, request: Request) -> HttpResponse:
        """Read every code in a photo, resolve and log each.

        422 `no_code_found` where nothing can be read: hold the phone closer, avoid glare, try again.
        """
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES + ROOM_FOR_FIELDS:
            raise ImageTooLarge
        data = self.read()
        photo: bytes = data["photo"].read()
        first = photo_entry_of(data, sha256=hashlib.sha256(photo).hexdigest(), stamp=self.stamp)
        recorded = services.record_photo(photo, first=first, by=self.author())
        return as_json(orjson.dumps({"scans": [orjson.Fragment(scan.body) for scan in recorded]}))


class ScanDetail(Endpoint):
    @operation(Can.READ_SCANS, gives=LoggedScanDetailOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One row of the scan log, with its bytes and the answer the phone got."""
        return self.answer(get_or_404(queries.scans_for(caller(request)), id=id))


class OwnUrlRuleIn(In):
    path = Text(max_length=200, help_text="/s/{token}, or a path whose query carries the token.")
    param = Text(max_length=40, required=False)
    field = Text(max_length=10, required=False, help_text="token, batch or serial.")


class LabelProfileIn(In):
    own_hosts = serializers.ListField(child=Text(max_length=200), max_length=20, default=list)
    own_url_rules = serializers.ListField(child=OwnUrlRuleIn(), max_length=20, default=list)
    batch_patterns = serializers.ListField(child=Text(max_length=200), max_length=20, default=list)
    serial_patterns = serializers.ListField(child=Text(max_length=200), max_length=20, default=list)
    valid_from = Day()


class LabelProfileOut(Out):
    id = serializers.UUIDField()
    own_hosts = serializers.ListField(child=serializers.CharField())
    own_url_rules = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    batch_patterns = serializers.ListField(child=serializers.CharField())
    serial_patterns = serializers.ListField(child=serializers.CharField())
    valid_from = serializers.DateField()


class LabelProfiles(Endpoint):
    ordering = ("-valid_from", "-id")

    @operation(Can.READ_PRODUCTS, gives=LabelProfileOut, page=True)
    def get(self, request: Request) -> Response:
        """How our labels look: own hosts and number patterns. The newest that has begun is in force."""
        return self.page(queries.label_profiles())

    @operation(Can.MANAGE_PRODUCTS, takes=LabelProfileIn, gives=LabelProfileOut, status=201)
    def post(self, request: Request) -> Response:
        """A new label profile, in force from its date."""
        return self.answer(services.add_label_profile(**self.read()))


class SightingPolicyOut(Out):
    id = serializers.UUIDField()
    window_hours = serializers.IntegerField()
    far_km = serializers.IntegerField(help_text="Two sightings further apart are suspicious.")
    places = serializers.IntegerField(help_text="So many places are, each `apart_km` from the others.")
    apart_km = serializers.IntegerField()
    regions = serializers.IntegerField(help_text="So are colleagues of so many regions.")
    valid_from = serializers.DateField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field of the answer


class SightingPolicies(Endpoint):
    ordering = ("-valid_from", "-id")

    @operation(Can.READ_SIGNALS, gives=SightingPolicyOut, page=True)
    def get(self, request: Request) -> Response:
        """When the sightings of one serial code are too far apart; the newest that has begun is in force."""
        return self.page(queries.sighting_policies())


urlpatterns: list[Any] = [
    path("scans", Scans.as_view()),
    path("scans/photo", ScanPhoto.as_view()),
    path("scans/<uuid:id>", ScanDetail.as_view()),
    *inbox_api.urlpatterns,
    path("label-profiles", LabelProfiles.as_view()),
    path("sighting-policies", SightingPolicies.as_view()),
    *print_api.urlpatterns,
]
