// Stand-in for Stripe's script. It has the part of Stripe's interface that a page with a Payment Element uses, in the
// deferred flow (`elements({mode: "payment", amount, currency})`) and with a client secret, and behaves alike:
// validation before confirmation, errors as values, redirects after `redirect: "always"`.
(() => {
  "use strict";

  const ORIGIN = new URL(document.currentScript.src).origin;
  const LOAD_MILLISECONDS = 8000;
  const COLOURS = {
    stripe: { surface: "#FFFFFF", ink: "#1E1A14", quiet: "#56524B", line: "#89867E", accent: "#154FC3" },
    night: { surface: "#1D1B18", ink: "#F1F0EC", quiet: "#C1BDB7", line: "#7C776E", accent: "#89B1FA" },
  };

  class IntegrationError extends Error {
    constructor(message) {
      super(message);
      this.name = "IntegrationError";
      this.type = "invalid_request_error";
    }
  }

  function need(condition, message) {
    if (!condition) throw new IntegrationError(message);
  }

  const isDark = (appearance) => appearance?.theme === "night";

  class Emitter {
    #listeners = new Map();

    on(name, listener) {
      this.#listeners.set(name, [...(this.#listeners.get(name) || []), listener]);
      return this;
    }

    off(name, listener) {
      const kept = (this.#listeners.get(name) || []).filter((one) => listener && one !== listener);
      this.#listeners.set(name, kept);
      return this;
    }

    once(name, listener) {
      const wrapped = (data) => { this.off(name, wrapped); listener(data); };
      return this.on(name, wrapped);
    }

    emit(name, data) {
      for (const listener of this.#listeners.get(name) || []) listener(data);
    }
  }

  // A frame of the sandbox's origin and the port to talk to it ------------------------------------------------------

  class Frame extends Emitter {
    #waiting = new Map();
    #lastCall = 0;
    #port = null;

    constructor(path, title, hello) {
      super();
      this.element = document.createElement("iframe");
      this.element.src = ORIGIN + path;
      this.element.title = title;
      this.element.addEventListener("load", () => this.#connect(hello()));
      this.ready = new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("The frame did not load.")), LOAD_MILLISECONDS);
        this.on("ready", () => { clearTimeout(timer); resolve(); });
      });
      this.ready.catch(() => this.emit("loaderror", {
        error: { type: "api_connection_error", message: "The card form did not load." },
      }));
    }

    #connect(hello) {
      const channel = new MessageChannel();
      this.#port = channel.port1;
      this.#port.onmessage = ({ data }) => this.#receive(data);
      this.element.contentWindow.postMessage({ type: "init", ...hello }, ORIGIN, [channel.port2]);
    }

    #receive({ event, reply, data }) {
      if (event) return this.emit(event, data);
      const resolve = this.#waiting.get(reply);
      this.#waiting.delete(reply);
      if (resolve) resolve(data);
    }

    async call(name, data = {}) {
      await this.ready;
      this.#lastCall += 1;
      const id = this.#lastCall;
      return new Promise((resolve) => {
        this.#waiting.set(id, resolve);
        this.#port.postMessage({ call: name, id, data });
      });
    }
  }

  // Elements --------------------------------------------------------------------------------------------------------

  function place(target) {
    const found = typeof target === "string" ? document.querySelector(target) : target;
    need(found instanceof Element, `The selector you specified (${target}) applies to no DOM elements on the page.`);
    return found;
  }

  class PaymentElement extends Emitter {
    constructor(elements, options) {
      super();
      this.elements = elements;
      this.options = options;
      this.frame = null;
    }

    mount(target) {
      const parent = place(target);
      need(!this.frame, "This Element is mounted already.");
      const { stripe } = this.elements;
      const frame = new Frame("/elements/payment", "Secure card details", () => ({
        key: stripe.key, appearance: this.elements.options.appearance,
      }));
      this.frame = frame;
      Object.assign(frame.element.style, {
        display: "block", width: "calc(100% + 8px)", margin: "-4px", border: "0", height: "0",
      });
      this.dress();
      frame.on("height", ({ height }) => { frame.element.style.height = `${height}px`; });
      frame.on("ready", () => this.emit("ready", { elementType: "payment" }));
      frame.on("focus", () => this.emit("focus", { elementType: "payment" }));
      frame.on("change", (state) =>
        this.emit("change", { elementType: "payment", collapsed: false, value: { type: "card" }, ...state }));
      frame.on("loaderror", ({ error }) => this.emit("loaderror", { elementType: "payment", error }));
      parent.replaceChildren(frame.element);
    }

    /** A frame is see-through only while its colour scheme is that of its page. */
    dress() {
      if (this.frame) this.frame.element.style.colorScheme = isDark(this.elements.options.appearance) ? "dark" : "light";
    }

    update(options) { this.options = { ...this.options, ...options }; }
    focus() { this.frame?.call("focus"); }
    clear() { this.frame?.call("clear"); }
    blur() { this.frame?.element.blur(); }
    collapse() {}

    unmount() {
      this.frame?.element.remove();
      this.frame = null;
    }

    destroy() {
      this.unmount();
      this.elements.forget(this);
    }
  }

  /** Wallets: this browser has none, and says so. */
  class ExpressCheckoutElement extends Emitter {
    constructor(elements) {
      super();
      this.elements = elements;
    }

    mount(target) {
      place(target);
      setTimeout(() => this.emit("ready", { elementType: "expressCheckout", availablePaymentMethods: undefined }));
    }

    update() {}
    unmount() {}
    destroy() { this.elements.forget(this); }
  }

  const KINDS = { payment: PaymentElement, expressCheckout: ExpressCheckoutElement };

  class Elements {
    #made = new Map();
    submitted = false;

    constructor(stripe, options) {
      const deferred = options.mode !== undefined;
      need(!(deferred && options.clientSecret), "Give either clientSecret or mode, not both.");
      if (deferred) {
        need(options.mode === "payment", "The sandbox supports the mode \"payment\" only.");
        this.constructor.checkSum(options);
      }
      this.stripe = stripe;
      this.options = { appearance: { theme: "stripe" }, ...options };
    }

    static checkSum({ amount, currency }) {
      need(Number.isSafeInteger(amount) && amount > 0, "amount must be a positive whole number in minor units.");
      need(/^[a-z]{3}$/.test(currency || ""), "currency must be a three-letter code in lower case.");
    }

    create(kind, options = {}) {
      need(Object.hasOwn(KINDS, kind), `The sandbox has no Element of the type ${kind}.`);
      need(!this.#made.has(kind), `Can only create one Element of the type ${kind}.`);
      const element = new KINDS[kind](this, options);
      this.#made.set(kind, element);
      return element;
    }

    getElement(kind) { return this.#made.get(kind) || null; }

    forget(element) {
      for (const [kind, one] of this.#made) if (one === element) this.#made.delete(kind);
    }

    update(options) {
      this.options = { ...this.options, ...options };
      if (this.options.mode) this.constructor.checkSum(this.options);
      const payment = this.getElement("payment");
      if (options.appearance && payment?.frame) {
        payment.dress();
        payment.frame.call("dress", { appearance: options.appearance });
      }
      if ("amount" in options || "currency" in options) this.submitted = false;
    }

    fetchUpdates() { return Promise.resolve({}); }

    async submit() {
      const result = await this.cardFrame().call("submit");
      this.submitted = !result.error;
      return result;
    }

    cardFrame() {
      const frame = this.getElement("payment")?.frame;
      need(frame, "elements should have a mounted Payment Element.");
      return frame;
    }
  }

  // 3-D Secure ------------------------------------------------------------------------------------------------------

  function styled(tag, style, text) {
    const element = document.createElement(tag);
    Object.assign(element.style, style);
    if (text) element.textContent = text;
    return element;
  }

  /** Shows the bank's page in a dialog. Resolves to "done" or "cancelled", or to "broken" if the page never spoke. */
  function askBank(address, appearance) {
    const { surface, ink, quiet, line, accent } = COLOURS[isDark(appearance) ? "night" : "stripe"];
    const dialog = styled("dialog", {
      margin: "auto",
      width: "min(30rem, calc(100vw - 2rem))", padding: "0", border: `1px solid ${line}`, borderRadius: "16px",
      background: surface, color: ink, boxShadow: "0 24px 64px rgb(0 0 0 / .35)", overflow: "hidden",
      colorScheme: isDark(appearance) ? "dark" : "light", font: "1rem/1.5 Inter, system-ui, sans-serif",
    });
    const head = styled("div", { padding: "16px 20px 12px" });
    const title = styled("h2", { margin: "0", color: ink, font: "650 1.125rem/1.2 Inter, system-ui, sans-serif" },
      "Confirm with your bank");
    const hint = styled("p", { margin: "4px 0 0", color: quiet }, "Your bank may ask for a code or its app.");
    const frame = styled("iframe", { display: "block", width: "100%", height: "22rem", border: "0" });
    const foot = styled("div", { padding: "12px 20px 16px", display: "flex", justifyContent: "end" });
    const cancel = styled("button", {
      minHeight: "2.875rem", padding: "0 16px", background: "transparent", color: accent, cursor: "pointer",
      border: `1px solid ${line}`, borderRadius: "6px", font: "600 1rem/1 Inter, system-ui, sans-serif",
    }, "Cancel");
    title.id = `sandbox-3ds-${Math.random().toString(36).slice(2)}`;
    dialog.setAttribute("aria-labelledby", title.id);
    title.tabIndex = -1;
    title.autofocus = true; // so that the dialog's name is read first, and Escape reaches it
    title.style.outline = "none";
    frame.title = "Your bank's page";
    frame.src = `${address}?frame=1`;
    cancel.type = "button";
    head.append(title, hint);
    foot.append(cancel);
    dialog.append(head, frame, foot);
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
      const timer = setTimeout(() => finish("broken"), LOAD_MILLISECONDS);
      const listen = (event) => {
        if (event.origin !== ORIGIN || event.source !== frame.contentWindow) return;
        if (event.data?.sandbox3ds === "ready") {
          clearTimeout(timer);
          frame.style.height = `min(${Number(event.data.height)}px, 60vh)`;
        }
        if (event.data?.sandbox3ds === "done") finish("done");
        if (event.data?.sandbox3ds === "escape") finish("cancelled");
      };
      const finish = (result) => {
        clearTimeout(timer);
        window.removeEventListener("message", listen);
        dialog.close();
        dialog.remove();
        resolve(result);
      };
      window.addEventListener("message", listen);
      cancel.addEventListener("click", () => finish("cancelled"));
      dialog.addEventListener("cancel", (event) => { event.preventDefault(); finish("cancelled"); });
    });
  }

  const never = () => new Promise(() => {}); // the page is on its way elsewhere

  const REDIRECT_STATUS = { succeeded: "succeeded", processing: "processing" };

  function goBack(returnUrl, intent) {
    const address = new URL(returnUrl);
    address.searchParams.set("payment_intent", intent.id);
    address.searchParams.set("payment_intent_client_secret", intent.client_secret);
    address.searchParams.set("redirect_status", REDIRECT_STATUS[intent.status] || "failed");
    window.location.assign(address);
    return never();
  }

  // Stripe ----------------------------------------------------------------------------------------------------------

  const SECRET = /^pi_\w+_secret_\w+$/;

  function checkBilling(element, details) {
    const asked = element.options.fields?.billingDetails;
    if (typeof asked !== "object") return;
    for (const name of ["name", "email", "phone"]) {
      need(asked[name] !== "never" || details?.[name] !== undefined,
        `You specified "never" for fields.billingDetails.${name} when creating the payment Element, but did not pass ` +
        `confirmParams.payment_method_data.billing_details.${name} when calling stripe.confirmPayment.`);
    }
  }

  class StripeStandIn {
    #controller = null;

    constructor(key) {
      need(typeof key === "string" && /^pk_test_\w+$/.test(key), "Please provide a publishable test key: pk_test_...");
      this.key = key;
    }

    elements(options = {}) { return new Elements(this, options); }

    /** A frame that can ask the sandbox: the card form's, or a hidden one. */
    #frame(elements) {
      const mounted = elements?.getElement("payment")?.frame;
      if (mounted) return mounted;
      if (!this.#controller) {
        this.#controller = new Frame("/elements/controller", "Payment status", () => ({ key: this.key }));
        this.#controller.element.hidden = true;
        document.body.append(this.#controller.element);
      }
      return this.#controller;
    }

    async retrievePaymentIntent(clientSecret) {
      need(SECRET.test(clientSecret), "Please provide the client secret of a PaymentIntent.");
      try {
        return await this.#frame().call("retrieve", { clientSecret });
      } catch (problem) {
        return { error: { type: "api_connection_error", message: problem.message } };
      }
    }

    async confirmPayment({ elements, clientSecret, confirmParams = {}, redirect = "always" }) {
      need(elements instanceof Elements, "confirmPayment needs the elements instance.");
      const secret = clientSecret || elements.options.clientSecret;
      need(SECRET.test(secret || ""), "confirmPayment needs the client secret of a PaymentIntent.");
      need(["always", "if_required"].includes(redirect), "redirect is \"always\" or \"if_required\".");
      need(redirect !== "always" || confirmParams.return_url, "confirmPayment needs confirmParams.return_url.");
      need(!elements.options.mode || elements.submitted,
        "elements.submit() must be called before stripe.confirmPayment() and its result awaited.");
      const billingDetails = confirmParams.payment_method_data?.billing_details;
      checkBilling(elements.getElement("payment"), billingDetails);
      const { mode, amount, currency } = elements.options;
      const frame = elements.cardFrame();
      const result = await frame.call("confirm", {
        clientSecret: secret,
        context: mode ? { amount, currency } : {},
        returnUrl: confirmParams.return_url,
        receiptEmail: confirmParams.receipt_email,
        billingDetails,
      });
      if (result.error) return result;
      return this.#follow(result.paymentIntent, elements, redirect, confirmParams.return_url);
    }

    async handleNextAction({ clientSecret }) {
      const result = await this.retrievePaymentIntent(clientSecret);
      if (result.error || result.paymentIntent.status !== "requires_action") return result;
      return this.#follow(result.paymentIntent, null, "if_required");
    }

    async #follow(intent, elements, redirect, returnUrl) {
      if (intent.status !== "requires_action") {
        return redirect === "always" ? goBack(returnUrl, intent) : { paymentIntent: intent };
      }
      const address = intent.next_action.redirect_to_url.url;
      if (redirect === "always") {
        window.location.assign(address);
        return never();
      }
      const frame = this.#frame(elements);
      const end = await askBank(address, elements?.options.appearance);
      if (end === "broken") {
        window.location.assign(address);
        return never();
      }
      if (end === "cancelled") await frame.call("failChallenge", { address });
      const result = await frame.call("retrieve", { clientSecret: intent.client_secret });
      const failed = result.paymentIntent?.status === "requires_payment_method";
      return failed ? { error: { ...result.paymentIntent.last_payment_error, payment_intent: result.paymentIntent } } : result;
    }

    registerAppInfo() {}
  }

  window.Stripe = (key) => new StripeStandIn(key);
  window.Stripe.version = "sandbox";
})();
