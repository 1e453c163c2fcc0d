"""Refusals, as typed exceptions. Pure: any floor may raise them; `problems.py` makes RFC 9457 answers of them."""

from collections.abc import Mapping
from typing import ClassVar


def mark(text: str) -> str:
    """`text` unchanged; makes the string an entry of the translation catalogue without importing Django."""
    return text


_ = mark


class DomainError(Exception):
    """A refusal with a permanent `code`, an HTTP `status` and texts for people.

    `title` and `detail` are English msgids; `detail` may hold `{name}` fields filled from the keyword
    arguments, which are also members of the problem document. `errors` points at the fields at fault:
    {"field": ["why"]}. Arguments named in `texts` are msgids themselves; all others are data, never translated.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    title: ClassVar[str] = _("The request was refused")
    detail: ClassVar[str] = ""
    texts: ClassVar[tuple[str, ...]] = ()
    retry_after_s: int | None = None

    def __init__(
        self,
        *,
        errors: Mapping[str, object] | None = None,
        retry_after_s: int | None = None,
        **params: object,
    ) -> None:
        super().__init__(self.code)
        self.errors = dict(errors or {})
        self.params = params
        if retry_after_s is not None:
            self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return f"{self.code} {self.params or ''} {self.errors or ''}".strip()


class InvalidInput(DomainError):
    """The body or the query is not what the operation takes; `errors` says where."""

    code, status, title = "invalid_input", 400, _("The input is not valid")


class NotFound(DomainError):
    """No such row, or one outside the caller's scope: the two look the same on purpose."""

    code, status, title = "not_found", 404, _("Not found")


class Forbidden(DomainError):
    code, status, title = "forbidden", 403, _("Your role may not do this")


class SamePerson(DomainError):
    """Separation of duties: the second step needs another person."""

    code, status, title = "same_person", 403, _("This step needs a second person")
    detail = _("The person who did the step before may not do this one as well.")


class IllegalStep(DomainError):
    """The state machine has no such step from here."""

    code, status, title = "illegal_step", 409, _("This step is not possible now")
    detail = _("From “{state}” the step “{action}” is not possible; possible: {allowed}.")


class IdReuse(DomainError):
    """Same client id or Idempotency-Key, other content."""

    code, status, title = "id_reuse", 409, _("This id was already used with other content")


class InFlight(DomainError):
    """The same request is being worked on right now."""

    code, status, title = "request_in_flight", 409, _("The same request is being worked on")
    retry_after_s = 2
