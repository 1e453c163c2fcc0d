"""The pages, through HTTP and in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        yield chromium
        chromium.close()


@pytest.mark.parametrize(
    "path", ["/", "/docs/problems", "/docs/swagger", "/docs/redoc", "/docs/openapi.yaml"]
)
def test_page_answers_with_its_guards(anonymous, path):
    answer = anonymous.get(path)
    assert answer.status == 200
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_home_speaks_chinese_first(anonymous):
    assert "盐" in anonymous.get("/", Accept_Language="fr").content.decode()
    assert 'lang="en"' in anonymous.get("/", Accept_Language="en").content.decode()


def test_catalogue_names_every_refusal_in_both_languages(anonymous):
    chinese = anonymous.get("/docs/problems", Accept_Language="zh-CN").content.decode()
    english = anonymous.get("/docs/problems", Accept_Language="en").content.decode()
    for page in (chinese, english):
        assert 'id="not_authenticated"' in page
    assert "Please sign in" in english and "Please sign in" not in chinese


@pytest.mark.browser
@pytest.mark.parametrize(
    ("path", "sign"), [("/docs/swagger", "/api/v1/me"), ("/docs/redoc", "Sign in on a device")]
)
def test_api_docs_come_from_our_own_files(live_server: Any, browser: Browser, path: str, sign: str) -> None:
    page = browser.new_page()
    foreign: list[str] = []
    page.on("response", lambda got: None if got.url.startswith(live_server.url) else foreign.append(got.url))
    page.goto(live_server.url + path)
    page.get_by_text(sign).first.wait_for(timeout=20_000)
    assert [url for url in foreign if url.startswith("http")] == []
    page.close()
