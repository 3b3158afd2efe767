"""One JSON line per log record, with link tokens and client secrets taken out (I3, requirements.md 3.33)."""

import re

import structlog
from structlog.typing import EventDict, WrappedLogger

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


def _redact_all(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Every text of the record, the trace of an exception too."""
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}


def line() -> structlog.stdlib.ProcessorFormatter:
    """The formatter that writes records of Django, of libraries and of our own as JSON lines."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _redact_all,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
