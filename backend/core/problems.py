"""Any exception → an RFC 9457 problem document with a permanent code and texts in the caller's language."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import get_language, gettext
from rest_framework import exceptions

from backend.core.code_words import in_words
from backend.core.errors import DomainError, Forbidden, InvalidInput, NotFound
from backend.core.errors import mark as _

log = structlog.get_logger("saltline.problem")

MEDIA_TYPE = "application/problem+json"
BUSY_STATES = {"55P03", "57014", "40P01", "40001", "53300"}  # lock/statement timeout, deadlock, too many


class NotAuthenticated(DomainError):
    code, status, title = "not_authenticated", 401, _("Please sign in")
    detail = _("The token or session is missing, wrong, expired or revoked.")


class MethodNotAllowed(DomainError):
    code, status, title = "method_not_allowed", 405, _("This address does not know that method")


class UnsupportedMediaType(DomainError):
    code, status, title = "unsupported_media_type", 415, _("This kind of content is not taken here")


class TooManyRequests(DomainError):
    code, status, title = "too_many_requests", 429, _("Too many requests")
    detail = _("Please try again in {seconds} seconds.")


class Conflict(DomainError):
    """The database refused because another row stands in the way (a race lost, a duplicate)."""

    code, status, title = "conflict", 409, _("Another entry stands in the way")


class Busy(DomainError):
    code, status, title = "busy", 503, _("The server is busy, please try again")
    retry_after_s = 2


class BodyTooLarge(DomainError):
    code, status, title = "body_too_large", 413, _("The body is too large")
    detail = _("At most {limit} bytes are taken.")


class InternalError(DomainError):
    code, status, title = "internal_error", 500, _("Something went wrong on our side")


def as_domain_error(exc: Exception) -> DomainError | None:
    """The refusal that stands for `exc`; None where it is a fault of ours."""
    if isinstance(exc, DomainError):
        return exc
    for kinds, make in MAPPING:
        if isinstance(exc, kinds):
            return make(exc)
    return None


def _busy_or_none(exc: Exception) -> DomainError:
    cause = exc.__cause__
    if getattr(cause, "sqlstate", None) in BUSY_STATES or cause is None:
        return Busy()
    log.error("database_unavailable", error=exc.__class__.__name__, sqlstate=getattr(cause, "sqlstate", None))
    return Busy()


def _throttled(exc: Exception) -> DomainError:
    seconds = max(1, int(getattr(exc, "wait", None) or 1))
    return TooManyRequests(seconds=seconds, retry_after_s=seconds)


MAPPING: list[tuple[Any, Any]] = [
    (exceptions.ValidationError, lambda exc: InvalidInput(errors={"": exc.detail})),
    ((exceptions.NotAuthenticated, exceptions.AuthenticationFailed), lambda exc: NotAuthenticated()),
    ((exceptions.PermissionDenied, PermissionDenied), lambda exc: Forbidden()),
    ((Http404, exceptions.NotFound), lambda exc: NotFound()),
    (exceptions.MethodNotAllowed, lambda exc: MethodNotAllowed()),
    (exceptions.UnsupportedMediaType, lambda exc: UnsupportedMediaType()),
    (exceptions.Throttled, _throttled),
    (RequestDataTooBig, lambda exc: BodyTooLarge(limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)),
    (
        (exceptions.APIException, SuspiciousOperation, MultiPartParserError, UnreadablePostError),
        lambda exc: InvalidInput(),
    ),
    ((DataError, OverflowError, UnicodeError), lambda exc: InvalidInput()),
    (IntegrityError, lambda exc: Conflict()),
    (OperationalError, _busy_or_none),
]


def _pointers(value: Any, at: str = "") -> Iterator[dict[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            name = "" if key in ("", "non_field_errors") else f"/{key}"
            yield from _pointers(inner, at + name)
    elif isinstance(value, (list, tuple)) and any(isinstance(item, (Mapping, list)) for item in value):
        for index, inner in enumerate(value):
            yield from _pointers(inner, f"{at}/{index}")
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _pointers(inner, at)
    else:
        code = getattr(value, "code", "invalid")
        yield {"pointer": at, "code": str(code), "detail": gettext(str(value))}


def document(error: DomainError, *, request_id: str | None) -> dict[str, Any]:
    """The members of the problem document; texts in the active language, codes in them in its words."""
    params = {name: value for name, value in error.params.items() if value is not None}
    params |= {name: gettext(str(params[name])) for name in error.texts if name in params}
    words = {name: in_words(value) for name, value in params.items()}
    body: dict[str, Any] = {
        "type": f"/docs/problems#{error.code}",
        "title": gettext(error.title),
        "status": error.status,
        "code": error.code,
        "detail": gettext(error.detail).format_map(_Blank(words)) if error.detail else gettext(error.title),
    }
    if error.errors:
        body["errors"] = list(_pointers(error.errors))
    if request_id:
        body["request_id"] = request_id
    for name, value in params.items():
        body.setdefault(name, value)
    return body


class _Blank(dict[str, Any]):
    """Format fields that were not given stay blank instead of failing the answer."""

    def __missing__(self, key: str) -> str:
        return ""


def problem(error: DomainError, request: HttpRequest) -> HttpResponse:
    """The HTTP answer for a refusal."""
    body = document(error, request_id=request.META.get("saltline.request_id"))
    response = HttpResponse(orjson.dumps(body, default=str), status=error.status, content_type=MEDIA_TYPE)
    response["Content-Language"] = get_language() or "zh-hans"
    response["Cache-Control"] = "no-store"
    if error.retry_after_s:
        response["Retry-After"] = str(error.retry_after_s)
    if error.status == 401:
        response["WWW-Authenticate"] = "Token"
    return response


def problem_response(exc: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """DRF's exception handler. None (a fault of ours) lets Django log it and call `server_error`."""
    error = as_domain_error(exc)
    if error is None:
        return None
    request = context["request"]
    return problem(error, getattr(request, "_request", request))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem(NotFound(), request)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem(InvalidInput(), request)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem(Forbidden(), request)


def server_error(request: HttpRequest) -> HttpResponse:
    return problem(InternalError(), request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return problem(Forbidden(), request)
