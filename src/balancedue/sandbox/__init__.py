"""A stand-in card processor: its own process, its own SQLite file, Stripe's HTTP shape.

It imports nothing from the rest of balancedue, so what it says about a payment is a second opinion, not an echo.
No money moves and only published test card numbers are taken.

    http.py, server.py        requests, form bodies, routes; the socket
    store.py, ids.py          the file; BEGIN IMMEDIATE around every change
    errors.py, params.py      Stripe's error bodies; checks of what was sent
    accounts.py               keys and who is calling
    api.py, operations.py     /v1: authentication, idempotency, expansion; one function per operation
    intents.py, charges.py    the life of a payment
    cards.py, currencies.py   tables: test cards, minimum amounts
    challenges.py             3-D Secure pages
    events.py, deliveries.py  events, webhook endpoints, signed sending with retries
    settling.py               cards that stay in `processing` for a while
    faults.py                 outages on demand
    elements/, frames.py      the stand-in for Stripe's script and the card form in its iframe
    pages.py, own.py          the page that shows what is held; the `/_sandbox/` calls
    app.py, __main__.py       everything put together; the command
"""
