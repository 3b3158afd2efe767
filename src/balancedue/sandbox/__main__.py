"""The command: `python -m balancedue.sandbox`, also `balancedue sandbox`."""

import argparse
import os
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

from balancedue.sandbox.app import Sandbox
from balancedue.sandbox.server import Server
from balancedue.sandbox.settings import Settings

_PATIENCE_SECONDS = 1.5


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C. 0 after a clean stop, 1 if the port is taken."""
    settings = _settings(_parser().parse_args(argv))
    endings = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    endings = {one for one in endings if signal.getsignal(one) is not signal.SIG_IGN}
    signal.pthread_sigmask(signal.SIG_BLOCK, endings)  # before any thread starts, so that only sigwait sees them
    settings.data.mkdir(parents=True, exist_ok=True)
    sandbox = Sandbox(settings)
    try:
        server = Server(settings.host, settings.port, sandbox)
    except OSError as problem:
        print(f"The sandbox cannot listen on {settings.host}:{settings.port}: {problem.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    sandbox.start()
    server.start()
    origin = settings.public_url or f"http://{settings.host}:{server.server_address[1]}"
    keys = f"secret key {sandbox.account.secret_key}  publishable key {sandbox.account.publishable_key}"
    print(f"Sandbox ready at {origin}  {keys}", flush=True)  # noqa: T201
    signal.sigwait(endings)
    sandbox.interrupt()
    server.stop(_PATIENCE_SECONDS)
    sandbox.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    base = Path(os.environ.get("BALANCEDUE_DATA_DIR", "data"))
    parser = argparse.ArgumentParser(prog="balancedue sandbox", description="The stand-in card processor.")
    parser.add_argument("--port", type=int, default=8100, help="0 picks a free one (default: 8100)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--data", type=Path, default=base / "sandbox", help="folder of its file and keys.json")
    parser.add_argument(
        "--merchant-origin",
        action="append",
        default=[],
        metavar="URL",
        help="who may show the card form; may be repeated (default: BALANCEDUE_PUBLIC_URL, else any "
        "port of localhost and 127.0.0.1)",
    )
    parser.add_argument(
        "--public-url",
        default="",
        metavar="URL",
        help="where browsers reach the sandbox, if not by the address they ask for",
    )
    parser.add_argument(
        "--settle-seconds", type=float, default=10.0, help="how long a slow card stays in processing (default: 10)"
    )
    parser.add_argument(
        "--retry-seconds", type=float, default=1.0, help="pause before the first retry of a webhook (default: 1)"
    )
    return parser


def _settings(arguments: argparse.Namespace) -> Settings:
    given = arguments.merchant_origin or [os.environ.get("BALANCEDUE_PUBLIC_URL", "")]
    origins = tuple(origin for origin in map(_origin, given) if origin)
    known = {"merchant_origins": origins} if origins else {}
    return Settings(
        data=arguments.data,
        host=arguments.host,
        port=arguments.port,
        public_url=_origin(arguments.public_url),
        settle_seconds=arguments.settle_seconds,
        retry_seconds=arguments.retry_seconds,
        **known,
    )


def _origin(address: str) -> str:
    """Scheme, host and port of an address; nothing else of it may enter a policy header."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} and parts.netloc else ""


if __name__ == "__main__":
    sys.exit(main())
