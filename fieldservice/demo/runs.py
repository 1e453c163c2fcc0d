"""The runs the demo's batches came out of, and two silos with what is left in them from one fill to the next."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from fieldservice.demo.people import People
from fieldservice.demo.stage import Stage
from fieldservice.demo.works import EDIBLE_PLANT, INDUSTRIAL_PLANT, Works, at_ten
from traceability.batch.models import Batch
from traceability.batch.rules import BatchKind
from traceability.genealogy.models import MadeFrom, Transformation, TransformationOutput
from traceability.genealogy.silo import clean_silo, fill_silo, record_silo

RUN_HOURS = timedelta(hours=6)
LOST = {BatchKind.REFINED: "蒸发、洗涤与排放", BatchKind.PACKED: "筛分与粉尘"}
SILOS = {EDIBLE_PLANT: "1号精盐仓", INDUSTRIAL_PLANT: "2号工业盐仓"}
FILLED = 8  # the last batches of refined salt of a plant
CLEANED_BEFORE = (1, 3, 5)  # of these: emptied and cleaned, so nothing of the fill before is left
HEELS_KG = ("1800", "2400", "1500", "2100")
CLEANING = "清空、干刷并检查，铅封"


def make_runs(works: Works, *, people: People) -> None:
    """One run per batch of refined and of packed salt: its links name the run, the loss is what is left over."""
    into: dict[Batch, list[MadeFrom]] = defaultdict(list)
    for link in works.links:
        into[link.child].append(link)
    runs, outputs = [], []
    for number, (child, links) in enumerate(into.items(), start=1):
        run = _run(child, links, number=number, people=people)
        for link in links:
            link.transformation = run
        runs.append(run)
        outputs.append(TransformationOutput(transformation=run, batch=child, qty_kg=child.qty_kg))
    Transformation.objects.bulk_create(runs)
    TransformationOutput.objects.bulk_create(outputs)
    MadeFrom.objects.bulk_create(works.links)


def _run(child: Batch, links: list[MadeFrom], *, number: int, people: People) -> Transformation:
    salt_kg = sum((link.qty_kg for link in links if link.parent.kind != BatchKind.PACKAGING), Decimal())
    return Transformation(
        number=f"T-{child.produced_on:%Y%m}-{number:04d}",
        stage=child.kind,
        plant=child.plant,
        started_at=links[0].made_at - RUN_HOURS,
        finished_at=links[0].made_at,
        loss_kg=max(salt_kg - child.qty_kg, Decimal()),
        loss_reason=LOST[BatchKind(child.kind)],
        recorded_by=people["qc1"],
    )


def fill_silos(stage: Stage, *, works: Works, people: People) -> None:
    """Each silo takes the plant's last batches of refined salt; the heel goes on into the next until it is cleaned."""
    for plant, code in SILOS.items():
        silo = record_silo(code=code, plant=plant)
        for number, batch in enumerate(works.refined[plant][-FILLED:]):
            filled_at = at_ten(batch.produced_on)
            is_first = number == 0
            if number in CLEANED_BEFORE:
                at = filled_at - timedelta(hours=5)
                clean_silo(silo, cleaned_at=at, method=CLEANING, by=people["qc2"])
            kg = None if is_first or number in CLEANED_BEFORE else Decimal(stage.chance.choice(HEELS_KG))
            fill_silo(silo, batch=batch, filled_at=filled_at, by=people["qc1"], heel_kg=kg)
