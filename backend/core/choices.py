"""Enums whose members are the codes of the API and the database."""

from enum import StrEnum


class Code(StrEnum):
    """A closed list of codes; `choices()` is what Django fields and serializers take."""

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(member.value, member.value) for member in cls]
