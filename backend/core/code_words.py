"""What states, steps and categories are called in a sentence. The codes themselves are never translated."""

from django.utils.translation import gettext

from backend.core.errors import mark as _

CODE_WORDS = frozenset(
    {
        # what batches, proposals and codes may be
        _("quarantine"),
        _("released"),
        _("held"),
        _("recalled"),
        _("destroyed"),
        _("accepted"),
        _("dismissed"),
        _("settled"),
        # and what is done to them
        _("release"),
        _("hold"),
        _("recall"),
        _("destroy"),
        # visits and cases
        _("planned"),
        _("checked_in"),
        _("checked_out"),
        _("open"),
        _("closed"),
        _("cancelled"),
        _("check_in"),
        _("check_out"),
        _("close"),
        _("cancel"),
        _("take_back"),
        # costs
        _("labour"),
        _("logistics"),
        _("testing"),
        _("transport"),
        _("lodging"),
        _("meals"),
        _("other"),
    }
)


def in_words(value: object) -> object:
    """`value` as a sentence names it: a code, or several with commas between, in the active language."""
    codes = value.split(", ") if isinstance(value, str) else []
    if codes and all(code in CODE_WORDS for code in codes):
        return ", ".join(gettext(code) for code in codes)
    return value
