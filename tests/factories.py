"""Rows for tests, with plain defaults. `make_<noun>(**fields)`; unknown fields fail loudly."""

import itertools
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from backend.accounts.models import Device, DeviceToken, Region, User
from backend.core import clock
from backend.core.ids import uuid7
from backend.core.models import Attachment
from fieldservice.case.models import Case, CaseReading, CaseVisit
from fieldservice.cost.models import CostLine, CostPolicy
from fieldservice.instrument.models import Calibration, Instrument
from fieldservice.quality.models import SignalPolicy
from fieldservice.reading.models import Reading, Waiver
from fieldservice.visit.models import CheckPoint, Visit
from traceability.balance.models import Finding, StockCount, YieldBand
from traceability.batch.models import Batch, CertificateValue, ReleaseCertificate
from traceability.customer.models import Customer, CustomerAccount, Site
from traceability.dispatch.models import (
    Containment,
    LogisticUnit,
    SalesRule,
    Shipment,
    ShipmentLine,
    ShipmentReceipt,
    UnitContent,
)
from traceability.dispatch.rules import sscc_of
from traceability.genealogy.models import (
    GoodsReturn,
    MadeFrom,
    Silo,
    SiloCleaning,
    SiloFill,
    Transformation,
    TransformationOutput,
)
from traceability.product.models import Product, SpecLimit, TradeItem
from traceability.scan.models import CodeAlias, Scan, SightingPolicy
from traceability.serial.models import SerialRange
from traceability.serial.services import RangeData, make_range

PASSWORD = "a-good-password-1"
numbers = itertools.count(1)


def make_region(code: str = "east") -> Region:
    return Region.objects.get_or_create(code=code, defaults={"name_zh": "华东", "name_en": "East"})[0]


def make_user(role: str = "technician", **fields: Any) -> User:
    number = next(numbers)
    for code in fields.setdefault("regions", ["east"]):
        make_region(code)
    fields.setdefault("username", f"{role}{number}")
    fields.setdefault("display_name", f"员工{number}")
    return User.objects.create_user(password=fields.pop("password", PASSWORD), role=role, **fields)


def make_device(user: User, **fields: Any) -> Device:
    return Device.objects.create(user=user, install_id=uuid7(), name="Test phone", **fields)


def make_token(user: User, device: Device | None = None) -> str:
    """The clear text of a new device token."""
    _row, token = DeviceToken.objects.create(user=user, device=device or make_device(user))
    return str(token)


def make_product(**fields: Any) -> Product:
    number = next(numbers)
    defaults = {
        "sku": f"SKU{number}",
        "name_zh": "精制食用盐(加碘)",
        "name_en": "refined edible salt, iodised",
        "family": "edible",
        "limit_key": "edible_refined",
        "limit_grade": "superior",
        "vat_rate": Decimal("0.09"),
    }
    return Product.objects.create(**(defaults | fields))


def gtin14(body: int) -> str:
    """A GTIN-14 with a valid check digit from up to 13 digits."""
    digits = f"{body:013d}"
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def make_trade_item(product: Product | None = None, **fields: Any) -> TradeItem:
    defaults = {
        "product": product or make_product(),
        "gtin": gtin14(690123400000 + next(numbers)),
        "level": "bag",
        "net_kg": Decimal("0.5"),
    }
    return TradeItem.objects.create(**(defaults | fields))


def make_limit(**fields: Any) -> SpecLimit:
    """An active moisture limit, at most 0.30 g/100g wet, in force since 2017."""
    defaults = {
        "product_key": "edible_refined",
        "grade": "superior",
        "parameter": "moisture",
        "kind": "max",
        "high": Decimal("0.30"),
        "unit": "g/100g",
        "basis": "wet",
        "standard": "GB/T 5461",
        "edition": "2016",
        "decimals": 2,
        "valid_from": date(2017, 1, 1),
        "source_status": "confirmed",
        "source": "test",
        "needs_confirmation": False,
    }
    return SpecLimit.objects.create(**(defaults | fields))


