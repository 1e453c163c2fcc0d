"""The list of complaint codes (投诉类型), read from the file beside this one."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_suffix(".csv")


@dataclass(frozen=True)
class ComplaintCode:
    """One row: texts for people, how bad it is by default, and what to ask for as evidence."""

    code: str
    zh: str
    en: str
    default_severity: str
    ask_for: str
    typical_cause: str

    def name(self, language: str) -> str:
        """In Chinese for zh…, else in English."""
        return self.zh if language.startswith("zh") else self.en


def _read() -> Mapping[str, ComplaintCode]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return {row["code"]: ComplaintCode(**row) for row in csv.DictReader(file)}


COMPLAINT_CODES = _read()


def choices() -> list[tuple[str, str]]:
    return [(code, code) for code in COMPLAINT_CODES]
