"""The consignees' lines: made when the scope is frozen, and brought up to date when late papers come in."""

from collections.abc import Iterable
from decimal import Decimal

from traceability.recall.models import Recall, RecallNotice
from traceability.recall.queries import scope_ids
from traceability.recall.rules import RUNNING, NoticeState
from traceability.recall.scope import ConsigneeKey, Sent, sent_of

CHUNK = 500  # the history of each row costs a millisecond, and no statement may take longer than five seconds


def update_notices(recall: Recall) -> int:
    """Adds consignees that became known since and corrects the kg shipped. How many lines changed."""
    known = {
        (row.customer_id, row.site_id, row.consignee_name): row
        for row in RecallNotice.objects.select_for_update().filter(recall=recall).order_by("pk")
    }
    lines = lines_of(sent_of(scope_ids(recall)))
    new = [_new(recall, sent) for key, sent in lines.items() if key not in known]
    RecallNotice.objects.bulk_create(new, batch_size=CHUNK)
    changed = [row for key, row in known.items() if _corrected(row, lines.get(key, []))]
    RecallNotice.objects.bulk_update(changed, ["shipped_kg", "shipment_count"], batch_size=CHUNK)
    return len(new) + len(changed)


def lines_of(sent: Iterable[Sent]) -> dict[ConsigneeKey, list[Sent]]:
    found: dict[ConsigneeKey, list[Sent]] = {}
    for line in sent:
        found.setdefault(line.key, []).append(line)
    return found


def _new(recall: Recall, sent: list[Sent]) -> RecallNotice:
    customer_id, site_id, name = sent[0].key
    row = RecallNotice(
        recall=recall,
        customer_id=customer_id,
        site_id=site_id,
        consignee_name=name,
        region_id=sent[0].region_id,
        state=NoticeState.UNCONTACTED if recall.state in RUNNING else NoticeState.WAITING,
    )
    _corrected(row, sent)
    return row


def _corrected(row: RecallNotice, sent: list[Sent]) -> bool:
    """Sets kg and number of shipments; whether that changed anything."""
    kg = sum((line.kg for line in sent), Decimal())
    count = len({number for line in sent for number in line.numbers})
    is_changed = (row.shipped_kg, row.shipment_count) != (kg, count)
    row.shipped_kg, row.shipment_count = kg, count
    return is_changed
