"""The few pages that are not an app: the front door and the catalogue of refusals."""

from pathlib import Path

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from backend.core.refusals import refusals


def home(request: HttpRequest) -> HttpResponse:
    """What this is and where its documentation lies."""
    return render(request, "web/home.html")


def problems(request: HttpRequest) -> HttpResponse:
    """Every refusal the API knows: permanent code, status, text in the reader's language."""
    rows = [
        (kind.code, kind.status, gettext(kind.title), (kind.__doc__ or "").strip()) for kind in refusals()
    ]
    return render(request, "web/problems.html", {"rows": rows})


def openapi(request: HttpRequest) -> FileResponse:
    """The committed OpenAPI document (a test keeps it equal to the code)."""
    path = Path(settings.BASE_DIR) / "api_docs" / "openapi.yaml"
    return FileResponse(path.open("rb"), content_type="application/yaml; charset=utf-8")
