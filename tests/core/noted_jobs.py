"""A job that leaves a line in a file each time it runs."""

from pathlib import Path


def note(file: str, number: str) -> None:
    """One whole line per run, also from several processes."""
    with Path(file).open("a") as lines:
        lines.write(f"{number}\n")
