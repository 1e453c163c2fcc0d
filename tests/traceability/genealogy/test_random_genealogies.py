"""Random salt works through the real services, held against a works in plain lists.

Rework, ladders of silo heels, diamonds of runs, mixed pallets, returns and reversals in any order: what must be
refused is refused and nothing else, no circle gets in, nothing gives out more than it has, and trace, recall scope and
balance find exactly what the naive walk finds.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from backend.core import clock
from backend.core.errors import DomainError
from tests.factories import (
    make_batch,
    make_customer,
    make_product,
    make_silo,
    make_stock_count,
    make_unit,
    make_user,
)
from tests.traceability.genealogy.naive_works import Edge, Lot, NaiveWorks
from traceability.balance.look import look
from traceability.batch.models import Batch
from traceability.batch.rules import BatchKind
from traceability.dispatch.gate import LineData
from traceability.dispatch.queries import shipped_kg
from traceability.dispatch.services import ShipmentData, record_shipment
from traceability.genealogy.mass import Portion, RunData
from traceability.genealogy.models import MadeFrom
from traceability.genealogy.rules import LinkKind
from traceability.genealogy.services import (
    link_parent,
    record_return,
    record_transformation,
    reverse_link,
)
from traceability.genealogy.silo import clean_silo, fill_silo
from traceability.recall.scope import scope_of
from traceability.trace.queries import consignees_of, walk
from traceability.trace.rules import Direction

SILOS, CUSTOMERS = 2, 2
# Stage and family of a lot; more of what goes through many hands.
STAGES = [
    ("raw", "raw_material"),
    ("raw", "industrial"),
    ("refined", "raw_material"),
    ("silo", "raw_material"),
    ("silo", "edible"),
    ("packed", "edible"),
    ("packed", "industrial"),
    ("rework", "raw_material"),
    ("packaging", "packaging"),
]
number = st.integers(0, 60)  # of a lot, modulo how many there are
ALL, BEYOND = Decimal(-1), Decimal(-2)  # as much as may leave the lot, and a gram more
GRAM = Decimal("0.001")
kg = st.sampled_from([*map(Decimal, ("0.001", "1", "7.5", "40", "99.999", "500", "1001")), ALL, BEYOND])
made_days_ago, taken_days_ago = st.integers(4, 20), st.sampled_from([1, 2, 3, 3, 10])

lots = st.lists(
    st.tuples(st.sampled_from(STAGES), st.sampled_from(["3", "1000", "5000"]), made_days_ago),
    min_size=5,
    max_size=10,
)
links = st.tuples(
    st.just("link"), number, number, kg, st.sampled_from(["used", "rework", "repack"]), taken_days_ago
)
runs = st.tuples(
    st.just("run"),
    st.lists(st.tuples(number, kg), min_size=1, max_size=3),
    st.lists(st.tuples(number, kg), min_size=1, max_size=3),
    taken_days_ago,
)
# Mostly the heel is told where there is one; else told where there is none, or not told.
told = st.sampled_from([True, True, True, True, False])
fills = st.tuples(st.just("fill"), st.integers(0, SILOS - 1), number, kg | st.just(Decimal(0)), told)
cleanings = st.tuples(st.just("clean"), st.integers(0, SILOS - 1))
pallets = st.tuples(
    st.just("ship"), st.integers(0, CUSTOMERS - 1), st.lists(st.tuples(number, kg), min_size=1, max_size=3)
)
returns = st.tuples(st.just("return"), number, kg, st.integers(0, CUSTOMERS - 1), taken_days_ago)
reversals = st.tuples(st.just("reverse"), number)
steps = st.lists(
    st.one_of(links, links, links, runs, runs, fills, fills, cleanings, pallets, returns, reversals),
    min_size=30,
    max_size=60,
)


class Works:
    """The real works beside the naive one; every step is tried on both."""

    def __init__(self, plan: list[Any]) -> None:
        self.today, self.naive = clock.today(), NaiveWorks()
        self.qc, self.logistics = make_user("qc"), make_user("logistics")
        families = {family for (_kind, family), _kg, _days in plan}
        products = {family: make_product(family=family) for family in families}
        self.batches = []
        for (kind, family), made_kg, days in plan:
            made_on = self.today - timedelta(days=days)
            self.naive.lots.append(Lot(kind, family, Decimal(made_kg), made_on))
            self.batches.append(
                make_batch(products[family], kind=kind, qty_kg=Decimal(made_kg), produced_on=made_on)
            )
        self.silos = [make_silo() for _ in range(SILOS)]
        licensed = {"licence_no": "SP1", "licence_valid_to": self.today + timedelta(days=99)}
        self.customers = [make_customer(**licensed) for _ in range(CUSTOMERS)]
        self.links: list[MadeFrom] = []
        self.runs = self.seconds = 0

    def lot(self, any_number: int) -> int:
        return any_number % len(self.batches)

    def portions(self, pairs: list[tuple[int, Decimal]]) -> dict[int, Decimal]:
        found = {self.lot(any_number): part_kg for any_number, part_kg in pairs}
        return {lot: self.exact(lot, part_kg) for lot, part_kg in found.items()}

    def exact(self, lot: int, part_kg: Decimal) -> Decimal:
        if part_kg >= 0:
            return part_kg
        left = self.naive.lots[lot].most_kg - self.naive.gone_kg(lot)
        left = left.quantize(GRAM, rounding=ROUND_DOWN) + (GRAM if part_kg == BEYOND else 0)
        return max(left, GRAM)

    def noon(self, days: int) -> datetime:
        """Of that many days ago, a second later each time it is asked."""
        self.seconds += 1
        day = datetime.combine(self.today - timedelta(days=days), time(12), clock.FACTORY_ZONE)
        return day + timedelta(seconds=self.seconds)

    def tried(self, faults: set[str], act: Callable[[], Any]) -> Any:
        """What `act` gives, or None where it is refused as the naive works says; the refusal changes nothing."""
        before = MadeFrom.objects.count()
        try:
            with transaction.atomic():
                made = act()
        except DomainError as error:
            assert error.code in faults, f"refused with {error}, expected {faults or 'to be booked'}"
            assert MadeFrom.objects.count() == before
            event(error.code)
            return None
        assert not faults, f"booked, expected {faults}"
        return made

    def keep(self, link: MadeFrom, *, parent: int, child: int, run: int | None = None) -> None:
        self.links.append(link)
        self.naive.edges.append(Edge(parent, child, link.qty_kg, link.kind, run))

    def link(self, parent: int, child: int, part_kg: Decimal, kind: str, days: int) -> None:
        parent, child, at = self.lot(parent), self.lot(child), self.noon(days)
        part_kg = self.exact(parent, part_kg)
        faults = self.naive.link_faults(parent, child, kg=part_kg, on=clock.factory_date(at))
        made = self.tried(
            faults,
            lambda: link_parent(
                self.batches[child],
                parent=self.batches[parent],
                qty_kg=part_kg,
                made_at=at,
                by=self.qc,
                kind=LinkKind(kind),
                gone_elsewhere=shipped_kg,
            ),
        )
        if made:
            self.keep(made, parent=parent, child=child)

    def run(self, takes: list[Any], gives: list[Any], days: int) -> None:
        into, out, at = self.portions(takes), self.portions(gives), self.noon(days)
        stage = self.batches[next(iter(out))].kind
        out = {lot: part_kg for lot, part_kg in out.items() if self.batches[lot].kind == stage}
        data = RunData(
            stage=BatchKind(stage),
            plant="P1",
            started_at=at,
            finished_at=at,
            inputs=tuple(Portion(self.batches[lot].pk, part_kg) for lot, part_kg in into.items()),
            outputs=tuple(Portion(self.batches[lot].pk, part_kg) for lot, part_kg in out.items()),
        )
        faults = self.naive.run_faults(into, out, on=clock.factory_date(at))
        made = self.tried(faults, lambda: record_transformation(data, by=self.qc, gone_elsewhere=shipped_kg))
        if made:
            self.runs += 1
            self.keep_run(made, into=into, out=out)

    def keep_run(self, made: Any, *, into: dict[int, Decimal], out: dict[int, Decimal]) -> None:
        """Every input × output has its link, and the kg of an input are shared by kg, to the gram."""
        found = {(link.parent_id, link.child_id): link for link in made.links.all()}
        assert len(found) == len(into) * len(out)
        for parent, part_kg in into.items():
            row = {lot: found[self.batches[parent].pk, self.batches[lot].pk] for lot in out}
            assert sum(link.qty_kg for link in row.values()) == part_kg
            for lot, link in row.items():
                assert abs(link.qty_kg - part_kg * out[lot] / sum(out.values())) < GRAM
                self.keep(link, parent=parent, child=lot, run=self.runs)

    def fill(self, silo: int, lot: int, part_kg: Decimal, is_told: bool) -> None:
        lot, at = self.lot(lot), self.noon(0) - timedelta(days=1)
        below = self.naive.silos.get(silo)
        part_kg = self.exact(lot if below is None else below, part_kg)
        heel_kg = part_kg if (below not in (None, lot)) == is_told else None
        faults = self.naive.fill_faults(silo, lot, heel_kg=heel_kg, on=clock.factory_date(at))
        made = self.tried(
            faults,
            lambda: fill_silo(
                self.silos[silo],
                batch=self.batches[lot],
                filled_at=at,
                by=self.qc,
                heel_kg=heel_kg,
                gone_elsewhere=shipped_kg,
            ),
        )
        if made:
            self.naive.silos[silo] = lot
            if made.heel:
                assert below is not None
                self.keep(made.heel, parent=below, child=lot)

    def clean(self, silo: int) -> None:
        at = self.noon(0) - timedelta(days=1)
        clean_silo(self.silos[silo], cleaned_at=at, method="清扫", by=self.qc)
        self.naive.silos[silo] = None

    def ship(self, customer: int, contents: list[Any]) -> None:
        """A mixed pallet leaves whole, or stays."""
        parts = self.portions(contents)
        unit = make_unit(*((self.batches[lot], str(part_kg)) for lot, part_kg in parts.items()))
        data = ShipmentData(
            customer_id=self.customers[customer].pk,
            shipped_on=self.today,
            lines=(LineData(sscc=unit.sscc),),
        )
        is_short = any(self.naive.is_short(lot, kg=part_kg) for lot, part_kg in parts.items())
        faults = {"shipment_lines_refused"} if is_short else set()
        if self.tried(faults, lambda: record_shipment(data, by=self.logistics)):
            self.naive.shipped += [(lot, customer, part_kg) for lot, part_kg in parts.items()]

    def come_back(self, lot: int, part_kg: Decimal, customer: int, days: int) -> None:
        lot, at = self.lot(lot), self.noon(days)
        part_kg = self.exact(lot, part_kg)
        made = self.tried(
            self.naive.return_faults(lot, kg=part_kg, on=clock.factory_date(at)),
            lambda: record_return(
                self.batches[lot],
                qty_kg=part_kg,
                customer=self.customers[customer],
                returned_at=at,
                reason="结块",
                by=self.qc,
            ),
        )
        if made:
            origin = self.naive.lots[lot]
            self.naive.lots.append(Lot("return", origin.family, part_kg, origin.made_on))
            made.lot.status = "released"  # found good: it may go out again
            made.lot.save()
            self.batches.append(made.lot)
            self.keep(made.lot.parent_links.get(), parent=lot, child=len(self.batches) - 1)

    def reverse(self, any_number: int) -> None:
        if self.links:
            edge = any_number % len(self.links)
            faults = self.naive.reverse_faults(edge)
            link = self.links[edge]
            if self.tried(
                faults, lambda: reverse_link(link, by=self.qc, reason="录错", gone_elsewhere=shipped_kg)
            ):
                self.naive.reverse(edge)
                # The lot of a return is held with its link; it is found good again.
                Batch.objects.filter(pk=link.child_id).update(status="released")

    def take(self, step: tuple[Any, ...]) -> None:
        what, *details = step
        acts = {"return": self.come_back} | {
            name: getattr(self, name) for name in ("link", "run", "fill", "clean", "ship", "reverse")
        }
        acts[what](*details)


def check_links(works: Works) -> None:
    ids = [batch.pk for batch in works.batches]
    kept = sorted(
        (ids[edge.parent], ids[edge.child], edge.kg, edge.kind) for edge in works.naive.edges if edge.is_live
    )
    columns = ("parent_id", "child_id", "qty_kg", "kind")
    assert sorted(MadeFrom.objects.filter(is_live=True).values_list(*columns)) == kept
    assert not works.naive.has_circle()
    assert all(works.naive.gone_kg(at) <= lot.most_kg for at, lot in enumerate(works.naive.lots))


def check_traces(works: Works) -> None:
    ids = [batch.pk for batch in works.batches]
    for at, id in enumerate(ids):
        for direction, up in ((Direction.BACKWARD, True), (Direction.FORWARD, False)):
            found = walk([id], direction=direction)
            assert found.lots == {ids[lot]: depth for lot, depth in works.naive.reach(at, up=up).items()}
            assert not found.truncated
        received = works.naive.received_kg(works.naive.reach(at, up=False))
        by_customer = {works.customers[customer].pk: kg for customer, kg in received.items()}
        assert {row.customer_id: row.kg for row in consignees_of(found.lots)} == by_customer
        check_recall(works, at=at, received=by_customer)


def check_recall(works: Works, *, at: int, received: dict[UUID, Decimal]) -> None:
    """A recall from the batch holds what was made of it, and everybody who was sent some."""
    scope, told = scope_of([works.batches[at].pk]), defaultdict(Decimal)
    for line in scope.sent:
        told[line.customer_id] += line.kg
    reach = works.naive.reach(at, up=False)
    assert scope.depths == {works.batches[lot].pk: depth for lot, depth in reach.items()}
    assert told == received


def check_books(works: Works) -> None:
    """Everything is counted, some of it short: what is missed is found, and nothing else is wrong."""
    missed = set()
    for at, (lot, batch) in enumerate(zip(works.naive.lots, works.batches, strict=True)):
        left = max(lot.kg - works.naive.gone_kg(at), Decimal(0))
        short = min(left, Decimal((0, 2, 50)[at % 3]))
        if short > lot.most_kg - lot.kg:
            missed.add((batch.pk, "unaccounted"))
        make_stock_count(batch, on_hand_kg=left - short, by=works.qc)
    faults = {(fault.batch_id, str(fault.rule)) for fault in look().faults}
    assert faults == missed


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(plan=lots, taken=steps)
def test_random_works_is_booked_refused_traced_and_balanced_as_the_naive_one(plan, taken):
    with transaction.atomic():
        works = Works(plan)
        for step in taken:
            works.take(step)
        check_links(works)
        check_traces(works)
        check_books(works)
        transaction.set_rollback(True)
