"""`balancedue mailbox`: an SMTP server that keeps what it receives, and `/mailbox/` to read it."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from balancedue.mailbox.listener import SmtpListener
from balancedue.mailbox.pages import application
from balancedue.mailbox.receiver import Receiver
from balancedue.mailbox.store import Store


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged: the pages poll."""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; exit status 0 then, 1 when a port is taken. Prints one line when ready."""
    given = _arguments(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    folder = Path(given.data)
    try:
        with (
            SmtpListener(Receiver(Store(folder)), host=given.host, port=given.smtp_port) as smtp,
            make_server(given.host, given.port, application(folder), _Server, _Quiet) as web,
        ):
            threading.Thread(target=web.serve_forever, name="web", daemon=True).start()
            _say(f"mailbox ready: smtp://{smtp.host}:{smtp.port} http://{given.host}:{web.server_port}/mailbox/")
            stop.wait()
            web.shutdown()
    except OSError as failed:
        sys.stderr.write(f"mailbox: cannot listen: {failed.strerror or failed}\n")
        return 1
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="balancedue mailbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8025, help="port of the pages; 0 picks one (default: %(default)s)")
    parser.add_argument("--smtp-port", type=int, default=1025, help="port of SMTP; 0 picks one (default: %(default)s)")
    parser.add_argument("--data", default="mailbox", metavar="DIR", help="where messages are kept (default: ./mailbox)")
    return parser.parse_args(argv)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
