"""The first dated rows of the visit, cost and signal policies. Later rows are added, these are not edited."""

from datetime import date
from decimal import Decimal

from django.db import migrations

FIRST_DAY = date(2000, 1, 1)
H1 = "Product rule H1: second out-of-spec reading or third complaint on a batch in 30 days"
ROWS = [
    (
        "VisitPolicy",
        {
            "far_m": 500,
            "source": "House default: a works yard plus the accuracy of a phone; to be confirmed by the office",
        },
    ),
    (
        "CostPolicy",
        {
            "receipt_required_above_cny": Decimal("100.00"),
            "source": "House default: bus fares and parking; to be confirmed by finance",
        },
    ),
    ("SignalPolicy", {"rule": "repeated_readings", "count": 2, "window_days": 30, "source": H1}),
    ("SignalPolicy", {"rule": "repeated_complaints", "count": 3, "window_days": 30, "source": H1}),
]


def add_rows(apps, schema_editor):
    for name, fields in ROWS:
        rows = apps.get_model("fieldservice", name).objects.using(schema_editor.connection.alias)
        rows.create(valid_from=FIRST_DAY, **fields)


def remove_rows(apps, schema_editor):
    for name, _fields in ROWS:
        rows = apps.get_model("fieldservice", name).objects.using(schema_editor.connection.alias)
        rows.filter(valid_from=FIRST_DAY).delete()


class Migration(migrations.Migration):
    dependencies = [("fieldservice", "0001_initial")]
    operations = [migrations.RunPython(add_rows, remove_rows)]
