"""Six file names, one layer each; no drawer, no signal, no hidden import. Looked up in the parsed source."""

import ast
import re

import pytest

from tests.house.source import Source, called_name, sources

DRAWERS = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "lib",
    "shared",
    "managers",
    "selectors",
}
ORM_WRITES = {
    "save", "delete", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create",
    "select_for_update",
}  # fmt: skip
# A call on one of these is no ORM call: `services.create(…)`.
NOT_ROWS = {"services", "queries", "login", "logout"}
WEB = ("rest_framework", "django.http", "django.urls", "drf_spectacular", "django.shortcuts")
CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "uuid7", "uuid4", "random", "open", "print"}
SIGNALS = ("django.dispatch", "django.db.models.signals")
LAYERS = ("rules", "models", "queries", "services", "jobs", "api")
QUEUE = {"backend/core/queue.py"}
# Files that may do what their layer may not, with the reason.
LATE_IMPORTS: dict[str, str] = {}
KNOW_REQUESTS = {
    "backend/accounts/services.py": "Django's authenticate() and the login lock-out take the request"
}
SAVE_IN_MODELS = {"backend/accounts/models.py": "Django's contract for a user manager: create_user()"}

CONCEPTS = [source for source in sources() if source.name.count("/") == 2 and "management" not in source.name]


def of_layer(layer: str) -> list[Source]:
    return [
        source for source in CONCEPTS if source.layer == layer and not source.name.startswith("backend/core/")
    ]


def writes(source: Source) -> list[str]:
    """Calls that change rows, as file:line name."""
    found = []
    for call in source.calls():
        on = call.func.value if isinstance(call.func, ast.Attribute) else None
        is_row = on is not None and not (isinstance(on, ast.Name) and on.id in NOT_ROWS)
        name = called_name(call)
        is_update = name == "update" and isinstance(on, ast.Call)  # rows.filter(…).update(…), not {}.update
        if is_row and (name in ORM_WRITES or is_update):
            found.append(f"{source.name}:{call.lineno} {name}()")
    return found


def imported(source: Source, names: tuple[str, ...]) -> list[str]:
    return [
        f"{source.name}:{node.lineno} {name}"
        for name, node in source.imports()
        if any(name == wanted or name.startswith(f"{wanted}.") for wanted in names)
    ]


def collect(per_source: list[list[str]]) -> list[str]:
    return [line for lines in per_source for line in lines]


def test_no_folder_or_module_is_a_drawer():
    drawers = [s.name for s in sources() if DRAWERS & set(s.name.removesuffix(".py").split("/"))]
    assert not drawers


def test_api_writes_no_rows():
    assert not collect([writes(source) for source in of_layer("api")])


def test_queries_write_no_rows():
    assert not collect([writes(source) for source in of_layer("queries")])


def test_rules_know_no_framework():
    pure = (
        "django",
        "rest_framework",
        "pghistory",
        "pgtrigger",
        "django_q",
        "backend.core.clock",
        "backend.core.ids",
    )
    assert not collect([imported(source, pure) for source in of_layer("rules")])


def test_rules_ask_no_clock_and_do_no_io():
    asked = [
        f"{source.name}:{call.lineno} {called_name(call)}()"
        for source in of_layer("rules")
        for call in source.calls()
        if called_name(call) in CLOCKS
    ]
    assert not asked


def test_models_hold_no_logic():
    for source in of_layer("models"):
        methods = {node.name for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef)}
        assert not methods & {"save", "delete", "clean", "full_clean"}, source.name
        assert source.name in SAVE_IN_MODELS or not writes(source)
        assert not re.search(r"import (queries|services|api|jobs)\b", ast.unparse(source.tree)), source.name


def test_services_and_queries_know_no_web():
    below = [source for layer in ("services", "queries", "models", "jobs") for source in of_layer(layer)]
    assert not collect([imported(source, WEB) for source in below if source.name not in KNOW_REQUESTS])


def test_jobs_only_fetch_and_delegate():
    long = [
        f"{source.name} {node.name}"
        for source in of_layer("jobs")
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno > 12
    ]
    assert not long
    assert not collect([writes(source) for source in of_layer("jobs")])


def test_no_signals():
    assert not collect([imported(source, SIGNALS) for source in sources()])


def test_only_the_queue_knows_django_q():
    users = {source.name for source in sources() if imported(source, ("django_q",))}
    assert users <= QUEUE


def test_no_import_hides_in_a_function():
    hidden = [
        f"{source.name}:{inner.lineno}"
        for source in sources()
        if source.name not in LATE_IMPORTS
        for node in ast.walk(source.tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        for inner in ast.walk(node)
        if isinstance(inner, (ast.Import, ast.ImportFrom))
    ]
    assert not hidden


def test_exemptions_give_their_reason():
    """`# type: ignore[code]  # why` and `# noqa: CODE why`."""
    bare = [
        f"{source.name}:{number} {line.strip()}"
        for source in sources()
        for number, line in enumerate(source.path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"# type: ignore(?!\[[\w, -]+\]  # \w)", line)
        or re.search(r"# noqa(?!: [A-Z0-9, ]+ \w)", line)
    ]
    assert not bare


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_file_says_what_it_is(layer: str):
    silent = [source.name for source in of_layer(layer) if not ast.get_docstring(source.tree)]
    assert not silent
