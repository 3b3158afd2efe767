"""Servers that tests start as processes of their own."""

import json
import subprocess
import sys
import threading
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READY_SECONDS = 20
STOP_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running stand-in processor. `url` is where servers and browsers reach it."""

    url: str
    secret_key: str
    publishable_key: str
    process: "subprocess.Popen[str]"

    def get(self, path: str) -> Any:
        """One of its own JSON answers, such as /_sandbox/books."""
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def post(self, path: str, data: dict[str, Any]) -> Any:
        """One of its own calls, such as /_sandbox/accounts."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(data).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def faults(self, **switch: Any) -> None:
        """Trouble from now on: mode (none, down, reset, slow), webhooks (on, off, twice), seconds; or plan, a list of
        rules such as `{"operation": "POST /v1/refunds", "fault": "timeout_after", "times": 1}`.
        """
        self.post("/_sandbox/faults", switch)

    def dispute(self, charge: str, **more: Any) -> str:
        """The payer's bank disputes a charge, whole or (`amount`) in part; the dispute's id."""
        return str(self.post("/_sandbox/disputes", {"charge": charge, **more})["id"])

    def end(self, id: str, outcome: str) -> None:
        """What becomes of a refund (succeeded, failed, canceled), a dispute (won, lost, escalated) or a payout (paid,
        failed).
        """
        kind = {"re": "refunds", "dp": "disputes", "po": "payouts"}[id.partition("_")[0]]
        self.post(f"/_sandbox/{kind}/{id}", {"outcome": outcome})

    def pay_out(self, account: str, **more: str) -> str:
        """Pay out what the account (acct_...) has, and later say that it was `outcome` (paid); the payout's id."""
        return str(self.post("/_sandbox/payouts", {"account": account, **more})["id"])

    def stop(self) -> int:
        """Ask it to end; its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        finally:
            self.process.kill()
            self.process.communicate()


def start_sandbox(
    tmp_path: Path, merchant_origin: str = "", *, port: int = 0, settle_seconds: float = 1, retry_seconds: float = 0.2
) -> Sandbox:
    """A sandbox on a free port with its file below `tmp_path`; the same folder again means the same keys and money.

    `merchant_origin` is the shop's origin as browsers type it. A slow card settles after `settle_seconds`.
    """
    command = [sys.executable, "-m", "balancedue.sandbox", "--port", str(port), "--data", str(tmp_path / "sandbox")]
    command += ["--settle-seconds", str(settle_seconds), "--retry-seconds", str(retry_seconds)]
    command += ["--merchant-origin", merchant_origin] if merchant_origin else []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    overdue = threading.Timer(READY_SECONDS, process.kill)
    overdue.start()
    assert process.stdout is not None
    words = process.stdout.readline().split()
    overdue.cancel()
    assert words[:2] == ["Sandbox", "ready"], f"the sandbox did not start: {words}"
    return Sandbox(words[3], words[6], words[9], process)
