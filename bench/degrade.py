"""Phone photos of labels, made up: one printed symbol → the photo a technician would take of it.

Pillow and the standard library only; the same seed gives the same photo. The model and its levels follow
the robustness curve the photo chain was chosen by: a label on woven sack cloth, seen in perspective, out of
focus, moved, in bad light, with a glare spot, with sensor noise, saved as JPEG.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

PHOTO_SIZE = (900, 700)
# Drawn at twice the size and halved at the end: edges get the soft step a lens gives them.
_FINE = 2
_THREAD = 12

Point = tuple[float, float]


@dataclass(frozen=True)
class Shot:
    """How the photo was taken. Lengths in modules of the symbol, angles in degrees."""

    module_px: float = 4.0
    blur: float = 0.25
    motion: float = 0.0
    tilt_deg: float = 10.0
    turn_deg: float = 0.0
    noise: float = 4.0
    light: float = 1.0
    glare: float = 0.0
    jpeg_quality: int = 85


# Factor → its levels; a level is the fields it sets. `module_px` levels are (2D, 1D) pairs.
LEVELS: dict[str, tuple[dict[str, float], ...]] = {
    "module": tuple({"module_px": px} for px in (3.0, 2.5, 2.0, 1.6, 1.3)),
    "blur": tuple({"blur": sigma} for sigma in (0.3, 0.4, 0.5, 0.6, 0.7)),
    "motion": tuple({"motion": length} for length in (1.0, 1.5, 2.0, 3.0)),
    "tilt": tuple({"tilt_deg": angle} for angle in (20.0, 35.0, 50.0, 60.0)),
    "turn": tuple({"turn_deg": angle} for angle in (20.0, 30.0, 45.0, 60.0, 90.0, 180.0)),
    "noise": tuple({"noise": sigma} for sigma in (10.0, 20.0, 35.0, 50.0)),
    "light": tuple({"light": factor} for factor in (0.5, 0.25, 0.18, 0.12)),
    "jpeg": tuple({"jpeg_quality": quality} for quality in (50, 30, 10, 5)),
    "glare": tuple({"glare": size} for size in (0.05, 0.1, 0.2, 0.3)),
    "all": (
        {"blur": 0.3, "tilt_deg": 15.0, "turn_deg": 8.0, "noise": 8.0, "light": 0.8, "jpeg_quality": 70},
        {"blur": 0.4, "tilt_deg": 25.0, "turn_deg": 15.0, "noise": 12.0, "light": 0.5, "jpeg_quality": 50},
        {"blur": 0.5, "tilt_deg": 30.0, "turn_deg": 25.0, "noise": 18.0, "light": 0.4, "jpeg_quality": 35},
        {"blur": 0.65, "tilt_deg": 40.0, "turn_deg": 35.0, "noise": 25.0, "light": 0.3, "jpeg_quality": 20},
    ),
}
# A linear symbol has finer modules than a matrix of the same label size.
_LINEAR_BASE = Shot(module_px=2.5)
_LINEAR_SHARE = 2.0 / 3.0


def shots(*, linear: bool) -> Iterator[tuple[str, Shot]]:
    """The 45 named shots of the grid: the plain one first, then one factor at a time, then all together."""
    base = _LINEAR_BASE if linear else Shot()
    yield "base", base
    for factor, levels in LEVELS.items():
        for number, fields in enumerate(levels):
            shot = replace(base, **fields)  # type: ignore[arg-type]  # the fields are named in LEVELS above
            if factor == "module" and linear:
                shot = replace(shot, module_px=shot.module_px * _LINEAR_SHARE)
            yield f"{factor}{number}", shot


def photo_jpeg(symbol: Image.Image, shot: Shot, *, seed: int, size: tuple[int, int] = PHOTO_SIZE) -> bytes:
    """The photo as JPEG bytes. `symbol` is mode "L", one module = `MODULE` pixels."""
    out = BytesIO()
    photo(symbol, shot, seed=seed, size=size).save(out, "JPEG", quality=shot.jpeg_quality)
    return out.getvalue()


def photo(
    symbol: Image.Image, shot: Shot, *, seed: int, size: tuple[int, int] = PHOTO_SIZE, module: int = 4
) -> Image.Image:
    """The photo before JPEG, mode "L". `module` = pixels per module in `symbol`."""
    chance = random.Random(seed)
    return expose(
        place([(symbol, (0.5, 0.5))], shot, chance=chance, size=size, module=module), shot, chance=chance
    )


def place(
    symbols: Sequence[tuple[Image.Image, Point]],
    shot: Shot,
    *,
    chance: random.Random,
    size: tuple[int, int] = PHOTO_SIZE,
    module: int = 4,
) -> Image.Image:
    """Labels lying on sack cloth, seen by the camera; each is centred at (x, y) shares of the photo."""
    fine = (size[0] * _FINE, size[1] * _FINE)
    scene = _sackcloth(fine, chance=chance)
    for symbol, (x, y) in symbols:
        label = _label(symbol, chance=chance)
        zoom = shot.module_px * _FINE / module
        centre = (fine[0] * x + chance.uniform(-10, 10), fine[1] * y + chance.uniform(-10, 10))
        corners = _seen_corners(label.size, shot, zoom=zoom, centre=centre, chance=chance)
        paper = _draw_in_perspective(label, corners, fine, fill=0)
        mask = _draw_in_perspective(Image.new("L", label.size, 255), corners, fine, fill=0)
        scene = Image.composite(paper, scene, mask)
    return scene


def expose(scene: Image.Image, shot: Shot, *, chance: random.Random) -> Image.Image:
    """What the sensor makes of the scene: focus, motion, glare, light and noise."""
    seen = scene
    module = shot.module_px * _FINE
    if shot.blur:
        seen = seen.filter(ImageFilter.GaussianBlur(shot.blur * module))
    if shot.motion:
        seen = _moved(seen, round(shot.motion * module), angle=chance.choice((0, 30, 60, 90)))
    seen = seen.reduce(_FINE)
    if shot.glare:
        seen = _glaring(seen, shot.glare, chance=chance)
    if shot.light != 1.0:
        seen = seen.point([round(value * shot.light) for value in range(256)])
    if shot.noise:
        seen = ImageChops.add(seen, _noise(seen.size, shot.noise, chance=chance), 1, -128)
    return seen


def _label(symbol: Image.Image, *, chance: random.Random) -> Image.Image:
    """Off-white paper with the symbol and a line of print under it."""
    margin = 12
    text = f"BATCH {chance.randrange(10**8):08d}"
    font = ImageFont.load_default(size=24)
    width = max(symbol.width, round(font.getlength(text))) + 2 * margin
    label = Image.new("L", (width, symbol.height + 2 * margin + 34), 255)
    label.paste(symbol, ((width - symbol.width) // 2, margin))
    ImageDraw.Draw(label).text((margin, symbol.height + margin), text, font=font, fill=20)
    # Ink is not black and paper is not white.
    return label.point([round(25 + value * 0.83) for value in range(256)])


@lru_cache(maxsize=4)
def _weave(size: tuple[int, int]) -> Image.Image:
    """Woven sack cloth: threads over and under each other, `_THREAD` px wide."""
    over = [round(150 + 70 * math.sin(math.pi * (i + 0.5) / _THREAD)) for i in range(_THREAD)]
    tile = Image.new("L", (2 * _THREAD, 2 * _THREAD))
    for y in range(2 * _THREAD):
        for x in range(2 * _THREAD):
            across = (x // _THREAD + y // _THREAD) % 2 == 0
            tile.putpixel((x, y), over[y % _THREAD] if across else over[x % _THREAD] - 70)
    cloth = Image.new("L", size)
    row = Image.new("L", (size[0], tile.height))
    for x in range(0, size[0], tile.width):
        row.paste(tile, (x, 0))
    for y in range(0, size[1], tile.height):
        cloth.paste(row, (0, y))
    return cloth


def _sackcloth(size: tuple[int, int], *, chance: random.Random) -> Image.Image:
    """The weave under uneven light."""
    light = Image.frombytes("L", (4, 3), bytes(chance.randrange(70, 200) for _ in range(12)))
    return Image.blend(_weave(size), light.resize(size, Image.Resampling.BICUBIC), 0.5)


def _seen_corners(
    size: tuple[int, int], shot: Shot, *, zoom: float, centre: Point, chance: random.Random
) -> list[Point]:
    """Where the label's corners land: turned by `turn_deg`, leaned by `tilt_deg` about a random axis."""
    axis = chance.uniform(0, 2 * math.pi)
    turn, tilt = math.radians(shot.turn_deg + chance.uniform(-3, 3)), math.radians(shot.tilt_deg)
    # The camera stands about 2.2 label lengths away.
    distance = 2.2 * max(size) * zoom
    seen = []
    for corner_x, corner_y in ((0, 0), (1, 0), (1, 1), (0, 1)):
        x, y = (corner_x - 0.5) * size[0] * zoom, (corner_y - 0.5) * size[1] * zoom
        x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
        along = x * math.cos(axis) + y * math.sin(axis)
        across = -x * math.sin(axis) + y * math.cos(axis)
        away = 1 + across * math.sin(tilt) / distance
        along, across = along / away, across * math.cos(tilt) / away
        x = along * math.cos(axis) - across * math.sin(axis)
        y = along * math.sin(axis) + across * math.cos(axis)
        seen.append((centre[0] + x, centre[1] + y))
    return seen


