"""The first dated rows of the cost and signal policies. Later rows are added, these are not edited."""

from datetime import date
from decimal import Decimal

from django.db import migrations

FIRST_DAY = date(2000, 1, 1)
RULE = "Product rule H1: second out-of-spec reading or third complaint on a batch in 30 days"
COUNTS = {"repeated_readings": 2, "repeated_complaints": 3}


def add_rows(apps, schema_editor):
    alias = schema_editor.connection.alias
    apps.get_model("fieldservice", "CostPolicy").objects.using(alias).create(
        valid_from=FIRST_DAY,
        receipt_required_above_cny=Decimal("100.00"),
        source="House default: bus fares and parking; to be confirmed by finance",
    )
    policies = apps.get_model("fieldservice", "SignalPolicy").objects.using(alias)
    for rule, count in COUNTS.items():
        policies.create(rule=rule, count=count, window_days=30, valid_from=FIRST_DAY, source=RULE)


def remove_rows(apps, schema_editor):
    for name in ("CostPolicy", "SignalPolicy"):
        rows = apps.get_model("fieldservice", name).objects.using(schema_editor.connection.alias)
        rows.filter(valid_from=FIRST_DAY).delete()


class Migration(migrations.Migration):
    dependencies = [("fieldservice", "0005_cost_receipt_key_and_versions")]
    operations = [migrations.RunPython(add_rows, remove_rows)]
