"""Consignees over HTTP: who has the goods, who was told, links, effectiveness checks and waivers."""

from typing import Any
from uuid import UUID

import django_filters
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.authentication import caller
from backend.accounts.rules import Can
from backend.core.endpoint import Endpoint, operation
from backend.core.paging import Filters, FlagFilter, IdFilter, TextFilter, get_or_404
from traceability.recall import closing, contact, queries
from traceability.recall.answer import (
    NoticeMessageOut,
    NoticeOut,
    RecallCheckOut,
    RecallContactOut,
    RecallWaiverOut,
)
from traceability.recall.intake import RecallCheckIn, RecallContactIn, RecallReasonIn, RecallWaiverIn
from traceability.recall.models import RecallNotice, RecallWaiver
from traceability.recall.notice import notice_facts
from traceability.recall.notice_text import notice_text
from traceability.recall.rules import Channel, ContactOutcome, NoticeState, WaiverAction, WaiverState
from traceability.recall.token import token_of


class NoticeFilters(Filters):
    recall = IdFilter(field_name="recall_id")
    state = django_filters.ChoiceFilter(choices=NoticeState.choices())
    customer = IdFilter(field_name="customer_id")
    region = TextFilter(field_name="region_id")
    is_running = FlagFilter(method="only_running", help_text="Of recalls between announcement and close.")

    def only_running(self, rows: Any, name: str, value: bool) -> Any:
        return queries.of_running(rows, is_running=value)


class WaiverFilters(Filters):
    recall = IdFilter(field_name="notice__recall_id")
    notice = IdFilter(field_name="notice_id")
    state = django_filters.ChoiceFilter(choices=WaiverState.choices())


class NoticeEndpoint(Endpoint):
    """What the operations on one consignee share."""

    def notice(self, id: UUID) -> RecallNotice:
        return get_or_404(queries.notices_for(caller(self.request)), id=id)


class RecallNotices(Endpoint):
    filterset_class = NoticeFilters
    ordering = ("contact_rank", "-shipped_kg", "id")

    @operation(Can.READ_CONSIGNEES, gives=NoticeOut, page=True)
    def get(self, request: Request) -> Response:
        """Consignees of recalls: who was not told yet comes first, then who has the most."""
        return self.page(queries.notices_for(caller(request)))


class RecallNoticeDetail(NoticeEndpoint):
    @operation(Can.READ_CONSIGNEES, gives=NoticeOut)
    def get(self, request: Request, id: UUID) -> Response:
        """One consignee's line."""
        return self.answer(self.notice(id))


class MessageEndpoint(NoticeEndpoint):
    """What reading and renewing the link share."""

    def message(self, notice: RecallNotice) -> dict[str, Any]:
        token = token_of(notice.pk, link_number=notice.link_number)
        link = self.request.build_absolute_uri(f"/recall/{token}")
        facts = notice_facts(notice)
        return {
            "link": link,
            "expires_at": notice.link_expires_at,
            "text_zh": notice_text(facts, language="zh", link=link),
            "text_en": notice_text(facts, language="en", link=link),
            "goods": facts.goods,
        }


class RecallNoticeMessage(MessageEndpoint):
    @operation(Can.CONTACT_CONSIGNEE, gives=NoticeMessageOut)
    def get(self, request: Request, id: UUID) -> Response:
        """The notice in Chinese and English with its link, for the office to send."""
        return self.answer(self.message(queries.announced(self.notice(id))))


