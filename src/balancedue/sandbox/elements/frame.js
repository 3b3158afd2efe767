// Inside the iframe. The shop's page sends one "init" with a message port; all else goes over that port, so the
// origin is checked once. Card data is read here and posted from here: it never reaches the shop's page.
"use strict";

(() => {
  const fields = typeof cardFields === "undefined" ? null : cardFields;
  const THEMES = { stripe: "", flat: "", none: "", night: "night" };
  const COLOURS = [
    "colorPrimary", "colorBackground", "colorText", "colorTextSecondary", "colorTextPlaceholder", "colorDanger",
    "colorBorder",
  ];
  const LENGTHS = { borderRadius: "border-radius", fontSizeBase: "font-size", spacingUnit: "margin-top" };
  const WORDS = { fontFamily: "font-family", fontWeightNormal: "font-weight", fontWeightMedium: "font-weight" };
  const root = document.documentElement;
  let port = null;
  let key = "";

  function say(name, data) {
    port.postMessage({ event: name, data });
  }

  function dress(appearance = {}) {
    root.classList.toggle("night", THEMES[appearance.theme] === "night");
    root.removeAttribute("style");
    const variables = appearance.variables || {};
    const properties = { ...LENGTHS, ...WORDS, ...Object.fromEntries(COLOURS.map((name) => [name, "color"])) };
    for (const [name, property] of Object.entries(properties)) {
      if (name in variables && CSS.supports(property, variables[name])) {
        root.style.setProperty(`--${name}`, variables[name]);
      }
    }
  }

  // Calls to the sandbox --------------------------------------------------------------------------------------------

  /** `{a: {b: x}}` as `a[b]=x`; what is null or missing is left out. */
  function flatten(data, into = new URLSearchParams(), prefix = "") {
    for (const [name, value] of Object.entries(data)) {
      const path = prefix ? `${prefix}[${name}]` : name;
      if (value !== null && typeof value === "object") flatten(value, into, path);
      else if (value !== null && value !== undefined && value !== "") into.append(path, value);
    }
    return into;
  }

  async function ask(method, path, data) {
    const form = flatten(data).toString();
    const address = method === "GET" ? `${path}?${form}` : path;
    const body = method === "GET" ? undefined : form;
    const headers = { Authorization: `Bearer ${key}` };
    if (body !== undefined) headers["Content-Type"] = "application/x-www-form-urlencoded";
    try {
      const answer = await fetch(address, { method, headers, body, credentials: "omit", cache: "no-store" });
      const result = await answer.json();
      return result.error ? { error: result.error } : { paymentIntent: result };
    } catch {
      return { error: { type: "api_connection_error", message: "We lost the connection to the payment service." } };
    }
  }

  const intentOf = (clientSecret) => clientSecret.split("_secret_")[0];

  const calls = {
    retrieve: ({ clientSecret }) =>
      ask("GET", `/v1/payment_intents/${encodeURIComponent(intentOf(clientSecret))}`, { client_secret: clientSecret }),

    submit: () => {
      const error = fields.check();
      return error ? { error } : { selectedPaymentMethod: "card" };
    },

    confirm: async ({ clientSecret, context, billingDetails, returnUrl, receiptEmail }) => {
      const error = fields.check();
      if (error) return { error };
      const { number, cvc, month, year } = fields.values();
      const result = await ask("POST", `/v1/payment_intents/${encodeURIComponent(intentOf(clientSecret))}/confirm`, {
        client_secret: clientSecret,
        client_context: context,
        return_url: returnUrl,
        receipt_email: receiptEmail,
        payment_method_data: {
          type: "card",
          billing_details: billingDetails,
          card: { number, cvc, exp_month: month, exp_year: year },
        },
      });
      if (result.error) fields.blame(result.error.code);
      return result;
    },

    failChallenge: async ({ address }) => {
      const target = new URL(address);
      if (target.origin === location.origin) {
        const body = new URLSearchParams({ answer: "fail", framed: "1" });
        await fetch(target.pathname, { method: "POST", body, credentials: "omit" }).catch(() => null);
      }
      return {};
    },

    dress: ({ appearance }) => { dress(appearance); return {}; },
    focus: () => { fields.focus(); return {}; },
    clear: () => { fields.clear(); return {}; },
  };

  async function receive({ data }) {
    const call = Object.hasOwn(calls, data.call) ? calls[data.call] : null;
    if (call) port.postMessage({ reply: data.id, data: await call(data.data || {}) });
  }

  // Start -----------------------------------------------------------------------------------------------------------

  function start() {
    if (fields) {
      fields.watch(
        () => say("change", { complete: fields.complete(), empty: fields.empty() }),
        () => say("focus", {}),
      );
      document.getElementById("form").addEventListener("submit", (event) => event.preventDefault());
      new ResizeObserver(() => say("height", { height: Math.ceil(document.body.getBoundingClientRect().height) }))
        .observe(document.body);
    }
    say("ready", {});
  }

  window.addEventListener("message", (event) => {
    if (port || event.source !== window.parent || event.data?.type !== "init" || !event.ports[0]) return;
    port = event.ports[0];
    key = String(event.data.key);
    if (fields) dress(event.data.appearance);
    port.onmessage = receive;
    start();
  });
})();
