"""The roles matrix, written down a second time and by hand: who may read (R), create (C), change (U), approve (A).

`backend/accounts/rules.py` says by right which roles hold it; here it stands by resource, as the product's matrix does.
Both must say the same. Letters beyond the matrix: P plan, W work on one's own, V validity of a reading, S stop (hold).
Which rows of a resource a role sees is no matter of rights: `scoped.py` and the tests of each concept.
"""

import pytest

from backend.accounts.rules import TABLE, Can, Role

MATRIX = """
resource           | technician | clerk | director | qc    | finance | production | logistics | auditor | admin | dealer
resolve a code     | R          | R     | R        | R     | -       | R          | R         | R       | -     | R
scan log           | R          | R     | R        | R     | -       | -          | -         | R       | -     | -
unknown codes      | -          | -     | -        | R U   | -       | -          | -         | R       | -     | -
labels             | -          | -     | -        | C     | -       | C          | C         | -       | -     | -
unit numbers       | -          | -     | -        | R C   | -       | R C        | -         | R       | -     | -
products           | R          | R     | R        | R C U | R       | R          | R         | R       | -     | -
limits             | R          | R     | R        | R A   | -       | R          | -         | R       | -     | -
customers          | R          | R C U | R C U    | R     | R       | -          | R         | R       | -     | R
batches            | R          | R     | R        | R C U | -       | R          | R         | R       | -     | -
batch test data    | -          | -     | R        | R C   | -       | R          | -         | R       | -     | -
release and hold   | -          | -     | -        | A S   | -       | -          | -         | -       | -     | -
hold/recall        | R          | R     | R C      | R C A | R       | R          | R         | R       | -     | -
shipments          | -          | R     | R        | R     | -       | -          | R C U     | R       | -     | -
receivers          | -          | R     | R        | R     | -       | -          | R         | R       | -     | -
trace              | -          | R     | R        | R     | -       | R          | R         | R       | -     | -
trace events       | -          | -     | R        | R C   | -       | R          | -         | R       | -     | -
imports            | -          | C     | C        | C     | -       | -          | C         | -       | -     | -
stock and balance  | -          | -     | R        | R C   | -       | R          | R C       | R       | -     | -
findings           | -          | -     | R        | R A   | -       | R          | -         | R       | -     | -
recalls            | R          | R     | R C      | R C A | R       | R          | R         | R       | -     | -
recall consignees  | R          | R C   | R        | R C   | R       | -          | R C       | R       | -     | -
recalled goods     | C          | -     | -        | V A   | -       | -          | C         | -       | -     | -
recall dossier     | -          | -     | R        | R     | -       | -          | -         | R       | -     | -
instruments        | R          | R     | R        | R C U | -       | -          | -         | R       | -     | -
visits             | R W        | R P   | R P      | R     | R       | -          | -         | R       | -     | R
recall tasks       | R          | R     | R        | R     | -       | -          | -         | R       | -     | -
readings           | R C U      | R     | R        | R U V | -       | R          | -         | R       | -     | R
cost lines         | R C U      | R     | R        | -     | R       | -          | R C U     | R       | -     | -
cases              | R          | R C U | R U A    | R A   | R       | R          | -         | R       | -     | R C
signals            | -          | -     | R        | R     | -       | -          | -         | R       | -     | -
photos             | C          | C     | -        | C     | -       | -          | C         | -       | -     | -
audit trail        | R          | -     | R        | -     | -       | -          | -         | R       | -     | -
work calendar      | R          | R     | R        | R     | R       | R          | R         | R       | R U   | -
colleagues         | -          | R     | R        | R     | -       | -          | -         | R       | R     | -
accounts           | -          | -     | -        | -     | -       | -          | -         | R       | R C U | -
others' devices    | -          | -     | U        | -     | -       | -          | -         | -       | U     | -
"""

