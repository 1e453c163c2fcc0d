"""What follows an event: the asynchronous life of the house on one page. Event → dotted paths of jobs."""

REACTIONS: dict[str, tuple[str, ...]] = {}
