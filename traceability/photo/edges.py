"""Where codes may be in a photo: places with many edges, in one direction (bars) or in all (modules)."""

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from PIL import Image, ImageMath

from traceability.photo.code import Point, Quad
from traceability.photo.view import View

_CELL = 8
_SMALL_SIDE, _LARGE_SIDE = 480, 960
# Bars: their edges keep to one direction within this many degrees of each other.
_BIN_DEG = 10
_BINS = 180 // _BIN_DEG
_SPREAD = math.radians(15)
_MIN_CELLS = 6
# The gradient of sensor noise on an even surface; below it nothing is printed here.
_FAINT = 60.0


@dataclass(frozen=True, slots=True)
class Stripes:
    """A place that looks like a linear code. View coordinates; `angle` (radians) runs across the bars."""

    centre: Point
    angle: float
    length: float
    height: float
    weight: float


@dataclass(frozen=True, slots=True)
class Patch:
    """An upright rectangle full of edges in all directions: perhaps a matrix code. View coordinates."""

    left: float
    top: float
    right: float
    bottom: float
    weight: float

    @property
    def centre(self) -> Point:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True)
class EdgeGrid:
    """The view in cells of a few pixels, with the direction of the edges in each.

    `along` and `across` are the sums of the squared gradient as a vector of the doubled angle, `energy` its
    plain sum: a cell with one edge direction has |(along, across)| near `energy`.
    """

    columns: int
    rows: int
    cell: Point
    along: Sequence[float]
    across: Sequence[float]
    energy: Sequence[float]

    @cached_property
    def strength(self) -> list[float]:
        return [math.hypot(p, q) for p, q in zip(self.along, self.across, strict=True)]

    def centre_of(self, index: int) -> Point:
        row, column = divmod(index, self.columns)
        return (column + 0.5) * self.cell[0], (row + 0.5) * self.cell[1]

    def components(self, cells: set[int], *, reach: int) -> list[list[int]]:
        """Groups of `cells` with gaps smaller than `reach` cells; uses up `cells`."""
        groups = []
        steps = [(dx, dy) for dx in range(-reach, reach + 1) for dy in range(-reach, reach + 1)]
        while cells:
            group = [cells.pop()]
            for index in group:
                row, column = divmod(index, self.columns)
                for dx, dy in steps:
                    if 0 <= column + dx < self.columns:
                        near = (row + dy) * self.columns + column + dx
                        if near in cells:
                            cells.discard(near)
                            group.append(near)
            if len(group) >= _MIN_CELLS:
                groups.append(group)
        return groups


