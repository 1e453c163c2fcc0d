"""Ranges of unit numbers over HTTP."""

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.db.backends.postgresql.psycopg_any import NumericRange

from backend.core import clock
from tests import factories
from traceability.serial.models import SerialRange
from traceability.serial.rules import Span
from traceability.serial.services import codes_of
from traceability.serial.token import NUMBERS, grouped

pytestmark = pytest.mark.django_db
FIRST_KEY, SECOND_KEY = "f" * 40, "s" * 40


def code_of(made: SerialRange, number: int) -> str:
    [(_number, token)] = codes_of(made, Span(number, number))
    return token


def ask(client, batch, **fields):
    return client.post(f"batches/{batch.pk}/serial-ranges", {"prefix": "A2", "count": 1000} | fields)


def test_a_batch_gets_the_next_numbers_of_a_prefix(sign_in):
    item = factories.make_trade_item()
    batch = factories.make_batch(item.product, trade_item=item)
    client = sign_in("production")
    one, two = ask(client, batch), ask(client, batch, count=5)
    assert one.status == two.status == 201
    assert (one.json["first"], one.json["last"]) == (0, 999)
    assert (two.json["first"], two.json["last"], two.json["count"]) == (1000, 1004, 5)
    assert one.json["gtin"] == item.gtin
    assert one.json["batch"]["code"] == batch.code


def test_numbers_are_given_once_and_the_other_range_is_named(sign_in):
    taken = factories.make_serial_range(factories.make_batch(code="YS-OTHER"), first=500)
    answer = ask(sign_in("qc"), factories.make_batch(), first=0, count=501)
    assert answer.status == 409
    assert answer.code == "serial_numbers_taken"
    assert answer.json["batch"] == "YS-OTHER"
    assert (answer.json["first"], answer.json["last"]) == (500, 1499)
    assert answer.json["range"] == str(taken.pk)
    assert SerialRange.objects.get() == taken


def test_the_same_numbers_of_another_prefix_are_others(sign_in):
    factories.make_serial_range(first=0)
    assert ask(sign_in("qc"), factories.make_batch(), prefix="B2", first=0).status == 201


def test_the_database_itself_refuses_an_overlap():
    made = factories.make_serial_range(first=0, count=10)
    copy = {name: getattr(made, name) for name in ("batch", "prefix", "key_id", "made_at", "made_by")}
    with pytest.raises(IntegrityError, match="serial_numbers_once"), transaction.atomic():
        SerialRange.objects.create(**copy, numbers=NumericRange(9, 20))
    with pytest.raises(IntegrityError, match="serial_prefix_one_key"), transaction.atomic():
        SerialRange.objects.create(**(copy | {"key_id": "another"}), numbers=NumericRange(10, 20))
    SerialRange.objects.create(**copy, numbers=NumericRange(10, 20))


def test_a_range_is_never_changed_or_deleted():
    made = factories.make_serial_range()
    for change in (
        lambda: SerialRange.objects.filter(pk=made.pk).update(numbers=NumericRange(0, 5)),
        lambda: SerialRange.objects.filter(pk=made.pk).update(batch=factories.make_batch()),
        lambda: made.delete(),
    ):
        with pytest.raises(ProgrammingError), transaction.atomic():
            change()
    assert SerialRange.objects.get().last == 999


def test_a_range_is_withdrawn_once_with_its_reason(sign_in):
    made = factories.make_serial_range()
    client = sign_in("qc")
    address = f"serial-ranges/{made.pk}/withdraw"
    assert client.post(address, {}).status == 400
    answer = client.post(address, {"reason": "标签卷被盗"})
    assert answer.status == 200
    assert answer.json["withdrawn_reason"] == "标签卷被盗"
    again = client.post(address, {"reason": "再次"})
    assert (again.status, again.code) == (409, "serial_range_withdrawn")
    with pytest.raises(ProgrammingError), transaction.atomic():
        SerialRange.objects.filter(pk=made.pk).update(
            withdrawn_at=None, withdrawn_by=None, withdrawn_reason=""
        )
    made.refresh_from_db()
    assert made.withdrawn_reason == "标签卷被盗"


def test_withdrawn_numbers_are_never_given_again(sign_in):
    made = factories.make_serial_range(first=0)
    client = sign_in("qc")
    client.post(f"serial-ranges/{made.pk}/withdraw", {"reason": "标签卷被盗"})
    assert ask(client, factories.make_batch(), first=0).code == "serial_numbers_taken"


@pytest.mark.parametrize("status", ["recalled", "destroyed"])
def test_a_batch_that_is_recalled_or_destroyed_gets_no_numbers(sign_in, status):
    answer = ask(sign_in("qc"), factories.make_batch(status=status))
    assert (answer.status, answer.code) == (409, "serial_batch_closed")
    assert not SerialRange.objects.exists()


