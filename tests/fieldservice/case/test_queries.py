"""Sums over cases and the ledger they come from."""

from decimal import Decimal
from random import Random

import pytest

from fieldservice.case.models import Case
from fieldservice.case.queries import lines_of_case
from fieldservice.case.services import book_cost, link_visit, unlink_visit
from fieldservice.cost.models import CostLine
from fieldservice.cost.queries import cost_lines, total
from tests import factories

pytestmark = pytest.mark.django_db


def tangle(chance: Random) -> None:
    """Cases, visits and lines linked every way the API allows."""
    batches = [factories.make_batch() for _ in range(2)]
    visits = [factories.make_visit() for _ in range(3)]
    cases = [factories.make_case(batch=chance.choice([None, *batches])) for _ in range(4)]
    for case in cases:
        for visit in chance.sample(visits, 2):
            link_visit(case, visit=visit)
    wrong = cases[0].visit_links.earliest("id")
    unlink_visit(wrong.case, visit=wrong.visit)
    for number in range(12):
        spent = {"visit": chance.choice([None, *visits]), "batch": chance.choice([None, *batches])}
        line = factories.make_cost(net_cny=f"{2**number}.00", **spent)
        if chance.random() < 0.3:
            book_cost(chance.choice(cases), line=line)
        if chance.random() < 0.3:
            corrected = {"supersedes": line, "first": line, "correction_reason": "抄错"}
            factories.make_cost(net_cny=f"{2**number}.10", **spent, **corrected)


@pytest.mark.parametrize("seed", range(8))
def test_the_cases_together_never_cost_more_than_the_ledger_holds(seed):
    tangle(Random(seed))
    counted = [line.pk for case in Case.objects.all() for line in lines_of_case(case, among=cost_lines())]
    assert len(counted) == len(set(counted)) and counted
    sums = [total(lines_of_case(case, among=cost_lines())).total.gross_cny for case in Case.objects.all()]
    assert Decimal(0) < sum(sums) <= total(CostLine.objects.all()).total.gross_cny
