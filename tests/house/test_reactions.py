"""What follows an event, and what runs by the clock: every path resolves, every event stands in the table."""

import ast
import inspect

import pytest
from croniter import croniter
from django.utils.module_loading import import_string
from django_q.models import Schedule

from backend.core.queue import allowed_paths, sync_schedule
from backend.reactions import REACTIONS
from backend.schedule import SCHEDULE
from tests.house.fingerprint import Fingerprint, fingerprint
from tests.house.source import Source, called_name, sources
from tests.house.world import World

LONGEST_JOB = 10


def emitted() -> dict[str, str]:
    """Event → file of every `emit("…")` in the code."""
    found = {}
    for source in sources():
        for call in source.calls():
            if called_name(call) == "emit":
                names = event_names(call.args[0], source)
                assert names, (
                    f"{source.name}:{call.lineno}: emit() takes a literal or an entry of a literal table"
                )
                found.update(dict.fromkeys(names, source.name))
    return found


def event_names(event: ast.expr, source: Source) -> list[str]:
    """The names a literal, or `TABLE[key]` of a table at the top of the module, may stand for."""
    if isinstance(event, ast.Constant):
        return [event.value]
    if not (isinstance(event, ast.Subscript) and isinstance(event.value, ast.Name)):
        return []
    tables = {
        target.id: node.value
        for node in source.tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    table = tables.get(event.value.id)
    return [value.value for value in table.values if isinstance(value, ast.Constant)] if table else []


def test_every_emitted_event_stands_in_the_table():
    missing = {event: where for event, where in emitted().items() if event not in REACTIONS}
    assert not missing, f"Not in backend/reactions.py: {missing}"


def test_every_event_of_the_table_is_emitted():
    assert set(REACTIONS) <= set(emitted()), f"Nobody emits {set(REACTIONS) - set(emitted())}"


@pytest.mark.parametrize("path", sorted(allowed_paths()))
def test_job_is_a_short_function_of_a_jobs_file(path: str):
    job = import_string(path)
    assert inspect.isfunction(job) and job.__module__.endswith(".jobs"), f"{path} is no function in a jobs.py"
    [function] = ast.parse(inspect.getsource(job)).body
    assert isinstance(function, ast.FunctionDef)
    lines = function.body[-1].end_lineno - function.body[0].lineno + 1
    if ast.get_docstring(function):
        lines -= function.body[0].end_lineno - function.body[0].lineno + 1
    assert lines <= LONGEST_JOB, f"{path}: {lines} lines; a job only fetches and delegates"
    takes = inspect.signature(job).parameters.values()
    assert all(parameter.annotation is str for parameter in takes), f"{path}: a job takes ids as texts"


# What a job gets by the name of its argument: a row on which it has something to do.
ROWS = {
    "reading_id": "bad_reading",
    "batch_id": "batch",
    "report_id": "unknown_code",
    "scan_id": "strange_scan",
    "recall_id": "recall_in_field",
    "import_id": "import",
    "notice_id": "reported_notice",
    "shipment_id": "late_shipment",
}
FOLLOWING = sorted({path for paths in REACTIONS.values() for path in paths})


@pytest.mark.django_db
@pytest.mark.parametrize("path", FOLLOWING)
def test_second_delivery_changes_nothing(path: str, world: World, untouched: Fingerprint):
    job = import_string(path)
    ids = {name: world.id_of(ROWS[name]) for name in inspect.signature(job).parameters}
    job(**ids)
    once = fingerprint()
    assert once != untouched, f"{path} had nothing to do: give it another row in ROWS"
    job(**ids)
    assert fingerprint() == once


@pytest.mark.parametrize("name", sorted(SCHEDULE))
def test_schedule_has_a_cron_line_that_can_be_read(name: str):
    cron, path = SCHEDULE[name]
    assert croniter.is_valid(cron), f"{name}: {cron!r}"
    assert not inspect.signature(import_string(path)).parameters, f"{path}: the clock gives no arguments"


@pytest.mark.django_db
def test_schedule_rows_are_the_tables():
    Schedule.objects.create(name="stranger", func="os.system", schedule_type=Schedule.DAILY)
    sync_schedule()
    sync_schedule()
    rows = Schedule.objects.values_list("name", "cron", "func")
    assert {name: (cron, func) for name, cron, func in rows} == SCHEDULE