def edge_grid(view: View) -> EdgeGrid | None:
    """None where the view is too small for a code."""
    longest = max(view.pixels.size)
    small = view.at_most(max(_SMALL_SIDE, min(_LARGE_SIDE, longest // 2))).pixels
    width, height = small.size
    if min(width, height) < 2 * _CELL:
        return None
    grey = small.convert("F")
    right, left = grey.crop((2, 1, width, height - 1)), grey.crop((0, 1, width - 2, height - 1))
    below, above = grey.crop((1, 2, width - 1, height)), grey.crop((1, 0, width - 1, height - 2))
    dx = ImageMath.lambda_eval(lambda i: i["a"] - i["b"], a=right, b=left)
    dy = ImageMath.lambda_eval(lambda i: i["a"] - i["b"], a=below, b=above)
    xx, yy, xy = (_summed(a, b) for a, b in ((dx, dx), (dy, dy), (dx, dy)))
    columns, rows = -(-(width - 2) // _CELL), -(-(height - 2) // _CELL)
    return EdgeGrid(
        columns=columns,
        rows=rows,
        cell=(_CELL * view.pixels.width / width, _CELL * view.pixels.height / height),
        along=[a - b for a, b in zip(xx, yy, strict=True)],
        across=[2 * c for c in xy],
        energy=[a + b for a, b in zip(xx, yy, strict=True)],
    )


def _summed(a: Image.Image, b: Image.Image) -> "array[float]":
    product = ImageMath.lambda_eval(lambda i: i["a"] * i["b"], a=a, b=b)
    return array("f", product.reduce(_CELL).tobytes())


def bars_in(box: Quad) -> Stripes:
    """The place of a linear code that was read: `box` runs from its first bar to its last."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = box
    across, down = (x1 - x0 + x2 - x3) / 2, (y1 - y0 + y2 - y3) / 2
    return Stripes(
        centre=((x0 + x1 + x2 + x3) / 4, (y0 + y1 + y2 + y3) / 4),
        angle=math.atan2(down, across),
        length=max(math.hypot(across, down), 1.0),
        height=max(math.dist(box[0], box[3]), math.dist(box[1], box[2]), 4.0),
        weight=0.0,
    )


def find_stripes(grid: EdgeGrid, *, most: int = 3) -> list[Stripes]:
    """Places with edges in one direction, the strongest first."""
    strength, energy = grid.strength, grid.energy
    peak = _peak(strength)
    if peak < _FAINT:
        return []
    angles = {
        i: math.atan2(grid.across[i], grid.along[i]) / 2 % math.pi
        for i in range(len(strength))
        if strength[i] > 0.12 * peak and strength[i] > 0.55 * energy[i]
    }
    found = []
    for middle in _main_directions(angles, strength):
        cells = {i for i, angle in angles.items() if _apart(angle, middle) <= _SPREAD}
        found += [_stripes(grid, group) for group in grid.components(cells, reach=2)]
    return _distinct(sorted(found, key=lambda stripes: -stripes.weight))[:most]


def _distinct(found: list[Stripes]) -> list[Stripes]:
    """Without those whose centre lies in a stronger one: neighbouring directions see the same bars."""
    kept: list[Stripes] = []
    for stripes in found:
        if not any(math.dist(stripes.centre, other.centre) < other.height / 2 for other in kept):
            kept.append(stripes)
    return kept


def find_patches(grid: EdgeGrid, *, most: int = 2) -> list[Patch]:
    """Places dense with edges of any direction, the strongest first."""
    energy = grid.energy
    middle, peak = sorted(energy)[len(energy) // 2], _peak(energy)
    if peak < _FAINT:
        return []
    limit = max(middle + 0.25 * (peak - middle), _FAINT)
    groups = grid.components({i for i, value in enumerate(energy) if value > limit}, reach=1)
    found = [_patch(grid, group) for group in groups]
    return sorted(found, key=lambda patch: -patch.weight)[:most]


def _peak(values: Sequence[float]) -> float:
    """The value one cell in a hundred reaches: a lone glint does not count."""
    return sorted(values)[-max(4, len(values) // 100)] if len(values) >= 4 else 0.0


def _main_directions(angles: dict[int, float], strength: Sequence[float]) -> Iterable[float]:
    """The two directions most edges keep to, in radians."""
    bins = [0.0] * _BINS
    for i, angle in angles.items():
        bins[int(math.degrees(angle) // _BIN_DEG) % _BINS] += math.sqrt(strength[i])
    for _ in range(2):
        best = max(range(_BINS), key=lambda b: bins[b - 1] + bins[b] + bins[(b + 1) % _BINS])
        if not bins[best]:
            return
        bins[best - 1] = bins[best] = bins[(best + 1) % _BINS] = 0.0
        yield math.radians((best + 0.5) * _BIN_DEG)


def _apart(angle: float, other: float) -> float:
    """The difference of two directions that have no front and back."""
    return abs((angle - other + math.pi / 2) % math.pi - math.pi / 2)


def _stripes(grid: EdgeGrid, group: Sequence[int]) -> Stripes:
    angle = math.atan2(sum(grid.across[i] for i in group), sum(grid.along[i] for i in group)) / 2
    cos, sin = math.cos(angle), math.sin(angle)
    centres = [grid.centre_of(i) for i in group]
    lengths = [x * cos + y * sin for x, y in centres]
    heights = [y * cos - x * sin for x, y in centres]
    margin = 0.75 * max(grid.cell)
    u, v = (min(lengths) + max(lengths)) / 2, (min(heights) + max(heights)) / 2
    return Stripes(
        centre=(u * cos - v * sin, u * sin + v * cos),
        angle=angle,
        length=max(lengths) - min(lengths) + 2 * margin,
        height=max(heights) - min(heights) + 2 * margin,
        weight=sum(math.sqrt(grid.strength[i]) for i in group),
    )


def _patch(grid: EdgeGrid, group: Sequence[int]) -> Patch:
    xs, ys = zip(*(grid.centre_of(i) for i in group), strict=True)
    margin_x, margin_y = 2.5 * grid.cell[0], 2.5 * grid.cell[1]
    return Patch(
        left=min(xs) - margin_x,
        top=min(ys) - margin_y,
        right=max(xs) + margin_x,
        bottom=max(ys) + margin_y,
        weight=sum(math.sqrt(grid.energy[i]) for i in group),
    )
