"""A stand-in card processor: its own process, its own SQLite file, Stripe's HTTP shape.

It imports nothing from the rest of balancedue, so what it says about a payment is a second opinion, not an echo.
No money moves and only published test card numbers are taken.

    http.py, server.py        requests, form bodies, routes; the socket
    store.py, ids.py          the file; BEGIN IMMEDIATE around every change
    errors.py, params.py      Stripe's error bodies; checks of what was sent
    accounts.py               keys and who is calling
    api.py, calls.py          /v1: authentication, idempotency, expansion; what an operation is given
    *operations.py            one function per operation: payments, hooks, money that moves later, Checkout
    intents.py, charges.py    the life of a payment
    refunds.py, disputes.py   what may become of it
    balances.py, payouts.py   fees, and what goes to the shop's bank
    sessions.py, checkout.py  Checkout Sessions; the page they are paid on
    domains.py                where a shop may show wallets
    cards.py, currencies.py   tables: test cards, minimum amounts
    challenges.py             3-D Secure pages
    events.py, deliveries.py  events, webhook endpoints, signed sending with retries
    settling.py               the clock: what happens later than the call that began it
    faults.py, plan.py        outages on demand: a switch for all, rules for single operations
    elements/, frames.py      the stand-in for Stripe's script, the card form in its iframe, the Checkout page
    pages.py, trouble.py      the page that shows what is held and makes trouble; markup.py has its pieces
    own.py                    the `/_sandbox/` calls
    app.py, __main__.py       everything put together; the command
"""
