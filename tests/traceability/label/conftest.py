import json
from pathlib import Path

import pytest
from hypothesis import settings

from traceability.label.config import LabelConfig

# A busy machine is no failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

SCAN_DATA = Path(__file__).resolve().parents[2] / "data" / "scan"


@pytest.fixture(scope="session")
def house() -> LabelConfig:
    """The configuration the sample codes were written for."""
    return LabelConfig.from_json(json.loads((SCAN_DATA / "config.json").read_text(encoding="utf-8")))