# What a letter of a resource allows.
RIGHTS: dict[tuple[str, str], set[Can]] = {
    ("resolve a code", "R"): {Can.RESOLVE_CODE},
    ("scan log", "R"): {Can.READ_SCANS},
    ("unknown codes", "R"): {Can.READ_UNKNOWN_CODES},
    ("unknown codes", "U"): {Can.SETTLE_UNKNOWN_CODE},
    ("labels", "C"): {Can.PRINT_LABEL},
    ("unit numbers", "R"): {Can.READ_SERIALS},
    ("unit numbers", "C"): {Can.MANAGE_SERIALS},
    ("trace events", "R"): {Can.READ_EVENTS},
    ("trace events", "C"): {Can.CAPTURE_EVENTS},
    ("products", "R"): {Can.READ_PRODUCTS},
    ("products", "C"): {Can.MANAGE_PRODUCTS},
    ("products", "U"): {Can.MANAGE_PRODUCTS},
    ("limits", "R"): {Can.READ_LIMITS},
    ("limits", "A"): {Can.CONFIRM_LIMIT},
    ("customers", "R"): {Can.READ_CUSTOMERS},
    ("customers", "C"): {Can.EDIT_CUSTOMERS},
    ("customers", "U"): {Can.EDIT_CUSTOMERS},
    ("batches", "R"): {Can.READ_BATCHES},
    ("batches", "C"): {Can.RECORD_BATCH},
    ("batches", "U"): {Can.RECORD_BATCH},
    ("batch test data", "R"): {Can.READ_BATCH_TESTS},
    ("batch test data", "C"): {Can.RECORD_CERTIFICATE},
    ("release and hold", "A"): {Can.RELEASE_BATCH},
    ("release and hold", "S"): {Can.HOLD_BATCH},
    ("hold/recall", "R"): {Can.READ_PROPOSALS},
    ("hold/recall", "C"): {Can.PROPOSE_HOLD},
    ("hold/recall", "A"): {Can.DECIDE_PROPOSAL},
    ("shipments", "R"): {Can.READ_SHIPMENTS},
    ("shipments", "C"): {Can.RECORD_SHIPMENT},
    ("shipments", "U"): {Can.RECORD_SHIPMENT},
    ("receivers", "R"): {Can.READ_RECEIVERS},
    ("trace", "R"): {Can.READ_TRACE},
    ("imports", "C"): {Can.IMPORT_FILES},
    ("stock and balance", "R"): {Can.READ_BALANCE},
    ("stock and balance", "C"): {Can.COUNT_STOCK},
    ("findings", "R"): {Can.READ_FINDINGS},
    ("findings", "A"): {Can.SETTLE_FINDING},
    ("recalls", "R"): {Can.READ_RECALLS},
    ("recalls", "C"): {Can.PROPOSE_RECALL},
    ("recalls", "A"): {Can.DECIDE_RECALL},
    ("recall consignees", "R"): {Can.READ_CONSIGNEES},
    ("recall consignees", "C"): {Can.CONTACT_CONSIGNEE},
    ("recalled goods", "C"): {Can.CONFIRM_RECALL_GOODS},
    ("recalled goods", "V"): {Can.TEST_RECALLED_GOODS},
    ("recalled goods", "A"): {Can.DECIDE_DISPOSITION},
    ("recall dossier", "R"): {Can.READ_RECALL_DOSSIER},
    ("instruments", "R"): {Can.READ_INSTRUMENTS},
    ("instruments", "C"): {Can.MANAGE_INSTRUMENTS},
    ("instruments", "U"): {Can.MANAGE_INSTRUMENTS},
    ("visits", "R"): {Can.READ_VISITS},
    ("visits", "P"): {Can.PLAN_VISIT},
    ("visits", "W"): {Can.WORK_VISIT},
    ("recall tasks", "R"): {Can.READ_RECALL_TASKS},
    ("readings", "R"): {Can.READ_READINGS},
    ("readings", "C"): {Can.RECORD_READING},
    ("readings", "U"): {Can.CORRECT_READING},
    ("readings", "V"): {Can.WAIVE_READING},
    ("cost lines", "R"): {Can.READ_COSTS},
    ("cost lines", "C"): {Can.RECORD_COST},
    ("cost lines", "U"): {Can.RECORD_COST},
    ("cases", "R"): {Can.READ_CASES},
    ("cases", "C"): {Can.OPEN_CASE},
    ("cases", "U"): {Can.EDIT_CASE},
    ("cases", "A"): {Can.CLOSE_CASE},
    ("signals", "R"): {Can.READ_SIGNALS},
    ("photos", "C"): {Can.UPLOAD_PHOTO},
    ("audit trail", "R"): {Can.READ_HISTORY},
    ("work calendar", "R"): {Can.READ_CALENDAR},
    ("work calendar", "U"): {Can.MANAGE_CALENDAR},
    ("colleagues", "R"): {Can.READ_STAFF},
    ("accounts", "R"): {Can.READ_USERS},
    ("accounts", "C"): {Can.MANAGE_USERS},
    ("accounts", "U"): {Can.MANAGE_USERS},
    ("others' devices", "U"): {Can.REVOKE_DEVICE},
}


def cells() -> dict[tuple[str, Role], set[str]]:
    """(resource, role) → letters."""
    head, *lines = [[part.strip() for part in line.split("|")] for line in MATRIX.strip().splitlines()]
    roles = [Role(name) for name in head[1:]]
    return {
        (resource, role): set(letters.split()) - {"-"}
        for resource, *parts in lines
        for role, letters in zip(roles, parts, strict=True)
    }


CELLS = cells()


def test_matrix_has_every_role():
    assert {role for _resource, role in CELLS} == set(Role)


def test_every_right_stands_in_the_matrix():
    assert {can for cans in RIGHTS.values() for can in cans} == set(Can)


def test_every_letter_of_the_matrix_means_a_right():
    assert {(resource, letter) for (resource, _), letters in CELLS.items() for letter in letters} == set(
        RIGHTS
    )


@pytest.mark.parametrize("role", list(Role))
def test_role_holds_exactly_its_column(role: Role):
    column = {
        can
        for (resource, of), letters in CELLS.items()
        if of is role
        for letter in letters
        for can in RIGHTS[resource, letter]
    }
    assert column == {can for can in Can if role in TABLE[can]}


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.FINANCE])
def test_who_only_looks_on_changes_nothing(role: Role):
    assert {letter for (_, of), letters in CELLS.items() if of is role for letter in letters} == {"R"}


def test_admin_sees_no_business_data():
    seen = {resource for (resource, of), letters in CELLS.items() if of is Role.ADMIN and letters}
    assert seen == {"work calendar", "colleagues", "accounts", "others' devices"}


def test_nobody_tests_and_ships():
    """Quality and dispatch are two people: the one who releases does not send."""
    assert not TABLE[Can.RELEASE_BATCH] & TABLE[Can.RECORD_SHIPMENT]
