"""Rows of imports: each role that may import has one of its own."""

from typing import Any

from backend.accounts.models import User
from backend.accounts.rules import TABLE, Can
from backend.core import clock
from tests.house.place import Place
from traceability.imports.models import FileImport, ImportFault


def imports(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    own = {f"import@{role}": made_import(place.people[role]) for role in sorted(TABLE[Can.IMPORT_FILES])}
    return own | {"import": own["import@qc"]}


def made_import(user: User) -> FileImport:
    """Queued, with one fault in it."""
    row = FileImport.objects.create(
        kind="products",
        mode="skip_bad",
        file_name="products.csv",
        file="imports/nowhere",
        sha256="0" * 64,
        size_bytes=1,
        sent_by=user,
        sent_at=clock.now(),
    )
    make_fault(row)
    return row


def make_fault(row: FileImport) -> ImportFault:
    return ImportFault.objects.create(
        file_import=row,
        line=2,
        column="qty_kg",
        code="not_decimal",
        text="A plain decimal number is expected.",
    )