def make_batch(product: Product | None = None, **fields: Any) -> Batch:
    number = next(numbers)
    code = fields.pop("code", f"YS20260101A{number:02d}")
    defaults = {
        "product": product or make_product(),
        "code": code,
        "code_norm": code.upper(),
        "plant": "P1",
        "line": "L1",
        "produced_on": clock.today() - timedelta(days=60),
        "qty_kg": Decimal("60000"),
        "status": "released",
        "status_at": clock.now(),
    }
    return Batch.objects.create(**(defaults | fields))


def make_certificate(batch: Batch, *, tested_by: User | None = None, **fields: Any) -> ReleaseCertificate:
    """A conforming release certificate of today with a moisture of 0.20 g/100g wet."""
    defaults = {
        "report_no": f"COA-{next(numbers):05d}",
        "inspection_basis": "GB/T 5461-2016",
        "conclusion": "conforming",
        "tested_by": tested_by or make_user("qc"),
        "reviewed_by": fields.pop("reviewed_by", None) or make_user("qc"),
        "issued_on": clock.today(),
    }
    certificate = ReleaseCertificate.objects.create(batch=batch, **(defaults | fields))
    CertificateValue.objects.create(
        certificate=certificate,
        parameter="moisture",
        value=Decimal("0.20"),
        unit="g/100g",
        basis="wet",
        method="GB 5009.42-2016",
        expanded_u=Decimal("0.02"),
    )
    return certificate


def make_link(parent: Batch, child: Batch, *, qty_kg: str = "1000", **fields: Any) -> MadeFrom:
    """`qty_kg` of `parent` went into `child`."""
    defaults = {"made_at": clock.now() - timedelta(days=60), "recorded_by": make_user("qc")}
    return MadeFrom.objects.create(parent=parent, child=child, qty_kg=Decimal(qty_kg), **(defaults | fields))


def make_transformation(
    parent: Batch, child: Batch, *, qty_kg: str = "1000", **fields: Any
) -> Transformation:
    """A run in which `qty_kg` of `parent` became `child`, without loss."""
    at = clock.now() - timedelta(days=59)
    defaults = {
        "number": f"T-{next(numbers):06d}",
        "stage": child.kind,
        "plant": child.plant,
        "started_at": at - timedelta(hours=8),
        "finished_at": at,
        "recorded_by": make_user("qc"),
    }
    run = Transformation.objects.create(**(defaults | fields))
    TransformationOutput.objects.create(transformation=run, batch=child, qty_kg=Decimal(qty_kg))
    make_link(parent, child, qty_kg=qty_kg, made_at=at, transformation=run, recorded_by=run.recorded_by)
    return run


def make_silo(**fields: Any) -> Silo:
    return Silo.objects.create(**({"code": f"{next(numbers)}#", "plant": "P1"} | fields))


def make_silo_fill(silo: Silo, batch: Batch, **fields: Any) -> SiloFill:
    defaults = {"filled_at": clock.now() - timedelta(days=30), "recorded_by": make_user("qc")}
    return SiloFill.objects.create(silo=silo, batch=batch, **(defaults | fields))


def make_silo_cleaning(silo: Silo, **fields: Any) -> SiloCleaning:
    defaults = {"cleaned_at": clock.now() - timedelta(days=31), "method": "清扫", "by": make_user("qc")}
    return SiloCleaning.objects.create(silo=silo, **(defaults | fields))


def make_return(batch: Batch, customer: Customer, *, qty_kg: str = "500", **fields: Any) -> GoodsReturn:
    """`qty_kg` of the batch came back as a new one in quarantine."""
    defaults = {
        "lot": make_batch(batch.product, kind="return", status="quarantine", qty_kg=Decimal(qty_kg)),
        "returned_at": clock.now() - timedelta(days=5),
        "reason": "结块",
        "recorded_by": make_user("qc"),
    }
    made = GoodsReturn.objects.create(batch=batch, customer=customer, **(defaults | fields))
    make_link(batch, made.lot, qty_kg=qty_kg, kind="returned", made_at=made.returned_at)
    return made


def make_customer(**fields: Any) -> Customer:
    number = next(numbers)
    defaults = {
        "code": f"K{number:04d}",
        "name": f"测试商贸{number}",
        "kind": "designated_wholesaler",
        "region": make_region(fields.pop("region_code", "east")),
        "province": "江苏",
        "contact_name": "王小明",
        "contact_phone": "13812345678",
        "licence_no": "SP-0001",
        "licence_valid_to": date(2040, 12, 31),
    }
    return Customer.objects.create(**(defaults | fields))


