"""Printing reports."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.utils.translation import get_language, gettext

from backend.core.attachment import PhotoLost, small_jpeg_of
from backend.core.models import Attachment
from backend.core.pdf import Paper, pdf
from fieldservice.report.queries import VisitReport, attachments_by_hash
from fieldservice.report.visit_report import MOST_PHOTOS, Speaker, paper_data

TEMPLATE = Path(__file__).resolve().parent / "visit_report.typ"
PRINT_SIDE_PX = 900


def print_visit_report(report: VisitReport, *, body: Mapping[str, Any]) -> bytes:
    """The PDF of the report's JSON `body` in the active language; what the body lacks, the paper lacks."""
    signature = body["signature"]
    hashes = [photo["attachment"] for photo in body["visit"].get("photos", [])[:MOST_PHOTOS]]
    found = attachments_by_hash([*hashes, *([signature["sha256"]] if signature else [])])
    files = {sha256: data for sha256, photo in found.items() if (data := _picture(photo))}
    names = {sha256: f"picture-{number}.jpg" for number, sha256 in enumerate(files, start=1)}
    speaker = Speaker(gettext, is_chinese=(get_language() or "").startswith("zh"))
    visit = report.visit
    return pdf(
        Paper(
            template=TEMPLATE,
            data=paper_data(body, speaker=speaker, pictures=names),
            # A signed report is the same file every time; a draft is dated by its plan.
            made_at=visit.closed_at or report.drafted_at,
            pictures={names[sha256]: data for sha256, data in files.items()},
        )
    )


def _picture(photo: Attachment) -> bytes | None:
    """None where the file is lost: the paper then names the hash alone."""
    try:
        return small_jpeg_of(photo, side_px=PRINT_SIDE_PX)
    except PhotoLost:
        return None
