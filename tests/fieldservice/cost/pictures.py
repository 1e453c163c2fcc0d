"""Drawn receipts: the same printed form with other figures, and the same picture saved again."""

import io
import random

from PIL import Image, ImageDraw


def receipt(seed: int, *, form: int = 1) -> Image.Image:
    """A scanned form; `form` sets its print, `seed` its figures."""
    printed, figures = random.Random(form), random.Random(seed)
    image = Image.new("RGB", (900, 1200), "white")
    draw = ImageDraw.Draw(image)
    left = printed.randint(40, 300)
    for line in range(25):
        y = 40 + line * 45
        text = "".join(printed.choice("ABCDEFGHIJ 0123456789") for _ in range(printed.randint(8, 24)))
        draw.text((left, y), text, fill="black", font_size=30)
        if line % 3 == 0:
            draw.text((620, y), f"{figures.uniform(5, 900):.2f}", fill="black", font_size=30)
    return image


def jpeg(image: Image.Image, *, quality: int = 90, scale: float = 1) -> bytes:
    small = image.resize((int(image.width * scale), int(image.height * scale)))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=quality)
    return out.getvalue()
