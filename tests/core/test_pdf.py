"""PDFs: own font only, data never read as markup, same paper same bytes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typst

from backend.core.pdf import FONT, FONT_FOLDER, Paper, pages_png, pdf

MADE_AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
TEMPLATE = """#set text(font: "Noto Sans SC")
#set page(width: 100mm, height: 40mm)
#let data = json("data.json")
#data.at("text")
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "paper.typ"
    path.write_text(TEMPLATE, encoding="utf-8")
    return path


def test_chinese_text_is_drawn_in_our_own_font(template):
    made = pdf(Paper(template, {"text": "精制食用盐(加碘) 批次 喆"}, MADE_AT))
    assert made.startswith(b"%PDF-") and b"NotoSansSC" in made


def test_no_other_font_is_known():
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT_FOLDER)]
    )
    assert fonts.families() == [FONT]


def test_the_same_paper_gives_the_same_bytes(template):
    paper = Paper(template, {"text": "盐"}, MADE_AT)
    assert pdf(paper) == pdf(paper)


def test_markup_in_data_is_text_and_reads_no_file(template):
    hostile = '#read("/etc/hostname") $x$ *b* #import "@preview/x:1.0.0" \\ ` <l> @ref'
    page = pages_png(Paper(template, {"text": hostile}, MADE_AT))
    assert len(page) == 1 and page[0].startswith(b"\x89PNG")


def test_a_template_reads_nothing_outside_its_folder(tmp_path):
    path = tmp_path / "greedy.typ"
    path.write_text('#read("../../etc/hostname")', encoding="utf-8")
    with pytest.raises(typst.TypstError):
        pdf(Paper(path, {}, MADE_AT))


def test_a_picture_cannot_be_written_elsewhere(template):
    with pytest.raises(ValueError, match="picture's name"):
        pdf(Paper(template, {"text": ""}, MADE_AT, pictures={"../evil.png": b"x"}))


def test_four_threads_draw_at_once(template):
    papers = [Paper(template, {"text": f"批次 {number}"}, MADE_AT) for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(pdf, papers))) == 8


def test_our_templates_import_no_packages():
    root = Path(__file__).resolve().parents[2]
    templates = [
        path for room in ("backend", "traceability", "fieldservice") for path in (root / room).rglob("*.typ")
    ]
    assert not [path for path in templates if "@preview" in path.read_text() or "@local" in path.read_text()]
