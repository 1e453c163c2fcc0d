"""Settings: the secret key of a machine, and what a start in production may not lack."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from backend.env import kept_secret_key, long_secrets

ROOT = Path(__file__).resolve().parents[2]
COMPLETE = {
    "SALTLINE_PRODUCTION": "1",
    "SALTLINE_SECRET_KEY": "k" * 64,
    "SALTLINE_HOSTS": "salt.example",
    "SALTLINE_NUM_PROXIES": "1",
}
READ_SETTINGS = "from backend import settings; print(settings.SECRET_KEY, settings.ALLOWED_HOSTS)"


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SALTLINE_")}
    return subprocess.run(
        [sys.executable, *command],
        env=kept | variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    file = tmp_path / "local" / "secret_key"
    key = kept_secret_key(file)
    assert len(key) >= 50
    assert kept_secret_key(file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_processes_that_start_at_once_share_one_key(tmp_path):
    file = tmp_path / "secret_key"
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: kept_secret_key(file), range(200)))
    assert keys == {file.read_text()}
    assert list(tmp_path.iterdir()) == [file]


def test_two_machines_have_two_keys(tmp_path):
    assert kept_secret_key(tmp_path / "one") != kept_secret_key(tmp_path / "two")


def test_without_a_place_to_keep_it_the_key_is_random(tmp_path):
    (tmp_path / "local").write_text("a file where the folder should be")
    file = tmp_path / "local" / "secret_key"
    assert len(kept_secret_key(file)) >= 50
    assert kept_secret_key(file) != kept_secret_key(file)


def test_damaged_key_is_refused_and_left_as_it_is(tmp_path):
    file = tmp_path / "secret_key"
    file.write_text("short")
    with pytest.raises(ImproperlyConfigured, match="holds no secret key"):
        kept_secret_key(file)
    assert file.read_text() == "short"


@pytest.mark.parametrize("missing", ["SALTLINE_SECRET_KEY", "SALTLINE_HOSTS", "SALTLINE_NUM_PROXIES"])
def test_production_does_not_start_without(missing):
    """Neither a command, which says so in one line, nor the web server."""
    without = COMPLETE | {missing: ""}
    command = run("manage.py", "check", **without)
    assert command.returncode == 1
    line = f"SALTLINE_PRODUCTION=1 needs {missing}; see “Settings” in README.md."
    assert command.stderr.splitlines() == [line]
    server = run("-c", "import backend.wsgi", **without)
    assert server.returncode == 1
    assert line in server.stderr.splitlines()[-1]


def test_production_starts_with_all_it_needs():
    done = run("-c", READ_SETTINGS, **COMPLETE)
    assert (done.returncode, done.stdout) == (0, f"{'k' * 64} ['salt.example']\n")


def test_web_server_and_jobs_of_one_machine_share_the_key():
    first, second = (run("-c", READ_SETTINGS) for _ in range(2))
    assert first.returncode == 0 and first.stdout == second.stdout
    assert "demo" not in first.stdout


@pytest.mark.parametrize(
    ("given", "found"), [("", []), ("a" * 32, ["a" * 32]), (f"{'a' * 32}, {'b' * 40}", ["a" * 32, "b" * 40])]
)
def test_secrets_are_separated_by_commas(monkeypatch, given, found):
    monkeypatch.setenv("SALTLINE_SERIAL_KEYS", given)
    assert long_secrets("SALTLINE_SERIAL_KEYS") == found


def test_a_short_secret_is_refused(monkeypatch):
    monkeypatch.setenv("SALTLINE_SERIAL_KEYS", f"{'a' * 32},{'b' * 31}")
    with pytest.raises(ImproperlyConfigured, match="32 characters"):
        long_secrets("SALTLINE_SERIAL_KEYS")