def _draw_in_perspective(
    image: Image.Image, corners: list[Point], size: tuple[int, int], *, fill: int
) -> Image.Image:
    width, height = image.size
    source = [(0.0, 0.0), (float(width), 0.0), (float(width), float(height)), (0.0, float(height))]
    return image.transform(
        size,
        Image.Transform.PERSPECTIVE,
        _perspective(corners, source),
        Image.Resampling.BICUBIC,
        fillcolor=fill,
    )


def _perspective(seen: list[Point], source: list[Point]) -> list[float]:
    """Pillow's eight coefficients that map each `seen` point to its `source` point."""
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(seen, source, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    return _solved(rows)


def _solved(rows: list[list[float]]) -> list[float]:
    """The solution of a linear system given as rows with the right side last (Gauss-Jordan)."""
    count = len(rows)
    for column in range(count):
        pivot = max(range(column, count), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for row in range(count):
            if row != column:
                factor = rows[row][column]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column], strict=True)]
    return [row[-1] for row in rows]


def _moved(image: Image.Image, length: int, *, angle: int) -> Image.Image:
    """The camera moved `length` pixels along `angle` while the shutter was open."""
    if length < 2:
        return image
    sharp, total = image, image
    for step in range(1, length):
        dx = round(step * math.cos(math.radians(angle)))
        dy = round(step * math.sin(math.radians(angle)))
        total = Image.blend(total, ImageChops.offset(sharp, dx, dy), 1 / (step + 1))
    return total


