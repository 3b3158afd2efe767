"""One JSON line per log record, with link tokens and client secrets taken out (I3, requirements.md 3.33)."""

import json
import logging
import re
from datetime import UTC, datetime

_SECRETS = [
    (re.compile(r"(/i/)[A-Za-z0-9_-]{20,}"), r"\1[token]"),
    (re.compile(r"_secret_[A-Za-z0-9]+"), "_secret_[redacted]"),
    (re.compile(r"\b((?:sk|rk)_(?:test|live)_|whsec_|bd_)[A-Za-z0-9_]+"), r"\1[redacted]"),
]


def redact(text: str) -> str:
    """`text` without anything that opens a link, an account or a payment."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class Redact(logging.Filter):
    """Takes secrets out of a record before any handler formats it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        return True


class Line(logging.Formatter):
    """A record as one JSON line; tracebacks are redacted too."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "text": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
