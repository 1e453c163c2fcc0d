"""EPCIS 2.0 REST: capture of documents, queries of events, the events of a trace.

Answers are JSON-LD written by us, not by serializers: an event's members are the standard's, and extensions' own.
"""

import hashlib
from collections.abc import Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core import clock
from backend.core.endpoint import Endpoint, operation
from backend.core.errors import InvalidInput, NotFound
from backend.core.errors import mark as _
from backend.core.fields import Choice, Out, Text
from backend.core.paging import get_or_404
from backend.core.strict import MAX_BODY_BYTES, StrictJSONParser, body_of
from traceability.epcis import queries
from traceability.epcis.capture import capture_document, capture_event
from traceability.epcis.document import context, document_stream, query_document
from traceability.epcis.models import TraceEvent
from traceability.epcis.query import PARAMETERS, Page, page_of
from traceability.epcis.rules import (
    CAPTURE_LIMIT,
    CBV_VERSION,
    EPCIS_VERSION,
    ErrorBehaviour,
    shown,
)
from traceability.epcis.services import append_for_reader
from traceability.trace.queries import batch_by_code, walk
from traceability.trace.rules import Direction

BEHAVIOUR = "GS1-Capture-Error-Behaviour"
VERSIONS = {"GS1-EPCIS-Version": EPCIS_VERSION, "GS1-CBV-Version": CBV_VERSION}
LIMITS = {
    "GS1-EPCIS-Capture-Limit": str(CAPTURE_LIMIT),
    "GS1-EPCIS-Capture-File-Size-Limit": str(MAX_BODY_BYTES),
}
BOTH = "both"


class LinkedJsonParser(StrictJSONParser):
    """JSON-LD is JSON, read as strictly."""

    media_type = "application/ld+json"


class Standard(serializers.Serializer[Any]):
    """A body whose members are the standard's: described here, read by the schema of EPCIS 2.0.

    `@context` and the like are no names a class can hold, so they stand in `members`.
    """

    members: Mapping[str, serializers.Field[Any, Any, Any, Any]] = {}

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return deepcopy(dict(self.members))

    def to_internal_value(self, data: Any) -> Any:
        return data


class EpcisDocumentIn(Standard):
    """An EPCISDocument; further members as EPCIS 2.0 has them."""

    members = {
        "@context": serializers.JSONField(),
        "type": Choice(choices=[("EPCISDocument", "EPCISDocument")]),
        "schemaVersion": Text(max_length=20),
        "creationDate": Text(max_length=40),
        "epcisBody": serializers.JSONField(),
    }


class EpcisEventIn(Standard):
    """One event with its @context; further members as EPCIS 2.0 has them."""

    members = {
        "@context": serializers.JSONField(),
        "type": Text(max_length=500),
        "eventTime": Text(max_length=40),
        "eventTimeZoneOffset": Text(max_length=6),
    }


class EpcisEventOut(Standard):
    members = {
        "@context": serializers.JSONField(),
        "type": serializers.CharField(),
        "eventID": serializers.CharField(),
        "eventTime": serializers.CharField(),
        "eventTimeZoneOffset": serializers.CharField(),
        "recordTime": serializers.CharField(),
    }


class EpcisQueryDocumentOut(Standard):
    members = {
        "@context": serializers.JSONField(),
        "type": serializers.CharField(),
        "schemaVersion": serializers.CharField(),
        "creationDate": serializers.CharField(),
        "epcisBody": serializers.JSONField(),
    }


class EpcisDocumentOut(Standard):
    """All events of a trace. `salt:truncated`: the trace was cut short."""

    members = {
        "@context": serializers.JSONField(),
        "type": serializers.CharField(),
        "schemaVersion": serializers.CharField(),
        "creationDate": serializers.CharField(),
        "salt:truncated": serializers.BooleanField(),
        "epcisBody": serializers.JSONField(),
    }


