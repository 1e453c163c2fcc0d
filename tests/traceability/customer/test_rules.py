"""What of a customer each role may see."""

from decimal import Decimal

import pytest

from traceability.customer.rules import (
    CoordinateIncomplete,
    check_coordinate,
    mask_address,
    shown_customer,
    shown_name,
    shown_site,
)

CUSTOMER = {
    "name": "测试商贸",
    "kind": "retailer",
    "contact_name": "王小明",
    "contact_phone": "13812345678",
    "note": "家中电话 025-1234567",
}
SITE = {"address": "江苏省南京市测试路1号", "latitude": "32.06", "longitude": "118.79", "datum": "WGS-84"}


@pytest.mark.parametrize("role", ["clerk", "director", "dealer"])
def test_office_and_dealer_see_contacts(role):
    assert shown_customer(CUSTOMER, role=role) == CUSTOMER
    assert shown_site(SITE, role=role) == SITE


@pytest.mark.parametrize("role", ["technician", "qc", "finance", "auditor", "logistics", "production"])
def test_others_see_contacts_masked_and_no_note(role):
    masked = {"contact_name": "王**", "contact_phone": "138****5678"}
    assert shown_customer(CUSTOMER, role=role) == {"name": "测试商贸", "kind": "retailer"} | masked


def test_empty_contact_stays_empty():
    empty = {"name": "甲", "kind": "retailer", "contact_name": "", "contact_phone": ""}
    assert shown_customer(empty, role="qc") == empty


def test_name_of_a_private_person_is_masked():
    assert shown_name("李奶奶", kind="other", role="qc") == "李**"
    assert shown_name("李奶奶", kind="other", role="clerk") == "李奶奶"


def test_logistics_sees_the_address_and_others_do_not():
    assert shown_site(SITE, role="logistics") == SITE
    assert shown_site(SITE, role="technician") == {"address": "江苏省****"}
    assert mask_address("乡下") == "**"


@pytest.mark.parametrize(
    "parts", [(None, Decimal(1), ""), (Decimal(1), Decimal(1), ""), (None, None, "GCJ-02")]
)
def test_coordinate_without_datum_is_refused(parts):
    with pytest.raises(CoordinateIncomplete):
        check_coordinate(*parts)


def test_whole_coordinate_or_none_is_taken():
    check_coordinate(None, None, "")
    check_coordinate(Decimal("32.06"), Decimal("118.79"), "GCJ-02")
