"""Loading tables, and two confirmations at once."""

import csv
from datetime import date
from threading import Barrier, Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.factories import make_limit, make_user
from traceability.product import services
from traceability.product.models import Product, SpecLimit
from traceability.product.services import load_limits, load_products, seed_rows
from traceability.product.sheet import BadSheet


@pytest.mark.django_db
def test_seed_is_loaded_once_and_judges_nothing():
    assert load_limits(seed_rows("spec_limits.csv")).created == 121
    assert load_products(seed_rows("products_seed.csv")).created == 16
    assert not SpecLimit.objects.filter(needs_confirmation=False).exists()
    before = list(SpecLimit.objects.order_by("id").values())
    assert load_limits(seed_rows("spec_limits.csv")) == services.Loaded(created=0, kept=121)
    assert load_products(seed_rows("products_seed.csv")) == services.Loaded(created=0, kept=16)
    assert list(SpecLimit.objects.order_by("id").values()) == before


@pytest.mark.django_db
def test_loading_again_keeps_what_qc_confirmed():
    load_limits(seed_rows("spec_limits.csv"))
    row = SpecLimit.objects.get(product_key="edible_refined", grade="superior", parameter="moisture")
    services.confirm_limit(row, by=make_user("qc"), document="GB/T 5461-2016", valid_from=date(2017, 1, 2))
    load_limits(seed_rows("spec_limits.csv"))
    row.refresh_from_db()
    assert (row.needs_confirmation, row.valid_from) == (False, date(2017, 1, 2))


@pytest.mark.django_db
def test_table_with_one_bad_line_is_refused_whole():
    rows = seed_rows("spec_limits.csv")
    with pytest.raises(BadSheet):
        load_limits([*rows, dict(rows[0]) | {"high": "many"}])
    with pytest.raises(BadSheet):
        load_limits([*rows, rows[0]])
    with pytest.raises(BadSheet):
        load_limits([*rows, dict(rows[0]) | {"unit": "x" * 21, "grade": "other"}])
    with pytest.raises(BadSheet):
        load_products([*seed_rows("products_seed.csv"), {"key": "x"}])
    assert not SpecLimit.objects.exists() and not Product.objects.exists()


@pytest.mark.django_db
def test_command_loads_a_file_and_names_bad_lines(tmp_path, capsys):
    call_command("load_limits", str(services.SEED / "spec_limits.csv"))
    assert "121 created, 0 kept" in capsys.readouterr().out
    bad = tmp_path / "bad.csv"
    rows = seed_rows("spec_limits.csv")
    with bad.open("w", newline="") as table:
        writer = csv.DictWriter(table, list(rows[0]))
        writer.writeheader()
        writer.writerow(dict(rows[0]) | {"kind": "about"})
    with pytest.raises(CommandError, match="line 2"):
        call_command("load_limits", str(bad))
    with pytest.raises(CommandError):
        call_command("load_limits", str(tmp_path / "missing.csv"))


@pytest.mark.django_db(transaction=True)
def test_two_confirmations_at_once_leave_one_limit():
    rows = [make_limit(needs_confirmation=True) for _ in range(2)]
    by = make_user("qc")
    start = Barrier(2)
    refused = []

    def confirm(row: SpecLimit) -> None:
        start.wait()
        try:
            services.confirm_limit(row, by=by, document="paper")
        except services.LimitOverlaps as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [Thread(target=confirm, args=(row,)) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert SpecLimit.objects.filter(needs_confirmation=False).count() == 1
