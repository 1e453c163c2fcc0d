"""Roles and what each may do: the role × can table. Which rows of it, the queries of each concept say."""

from enum import StrEnum
from typing import Any


class Role(StrEnum):
    TECHNICIAN = "technician"
    CLERK = "clerk"
    DIRECTOR = "director"
    QC = "qc"
    FINANCE = "finance"
    PRODUCTION = "production"
    LOGISTICS = "logistics"
    AUDITOR = "auditor"
    ADMIN = "admin"
    DEALER = "dealer"


class Can(StrEnum):
    """One right each; an operation of the API names exactly one."""

    RESOLVE_CODE = "resolve_code"
    READ_SCANS = "read_scans"
    READ_UNKNOWN_CODES = "read_unknown_codes"
    SETTLE_UNKNOWN_CODE = "settle_unknown_code"
    PRINT_LABEL = "print_label"
    READ_SERIALS = "read_serials"
    MANAGE_SERIALS = "manage_serials"

    READ_PRODUCTS = "read_products"
    MANAGE_PRODUCTS = "manage_products"
    READ_LIMITS = "read_limits"
    CONFIRM_LIMIT = "confirm_limit"

    READ_CUSTOMERS = "read_customers"
    EDIT_CUSTOMERS = "edit_customers"

    READ_BATCHES = "read_batches"
    RECORD_BATCH = "record_batch"
    READ_BATCH_TESTS = "read_batch_tests"
    RECORD_CERTIFICATE = "record_certificate"
    RELEASE_BATCH = "release_batch"
    HOLD_BATCH = "hold_batch"
    READ_PROPOSALS = "read_proposals"
    PROPOSE_HOLD = "propose_hold"
    DECIDE_PROPOSAL = "decide_proposal"

    READ_SHIPMENTS = "read_shipments"
    RECORD_SHIPMENT = "record_shipment"
    READ_RECEIVERS = "read_receivers"
    READ_TRACE = "read_trace"

    IMPORT_FILES = "import_files"
    READ_BALANCE = "read_balance"
    COUNT_STOCK = "count_stock"
    READ_FINDINGS = "read_findings"
    SETTLE_FINDING = "settle_finding"

    READ_RECALLS = "read_recalls"
    READ_CONSIGNEES = "read_consignees"
    PROPOSE_RECALL = "propose_recall"
    DECIDE_RECALL = "decide_recall"
    CONTACT_CONSIGNEE = "contact_consignee"
    CONFIRM_RECALL_GOODS = "confirm_recall_goods"
    TEST_RECALLED_GOODS = "test_recalled_goods"
    DECIDE_DISPOSITION = "decide_disposition"
    READ_RECALL_DOSSIER = "read_recall_dossier"

    READ_INSTRUMENTS = "read_instruments"
    MANAGE_INSTRUMENTS = "manage_instruments"

    READ_VISITS = "read_visits"
    PLAN_VISIT = "plan_visit"
    WORK_VISIT = "work_visit"
    READ_RECALL_TASKS = "read_recall_tasks"

    READ_READINGS = "read_readings"
    RECORD_READING = "record_reading"
    CORRECT_READING = "correct_reading"
    WAIVE_READING = "waive_reading"

    READ_COSTS = "read_costs"
    RECORD_COST = "record_cost"

    READ_CASES = "read_cases"
    OPEN_CASE = "open_case"
    EDIT_CASE = "edit_case"
    CLOSE_CASE = "close_case"
    READ_SIGNALS = "read_signals"

    READ_EVENTS = "read_events"
    CAPTURE_EVENTS = "capture_events"

    UPLOAD_PHOTO = "upload_photo"
    READ_HISTORY = "read_history"

    READ_CALENDAR = "read_calendar"
    MANAGE_CALENDAR = "manage_calendar"
    READ_STAFF = "read_staff"
    READ_USERS = "read_users"
    MANAGE_USERS = "manage_users"
    REVOKE_DEVICE = "revoke_device"


T, C, D, Q, F = Role.TECHNICIAN, Role.CLERK, Role.DIRECTOR, Role.QC, Role.FINANCE
P, L, A, X, E = Role.PRODUCTION, Role.LOGISTICS, Role.AUDITOR, Role.ADMIN, Role.DEALER