def make_site(customer: Customer | None = None, **fields: Any) -> Site:
    defaults = {
        "customer": customer or make_customer(),
        "name": "一号仓库",
        "address": "江苏省南京市测试路1号",
        "latitude": Decimal("32.060000"),
        "longitude": Decimal("118.790000"),
        "datum": "WGS-84",
    }
    return Site.objects.create(**(defaults | fields))


def make_dealer(customer: Customer | None = None, **fields: Any) -> User:
    """A dealer's account that speaks for `customer`."""
    user = make_user("dealer", **fields)
    CustomerAccount.objects.create(user=user, customer=customer or make_customer())
    return user


def make_shipment(
    batch: Batch, customer: Customer | None = None, *, qty_kg: str = "1000", **fields: Any
) -> Shipment:
    defaults = {
        "number": f"S{next(numbers):06d}",
        "customer": customer or make_customer(),
        "shipped_on": clock.today() - timedelta(days=30),
        "recorded_by": fields.pop("recorded_by", None) or make_user("logistics"),
    }
    shipment = Shipment.objects.create(**(defaults | fields))
    ShipmentLine.objects.create(shipment=shipment, batch=batch, qty_kg=Decimal(qty_kg))
    return shipment


def make_sales_rules() -> None:
    """Edible salt: licensed designated wholesalers yes, retailers no, the others await confirmation."""
    for kind, is_allowed, is_confirmed in (
        ("designated_wholesaler", True, True),
        ("retailer", False, True),
        ("food_maker", False, False),
        ("industrial", False, False),
        ("other", False, False),
    ):
        SalesRule.objects.get_or_create(
            family="edible",
            customer_kind=kind,
            valid_from=date(2018, 1, 1),
            defaults={
                "is_allowed": is_allowed,
                "needs_licence": is_allowed,
                "source": "食盐专营办法 (2017) art. 12-16",
                "needs_confirmation": not is_confirmed,
            },
        )


def make_unit(*contents: tuple[Batch, str], level: str = "pallet", **fields: Any) -> LogisticUnit:
    """A pallet packed an hour ago: make_unit((batch, "1000"), …)."""
    defaults = {
        "sscc": sscc_of(next(numbers), prefix="6901234"),
        "packed_at": clock.now() - timedelta(hours=1),
        "packed_by": fields.pop("packed_by", None) or make_user("logistics"),
    }
    unit = LogisticUnit.objects.create(level=level, **(defaults | fields))
    for batch, qty_kg in contents:
        UnitContent.objects.create(unit=unit, batch=batch, qty_kg=Decimal(qty_kg))
    return unit


def make_containment(child: LogisticUnit, parent: LogisticUnit, **fields: Any) -> Containment:
    """The child stands in the parent since half an hour."""
    since = clock.now() - timedelta(minutes=30)
    return Containment.objects.create(
        child=child, parent=parent, **({"valid_from": since, "loaded_by": child.packed_by} | fields)
    )


def make_receipt(shipment: Shipment, **fields: Any) -> ShipmentReceipt:
    """All came as it was sent, now."""
    at = clock.now()
    defaults = {
        "received_at": at,
        "received_by_name": "仓管员",
        "recorded_by": shipment.recorded_by,
        "recorded_at": at,
    }
    receipt = ShipmentReceipt.objects.create(shipment=shipment, **(defaults | fields))
    for line in shipment.lines.all():
        receipt.lines.create(batch=line.batch, qty_kg=line.qty_kg)
    return receipt


def make_instrument(*, due_in_days: int | None = 200, expanded_u: str = "0.02", **fields: Any) -> Instrument:
    """A halogen moisture analyser in calibration; `due_in_days=None` makes one never calibrated."""
    defaults = {
        "serial_no": f"MA-{next(numbers):05d}",
        "kind": "halogen_moisture_analyser",
        "model_name": "HM-140",
        "parameter": "moisture",
        "unit": "%",
        "range_low": Decimal("0"),
        "range_high": Decimal("100"),
        "resolution": Decimal("0.01"),
        "accuracy_abs": Decimal("0.02"),
    }
    instrument = Instrument.objects.create(**(defaults | fields))
    if due_in_days is not None:
        due_on = clock.today() + timedelta(days=due_in_days)
        Calibration.objects.create(
            instrument=instrument,
            kind="calibration",
            done_on=due_on - timedelta(days=365),
            due_on=due_on,
            certificate_no=f"CAL{next(numbers)}",
            expanded_u=Decimal(expanded_u),
            result="pass",
            recorded_by=make_user("qc"),
            recorded_at=clock.now(),
        )
    return instrument


