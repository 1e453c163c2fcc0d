"""What only shows with two people at once, or in the database itself."""

import threading
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction

from backend.accounts.made import Made
from backend.core import clock
from backend.core.attachment import keep_photo
from backend.core.ids import uuid7
from fieldservice.cost import services
from fieldservice.cost.models import CostLine
from fieldservice.cost.rules import CostCategory
from tests import factories
from tests.fieldservice.cost import pictures


def made(user):
    stamp = clock.stamp(made_at=clock.now(), sent_at=None, received_at=clock.now())
    return Made(id=uuid7(), by=user, device_id=None, stamp=stamp)


def expense(number, *, photo=None):
    ten, receipt = Decimal("10.00"), services.Receipt(photo=photo, number=number)
    return services.Expense(CostCategory.MEALS, clock.today(), ten, Decimal("0.00"), ten, receipt=receipt)


@pytest.mark.django_db(transaction=True)
def test_one_receipt_handed_in_by_four_people_at_once_is_flagged_three_times():
    factories.make_cost_policy()
    people = [factories.make_user("technician") for _ in range(4)]
    start = threading.Barrier(4)

    def hand_in(user):
        start.wait()
        services.record_cost(expense("24922000000012341234"), made=made(user))
        connection.close()

    threads = [threading.Thread(target=hand_in, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert CostLine.objects.count() == 4
    first = CostLine.objects.get(duplicate_of=None)
    assert CostLine.objects.filter(duplicate_of=first).count() == 3


@pytest.mark.django_db
def test_where_the_file_of_a_receipt_is_gone_the_hashes_alone_speak():
    factories.make_cost_policy()
    one, two = factories.make_user("technician"), factories.make_user("technician")
    picture = pictures.receipt(1)
    first = keep_photo(pictures.jpeg(picture), by_id=one.pk)
    claim = services.record_cost(expense("", photo=first), made=made(one))
    default_storage.delete(first.file)
    again = keep_photo(pictures.jpeg(picture, quality=60), by_id=two.pk)
    assert services.record_cost(expense("", photo=again), made=made(two)).duplicate_of == claim


@pytest.mark.django_db
def test_the_database_itself_refuses_a_line_that_does_not_add_up_and_any_change():
    factories.make_cost_policy()
    line = services.record_cost(expense("1"), made=made(factories.make_user("technician")))
    with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
        CostLine.objects.filter(pk=line.pk).update(gross_cny=Decimal("11.00"))
    line.pk, line.gross_cny = uuid7(), Decimal("11.00")
    with pytest.raises(IntegrityError, match="cost_sums_up"), transaction.atomic():
        line.save(force_insert=True)
