"""What follows an event: the asynchronous life of the house on one page. Event → dotted paths of jobs."""

REACTIONS: dict[str, tuple[str, ...]] = {
    "batch.released": (),
    "batch.held": (),
    "batch.recalled": (),
    "batch.destroyed": (),
    "scan.unknown": (),
    "reading.out_of_spec": ("fieldservice.case.jobs.open_quality_case",),
    # A case was opened on the batch, or gained evidence.
    "batch.suspected": ("fieldservice.quality.jobs.raise_signals",),
}
