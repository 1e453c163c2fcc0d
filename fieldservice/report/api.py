"""Reports over HTTP."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from fieldservice.report import queries, services
from fieldservice.report.answer import VisitReportOut


class VisitReportJson(Endpoint):
    @operation(Can.READ_READINGS, gives=VisitReportOut)
    def get(self, request: Request, id: UUID) -> Response:
        """The report of a visit: batches, readings, photos, findings and the signature's hash."""
        return self.answer(queries.visit_report(caller(request), id=id))


class VisitReportPdf(Endpoint):
    rate = "photo"

    @operation(Can.READ_READINGS, media_type="application/pdf")
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The same report as PDF, in the language of Accept-Language."""
        report = queries.visit_report(caller(request), id=id)
        body = VisitReportOut(report, context=self.get_serializer_context()).data
        response = HttpResponse(
            services.print_visit_report(report, body=body), content_type="application/pdf"
        )
        response["Content-Disposition"] = f'attachment; filename="{report.visit.number}.pdf"'
        response["Cache-Control"] = "private, no-store"
        return response


urlpatterns: list[Any] = [
    path("visits/<uuid:id>/report", VisitReportJson.as_view()),
    path("visits/<uuid:id>/report.pdf", VisitReportPdf.as_view()),
]
