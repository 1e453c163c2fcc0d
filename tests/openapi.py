"""The OpenAPI document as a judge of answers."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator, FormatChecker


@dataclass
class Document:
    body: dict[str, Any]

    @cached_property
    def addresses(self) -> list[tuple[re.Pattern[str], str]]:
        """(pattern, template) of every address, literal ones first."""
        templates = sorted(self.body["paths"], key=lambda template: template.count("{"))
        return [
            (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template) + "$"), template) for template in templates
        ]

    @cached_property
    def validators(self) -> dict[tuple[str, str, str], Draft202012Validator]:
        return {}

    def template_for(self, path: str) -> str | None:
        return next((template for pattern, template in self.addresses if pattern.match(path)), None)

    def check(self, *, method: str, path: str, status: int, content_type: str, content: bytes) -> None:
        """AssertionError where an answer is not what the document promises."""
        template = self.template_for(path)
        if template is None or method.lower() not in self.body["paths"][template]:
            assert status in (404, 405), (
                f"{method} {path} is not in the OpenAPI document but answers {status}"
            )
            return
        responses = self.body["paths"][template][method.lower()]["responses"]
        found = responses.get(str(status)) or responses.get(f"{status // 100}XX")
        assert found is not None, f"{method} {template} answers {status}, documented: {sorted(responses)}"
        media = content_type.split(";")[0]
        documented = found.get("content")
        if documented is None:
            assert content in (b"", b"null"), f"{method} {template} {status}: no body is documented"
            return
        assert media in documented, f"{method} {template} {status}: {media} is not documented"
        if media.endswith("json"):
            self.validator(template, method, str(status), documented[media]["schema"]).validate(
                json.loads(content)
            )

    def validator(self, template: str, method: str, status: str, schema: Any) -> Draft202012Validator:
        key = (template, method, status)
        if key not in self.validators:
            whole = {**schema, "components": self.body["components"]}
            self.validators[key] = Draft202012Validator(whole, format_checker=FormatChecker())
        return self.validators[key]


def build_document() -> Document:
    return Document(json.loads(json.dumps(SchemaGenerator().get_schema(public=True), default=str)))