class CaptureFaultOut(Out):
    path = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class CaptureJobOut(Standard):
    """Names as EPCIS 2.0 has them; the counts are ours."""

    members = {
        "captureID": serializers.UUIDField(source="id"),
        "createdAt": serializers.DateTimeField(source="created_at"),
        "finishedAt": serializers.DateTimeField(source="finished_at"),
        "running": serializers.BooleanField(source="is_running"),
        "success": serializers.BooleanField(source="is_success"),
        "captureErrorBehaviour": serializers.ChoiceField(
            source="error_behaviour", choices=ErrorBehaviour.choices()
        ),
        "stored_count": serializers.IntegerField(),
        "repeated_count": serializers.IntegerField(help_text="Events the log held already."),
        "errors": CaptureFaultOut(many=True),
    }


class EpcisEndpoint(Endpoint):
    """Every answer names the versions of the standards it speaks."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        for name, value in VERSIONS.items():
            answer[name] = value
        return answer

    def found(self, page: Page) -> HttpResponse:
        """A page of events as an EPCISQueryDocument; `Link` names the next one."""
        role = caller(self.request).role
        bodies = [shown(event.body, role=role) for event in page.events]
        answer = as_json(query_document(bodies, at=clock.now()))
        if page.next_token:
            given = {**self.request.query_params.dict(), "nextPageToken": page.next_token}
            answer["Link"] = (
                f'<{self.request.build_absolute_uri(self.request.path)}?{urlencode(given)}>; rel="next"'
            )
        return answer

    def queried(self, rows: QuerySet[TraceEvent], *, of_something: bool = True) -> HttpResponse:
        """The events of `rows` the query asks for; 404 where they are of something no event ever named."""
        role = caller(self.request).role
        append_for_reader()
        if of_something and not rows.exists():
            raise NotFound
        return self.found(page_of(rows, self.request.query_params.dict(), role=role))


class CaptureEndpoint(EpcisEndpoint):
    parser_classes = (StrictJSONParser, LinkedJsonParser)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        for name, value in LIMITS.items():
            answer[name] = value
        answer.setdefault(BEHAVIOUR, ErrorBehaviour.ROLLBACK.value)
        return answer


def as_json(body: Any, *, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(body), status=status, content_type="application/json")


def behaviour_of(request: Request) -> ErrorBehaviour:
    """What the caller wants done with a document one event of which is wrong; rollback unless told otherwise."""
    given = request.headers.get(BEHAVIOUR, ErrorBehaviour.ROLLBACK.value)
    if given not in list(ErrorBehaviour):
        raise InvalidInput(errors={BEHAVIOUR: _("rollback or proceed is expected.")})
    return ErrorBehaviour(given)


def digest_of(body: Mapping[str, Any]) -> str:
    """SHA-256 of the document as it was read."""
    return hashlib.sha256(orjson.dumps(body, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()


class Capture(CaptureEndpoint):
    @operation(Can.CAPTURE_EVENTS, takes=EpcisDocumentIn, gives=CaptureJobOut, status=202, replays=False)
    def post(self, request: Request) -> Response:
        """Hand in a document of events: all or nothing, or with GS1-Capture-Error-Behaviour: proceed the good ones.

        Sent again, its events are counted as repeated and not doubled. 400 names the JSON path of every fault; 413
        where the body or the number of events is over the limit the headers tell.
        """
        document, behaviour = body_of(request), behaviour_of(request)
        job = capture_document(document, behaviour=behaviour, digest=digest_of(document), by=caller(request))
        answer = self.answer(job)
        answer["Location"] = f"{request.path}/{job.pk}"
        answer[BEHAVIOUR] = behaviour.value
        return answer


class CaptureDetail(EpcisEndpoint):
    @operation(Can.CAPTURE_EVENTS, gives=CaptureJobOut)
    def get(self, request: Request, id: UUID) -> Response:
        """What became of a document handed in."""
        return self.answer(get_or_404(queries.jobs_for(caller(request)), id=id))


class Events(CaptureEndpoint):
    @operation(Can.READ_EVENTS, gives=EpcisQueryDocumentOut, params=PARAMETERS)
    def get(self, request: Request) -> HttpResponse:
        """Events by what, when, where and why, newest first; the next page stands in the Link header."""
        return self.queried(queries.events_for(caller(request)), of_something=False)

    @operation(Can.CAPTURE_EVENTS, takes=EpcisEventIn, gives=EpcisEventOut, status=201, replays=False)
    def post(self, request: Request) -> HttpResponse:
        """Hand in one event; the same one again gives the stored one."""
        body = body_of(request)
        event = capture_event(body, digest=digest_of(body), by=caller(request))
        answer = as_json(alone(event, role=caller(request).role), status=201)
        answer["Location"] = f"{request.path}/{urlencode({'': event.event_id})[1:]}"
        return answer


class EventDetail(EpcisEndpoint):
    @operation(Can.READ_EVENTS, gives=EpcisEventOut)
    def get(self, request: Request, event_id: str) -> HttpResponse:
        """One event as it stands: with its error declaration, where it was declared wrong."""
        append_for_reader()
        user = caller(request)
        event = queries.event_by_id(queries.events_for(user), event_id)
        if event is None:
            raise NotFound
        return as_json(alone(event, role=user.role))


def alone(event: TraceEvent, *, role: str) -> dict[str, Any]:
    """An event outside a document: with its context."""
    body = shown(event.body, role=role)
    own = body.get("@context", [])
    return {**body, "@context": [*context(), *(own if isinstance(own, list) else [own])]}


class EpcEvents(EpcisEndpoint):
    @operation(Can.READ_EVENTS, gives=EpcisQueryDocumentOut, params=PARAMETERS)
    def get(self, request: Request, epc: str) -> HttpResponse:
        """Everything that happened to one thing, unit or lot, named by its percent-encoded URI."""
        # Servers in front of us fold two slashes into one.
        uri = epc.replace(":/", "://", 1) if ":/" in epc and "://" not in epc else epc
        return self.queried(queries.about(queries.events_for(caller(request)), uri))


class BizStepEvents(EpcisEndpoint):
    @operation(Can.READ_EVENTS, gives=EpcisQueryDocumentOut, params=PARAMETERS)
    def get(self, request: Request, biz_step: str) -> HttpResponse:
        """Events of one business step."""
        return self.queried(queries.events_for(caller(request)).filter(biz_step=biz_step))


class EventTypeEvents(EpcisEndpoint):
    @operation(Can.READ_EVENTS, gives=EpcisQueryDocumentOut, params=PARAMETERS)
    def get(self, request: Request, event_type: str) -> HttpResponse:
        """Events of one type."""
        return self.queried(queries.events_for(caller(request)).filter(type=event_type))


class BatchEvents(EpcisEndpoint):
    @operation(
        Can.READ_EVENTS,
        gives=EpcisDocumentOut,
        params={
            "direction": "backward, forward or both (default): whose events beside the batch's own",
            "product": "sku, where several products have a batch of this code",
        },
    )
    def get(self, request: Request, code: str) -> StreamingHttpResponse:
        """The trace of a batch as EPCIS: all events of what it was made of and of what was made from it, streamed."""
        user = caller(request)
        wanted = request.query_params.get("direction", BOTH)
        if wanted not in (BOTH, *Direction):
            raise InvalidInput(errors={"direction": _("backward, forward or both is expected.")})
        append_for_reader()
        batch = batch_by_code(code, user=user, product=request.query_params.get("product"))
        ways = list(Direction) if wanted == BOTH else [Direction(wanted)]
        walks = [walk([batch.pk], direction=way) for way in ways]
        ids = list(dict.fromkeys(id for found in walks for id in found.lots))
        bodies = (shown(body, role=user.role) for body in queries.bodies_about(queries.events_for(user), ids))
        lines = document_stream(bodies, at=clock.now(), is_truncated=any(found.truncated for found in walks))
        file = StreamingHttpResponse(lines, content_type="application/json")
        file["Content-Disposition"] = 'attachment; filename="trace.epcis.jsonld"'
        return file


urlpatterns: list[Any] = [
    path("epcis/capture", Capture.as_view()),
    path("epcis/capture/<uuid:id>", CaptureDetail.as_view()),
    path("epcis/events", Events.as_view()),
    path("epcis/events/<path:event_id>", EventDetail.as_view()),
    path("epcis/epcs/<path:epc>/events", EpcEvents.as_view()),
    path("epcis/bizSteps/<path:biz_step>/events", BizStepEvents.as_view()),
    path("epcis/eventTypes/<str:event_type>/events", EventTypeEvents.as_view()),
    path("epcis/batches/<path:code>/events", BatchEvents.as_view()),
]
