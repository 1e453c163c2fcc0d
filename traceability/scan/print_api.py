"""What we print: labels of batches, of pallets and of single bags, and the file of serial codes."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from rest_framework.request import Request

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from backend.core.fields import UUID_TEXT
from backend.core.paging import get_or_404
from backend.core.table_file import csv_lines
from traceability.batch.queries import batches_for
from traceability.dispatch.queries import whole_unit
from traceability.product.rules import PackLevel
from traceability.scan import label_paper, serial_paper, unit_paper
from traceability.scan.serial_paper import PrintRun, print_run
from traceability.serial.queries import newest_range_of, ranges_for
from traceability.serial.rules import MOST_CODES

MOST_LABELS = 200
PACKS = [level.value for level in PackLevel]
FORMATS = {"png": "image/png", "pdf": "application/pdf"}


class BatchLabel(Endpoint):
    @operation(
        Can.PRINT_LABEL,
        gives=None,
        media_type=("image/png", "application/pdf"),
        params={"format": "png (the code alone) or pdf (the label); png", "pack": "bag, case or pallet"},
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """The batch's label: a GS1 Digital Link QR that scans back to the batch."""
        format = format_of(request)
        pack = request.query_params.get("pack")
        if pack is not None and pack not in PACKS:
            raise InvalidInput(errors={"pack": _("bag, case or pallet is expected.")})
        batch = get_or_404(batches_for(caller(request)), id=id)
        content = label_paper.content_of(batch, pack=PackLevel(pack) if pack else None)
        made = label_paper.label_png(content) if format == "png" else label_paper.label_pdf(content)
        return label_file(made, format=format)


class UnitLabel(Endpoint):
    @operation(
        Can.PRINT_LABEL,
        media_type=("image/png", "application/pdf"),
        params={"format": "png (the QR code alone) or pdf (the label); png"},
    )
    def get(self, request: Request, sscc: str) -> HttpResponse:
        """A pallet's label: its SSCC as bars and as a GS1 Digital Link QR that scans back to the pallet."""
        format = format_of(request)
        whole = whole_unit(caller(request), sscc)
        made = unit_paper.unit_png(whole.unit) if format == "png" else unit_paper.unit_pdf(whole)
        return label_file(made, format=format)


RUN = {
    "range": "Id of the range; without: the batch's newest.",
    "from": "The first number; without: the first of the range.",
}


class BatchSerialCodes(Endpoint):
    @operation(Can.MANAGE_SERIALS, media_type="text/csv", params={**RUN, "count": f"1 to {MOST_CODES}; 1000"})
    def get(self, request: Request, id: UUID) -> StreamingHttpResponse:
        """Serial codes for the printer, as CSV: number, code as printed, token, link for the QR code."""
        run = asked_run(request, id, most=MOST_CODES, default=1_000)
        lines = csv_lines(serial_paper.COLUMNS, serial_paper.table_rows(run))
        file = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        file["Content-Disposition"] = 'attachment; filename="serial-codes.csv"'
        return file


class BatchSerialLabels(Endpoint):
    @operation(
        Can.MANAGE_SERIALS, media_type="application/pdf", params={**RUN, "count": f"1 to {MOST_LABELS}; 20"}
    )
    def get(self, request: Request, id: UUID) -> HttpResponse:
        """Labels of single bags, 50 × 30 mm each: a QR code and the code for the eye."""
        run = asked_run(request, id, most=MOST_LABELS, default=20)
        return label_file(serial_paper.labels_pdf(run), format="pdf")


def asked_run(request: Request, id: UUID, *, most: int, default: int) -> PrintRun:
    user = caller(request)
    batch = get_or_404(batches_for(user), id=id)
    given = request.query_params.get("range")
    if given is not None and not UUID_TEXT.fullmatch(given):
        raise InvalidInput(errors={"range": _("A UUID is expected.")})
    start = whole_number(request, "from", least=0, most=10**14)
    count = whole_number(request, "count", least=1, most=most)
    row = get_or_404(ranges_for(user), id=given) if given else newest_range_of(batch)
    return print_run(batch, row, start=start, count=default if count is None else count)


def whole_number(request: Request, name: str, *, least: int, most: int) -> int | None:
    given = request.query_params.get(name)
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 15 and least <= int(given) <= most):
        raise InvalidInput(errors={name: _("A whole number within the limits is expected.")})
    return int(given)


def format_of(request: Request) -> str:
    format = request.query_params.get("format", "png")
    if format not in FORMATS:
        raise InvalidInput(errors={"format": _("png or pdf is expected.")})
    return format


def label_file(made: bytes, *, format: str) -> HttpResponse:
    response = HttpResponse(made, content_type=FORMATS[format])
    response["Content-Disposition"] = f'inline; filename="label.{format}"'
    return response


urlpatterns: list[Any] = [
    path("batches/<uuid:id>/label", BatchLabel.as_view()),
    path("batches/<uuid:id>/serial-codes", BatchSerialCodes.as_view()),
    path("batches/<uuid:id>/serial-labels", BatchSerialLabels.as_view()),
    path("logistic-units/<str:sscc>/label", UnitLabel.as_view()),
]
