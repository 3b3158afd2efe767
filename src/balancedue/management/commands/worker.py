"""`balancedue worker`: the background worker. Any number of them, on any number of machines."""

import os
import signal
import socket
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from balancedue.actions.work import BEAT_EVERY, TIDY_EVERY, beat, tidy, work_once
from balancedue.transports.email import mail_server

IDLE_SECONDS = 0.5


class Command(BaseCommand):
    help = "Send what is to be sent, look into webhooks, and ask the processor about payments in doubt."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do all that is due now, then exit")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        _need_a_mail_server()
        name = f"{socket.gethostname()}:{os.getpid()}"
        if once:
            beat(name)
            self.stdout.write(f"{work_once()} done")
            return
        self._stop = False
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        self._loop(name)

    def _on_signal(self, number: int, frame: Any) -> None:
        self._stop = True  # what is under way is finished first

    def _loop(self, name: str) -> None:
        next_beat = next_tidy = 0.0
        while not self._stop:
            now = time.monotonic()
            if now >= next_beat:
                beat(name)
                next_beat = now + BEAT_EVERY.total_seconds()
            if now >= next_tidy:
                tidy()
                next_tidy = now + TIDY_EVERY.total_seconds()
            if not work_once():
                time.sleep(IDLE_SECONDS)


def _need_a_mail_server() -> None:
    if not settings.EMAIL_URL:
        raise CommandError("Set EMAIL_URL to your mail server, for example smtp+tls://user:password@mail.example:587")
    try:
        mail_server(settings.EMAIL_URL)
    except ValueError as error:
        raise CommandError(str(error)) from error
