"""Django's makemessages with the house's options: one catalogue for all floors, nothing guessed, small differences."""

from pathlib import Path

from django.core.management.base import CommandParser
from django.core.management.commands import makemessages

OUTSIDE = [".venv", ".local", "tests", "bench", "deploy", "manage.py"]


class Command(makemessages.Command):
    help = "Collects every text of backend, traceability and fieldservice into backend/locale."
    # A guessed translation looks like a real one; an empty msgstr does not.
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(
            locale=["zh_Hans"], ignore_patterns=OUTSIDE, no_wrap=True, no_obsolete=True, add_location="file"
        )

    def write_po_file(self, potfile: str, locale: str) -> None:
        """As Django's, without the creation date: it changes with every run and says nothing."""
        super().write_po_file(potfile, locale)
        catalogue = Path(potfile).parent / locale / "LC_MESSAGES" / f"{self.domain}.po"
        lines = catalogue.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = (line for line in lines if not line.startswith('"POT-Creation-Date'))
        catalogue.write_text("".join(kept), encoding="utf-8")