def make_visit(technician: User | None = None, customer: Customer | None = None, **fields: Any) -> Visit:
    technician = technician or make_user("technician")
    site = fields.pop("site", None) or make_site(customer)
    defaults = {
        "number": f"V-{next(numbers):06d}",
        "kind": "complaint",
        "customer": site.customer,
        "site": site,
        "region": site.customer.region,
        "technician": technician,
        "planned_on": clock.today(),
        "purpose": "现场核查",
        "planned_by": fields.pop("planned_by", None) or make_user("clerk"),
    }
    return Visit.objects.create(**(defaults | fields))


def made_now(by: User, *, received_at: Any = None) -> dict[str, Any]:
    """The columns of a field record made and received at one moment."""
    at = received_at or clock.now()
    return {"id": uuid7(), "recorded_by": by, "device_at": at, "corrected_at": at, "received_at": at}


def make_reading(**fields: Any) -> Reading:
    """A moisture reading of 0.55 % against at most 0.30: fail, evidential."""
    visit = fields.pop("visit", None) or make_visit()
    by = fields.pop("recorded_by", None) or visit.technician
    defaults = made_now(by, received_at=fields.pop("received_at", None)) | {
        "visit": visit,
        "batch": fields.pop("batch", None) or make_batch(),
        "parameter": "moisture",
        "method": "GB/T 13025.3",
        "basis": "wet",
        "unit": "%",
        "drying_temp_c": Decimal("140"),
        "mean": Decimal("0.55"),
        "value": Decimal("0.55"),
        "verdict": "fail",
        "is_evidential": True,
        "decision_rule": "ILAC-G8:09/2019 4.2.3",
    }
    if fields.get("verdict") == "pass":
        defaults["spec_limit"] = make_limit()
    return Reading.objects.create(**(defaults | fields))


def make_waiver(reading: Reading, *, verdict: str = "fail") -> Waiver:
    return Waiver.objects.create(
        reading=reading, by=make_user("qc"), at=clock.now(), reason="仪器事后校准合格", verdict=verdict
    )


def make_cost_policy(**fields: Any) -> CostPolicy:
    """Above 100 CNY a receipt is needed, since 2000."""
    defaults = {"receipt_required_above_cny": Decimal("100"), "source": "Test rule"}
    valid_from = fields.pop("valid_from", date(2000, 1, 1))
    return CostPolicy.objects.update_or_create(valid_from=valid_from, defaults=defaults | fields)[0]


def make_cost(*, net_cny: str = "48.90", tax_cny: str = "0.00", **fields: Any) -> CostLine:
    """A transport line of today, gross = net + tax, recorded by a technician."""
    net, tax = Decimal(net_cny), Decimal(tax_cny)
    by = fields.pop("recorded_by", None) or make_user("technician")
    defaults = made_now(by) | {"category": "transport", "spent_on": clock.today()}
    amounts = {"net_cny": net, "tax_cny": tax, "gross_cny": net + tax}
    return CostLine.objects.create(**(defaults | amounts | fields))


def make_case(customer: Customer | None = None, **fields: Any) -> Case:
    """An open complaint about caking."""
    customer = customer or make_customer()
    defaults = {
        "number": f"C-{next(numbers):06d}",
        "kind": "complaint",
        "complaint_code": "CAK",
        "description": "整批结块",
        "customer": customer,
        "region": customer.region,
        "opened_at": clock.now(),
    }
    return Case.objects.create(**(defaults | fields))


def make_case_visit(case: Case, visit: Visit) -> CaseVisit:
    return CaseVisit.objects.create(case=case, visit=visit)


def make_evidence(case: Case, reading: Reading) -> CaseReading:
    return CaseReading.objects.create(case=case, reading=reading, added_at=clock.now())


