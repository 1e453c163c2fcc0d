"""Django looks for models here; they live with their concepts."""

from traceability.batch.models import Batch, BatchDecision, CertificateValue, Proposal, ReleaseCertificate
from traceability.customer.models import Customer, CustomerAccount, Site
from traceability.dispatch.models import Shipment, ShipmentLine
from traceability.genealogy.models import MadeFrom
from traceability.product.models import Product, SpecLimit, TradeItem
from traceability.scan.models import CodeAlias, LabelProfile, Scan, UnknownCode

__all__ = [
    "Batch",
    "BatchDecision",
    "CertificateValue",
    "CodeAlias",
    "Customer",
    "CustomerAccount",
    "LabelProfile",
    "MadeFrom",
    "Product",
    "Proposal",
    "ReleaseCertificate",
    "Scan",
    "Shipment",
    "ShipmentLine",
    "Site",
    "SpecLimit",
    "TradeItem",
    "UnknownCode",
]
