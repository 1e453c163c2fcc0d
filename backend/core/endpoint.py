"""The base of every API view: one declared operation per method, then the same manners for all."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

import pghistory
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from backend.core import clock
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from backend.core.fields import In
from backend.core.idempotency import Answer, digest_of, once
from backend.core.paging import CursorPages, Filters
from backend.core.strict import body_of, check_text

F = TypeVar("F", bound=Callable[..., Any])
SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Operation:
    """What one method of one address takes, gives and needs."""

    can: StrEnum
    takes: type[BaseSerializer[Any]] | None
    gives: Any
    status: int
    page: bool
    replays: bool
    params: frozenset[str]


def operation(
    can: StrEnum,
    *,
    takes: type[BaseSerializer[Any]] | None = None,
    gives: Any = None,
    status: int = 200,
    page: bool = False,
    replays: bool = True,
    media_type: str | tuple[str, ...] = "application/json",
    params: Mapping[str, str] | None = None,
) -> Callable[[F], F]:
    """Declares right, input and answer of a view method, for the router, the schema and the tests alike.

    `gives` is an Out serializer, or None for 204; `page` marks a list; `replays=False` switches the
    Idempotency-Key off (log-in); `media_type` other than JSON (or several) marks a file answer; `params` are the query
    parameters beyond the filters: name → description.
    """

    media_types = (media_type,) if isinstance(media_type, str) else media_type
    is_json = media_types == ("application/json",)
    if gives is None and is_json:
        status = 204

    def decorate(method: F) -> F:
        method.operation = Operation(can, takes, gives, status, page, replays, frozenset(params or ()))  # type: ignore[attr-defined]  # carried to the view
        answer: Any = gives
        if not is_json:
            answer = OpenApiResponse(response=bytes, description="File")
        elif page:
            answer = gives(many=True)
        parameters: list[Any] = [
            OpenApiParameter(name, description=text) for name, text in (params or {}).items()
        ]
        if takes is not None and replays:
            parameters.append(IDEMPOTENCY_KEY)
        keys: list[Any] = [status] if is_json else [(status, name) for name in media_types]
        responses = dict.fromkeys(keys, answer)
        return extend_schema(request=takes, responses=responses, parameters=parameters)(method)

    return decorate


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description="Up to 128 characters; the same key and content give the stored answer again.",
)


class Endpoint(GenericAPIView[Any]):
    """Base view. `rate` names the throttle scope; `filterset_class` and `ordering` serve lists.

    `audited = False`: the view opens `self.audit()` itself, around the writes that have a history.
    """

    rate: ClassVar[str] = "api"
    audited: ClassVar[bool] = True
    filterset_class: ClassVar[type[Filters] | None] = None
    ordering: ClassVar[Any] = "-id"

    def operation_for(self, method: str | None) -> Operation | None:
        """The declared operation of an HTTP method; HEAD is GET."""
        name = "get" if method == "HEAD" else (method or "").lower()
        return getattr(getattr(self, name, None), "operation", None)

    @property
    def operation(self) -> Operation:
        found = self.operation_for(self.request.method)
        assert found is not None
        return found

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        operation = self.operation_for(request.method)
        if operation is not None:
            self._check_query(operation)

    def _check_query(self, operation: Operation) -> None:
        if not self.request.META.get("QUERY_STRING"):
            return
        known = set(operation.params)
        if operation.page:
            known |= {"limit", "cursor"}
            known |= set(self.filterset_class.base_filters) if self.filterset_class else set()
        unknown = set(self.request.query_params) - known
        if unknown:
            raise InvalidInput(errors={name: _("Unknown query parameter.") for name in sorted(unknown)})

    def handle(self, handler: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Runs the method: writes inside the history context, and once per client key."""
        request, operation = self.request, self.operation_for(self.request.method)
        if operation is None or request.method in SAFE:
            return handler(request, *args, **kwargs)
        if operation.takes is NothingIn:
            self.read()  # else nobody would notice a body that is not empty, or not JSON
        if not self.audited and not operation.replays:
            return handler(request, *args, **kwargs)
        with self.audit():
            key = self.client_key() if operation.replays else None
            if key is None:
                return handler(request, *args, **kwargs)

            def effect() -> Answer:
                response = handler(request, *args, **kwargs)
                return Answer(status=response.status_code, body=response.data)

            user_id = cast(UUID, request.user.pk)
            digest = digest_of(request.method, request.path, request.data)
            answer = once(user_id=user_id, key=key, digest=digest, effect=effect)
            headers = {"Idempotent-Replayed": "true"} if answer.replayed else None
            return Response(answer.body, status=answer.status, headers=headers)

    def audit(self) -> AbstractContextManager[Any]:
        """The context in which every history row names this request."""
        return pghistory.context(**self.history_context())

    def history_context(self) -> dict[str, Any]:
        """Who, device and request id, for every history row this request makes."""
        request = self.request
        return {
            "user": str(request.user.pk) if request.user and request.user.is_authenticated else None,
            "device": str(device) if (device := getattr(request.auth, "device_id", None)) else None,
            "request_id": request.META.get("saltline.request_id"),
        }

    def client_key(self) -> str | None:
        """The Idempotency-Key, or the client-made `id` of a field write."""
        given = self.request.headers.get("Idempotency-Key")
        if given is not None:
            if not 1 <= len(given) <= 128:
                raise InvalidInput(errors={"Idempotency-Key": _("1 to 128 characters are expected.")})
            check_text(given)
            return given
        data = self.request.data if self.operation.takes else None
        made = data.get("id") if isinstance(data, Mapping) else None
        return made if isinstance(made, str) and len(made) == 36 else None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """As in APIView.dispatch, with `handle` around the method."""
        self.args, self.kwargs = args, kwargs
        self.request = request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            self.initial(request, *args, **kwargs)
            known = request.method.lower() in self.http_method_names
            handler = getattr(self, request.method.lower(), None) if known else None
            response = self.handle(handler or self.http_method_not_allowed, *args, **kwargs)
        except Exception as exc:  # noqa: BLE001 DRF's own contract: handle_exception re-raises what is ours
            response = self.handle_exception(exc)
        self.response = self.finalize_response(request, response, *args, **kwargs)
        return self.response

    def read(self) -> Any:
        """The validated body. Raises InvalidInput with one entry per field at fault."""
        takes = self.operation.takes
        assert takes is not None
        serializer = takes(data=body_of(self.request), context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def answer(self, row: Any) -> Response:
        """`row` through the operation's Out serializer, with the operation's status."""
        gives = self.operation.gives
        body = gives(row, context=self.get_serializer_context()).data if gives else None
        return Response(body, status=self.operation.status)

    def page(self, rows: QuerySet[Any]) -> Response:
        """One page of `rows`, filtered by the view's filter set, newest first unless `ordering` says else."""
        pages = cast(CursorPages, self.paginator)
        pages.ordering = self.ordering
        chosen = pages.paginate_queryset(self.filter_queryset(rows), self.request, view=self)
        gives = self.operation.gives
        body = gives(chosen, many=True, context=self.get_serializer_context()).data
        return pages.get_paginated_response(body)

    def stamp(self, made_at: datetime) -> clock.Stamp:
        """The three times of a field record: the phone's, the corrected one, ours."""
        return clock.stamp(made_at=made_at, sent_at=self.sent_at(), received_at=clock.now())

    def sent_at(self) -> datetime | None:
        """The phone's clock when it sent the request (`X-Sent-At`); None where missing or unreadable."""
        return clock.read_moment(self.request.headers.get("X-Sent-At"))


class NothingIn(In):
    """An operation without input: an empty body or {}."""
