"""Kinds and tiers of customers, and what a coordinate must say of itself. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from backend.accounts.rules import Role, mask_name, mask_phone
from backend.core.choices import Code
from backend.core.errors import DomainError
from backend.core.errors import mark as _


class CustomerKind(Code):
    DESIGNATED_WHOLESALER = "designated_wholesaler"
    RETAILER = "retailer"
    FOOD_MAKER = "food_maker"
    INDUSTRIAL = "industrial"
    OTHER = "other"


class Tier(Code):
    """Key customers come first (rule 47); the order of the members is the order of service."""

    KEY = "key"
    MAJOR = "major"
    STANDARD = "standard"


class Datum(Code):
    """WGS-84 and GCJ-02 lie about 500 m apart in China: a coordinate without its datum is refused."""

    WGS84 = "WGS-84"
    GCJ02 = "GCJ-02"


class CoordinateIncomplete(DomainError):
    code, status, title = "coordinate_incomplete", 400, _("A coordinate needs latitude, longitude and datum")
    detail = _("Give all three or none: WGS-84 and GCJ-02 lie about 500 m apart.")


def check_coordinate(latitude: Decimal | None, longitude: Decimal | None, datum: str) -> None:
    """Raises CoordinateIncomplete (400) unless all three are there or none is."""
    if len({latitude is None, longitude is None, datum == ""}) != 1:
        raise CoordinateIncomplete(errors={"datum": CoordinateIncomplete.detail})


@dataclass(frozen=True)
class CustomerData:
    code: str
    name: str
    kind: CustomerKind
    region_code: str
    province: str
    tier: Tier = Tier.STANDARD
    contact_name: str = ""
    contact_phone: str = ""
    licence_no: str = ""
    licence_valid_to: date | None = None
    needs_visit: bool = False
    is_elderly: bool = False
    note: str = ""


@dataclass(frozen=True)
class SiteData:
    name: str
    address: str
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    datum: str = ""


# Who sees personal data of a customer in the clear (roles matrix, row "customer personal data"). A technician sees it
# inside a visit, which serves it itself; logistics needs the address to ship to, not the contact.
SEES_CONTACT = frozenset({Role.CLERK, Role.DIRECTOR, Role.DEALER})
SEES_ADDRESS = SEES_CONTACT | {Role.LOGISTICS}
CONTACT_ONLY = frozenset({"note"})  # absent for the others: free text may hold anything
ADDRESS_ONLY = frozenset({"latitude", "longitude", "datum"})


def mask_address(address: str) -> str:
    """江苏省****: enough to tell the province."""
    return f"{address[:3]}****" if len(address) > 3 else "*" * len(address)


def shown_name(name: str, *, kind: str, role: str) -> str:
    """A firm's name as it is; the name of a private person (kind `other`) only for those who see contacts."""
    return mask_name(name) if kind == CustomerKind.OTHER and role not in SEES_CONTACT else name


def shown_customer(fields: Mapping[str, Any], *, role: str) -> dict[str, Any]:
    """The fields of a customer as the role may see them: contact masked, note absent."""
    if role in SEES_CONTACT:
        return dict(fields)
    shown = {name: value for name, value in fields.items() if name not in CONTACT_ONLY}
    masks = {"contact_name": mask_name, "contact_phone": mask_phone}
    shown |= {name: mask(shown[name]) for name, mask in masks.items() if shown.get(name)}
    return shown | {"name": shown_name(shown["name"], kind=shown["kind"], role=role)}


def shown_site(fields: Mapping[str, Any], *, role: str) -> dict[str, Any]:
    """The fields of a site as the role may see them: address masked, coordinate absent."""
    if role in SEES_ADDRESS:
        return dict(fields)
    shown = {name: value for name, value in fields.items() if name not in ADDRESS_ONLY}
    return shown | {"address": mask_address(str(shown["address"]))}
