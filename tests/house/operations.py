"""The operations the running code offers, as the URL resolver knows them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from backend.core.endpoint import Endpoint, Operation

# Addresses of people, browsers and supervisors: no part of the API.
OUTSIDE_THE_API = re.compile(
    r"/|/healthz|/readyz|/docs/.*|/static/.*|/app(/.*)?|/console(/.*)?|/technician(/.*)?|/recall/.*"
    r"|/\.well-known/.*|/\^\(\?:01\|00\|.*"  # the addresses printed on labels
)
METHODS = ("get", "post", "put", "patch", "delete")
CONVERTER = re.compile(r"<(?:[^:>]+:)?([^>]+)>")


@dataclass(frozen=True)
class Route:
    """One verb at one address. `template` as in the OpenAPI document: /api/v1/devices/{id}/revoke."""

    method: str
    template: str
    view: type[Any]
    operation: Operation | None

    @property
    def key(self) -> tuple[str, str]:
        return self.method, self.template

    @property
    def declared(self) -> Operation:
        """The view method's `@operation`. AssertionError where it has none."""
        assert self.operation is not None, f"{self} has no @operation: default deny would refuse it to all"
        return self.operation

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


def patterns(resolver: URLResolver, above: str = "/") -> Iterator[tuple[str, URLPattern]]:
    """(template, pattern) of every address below `resolver`."""
    for entry in resolver.url_patterns:
        here = above + CONVERTER.sub(r"{\1}", str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from patterns(entry, here)
        else:
            yield here, entry


def routes() -> list[Route]:
    """Every operation of the API, sorted by address."""
    found = []
    for template, pattern in patterns(get_resolver()):
        if OUTSIDE_THE_API.fullmatch(template):
            continue
        view = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
        assert view and issubclass(view, Endpoint), f"{template} is not served by an Endpoint"
        for name in METHODS:
            method = getattr(view, name, None)
            if method is not None:
                found.append(Route(name.upper(), template, view, getattr(method, "operation", None)))
    return sorted(found, key=lambda route: (route.template, route.method))


ROUTES = routes()
