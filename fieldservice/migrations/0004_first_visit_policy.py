"""The first dated row: from which distance a check-in is flagged. Later rows are added, this one is not edited."""

from datetime import date

from django.db import migrations

FIRST_DAY = date(2000, 1, 1)


def add_row(apps, schema_editor):
    policies = apps.get_model("fieldservice", "VisitPolicy").objects.using(schema_editor.connection.alias)
    policies.create(
        valid_from=FIRST_DAY,
        far_m=500,
        source="House default: a works yard plus the accuracy of a phone; to be confirmed by the office",
    )


def remove_row(apps, schema_editor):
    policies = apps.get_model("fieldservice", "VisitPolicy").objects.using(schema_editor.connection.alias)
    policies.filter(valid_from=FIRST_DAY).delete()


class Migration(migrations.Migration):
    dependencies = [("fieldservice", "0003_visit_policy_and_batches")]
    operations = [migrations.RunPython(add_row, remove_row)]
