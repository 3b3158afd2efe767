"""`balancedue serve`: the web server, after static files are in place."""

import argparse
import os
import sys

GRACE_SECONDS = 20  # longer than any call to a processor takes: a stop never cuts one off


def serve(argv: list[str]) -> int:
    """Become granian, serving the WSGI application. Does not return when all is well."""
    parser = argparse.ArgumentParser(prog="balancedue serve", description="The web server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args(argv)
    command = [sys.executable, "-m", "granian", "--interface", "wsgi"]
    command += ["--host", given.host, "--port", str(given.port), "--workers", str(given.workers)]
    command += ["--blocking-threads", "4", "--backpressure", "32", "--no-ws"]
    command += ["--workers-kill-timeout", str(GRACE_SECONDS), "--log-level", "warning"]
    command += ["balancedue.config.wsgi:application"]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "balancedue.config.settings")
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, no shell
