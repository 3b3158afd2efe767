"""Many processes that start on one word: real races, on whichever database is under test."""

import json
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120


class Crew:
    """Processes, kept from one race to the next."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="crew-")
        self._address = str(Path(self._folder.name) / "socket")
        self._hands: list[IO[str]] = []
        self._home = subprocess.Popen(
            [sys.executable, "-m", "tests.safety.hand", self._address],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._home.stdout is not None
        assert self._home.stdout.readline() == "ready\n"

    def race(self, *tasks: dict[str, Any], may_break: bool = False) -> list[str]:
        """Each task in a process of its own, all at once; what each of them said."""
        while len(self._hands) < len(tasks):
            self._hands.append(self._one_more())
        hands = self._hands[: len(tasks)]
        for hand, task in zip(hands, tasks, strict=True):
            _tell(hand, json.dumps(task))
        for hand in hands:
            assert _hear(hand) == {"ready": True}
        for hand in hands:
            _tell(hand, "go")
        said = [str(_hear(hand)["said"]) for hand in hands]
        broken = [words for words in said if words.startswith("broken")]
        assert may_break or not broken, broken
        return said

    def _one_more(self) -> IO[str]:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(PATIENCE_SECONDS)
            wire.connect(self._address)
            return wire.makefile("rw")

    def stop(self) -> None:
        """Let every process end, and wait for it: the database goes next."""
        for hand in self._hands:
            hand.close()
        assert self._home.stdin is not None
        with self._home, self._folder:
            self._home.stdin.close()
            try:
                self._home.wait(PATIENCE_SECONDS)
            finally:
                self._home.kill()


def _tell(hand: IO[str], words: str) -> None:
    hand.write(words + "\n")
    hand.flush()


def _hear(hand: IO[str]) -> dict[str, Any]:
    line = hand.readline()
    assert line, "a process of the race ended"
    answer: dict[str, Any] = json.loads(line)
    return answer
