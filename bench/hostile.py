"""Every hostile input of the house tests on every operation, and mutations of good requests beyond.

    python3 bench/hostile.py --cases 40000

Runs `tests/house/test_hostile_inputs.py` in full: each case must give no 5xx, a refusal must be a problem document
and leave every table as it was. Needs what the tests need (DATABASE_URL; see `manage.py test`).
"""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SUITE = "tests/house/test_hostile_inputs.py"


class Tally:
    """Counts cases and keeps the slowest answer."""

    def __init__(self) -> None:
        self.cases, self.operations, self.failed, self.slowest = 0, 0, 0, (0.0, "")

    def pytest_runtest_logreport(self, report: Any) -> None:
        told = dict(report.user_properties)
        if report.when == "call" and "cases" in told:
            self.cases += told["cases"]
            self.operations += 1
            self.slowest = max(self.slowest, (told["slowest_s"], report.nodeid.split("[")[-1].rstrip("]")))
        self.failed += report.failed


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--cases", type=int, default=40_000, help="about so many in all")
    options.add_argument("--listed", type=int, default=35_000, help="what the generator makes by itself")
    wanted = options.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
    os.environ["HOSTILE_SHARE"] = str(max(1, wanted.listed // max(1, wanted.cases)))
    os.environ["HOSTILE_MUTATIONS"] = str(max(0, wanted.cases - wanted.listed) // 110)
    tally, started = Tally(), time.perf_counter()
    status = pytest.main([SUITE, "-q", "-p", "no:randomly", "--reuse-db"], plugins=[tally])
    seconds = time.perf_counter() - started
    print(
        f"{tally.cases} cases on {tally.operations} operations in {seconds:.0f} s ({tally.cases / seconds:.0f}/s): "
        f"{tally.failed} operations failed; slowest answer {tally.slowest[0]:.2f} s ({tally.slowest[1]})"
    )
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
