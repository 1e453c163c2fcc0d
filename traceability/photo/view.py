"""A look at a part of the photo: pixels, and the way back to the photo's own coordinates."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image

from traceability.photo.code import Point, Quad

# (a, b, c, d, e, f): photo x = a·x + b·y + c, photo y = d·x + e·y + f. Pillow's own order.
Affine = tuple[float, float, float, float, float, float]
_SAME: Affine = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True, slots=True)
class View:
    """`pixels` is mode "L"."""

    pixels: Image.Image
    to_photo: Affine = _SAME

    def quad(self, points: Iterable[tuple[float, float]]) -> Quad:
        """Four points of the view in photo coordinates."""
        a, b, c, d, e, f = self.to_photo
        first, second, third, fourth = ((a * x + b * y + c, d * x + e * y + f) for x, y in points)
        return first, second, third, fourth

    def with_pixels(self, pixels: Image.Image) -> "View":
        """The same place with other pixels, e.g. sharpened ones; a size change scales the way back."""
        kx, ky = self.pixels.width / pixels.width, self.pixels.height / pixels.height
        a, b, c, d, e, f = self.to_photo
        return View(pixels, (a * kx, b * ky, c, d * kx, e * ky, f))

    def at_most(self, side: int) -> "View":
        """Shrunk to a longest side of `side` pixels; the view itself where it is small enough."""
        longest = max(self.pixels.size)
        if longest <= side:
            return self
        return self.with_pixels(_resized(self.pixels, side / longest))

    def magnified(self, factor: float) -> "View":
        return self.with_pixels(_resized(self.pixels, factor))

    def resized(self, width: int, height: int, by: Image.Resampling) -> "View":
        if self.pixels.size == (width, height):
            return self
        return self.with_pixels(self.pixels.resize((width, height), by))

    def turned_left(self) -> "View":
        """A quarter turn against the clock."""
        a, b, c, d, e, f = self.to_photo
        width = self.pixels.width
        # A point (x, y) of the turned view was at (width - y, x).
        return View(
            self.pixels.transpose(Image.Transpose.ROTATE_90), (b, -a, a * width + c, e, -d, d * width + f)
        )

    def cropped(self, left: int, top: int, right: int, bottom: int) -> "View":
        a, b, c, d, e, f = self.to_photo
        moved = (a, b, a * left + b * top + c, d, e, d * left + e * top + f)
        return View(self.pixels.crop((left, top, right, bottom)), moved)

    def cut_out(
        self, *, centre: Point, angle: float, length: float, height: float, size: tuple[int, int]
    ) -> "View":
        """The rectangle of `length` × `height` around `centre`, its length along `angle` (radians), laid level.

        Coordinates are the view's. `size` is the pixels it gets.
        """
        cos, sin = math.cos(angle), math.sin(angle)
        kx, ky = length / size[0], height / size[1]
        left = centre[0] - cos * length / 2 + sin * height / 2
        top = centre[1] - sin * length / 2 - cos * height / 2
        back: Affine = (cos * kx, -sin * ky, left, sin * kx, cos * ky, top)
        pixels = self.pixels.transform(size, Image.Transform.AFFINE, back, Image.Resampling.BICUBIC)
        return View(pixels, _chained(self.to_photo, back))


def _resized(pixels: Image.Image, factor: float) -> Image.Image:
    size = (max(1, round(pixels.width * factor)), max(1, round(pixels.height * factor)))
    if factor > 1:
        return pixels.resize(size, Image.Resampling.BICUBIC)
    return pixels.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _chained(outer: Affine, inner: Affine) -> Affine:
    """First `inner`, then `outer`."""
    a, b, c, d, e, f = outer
    p, q, r, s, t, u = inner
    return (
        a * p + b * s,
        a * q + b * t,
        a * r + b * u + c,
        d * p + e * s,
        d * q + e * t,
        d * r + e * u + f,
    )
