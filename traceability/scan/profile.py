"""How labels are read at the moment: the label profile in force, kept per process.

The look-up of every scan names the profile in force, so an outdated copy is noticed by the scan itself.
"""

import time
from dataclasses import dataclass
from uuid import UUID

from backend.core import clock
from traceability.label.config import LabelConfig, company_prefixes
from traceability.product.models import TradeItem
from traceability.scan.models import LabelProfile

PREFIXES_FOR_S = 60  # our company prefixes change once in years; a new one is known within a minute


@dataclass(frozen=True)
class Profile:
    """`id` is None where no profile is registered: then only GS1 labels and registered codes are read."""

    id: UUID | None
    config: LabelConfig
    loaded_at: float


_kept: dict[str, Profile] = {}


def profile() -> Profile:
    """The profile this process knows; loaded where there is none yet or it is older than a minute."""
    kept = _kept.get("profile")
    if kept is None or time.monotonic() - kept.loaded_at > PREFIXES_FOR_S:
        return fresh_profile()
    return kept


def fresh_profile() -> Profile:
    """The profile in force as the database has it now (two queries)."""
    row = LabelProfile.objects.filter(valid_from__lte=clock.today()).order_by("-valid_from", "-id").first()
    prefixes = company_prefixes(TradeItem.objects.values_list("gtin", flat=True))
    found = Profile(
        id=row.pk if row else None,
        config=config_of(row, prefixes=prefixes) if row else LabelConfig(company_prefixes=prefixes),
        loaded_at=time.monotonic(),
    )
    _kept["profile"] = found
    return found


def config_of(row: LabelProfile, *, prefixes: tuple[str, ...] = ()) -> LabelConfig:
    """The profile as the parser takes it. Raises InvalidLabelConfig (400)."""
    return LabelConfig.from_json(
        {
            "own_hosts": row.own_hosts,
            "own_url_rules": row.own_url_rules,
            "batch_patterns": row.batch_patterns,
            "serial_patterns": row.serial_patterns,
            "company_prefixes": list(prefixes),
        }
    )
