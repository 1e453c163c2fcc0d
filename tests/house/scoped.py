"""To whom the far row of a noun does not exist. Written by hand from the roles matrix, not taken from the code."""

from backend.accounts.rules import Role

T, C, E, L = Role.TECHNICIAN, Role.CLERK, Role.DEALER, Role.LOGISTICS
OVERSEERS = frozenset({Role.DIRECTOR, Role.AUDITOR, Role.ADMIN})

SCOPED: dict[str, frozenset[Role]] = {
    "device": frozenset(Role) - OVERSEERS,
    "user": frozenset({C}),  # colleagues to plan with
    "customer": frozenset({T, C, E}),
    "site": frozenset({T, C, E}),
    "shipment": frozenset({C}),
    "received_shipment": frozenset({C}),
    "recall_task": frozenset({T, C}),
    "recall_notice": frozenset({T, C}),
    "goods_report": frozenset({T, C}),
    "recall_waiver": frozenset({T, C}),
    "visit": frozenset({T, C, E}),
    "begun_visit": frozenset({T, C, E}),
    "left_visit": frozenset({T, C, E}),
    "reading": frozenset({T, C, E}),
    "overdue_reading": frozenset({T, C, E}),
    "cost": frozenset({T, C, L}),
    "case": frozenset({T, C, E}),
    "scan": frozenset({T, C, E}),
    "import": frozenset({C, L}),
}
