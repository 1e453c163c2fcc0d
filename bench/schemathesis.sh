#!/usr/bin/env bash
# schemathesis on every operation that takes anything: EXAMPLES (default 100) valid and as many invalid requests each.
# Runs tests/house/test_generated_requests.py for long; needs what the tests need (DATABASE_URL; see manage.py test).
set -euo pipefail
cd "$(dirname "$0")/.."
export SCHEMATHESIS_EXAMPLES="${1:-100}"
exec .venv/bin/python -m pytest tests/house/test_generated_requests.py -q -p no:randomly --reuse-db --durations=3
