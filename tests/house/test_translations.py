"""Texts for people: each stands in the Chinese catalogue, and the compiled catalogue is the written one."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import gettext as translate
from django.utils.translation import override

from tests.house.source import ROOT, called_name, sources

CATALOGUE = Path(settings.LOCALE_PATHS[0]) / "zh_Hans" / "LC_MESSAGES" / "django.po"
COLLECT = (
    "python3 manage.py makemessages, translate what is empty, python3 manage.py compilemessages -i .venv"
)
MARKS = {"_", "mark", "gettext", "gettext_lazy", "gettext_noop", "translate"}
TEMPLATE_TEXT = re.compile(r'{%\s*(?:translate|trans)\s+"([^"]+)"')
FIELD = re.compile(r"\{(\w+)\}")
ENTRY = re.compile(
    r'^(?:#,(?P<flags>.*)\n)?msgid (?P<id>(?:".*"\n)+)msgstr (?P<text>(?:".*"\n?)+)', re.MULTILINE
)


def catalogue() -> dict[str, str]:
    """msgid → msgstr of the written catalogue, its header left out."""
    found = {}
    for entry in ENTRY.finditer(CATALOGUE.read_text(encoding="utf-8")):
        msgid, text = _joined(entry["id"]), _joined(entry["text"])
        if msgid:
            assert "fuzzy" not in (entry["flags"] or ""), f"a guess, to be checked: {msgid!r}"
            found[msgid] = text
    return found


def _joined(quoted: str) -> str:
    return "".join(ast.literal_eval(line) for line in quoted.splitlines() if line)


def texts_of_the_code() -> Iterator[tuple[str, str]]:
    """(text, file) of every `_("…")` and every {% translate %}."""
    for source in sources():
        for call in source.calls():
            if called_name(call) in MARKS and call.args and isinstance(call.args[0], ast.Constant):
                text = call.args[0].value
                if isinstance(text, str):
                    yield text, source.name
    for page in (ROOT / "backend").rglob("*.html"):
        for text in TEMPLATE_TEXT.findall(page.read_text(encoding="utf-8")):
            yield text, page.relative_to(ROOT).as_posix()


def test_every_text_of_the_code_is_translated():
    known = catalogue()
    missing = sorted({f"{where}: {text}" for text, where in texts_of_the_code() if not known.get(text)})
    assert not missing, f"{len(missing)} texts without Chinese. {COLLECT}\n" + "\n".join(missing)


def test_catalogue_holds_no_text_that_is_gone():
    gone = set(catalogue()) - {text for text, _where in texts_of_the_code()}
    assert not gone, f"Nobody says {sorted(gone)} any more. {COLLECT}"


def test_compiled_catalogue_is_the_written_one():
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    old = [text for text, chinese in catalogue().items() if compiled.gettext(text) != chinese]
    assert not old, f"The .mo is older than the .po. {COLLECT}"


@pytest.mark.parametrize("text", sorted(text for text in catalogue() if FIELD.search(text)))
def test_translation_names_the_same_fields(text: str):
    assert sorted(set(FIELD.findall(text))) == sorted(set(FIELD.findall(catalogue()[text])))


def test_translations_are_chinese():
    """Names of codes and formats stay; what is nothing but a field, too."""
    foreign = [
        text
        for text, chinese in catalogue().items()
        if FIELD.sub("", text).strip() and not re.search("[\u4e00-\u9fff]", chinese)
    ]
    assert not foreign


def test_reader_gets_the_catalogue():
    with override("zh-hans"):
        assert translate("Not found") == "未找到"
    with override("en"):
        assert translate("Not found") == "Not found"
