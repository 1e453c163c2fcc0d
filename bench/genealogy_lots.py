"""A synthetic genealogy of a salt works in seven layers, the same one for the same seed and size.

    .venv/bin/python bench/genealogy_lots.py 100000 --out /tmp/genealogy [--seed 20260301]

raw → refined → silo → packed → pallet → shipment → delivery, with additives into refined and film into packed lots.
Children take from parents of the days before (time locality), so that ways part and meet again (diamonds); every silo
keeps a heel of its last filling until it is cleaned; some packed lots are reworked into refined ones weeks later. Kg
are exact to the gram: what came in is what went out, is on hand or was scrapped. Writes lots.csv and links.csv in the
format of `manage.py import_genealogy`. `--ladder` writes a silo ladder instead: each lot takes in the two before it.

Medians of what is reached, 100,000 lots (1,000,000 lots): see bench/genealogy.py.
"""

import argparse
import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

SEED = 20260301
FIRST_DAY = date(2024, 1, 1)
DAYS = 700
CUSTOMERS_PER_LOT = 0.002
YIELD_OUT = 0.97  # of what a lot had: the rest is on hand or scrapped


@dataclass(frozen=True)
class Layer:
    """`share` of all lots; takes `least` to `most` parents among the last `window` lots of the layer above."""

    kind: str
    prefix: str
    share: float
    least: int = 0
    most: int = 0
    window: int = 0


LAYERS = (
    Layer("raw", "RAW", 0.030),
    Layer("refined", "REF", 0.070, 2, 4, 20),
    Layer("silo", "SIL", 0.050, 2, 4, 20),
    Layer("packed", "PAC", 0.150, 1, 3, 5),
    Layer("pallet", "PAL", 0.250, 1, 3, 14),
    Layer("shipment", "SHI", 0.100, 4, 8, 24),
    Layer("delivery", "DEL", 0.345, 3, 5, 12),
)
ADDITIVE = Layer("additive", "ADD", 0.002, 1, 1, 2)
PACKAGING = Layer("packaging", "FIL", 0.003, 1, 1, 2)
REWORKED = 0.03  # of the refined lots take in a reworked one
REWORK_LAG = 0.02  # of the whole time
SILOS = 8
CLEANED_EVERY = 10  # fillings


@dataclass
class Genealogy:
    """Lots by number: `kinds`, `codes`, `at` (place in time, 0 to 1), `kg` in grams; `parents[n]` of lot n."""

    kinds: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    parents: list[list[int]] = field(default_factory=list)
    grams: list[int] = field(default_factory=list)
    on_hand: list[int] = field(default_factory=list)
    scrap: list[int] = field(default_factory=list)
    links: list[tuple[int, int, int]] = field(default_factory=list)

    def add(self, kind: str, prefix: str, number: int, at: float, parents: Sequence[int] = ()) -> int:
        self.kinds.append(kind)
        self.codes.append(f"{prefix}-{number:07d}")
        self.at.append(at)
        self.parents.append(list(parents))
        return len(self.kinds) - 1


def genealogy(size: int, *, seed: int = SEED) -> Genealogy:
    """About `size` lots and 3.4 links each."""
    rng, made = random.Random(seed), Genealogy()
    above: list[int] = []
    layers: dict[str, list[int]] = {}
    for depth, layer in enumerate((ADDITIVE, PACKAGING, *LAYERS)):
        count = max(1, round(size * layer.share))
        numbers = []
        for n in range(count):
            at = (n + 0.5) / count + 0.0001 * depth
            parents = _parents(rng, above, n / count, layer) if layer.least and depth > 2 else []
            numbers.append(made.add(layer.kind, layer.prefix, n, at, parents))
        layers[layer.kind] = above = numbers
    _take_from(rng, made, layers["refined"], layers["additive"], ADDITIVE)
    _take_from(rng, made, layers["packed"], layers["packaging"], PACKAGING)
    _heels(made, layers["silo"])
    _rework(rng, made, layers)
    _weigh(rng, made)
    return made


def _parents(rng: random.Random, above: Sequence[int], at: float, layer: Layer) -> list[int]:
    last = min(len(above) - 1, int(at * len(above)))
    first = max(0, last - layer.window + 1)
    wanted = min(rng.randint(layer.least, layer.most), last - first + 1)
    return [above[n] for n in rng.sample(range(first, last + 1), wanted)]


def _take_from(
    rng: random.Random, made: Genealogy, children: Sequence[int], parents: Sequence[int], layer: Layer
) -> None:
    for n, child in enumerate(children):
        made.parents[child] += _parents(rng, parents, n / len(children), layer)


