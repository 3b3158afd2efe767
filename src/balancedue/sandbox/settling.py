"""The clock: what happens to an object later than the call that made it."""

import sys
import threading
import time
import traceback
from collections.abc import Callable

from balancedue.sandbox import checkout, disputes, intents, payouts, refunds
from balancedue.sandbox.store import Store, Stored, Transaction

_LOOK_EVERY = 0.25
_COMES: dict[str, tuple[str, Callable[[Transaction, Stored], None]]] = {
    "pi": ("payment_intent", intents.settle_now),
    "ch": ("charge", disputes.after_payment),
    "re": ("refund", refunds.settle_now),
    "dp": ("dispute", disputes.settle_now),
    "po": ("payout", payouts.settle_now),
    "cs": ("checkout.session", checkout.expire_now),
}
"""By the beginning of an id: what it is, and what its time brings."""

_DUE = "SELECT subject FROM appointment WHERE due <= ? ORDER BY due"


class Settler:
    """A thread that comes to each object when its time has come."""

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
            with self._store.read() as tx:
                due = [row["subject"] for row in tx.db.execute(_DUE, (time.time(),))]
            for subject in due:
                try:
                    self._come(subject)
                except Exception:
                    traceback.print_exc(file=sys.stderr)

    def _come(self, subject: str) -> None:
        with self._store.write() as tx:
            row = tx.db.execute("SELECT due FROM appointment WHERE subject = ?", (subject,)).fetchone()
            if row is None or row["due"] > time.time():  # dismissed or moved meanwhile
                return
            tx.dismiss(subject)  # first: what comes now may make another
            kind, come = _COMES[subject.partition("_")[0]]
            come(tx, tx.get(kind, subject))
        self._wake_sender()
