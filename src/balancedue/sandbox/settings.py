"""What the command line decides, in one value."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """How one sandbox runs. Times are in seconds."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8100
    public_url: str = ""
    """Origin under which browsers reach the sandbox; empty: whatever the request's Host header says."""
    merchant_origins: tuple[str, ...] = field(default=("http://localhost:*", "http://127.0.0.1:*"))
    """Who may frame the card form and be returned to after 3-D Secure."""
    settle_seconds: float = 10.0
    """How long a slow card stays in `processing`."""
    retry_seconds: float = 1.0
    """Pause before the first retry of a webhook; doubles with each further one."""
