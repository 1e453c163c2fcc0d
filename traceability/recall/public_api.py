"""The consignee's side of a notice, behind the signed link: read it, acknowledge it. Nobody signs in."""

from typing import Any

from django.urls import path
from django.utils.translation import gettext
from rest_framework.request import Request
from rest_framework.response import Response

from backend.core.endpoint import Endpoint, operation
from backend.core.permissions import Open
from traceability.recall import contact
from traceability.recall.answer import PublicNoticeOut
from traceability.recall.intake import AcknowledgeIn
from traceability.recall.models import RecallNotice
from traceability.recall.notice import notice_facts
from traceability.recall.notice_text import DRILL, steps


def public_notice(notice: RecallNotice) -> dict[str, Any]:
    """What the consignee reads, in the active language; nothing of the case itself."""
    facts = notice_facts(notice)
    return {
        "number": facts.number,
        "is_drill": facts.is_drill,
        "drill_note": gettext(DRILL) if facts.is_drill else "",
        "announced_on": facts.announced_on,
        "consignee": facts.consignee,
        "notice_zh": facts.words["zh"],
        "notice_en": facts.words["en"],
        "goods": facts.goods,
        "what_to_do": steps(),
        "contact": facts.contact,
        "acknowledged_at": notice.acknowledged_at,
    }


class RecallLink(Endpoint):
    # Throttled by address like every call without an account; a stale token is no error of the caller's session.
    authentication_classes = ()

    @operation(Open.ANYONE, gives=PublicNoticeOut)
    def get(self, request: Request, token: str) -> Response:
        """The recall notice of a link: goods, kg and what to do. Unknown and expired links look alike."""
        return self.answer(public_notice(contact.notice_by_token(token)))


class RecallLinkAcknowledge(Endpoint):
    authentication_classes = ()

    @operation(Open.ANYONE, takes=AcknowledgeIn, gives=PublicNoticeOut, replays=False)
    def post(self, request: Request, token: str) -> Response:
        """Confirm the notice, once, with the name and the kg still there."""
        data = self.read()
        return self.answer(public_notice(contact.acknowledge(token, **data)))


urlpatterns: list[Any] = [
    path("recall-links/<str:token>", RecallLink.as_view()),
    path("recall-links/<str:token>/acknowledge", RecallLinkAcknowledge.as_view()),
]
