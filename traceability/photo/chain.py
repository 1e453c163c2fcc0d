"""Photo → codes: cheap looks first, dearer ones only while nothing is certain.

1. The whole photo as it is, by zxing-cpp: most photos end here.
2. Places that look like bars, laid level and averaged along the bars: what was too tilted, blurred, dark or
   noisy to read becomes one clean row of bars for half a millisecond each.
3. Places dense with edges, enlarged and sharpened: matrix codes.
4. The whole photo again, by zbar and with local contrast.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from PIL import Image, ImageChops, ImageFilter

from traceability.photo import zbar, zxing
from traceability.photo.code import Code, PhotoResult, Reader
from traceability.photo.edges import Patch, Stripes, bars_in, edge_grid, find_patches, find_stripes
from traceability.photo.evidence import MATRIX, WHOLE, Ballot
from traceability.photo.read import Look, Read
from traceability.photo.remains import may_hold_more
from traceability.photo.upload import open_photo
from traceability.photo.view import View
from traceability.photo.zxing import Threshold

BUDGET_S = 1.5
_WHOLE = Look(WHOLE)
# Rows a strip is averaged to: zxing-cpp looks at several of them, zbar at every one.
_ROWS = 24
_WIDEST = 3000
_LEVEL_SCALE = 2
# White on both sides of the bars, as a share of their length.
_QUIET = 0.12


@dataclass(frozen=True, slots=True)
class _StripLook:
    """`scale` pixels per photo pixel along the bars' direction; `low` to `high` is the share of their height."""

    name: str
    scale: float
    low: float
    high: float
    sharpen: tuple[float, int]
    reader: Reader = Reader.ZXING


# Each sharpened, then smoothed by a pixel: sharpening alone makes up bars, and wrong reads with them.
# Chosen one by one as the look that read most of what those before it had not.
_STRIP_LOOKS = (
    _StripLook("strip", 3, 0.05, 0.95, (3, 300)),
    _StripLook("strip-mid", 3, 0.3, 0.7, (5, 150)),
    _StripLook("strip-fine", 3, 0.05, 0.95, (2, 500)),
    _StripLook("strip-mid-fine", 2, 0.3, 0.7, (2, 300)),
    _StripLook("strip-coarse", 1.5, 0.05, 0.95, (1.5, 500)),
    _StripLook("strip-zbar", 2, 0.05, 0.95, (8, 300), Reader.ZBAR),
    _StripLook("strip-top", 3, 0.05, 0.45, (1.5, 300)),
    _StripLook("strip-low", 3, 0.55, 0.95, (8, 300)),
    _StripLook("strip-soft", 3, 0.05, 0.95, (8, 150)),
    _StripLook("strip-low-fine", 2, 0.55, 0.95, (2, 500)),
)
# Only for a place where something was read that needs a second witness.
_WITNESS_LOOKS = (
    _StripLook("strip-wide", 3, 0.05, 0.95, (2, 150)),
    _StripLook("strip-narrow", 1.5, 0.05, 0.95, (2, 500)),
    _StripLook("strip-narrow-mid", 1.5, 0.3, 0.7, (2, 300)),
    _StripLook("strip-fine-flat", 2, 0.05, 0.95, (1.5, 500)),
    _StripLook("strip-top-sharp", 3, 0.05, 0.45, (5, 300)),
    _StripLook("strip-low-sharp", 2, 0.55, 0.95, (5, 300)),
    _StripLook("strip-mid-wide", 3, 0.3, 0.7, (3, 300)),
)
# A second code is sought less hard than the first.
_LOOKS_FOR_MORE = 3
_AGAIN = Look("again")
_AGAIN_ROWS = 12


@dataclass(frozen=True, slots=True)
class _PatchLook:
    name: str
    scale: float
    blur: float = 0
    sharpen: tuple[float, int] | None = None
    smooth: float = 0
    threshold: Threshold = Threshold.LOCAL
    invert: bool = False


_PATCH_LOOKS = (
    _PatchLook("patch-sharp", 2, 0, (2, 300), 1, Threshold.GLOBAL),
    _PatchLook("patch", 2, invert=True),
    _PatchLook("patch-noisy", 1.5, 1.5, (2, 500), 1),
    _PatchLook("patch-large", 3, 3, (4, 500), 1, Threshold.GLOBAL),
    _PatchLook("patch-blurred", 2, 0, (6, 400)),
)
_PATCH_SIDE = 900


def decode(data: bytes, *, budget_s: float = BUDGET_S) -> PhotoResult:
    """The codes in a photo's bytes. Raises UnsupportedImageFormat, BrokenImage, ImageTooLarge."""
    until = time.monotonic() + budget_s
    start = time.thread_time()
    photo = open_photo(data)
    loaded = time.thread_time()
    found = codes_in(photo.view, until=until)
    return PhotoResult(
        codes=tuple(replace(code, box=photo.displayed(code.box)) for code in found),
        width=photo.width,
        height=photo.height,
        load_ms=round((loaded - start) * 1000, 3),
        ms=round((time.thread_time() - loaded) * 1000, 3),
    )


def codes_in(view: View, *, until: float) -> tuple[Code, ...]:
    """The codes in grey pixels, confirmed ones first; no new look is begun after `until` (time.monotonic)."""
    ballot = Ballot()
    # zxing-cpp takes half as long when it need not look for codes on their side; few photos have those.
    reads = zxing.read(view, look=_WHOLE)
    if not reads:
        reads = zxing.read(view.turned_left(), look=_WHOLE, formats=zxing.ONE_WAY)
    ballot.add(reads)
    for read in reads:
        if read.format not in MATRIX:
            ballot.add(_read_again(view, read))
    if not _is_done(view, ballot):
        _look_closer(view, ballot, until=until)
    return ballot.codes()