def _heels(made: Genealogy, silos: Sequence[int]) -> None:
    """Each filling lies on the one before it in the same silo, until the silo was cleaned."""
    for n, child in enumerate(silos):
        if n >= SILOS and (n // SILOS) % CLEANED_EVERY:
            made.parents[child].append(silos[n - SILOS])


def _rework(rng: random.Random, made: Genealogy, layers: dict[str, list[int]]) -> None:
    packed, refined = layers["packed"], layers["refined"]
    for number, child in enumerate(rng.sample(refined, round(len(refined) * REWORKED))):
        latest = int((made.at[child] - REWORK_LAG) * len(packed))
        if latest > 0:
            source = packed[max(0, latest - rng.randint(1, 200))]
            at = (made.at[source] + made.at[child]) / 2
            made.parents[child].append(made.add("rework", "REW", number, at, [source]))


def _weigh(rng: random.Random, made: Genealogy) -> None:
    """Kg from the first lot to the last: each hands on most of what it took in."""
    children: list[list[int]] = [[] for _ in made.kinds]
    for child, parents in enumerate(made.parents):
        for parent in parents:
            children[parent].append(child)
    count = len(made.kinds)
    made.grams, made.on_hand, made.scrap = [0] * count, [0] * count, [0] * count
    came_in, waits = [0] * count, [len(parents) for parents in made.parents]
    ready = [n for n in range(count) if not waits[n]]
    for n in ready:  # grows while it is walked: every lot after all its parents
        if not made.parents[n]:
            came_in[n] = 1000 * rng.randint(20_000, 60_000)
        grams = made.grams[n] = came_in[n]
        if not children[n]:
            made.on_hand[n] = 0 if made.kinds[n] == "delivery" else grams
            continue
        handed_on = int(grams * YIELD_OUT)
        weights = [rng.randint(1, 5) for _ in children[n]]
        left = grams
        for child, weight in zip(children[n], weights, strict=True):
            part = handed_on * weight // sum(weights)
            made.links.append((n, child, part))
            came_in[child] += part
            waits[child] -= 1
            if not waits[child]:
                ready.append(child)
            left -= part
        made.scrap[n] = left // 3
        made.on_hand[n] = left - made.scrap[n]


def ladder(steps: int) -> Genealogy:
    """A silo never cleaned, each lot on the two before it: more ways through it than atoms."""
    made = Genealogy()
    for n in range(steps):
        made.add("silo", "LAD", n, n / steps, [m for m in (n - 2, n - 1) if m >= 0])
    made.grams, made.on_hand, made.scrap = [2_000_000] * steps, [0] * steps, [0] * steps
    made.links = [(parent, n, 1_000_000) for n in range(steps) for parent in made.parents[n]]
    return made


def write(made: Genealogy, folder: Path) -> None:
    """lots.csv and links.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    customers = max(20, round(len(made.kinds) * CUSTOMERS_PER_LOT))
    with (folder / "lots.csv").open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        head = ("code", "kind", "grade", "qty_kg", "on_hand_kg", "scrap_kg", "customer", "produced_on")
        out.writerow(head)
        out.writerows(_lot_rows(made, customers))
    with (folder / "links.csv").open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(("parent", "child", "qty_kg"))
        out.writerows((made.codes[p], made.codes[c], kg_text(grams)) for p, c, grams in made.links)


def _lot_rows(made: Genealogy, customers: int) -> Iterator[tuple[object, ...]]:
    rng = random.Random(len(made.kinds))
    for n, kind in enumerate(made.kinds):
        is_delivery = kind == "delivery"
        yield (
            made.codes[n],
            kind,
            "" if kind in ("additive", "packaging") else "edible",
            kg_text(made.grams[n]),
            kg_text(made.on_hand[n]),
            kg_text(made.scrap[n]),
            f"CUST-{rng.randrange(customers):05d}" if is_delivery else "",
            FIRST_DAY + timedelta(days=int(made.at[n] * DAYS)),
        )


def kg_text(grams: int) -> str:
    return f"{grams // 1000}.{grams % 1000:03d}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("size", type=int, help="lots; with --ladder: steps")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--ladder", action="store_true")
    args = parser.parse_args()
    made = ladder(args.size) if args.ladder else genealogy(args.size, seed=args.seed)
    write(made, args.out)
    print(f"{len(made.kinds):,} lots, {len(made.links):,} links in {args.out}")


if __name__ == "__main__":
    main()
