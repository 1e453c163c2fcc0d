"""Whether a photo that gave a code may hold another: a glance at a small copy, for a third of a millisecond."""

from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from traceability.photo.code import Quad
from traceability.photo.evidence import MATRIX
from traceability.photo.read import Read
from traceability.photo.view import View

# Below this a photo is a close-up of one label.
_SMALLEST = 250_000
_SIDE = 192
_CELL = 3
# A square of this many cells a side, each nearly as restless as the code that was read, may be another.
_SQUARE = 3
_SHARE = 0.75
_FAINT = 12
_WHITE = 254
# The height of a linear code above and below the lines that were read, as a share of its length.
_TALL = 0.35


def may_hold_more(view: View, reads: Sequence[Read]) -> bool:
    """Whether some place away from the codes that were read is about as dense with edges as they are."""
    width, height = view.pixels.size
    if width * height < _SMALLEST:
        return False
    scale = _SIDE / max(width, height)
    # The nearest pixel, not a mean: a mean would wash out fine bars.
    small = view.pixels.resize((round(width * scale), round(height * scale)), Image.Resampling.NEAREST)
    cells = _restlessness(small).reduce(_CELL)
    known = _places(reads, cells.size, scale / _CELL, tall=0.0)
    limit = max(_FAINT, round(_SHARE * _median(cells, known)))
    restless = cells.point([255 if value >= limit else 0 for value in range(256)])
    read = _places(reads, cells.size, scale / _CELL, tall=_TALL, margin=3)
    elsewhere = ImageChops.subtract(restless, read)
    # A mean of white over a square of cells: all of them are restless.
    return any(elsewhere.filter(ImageFilter.BoxBlur(_SQUARE // 2)).histogram()[_WHITE:])


def _places(
    reads: Sequence[Read], size: tuple[int, int], scale: float, *, tall: float, margin: int = 1
) -> Image.Image:
    """White where codes were read. Of a linear code only the scanned lines are known: it is `tall`er."""
    places = Image.new("L", size, 0)
    draw = ImageDraw.Draw(places)
    for read in reads:
        corners = read.box if read.format in MATRIX else _taller(read.box, tall)
        draw.polygon([(x * scale, y * scale) for x, y in corners], fill=255, outline=255, width=margin)
    return places


def _taller(box: Quad, share: float) -> Quad:
    """The box drawn out across its length by `share` of the length, both ways."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = box
    dx, dy = -(y1 - y0) * share, (x1 - x0) * share
    # Corners run clockwise or, on mirrored codes, the other way round.
    if (x3 - x0) * dx + (y3 - y0) * dy < 0:
        dx, dy = -dx, -dy
    return (x0 - dx, y0 - dy), (x1 - dx, y1 - dy), (x2 + dx, y2 + dy), (x3 + dx, y3 + dy)


def _restlessness(pixels: Image.Image) -> Image.Image:
    """How much each pixel differs from its right and lower neighbour."""
    width, height = pixels.size
    here = pixels.crop((0, 0, width - 1, height - 1))
    right, below = pixels.crop((1, 0, width, height - 1)), pixels.crop((0, 1, width - 1, height))
    return ImageChops.lighter(ImageChops.difference(here, right), ImageChops.difference(here, below))


def _median(cells: Image.Image, mask: Image.Image) -> int:
    counts = cells.histogram(mask)
    half, seen = sum(counts) / 2, 0
    for value, count in enumerate(counts):
        seen += count
        if seen >= half:
            return value
    return 0
