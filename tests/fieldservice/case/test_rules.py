"""Case rules and the list of complaint codes."""

from backend.accounts.rules import Role
from fieldservice.case import rules
from fieldservice.case.complaint_codes import COMPLAINT_CODES


def test_the_list_holds_16_codes_in_both_languages():
    assert len(COMPLAINT_CODES) == 16
    moisture = COMPLAINT_CODES["MOI"]
    assert moisture.name("zh-hans") == "水分超标/返潮"
    assert moisture.name("en") == "high moisture, deliquescence"


def test_the_grade_follows_the_codes_severity_and_nothing_is_urgent_by_itself():
    grades = {code: rules.grade_for(row.default_severity) for code, row in COMPLAINT_CODES.items()}
    assert grades["CAK"] == rules.MINOR and grades["MOI"] == rules.MEDIUM
    assert grades["DIV"] == grades["FOR"] == rules.SERIOUS
    assert rules.URGENT not in grades.values()


def test_every_rule_names_a_code_of_the_list():
    assert {rules.code_for("moisture"), rules.code_for("nacl"), *rules.NOT_ABOUT_GOODS} <= set(
        COMPLAINT_CODES
    )


def test_finance_sees_no_readings_production_no_customer_and_the_dealer_no_investigation():
    assert "evidence" in rules.hidden_fields(Role.FINANCE)
    assert {"customer", "customer_name"} <= rules.hidden_fields(Role.PRODUCTION)
    assert {"evidence", "visits", "costs_total"} <= rules.hidden_fields(Role.DEALER)
    assert rules.hidden_fields(Role.QC) == {"costs_total"}
    assert rules.hidden_fields(Role.DIRECTOR) == frozenset()
