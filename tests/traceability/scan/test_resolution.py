"""Which batch a label means: pure, with facts made by hand."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from traceability.batch.rules import BatchStatus
from traceability.label.config import LabelConfig
from traceability.scan.batch_number import with_near
from traceability.scan.facts import AliasFact, BatchFact, Facts, ProductFact
from traceability.scan.question import Question, comparable
from traceability.scan.reading import Raw, first_look, second_look
from traceability.scan.resolve import resolve

TODAY = date(2026, 6, 15)
GTIN, OTHER_GTIN = "06901234567892", "06901234567908"
SALT = ProductFact(UUID(int=1), "SALT", "精制盐", "refined salt")
BRINE = ProductFact(UUID(int=2), "BRINE", "卤水", "brine")
CONFIG = LabelConfig(own_hosts=("t.salt.example.cn",), batch_patterns=(r"[A-Z]{2}\d{8}[A-Z]\d{2}", r"\d{10}"))


def batch(code: str = "YS20240315A01", number: int = 1, **fields) -> BatchFact:
    made = BatchFact(
        id=UUID(int=100 + number),
        code=code,
        code_norm=code.upper(),
        status=BatchStatus.RELEASED,
        produced_on=date(2024, 3, 15),
        expires_on=date(2027, 12, 31),
        plant="P1",
        open_cases=0,
        open_proposals=0,
        product=SALT,
    )
    return replace(made, **fields)


def ask(raw: str, facts: Facts, *, aim: str | None = None, number: str | None = None, **fields) -> Question:
    reading = first_look(Raw(raw, aim, TODAY), config=CONFIG)
    label = second_look(reading, facts, config=CONFIG)
    return Question(
        label=label,
        plain=reading.label,
        on=TODAY,
        spelling=reading.spelling,
        asked=reading.codes,
        number=number,
        **fields,
    )


def facts_of(*batches: BatchFact, gtins: dict[str, ProductFact] | None = None) -> Facts:
    gtins = {GTIN: SALT, OTHER_GTIN: BRINE} if gtins is None else gtins
    facts = Facts(products=dict(gtins))
    for found in batches:
        facts.numbers.setdefault(found.code_norm, []).append(found)
        for gtin, product in gtins.items():
            if found.product.id == product.id:
                facts.batches[gtin, found.code_norm] = found
                facts.recent.setdefault(gtin, []).append(found)
    return facts


LABEL = "]C10106901234567892" + "10YS20240315A01\x1d17271231"


@pytest.mark.parametrize(
    "raw",
    [
        LABEL,
        "(01)06901234567892(10)YS20240315A01(17)271231",
        "https://t.salt.example.cn/01/06901234567892/10/YS20240315A01?17=271231",
        "YS20240315A01",
        "ys20240315a01",
        "]Q1YS20240315A01",
        "批号:YS20240315A01 规格:500g",
    ],
)
def test_every_spelling_of_a_batch_leads_to_it(raw):
    facts = facts_of(batch())
    found = resolve(ask(raw, facts), facts)
    assert (found.outcome, found.batch) == ("ok", batch())


def test_a_batch_named_like_an_element_string_is_itself():
    named, lot = batch("10D9T", 1), batch("D9T", 2)
    assert resolve(ask("10D9T", facts_of(named, lot)), facts_of(named, lot)).batch == named
    assert resolve(ask("10D9T", facts_of(named)), facts_of(named)).batch == named
    unknown = resolve(ask("10D9T", facts_of(lot)), facts_of(lot))
    assert (unknown.outcome, unknown.batch) == ("unknown", None)


def test_a_gs1_code_that_is_also_a_registered_number_is_not_settled_silently():
    named, lot = batch("10D9T", 1), batch("D9T", 2)
    found = resolve(ask("]C110D9T", facts_of(named, lot)), facts_of(named, lot))
    assert (found.outcome, found.batch) == ("ambiguous", None)
    assert {candidate.batch for candidate in found.candidates} == {named, lot}


def test_number_of_two_products_is_ambiguous_newest_and_shipped_here_first():
    old = batch(number=1, produced_on=date(2024, 1, 1), expires_on=None)
    new = batch(number=2, product=BRINE, expires_on=None)
    facts = facts_of(old, new)
    found = resolve(ask("YS20240315A01", facts), facts)
    assert (found.outcome, found.batch, list(found.why)) == ("ambiguous", None, ["several_batches"])
    assert [candidate.batch.id for candidate in found.candidates] == [new.id, old.id]
    assert found.candidates[0].reasons == ("same_number", "newest")
    facts = facts_of(replace(old, shipped_here=True), new)
    found = resolve(ask("YS20240315A01", facts), facts)
    assert [candidate.batch.id for candidate in found.candidates] == [old.id, new.id]


def test_number_of_another_product_than_the_label_names_is_suspicious():
    facts = facts_of(batch(product=BRINE))
    found = resolve(ask(LABEL, facts), facts)
    assert (found.outcome, found.batch, found.product) == ("suspicious", None, SALT)
    assert [candidate.reasons[0] for candidate in found.candidates] == ["same_number"]


def test_other_date_on_the_label_is_suspicious_and_names_the_batch():
    facts = facts_of(batch(expires_on=date(2027, 6, 30)))
    found = resolve(ask(LABEL, facts), facts)
    assert (found.outcome, found.batch.code) == ("suspicious", "YS20240315A01")
    assert "label_expiry_differs" in found.why


def test_product_without_batch_asks_for_the_number_and_offers_recent_batches():
    facts = facts_of(batch(), batch("YS20240401A01", 2, produced_on=date(2024, 4, 1)))
    found = resolve(ask("6901234567892", facts), facts)
    assert (found.outcome, found.product, list(found.why)) == ("ambiguous", SALT, ["batch_number_missing"])
    assert [candidate.code for candidate in found.candidates] == ["YS20240401A01", "YS20240315A01"]
    typed = resolve(ask("6901234567892", facts, number="ys20240315a01"), facts)
    assert (typed.outcome, typed.batch) == ("ok", batch())


def test_typed_number_that_contradicts_the_code_settles_nothing():
    facts = facts_of(batch(), batch("YS20240401A01", 2))
    found = resolve(ask(LABEL, facts, number="YS20240401A01"), facts)
    assert (found.outcome, found.batch, list(found.why)) == ("ambiguous", None, ["numbers_differ"])
    assert {candidate.code for candidate in found.candidates} == {"YS20240315A01", "YS20240401A01"}


def test_lost_separator_is_offered_never_taken():
    facts = facts_of(batch())
    found = resolve(ask("]C1010690123456789210YS20240315A0117271231", facts), facts)
    assert (found.outcome, found.batch) == ("ambiguous", None)
    assert [candidate.batch for candidate in found.candidates] == [batch()]
    assert found.candidates[0].reasons[0] == "label_reading"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("YS20240315A01", "batch_not_registered"),
        (LABEL, "batch_not_registered"),
        ("6901234567915", "gtin_not_registered"),
        ("]C100069012345600000121", "pallet_not_registered"),
        ("88.123.45/YS20240315A01", "code_not_registered"),
        ("https://m.salt.com.cn/01/8832771?sn=2", "code_not_registered"),
        ("hello", "code_not_registered"),
    ],
)
def test_what_is_not_registered_is_unknown_and_says_why(raw, why):
    facts = facts_of()
    found = resolve(ask(raw, facts), facts)
    assert (found.outcome, list(found.why), found.batch) == ("unknown", [why], None)


@pytest.mark.parametrize(
    "raw", ["6901234567893", "]C100069012345600000122", "YS20240315A01;YS20240316A02", "\0" + "6901234567892"]
)
def test_a_broken_code_is_invalid_and_names_no_batch(raw):
    facts = facts_of(batch())
    found = resolve(ask(raw, facts), facts)
    assert (found.outcome, found.batch) == ("invalid", None)


def test_alias_beats_every_heuristic():
    facts = facts_of(batch("OTHER", 2))
    facts.aliases["6901234567892"] = AliasFact(product=SALT, batch=batch(), serial="")
    found = resolve(ask("6901234567892", facts), facts)
    assert found.batch == batch()


def test_alias_of_a_pack_names_the_product_and_its_serial():
    facts = facts_of()
    facts.aliases["TOKEN-1"] = AliasFact(product=SALT, batch=None, serial="S1")
    found = resolve(ask("TOKEN-1", facts), facts)
    assert (found.outcome, found.product, found.serial) == ("ambiguous", SALT, "S1")


def test_doubtful_read_is_promoted_only_where_it_is_known():
    facts = facts_of(batch())
    known = resolve(ask(LABEL, facts, is_confirmed=False), facts)
    assert (known.outcome, known.batch) == ("ok", batch())
    unknown = resolve(ask("YS20240316A01", facts, is_confirmed=False), facts)
    assert (unknown.outcome, list(unknown.why)) == ("ambiguous", ["read_not_confirmed"])
    assert unknown.candidates[-1].code == "YS20240316A01" and unknown.candidates[-1].batch is None


def test_unknown_number_offers_what_one_slip_away_is_registered():
    facts = facts_of(batch())
    question = ask("YS2O240315A01", facts)
    found = with_near(resolve(question, facts), question, near=facts.numbers)
    assert [candidate.code for candidate in found.candidates] == ["YS20240315A01"]
    assert found.candidates[0].reasons[0] == "looks_alike"


def test_near_numbers_of_another_product_are_not_offered():
    facts = facts_of(batch(product=BRINE))
    question = ask("(01)06901234567892(10)YS20240316A01", facts)
    found = with_near(resolve(question, facts), question, near=facts.numbers)
    assert found.candidates == ()


def test_code_beside_it_in_the_photo_comes_first():
    old = batch("YS20200101A01", 9, produced_on=date(2020, 1, 1))
    facts = facts_of(*(batch(f"YS2024040{n}A01", n, produced_on=date(2024, 4, n)) for n in range(1, 6)))
    found = resolve(ask("6901234567892", facts, beside=(old,)), facts)
    assert found.outcome == "ambiguous"
    assert found.candidates[0].batch == old and "in_same_photo" in found.candidates[0].reasons


@pytest.mark.parametrize(
    ("number", "norm"), [(" ys1 ", "YS1"), ("ＹＳ１", "YS1"), ("①", None), ("", None), (None, None)]
)
def test_numbers_are_compared_as_batches_are(number, norm):
    assert comparable(number) == norm
