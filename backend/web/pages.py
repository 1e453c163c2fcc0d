"""The few pages that are not an app: the front door and the catalogue of refusals."""

from pathlib import Path

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from backend.core.errors import DomainError


def home(request: HttpRequest) -> HttpResponse:
    """What this is and where its documentation lies."""
    return render(request, "web/home.html")


def problems(request: HttpRequest) -> HttpResponse:
    """Every refusal the API knows: permanent code, status, text in the reader's language."""
    rows = sorted(
        {
            (kind.code, kind.status, gettext(kind.title), (kind.__doc__ or "").strip())
            for kind in refusals(DomainError)
        }
    )
    return render(request, "web/problems.html", {"rows": rows})


def refusals(kind: type[DomainError]) -> set[type[DomainError]]:
    """All kinds of refusal below `kind` that the loaded code declares."""
    return set(kind.__subclasses__()).union(*(refusals(child) for child in kind.__subclasses__()))


def openapi(request: HttpRequest) -> FileResponse:
    """The committed OpenAPI document (a test keeps it equal to the code)."""
    path = Path(settings.BASE_DIR) / "api_docs" / "openapi.yaml"
    return FileResponse(path.open("rb"), content_type="application/yaml; charset=utf-8")
