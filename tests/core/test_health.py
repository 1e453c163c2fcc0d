"""`/readyz`: what it says, and that asking it often costs little."""

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext

from backend.core.health import Migrations


def asks_for_migrations(anonymous) -> bool:
    with CaptureQueriesContext(connection) as queries:
        assert anonymous.get("/readyz").json["migrations_pending"] == 0
    return any("django_migrations" in query["sql"] for query in queries)


def test_complete_migrations_are_not_read_again(anonymous):
    anonymous.get("/readyz")
    assert not asks_for_migrations(anonymous)


@pytest.mark.django_db
def test_missing_migrations_are_counted_anew_until_none_is_missing():
    migrations = Migrations()
    applied = MigrationRecorder.Migration.objects.filter(app="fieldservice")
    rows = list(applied)
    applied.delete()
    assert migrations.pending() == migrations.pending() == len(rows)
    MigrationRecorder.Migration.objects.bulk_create(rows)
    assert migrations.pending() == 0
