"""Everything put together: which part answers which address."""

from balancedue.sandbox import accounts
from balancedue.sandbox.accounts import Account
from balancedue.sandbox.api import Api
from balancedue.sandbox.challenges import Challenges
from balancedue.sandbox.checkout import Checkout
from balancedue.sandbox.deliveries import Sender
from balancedue.sandbox.faults import Faults
from balancedue.sandbox.frames import Frames
from balancedue.sandbox.http import Handler, Request, Response, Routes, json_response, text_response
from balancedue.sandbox.own import Own
from balancedue.sandbox.pages import Pages
from balancedue.sandbox.settings import Settings
from balancedue.sandbox.settling import Settler
from balancedue.sandbox.store import Store


class Sandbox:
    """The stand-in processor, without its socket."""

    def __init__(self, settings: Settings) -> None:
        self._store = Store(settings.data / "sandbox.sqlite3")
        with self._store.write() as tx:
            self.account: Account = accounts.default_account(tx, settings.data)
        self._faults = Faults(self._store)
        self._sender = Sender(self._store, self._faults, settings.retry_seconds)
        self._settler = Settler(self._store, self._sender.wake)
        self._api = Api(self._store, settings, self._sender.wake)
        self._frames = Frames(settings.merchant_origins)
        self._challenges = Challenges(self._store, settings, self._frames, self._sender.wake)
        self._checkout = Checkout(self._store, self._frames, self._sender.wake)
        self._own = Own(self._store, self._faults, self._sender.wake, settings.settle_seconds)
        self._pages = Pages(self._store, self._faults)
        self._routes = self._all_routes()

    def _all_routes(self) -> Routes[Handler]:
        routes: Routes[Handler] = Routes()
        routes.add("GET", "/", self._pages.overview)
        routes.add("GET", "/pages/{name}", self._pages.file)
        routes.add("GET", "/healthz", lambda request: json_response({"status": "ok"}))
        routes.add("GET", "/v3/?", self._frames.script)
        routes.add("GET", "/stripe.js", self._frames.script)
        routes.add("GET", "/{release}/stripe.js", self._frames.script)
        routes.add("GET", "/elements/payment", self._frames.card_form)
        routes.add("GET", "/elements/controller", self._frames.controller)
        routes.add("GET", "/elements/{name}", self._frames.file)
        routes.add("GET", "/3ds/{id}", self._challenges.ask)
        routes.add("POST", "/3ds/{id}", self._challenges.answer)
        routes.add("GET", "/c/pay/{id}", self._checkout.show)
        routes.add("POST", "/c/pay/{id}", self._checkout.begin)
        routes.add("GET", "/c/pay/{id}/done", self._checkout.done)
        self._own.add_to(routes)
        return routes

    def __call__(self, request: Request) -> Response:
        """The answer to one request."""
        return self._faults.around(request, lambda: self._answer(request))

    def _answer(self, request: Request) -> Response:
        if request.path.startswith("/v1/"):
            return self._api.answer(request)
        found = self._routes.find(request.method, request.path)
        if found is None:
            return text_response("This page is not here. Go to / to see what the sandbox holds.", "text/plain", 404)
        handler, parts = found
        return handler(request, **parts)

    def start(self) -> None:
        """Begin to send events and to settle slow cards."""
        self._sender.start()
        self._settler.start()

    def interrupt(self) -> None:
        """Begin no more work and let no request sleep on."""
        self._faults.stop()
        self._sender.stop()
        self._settler.stop()

    def close(self) -> None:
        """Close the file."""
        self._store.close()