def _is_done(view: View, ballot: Ballot) -> bool:
    """Whether all that the photo seems to hold is read."""
    read = ballot.confirmed_reads()
    return bool(read) and not may_hold_more(view, read)


def _read_again(view: View, read: Read) -> list[Read]:
    """A linear code has one check digit: it is read a second time, averaged along its bars."""
    bars = bars_in(read.box)
    scale = max(1.0, min(_LEVEL_SCALE, 500 / bars.length))
    level = _laid_level(view, bars, scale=scale, rows=_AGAIN_ROWS)
    return zxing.read(level, look=_AGAIN, formats=zxing.LINEAR)


def _look_closer(view: View, ballot: Ballot, *, until: float) -> None:
    for reads in _closer_looks(view, ballot):
        ballot.add(reads)
        if time.monotonic() > until:
            return
    if not ballot.has_confirmed:
        for reads in _last_looks(view):
            ballot.add(reads)
            if ballot.has_confirmed or time.monotonic() > until:
                return


def _closer_looks(view: View, ballot: Ballot) -> Iterator[list[Read]]:
    grid = edge_grid(view)
    if grid is None:
        return
    for stripes in find_stripes(grid):
        if not ballot.covers(stripes.centre):
            yield from _looks_at_stripes(view, stripes, ballot)
            if _is_done(view, ballot):
                return
    for patch in find_patches(grid):
        if not ballot.covers(patch.centre):
            yield from _looks_at_patch(view, patch, ballot)
            if _is_done(view, ballot):
                return


def _looks_at_stripes(view: View, stripes: Stripes, ballot: Ballot) -> Iterator[list[Read]]:
    level = _laid_level(view, stripes)
    for look in _STRIP_LOOKS[: _LOOKS_FOR_MORE if ballot.has_confirmed else None]:
        yield _strip_reads(level, look)
        if ballot.covers(stripes.centre):
            return
    for look in _WITNESS_LOOKS:
        if not ballot.has_candidate(stripes.centre):
            return
        yield _strip_reads(level, look)


def _looks_at_patch(view: View, patch: Patch, ballot: Ballot) -> Iterator[list[Read]]:
    cut = _cut(view, patch)
    for look in _PATCH_LOOKS[: _LOOKS_FOR_MORE if ballot.has_confirmed else None]:
        yield _patch_reads(cut, look)
        if ballot.covers(patch.centre):
            return


def _laid_level(view: View, stripes: Stripes, *, scale: float = _LEVEL_SCALE, rows: int = 400) -> View:
    """The bars upright, with white on both sides, `scale` times as wide as in the photo, at most `rows` high."""
    length = stripes.length * (1 + 2 * _QUIET)
    size = max(16, min(_WIDEST, round(length * scale))), max(4, min(rows, round(stripes.height)))
    return view.cut_out(
        centre=stripes.centre, angle=stripes.angle, length=length, height=stripes.height, size=size
    )


def _strip_reads(level: View, look: _StripLook) -> list[Read]:
    width, height = level.pixels.size
    top, bottom = int(height * look.low), int(height * look.high)
    strip = level.cropped(0, top, width, max(top + 2, bottom))
    # First the mean along the bars, then the width: most of the work is done on few pixels.
    strip = strip.resized(width, min(_ROWS, strip.pixels.height), Image.Resampling.BOX)
    wide = min(_WIDEST, round(width * look.scale / _LEVEL_SCALE))
    strip = strip.resized(wide, strip.pixels.height, Image.Resampling.BICUBIC)
    strip = _smoothed(_sharpened(strip, look.sharpen), 1)
    seen_as = Look(look.name, is_sharpened=True)
    if look.reader is Reader.ZBAR:
        return zbar.read(strip, look=seen_as, symbols=zbar.LINEAR)
    return zxing.read(strip, look=seen_as, formats=zxing.LINEAR)


def _cut(view: View, patch: Patch) -> View:
    width, height = view.pixels.size
    left, top = max(0, int(patch.left)), max(0, int(patch.top))
    return view.cropped(left, top, min(width, int(patch.right)), min(height, int(patch.bottom)))


def _patch_reads(cut: View, look: _PatchLook) -> list[Read]:
    scale = min(look.scale, _PATCH_SIDE / max(cut.pixels.size))
    cut = _smoothed(cut.magnified(scale) if scale > 1 else cut, look.blur)
    cut = _smoothed(_sharpened(cut, look.sharpen), look.smooth)
    return zxing.read(
        cut, look=Look(look.name), formats=zxing.MATRIX, threshold=look.threshold, invert=look.invert
    )


def _last_looks(view: View) -> Iterator[list[Read]]:
    # Measured: every third row reads more than every row, and costs a third.
    yield zbar.read(view.at_most(1000), look=Look("whole-zbar"), every=3)
    yield zxing.read(_smoothed(view.at_most(1600), 1), look=Look("whole-smooth"), rotate=True)
    even = view.at_most(2000)
    around = even.pixels.filter(ImageFilter.BoxBlur(40))
    even = even.with_pixels(ImageChops.subtract(even.pixels, around, scale=0.5, offset=128))
    yield zxing.read(
        even,
        look=Look("whole-contrast", is_sharpened=True),
        threshold=Threshold.GLOBAL,
        rotate=True,
        invert=True,
    )


def _sharpened(view: View, strength: tuple[float, int] | None) -> View:
    if strength is None:
        return view
    return view.with_pixels(view.pixels.filter(ImageFilter.UnsharpMask(*strength, 0)))


def _smoothed(view: View, radius: float) -> View:
    return view.with_pixels(view.pixels.filter(ImageFilter.GaussianBlur(radius))) if radius else view
