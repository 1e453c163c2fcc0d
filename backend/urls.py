"""Every address of the house."""

from typing import Any

from django.urls import include, path
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView

from backend.core import health
from backend.web import pages
from traceability.dispatch.queries import shipped_kg, shipped_to_kg
from traceability.genealogy import api as genealogy

handler400 = "backend.core.problems.bad_request"
handler403 = "backend.core.problems.forbidden"
handler404 = "backend.core.problems.not_found"
handler500 = "backend.core.problems.server_error"

urlpatterns: list[Any] = [
    path("api/v1/", include("traceability.scan.api")),  # first: addresses are tried in order, scans come most
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("", pages.home),
    path("docs/problems", pages.problems),
    path("docs/openapi.yaml", pages.openapi, name="openapi"),
    path("docs/swagger", SpectacularSwaggerSplitView.as_view(url_name="openapi", throttle_classes=[])),
    path("docs/redoc", SpectacularRedocView.as_view(url_name="openapi", throttle_classes=[])),
    path("api/v1/", include("backend.accounts.api")),
    path("api/v1/", include("backend.accounts.work_calendar")),
    path("api/v1/", include("traceability.product.api")),
    path("api/v1/", include("traceability.customer.api")),
    path("api/v1/", include("traceability.batch.api")),
    path("api/v1/", include(genealogy.addresses(gone_elsewhere=shipped_kg, shipped_to=shipped_to_kg))),
    path("api/v1/", include("traceability.dispatch.api")),
    path("api/v1/", include("traceability.recall.api")),
    path("api/v1/", include("traceability.recall.notice_api")),
    path("api/v1/", include("traceability.recall.goods_api")),
    path("api/v1/", include("traceability.recall.public_api")),
    path("api/v1/", include("traceability.serial.api")),
    path("api/v1/", include("traceability.balance.api")),
    path("api/v1/", include("traceability.imports.api")),
    path("api/v1/", include("traceability.trace.api")),
    path("", include("traceability.recall.page")),  # the link in a recall notice
    path("", include("traceability.resolver.pages")),  # the address printed on our labels
    path("api/v1/", include("traceability.epcis.api")),
    path("api/v1/", include("fieldservice.instrument.api")),
    path("api/v1/", include("fieldservice.cost.api")),
    path("api/v1/", include("fieldservice.case.api")),
    path("api/v1/", include("fieldservice.quality.api")),
    path("api/v1/", include("fieldservice.visit.api")),
    path("api/v1/", include("fieldservice.reading.api")),
    path("api/v1/", include("fieldservice.attachment.api")),
    path("api/v1/", include("fieldservice.report.api")),
]
