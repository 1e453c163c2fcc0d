"""The announced public holidays and swap days; later years come with `manage.py load_work_calendar`."""

from django.db import migrations

from backend.core import announced_holidays


def add_rows(apps, schema_editor):
    alias = schema_editor.connection.alias
    days = apps.get_model("core", "WorkDay").objects.using(alias)
    years = apps.get_model("core", "WorkYear").objects.using(alias)
    for found in announced_holidays.years():
        days.bulk_create(
            days.model(day=each.day, is_working=each.is_working, note=each.note, source=found.source)
            for each in found.days
        )
        years.create(year=found.year, source=found.source)


def remove_rows(apps, schema_editor):
    """Nothing to take back: the tables go with the migration before."""


class Migration(migrations.Migration):
    dependencies = [("core", "0002_work_calendar")]
    operations = [migrations.RunPython(add_rows, remove_rows)]
