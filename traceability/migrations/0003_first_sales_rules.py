"""The first dated rows of who may be supplied with edible salt. Later rows are added, these are not edited."""

from datetime import date

from django.db import migrations

FIRST_DAY = date(2018, 1, 1)  # the first new year under the measures as revised in 2017
LAW = "食盐专营办法 (2017) art. 12-16: designated producer → designated wholesaler → retailer"
NOT_READ = f"{LAW}; what it says of this kind of customer was not read: to be confirmed by the office"
ROWS = [
    ("designated_wholesaler", {"is_allowed": True, "needs_licence": True, "source": LAW, "confirmed": True}),
    ("retailer", {"is_allowed": False, "source": LAW, "confirmed": True}),
    ("food_maker", {"is_allowed": False, "source": NOT_READ, "confirmed": False}),
    ("industrial", {"is_allowed": False, "source": NOT_READ, "confirmed": False}),
    ("other", {"is_allowed": False, "source": NOT_READ, "confirmed": False}),
]


def add_rows(apps, schema_editor):
    rows = apps.get_model("traceability", "SalesRule").objects.using(schema_editor.connection.alias)
    for kind, fields in ROWS:
        rows.create(
            family="edible",
            customer_kind=kind,
            is_allowed=fields["is_allowed"],
            needs_licence=fields.get("needs_licence", False),
            valid_from=FIRST_DAY,
            source=fields["source"],
            needs_confirmation=not fields["confirmed"],
        )


def remove_rows(apps, schema_editor):
    rows = apps.get_model("traceability", "SalesRule").objects.using(schema_editor.connection.alias)
    rows.filter(valid_from=FIRST_DAY).delete()


class Migration(migrations.Migration):
    dependencies = [("traceability", "0002_logistic_units")]
    operations = [migrations.RunPython(add_rows, remove_rows)]
