"""Photos and signatures: stored once per content, re-encoded, served only to those who may see their row."""

import hashlib
import io
import struct
import zlib
from dataclasses import dataclass
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Exists, OuterRef, Q, QuerySet
from PIL import Image, ImageOps

from backend.core import clock
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from backend.core.ids import uuid7
from backend.core.models import Attachment, Upload

MAX_BYTES = 8_388_608
MAX_PIXELS = 25_000_000
STORED_SIDE_PX = 2560
FORMATS = ("JPEG", "PNG", "WEBP")


# What Pillow raises on files that are cut short, lie about their size or carry damaged tables.
BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class PhotoRefused(DomainError):
    code, status, title = "photo_refused", 415, _("This file is not a photo we can keep")
    detail = _("JPEG, PNG and WebP are taken; convert others in the app.")


class PhotoTooLarge(DomainError):
    code, status, title = "photo_too_large", 413, _("The photo is too large")
    detail = _("At most {limit} bytes and 25 megapixels.")


class PhotoLost(DomainError):
    """The row is there, its file is not: the media folder was not restored with the database."""

    code, status, title = "photo_lost", 404, _("The file of this photo is missing")


@dataclass(frozen=True)
class Picture:
    """A re-encoded picture: no EXIF, no position, nothing appended."""

    data: bytes
    media_type: str
    width_px: int
    height_px: int
    average_hash: str


def reencode(data: bytes) -> Picture:
    """`data` upright, at most 2560 px, as JPEG (PNG stays PNG for signatures). Raises PhotoRefused, PhotoTooLarge."""
    if len(data) > MAX_BYTES:
        raise PhotoTooLarge(limit=MAX_BYTES)
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise PhotoTooLarge(limit=MAX_BYTES)
        is_png = image.format == "PNG"
        image.draft("RGB", (STORED_SIDE_PX, STORED_SIDE_PX))
        image.thumbnail((STORED_SIDE_PX, STORED_SIDE_PX))
        image = ImageOps.exif_transpose(image).convert("RGBA" if is_png else "RGB")
        out = io.BytesIO()
        image.save(out, "PNG") if is_png else image.save(out, "JPEG", quality=85)
        grey = image.convert("L").resize((8, 8))
    except BROKEN as error:
        raise PhotoRefused from error
    values = grey.tobytes()
    mean = sum(values) / 64
    bits = sum(1 << index for index, value in enumerate(values) if value > mean)
    media_type = "image/png" if is_png else "image/jpeg"
    return Picture(out.getvalue(), media_type, image.width, image.height, f"{bits:016x}")


def keep_photo(data: bytes, *, by_id: UUID) -> Attachment:
    """The attachment of `data`, made once per content: the same bytes again give the same row.

    Raises PhotoRefused (415), PhotoTooLarge (413).
    """
    sha256 = hashlib.sha256(data).hexdigest()
    row = Attachment.objects.filter(sha256=sha256).first()
    if row is None:
        picture = reencode(data)
        name = default_storage.save(f"attachments/{sha256[:2]}/{uuid7()}", ContentFile(picture.data))
        row = _keep(sha256, picture=picture, name=name, by_id=by_id)
    if row.uploaded_by_id != by_id:
        Upload.objects.get_or_create(attachment=row, user_id=by_id, defaults={"received_at": clock.now()})
    return row


def _keep(sha256: str, *, picture: Picture, name: str, by_id: UUID) -> Attachment:
    fields = {
        "media_type": picture.media_type,
        "size_bytes": len(picture.data),
        "width_px": picture.width_px,
        "height_px": picture.height_px,
        "average_hash": picture.average_hash,
        "file": name,
        "uploaded_by_id": by_id,
        "received_at": clock.now(),
    }
    row, is_new = Attachment.objects.get_or_create(sha256=sha256, defaults=fields)
    if not is_new:  # the same photo arrived twice at once: one file is enough
        default_storage.delete(name)
    return row


def photo_of(sha256: str | None, *, by_id: UUID, field: str) -> Attachment | None:
    """The photo a body names, uploaded by that person; None for none. Raises InvalidInput (400) at `field`."""
    if not sha256:
        return None
    photo = uploaded_by(by_id).filter(pk=sha256).first()
    if photo is None:
        raise InvalidInput(errors={field: _("You uploaded no photo with this SHA-256.")})
    return photo


def uploaded_by(user_id: UUID) -> QuerySet[Attachment]:
    """Everything the person sent, first or after somebody else."""
    also = Upload.objects.filter(attachment=OuterRef("pk"), user_id=user_id)
    return Attachment.objects.filter(Q(uploaded_by_id=user_id) | Exists(also))


def bytes_of(photo: Attachment) -> bytes:
    """The stored picture. Raises PhotoLost (404) where its file is gone."""
    try:
        with default_storage.open(photo.file) as file:
            return bytes(file.read())
    except FileNotFoundError as error:
        raise PhotoLost from error


def small_jpeg_of(photo: Attachment, *, side_px: int) -> bytes:
    """The picture at most `side_px` wide and high, as JPEG on white: for print. Raises PhotoLost (404)."""
    image: Image.Image = Image.open(io.BytesIO(bytes_of(photo)), formats=FORMATS)
    image.thumbnail((side_px, side_px))
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    out = io.BytesIO()
    white.save(out, "JPEG", quality=80)
    return out.getvalue()