class RecallNoticeRenewLink(MessageEndpoint):
    @operation(Can.CONTACT_CONSIGNEE, takes=RecallReasonIn, gives=NoticeMessageOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Make a new link where the old one went astray; the old one stops working."""
        reason = self.read()["reason"]
        contact.renew_link(self.notice(id), by=caller(request), reason=reason)
        return self.answer(self.message(self.notice(id)))


class RecallNoticeContacts(NoticeEndpoint):
    @operation(Can.READ_CONSIGNEES, gives=RecallContactOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """Every attempt to tell this consignee, the newest first."""
        return self.page(queries.contacts_of(self.notice(id)))

    @operation(Can.CONTACT_CONSIGNEE, takes=RecallContactIn, gives=RecallContactOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Log an attempt; also that a notice was sent. It is never changed."""
        notice, data = self.notice(id), self.read()
        channel, outcome = Channel(data.pop("channel")), ContactOutcome(data.pop("outcome"))
        made = contact.ContactData(channel=channel, outcome=outcome, **data)
        return self.answer(contact.log_contact(notice, made, by=caller(request)))


class RecallNoticeChecks(NoticeEndpoint):
    @operation(Can.READ_CONSIGNEES, gives=RecallCheckOut, page=True)
    def get(self, request: Request, id: UUID) -> Response:
        """Effectiveness checks of this consignee; the newest counts."""
        return self.page(queries.checks_of(self.notice(id)))

    @operation(Can.CONTACT_CONSIGNEE, takes=RecallCheckIn, gives=RecallCheckOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Say whether the consignee really knows of the recall and acted on it."""
        notice, data = self.notice(id), self.read()
        made = contact.CheckData(channel=Channel(data.pop("channel")), **data)
        return self.answer(contact.check_effectiveness(notice, made, by=caller(request)))


class RecallNoticeWaivers(NoticeEndpoint):
    @operation(Can.PROPOSE_RECALL, takes=RecallWaiverIn, gives=RecallWaiverOut, status=201)
    def post(self, request: Request, id: UUID) -> Response:
        """Propose to let kg go that nobody can account for; another person decides."""
        notice, data = self.notice(id), self.read()
        made = closing.propose_waiver(notice, by=caller(request), **data)
        return self.answer(queries.waivers_for(caller(request)).get(pk=made.pk))


class RecallWaivers(Endpoint):
    filterset_class = WaiverFilters

    @operation(Can.READ_CONSIGNEES, gives=RecallWaiverOut, page=True)
    def get(self, request: Request) -> Response:
        """Written waivers of kg that stay unaccounted for."""
        return self.page(queries.waivers_for(caller(request)))


class RecallWaiverDecision(Endpoint):
    """Base of the two decisions."""

    def decide(self, request: Request, id: UUID, action: WaiverAction) -> Response:
        waiver: RecallWaiver = get_or_404(queries.waivers_for(caller(request)), id=id)
        closing.decide_waiver(waiver, action=action, by=caller(request), reason=self.read()["reason"])
        return self.answer(queries.waivers_for(caller(request)).get(pk=id))


class RecallWaiverApprove(RecallWaiverDecision):
    @operation(Can.DECIDE_RECALL, takes=RecallReasonIn, gives=RecallWaiverOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Approve somebody else's waiver."""
        return self.decide(request, id, WaiverAction.APPROVE)


class RecallWaiverReject(RecallWaiverDecision):
    @operation(Can.DECIDE_RECALL, takes=RecallReasonIn, gives=RecallWaiverOut)
    def post(self, request: Request, id: UUID) -> Response:
        """Reject somebody else's waiver."""
        return self.decide(request, id, WaiverAction.REJECT)


urlpatterns: list[Any] = [
    path("recall-notices", RecallNotices.as_view()),
    path("recall-notices/<uuid:id>", RecallNoticeDetail.as_view()),
    path("recall-notices/<uuid:id>/message", RecallNoticeMessage.as_view()),
    path("recall-notices/<uuid:id>/renew-link", RecallNoticeRenewLink.as_view()),
    path("recall-notices/<uuid:id>/contacts", RecallNoticeContacts.as_view()),
    path("recall-notices/<uuid:id>/checks", RecallNoticeChecks.as_view()),
    path("recall-notices/<uuid:id>/waivers", RecallNoticeWaivers.as_view()),
    path("recall-waivers", RecallWaivers.as_view()),
    path("recall-waivers/<uuid:id>/approve", RecallWaiverApprove.as_view()),
    path("recall-waivers/<uuid:id>/reject", RecallWaiverReject.as_view()),
]
