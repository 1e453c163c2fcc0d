"""Uploaded bytes → grey pixels, or a typed refusal. Every guard against hostile images stands here.

Nothing the client says about the file counts, only its first bytes; limits are checked on the header, before a
pixel is unpacked.
"""

import struct
from dataclasses import dataclass
from io import BytesIO

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from backend.core.errors import DomainError
from backend.core.errors import mark as _
from traceability.photo.code import Point, Quad
from traceability.photo.view import View

MAX_BYTES = 12 * 1024 * 1024
MAX_PIXELS = 50_000_000
MAX_SIDE = 12_000
# What unpacking may take; a header that promises more is refused before it is tried.
MAX_MEMORY = 128 * 1024 * 1024
# Above this a JPEG is unpacked at half its size: the codes in it are large enough, the pixels are not needed.
_HALVED_PIXELS = 24_000_000

# The only plugins that ever see a byte, loaded here: Pillow would try all its sixty for a file it does not know.
_FORMATS = (JpegImageFile.format, PngImageFile.format, WebPImageFile.format)
_ORIENTATION_TAG = 0x0112
# EXIF orientation → does the displayed photo swap width and height?
_TURNED = {5, 6, 7, 8}


class UnsupportedImageFormat(DomainError):
    code, status, title = "unsupported_image_format", 415, _("This image format is not supported")
    detail = _("Found {found}. Send the photo as JPEG, PNG or WebP; convert it to JPEG first.")


class BrokenImage(DomainError):
    code, status, title = "image_broken", 400, _("The image is damaged")
    detail = _("The file ends early or its content cannot be unpacked. Take or send the photo again.")


class ImageTooLarge(DomainError):
    code, status, title = "image_too_large", 413, _("The image is too large")
    detail = _("At most 12 MB, 50 megapixels and 12,000 pixels a side. Send a smaller photo.")


@dataclass(frozen=True, slots=True)
class Photo:
    """`view` holds the pixels, grey, `scale` times smaller; `width`, `height` are the photo's as displayed."""

    view: View
    scale: tuple[float, float]
    width: int
    height: int
    orientation: int

    def displayed(self, box: Quad) -> Quad:
        """A box of the view where the displayed photo shows it."""
        first, second, third, fourth = map(self._displayed, box)
        return first, second, third, fourth

    def _displayed(self, point: Point) -> Point:
        x, y = point[0] * self.scale[0], point[1] * self.scale[1]
        width, height = self.width, self.height
        match self.orientation:
            case 2:
                return width - x, y
            case 3:
                return width - x, height - y
            case 4:
                return x, height - y
            case 5:
                return y, x
            case 6:
                return width - y, x
            case 7:
                return width - y, height - x
            case 8:
                return y, height - x
        return x, y


def check_upload(data: bytes) -> None:
    """Raises UnsupportedImageFormat, ImageTooLarge by what the first bytes and the length tell."""
    if len(data) > MAX_BYTES:
        raise ImageTooLarge
    found = format_of(data)
    if found not in _FORMATS:
        raise UnsupportedImageFormat(found=found)


def open_photo(data: bytes) -> Photo:
    """The photo in `data`. Raises UnsupportedImageFormat, BrokenImage, ImageTooLarge."""
    check_upload(data)
    try:
        return _opened(data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as bomb:
        raise ImageTooLarge from bomb
    except _BROKEN as broken:
        raise BrokenImage from broken


# What Pillow's JPEG, PNG and WebP readers raise on damaged files.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    EOFError,
    OverflowError,
    struct.error,
)


def format_of(data: bytes) -> str:
    """The image format the first bytes tell, `unknown` where they tell none."""
    for name, offset, magic in _MAGIC:
        if data[offset : offset + len(magic)] == magic:
            return name
    return "unknown"


_MAGIC = (
    ("JPEG", 0, b"\xff\xd8\xff"),
    ("PNG", 0, b"\x89PNG\r\n\x1a\n"),
    ("WEBP", 8, b"WEBP"),
    ("HEIC", 4, b"ftyphe"),
    ("HEIC", 4, b"ftypmif1"),
    ("HEIC", 4, b"ftypmsf1"),
    ("AVIF", 4, b"ftypav"),
    ("JPEG XL", 0, b"\xff\x0a"),
    ("JPEG XL", 4, b"JXL "),
    ("JPEG 2000", 4, b"jP  "),
    ("GIF", 0, b"GIF8"),
    ("PDF", 0, b"%PDF"),
    ("PostScript", 0, b"%!PS"),
    ("BMP", 0, b"BM"),
    ("TIFF", 0, b"II*\x00"),
    ("TIFF", 0, b"MM\x00*"),
    ("SVG or HTML", 0, b"<"),
)


def _opened(data: bytes) -> Photo:
    image = Image.open(BytesIO(data), formats=_FORMATS)
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise ImageTooLarge
    if _memory(image) > MAX_MEMORY:
        raise ImageTooLarge
    orientation = _orientation(image)
    if image.format in ("JPEG", "MPO"):
        # Grey straight from the file: a fifth of the time of unpacking colours first.
        halved = width * height > _HALVED_PIXELS
        image.draft("L", ((width + 1) // 2, (height + 1) // 2) if halved else (width, height))
    pixels = _grey(image)
    scale = width / pixels.width, height / pixels.height
    if orientation in _TURNED:
        width, height = height, width
    return Photo(view=View(pixels), scale=scale, width=width, height=height, orientation=orientation)


def _memory(image: Image.Image) -> int:
    """Bytes at the peak of unpacking `image`, by its header."""
    return image.width * image.height * _bytes_per_pixel(image)


def _bytes_per_pixel(image: Image.Image) -> int:
    """Measured: Pillow keeps colours in 4 bytes, libwebp two canvases more, a progressive JPEG all its waves."""
    if image.format == "WEBP":
        return 14
    if image.format == "PNG":
        return 8 if image.mode in ("P", "LA", "RGB", "RGBA") else 4
    return 8 if image.info.get("progressive") else 2


def _orientation(image: Image.Image) -> int:
    """1 to 8 as EXIF counts; 1 where nothing readable is said."""
    if "exif" not in image.info:
        return 1
    try:
        value = image.getexif().get(_ORIENTATION_TAG)
    except _BROKEN:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _grey(image: Image.Image) -> Image.Image:
    """Grey pixels; what is transparent becomes white paper, not black."""
    if image.mode.startswith("I;16"):
        # Pillow's own conversion cuts everything above 255 to white.
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if "transparency" in image.info and image.mode in ("1", "L", "P", "RGB"):
        image = image.convert("RGBA")
    if image.mode in ("LA", "PA", "RGBA"):
        paper = Image.new("L", image.size, 255)
        return Image.composite(image.convert("L"), paper, image.getchannel("A"))
    return image.convert("L")
