"""Reads: who sees which customers."""

from django.db.models import QuerySet

from backend.accounts.models import User
from backend.accounts.queries import region_scope
from backend.accounts.rules import Role
from traceability.customer.models import Customer, Site


def customers_for(user: User) -> QuerySet[Customer]:
    """A dealer: its own; a clerk or technician: those of the own regions; production and admin: none; others: all.

    What of a row they see is `customer.rules.shown_customer`.
    """
    rows = Customer.objects.all()
    if user.role == Role.DEALER:
        return rows.filter(accounts__user=user)
    if user.role in (Role.PRODUCTION, Role.ADMIN):
        return rows.none()
    regions = user.regions if user.role == Role.TECHNICIAN else region_scope(user)
    return rows if regions is None else rows.filter(region__in=regions)


def sites_for(user: User) -> QuerySet[Site]:
    """Sites of the customers the user sees."""
    return Site.objects.filter(customer__in=customers_for(user))


def sites_of(customer: Customer) -> QuerySet[Site]:
    return Site.objects.filter(customer=customer)
