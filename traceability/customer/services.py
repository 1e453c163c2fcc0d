"""Customers and their sites: create and change."""

from dataclasses import asdict
from typing import Any

from django.db import IntegrityError, transaction

from backend.accounts.models import Region, User
from backend.accounts.queries import region_scope
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from traceability.customer.models import Customer, Site
from traceability.customer.rules import CustomerData, SiteData, check_coordinate


class CustomerCodeTaken(DomainError):
    code, status, title = "customer_code_taken", 409, _("This customer number is taken")


class OutsideRegion(DomainError):
    code, status, title = "outside_region", 403, _("This region is not one of yours")
    detail = _("Ask the director to move the customer.")


@transaction.atomic
def create_customer(data: CustomerData, *, by: User) -> Customer:
    """Raises CustomerCodeTaken (409), OutsideRegion (403), InvalidInput (400: unknown region)."""
    _check_region(data.region_code, by=by)
    fields = asdict(data)
    try:
        with transaction.atomic():
            return Customer.objects.create(region_id=fields.pop("region_code"), **fields)
    except IntegrityError as error:
        raise CustomerCodeTaken from error


@transaction.atomic
def change_customer(customer: Customer, *, by: User, **changes: Any) -> Customer:
    """Changes what is given; the code stays. Raises OutsideRegion (403), InvalidInput (400)."""
    if "region_code" in changes:
        _check_region(changes["region_code"], by=by)
        changes["region_id"] = changes.pop("region_code")
    row = Customer.objects.select_for_update().get(pk=customer.pk)
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))
    return row


@transaction.atomic
def add_site(customer: Customer, data: SiteData) -> Site:
    """Raises CoordinateIncomplete (400)."""
    check_coordinate(data.latitude, data.longitude, data.datum)
    return Site.objects.create(customer=customer, **asdict(data))


@transaction.atomic
def change_site(site: Site, **changes: Any) -> Site:
    """Changes what is given. Raises CoordinateIncomplete (400)."""
    row = Site.objects.select_for_update().get(pk=site.pk)
    for name, value in changes.items():
        setattr(row, name, value)
    check_coordinate(row.latitude, row.longitude, row.datum)
    row.save(update_fields=list(changes))
    return row


def _check_region(code: str, *, by: User) -> None:
    regions = region_scope(by)
    if regions is not None and code not in regions:
        raise OutsideRegion
    if not Region.objects.filter(code=code).exists():
        raise InvalidInput(errors={"region": _("Unknown region.")})
