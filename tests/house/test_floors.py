"""What we stand on: versions that are safe, pinned with hashes, and a tree that needs nothing outside itself."""

import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.house.source import ROOT

# Reliability page, promise 23: below these stand known advisories.
FLOORS = {"Django": "5.2.19", "pillow": "13.0.0", "djangorestframework": "3.18.3", "django-q2": "1.11.1"}
FLOORS_WHERE_INSTALLED = {"openpyxl": "3.1"}
ZBAR_FLOOR = "0.23.92-7+deb12u1"  # carries the fixes of CVE-2023-40889 and -40890
COMPILED = ("requirements.txt", "requirements-dev.txt", "requirements-uv.txt")
OURS = ("backend", "traceability", "fieldservice", "tests", "bench", "deploy", "api_docs")


@pytest.mark.parametrize("name", sorted(FLOORS))
def test_dependency_is_not_below_its_floor(name: str):
    assert Version(metadata.version(name)) >= Version(FLOORS[name])


@pytest.mark.parametrize("name", sorted(FLOORS_WHERE_INSTALLED))
def test_optional_dependency_is_not_below_its_floor(name: str):
    try:
        installed = metadata.version(name)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{name} is not used")
    assert Version(installed) >= Version(FLOORS_WHERE_INSTALLED[name])


def test_zbar_carries_the_fixes():
    if not shutil.which("dpkg-query"):
        pytest.skip("no Debian package to ask")
    asked = subprocess.run(["dpkg-query", "-W", "-f=${Version}", "libzbar0"], capture_output=True, text=True)
    if asked.returncode or not asked.stdout:
        pytest.skip("libzbar0 is not installed as a package")
    compared = subprocess.run(["dpkg", "--compare-versions", asked.stdout, "ge", ZBAR_FLOOR])
    assert compared.returncode == 0, f"libzbar0 {asked.stdout} is older than {ZBAR_FLOOR}"


def pinned(name: str) -> list[tuple[Requirement, str]]:
    """(requirement, its lines) of a compiled file."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "-"))]
    return [(Requirement(line.split(" --hash")[0]), line) for line in lines]


@pytest.mark.parametrize("name", COMPILED)
def test_requirements_are_pinned_with_hashes_and_name_no_host(name: str):
    loose = [
        str(requirement)
        for requirement, line in pinned(name)
        if "--hash=sha256:" not in line or not str(requirement.specifier).startswith("==")
    ]
    assert pinned(name) and not loose
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?:|(?<!no-emit-)index-url|find-links|trusted-host|\.whl", text)


def test_what_is_installed_is_what_is_pinned():
    wrong = [
        f"{requirement} pinned, {metadata.version(requirement.name)} installed"
        for requirement, _line in pinned("requirements.txt")
        if not requirement.marker or requirement.marker.evaluate()
        if not requirement.specifier.contains(metadata.version(requirement.name), prereleases=True)
    ]
    assert not wrong


def test_every_requirement_says_why():
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    named = [line for line in lines if line.strip() and not line.startswith(("#", "-"))]
    assert named and all("==" in line or line.split("#")[0].strip() for line in named)


def test_licence_is_apache_2():
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")[:400]


def texts() -> list[Path]:
    """Our text files."""
    kinds = {".py", ".md", ".toml", ".sh", ".yaml", ".yml", ".js", ".html", ".css", ".in", ".txt", ".cfg"}
    found = [path for folder in OURS for path in (ROOT / folder).rglob("*") if path.suffix in kinds]
    return [*found, *(path for path in ROOT.iterdir() if path.suffix in kinds)]


def test_nothing_outside_the_tree_is_needed():
    """A fresh clone has no folder beside it; only a bench may use one where it is present."""
    outside = re.compile(r"\.\./shared|/work/|/root/|/home/\w")
    needing = [
        path.relative_to(ROOT).as_posix()
        for path in texts()
        if path != Path(__file__) and path.relative_to(ROOT).parts[0] != "bench"
        if outside.search(path.read_text(encoding="utf-8"))
    ]
    assert not needing


def test_import_contract_holds():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-logo"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
