"""Which certificate counts, which hold was the last, and finding a batch by its code."""

from datetime import timedelta

import pytest

from backend.core import clock
from tests.factories import make_batch, make_certificate, make_user
from traceability.batch import queries, services
from traceability.batch.models import Batch

pytestmark = pytest.mark.django_db


def test_newest_certificate_counts():
    batch = make_batch()
    make_certificate(batch, issued_on=clock.today() - timedelta(days=2))
    make_certificate(batch, issued_on=clock.today())
    last = make_certificate(batch, issued_on=clock.today())
    make_certificate(make_batch())
    assert queries.newest_certificate_of(batch) == last


def test_last_hold_counts():
    batch, first, second = make_batch(), make_user("qc"), make_user("qc")
    services.hold_batch(batch, by=first, reason="a")
    services.release_batch(batch, by=second, reason="b")
    services.hold_batch(batch, by=second, reason="c")
    hold = queries.last_hold_of(batch)
    assert hold is not None and hold.by == second
    assert queries.last_hold_of(make_batch()) is None


@pytest.mark.parametrize("typed", ["YS20240315A01", " ys20240315a01", "ＹＳ２０２４０３１５Ａ０１", "ys2024"])
def test_batch_is_found_however_its_code_is_typed(typed):
    batch = make_batch(code="YS20240315A01")
    make_batch(code="XYS20240315A01")
    assert list(queries.with_code(Batch.objects.all(), typed)) == [batch]


@pytest.mark.parametrize("typed", ["%", "YS 2024", "②"])
def test_text_no_code_holds_finds_nothing(typed):
    make_batch(code="YS20240315A01")
    assert not queries.with_code(Batch.objects.all(), typed).exists()
