"""The demo, as a newcomer meets it: one command, what it prints, three minutes in a browser, Ctrl-C."""

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.browser import NewContext
from tests.journeys.payer import PAYS, card_form, press_pay
from tests.journeys.waiting import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.slow]

READY_SECONDS, STOP_SECONDS = 120, 40
NEEDED_PORTS = 4


@dataclass
class Demo:
    """A running demo and what it printed."""

    process: "subprocess.Popen[str]"
    said: str
    children: list[psutil.Process]

    def told(self, name: str) -> str:
        """What stands beside one of the printed names."""
        found = re.search(rf"^\s*{name}\s+(.+)$", self.said, re.MULTILINE)
        assert found, self.said
        return found[1].strip()

    @property
    def sign_in(self) -> tuple[str, str]:
        """The address and the password."""
        email, _, password = self.told("Sign in").partition("  password  ")
        return email, password


def four_free_ports() -> int:
    """The first of four ports in a row that nobody listens on."""
    for first in range(20_000 + os.getpid() % 7_000, 30_000, NEEDED_PORTS):
        probes = [socket.socket() for _ in range(NEEDED_PORTS)]
        try:
            for offset, probe in enumerate(probes):
                probe.bind(("127.0.0.1", first + offset))
        except OSError:
            continue
        else:
            return first
        finally:
            for probe in probes:
                probe.close()
    raise AssertionError("no four ports are free")


def command(port: int, data: Path) -> list[str]:
    return [sys.executable, "-m", "balancedue", "demo", "--port", str(port), "--data", str(data)]


def newcomers_environment() -> dict[str, str]:
    """Nothing set up: no database, no keys, no mail server."""
    ours = ("BALANCEDUE_", "DJANGO_", "DATABASE_URL", "EMAIL_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@contextmanager
def running_demo(port: int, data: Path) -> Iterator[Demo]:
    """Start it, wait for its words, and see that Ctrl-C ends every process of it."""
    process = subprocess.Popen(
        command(port, data), env=newcomers_environment(), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    overdue = threading.Timer(READY_SECONDS, process.kill)
    overdue.start()
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            break
    overdue.cancel()
    children = psutil.Process(process.pid).children(recursive=True)
    try:
        assert "Ctrl-C" in said, said
        yield Demo(process, said, children)
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_SECONDS) == 0
        wait_until(lambda: not any(child.is_running() for child in children), "no process is left", seconds=10)
    finally:
        for left in children:
            if left.is_running():
                left.kill()
        process.kill()
        process.communicate()


def sign_in(page: Page, demo: Demo) -> None:
    email, password = demo.sign_in
    page.goto(demo.told("Balancedue"))
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Orders", exact=True)).to_be_visible()


def check_books(demo_data: Path) -> str:
    """What `balancedue check-books` says of the demo's books, while it runs."""
    kept = json.loads((demo_data / "demo-secrets.json").read_text())
    assert len(base64.b64decode(kept["field_key"])) == 32
    environment = newcomers_environment() | {
        "BALANCEDUE_DATA_DIR": str(demo_data),
        "BALANCEDUE_SECRET_KEY": kept["secret_key"],
        "BALANCEDUE_FIELD_KEYS": f"demo:{kept['field_key']}",
    }
    done = subprocess.run(
        [sys.executable, "-m", "balancedue", "check-books"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_newcomer_sends_and_pays_a_request_within_three_minutes(new_context: NewContext, tmp_path: Path) -> None:
    """U11, S1-S31: nothing set up, no documentation read; a second start finds everything as it was."""
    port, data = four_free_ports(), tmp_path / "demo"
    with running_demo(port, data) as demo:
        started = time.monotonic()
        page = new_context(viewport={"width": 1280, "height": 900}).new_page()
        sign_in(page, demo)
        row = page.get_by_role("row").filter(has_text="Not requested").first
        number = row.get_by_role("rowheader").inner_text()
        row.get_by_role("link", name=number, exact=True).click()
        card = page.locator("#payment-card")
        due = re.escape(card.locator(".sum").inner_text().strip())
        card.get_by_role("button", name=re.compile("^Request ")).click()
        window = page.get_by_role("dialog", name="Request Payment")
        window.get_by_label("Send email notification upon payment").check()
        window.get_by_role("button", name="Send email").click()
        expect(card).to_contain_text("Sending to")
        expect(card.get_by_role("button", name="Undo")).to_be_visible()

        page.goto(demo.told("Mailbox"))
        letter = page.get_by_role("link", name=re.compile(rf"Invoice INV-{number[1:]} .*{due} due"))
        expect(letter.first).to_be_visible(timeout=60_000)  # the undo time runs out by itself
        letter.first.click()
        with page.context.expect_page() as opened:
            page.frame_locator("iframe").get_by_role("link", name="View Invoice").click()
        invoice = opened.value
        expect(invoice.get_by_role("heading", name=f"Invoice INV-{number[1:]}")).to_be_visible()
        with invoice.expect_download():
            invoice.get_by_role("link", name="Download PDF").click()
        invoice.locator("#pay").click()
        card_form(invoice).get_by_label("Card number").click()
        for typed in (PAYS, "1239", "123"):
            invoice.keyboard.type(typed)
            invoice.keyboard.press("Tab")
        press_pay(invoice)
        expect(invoice.get_by_role("heading", name=re.compile("^Paid. Thank you"))).to_be_visible()

        page.goto(demo.told("Mailbox"))
        for subject in ("Receipt: ", "Paid: "):
            expect(page.get_by_role("link", name=re.compile(f"^{subject}.*{due}")).first).to_be_visible()
        page.goto(f"{demo.told('Balancedue')}foxglove/orders/{number[1:]}/")
        expect(card).to_contain_text("Nothing is due on this order.")
        assert time.monotonic() - started < 180
        assert len(demo.children) >= 5
        check_books(data)

    with running_demo(port, data) as demo:
        page = new_context().new_page()
        sign_in(page, demo)
        page.goto(f"{demo.told('Balancedue')}foxglove/orders/{number[1:]}/")
        expect(page.locator("#payment-card")).to_contain_text("Nothing is due on this order.")
        page.goto(demo.told("Mailbox"))
        expect(page.get_by_role("link", name=re.compile("^Receipt: ")).first).to_be_visible()
        page.goto(f"{demo.told('Balancedue')}foxglove/orders/")
        assert page.get_by_role("link", name=re.compile(r"^#\d+$")).count() == len(
            set(page.get_by_role("link", name=re.compile(r"^#\d+$")).all_inner_texts())
        )
        check_books(data)


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    """Nothing half started is left behind."""
    port = four_free_ports()
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", port + 1))
        somebody.listen()
        done = subprocess.run(
            command(port, tmp_path / "demo"), env=newcomers_environment(), capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f"Somebody is already using port {port + 1} (sandbox). Choose others: --port 8100"
    ]
    assert not (tmp_path / "demo").exists()
