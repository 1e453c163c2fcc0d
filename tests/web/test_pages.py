"""The pages, through HTTP and in a real browser."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def addresses_loaded_by(url: str, *, sign: str) -> list[str]:
    """Opens `url` in Chromium, waits for the text `sign`, gives every address that answered."""
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        page = chromium.new_page()
        loaded: list[str] = []
        page.on("response", lambda got: loaded.append(got.url))
        page.goto(url)
        page.locator(f"text={sign} >> visible=true").first.wait_for(timeout=30_000)
        chromium.close()
        return loaded


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
    ("path", "sign"),
    # Swagger shows what is on the screen and the rest as one scrolls: a text of its first operations.
    [("/docs/swagger", "Register a code for a batch"), ("/docs/redoc", "Sign in on a device")],
)
def test_api_docs_come_from_our_own_files(live_server: Any, path: str, sign: str) -> None:
    with ThreadPoolExecutor(
        1
    ) as pool:  # Playwright's event loop would forbid Django's database in this thread
        work = pool.submit(addresses_loaded_by, live_server.url + path, sign=sign)
        loaded = work.result()
    foreign = [url for url in loaded if url.startswith("http") and not url.startswith(live_server.url)]
    assert loaded and foreign == []
