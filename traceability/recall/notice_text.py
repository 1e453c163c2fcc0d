"""What a consignee is told, in Chinese and English: for the page behind the link, and for the office to send.

Only the plan's notice and the goods: no inner word of the case, no names of colleagues.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import translation
from django.utils.translation import gettext

from backend.core.errors import mark as _

LANGUAGES = {"zh": "zh-hans", "en": "en"}
STEPS = (
    _("Stop selling and using these goods now."),
    _("Put them aside and mark them “do not use”."),
    _("Do not throw them away and do not send them back by yourself: we tell you how."),
    _("Confirm this notice and say how many kg you still have."),
)
DRILL = _("This is a drill. No goods are recalled; please do nothing.")


@dataclass(frozen=True)
class NoticeGoods:
    """Kg of one batch that went to this consignee."""

    batch: str
    product: Mapping[str, str]  # language → name
    produced_on: date
    kg: Decimal


@dataclass(frozen=True)
class NoticeFacts:
    """Everything a notice says. `words`: language → the plan's notice; `contact`: the producer as the plan has it."""

    number: str
    is_drill: bool
    consignee: str
    announced_on: date
    goods: Sequence[NoticeGoods]
    words: Mapping[str, str]
    contact: str


def steps() -> list[str]:
    """What to do, in the active language."""
    return [gettext(text) for text in STEPS]


def notice_text(facts: NoticeFacts, *, language: str, link: str) -> str:
    """The message as it is sent: `language` is zh or en, `link` the address to confirm at."""
    with translation.override(LANGUAGES[language]):
        return "\n".join(_lines(facts, language=language, link=link))


def _lines(facts: NoticeFacts, *, language: str, link: str) -> list[str]:
    lines = [gettext(DRILL)] if facts.is_drill else []
    lines.append(
        gettext("Recall notice {number}, announced on {on}").format(
            number=facts.number, on=facts.announced_on.isoformat()
        )
    )
    lines.append(gettext("To: {name}").format(name=facts.consignee))
    lines.append(facts.words.get(language) or facts.words["zh"])
    for each in facts.goods:
        words = {"product": each.product[language], "batch": each.batch, "kg": f"{each.kg.normalize():f}"}
        made_on = each.produced_on.isoformat()
        text = gettext("{product}, batch {batch}, made on {made_on}: {kg} kg sent to you")
        lines.append("· " + text.format(**words, made_on=made_on))
    lines += [f"{number}. {gettext(text)}" for number, text in enumerate(STEPS, start=1)]
    lines.append(gettext("Confirm here: {link}").format(link=link))
    lines.append(gettext("Contact: {contact}").format(contact=facts.contact))
    return lines
