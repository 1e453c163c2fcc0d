"""The consignee's page behind the link, without a script: old phones and chat windows open it too."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, gettext
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from backend.core.fields import DECIMAL_TEXT
from backend.core.strict import check_text
from backend.core.throttle import AddressThrottle
from traceability.recall import contact
from traceability.recall.models import RecallNotice
from traceability.recall.public_api import public_notice

LONGEST_NAME = 64
MOST_KG = Decimal(10**11)


# The link itself is the only right there is: no cookie speaks for the reader, so no other page can misuse one.
@method_decorator(csrf_exempt, name="dispatch")
class RecallNoticePage(View):
    """GET shows the notice, POST acknowledges it. Unknown, renewed and expired links look alike."""

    http_method_names = ["get", "head", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            AddressThrottle().check(request)
            response = super().dispatch(request, *args, **kwargs)
        except DomainError as error:
            shown = {"is_busy": error.status == 429}
            response = render(request, "web/no_recall_notice.html", shown, status=error.status)
            if error.retry_after_s:
                response["Retry-After"] = str(error.retry_after_s)
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "no-referrer"  # the address is the secret
        response["X-Robots-Tag"] = "noindex"
        return response

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return self.shown(request, contact.notice_by_token(token))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        notice = contact.notice_by_token(token)
        try:
            name, on_hand_kg = read_form(request)
            notice = contact.acknowledge(token, name=name, on_hand_kg=on_hand_kg)
        except (InvalidInput, contact.NoticeAcknowledged) as error:
            return self.shown(request, notice, fault=error)
        return self.shown(request, notice)

    def shown(
        self, request: HttpRequest, notice: RecallNotice, *, fault: DomainError | None = None
    ) -> HttpResponse:
        facts = public_notice(notice)
        is_chinese = str(get_language()).startswith("zh")
        words = facts["notice_zh"] if is_chinese or not facts["notice_en"] else facts["notice_en"]
        language = "zh" if is_chinese else "en"
        goods = [{"name": each.product[language], "goods": each} for each in facts["goods"]]
        page = {
            **facts,
            "words": words,
            "goods": goods,
            "faults": [gettext(str(text)) for text in fault.errors.values()] if fault else [],
            "is_again": fault is not None and fault.status == 409,
        }
        return render(request, "web/recall_notice.html", page, status=fault.status if fault else 200)


def read_form(request: HttpRequest) -> tuple[str, Decimal]:
    """Name and kg as typed. Raises InvalidInput (400), BadText (400)."""
    name = request.POST.get("name", "").strip()
    kg = request.POST.get("on_hand_kg", "").strip()
    check_text(name)
    errors: dict[str, object] = {}
    if not 1 <= len(name) <= LONGEST_NAME:
        errors["name"] = _("Please give your name.")
    if not DECIMAL_TEXT.fullmatch(kg) or not 0 <= Decimal(kg) < MOST_KG:
        errors["on_hand_kg"] = _("Please give the kg as a plain number, 0 if nothing is left.")
    if errors:
        raise InvalidInput(errors=errors)
    return name, Decimal(kg).quantize(Decimal("0.001"))


urlpatterns: list[Any] = [path("recall/<str:token>", RecallNoticePage.as_view())]
