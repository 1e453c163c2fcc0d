"""Files that are no tables, or damaged ones: refused with a word, never an error of the program."""

import random
import struct

import pytest

from tests.traceability.imports.sheets import xlsx_file
from traceability.imports.rules import TableRefused
from traceability.imports.table import read_table

ROWS = [{"sku": f"YS-{n}", "name_zh": "精制食用盐", "qty": n * 1.5} for n in range(200)]
OF_MEMBER = 10  # bytes from a central entry's start to its compression method
ENTRY = b"PK\x01\x02"


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Some bytes are others, some are lost, or the end is cut off; it still begins as a workbook does."""
    out = bytearray(data)
    for _time in range(chance.choice([1, 3, 30])):
        out[chance.randrange(4, len(out))] = chance.randrange(256)
    if chance.random() < 0.3:
        start = chance.randrange(4, len(out))
        del out[start : start + chance.randrange(1, 50)]
    return bytes(out)


def test_damaged_workbook_is_refused_or_read_and_nothing_else():
    whole, chance, refused = xlsx_file(ROWS), random.Random(20261122), 0
    for _time in range(250):
        try:
            read_table(damaged(whole, chance))
        except TableRefused:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize("method", [1, 6, 12, 14, 99])
def test_workbook_packed_in_a_way_we_do_not_unfold_is_refused(method: int):
    data = bytearray(xlsx_file(ROWS))
    at = data.find(ENTRY)
    while at >= 0:
        data[at + OF_MEMBER : at + OF_MEMBER + 2] = struct.pack("<H", method)
        at = data.find(ENTRY, at + 4)
    with pytest.raises(TableRefused):
        read_table(bytes(data))


def test_encrypted_member_of_a_workbook_is_refused():
    data = bytearray(xlsx_file(ROWS))
    at = data.find(ENTRY)
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(ENTRY, at + 4)
    with pytest.raises(TableRefused):
        read_table(bytes(data))
