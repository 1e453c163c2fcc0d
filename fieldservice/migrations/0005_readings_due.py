"""Readings tell the log of trace events of themselves, and of the readings they correct (traceability/0010_events_due)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("fieldservice", "0004_recall_tasks_and_scan_signals"),
        ("traceability", "0010_events_due"),
    ]

    operations = [
        migrations.RunSQL(
            """
            CREATE FUNCTION event_due_reading() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO traceability_eventdue (source, row_id)
                    SELECT 'reading', id FROM inserted_rows
                    UNION ALL
                    SELECT 'reading', supersedes_id FROM inserted_rows WHERE supersedes_id IS NOT NULL;
                RETURN NULL;
            END $$;
            CREATE TRIGGER event_due_reading AFTER INSERT ON fieldservice_reading
                REFERENCING NEW TABLE AS inserted_rows FOR EACH STATEMENT EXECUTE FUNCTION event_due_reading();
            INSERT INTO traceability_eventdue (source, row_id) SELECT 'reading', id FROM fieldservice_reading ORDER BY id;
            """,
            "DROP TRIGGER event_due_reading ON fieldservice_reading; DROP FUNCTION event_due_reading();",
        ),
    ]
