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
from backend.core.paging import get_or_404
from fieldservice.report import queries, services
from fieldservice.report.answer import VisitReportOut
from fieldservice.report.batch_dossier import batch_dossier
from fieldservice.report.dossier_answer import BatchDossierOut
from traceability.batch.queries import batches_for


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


class BatchDossierJson(Endpoint):
    @operation(Can.READ_BATCHES, gives=BatchDossierOut)
    def get(self, request: Request, id: UUID) -> Response:
        """Everything known about a batch as counts, sums and addresses; parts without the right are absent."""
        user = caller(request)
        batch = get_or_404(batches_for(user), id=id)
        return self.answer(batch_dossier(batch, user=user))


urlpatterns: list[Any] = [
    path("batches/<uuid:id>/dossier", BatchDossierJson.as_view()),
    path("visits/<uuid:id>/report", VisitReportJson.as_view()),
    path("visits/<uuid:id>/report.pdf", VisitReportPdf.as_view()),
]
