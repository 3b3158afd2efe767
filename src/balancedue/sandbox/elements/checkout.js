// The sandbox's own payment page: the same card form as on a shop's page, an address for the receipt, one button.
"use strict";

(() => {
  const $ = (id) => document.getElementById(id);
  const { key, session, amount, currency } = document.body.dataset;
  const LOST = "The connection was lost. Press Pay again: your card is charged once.";
  const night = window.matchMedia("(prefers-color-scheme: dark)");
  const appearance = () => ({ theme: night.matches ? "night" : "stripe" });

  const stripe = window.Stripe(key);
  const elements = stripe.elements({ mode: "payment", amount: Number(amount), currency, appearance: appearance() });
  const card = elements.create("payment", { fields: { billingDetails: { name: "never", email: "never" } } });
  card.on("loaderror", ({ error }) => { $("problem").textContent = error.message; });
  card.mount("#card");
  night.addEventListener("change", () => elements.update({ appearance: appearance() }));

  const FIELDS = {
    email: () => ($("email").validity.valid ? "" : "Enter an address such as name@shop.example"),
    name: () => ($("name").value.trim() ? "" : "Enter the name on the card"),
  };

  function show(id, message) {
    $(`${id}-error`).textContent = message;
    if (message) $(id).setAttribute("aria-invalid", "true");
    else $(id).removeAttribute("aria-invalid");
    return message;
  }

  for (const id of Object.keys(FIELDS)) $(id).addEventListener("input", () => show(id, ""));

  /** Shows what is missing, here and in the card form; the first of it has the focus. */
  async function complete() {
    const wrong = Object.entries(FIELDS).filter(([id, problem]) => show(id, problem())).map(([id]) => id);
    const { error } = await elements.submit();
    if (wrong[0] === "email" || (wrong.length && !error)) $(wrong[0]).focus();
    return !wrong.length && !error;
  }

  async function clientSecret() {
    const answer = await fetch(`/c/pay/${session}`, { method: "POST", credentials: "omit", cache: "no-store" });
    const said = await answer.json();
    if (said.error) window.location.reload(); // complete or expired meanwhile: the page says so itself
    return said.client_secret;
  }

  const end = `${window.location.origin}/c/pay/${session}/done`;

  async function pay() {
    const billing = { email: $("email").value.trim(), name: $("name").value.trim() };
    const { error } = await stripe.confirmPayment({
      elements,
      clientSecret: await clientSecret(),
      redirect: "if_required",
      confirmParams: { return_url: end, payment_method_data: { billing_details: billing } },
    });
    if (!error) return true;
    $("problem").textContent = error.type === "api_connection_error" ? LOST : error.message;
    return false;
  }

  function busy(on) {
    if (on) $("pay").setAttribute("aria-disabled", "true");
    else $("pay").removeAttribute("aria-disabled");
    $("form").setAttribute("aria-busy", String(on));
  }

  $("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if ($("pay").hasAttribute("aria-disabled")) return;
    $("problem").textContent = "";
    busy(true);
    try {
      if ((await complete()) && (await pay())) {
        window.location.assign(end);
        return; // stays busy until the next page is there
      }
    } catch {
      $("problem").textContent = LOST;
    }
    busy(false);
  });

  window.addEventListener("pageshow", ({ persisted }) => { if (persisted) window.location.reload(); });
})();