def _glaring(image: Image.Image, size: float, *, chance: random.Random) -> Image.Image:
    """A lamp mirrored on the label: a white spot of `size` of the photo's short side near the middle."""
    radius = size * min(image.size) / 2
    x = image.width / 2 + chance.uniform(-60, 60)
    y = image.height / 2 + chance.uniform(-30, 30)
    spot = Image.new("L", image.size, 0)
    ImageDraw.Draw(spot).ellipse((x - radius, y - radius * 0.7, x + radius, y + radius * 0.7), fill=255)
    return ImageChops.add(image, spot.filter(ImageFilter.GaussianBlur(radius * 0.3)))


def _noise(size: tuple[int, int], sigma: float, *, chance: random.Random) -> Image.Image:
    """Grey 128 with bell-shaped noise: the mean of four even ones, spread to `sigma` grey levels."""
    count = size[0] * size[1]
    layers = [Image.frombytes("L", size, chance.randbytes(count)) for _ in range(4)]
    mean = Image.blend(Image.blend(layers[0], layers[1], 0.5), Image.blend(layers[2], layers[3], 0.5), 0.5)
    # Four even layers of 0..255 have a mean with standard deviation 36.9.
    return mean.point([max(0, min(255, round(128 + (value - 127.5) * sigma / 36.9))) for value in range(256)])
