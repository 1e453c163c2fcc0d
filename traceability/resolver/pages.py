"""The public page of a batch, and the link set for programs (GS1-conformant resolver)."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, re_path
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language, gettext
from django.views import View

from backend.core import clock
from backend.core.errors import DomainError, NotFound
from backend.core.problems import problem
from backend.core.throttle import AddressThrottle
from traceability.resolver import queries
from traceability.resolver.link import Link, link_type, read, wants_link_set
from traceability.resolver.link_set import CONTEXT, MEDIA_TYPE, TARGETS, description_of_resolver, link_set
from traceability.resolver.rules import SEVERAL, WORDS, LinkTypeUnknown, PublicBatch, PublicState, by_gravity

HTML, JSON = "text/html", "application/json"
LONGEST_LOT = 64


class Resolver(View):
    """GET, HEAD and OPTIONS of a Digital Link. A person gets a page, a program a link set or a problem document.

    Whatever we do not know answers alike: an unknown item, an unknown lot, an unknown pallet.
    """

    http_method_names = ["get", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        response = self.guarded(request, *args, **kwargs)
        response["Access-Control-Allow-Origin"] = "*"  # public facts without cookies: any page may ask
        response.setdefault("Cache-Control", "no-cache")  # a recall is told at once
        patch_vary_headers(response, ("Accept",))
        return response

    def guarded(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The answer, or the refusal in the form that was asked for."""
        try:
            AddressThrottle().check(request)
            return super().dispatch(request, *args, **kwargs)
        except DomainError as error:
            return refused(error, request)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        raw_path, _mark, query = request.get_full_path().partition("?")
        link = read(raw_path, query=query, today=clock.today())
        asked = request.GET.get("linkType", "")
        lot = request.GET.get("lot", "").strip()[:LONGEST_LOT]
        if link.gtin and not link.lot and lot:
            return to_own(Link(gtin=link.gtin, lot=lot).path)
        batches, item = [], None
        if link.lot or link.sscc:
            batches = queries.public_batches(link, on=clock.today())
        else:
            item = queries.item_of(link.gtin)
        if not batches and item is None:
            raise NotFound
        if asked and not wants_link_set(asked):
            name = link_type(asked)
            if name is None or name not in TARGETS:
                raise LinkTypeUnknown
            return to_own(f"{link.path}{TARGETS[name]}")
        if wants_link_set(asked) or prefers(request) != HTML:
            product = item.product if item else batches[0]
            return linked(request, path=link.path, description=f"{product.name_zh} / {product.name_en}")
        page = batch_page(batches) if batches else {"item": item}
        response = render(request, "web/batch.html", page | {"contact": settings.COMPLAINT_CONTACT})
        response["Link"] = f'<{link.path}?linkType=all>; rel="linkset"; type="{MEDIA_TYPE}"'
        return response

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = HttpResponse(status=204)
        response["Allow"] = "GET, HEAD, OPTIONS"
        response["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        response["Access-Control-Allow-Headers"] = "Accept, Accept-Language"
        return response


def batch_page(batches: list[PublicBatch]) -> dict[str, Any]:
    """What the page shows, in the reader's language."""
    is_chinese = str(get_language()).startswith("zh")
    recalled = [batch.id for batch in batches if batch.state is PublicState.RECALLED]
    notices = queries.recall_notices(recalled, is_chinese=is_chinese) if recalled else {}
    batches = by_gravity(batches)
    state = batches[0].state
    words = WORDS[state]
    rows = [
        {
            "name": batch.name_zh if is_chinese else batch.name_en,
            "other_name": batch.name_en if is_chinese else batch.name_zh,
            "batch": batch,
            "word": gettext(WORDS[batch.state].word),
            "notice": notices.get(batch.id, ""),
        }
        for batch in batches
    ]
    return {
        "rows": rows,
        "state": state.value,
        "word": gettext(words.word),
        "sentence": gettext(words.sentence if len(batches) == 1 else SEVERAL[state]),
        "advice": gettext(words.advice),
        "is_past": any(batch.is_past for batch in batches),
    }


def prefers(request: HttpRequest) -> str:
    """The media type of ours that the caller likes best; the page where none is named."""
    return request.get_preferred_type([HTML, MEDIA_TYPE, JSON]) or HTML


def linked(request: HttpRequest, *, path: str, description: str) -> HttpResponse:
    body = link_set(root=root_of(request), path=path, description=description)
    kind = JSON if prefers(request) == JSON else MEDIA_TYPE
    response = HttpResponse(orjson.dumps(body), content_type=kind)
    response["Link"] = f'<{CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
    return response


def root_of(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"


def to_own(path: str) -> HttpResponse:
    """To a page of ours, named by its path alone: no redirect ever leaves the house."""
    return HttpResponse(status=307, headers={"Location": path})


def refused(error: DomainError, request: HttpRequest) -> HttpResponse:
    """A page with what to do next, or a problem document; the same for everything that is not known."""
    if prefers(request) != HTML:
        return problem(error, request)
    shown: Mapping[str, Any] = {
        "is_bad": error.status == 400,
        "is_busy": error.status == 429,
        "reason": gettext(str(error.params.get("reason", ""))),
        "contact": settings.COMPLAINT_CONTACT,
    }
    response = render(request, "web/no_batch.html", shown, status=error.status)
    if error.retry_after_s:
        response["Retry-After"] = str(error.retry_after_s)
    return response


def description(request: HttpRequest) -> HttpResponse:
    """/.well-known/gs1resolver"""
    body = orjson.dumps(description_of_resolver(root_of(request)))
    return HttpResponse(body, content_type=JSON, headers={"Access-Control-Allow-Origin": "*"})


urlpatterns: list[Any] = [
    # In any case; Django's `reverse` cannot read the flag (?i) anywhere among the addresses.
    re_path(r"^(?:01|00|[Gg][Tt][Ii][Nn]|[Ss][Ss][Cc][Cc])/.+$", Resolver.as_view()),
    path(".well-known/gs1resolver", description),
]
