"""Customers, their sites, and the accounts that speak for them."""

from django.db import models
from django.db.models import Q

from backend.accounts.models import Region, User
from backend.core.history import tracked
from backend.core.ids import uuid7
from traceability.customer.rules import CustomerKind, Datum, Tier


@tracked
class Customer(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7)
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=24, choices=CustomerKind.choices())
    tier = models.CharField(max_length=12, choices=Tier.choices(), default=Tier.STANDARD)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+")
    province = models.CharField(max_length=40)
    contact_name = models.CharField(max_length=64, blank=True)
    contact_phone = models.CharField(max_length=32, blank=True)
    licence_no = models.CharField(max_length=64, blank=True)
    licence_valid_to = models.DateField(null=True, blank=True)
    needs_visit = models.BooleanField(default=False)
    is_elderly = models.BooleanField(default=False)
    note = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return self.code


@tracked
class Site(models.Model):
    """A place of a customer; a coordinate carries its datum or is not there."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="sites")
    name = models.CharField(max_length=120)
    address = models.CharField(max_length=200)
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    datum = models.CharField(max_length=8, choices=Datum.choices(), blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(latitude=None, longitude=None, datum="")
                | (Q(latitude__range=(-90, 90), longitude__range=(-180, 180)) & ~Q(datum="")),
                name="site_coordinate_with_datum",
            )
        ]

    def __str__(self) -> str:
        return self.name


@tracked
class CustomerAccount(models.Model):
    """The customer a dealer's account speaks for."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="customer_account")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="accounts")

    def __str__(self) -> str:
        return f"{self.user_id} → {self.customer_id}"
