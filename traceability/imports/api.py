"""Imports over HTTP: what a file may hold, sending one, how far it is, and why rows were not taken."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import django_filters
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, NothingIn, operation
from backend.core.errors import NotFound
from backend.core.fields import In, Out
from backend.core.paging import Filters, FlagFilter, MomentFilter, get_or_404
from backend.core.strict import PhotoParser
from backend.core.table_file import csv_lines
from traceability.imports import queries, services
from traceability.imports.kinds import KINDS, Kind
from traceability.imports.models import FileImport, ImportFault
from traceability.imports.rules import NEEDS, ImportKind, ImportMode, ImportState
from traceability.imports.table import MAX_BYTES
from traceability.imports.template import csv_template, xlsx_template

FRAME_BYTES = 65_536  # what multipart/form-data adds around the file, generously
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WRITERS = {"csv": (csv_template, "text/csv; charset=utf-8"), "xlsx": (xlsx_template, XLSX)}


@extend_schema_field(OpenApiTypes.BINARY)
class TableFile(serializers.FileField):
    """The file of a form; what is in it, the import reads."""


class ImportIn(In):
    file = TableFile(
        max_length=200,
        allow_empty_file=True,
        help_text="CSV (UTF-8 or GB18030) or XLSX, at most 12 MB, 200,000 rows.",
    )
    kind = serializers.ChoiceField(choices=ImportKind.choices())
    mode = serializers.ChoiceField(
        choices=ImportMode.choices(),
        default=ImportMode.ALL_OR_NOTHING.value,
        help_text="all_or_nothing: one bad row and nothing is written; skip_bad: the good rows are.",
    )
    dry_run = serializers.ChoiceField(
        choices=["true", "false"], default="false", help_text="Check every row and write nothing."
    )


class ImportOut(Out):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=ImportKind.choices())
    mode = serializers.ChoiceField(choices=ImportMode.choices())
    dry_run = serializers.BooleanField(source="is_dry_run")
    file_name = serializers.CharField()
    sha256 = serializers.CharField()
    size_bytes = serializers.IntegerField()
    state = serializers.ChoiceField(choices=ImportState.choices())
    refusal = serializers.SerializerMethodField(help_text="Why the file as a whole was refused; else empty.")
    rows_total = serializers.IntegerField(allow_null=True, help_text="Null until the file is read.")
    rows_done = serializers.IntegerField()
    progress_pct = serializers.SerializerMethodField()
    created = serializers.IntegerField(help_text="Rows; of a dry run: would be.")
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField(help_text="The same was there already.")
    bad = serializers.IntegerField()
    sent_by = serializers.CharField(source="sent_by.display_name", help_text="Display name.")
    sent_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_refusal(self, row: FileImport) -> str:
        return gettext(row.refusal) if row.refusal else ""

    def get_progress_pct(self, row: FileImport) -> int:
        return 100 * row.rows_done // row.rows_total if row.rows_total else 0


class ImportFaultOut(Out):
    line = serializers.IntegerField(help_text="As a spreadsheet counts: the header is line 1.")
    column = serializers.CharField()
    code = serializers.CharField()
    text = serializers.SerializerMethodField()

    def get_text(self, fault: ImportFault) -> str:
        return told(fault)


class ColumnOut(Out):
    name = serializers.CharField()
    meaning = serializers.SerializerMethodField()
    example = serializers.CharField()
    is_needed = serializers.BooleanField()

    def get_meaning(self, column: Any) -> str:
        return gettext(column.meaning)


class KindOut(Out):
    name = serializers.ChoiceField(choices=ImportKind.choices())
    columns = ColumnOut(many=True)
    key = serializers.ListField(
        child=serializers.CharField(), help_text="The same key again is the same row."
    )
    many_rows = serializers.BooleanField(help_text="Rows of one key belong together.")
    allowed = serializers.SerializerMethodField(help_text="Whether you may import this kind.")

    def get_allowed(self, kind: Kind) -> bool:
        return caller(self.context["request"]).may(NEEDS[kind.name])


class KindsOut(Out):
    items = KindOut(many=True)


def told(fault: ImportFault) -> str:
    """The fault's text in the reader's language."""
    text = gettext(fault.text)
    return text.format(**fault.params) if fault.params else text


class ImportFilters(Filters):
    kind = django_filters.ChoiceFilter(choices=ImportKind.choices())
    state = django_filters.ChoiceFilter(choices=ImportState.choices())
    dry_run = FlagFilter(field_name="is_dry_run")
    sent_from = MomentFilter(field_name="sent_at", lookup_expr="gte")
    sent_to = MomentFilter(field_name="sent_at", lookup_expr="lt")


class ImportKinds(Endpoint):
    @operation(Can.IMPORT_FILES, gives=KindsOut)
    def get(self, request: Request) -> Response:
        """The kinds of files, each with its columns, their meaning and an example."""
        return self.answer({"items": list(KINDS.values())})


class ImportTemplate(Endpoint):
    @operation(Can.IMPORT_FILES, media_type=("text/csv", XLSX))
    def get(self, request: Request, kind: str, form: str) -> HttpResponse:
        """An empty file of a kind to fill in, with one row of examples: template.csv or template.xlsx."""
        if kind not in KINDS or form not in WRITERS:
            raise NotFound
        write, media_type = WRITERS[form]
        response = HttpResponse(write(KINDS[ImportKind(kind)]), content_type=media_type)
        response["Content-Disposition"] = f'attachment; filename="{kind}.{form}"'
        return response


class Imports(Endpoint):
    filterset_class = ImportFilters
    parser_classes = (PhotoParser,)
    rate = "photo"

    @operation(Can.IMPORT_FILES, gives=ImportOut, page=True)
    def get(self, request: Request) -> Response:
        """Imports, the newest first: the own ones; director and QC see all."""
        return self.page(queries.imports_for(caller(request)))

    # Rows are safe to import twice: no Idempotency-Key is needed.
    @operation(Can.IMPORT_FILES, takes=ImportIn, gives=ImportOut, status=202, replays=False)
    def post(self, request: Request) -> Response:
        """Send a file; it is worked through in the background. The same file again changes nothing."""
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BYTES + FRAME_BYTES:
            raise services.ImportTooLarge(limit=MAX_BYTES)
        given = self.read()
        data = services.ImportData(
            kind=ImportKind(given["kind"]),
            mode=ImportMode(given["mode"]),
            is_dry_run=given["dry_run"] == "true",
            file_name=given["file"].name,
            data=given["file"].read(),
        )
        return self.answer(services.request_import(data, by=caller(request)))


class ImportDetail(Endpoint):
    @operation(Can.IMPORT_FILES, gives=ImportOut)
    def get(self, request: Request, id: UUID) -> Response:
        """How far an import is, and what became of its rows."""
        return self.answer(get_or_404(queries.imports_for(caller(request)), id=id))


class ImportErrors(Endpoint):
    ordering = ("line", "column", "id")

    @operation(Can.IMPORT_FILES, gives=ImportFaultOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """Why rows were not taken, by line."""
        return self.page(queries.faults_of(get_or_404(queries.imports_for(caller(request)), id=id)))


class ImportErrorsCsv(Endpoint):
    @operation(Can.IMPORT_FILES, media_type="text/csv")
    def get(self, request: Request, id: UUID) -> StreamingHttpResponse:
        """The same as CSV."""
        row = get_or_404(queries.imports_for(caller(request)), id=id)
        lines = csv_lines(("line", "column", "code", "text"), _lines(row))
        file = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        file["Content-Disposition"] = f'attachment; filename="errors-{row.kind}.csv"'
        return file


def _lines(row: FileImport) -> Iterator[tuple[Any, ...]]:
    for fault in queries.faults_of(row).order_by("line", "column", "id").iterator(chunk_size=2_000):
        yield fault.line, fault.column, fault.code, told(fault)


class ImportCancel(Endpoint):
    @operation(Can.IMPORT_FILES, takes=NothingIn, gives=ImportOut, replays=False)
    def post(self, request: Request, id: UUID) -> Response:
        """Stop an import; what a skipping one has written stays."""
        row = get_or_404(queries.imports_for(caller(request)), id=id)
        return self.answer(services.cancel_import(row, by=caller(request)))


urlpatterns: list[Any] = [
    path("imports", Imports.as_view()),
    path("imports/kinds", ImportKinds.as_view()),
    path("imports/kinds/<str:kind>/template.<str:form>", ImportTemplate.as_view()),
    path("imports/<uuid:id>", ImportDetail.as_view()),
    path("imports/<uuid:id>/errors", ImportErrors.as_view()),
    path("imports/<uuid:id>/errors.csv", ImportErrorsCsv.as_view()),
    path("imports/<uuid:id>/cancel", ImportCancel.as_view()),
]
