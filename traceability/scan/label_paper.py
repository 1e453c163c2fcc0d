"""The label we print for a batch: a GS1 Digital Link QR code with its text, read back by every phone."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

from backend.core import clock, pdf
from backend.core.errors import DomainError
from backend.core.errors import mark as _
from traceability.batch.models import Batch
from traceability.batch.rules import BatchKind
from traceability.label.symbol import qr_png
from traceability.product.models import TradeItem
from traceability.product.rules import PackLevel
from traceability.scan.profile import fresh_profile

TEMPLATE = Path(__file__).with_name("label.typ")
GS1_HOST = "id.gs1.org"  # GS1's own resolver: valid for whoever has no host of his own
# What AI (10) may hold: up to 20 characters of GS1's set 82.
GS1_LOT = re.compile(r"""[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}""")
# The smallest pack stands on a bag's label, and most labels are printed for bags.
LEVELS = list(PackLevel)


class NoTradeItem(DomainError):
    """A label needs a trade number (GTIN), and the product has none for this pack."""

    code, status, title = "no_trade_item", 409, _("The product has no trade number for this pack")
    detail = _("Register the pack with its GTIN first.")


@dataclass(frozen=True)
class LabelContent:
    """What stands on the label. `qr_text` is what a reader gets."""

    qr_text: str
    batch_code: str
    name_zh: str
    name_en: str
    gtin: str
    net_kg: Decimal
    produced_on: date
    expires_on: date | None
    is_return: bool = False


def content_of(batch: Batch, *, pack: PackLevel | None) -> LabelContent:
    """The label's content for a pack (the batch's own, else the smallest). Raises NoTradeItem (409)."""
    item = _trade_item(batch, pack=pack)
    return LabelContent(
        qr_text=qr_text(
            host=print_host(),
            gtin=item.gtin,
            lot=batch.code,
            expires_on=batch.expires_on,
        ),
        batch_code=batch.code,
        name_zh=batch.product.name_zh,
        name_en=batch.product.name_en,
        gtin=item.gtin,
        net_kg=item.net_kg,
        produced_on=batch.produced_on,
        expires_on=batch.expires_on,
        is_return=batch.kind == BatchKind.RETURN,
    )


def print_host() -> str:
    """The host our codes point at."""
    hosts = fresh_profile().config.own_hosts
    return hosts[0] if hosts else GS1_HOST


def _trade_item(batch: Batch, *, pack: PackLevel | None) -> TradeItem:
    if batch.trade_item is not None and pack in (None, batch.trade_item.level):
        return batch.trade_item
    items = [
        item for item in TradeItem.objects.filter(product=batch.product) if pack is None or item.level == pack
    ]
    if not items:
        raise NoTradeItem
    return min(items, key=lambda item: (LEVELS.index(PackLevel(item.level)), item.net_kg, item.gtin))


def qr_text(*, host: str, gtin: str, lot: str, expires_on: date | None) -> str:
    """`https://host/01/{gtin}/10/{lot}?17=YYMMDD`.

    A batch code that AI (10) cannot hold (Chinese characters, too long) is printed bare: the code itself is known.
    """
    if not GS1_LOT.fullmatch(lot):
        return lot
    link = f"https://{host}/01/{gtin}/10/{quote(lot, safe='')}"
    return f"{link}?17={expires_on:%y%m%d}" if expires_on else link


def label_png(content: LabelContent) -> bytes:
    """The code alone with its quiet zone, 8 pixels per module."""
    return qr_png(content.qr_text, scale=8)


def label_pdf(content: LabelContent) -> bytes:
    """The label, 100 × 50 mm, ready for a label printer."""
    return pdf.pdf(label_sheet(content))


def label_sheet(content: LabelContent) -> pdf.Paper:
    """The label as a paper to be drawn."""
    data = {
        "name_zh": content.name_zh[:40],
        "name_en": content.name_en[:60],
        "gtin": content.gtin,
        "batch": content.batch_code,
        "net_kg": f"{content.net_kg.normalize():f}",
        "produced_on": content.produced_on.isoformat(),
        "expires_on": content.expires_on.isoformat() if content.expires_on else None,
        "is_return": content.is_return,
    }
    pictures = {"code.png": label_png(content)}
    return pdf.Paper(TEMPLATE, data=data, made_at=clock.now(), pictures=pictures)
