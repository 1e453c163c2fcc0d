"""The OpenAPI document: lists, problems and names the same way for every operation."""

from typing import Any

import django_filters
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_parameter_type

from backend.core.paging import DayFilter, FlagFilter, IdFilter, MomentFilter

PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem document; `code` is permanent, texts follow Accept-Language.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
ANSWER = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}


FORMATS: list[tuple[type[Any], dict[str, Any]]] = [
    (MomentFilter, {"type": "string", "format": "date-time"}),
    (DayFilter, {"type": "string", "format": "date"}),
    (IdFilter, {"type": "string", "format": "uuid"}),
    (FlagFilter, {"type": "boolean"}),
    (django_filters.BooleanFilter, {"type": "boolean"}),
]


def _schema_of(item: Any) -> dict[str, Any]:
    if isinstance(item, django_filters.ChoiceFilter):
        return {"type": "string", "enum": [value for value, _label in item.extra["choices"]]}
    return next((dict(schema) for kind, schema in FORMATS if isinstance(item, kind)), {"type": "string"})


class HouseSchema(AutoSchema):
    """Knows our declared operations: what is a list, which tag, which right."""

    def _is_list_view(self, serializer: Any = None) -> bool:
        operation = self.view.operation_for(self.method) if hasattr(self.view, "operation_for") else None
        return bool(operation and operation.page)

    def _get_filter_parameters(self) -> list[Any]:
        """The declared filters as query parameters."""
        filters = getattr(self.view, "filterset_class", None)
        if not self._is_list_view() or filters is None:
            return []
        return [
            build_parameter_type(name=name, schema=_schema_of(item), location="query")
            for name, item in filters.base_filters.items()
        ]

    def _map_basic_serializer(self, serializer: Any, direction: str) -> Any:
        """As the library's, promising only the fields every caller gets (`Out.always`)."""
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]  # no types there
        always = getattr(serializer, "always", None)
        if always is None:
            return schema
        return {name: value for name, value in schema.items() if name != "required"} | {
            "required": sorted(always)
        }

    def get_tags(self) -> list[str]:
        """The concept's folder name: backend.accounts.api → accounts, traceability.batch.api → batch."""
        return [self.view.__module__.split(".")[-2]]

    def get_operation_id(self) -> str:
        """The view's and the method's name: `batch_hold_post`."""
        words = "".join(f"_{ch.lower()}" if ch.isupper() else ch for ch in self.view.__class__.__name__)
        return f"{words.lstrip('_')}_{self.method.lower()}"

    def get_summary(self) -> str | None:
        method = getattr(self.view, self.method.lower(), None)
        return (method.__doc__ or "").strip().split("\n")[0].rstrip(".") or None

    def get_description(self) -> str:  # type: ignore[override]  # the library's own signature
        operation = self.view.operation_for(self.method) if hasattr(self.view, "operation_for") else None
        method = getattr(self.view, self.method.lower(), None)
        text = "\n".join(line.strip() for line in (method.__doc__ or "").strip().split("\n"))
        return f"{text}\n\nRight: `{operation.can}`" if operation else text


def add_problems(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """Post-processing hook: every operation may answer 4XX and 503 with a problem document."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for path in result["paths"].values():
        for operation in path.values():
            operation["responses"].setdefault("4XX", {"description": "Refused", **ANSWER})
            operation["responses"].setdefault("503", {"description": "Busy, try again", **ANSWER})
    return result
