"""What only shows with several people at once, or in the database itself."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from backend.accounts.made import Made
from backend.core import clock
from backend.core.errors import DomainError
from backend.core.ids import uuid7
from fieldservice.visit import services
from fieldservice.visit.models import CheckPoint, Visit, VisitPolicy
from fieldservice.visit.queries import visit_policy
from tests import factories


def made(user) -> Made:
    return Made(uuid7(), user, None, clock.stamp(made_at=clock.now(), sent_at=None, received_at=clock.now()))


def at_once(*works: Callable[[], object]) -> list[str]:
    """Runs all at one moment; "done" or the refusal's code, of each."""
    start, results = threading.Barrier(len(works)), [""] * len(works)

    def run(index: int) -> None:
        start.wait()
        try:
            works[index]()
            results[index] = "done"
        except DomainError as refusal:
            results[index] = refusal.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


@pytest.mark.django_db(transaction=True)
def test_check_in_and_cancellation_at_one_moment_end_cancelled_and_a_kept_check_in_was_first():
    for _ in range(5):
        visit = factories.make_visit()
        results = at_once(
            lambda visit=visit: services.check_in(visit, check=services.Check(), made=made(visit.technician)),
            lambda visit=visit: services.cancel_visit(visit, reason="改期"),
        )
        visit.refresh_from_db()
        assert visit.status == "cancelled"
        assert results == (["done", "done"] if visit.checks.exists() else ["done", "illegal_step"])


@pytest.mark.django_db(transaction=True)
def test_of_check_out_and_cancellation_at_one_moment_exactly_one_wins():
    for _ in range(5):
        visit = factories.make_visit()
        services.check_in(visit, check=services.Check(), made=made(visit.technician))
        results = at_once(
            lambda visit=visit: services.check_out(
                visit, check=services.Check(), made=made(visit.technician)
            ),
            lambda visit=visit: services.cancel_visit(visit, reason="手机遗失"),
        )
        assert results == ["done", "illegal_step"]
        visit.refresh_from_db()
        assert visit.checks.filter(kind="out").exists() == (visit.status == "checked_out")


@pytest.mark.django_db(transaction=True)
def test_four_check_ins_at_one_moment_are_one():
    visit = factories.make_visit()
    work = [
        lambda: services.check_in(visit, check=services.Check(), made=made(visit.technician))
        for _ in range(4)
    ]
    assert at_once(*work) == ["done", "illegal_step", "illegal_step", "illegal_step"]
    assert CheckPoint.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_visit_reassigned_while_the_technician_checks_in_has_one_technician():
    visit, other = factories.make_visit(), factories.make_user("technician")
    first = visit.technician
    results = at_once(
        lambda: services.check_in(visit, check=services.Check(), made=made(first)),
        lambda: services.change_plan(visit, changes={"technician": other.pk}),
    )
    visit.refresh_from_db()
    if visit.technician_id == other.pk:
        assert results == ["done", "not_your_visit"] and visit.status == "planned"
    else:
        assert results == ["done", "visit_started"] and visit.status == "checked_in"


@pytest.mark.django_db
def test_database_itself_refuses_a_closed_visit_without_report_and_a_cancelled_one_without_reason():
    visit = factories.make_visit()
    for status in ("closed", "cancelled"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Visit.objects.filter(pk=visit.pk).update(status=status)
    visit.refresh_from_db()
    assert visit.status == "planned"


@pytest.mark.django_db
def test_policy_of_a_day_is_the_latest_row_begun_by_then():
    VisitPolicy.objects.all().delete()
    today = clock.today()
    assert visit_policy(on=today) is None
    old = VisitPolicy.objects.create(valid_from=today - timedelta(days=30), far_m=500, source="a")
    new = VisitPolicy.objects.create(valid_from=today, far_m=800, source="b")
    assert visit_policy(on=today) == new and visit_policy(on=today - timedelta(days=1)) == old


@pytest.mark.django_db
def test_batch_is_linked_once():
    visit, batch = factories.make_visit(), factories.make_batch()
    assert services.link_batch(visit, batch=batch) == services.link_batch(visit, batch=batch)
    assert visit.batch_links.count() == 1
