"""Settings from the environment, read by typed readers that fail loudly."""

import contextlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from environs import Env

env = Env()

SHORTEST_KEPT_KEY = 50  # characters
SHORTEST_SECRET = 32


def require(names: Sequence[str], *, why: str) -> None:
    """Raises ImproperlyConfigured, in one line, where one of the variables is missing or empty."""
    missing = [name for name in names if not env.str(name, "").strip()]
    if missing:
        raise ImproperlyConfigured(f"{why} needs {', '.join(missing)}; see “Settings” in README.md.")


def long_secrets(name: str) -> list[str]:
    """Secrets separated by commas. Raises ImproperlyConfigured for one shorter than 32 characters."""
    given: list[str] = env.list(name, [])
    found = [secret.strip() for secret in given if secret.strip()]
    if any(len(secret) < SHORTEST_SECRET for secret in found):
        raise ImproperlyConfigured(
            f"{name}: each secret has {SHORTEST_SECRET} characters or more; see “Settings” in README.md."
        )
    return found


def kept_secret_key(file: Path) -> str:
    """The random key in `file`, made by whoever asks first: the processes of one machine share it.

    A random key of this process alone where the file can be neither read nor made.
    Raises ImproperlyConfigured for a file that holds no key.
    """
    try:
        key = _read_or_make(file)
    except OSError:  # a read-only folder, or one of another account
        return secrets.token_urlsafe(64)
    if len(key) < SHORTEST_KEPT_KEY:
        raise ImproperlyConfigured(f"{file} holds no secret key; remove it, and a new one is made.")
    return key


def _read_or_make(file: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        return file.read_text().strip()
    file.parent.mkdir(parents=True, exist_ok=True)
    # Written whole under a name of our own, then linked: another process sees all of the key or none.
    own = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(secrets.token_urlsafe(64))
        with contextlib.suppress(FileExistsError):  # another was first: its key counts
            os.link(own, file)
    finally:
        own.unlink(missing_ok=True)
    return file.read_text().strip()
