"""To whom the far row of a noun does not exist. Written by hand from the roles matrix, not taken from the code."""

from backend.accounts.rules import Role

SCOPED: dict[str, frozenset[Role]] = {}
