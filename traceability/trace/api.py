"""Tracing a batch, from its code or from a scanned code, on the screen and as a table."""

from collections.abc import Sequence
from typing import Any, ClassVar

import orjson
from django.http import FileResponse, HttpResponse
from django.urls import path
from rest_framework.request import Request

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from backend.core.table_file import CSV, XLSX
from traceability.batch.models import Batch
from traceability.trace.answer import answer
from traceability.trace.queries import batch_by_code, scanned_batches
from traceability.trace.rules import Direction
from traceability.trace.shapes import TraceOut
from traceability.trace.tracking import event_file

DIRECTION = {"direction": "backward (what it was made of; this one) or forward (what became of it)"}
OF_BATCH = DIRECTION | {"product": "The sku, where several products have a batch of this code."}
OF_CODE = DIRECTION | {
    "code": "A code as scanned: of a batch, a pack or a unit with an SSCC.",
    "aim": "The reader's symbology identifier, as ]C1.",
}
LONGEST = 2_000


class TraceEndpoint(Endpoint):
    def text(self, name: str, *, longest: int) -> str | None:
        given = self.request.query_params.get(name)
        if given is not None and not 1 <= len(given) <= longest:
            raise InvalidInput(errors={name: _("The text is empty or too long.")})
        return given

    def direction(self) -> Direction:
        given = self.request.query_params.get("direction", Direction.BACKWARD.value)
        if given not in set(Direction):
            raise InvalidInput(errors={"direction": _("backward or forward is expected.")})
        return Direction(given)

    def traced(self, starts: Sequence[Batch]) -> HttpResponse:
        body = answer(starts, direction=self.direction(), user=caller(self.request))
        return HttpResponse(orjson.dumps(body), content_type="application/json")


class BatchEndpoint(TraceEndpoint):
    def batch(self, code: str) -> Batch:
        return batch_by_code(code, user=caller(self.request), product=self.text("product", longest=40))


class BatchTrace(BatchEndpoint):
    @operation(Can.READ_TRACE, gives=TraceOut, params=OF_BATCH)
    def get(self, request: Request, code: str) -> HttpResponse:
        """Everything a batch was made of, or everything made of it and who has it.

        `code`: a batch code or id. 409 where several products have a batch of this code: name the product.
        """
        return self.traced([self.batch(code)])


class BatchTraceFile(BatchEndpoint):
    format: ClassVar[str]

    def file(self, code: str) -> FileResponse:
        batch = self.batch(code)
        direction = self.direction()
        made = event_file(batch, direction=direction, user=caller(self.request), format=self.format)
        name = f"trace-{batch.code}-{direction.value}.{self.format}"
        kind = {"csv": CSV, "xlsx": XLSX}[self.format]
        return FileResponse(made, as_attachment=True, filename=name, content_type=kind)


class BatchTraceCsv(BatchTraceFile):
    format = "csv"

    @operation(Can.READ_TRACE, media_type="text/csv", params=OF_BATCH)
    def get(self, request: Request, code: str) -> FileResponse:
        """The trace as CSV: one line per tracking event (made, transformed, shipped, received), in order of time."""
        return self.file(code)


class BatchTraceXlsx(BatchTraceFile):
    format = "xlsx"

    @operation(Can.READ_TRACE, media_type=XLSX, params=OF_BATCH)
    def get(self, request: Request, code: str) -> FileResponse:
        """The same as a workbook."""
        return self.file(code)


class ScannedTrace(TraceEndpoint):
    @operation(Can.READ_TRACE, gives=TraceOut, params=OF_CODE)
    def get(self, request: Request) -> HttpResponse:
        """The trace of whatever a code names, read as a scan would be; no scan is stored.

        The code of a unit (SSCC) traces all batches in it. 404 where it names no batch, 409 with the candidates where
        it may mean several.
        """
        code = self.text("code", longest=LONGEST)
        if code is None:
            raise InvalidInput(errors={"code": _("A code is expected.")})
        aim = self.text("aim", longest=8)
        return self.traced(scanned_batches(code, aim=aim, user=caller(request)))


urlpatterns: list[Any] = [
    path("batches/<path:code>/trace", BatchTrace.as_view()),
    path("batches/<path:code>/trace.csv", BatchTraceCsv.as_view()),
    path("batches/<path:code>/trace.xlsx", BatchTraceXlsx.as_view()),
    path("trace", ScannedTrace.as_view()),
]
