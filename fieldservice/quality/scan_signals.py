"""Signals from scans: one unit code in far places, and goods at a customer they never went to (窜货).

They propose nothing: the goods may be sound, it is the label or the trade that is not. Quality control reads them.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q

from backend.accounts.rules import Role
from backend.core import clock
from fieldservice.quality.models import Signal
from fieldservice.quality.rules import SignalRule, subject_of
from fieldservice.visit.models import VisitScan
from traceability.batch.models import Batch
from traceability.customer.models import Customer
from traceability.customer.rules import CustomerKind
from traceability.dispatch.models import SalesRule
from traceability.scan.models import Scan, SightingPolicy
from traceability.trace.queries import consignees_of, walk
from traceability.trace.rules import Consignee, Direction

log = structlog.get_logger("saltline.quality")

WINDOW_H = 24  # where no policy row says how long sightings of a code are held against each other


@transaction.atomic
def signal_far_places(scan_id: UUID) -> Signal | None:
    """The signal of a scan that came out suspicious because its unit code was seen far away shortly before.

    Evidence: the sightings of the code within the policy's hours. Once per code and day; later scans join it.
    """
    scan = Scan.objects.select_related("batch").get(pk=scan_id)
    if not scan.serial:
        return None
    window = timedelta(hours=_window_h(scan))
    around = (scan.corrected_at - window, scan.corrected_at + window)
    # As the scan itself was judged: the same number of the same product, by the corrected time.
    seen = Scan.objects.filter(serial=scan.serial, product=scan.product_id, corrected_at__range=around)
    return _raise(SignalRule.FAR_PLACES, scan=scan, subject=scan.serial, evidence=seen)


def _window_h(scan: Scan) -> int:
    on = clock.factory_date(scan.received_at)
    row = SightingPolicy.objects.filter(valid_from__lte=on).order_by("-valid_from").first()
    return row.window_hours if row else WINDOW_H


@transaction.atomic
def signal_diversion(scan_id: UUID) -> Signal | None:
    """The signal of a scan made at a customer whom neither its batch nor anything made of it was ever sent to.

    At a customer: on a visit there, or by the dealer's own account. None where the goods belong there, or where a
    customer the works does not supply has them from a wholesaler of its region or province.
    """
    scan = Scan.objects.select_related("batch__product", "recorded_by").get(pk=scan_id)
    customer = _where(scan)
    if scan.batch is None or customer is None:
        return None
    if _belongs_to(scan.batch, customer, on=clock.factory_date(scan.corrected_at)):
        return None
    subject = subject_of(serial=scan.serial, batch_code=scan.batch.code, customer_code=customer.code)
    return _raise(SignalRule.DIVERTED, scan=scan, subject=subject, evidence=[scan], customer=customer)


def _where(scan: Scan) -> Customer | None:
    """The customer a scan was made at, as far as anybody can tell."""
    link = VisitScan.objects.filter(scan=scan).select_related("visit__customer").first()
    if link is not None:
        return link.visit.customer
    if scan.recorded_by.role == Role.DEALER:
        return Customer.objects.filter(accounts__user=scan.recorded_by).first()
    return None


def _belongs_to(batch: Batch, customer: Customer, *, on: date) -> bool:
    """Whether the batch, or what was made of it, was shipped to the customer or to who sells to it.

    True where a walk saw not all of it.
    """
    below = walk([batch.pk], direction=Direction.FORWARD)
    receivers = consignees_of(below.lots)
    ids = {receiver.customer_id for receiver in receivers}
    names = {receiver.name for receiver in receivers if receiver.customer_id is None}
    if below.truncated or customer.pk in ids or {customer.name, customer.code} & names:
        return True
    return not _is_supplied(batch, customer, on=on) and _has_wholesaler_near(customer, receivers)


def _is_supplied(batch: Batch, customer: Customer, *, on: date) -> bool:
    """Whether the works itself sells such salt to such customers by the newest rule in force on the day.

    A rule that awaits confirmation counts too: it refuses no shipment, but explains why others bring the goods.
    """
    rules = SalesRule.objects.filter(
        family=batch.product.family, customer_kind=customer.kind, valid_from__lte=on
    )
    rule = rules.order_by("-valid_from").first()
    return rule is None or rule.is_allowed


def _has_wholesaler_near(customer: Customer, receivers: Iterable[Consignee]) -> bool:
    """Whether a designated wholesaler among the receivers is of the customer's region or province."""
    near = Q(region=customer.region_id)
    if customer.province:
        near |= Q(province=customer.province)
    sellers = Customer.objects.filter(kind=CustomerKind.DESIGNATED_WHOLESALER)
    return sellers.filter(near, pk__in=[each.customer_id for each in receivers if each.customer_id]).exists()


def _raise(
    rule: SignalRule, *, scan: Scan, subject: str, evidence: Iterable[Scan], customer: Customer | None = None
) -> Signal:
    """One signal per code and day; the evidence of later scans joins it."""
    signal, is_new = Signal.objects.get_or_create(
        rule=rule,
        subject=subject,
        day=clock.factory_date(scan.received_at),
        proposal=None,
        defaults={"batch": scan.batch, "customer": customer, "raised_at": clock.now()},
    )
    signal.scans.add(*evidence)
    if is_new:
        log.info("signal_raised", signal=str(signal.pk), rule=rule, scan=str(scan.pk))
    return signal
