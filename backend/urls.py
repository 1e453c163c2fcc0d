"""Every address of the house."""

from typing import Any

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from backend.core import health

handler400 = "backend.core.problems.bad_request"
handler403 = "backend.core.problems.forbidden"
handler404 = "backend.core.problems.not_found"
handler500 = "backend.core.problems.server_error"

urlpatterns: list[Any] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("docs/openapi.yaml", SpectacularAPIView.as_view(), name="openapi"),
    path("docs/swagger", SpectacularSwaggerView.as_view(url_name="openapi")),
    path("docs/redoc", SpectacularRedocView.as_view(url_name="openapi")),
    path("api/v1/", include("backend.accounts.api")),
]
