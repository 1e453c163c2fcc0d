"""manage.py seed_demo: the demo's salt works in an empty database; a second time changes nothing."""

import json
import time
from typing import Any

from django.core.management.base import BaseCommand

from backend.core import clock
from fieldservice.demo import invitation
from fieldservice.demo.seed import fill, is_filled


class Command(BaseCommand):
    help = "Fills an empty database with the demo's salt works, and prints its accounts and what to try."

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        if is_filled():
            self.stdout.write("There are data already; nothing is changed")
        else:
            fill(now=clock.now())
            self.stdout.write(f"Demo data filled in within {time.monotonic() - started:.1f} s")
        for text in invitation.tries():
            self.stdout.write(f"TRY {text}")
        self.stdout.write(f"ACCOUNTS {json.dumps(invitation.accounts(), ensure_ascii=False)}")
