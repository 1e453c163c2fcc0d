"""Migrations: none missing, all named, each floor goes down to nothing and up again on a database of its own."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader

OURS = ("core", "accounts", "traceability", "fieldservice")


@pytest.mark.django_db
def test_none_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_each_has_a_name_and_no_numbers_clash():
    loader = MigrationLoader(None, ignore_no_migrations=True)
    names = [name for app, name in loader.disk_migrations if app in OURS]
    assert not [name for name in names if "_auto_" in name], "name it: makemigrations APP -n what_changes"
    for app in OURS:
        assert len(loader.graph.leaf_nodes(app)) == 1, f"{app}: two migrations want to be the last"


@pytest.fixture
def scratch(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """The alias of an empty database that is dropped afterwards."""
    name = f"{connection.settings_dict['NAME']}_scratch"
    with django_db_blocker.unblock():
        administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
        connections.settings["scratch"] = {**connections.settings["default"], "NAME": name}
        yield "scratch"
        connections["scratch"].close()
        del connections["scratch"], connections.settings["scratch"]
        administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def administer(*statements: str) -> None:
    """Runs `statements` outside any transaction, from the server's own database."""
    given = connection.get_connection_params() | {"dbname": "postgres"}
    wanted = {name: given[name] for name in ("host", "port", "user", "password", "dbname") if given.get(name)}
    with psycopg.connect(**wanted, autocommit=True) as server:
        for statement in statements:
            server.execute(statement)


def tables(alias: str) -> set[str]:
    with connections[alias].cursor() as cursor:
        found = set(connections[alias].introspection.table_names(cursor))
    return {name for name in found if name.startswith(tuple(f"{app}_" for app in OURS))}


def triggers(alias: str) -> set[str]:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        return {row[0] for row in cursor.fetchall()}


@pytest.mark.django_db
def test_each_floor_goes_down_and_up_again(scratch: str):
    call_command("migrate", database=scratch, verbosity=0)
    full = tables(scratch), triggers(scratch)
    for app in reversed(OURS):
        call_command("migrate", app, "zero", database=scratch, verbosity=0)
    assert tables(scratch) == set()
    call_command("migrate", database=scratch, verbosity=0)
    assert (tables(scratch), triggers(scratch)) == full
