"""Django looks for models here; they live with their concepts."""

from traceability.balance.models import Finding, FindingRefresh, StockCount, YieldBand
from traceability.batch.models import Batch, BatchDecision, CertificateValue, Proposal, ReleaseCertificate
from traceability.customer.models import Customer, CustomerAccount, Site
from traceability.dispatch.models import (
    Containment,
    LogisticUnit,
    ReceiptLine,
    SalesRule,
    Shipment,
    ShipmentLine,
    ShipmentReceipt,
    UnitContent,
)
from traceability.genealogy.models import MadeFrom
from traceability.product.models import Product, SpecLimit, TradeItem
from traceability.scan.models import CodeAlias, LabelProfile, Scan, UnknownCode

__all__ = [
    "Batch",
    "BatchDecision",
    "CertificateValue",
    "CodeAlias",
    "Containment",
    "Customer",
    "CustomerAccount",
    "Finding",
    "FindingRefresh",
    "LabelProfile",
    "LogisticUnit",
    "MadeFrom",
    "Product",
    "Proposal",
    "ReceiptLine",
    "ReleaseCertificate",
    "SalesRule",
    "Scan",
    "Shipment",
    "ShipmentLine",
    "ShipmentReceipt",
    "Site",
    "SpecLimit",
    "StockCount",
    "TradeItem",
    "UnitContent",
    "UnknownCode",
    "YieldBand",
]
