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

from traceability.scan import zbar, zxing
from traceability.scan.code import Code, PhotoResult, Reader
from traceability.scan.edges import EdgeGrid, Patch, Stripes, edge_grid, find_patches, find_stripes
from traceability.scan.evidence import WHOLE, Ballot
from traceability.scan.read import Look, Read
from traceability.scan.upload import open_photo
from traceability.scan.view import View
from traceability.scan.zxing import Threshold

BUDGET_S = 1.5
_WHOLE = Look(WHOLE)
# Rows a strip is averaged to: zxing-cpp looks at several of them, zbar at every one.
_ROWS = 24
_WIDEST = 3000
# White on both sides of the bars, as a share of their length.
_QUIET = 0.12


@dataclass(frozen=True, slots=True)
class _StripLook:
    """`scale` pixels per photo pixel along the bars' direction; `low` to `high` is the share of their height."""

    name: str
    reader: Reader
    scale: float
    low: float = 0.05
    high: float = 0.95
    sharpen: tuple[int, int] | None = None


_STRIP_LOOKS = (
    _StripLook("strip", Reader.ZXING, 2),
    _StripLook("strip-mid-sharp", Reader.ZXING, 2, 0.3, 0.7, (5, 300)),
    _StripLook("strip-large-sharp", Reader.ZXING, 3, sharpen=(3, 200)),
    _StripLook("strip-zbar", Reader.ZBAR, 1),
    _StripLook("strip-zbar-sharp", Reader.ZBAR, 1, sharpen=(5, 300)),
    _StripLook("strip-top", Reader.ZXING, 2, 0.05, 0.45),
    _StripLook("strip-low", Reader.ZXING, 2, 0.55, 0.95),
    _StripLook("strip-small", Reader.ZXING, 1),
)


@dataclass(frozen=True, slots=True)
class _PatchLook:
    name: str
    scale: float
    sharpen: tuple[int, int] | None = None
    smooth: float = 0
    threshold: Threshold = Threshold.LOCAL
    invert: bool = False


_PATCH_LOOKS = (
    _PatchLook("patch", 2, invert=True),
    _PatchLook("patch-sharp", 2, (6, 400)),
    _PatchLook("patch-smooth", 1.5, (4, 300), 1),
    _PatchLook("patch-global", 2, (3, 200), threshold=Threshold.GLOBAL),
)
_PATCH_SIDE = 1600


def decode(data: bytes, *, budget_s: float = BUDGET_S) -> PhotoResult:
    """The codes in a photo's bytes. Raises UnsupportedImageFormat, BrokenImage, ImageTooLarge."""
    until = time.monotonic() + budget_s
    start = time.thread_time()
    photo = open_photo(data)
    loaded = time.thread_time()
    found = codes_in(photo.view, until=until)
    codes = tuple(replace(code, box=tuple(map(photo.displayed, code.box))) for code in found)
    return PhotoResult(
        codes=codes,
        width=photo.width,
        height=photo.height,
        load_ms=round((loaded - start) * 1000, 3),
        ms=round((time.thread_time() - loaded) * 1000, 3),
    )


def codes_in(view: View, *, until: float) -> tuple[Code, ...]:
    """The codes in grey pixels, confirmed ones first; no new look is begun after `until` (time.monotonic)."""
    ballot = Ballot()
    ballot.add(zxing.read(view, look=_WHOLE))
    if not ballot.has_confirmed:
        _look_closer(view, ballot, until=until)
    return ballot.codes()


def _look_closer(view: View, ballot: Ballot, *, until: float) -> None:
    grid = edge_grid(view)
    for reads in _closer_looks(view, grid, ballot):
        ballot.add(reads)
        if time.monotonic() > until:
            return
    if not ballot.has_confirmed:
        for reads in _last_looks(view):
            ballot.add(reads)
            if ballot.has_confirmed or time.monotonic() > until:
                return


def _closer_looks(view: View, grid: EdgeGrid | None, ballot: Ballot) -> Iterator[list[Read]]:
    if grid is None:
        return
    for stripes in find_stripes(grid):
        for strip_look in _STRIP_LOOKS:
            if ballot.covers(stripes.centre):
                break
            yield _strip_reads(view, stripes, strip_look)
    for patch in find_patches(grid):
        for patch_look in _PATCH_LOOKS:
            if ballot.covers(((patch.left + patch.right) / 2, (patch.top + patch.bottom) / 2)):
                break
            yield _patch_reads(view, patch, patch_look)


def _strip_reads(view: View, stripes: Stripes, look: _StripLook) -> list[Read]:
    length = stripes.length * (1 + 2 * _QUIET)
    width = max(16, min(_WIDEST, round(length * look.scale)))
    height = max(4, round(stripes.height))
    strip = view.cut_out(
        centre=stripes.centre,
        angle=stripes.angle,
        length=length,
        height=stripes.height,
        size=(width, height),
    )
    top = int(height * look.low)
    strip = strip.cropped(0, top, width, max(top + 2, int(height * look.high)))
    if strip.pixels.height > _ROWS:
        strip = strip.with_pixels(strip.pixels.resize((width, _ROWS), Image.Resampling.BOX))
    strip = _sharpened(strip, look.sharpen)
    seen_as = Look(look.name, is_sharpened=look.sharpen is not None)
    if look.reader is Reader.ZBAR:
        return zbar.read(strip, look=seen_as, symbols=zbar.LINEAR)
    return zxing.read(strip, look=seen_as, formats=zxing.LINEAR)


def _patch_reads(view: View, patch: Patch, look: _PatchLook) -> list[Read]:
    width, height = view.pixels.size
    cut = view.cropped(
        max(0, int(patch.left)),
        max(0, int(patch.top)),
        min(width, int(patch.right)),
        min(height, int(patch.bottom)),
    )
    scale = min(look.scale, _PATCH_SIDE / max(cut.pixels.size))
    cut = _sharpened(cut.magnified(scale) if scale > 1 else cut, look.sharpen)
    if look.smooth:
        cut = cut.with_pixels(cut.pixels.filter(ImageFilter.GaussianBlur(look.smooth)))
    seen_as = Look(look.name, is_sharpened=look.sharpen is not None)
    return zxing.read(
        cut, look=seen_as, formats=zxing.MATRIX, threshold=look.threshold, invert=look.invert
    )


def _last_looks(view: View) -> Iterator[list[Read]]:
    yield zbar.read(view.at_most(1300), look=Look("whole-zbar"))
    smooth = view.at_most(1600)
    smooth = smooth.with_pixels(smooth.pixels.filter(ImageFilter.GaussianBlur(1)))
    yield zxing.read(smooth, look=Look("whole-smooth"))
    even = view.at_most(2000)
    around = even.pixels.filter(ImageFilter.BoxBlur(40))
    even = even.with_pixels(ImageChops.subtract(even.pixels, around, scale=0.5, offset=128))
    yield zxing.read(
        even, look=Look("whole-contrast", is_sharpened=True), threshold=Threshold.GLOBAL, invert=True
    )


def _sharpened(view: View, strength: tuple[int, int] | None) -> View:
    if strength is None:
        return view
    return view.with_pixels(view.pixels.filter(ImageFilter.UnsharpMask(*strength, 0)))
