"""Customers and their sites from a file: rows of one customer follow its code; each may name a site."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.accounts.models import Region, User
from backend.accounts.queries import region_scope
from backend.core.errors import DomainError
from backend.core.errors import mark as _
from traceability.customer.models import Customer, Site
from traceability.customer.rules import CustomerKind, Datum, Tier, check_coordinate
from traceability.imports.bulk import copy_in
from traceability.imports.cell import choice, day, fault, flag, number, read_cells, refusal, text
from traceability.imports.product_rows import changes
from traceability.imports.rules import Column, Outcome, Record, Row, RowFault, Verdict

OF_CUSTOMER = (
    Column("code", text(40), _("Customer number; the key."), "K-0001", is_needed=True),
    Column("name", text(120), _("Name."), "南京盐业批发有限公司", is_needed=True),
    Column("kind", choice(CustomerKind), _("Kind."), "designated_wholesaler", is_needed=True),
    Column("tier", choice(Tier), _("Tier; empty: standard."), "key", empty=Tier.STANDARD.value),
    Column("region", text(32), _("Code of its sales region."), "east", is_needed=True),
    Column("province", text(40), _("Province."), "江苏", is_needed=True),
    Column("contact_name", text(64), _("Contact person."), "王小明"),
    Column("contact_phone", text(32), _("Telephone."), "13812345678"),
    Column("licence_no", text(64), _("Number of its salt licence."), "SP123"),
    Column("licence_valid_to", day, _("Last day of the licence."), "2027-05-01", empty=None),
    Column("needs_visit", flag, _("Remote or elderly customer: go there."), "false", empty=False),
    Column("is_elderly", flag, _("Elderly customer."), "false", empty=False),
    Column("note", text(500), _("Note."), ""),
)
OF_SITE = (
    Column("site_name", text(120), _("Name of a site; several rows of one code: several sites."), "一号仓库"),
    Column("site_address", text(200), _("Its address."), "江苏省南京市测试路1号"),
    Column(
        "site_latitude",
        number(digits=8, places=6, least="-90", most="90"),
        _("Latitude in degrees; with longitude and datum."),
        "32.06",
        empty=None,
    ),
    Column(
        "site_longitude",
        number(digits=9, places=6, least="-180", most="180"),
        _("Longitude in degrees."),
        "118.79",
        empty=None,
    ),
    Column("site_datum", choice(Datum), _("Datum of the coordinate."), "WGS-84"),
)
COLUMNS = OF_CUSTOMER + OF_SITE


@dataclass
class Desk:
    """What is known of the records' customers, and what is to be written."""

    known: dict[str, Customer]
    sites: dict[tuple[Any, str], Site]
    regions: set[str]
    scope: Sequence[str] | None
    fresh: dict[str, Customer] = field(default_factory=dict)
    changed: dict[str, Customer] = field(default_factory=dict)
    fresh_sites: list[Site] = field(default_factory=list)
    changed_sites: list[Site] = field(default_factory=list)


def apply(records: Sequence[Record], *, by: User, skip_bad: bool, is_dry_run: bool) -> list[Verdict]:
    """New customers and sites are made; of known ones the columns in the file are changed."""
    codes = {record.first.cells.get("code", "").strip() for record in records}
    rows = Customer.objects.filter(code__in=codes).order_by("id")
    known = {row.code: row for row in (rows if is_dry_run else rows.select_for_update(no_key=True))}
    desk = Desk(
        known=known,
        sites={(site.customer_id, site.name): site for site in Site.objects.filter(customer__code__in=codes)},
        regions=set(Region.objects.values_list("code", flat=True)),
        scope=region_scope(by),
    )
    verdicts = [_judge(record, desk) for record in records]
    copy_in(desk.fresh.values())
    copy_in(desk.fresh_sites)
    if not is_dry_run:
        _correct(desk)
    return verdicts


def _correct(desk: Desk) -> None:
    names = [_field(column.name) for column in OF_CUSTOMER if column.name != "code"]
    Customer.objects.bulk_update(desk.changed.values(), names)
    Site.objects.bulk_update(desk.changed_sites, ["address", "latitude", "longitude", "datum"])


def _field(column: str) -> str:
    return "region_id" if column == "region" else column


def _judge(record: Record, desk: Desk) -> Verdict:
    """All rows of a customer are taken, or none."""
    values, faults = read_cells(record.first, OF_CUSTOMER)
    sites = []
    for row in record.rows:
        faults += _other_customer(row, record.first)
        site, site_faults = _site(row)
        faults += site_faults
        sites.append(site)
    faults += [] if faults else _outside(record.first, values, desk)
    if faults:
        return Verdict(record, Outcome.BAD, tuple(faults))
    values["region_id"] = values.pop("region")
    customer, outcome = _customer(values, record, desk)
    moved = [_place(customer, site, desk) for site in sites if site]
    if outcome == Outcome.UNCHANGED and any(moved):
        outcome = Outcome.UPDATED
    return Verdict(record, outcome)


def _other_customer(row: Row, first: Row) -> list[RowFault]:
    """Rows of one code say the same of the customer."""
    if row is first:
        return []
    other = [
        c.name
        for c in OF_CUSTOMER
        if row.cells.get(c.name, "").strip() != first.cells.get(c.name, "").strip()
    ]
    text = _("Another row of this number says something else.")
    return [fault(row, name, "rows_differ", text) for name in other]


def _site(row: Row) -> tuple[dict[str, Any], list[RowFault]]:
    """The site a row names; empty where it names none."""
    values, faults = read_cells(row, OF_SITE)
    if faults or not any(values.values()):
        return {}, faults
    site = {name.removeprefix("site_"): value for name, value in values.items()}
    for name in ("name", "address"):
        if not site[name]:
            faults.append(fault(row, f"site_{name}", "required", _("This cell may not be empty.")))
    try:
        check_coordinate(site["latitude"], site["longitude"], site["datum"])
    except DomainError as error:
        faults.append(refusal(row, error, column="site_datum"))
    return site, faults


def _outside(row: Row, values: dict[str, Any], desk: Desk) -> list[RowFault]:
    known = desk.known.get(values["code"])
    regions = {values["region"]} | ({known.region_id} if known else set())
    if values["region"] not in desk.regions:
        return [fault(row, "region", "unknown_region", _("Unknown region."))]
    if desk.scope is not None and not regions <= set(desk.scope):
        return [fault(row, "region", "outside_region", _("This region is not one of yours"))]
    return []


def _customer(values: dict[str, Any], record: Record, desk: Desk) -> tuple[Customer, Outcome]:
    row = desk.known.get(values["code"])
    if row is None:
        row = desk.known[values["code"]] = desk.fresh[values["code"]] = Customer(**values)
        return row, Outcome.CREATED
    if not changes(row, values, given={_field(name) for name in record.first.cells}):
        return row, Outcome.UNCHANGED
    if row.code not in desk.fresh:
        desk.changed[row.code] = row
    return row, Outcome.UPDATED


def _place(customer: Customer, values: dict[str, Any], desk: Desk) -> bool:
    """Makes or corrects the site; whether it did."""
    site = desk.sites.get((customer.pk, values["name"]))
    if site is None:
        site = desk.sites[customer.pk, values["name"]] = Site(customer=customer, **values)
        desk.fresh_sites.append(site)
        return True
    if not changes(site, values, given=values):
        return False
    if site not in desk.fresh_sites:
        desk.changed_sites.append(site)
    return True
