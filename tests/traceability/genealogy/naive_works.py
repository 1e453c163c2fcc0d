"""A salt works in plain lists: what batches are made from, judged by the most naive walk there is.

Nothing here is shared with the code under test, on purpose: it says what must be refused, and what is reachable.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

EDIBLE = ("edible", "food_processing")


@dataclass(frozen=True)
class Lot:
    kind: str
    family: str
    kg: Decimal
    made_on: date

    @property
    def most_kg(self) -> Decimal:
        """What may leave it: 1 kg or 0.1 % more than was made."""
        return self.kg + max(Decimal(1), self.kg / 1000)


@dataclass(frozen=True)
class Edge:
    parent: int
    child: int
    kg: Decimal
    kind: str
    run: int | None = None
    is_live: bool = True


@dataclass
class NaiveWorks:
    """Lots are numbered in the order they were made; so are edges, runs and shipments."""

    lots: list[Lot] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    shipped: list[tuple[int, int, Decimal]] = field(default_factory=list)  # lot, customer, kg
    silos: dict[int, int | None] = field(default_factory=dict)  # silo → lot in it, None where clean

    # What is reachable

    def step(self, lot: int, *, up: bool) -> list[int]:
        live = [edge for edge in self.edges if edge.is_live]
        if up:
            return [edge.parent for edge in live if edge.child == lot]
        return [edge.child for edge in live if edge.parent == lot]

    def reach(self, lot: int, *, up: bool) -> dict[int, int]:
        """Lot → least number of steps, itself at 0."""
        found, layer = {lot: 0}, [lot]
        while layer:
            below = [there for here in layer for there in self.step(here, up=up)]
            layer = [there for there in dict.fromkeys(below) if there not in found]
            found.update(dict.fromkeys(layer, max(found.values()) + 1))
        return found

    def has_circle(self) -> bool:
        return any(
            lot in self.reach(child, up=False)
            for lot in range(len(self.lots))
            for child in self.step(lot, up=False)
        )

    # What is left

    def gone_kg(self, lot: int) -> Decimal:
        used = (
            edge.kg for edge in self.edges if edge.parent == lot and edge.is_live and edge.kind != "returned"
        )
        return sum(used, Decimal(0)) + sum((kg for at, _who, kg in self.shipped if at == lot), Decimal(0))

    def returned_kg(self, lot: int) -> Decimal:
        back = (
            edge.kg for edge in self.edges if edge.parent == lot and edge.is_live and edge.kind == "returned"
        )
        return sum(back, Decimal(0))

    def received_kg(self, lots: Iterable[int]) -> dict[int, Decimal]:
        """Customer → kg of the lots that were shipped there."""
        found: dict[int, Decimal] = {}
        for lot, customer, kg in self.shipped:
            if lot in lots:
                found[customer] = found.get(customer, Decimal(0)) + kg
        return found

    # What must be refused: the codes of which one is told, empty where it is booked

    def faults(self, takes: dict[int, Decimal], *, children: list[int], on: date) -> set[str]:
        """`takes`: lot → kg that go into the children."""
        if set(takes) & set(children):
            return {"made_from_itself"}
        above = {lot for parent in takes for lot in self.reach(parent, up=True)}
        below = {lot for child in children for lot in self.reach(child, up=False)}
        if above & set(children):
            return {"genealogy_circle"}
        if any(self.lots[lot].family == "industrial" for lot in above) and any(
            self.lots[lot].family in EDIBLE for lot in below
        ):
            return {"industrial_into_edible"}
        early = {"made_before_parent" for lot in takes if on < self.lots[lot].made_on}
        return early | {"more_than_left" for lot, kg in takes.items() if kg and self.is_short(lot, kg=kg)}

    def is_short(self, lot: int, *, kg: Decimal) -> bool:
        return self.gone_kg(lot) + kg > self.lots[lot].most_kg

    def link_faults(self, parent: int, child: int, *, kg: Decimal, on: date) -> set[str]:
        known = [
            edge
            for edge in self.edges
            if (edge.parent, edge.child, edge.run, edge.is_live) == (parent, child, None, True)
        ]
        repeated = {"parent_known"} if any(edge.kind != "heel" for edge in known) else set()
        return self.faults({parent: kg}, children=[child], on=on) or repeated

    def run_faults(self, takes: dict[int, Decimal], gives: dict[int, Decimal], *, on: date) -> set[str]:
        into = sum((kg for lot, kg in takes.items() if self.lots[lot].kind != "packaging"), Decimal(0))
        out = sum((kg for lot, kg in gives.items() if self.lots[lot].kind != "packaging"), Decimal(0))
        if out > into + max(Decimal(1), into / 1000):
            return {"more_out_than_in"}
        return self.faults(takes, children=list(gives), on=on)

    def fill_faults(self, silo: int, lot: int, *, heel_kg: Decimal | None, on: date) -> set[str]:
        below = self.silos.get(silo)
        if below is None or below == lot:
            return set() if heel_kg is None else {"invalid_input"}
        if heel_kg is None:
            return {"heel_unknown"}
        found = self.faults({below: heel_kg}, children=[lot], on=on)
        return {"silo_batch_again"} if found == {"genealogy_circle"} else found

    def return_faults(self, lot: int, *, kg: Decimal, on: date) -> set[str]:
        if self.returned_kg(lot) + kg > self.lots[lot].most_kg:
            return {"more_than_made"}
        return {"made_before_parent"} if on < self.lots[lot].made_on else set()

    def reverse_faults(self, edge: int) -> set[str]:
        found = self.edges[edge]
        if found.kind == "returned" and self.has_gone(found.child):
            return {"return_used"}
        return set() if found.is_live else {"link_reversed"}

    def has_gone(self, lot: int) -> bool:
        """0 kg are a use too: a trace."""
        used = any(edge.parent == lot and edge.is_live and edge.kind != "returned" for edge in self.edges)
        return used or any(at == lot for at, _who, _kg in self.shipped)

    # What is booked

    def reverse(self, edge: int) -> None:
        self.edges[edge] = replace(self.edges[edge], is_live=False)
