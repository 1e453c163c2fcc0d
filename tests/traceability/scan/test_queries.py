"""The number of SQL statements of a scan is fixed, whatever the code, the number of scans, the size of the tables."""

import pytest

from tests import factories
from tests.traceability.scan.conftest import GTIN, HOST
from traceability.scan.models import Scan

FULL = f"]C101{GTIN}10YS20240315A01\x1d17401231"
HOT_PATH = 3  # token, look-up, insert


@pytest.fixture
def phone(sign_in, salt, scan, label_profile):
    """A technician's phone whose process has read the label profile."""
    client = sign_in("technician")
    client.post("scans", scan(FULL))
    return client


@pytest.mark.parametrize(
    "raw",
    [
        FULL,
        f"(01){GTIN}(10)YS20240315A01",
        f"https://{HOST}/01/{GTIN}/10/YS20240315A01?17=401231",
        "YS20240315A01",
        "ys20240315a01",
        "ALIAS-1",
        "6901234567893",
    ],
)
def test_scan_takes_three_statements_with_sign_in_and_log(phone, salt, scan, django_assert_num_queries, raw):
    factories.make_alias("ALIAS-1", batch=salt)
    sent = scan(raw)
    with django_assert_num_queries(HOT_PATH):
        assert phone.post("scans", sent).status == 200
    assert Scan.objects.count() == 2


def test_product_code_with_its_newest_batches_takes_three(phone, scan, django_assert_num_queries):
    with django_assert_num_queries(HOT_PATH):
        assert phone.post("scans", scan("6901234567892")).json["candidates"]


@pytest.mark.parametrize("other_batches", [0, 40])
def test_scan_takes_three_however_many_batches_there_are(
    phone, salt, scan, django_assert_num_queries, other_batches
):
    for _ in range(other_batches):
        factories.make_batch(salt.product)
    with django_assert_num_queries(HOT_PATH):
        phone.post("scans", scan(FULL))


def test_repeated_scan_takes_four(phone, scan, django_assert_num_queries):
    sent = scan(FULL)
    phone.post("scans", sent)
    with django_assert_num_queries(HOT_PATH + 1):
        phone.post("scans", sent)


def count_queries(capture, phone, sent):
    with capture as captured:
        assert phone.post("scans", {"scans": sent}).status == 200
    return [query["sql"].split("(")[0][:60] for query in captured.captured_queries]


@pytest.mark.parametrize(
    "kinds", [[FULL], [FULL, "YS20240315A01", "6901234567892", "ZZ-unknown", "YS2024O315A01"]]
)
def test_many_scans_take_as_many_statements_as_few(phone, scan, django_assert_max_num_queries, kinds):
    factories.make_batch(code="YS20240315A01")  # makes the bare number ambiguous
    counts = []
    for size in (len(kinds), 10 * len(kinds)):
        sent = [scan(f"{kinds[n % len(kinds)]}") for n in range(size)]
        capture = django_assert_max_num_queries(100)
        counts.append(count_queries(capture, phone, sent))
    assert len(counts[0]) == len(counts[1]) <= 10, counts
