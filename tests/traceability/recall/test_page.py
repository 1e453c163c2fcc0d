"""The consignee's page behind the link, as a browser without scripts sees it."""

import pytest
from django.test import Client

from tests.recalling import PLAN, announced, make_goods, make_house, notices
from traceability.recall.models import RecallNotice


@pytest.fixture
def link(sign_in):
    house = make_house(sign_in)
    goods = make_goods(sent=(("600",),))
    recall = announced(house, [goods.silo])
    notice = notices(house.clerk, recall)[0]
    address = house.clerk.get(f"recall-notices/{notice['id']}/message").json["link"]
    return address.removeprefix("http://testserver")


def page(client: Client, method: str, link: str, **fields: str):
    answer = getattr(client, method)(link, fields, headers={"Accept-Language": "zh-CN"})
    return answer.status_code, answer.content.decode()


def test_notice_is_read_and_confirmed_without_script_or_cookie(link):
    client = Client(enforce_csrf_checks=True)
    status, text = page(client, "get", link)
    assert status == 200 and PLAN["notice_zh"] in text and "<script" not in text
    status, text = page(client, "post", link, name="王老板", on_hand_kg="十")
    assert status == 400 and not RecallNotice.objects.exclude(acknowledged_at=None).exists()
    status, text = page(client, "post", link, name="王老板", on_hand_kg="12.5")
    assert status == 200 and "<form" not in text
    assert RecallNotice.objects.get().on_hand_kg == 12.5
    assert page(client, "post", link, name="别人", on_hand_kg="1")[0] == 409
    assert RecallNotice.objects.get().acknowledged_by_name == "王老板"


def test_name_is_printed_as_text(link):
    RecallNotice.objects.update(consignee_name="x")
    client = Client()
    page(client, "post", link, name="<b>x</b>", on_hand_kg="1")
    assert "<b>x</b>" not in page(client, "get", link)[1]


def test_unknown_link_says_nothing(link):
    client = Client()
    answers = [page(client, "get", address) for address in ("/recall/x", "/recall/" + "A" * 43, link + "x")]
    assert [status for status, _text in answers] == [404] * 3
    assert len({text for _status, text in answers}) == 1


def test_guessing_is_slowed_down(link, settings):
    settings.RATES = {**settings.RATES, "anonymous": "5/min"}
    client = Client()
    statuses = [page(client, "get", f"/recall/{number}")[0] for number in range(7)]
    assert statuses == [404] * 5 + [429] * 2


def test_address_is_not_told_to_other_pages(link):
    answer = Client().get(link)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
