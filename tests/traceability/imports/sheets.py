"""Files to import, and the short way to send them."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook

from tests.client import Answer, ApiClient
from tests.jobs import run_jobs

Rows = Sequence[Mapping[str, Any]]


def csv_file(rows: Rows, *, encoding: str = "utf-8", end: str = "\n") -> bytes:
    """The rows as CSV; every cell in quotes."""
    names = list(rows[0])
    lines = [names, *([str(row.get(name, "")) for name in names] for row in rows)]
    quoted = ('"' + '","'.join(cell.replace('"', '""') for cell in line) + '"' for line in lines)
    return (end.join(quoted) + end).encode(encoding)


def xlsx_file(rows: Rows) -> bytes:
    """The rows as the first sheet of a workbook, values as they are."""
    book = Workbook()
    names = list(rows[0])
    for line in (names, *([row.get(name) for name in names] for row in rows)):
        book.active.append(line)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def send(client: ApiClient, kind: str, data: bytes, **fields: str) -> Answer:
    return client.upload("imports", photo=data, name="file", kind=kind, **fields)


def imported(client: ApiClient, kind: str, rows: Rows | bytes, **fields: str) -> Any:
    """The import as it stands once its jobs have run."""
    data = rows if isinstance(rows, bytes) else csv_file(rows)
    answer = send(client, kind, data, **fields)
    assert answer.status == 202, answer.json
    run_jobs()
    return client.get(f"imports/{answer.json['id']}").json


def faults(client: ApiClient, made: Any) -> list[tuple[int, str, str]]:
    items = client.get(f"imports/{made['id']}/errors").json["items"]
    return [(item["line"], item["column"], item["code"]) for item in items]
