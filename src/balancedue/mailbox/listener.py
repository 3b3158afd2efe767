"""An SMTP listener on a thread of its own."""

import asyncio
import contextlib
import socket
import threading
from typing import Any

from aiosmtpd.smtp import SMTP


class SmtpListener:
    """Serves `handler` (an aiosmtpd handler) on `host:port`; port 0 picks a free one. A context manager.

    `options` go to `aiosmtpd.smtp.SMTP`, for example `tls_context`. OSError when the port is taken.
    """

    def __init__(self, handler: Any, *, host: str = "127.0.0.1", port: int = 0, **options: Any) -> None:
        self._handler = handler
        self._options: dict[str, Any] = {"enable_SMTPUTF8": True, "hostname": "mailbox.example", **options}
        self._socket = socket.create_server((host, port))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="smtp", daemon=True)
        self._server: asyncio.Server | None = None
        self.host = host
        self.port: int = self._socket.getsockname()[1]

    def __enter__(self) -> "SmtpListener":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _protocol(self) -> SMTP:
        return SMTP(self._handler, loop=self._loop, **self._options)

    async def _open(self) -> None:
        self._server = await self._loop.create_server(self._protocol, sock=self._socket)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        for task in others:
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
