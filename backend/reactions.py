"""What follows an event: the asynchronous life of the house on one page. Event → dotted paths of jobs."""

REACTIONS: dict[str, tuple[str, ...]] = {
    "batch.released": (),
    "batch.held": (),
    "batch.recalled": (),
    "batch.destroyed": (),
    "link.reversed": (),
    "stock.counted": ("traceability.balance.jobs.refresh_balance",),
    "import.requested": ("traceability.imports.jobs.run_import",),
    "goods.imported": ("traceability.imports.jobs.look_over",),
    "scan.unknown": (),
    # A unit code was seen too far away; goods were seen at a customer.
    "scan.suspicious": ("fieldservice.quality.jobs.signal_far_places",),
    "scan.at_dealer": ("fieldservice.quality.jobs.signal_diversion",),
    "visit.scanned": ("fieldservice.quality.jobs.signal_diversion",),
    # Goods that are recalled by now left before, and were entered late.
    "shipment.under_recall": ("traceability.recall.jobs.take_in_late_shipment",),  # shipment_id
    "recall.approved": (),
    # Drills too: their tasks are marked. Consignees that become known later get theirs.
    "recall.announced": ("fieldservice.visit.jobs.open_recall_tasks",),
    "recall.goods_reported": ("fieldservice.visit.jobs.finish_recall_task",),  # notice_id
    "recall.closed": ("fieldservice.visit.jobs.close_recall_tasks",),
    "reading.out_of_spec": ("fieldservice.case.jobs.open_quality_case",),
    # A case was opened on the batch, or gained evidence.
    "batch.suspected": ("fieldservice.quality.jobs.raise_signals",),
}
