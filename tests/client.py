"""The test client: speaks HTTP to the whole Django stack, and holds every answer against the OpenAPI document."""

from dataclasses import dataclass
from typing import Any

import orjson
from django.test import Client

from backend.accounts.models import User
from tests.openapi import Document


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.content) if self.content else None

    @property
    def code(self) -> str | None:
        """The problem code of a refusal."""
        return self.json.get("code") if self.status >= 400 else None


class ApiClient:
    """Client of one user. Paths are relative to /api/v1 unless they start with a slash."""

    def __init__(self, document: Document, *, user: User | None = None, token: str | None = None) -> None:
        self.document = document
        self.user = user
        self.token = token
        self.http = Client(raise_request_exception=False)
        self.language = "en"

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        content_type: str = "application/json",
        **headers: str,
    ) -> Answer:
        """Sends raw bytes. `headers` as Idempotency_Key="…" → `Idempotency-Key`."""
        url = path if path.startswith("/") else f"/api/v1/{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("Accept-Language", self.language)
        if self.token:
            named.setdefault("Authorization", f"Token {self.token}")
        response = self.http.generic(method, url, body, content_type=content_type, headers=named)
        content = b"".join(response.streaming_content) if response.streaming else response.content
        kind = response.headers.get("Content-Type", "")
        if url.startswith("/api/"):
            self.document.check(
                method=method,
                path=url.split("?")[0],
                status=response.status_code,
                content_type=kind,
                content=content,
            )
        return Answer(response.status_code, dict(response.headers), content)

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, **headers)

    def post(self, path: str, data: Any = None, **headers: str) -> Answer:
        return self.request(
            "POST", path, body=orjson.dumps({} if data is None else data, default=str), **headers
        )

    def patch(self, path: str, data: Any, **headers: str) -> Answer:
        return self.request("PATCH", path, body=orjson.dumps(data, default=str), **headers)

    def delete(self, path: str, **headers: str) -> Answer:
        return self.request("DELETE", path, **headers)

    def upload(self, path: str, *, photo: bytes, name: str = "photo", **fields: str) -> Answer:
        """multipart/form-data with one file and text fields."""
        boundary = "saltline-boundary"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in fields.items()
        ]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n'
        parts += [head.encode(), photo, f"\r\n--{boundary}--\r\n".encode()]
        kind = f"multipart/form-data; boundary={boundary}"
        return self.request("POST", path, body=b"".join(parts), content_type=kind)