def make_signal_policies() -> None:
    """Two readings or three complaints in 30 days, since 2000."""
    for rule, count in (("repeated_readings", 2), ("repeated_complaints", 3)):
        SignalPolicy.objects.get_or_create(
            rule=rule,
            valid_from=date(2000, 1, 1),
            defaults={"count": count, "window_days": 30, "source": "Test rule"},
        )


def make_attachment(by: User, **fields: Any) -> Attachment:
    """The row of an uploaded photo, without its file."""
    number = next(numbers)
    defaults = {
        "sha256": f"{number:064x}",
        "media_type": "image/jpeg",
        "size_bytes": 1000,
        "width_px": 100,
        "height_px": 100,
        "average_hash": f"{number:016x}",
        "file": f"attachments/{number}",
        "uploaded_by": by,
        "received_at": clock.now(),
    }
    return Attachment.objects.create(**(defaults | fields))


def make_alias(code: str, **fields: Any) -> CodeAlias:
    return CodeAlias.objects.create(code=code, **fields)


def make_check(visit: Visit, **fields: Any) -> CheckPoint:
    """A check-in at the site."""
    place = {"latitude": Decimal("32.06"), "longitude": Decimal("118.79"), "datum": "WGS-84", "distance_m": 0}
    return CheckPoint.objects.create(
        **(made_now(visit.technician) | {"visit": visit, "kind": "in"} | place | fields)
    )


def make_scan(by: User, **fields: Any) -> Scan:
    """A typed batch number that resolved to `batch`, or to nothing."""
    batch = fields.get("batch")
    raw = batch.code if batch else "YS-NOBODY-KNOWS"
    defaults = made_now(by) | {
        "source": "typed",
        "raw": raw,
        "raw_bytes": raw.encode(),
        "label_kind": "batch_number",
        "outcome": "ok" if batch else "unknown",
        "digest": "0" * 64,
        "answer": {},
    }
    return Scan.objects.create(**(defaults | fields))


def make_stock_count(batch: Batch, **fields: Any) -> StockCount:
    """Counted just now: nothing on hand, nothing scrapped."""
    defaults = {"counted_at": clock.now(), "on_hand_kg": Decimal(0), "recorded_at": clock.now()}
    if not fields.get("is_history"):
        defaults["by"] = fields.pop("by", None) or make_user("qc")
    return StockCount.objects.create(batch=batch, **(defaults | fields))


def make_yield_band(**fields: Any) -> YieldBand:
    """A confirmed band for refining, 95 to 100.5 %, since 2020."""
    defaults = {
        "stage": "refined",
        "low_pct": Decimal("95"),
        "high_pct": Decimal("100.5"),
        "valid_from": date(2020, 1, 1),
        "source": "Test rule",
        "needs_confirmation": False,
    }
    return YieldBand.objects.create(**(defaults | fields))


def make_finding(batch: Batch, **fields: Any) -> Finding:
    """12 kg of the batch are missing, open since now."""
    at = clock.now()
    defaults = {
        "rule": "unaccounted",
        "subject": batch.pk,
        "residual_kg": Decimal(12),
        "tolerance_kg": Decimal(1),
        "evidence": {"produced_kg": "100.000", "used_kg": "88.000"},
        "first_seen_at": at,
        "last_seen_at": at,
    }
    return Finding.objects.create(batch=batch, **(defaults | fields))


def make_serial_range(
    batch: Batch | None = None, *, made_by: User | None = None, **fields: Any
) -> SerialRange:
    """1,000 numbers of prefix A2 (the next free ones) for a batch."""
    data = RangeData(**({"prefix": "A2", "count": 1000} | fields))
    return make_range(batch or make_batch(), data, by=made_by or make_user("qc"))


def make_sighting_policy(**fields: Any) -> SightingPolicy:
    """24 hours, 300 km; three places 80 km apart; three regions; in force since 2020."""
    defaults = {
        "window_hours": 24,
        "far_km": 300,
        "places": 3,
        "apart_km": 80,
        "regions": 3,
        "valid_from": date(2020, 1, 1),
        "source": "Test rule",
    }
    return SightingPolicy.objects.create(**(defaults | fields))
