"""`manage.py qguard`: the job cluster under its watchdog; this is how jobs are run, never bare `qcluster`."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from backend.core import process, queue
from backend.core.watchdog import Guard, Limits

HELPERS = 3  # besides the workers: the sentinel, the pusher and the monitor
SLACK_S = 60


class Command(BaseCommand):
    help = "Runs the job cluster and starts it anew when it hangs. Stops at SIGTERM or Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        longest_job_s = int(str(settings.Q_CLUSTER["timeout"]))
        parser.add_argument("--patience", type=float, default=longest_job_s + SLACK_S, metavar="SECONDS")
        parser.add_argument("--grace", type=float, default=25, metavar="SECONDS")
        parser.add_argument("--drain", type=float, default=10, metavar="SECONDS")
        parser.add_argument("--look", type=float, default=5, metavar="SECONDS", help="how often at the queue")

    def handle(self, *args: Any, **options: Any) -> None:
        limits = Limits(
            patience_s=options["patience"],
            grace_s=options["grace"],
            drain_s=options["drain"],
            queue_look_s=options["look"],
        )
        guard = Guard(
            [sys.executable, "-m", "django", "qcluster"],
            cwd=settings.BASE_DIR,
            size=int(str(settings.Q_CLUSTER["workers"])) + HELPERS,
            limits=limits,
            stopping=process.stop_asked(),
        )
        queue.sync_schedule()
        guard.run()