def test_a_range_ends_where_the_tokens_end(sign_in):
    answer = ask(sign_in("qc"), factories.make_batch(), first=NUMBERS - 10, count=11)
    assert (answer.status, answer.code) == (409, "serial_range_too_long")
    assert ask(sign_in("qc"), factories.make_batch(), first=NUMBERS - 10, count=10).status == 201


@pytest.mark.parametrize(
    ("field", "value"),
    [("prefix", "2A"), ("prefix", "A0"), ("prefix", "a2"), ("prefix", 22), ("count", 0)],
)
def test_a_range_that_cannot_be_is_refused(sign_in, field, value):
    answer = ask(sign_in("qc"), factories.make_batch(), **{field: value})
    assert answer.status == 400
    assert [error["pointer"] for error in answer.json["errors"]] == [f"/{field}"]
    assert not SerialRange.objects.exists()


def test_a_pack_of_another_product_is_refused(sign_in):
    answer = ask(sign_in("qc"), factories.make_batch(), trade_item=str(factories.make_trade_item().pk))
    assert answer.status == 400
    assert [error["pointer"] for error in answer.json["errors"]] == ["/trade_item"]
    assert not SerialRange.objects.exists()


def test_a_code_names_its_batch_and_number(sign_in):
    made = factories.make_serial_range()
    code = code_of(made, 42)
    client = sign_in("auditor")
    for typed in (code, grouped(code), code.lower()):
        answer = client.get(f"serial-codes/{typed}")
        assert answer.status == 200
        assert answer.json["number"] == 42
        assert answer.json["batch"]["id"] == str(made.batch_id)
        assert answer.json["printed"] == grouped(code)


def test_a_code_that_was_never_issued_and_a_mistyped_one_are_told_apart(sign_in):
    made = factories.make_serial_range(count=10)
    client = sign_in("qc")
    code = code_of(made, 3)
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    assert client.get(f"serial-codes/{wrong}").code == "serial_misread"
    outside = code_of(made, 10_000)
    answer = client.get(f"serial-codes/{outside}")
    assert (answer.status, answer.code) == (404, "serial_not_issued")
    assert client.get("serial-codes/B2ZGV9PEVZWN").code == "not_found"


def test_an_old_key_still_reads_what_it_printed(sign_in, settings):
    settings.SERIAL_KEYS = [FIRST_KEY]
    old = factories.make_serial_range()
    settings.SERIAL_KEYS = [SECOND_KEY, FIRST_KEY]
    more = factories.make_serial_range()
    new = factories.make_serial_range(prefix="B2")
    assert old.key_id == more.key_id != new.key_id
    client = sign_in("qc")
    for made in (old, more, new):
        answer = client.get(f"serial-codes/{code_of(made, made.first)}")
        assert answer.json["range"] == str(made.pk)


def test_without_its_key_no_range_is_made_and_no_code_read(sign_in, settings):
    settings.SERIAL_KEYS = [FIRST_KEY]
    made = factories.make_serial_range()
    code = code_of(made, 0)
    settings.SERIAL_KEYS = [SECOND_KEY]
    client = sign_in("qc")
    answer = ask(client, factories.make_batch())
    assert (answer.status, answer.code) == (409, "serial_key_missing")
    assert client.get(f"serial-codes/{code}").status == 404
    settings.SERIAL_KEYS = []
    assert ask(client, factories.make_batch(), prefix="C2").code == "serial_key_missing"
    assert SerialRange.objects.get() == made


def test_ranges_are_listed_by_batch_prefix_and_state(sign_in, django_assert_num_queries):
    item = factories.make_trade_item()
    batch = factories.make_batch(item.product, trade_item=item)
    made = factories.make_serial_range(batch)
    client = sign_in("qc")
    client.get("serial-ranges")
    with django_assert_num_queries(2):
        client.get("serial-ranges")
    other = factories.make_serial_range(prefix="B2")
    gone = factories.make_serial_range(batch)
    SerialRange.objects.filter(pk=gone.pk).update(
        withdrawn_at=clock.now(), withdrawn_by=gone.made_by, withdrawn_reason="x"
    )
    with django_assert_num_queries(2):
        rows = client.get("serial-ranges").json["items"]
    assert [row["id"] for row in rows] == [str(gone.pk), str(other.pk), str(made.pk)]

    def listed(address):
        return {row["id"] for row in client.get(address).json["items"]}

    assert listed(f"serial-ranges?batch={batch.pk}") == {str(made.pk), str(gone.pk)}
    assert listed(f"batches/{batch.pk}/serial-ranges") == {str(made.pk), str(gone.pk)}
    assert listed("serial-ranges?prefix=B2") == {str(other.pk)}
    assert listed("serial-ranges?withdrawn=true") == {str(gone.pk)}
    assert listed("serial-ranges?withdrawn=false") == {str(made.pk), str(other.pk)}
