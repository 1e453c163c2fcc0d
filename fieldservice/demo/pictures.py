"""Drawn receipts and signatures: stand-ins for what phones would upload."""

import io
from decimal import Decimal
from random import Random

from PIL import Image, ImageDraw

from backend.accounts.models import User
from backend.core.attachment import bytes_of, keep_photo
from backend.core.models import Attachment

PAPER, INK = (246, 244, 238), (34, 34, 40)
QUALITY, AGAIN_QUALITY = 85, 55  # of JPEG
RECEIPT, SIGNATURE = (300, 400), (160, 60)


def keep_receipt(
    chance: Random, *, number: str, gross_cny: Decimal, by: User, quality: int = 85
) -> Attachment:
    """A photo of a receipt on a table; figures as stated, layout by chance."""
    return keep_photo(_jpeg(draw_receipt(chance, number=number, gross_cny=gross_cny), QUALITY), by_id=by.pk)


def photograph_again(receipt: Attachment, *, by: User) -> Attachment:
    """The same receipt from another phone: other bytes, the same picture."""
    with Image.open(io.BytesIO(bytes_of(receipt))) as image:
        return keep_photo(_jpeg(image, AGAIN_QUALITY), by_id=by.pk)


def draw_receipt(chance: Random, *, number: str, gross_cny: Decimal) -> Image.Image:
    # A table of its own: else the hashes of all receipts would lie near each other.
    table = Image.frombytes("RGB", (3, 4), bytes(chance.randint(20, 230) for _ in range(36)))
    image = table.resize(RECEIPT, Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(image)
    left, top = chance.randint(10, 80), chance.randint(10, 100)
    right, bottom = RECEIPT[0] - chance.randint(10, 80), RECEIPT[1] - chance.randint(10, 100)
    draw.rectangle((left, top, right, bottom), fill=PAPER)
    for row in range(chance.randint(3, 6)):  # the printed form: bars instead of words
        y = top + 40 + row * 24
        draw.rectangle((left + 14, y, left + chance.randint(40, 120), y + chance.randint(4, 12)), fill=INK)
    draw.text((left + 12, top + 12), f"No. {number}", fill=INK)
    draw.text((left + 12, bottom - 24), f"CNY {gross_cny}", fill=INK)
    return image


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def keep_signature(chance: Random, *, by: User) -> Attachment:
    """A customer's signature: a pen's stroke."""
    image = Image.new("RGB", SIGNATURE, "white")
    x, points = 12, []
    while x < SIGNATURE[0] - 12:
        points.append((x, chance.randint(12, SIGNATURE[1] - 12)))
        x += chance.randint(8, 22)
    ImageDraw.Draw(image).line(points, fill=INK, width=3)
    out = io.BytesIO()
    image.save(out, "PNG")
    return keep_photo(out.getvalue(), by_id=by.pk)