# Source: the roles matrix of the product's reliability page (R read, C create, U update, A approve).
TABLE: dict[Can, frozenset[Role]] = {
    Can.RESOLVE_CODE: frozenset({T, C, D, Q, P, L, A, E}),
    Can.READ_SCANS: frozenset({T, C, D, Q, A}),
    Can.READ_UNKNOWN_CODES: frozenset({Q, A}),
    Can.SETTLE_UNKNOWN_CODE: frozenset({Q}),
    Can.PRINT_LABEL: frozenset({Q, P, L}),
    Can.READ_SERIALS: frozenset({Q, P, A}),
    Can.MANAGE_SERIALS: frozenset({Q, P}),  # whoever holds a list of valid codes can print bags
    Can.READ_PRODUCTS: frozenset({T, C, D, Q, F, P, L, A}),
    Can.MANAGE_PRODUCTS: frozenset({Q}),
    Can.READ_LIMITS: frozenset({T, C, D, Q, P, A}),
    Can.CONFIRM_LIMIT: frozenset({Q}),
    Can.READ_CUSTOMERS: frozenset({T, C, D, Q, F, L, A, E}),
    Can.EDIT_CUSTOMERS: frozenset({C, D}),
    Can.READ_BATCHES: frozenset({T, C, D, Q, P, L, A}),
    Can.RECORD_BATCH: frozenset({Q}),
    Can.READ_BATCH_TESTS: frozenset({D, Q, P, A}),
    Can.RECORD_CERTIFICATE: frozenset({Q}),
    Can.RELEASE_BATCH: frozenset({Q}),
    Can.HOLD_BATCH: frozenset({Q}),
    Can.READ_PROPOSALS: frozenset({T, C, D, Q, F, P, L, A}),
    Can.PROPOSE_HOLD: frozenset({D, Q}),
    Can.DECIDE_PROPOSAL: frozenset({Q}),
    Can.READ_SHIPMENTS: frozenset({C, D, Q, L, A}),
    Can.RECORD_SHIPMENT: frozenset({L}),
    Can.READ_RECEIVERS: frozenset({C, D, Q, L, A}),
    Can.READ_TRACE: frozenset({C, D, Q, P, L, A}),
    Can.IMPORT_FILES: frozenset({C, D, Q, L}),  # and per kind the right of its rows
    Can.READ_BALANCE: frozenset({D, Q, P, L, A}),
    Can.COUNT_STOCK: frozenset({Q, L}),
    Can.READ_FINDINGS: frozenset({D, Q, P, A}),
    Can.SETTLE_FINDING: frozenset({Q}),
    Can.READ_RECALLS: frozenset({T, C, D, Q, F, P, L, A}),
    Can.READ_CONSIGNEES: frozenset({T, C, D, Q, F, L, A}),
    Can.PROPOSE_RECALL: frozenset({D, Q}),
    Can.DECIDE_RECALL: frozenset({Q}),
    Can.CONTACT_CONSIGNEE: frozenset({C, Q, L}),
    Can.CONFIRM_RECALL_GOODS: frozenset({T, L}),
    Can.TEST_RECALLED_GOODS: frozenset({Q}),
    Can.DECIDE_DISPOSITION: frozenset({Q}),
    Can.READ_RECALL_DOSSIER: frozenset({D, Q, A}),
    Can.READ_INSTRUMENTS: frozenset({T, C, D, Q, A}),
    Can.MANAGE_INSTRUMENTS: frozenset({Q}),
    Can.READ_VISITS: frozenset({T, C, D, Q, F, A, E}),
    Can.PLAN_VISIT: frozenset({C, D}),
    Can.WORK_VISIT: frozenset({T}),
    Can.READ_RECALL_TASKS: frozenset({T, C, D, Q, A}),
    Can.READ_READINGS: frozenset({T, C, D, Q, P, A, E}),
    Can.RECORD_READING: frozenset({T}),
    Can.CORRECT_READING: frozenset({T, Q}),
    Can.WAIVE_READING: frozenset({Q}),
    Can.READ_COSTS: frozenset({T, C, D, F, L, A}),
    Can.RECORD_COST: frozenset({T, L}),
    Can.READ_CASES: frozenset({T, C, D, Q, F, P, A, E}),
    Can.OPEN_CASE: frozenset({C, E}),
    Can.EDIT_CASE: frozenset({C, D}),
    Can.CLOSE_CASE: frozenset({D, Q}),
    Can.READ_SIGNALS: frozenset({D, Q, A}),
    Can.READ_EVENTS: frozenset({D, Q, P, A}),
    Can.CAPTURE_EVENTS: frozenset({Q}),
    Can.UPLOAD_PHOTO: frozenset({T, C, Q, L}),
    Can.READ_HISTORY: frozenset({T, D, A}),  # not the admin: no business data
    Can.READ_CALENDAR: frozenset({T, C, D, Q, F, P, L, A, X}),
    Can.MANAGE_CALENDAR: frozenset({X}),
    Can.READ_STAFF: frozenset({C, D, Q, A, X}),
    Can.READ_USERS: frozenset({A, X}),
    Can.MANAGE_USERS: frozenset({X}),
    Can.REVOKE_DEVICE: frozenset({D, X}),
}

REGIONAL = frozenset({Role.CLERK})  # sees the rows of the own regions only
MASKED = frozenset({Role.QC, Role.FINANCE, Role.AUDITOR})  # sees customers without name, phone and address

# Columns that say who somebody is and where; masked roles see that they changed, not what they hold.
PERSONAL = frozenset(
    {"contact_name", "contact_phone", "address", "latitude", "longitude", "acknowledged_by_name"}
)


def may(role: str, can: Can) -> bool:
    """Whether `role` holds the right."""
    return role in TABLE[can]


def shown_change(field: str, pair: list[Any], *, role: str) -> list[Any]:
    """[before, after] of a changed field as the role may see it."""
    if role not in MASKED or field not in PERSONAL:
        return pair
    return ["***" if value else value for value in pair]


def mask_phone(phone: str) -> str:
    """138****5678: first three and last four digits; all stars where it is shorter than eight characters."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "*" * len(phone)


def mask_name(name: str) -> str:
    """王**: the family name and stars."""
    return name[:1] + "*" * (len(name) - 1)
