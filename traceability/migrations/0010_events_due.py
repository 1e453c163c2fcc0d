"""Every business row tells the log of trace events of itself: triggers for what is written from now on, rows for what stands.

In the database, so that API, jobs, bulk writes and SQL are all covered. The tables below the log know nothing of it.
"""

from django.db import migrations

# Source → table and which rows of it. `rows`: what one statement inserted.
INSERTED = {
    "batch": ("traceability_batch", "NOT is_history"),
    "batch_decision": ("traceability_batchdecision", ""),
    "certificate": ("traceability_releasecertificate", ""),
    "transformation": ("traceability_transformation", ""),
    "link": ("traceability_madefrom", "NOT is_history AND transformation_id IS NULL"),
    "unit": ("traceability_logisticunit", ""),
    "containment": ("traceability_containment", ""),
    "shipment": ("traceability_shipment", ""),
    "receipt": ("traceability_shipmentreceipt", ""),
    "scan": ("traceability_scan", ""),
    "goods_report": ("traceability_goodsreport", ""),
    "disposal": ("traceability_disposition", "state = 'done'"),
}
# What makes the event of a row that stands wrong, or adds one: table, source, row, change.
CHANGED = [
    (
        "traceability_batch",
        "'batch'",
        "NEW.id",
        "NOT NEW.is_history AND (OLD.code, OLD.trade_item_id, OLD.qty_kg, OLD.produced_on, OLD.expires_on, OLD.plant,"
        " OLD.supplier_lot) IS DISTINCT FROM (NEW.code, NEW.trade_item_id, NEW.qty_kg, NEW.produced_on,"
        " NEW.expires_on, NEW.plant, NEW.supplier_lot)",
    ),
    (
        "traceability_madefrom",
        "CASE WHEN NEW.transformation_id IS NULL THEN 'link' ELSE 'transformation' END",
        "COALESCE(NEW.transformation_id, NEW.id)",
        "NOT NEW.is_history AND OLD.is_live <> NEW.is_live",
    ),
    ("traceability_logisticunit", "'unit'", "NEW.id", "OLD.cancelled_at IS DISTINCT FROM NEW.cancelled_at"),
    ("traceability_containment", "'unloading'", "NEW.id", "OLD.valid_to IS NULL AND NEW.valid_to IS NOT NULL"),
    ("traceability_shipment", "'shipment'", "NEW.id", "OLD.cancelled_at IS DISTINCT FROM NEW.cancelled_at"),
    ("traceability_disposition", "'disposal'", "NEW.id", "OLD.state IS DISTINCT FROM NEW.state AND NEW.state = 'done'"),
]


def inserted(source, table, condition):
    where = f" WHERE {condition}" if condition else ""
    function = f"event_due_{source}"
    return migrations.RunSQL(
        f"""
        CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO traceability_eventdue (source, row_id) SELECT '{source}', id FROM inserted_rows{where};
            RETURN NULL;
        END $$;
        CREATE TRIGGER {function} AFTER INSERT ON {table}
            REFERENCING NEW TABLE AS inserted_rows FOR EACH STATEMENT EXECUTE FUNCTION {function}();
        INSERT INTO traceability_eventdue (source, row_id) SELECT '{source}', id FROM {table}{where} ORDER BY id;
        """,
        f"DROP TRIGGER {function} ON {table}; DROP FUNCTION {function}();",
    )


def changed(table, source, row, condition):
    function = f"event_due_again_{table.removeprefix('traceability_')}"
    return migrations.RunSQL(
        f"""
        CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO traceability_eventdue (source, row_id) VALUES ({source}, {row});
            RETURN NULL;
        END $$;
        CREATE TRIGGER {function} AFTER UPDATE ON {table}
            FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION {function}();
        """,
        f"DROP TRIGGER {function} ON {table}; DROP FUNCTION {function}();",
    )


def superseded(table, source):
    """A row that corrects another: the event of the other is looked at again."""
    function = f"event_due_superseded_{source}"
    return migrations.RunSQL(
        f"""
        CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO traceability_eventdue (source, row_id)
                SELECT '{source}', supersedes_id FROM inserted_rows WHERE supersedes_id IS NOT NULL;
            RETURN NULL;
        END $$;
        CREATE TRIGGER {function} AFTER INSERT ON {table}
            REFERENCING NEW TABLE AS inserted_rows FOR EACH STATEMENT EXECUTE FUNCTION {function}();
        """,
        f"DROP TRIGGER {function} ON {table}; DROP FUNCTION {function}();",
    )


class Migration(migrations.Migration):
    dependencies = [("traceability", "0009_unit_codes")]

    operations = [
        *(inserted(source, table, condition) for source, (table, condition) in INSERTED.items()),
        *(changed(*each) for each in CHANGED),
        # A containment that ended before there were triggers: its end is told as well.
        migrations.RunSQL(
            "INSERT INTO traceability_eventdue (source, row_id)"
            " SELECT 'unloading', id FROM traceability_containment WHERE valid_to IS NOT NULL ORDER BY id",
            migrations.RunSQL.noop,
        ),
        superseded("traceability_goodsreport", "goods_report"),
    ]
