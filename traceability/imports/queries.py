"""Reads: who sees which imports, and why rows were not taken."""

from django.db.models import QuerySet

from backend.accounts.models import User
from backend.accounts.rules import Role
from traceability.imports.models import FileImport, ImportFault

SEE_ALL = frozenset({Role.DIRECTOR, Role.QC})


def imports_for(user: User) -> QuerySet[FileImport]:
    """Director and QC: all; others their own."""
    rows = FileImport.objects.select_related("sent_by")
    return rows if user.role in SEE_ALL else rows.filter(sent_by=user)


def faults_of(row: FileImport) -> QuerySet[ImportFault]:
    return ImportFault.objects.filter(file_import=row)
