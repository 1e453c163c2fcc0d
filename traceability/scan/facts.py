"""What the database knows of the keys that were asked: products, batches, serial codes, registered codes. Pure."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from traceability.batch.rules import BatchStatus
from traceability.serial.rules import TokenState


@dataclass(frozen=True, slots=True)
class ProductFact:
    id: UUID
    sku: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class BatchFact:
    """A batch as the look-up brought it. `shipped_here`: to a customer in one of the caller's regions.

    `is_numbered`: its packs of the trade number asked for carry serial codes; told only where the label has one.
    """

    id: UUID
    code: str
    code_norm: str
    status: BatchStatus
    produced_on: date
    expires_on: date | None
    plant: str
    open_cases: int
    open_proposals: int
    product: ProductFact
    shipped_here: bool = False
    is_numbered: bool = False
    is_history: bool = False


@dataclass(frozen=True, slots=True)
class SerialFact:
    """A token whose prefix is ours; `batch` where its number was given to one."""

    token: str
    state: TokenState
    batch: BatchFact | None


@dataclass(frozen=True, slots=True)
class AliasFact:
    """What a registered code stands for: a batch, or a pack of a product (and its serial number)."""

    product: ProductFact
    batch: BatchFact | None
    serial: str


@dataclass
class Facts:
    """What is known of the keys that were asked. A key that is missing here is not registered.

    `aliases`: code → target. `products`: GTIN-14 → product. `batches`: (GTIN-14, number) → batch.
    `numbers`: number → batches of any product. `recent`: GTIN-14 → its newest batches. `units`: SSCC → batches
    in the whole of the unit. `serials`: token → serial code of a single bag. Numbers are normalised.
    """

    profile_id: UUID | None = None
    aliases: dict[str, AliasFact] = field(default_factory=dict)
    products: dict[str, ProductFact] = field(default_factory=dict)
    batches: dict[tuple[str, str], BatchFact] = field(default_factory=dict)
    numbers: dict[str, list[BatchFact]] = field(default_factory=dict)
    recent: dict[str, list[BatchFact]] = field(default_factory=dict)
    units: dict[str, list[BatchFact]] = field(default_factory=dict)
    serials: dict[str, SerialFact] = field(default_factory=dict)
