"""What a log line says, and what it must never say."""

import json
import logging
import sys

import pytest

from balancedue.config.logs import line


@pytest.mark.parametrize(
    "secret",
    [
        "/i/Zk0A3yTq8b1vWm5nX7c9dE2fG4hJ6kL8pQ0rS1tU3vW/",
        "pi_3ABC_secret_9xYzTopSecret",
        "sk_live_51Habcdefghij",
        "rk_test_51Habcdefghij",
        "whsec_abcdefghij",
        "bd_abcdefghijklmnop",
    ],
)
def test_a_line_never_holds_what_opens_something(secret: str) -> None:
    """I3, requirements.md 3.33: not in the words, not in their arguments, not in a trace."""
    try:
        raise ValueError(f"bad {secret}")
    except ValueError:
        record = logging.LogRecord("balancedue", logging.ERROR, "f.py", 1, "asked %s", (secret,), sys.exc_info())
    written = line().format(record)
    assert secret.strip("/").split("/")[-1] not in written
    assert "redacted" in written or "[token]" in written


def test_a_line_is_json_with_time_level_and_source() -> None:
    record = logging.LogRecord("balancedue.web", logging.WARNING, "f.py", 1, "slow: %d ms", (812,), None)
    told = json.loads(line().format(record))
    assert (told["event"], told["level"], told["logger"]) == ("slow: 812 ms", "warning", "balancedue.web")
    assert told["at"].endswith("Z")
