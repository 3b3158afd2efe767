"""A shop's pay page as small as it can be: real HTTP on `localhost`, a strict content policy, cookies of its own.

The sandbox is on 127.0.0.1, another site for a browser, as Stripe is.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import stripe

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pay</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/shop.css">
<script src="{sandbox}/v3/" nonce="n0nce"></script><script src="/shop.js" nonce="n0nce" defer></script></head>
<body data-key="{key}" data-theme="{theme}" data-redirect="{redirect}"><main><h1>Pay Foxglove Print Co.</h1>
<div id="wallets"></div><div id="card"></div><button id="pay" type="button">Pay $1,105.28</button>
<p id="result" role="status"></p></main></body></html>"""

SCRIPT = """
"use strict";
const { key, theme, redirect } = document.body.dataset;
const stripe = Stripe(key);
const elements = stripe.elements({ mode: "payment", amount: 110528, currency: "usd", appearance: { theme } });
const result = document.getElementById("result");
const log = (name) => (event) => { (window.heard ||= []).push([name, event]); };
const wallets = elements.create("expressCheckout");
wallets.on("ready", log("wallets"));
wallets.mount("#wallets");
const card = elements.create("payment", { fields: { billingDetails: { name: "never", email: "never" } } });
for (const name of ["ready", "change", "loaderror"]) card.on(name, log(name));
card.mount("#card");
window.shop = { stripe, elements, card };
document.getElementById("pay").addEventListener("click", async () => {
  result.textContent = "Paying";
  const checked = await elements.submit();
  if (checked.error) { result.textContent = `field: ${checked.error.code}`; return; }
  const intent = await (await fetch("/intent", { method: "POST" })).json();
  const end = await stripe.confirmPayment({
    elements, clientSecret: intent.client_secret, redirect,
    confirmParams: {
      return_url: location.origin + "/back?invoice=7",
      payment_method_data: { billing_details: { name: "Dana Whitlock", email: "dana@riverside-hs.example" } },
    },
  });
  const { error, paymentIntent } = end;
  result.textContent = error ? `error: ${error.code} ${error.decline_code || ""}` : `status: ${paymentIntent.status}`;
});
"""

BACK = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Back</title>
<script src="{sandbox}/v3/" nonce="n0nce"></script><script src="/back.js" nonce="n0nce" defer></script></head>
<body data-key="{key}"><main><h1>Back</h1><p id="result"></p></main></body></html>"""

BACK_SCRIPT = """
"use strict";
const secret = new URLSearchParams(location.search).get("payment_intent_client_secret");
if (secret) Stripe(document.body.dataset.key).retrievePaymentIntent(secret).then(({ paymentIntent, error }) => {
  document.getElementById("result").textContent = error ? `error: ${error.code}` : `status: ${paymentIntent.status}`;
});
"""

STYLE = """
:root { color-scheme: light dark; --paper: light-dark(#F8F7F4, #141210); --ink: light-dark(#1E1A14, #F1F0EC) }
body { margin: 0; padding: 16px; background: var(--paper); color: var(--ink) }
body { font: 1rem/1.5 Inter, system-ui, sans-serif }
main { max-width: 26rem; margin-inline: auto; display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr) }
button { min-height: 52px; font: inherit; font-weight: 600 }
"""


@dataclass
class Shop:
    """What the page does. `amount` is what its server asks for, which may have changed since the page was drawn."""

    url: str
    theme: str = "stripe"
    redirect: str = "if_required"
    amount: int = 110528
    intents: list[str] = field(default_factory=list)
    returned: list[dict[str, str]] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)


@contextmanager
def open_shop(sandbox: str, publishable_key: str, client: stripe.StripeClient, port: int) -> Iterator[Shop]:
    """A running shop on that port of localhost."""
    shop = Shop(f"http://localhost:{port}")
    policy = (
        f"default-src 'none'; script-src 'nonce-n0nce' {sandbox}; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self'; frame-src {sandbox}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target = urlsplit(self.path)
            values = {"sandbox": sandbox, "key": publishable_key, "theme": shop.theme, "redirect": shop.redirect}
            if target.path == "/back":
                shop.returned.append({name: value[0] for name, value in parse_qs(target.query).items()})
                shop.cookies.append(self.headers.get("Cookie", ""))
            files = {
                "/": ("text/html", PAGE.format(**values)),
                "/back": ("text/html", BACK.format(**values)),
                "/shop.js": ("text/javascript", SCRIPT),
                "/back.js": ("text/javascript", BACK_SCRIPT),
                "/shop.css": ("text/css", STYLE),
            }
            kind, text = files.get(target.path, ("text/plain", ""))
            self._send(kind, text, 200 if target.path in files else 404)

        def do_POST(self) -> None:
            intent = client.v1.payment_intents.create({"amount": shop.amount, "currency": "usd"})
            shop.intents.append(intent.id)
            self._send("application/json", json.dumps({"client_secret": intent.client_secret}), 200)

        def _send(self, kind: str, text: str, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(text.encode())))
            self.send_header("Content-Security-Policy", policy)
            self.send_header("Set-Cookie", "lax=1; SameSite=Lax; Path=/")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Answering)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield shop
    server.shutdown()
    server.server_close()
