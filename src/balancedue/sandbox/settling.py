"""The clock for cards that stay in `processing`."""

import sys
import threading
import time
import traceback
from collections.abc import Callable

from balancedue.sandbox.intents import settle_now
from balancedue.sandbox.store import Store

_LOOK_EVERY = 0.5


class Settler:
    """A thread that ends `processing` when its time has come."""

    def __init__(self, store: Store, wake_sender: Callable[[], None]) -> None:
        self._store, self._wake_sender = store, wake_sender
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="settler", daemon=True)

    def start(self) -> None:
        """Begin, with whatever an earlier run left unsettled."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY):
            try:
                self._settle_due()
            except Exception:
                traceback.print_exc(file=sys.stderr)

    def _settle_due(self) -> None:
        with self._store.read() as tx:
            due = [
                row["intent"] for row in tx.db.execute("SELECT intent FROM settlement WHERE due <= ?", (time.time(),))
            ]
        for id in due:
            with self._store.write() as tx:
                settle_now(tx, tx.get("payment_intent", id))
                tx.db.execute("DELETE FROM settlement WHERE intent = ?", (id,))
            self._wake_sender()
