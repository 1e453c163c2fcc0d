"""Which business rows enter the log of trace events, and who drafts their events: source → dotted path of a builder.

A source is the name its database trigger writes into the table of what is due. A builder gets ids and yields
(id, Draft); a row it leaves out has no event to tell.
"""

EVENT_SOURCES: dict[str, str] = {
    "batch": "traceability.epcis.batch_events.made",
    "batch_decision": "traceability.epcis.batch_events.decided",
    "certificate": "traceability.epcis.batch_events.certified",
    "transformation": "traceability.epcis.genealogy_events.run",
    "link": "traceability.epcis.genealogy_events.linked",
    "unit": "traceability.epcis.dispatch_events.packed",
    "containment": "traceability.epcis.dispatch_events.loaded",
    "unloading": "traceability.epcis.dispatch_events.unloaded",
    "shipment": "traceability.epcis.dispatch_events.shipped",
    "receipt": "traceability.epcis.dispatch_events.received",
    "scan": "traceability.epcis.scan_events.scanned",
    "goods_report": "traceability.epcis.recall_events.reported",
    "disposal": "traceability.epcis.recall_events.disposed",
    "reading": "fieldservice.reading.trace_event.measured",
}
