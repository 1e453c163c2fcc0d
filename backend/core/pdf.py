"""PDFs: a typst template and data → bytes, with the house's own font and nothing from the network.

Texts of people reach the template as JSON data and are set as text: what looks like markup is printed as it stands.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import orjson
import typst

FONT_FOLDER = Path(__file__).resolve().parent / "fonts"
FONT = "Noto Sans SC"
PICTURE_NAME = re.compile(r"[a-z0-9_-]{1,80}\.(png|jpg|svg|webp)")


@dataclass(frozen=True)
class Paper:
    """What a template is filled with.

    `template`: a .typ file of ours; it reads its data with `json("data.json")` and a picture with
    `image("NAME")`. `data`: anything JSON; Decimals and dates arrive as texts. `pictures`: name → bytes.
    `made_at`: aware; the date inside the file, so the same paper gives the same bytes.
    """

    template: Path
    data: Mapping[str, Any]
    made_at: datetime
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def pdf(paper: Paper) -> bytes:
    """The paper as a PDF file."""
    return cast(bytes, _compile(paper, format="pdf"))


def pages_png(paper: Paper, *, dots_per_inch: int = 150) -> list[bytes]:
    """The paper as one PNG per page."""
    pages = _compile(paper, format="png", ppi=float(dots_per_inch))
    return [pages] if isinstance(pages, bytes) else pages


def _compile(paper: Paper, **options: Any) -> bytes | list[bytes]:
    # A folder of its own is the only place the template can read from; packages are looked for there too.
    with TemporaryDirectory(prefix="saltline-pdf-") as name:
        folder = Path(name)
        (folder / "main.typ").write_bytes(paper.template.read_bytes())
        (folder / "data.json").write_bytes(orjson.dumps(dict(paper.data), default=str))
        for picture, content in paper.pictures.items():
            if not PICTURE_NAME.fullmatch(picture):
                raise ValueError(f"Not a picture's name: {picture!r}")
            (folder / picture).write_bytes(content)
        return cast(
            "bytes | list[bytes]",
            typst.compile(
                folder / "main.typ",
                root=folder,
                font_paths=_fonts(),
                ignore_system_fonts=True,
                package_path=folder,
                package_cache_path=folder,
                timestamp=int(paper.made_at.timestamp()),
                **options,
            ),
        )


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT_FOLDER)]
    )
