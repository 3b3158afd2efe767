/* The payment page: the processor's card form, and the press of Pay. Card details stay in the processor's own frame. */
(() => {
"use strict";
const form = document.getElementById("pay-form");
if (!form) return;
const by = id => document.getElementById(id), told = by("told"), changed = by("changed"), problems = by("problems"), button = by("pay");
const label = button.querySelector("span"), slow = by("slow"), pause = ms => new Promise(done => setTimeout(done, ms));
let stripe, elements, card, shown = Number(form.dataset.shown), busy = false, ready = false, leaving = false;
const leave = url => { leaving = true; location.replace(url) };

/* The look of our own page, for the frame: colours are read where they are worked out, light or dark */
const dark = matchMedia("(prefers-color-scheme: dark)");
const look = () => {
  const probe = document.createElement("span");
  form.append(probe);
  const colour = name => { probe.style.color = `var(--${name})`; return getComputedStyle(probe).color };
  const variables = {
    colorPrimary: colour("accent"), colorBackground: colour("surface"), colorText: colour("ink"), colorTextSecondary: colour("ink-2"),
    colorTextPlaceholder: colour("ink-3"), colorDanger: colour("crit"), borderRadius: "6px", fontFamily: "Inter, system-ui, sans-serif", fontSizeBase: "16px",
  };
  probe.remove();
  return {theme: dark.matches ? "night" : "stripe", variables, rules: {".Input": {borderColor: variables.colorTextPlaceholder, boxShadow: "none"}}};
};

const failed = () => { if (ready) return; by("card").hidden = true; by("card-failed").hidden = false };
const late = setTimeout(failed, 8000);
const start = () => {
  stripe = window.Stripe(form.dataset.key, {locale: form.dataset.locale});
  elements = stripe.elements({mode: "payment", amount: Number(form.dataset.amount), currency: form.dataset.currency, appearance: look(), locale: form.dataset.locale});
  card = elements.create("payment", {
    layout: "tabs", wallets: {applePay: "never", googlePay: "never"},
    fields: {billingDetails: {name: "never", email: "never", address: {postalCode: "never"}}},
  });
  card.on("ready", () => { ready = true; clearTimeout(late); by("card").hidden = false; by("card-failed").hidden = true });
  card.on("loaderror", failed);
  card.mount("#card");
  dark.addEventListener("change", () => elements.update({appearance: look()}));
  wallets();
};
const wallets = () => {
  const express = elements.create("expressCheckout", {}), place = by("wallets");
  express.on("ready", ({availablePaymentMethods}) => {
    if (availablePaymentMethods) { place.hidden = false; return }
    place.remove();
    const inApp = /iP(hone|ad)/.test(navigator.userAgent) && !/Safari/.test(navigator.userAgent); /* an email app's own browser */
    by("other-browser")?.toggleAttribute("hidden", !inApp);
  });
  express.on("loaderror", () => place.remove());
  express.on("confirm", pay);
  express.mount("#wallet-buttons");
};
const script = document.createElement("script");
script.addEventListener("load", start);
script.addEventListener("error", () => { by("wallets")?.remove(); failed() });
script.src = form.dataset.script;
document.head.append(script);

/* What the page says. One thing at a time; the words take the focus. */
const quiet = () => {
  told.hidden = changed.hidden = problems.hidden = true;
  form.querySelectorAll(".error").forEach(error => { error.hidden = true });
  form.querySelectorAll("[aria-invalid]").forEach(field => { field.removeAttribute("aria-invalid"); field.removeAttribute("aria-describedby") });
};
const show = place => { place.hidden = false; place.focus() };
const tell = words => { told.querySelector("[data-words]").textContent = words; show(told) };
const list = found => {
  problems.querySelector("ul").replaceChildren(...Object.entries(found).map(([name, words]) => {
    const item = document.createElement("li"), field = by(name), error = by(`${name}-error`);
    const text = field ? Object.assign(document.createElement("a"), {href: `#${name}`}) : item;
    text.textContent = words;
    if (text !== item) item.append(text);
    if (error) {
      error.querySelector("span").textContent = words;
      error.hidden = false;
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", error.id);
    }
    return item;
  }));
  show(problems);
};
problems.addEventListener("click", event => { if (event.target.hash === "#card") { event.preventDefault(); card.focus() } });
let slowly;
const work = on => {
  busy = on;
  clearTimeout(slowly);
  slow.textContent = "";
  label.hidden = on;
  if (on) {
    button.setAttribute("aria-busy", "true");
    button.append(Object.assign(document.createElement("span"), {className: "busy-words", textContent: form.dataset.busyWords}));
    slowly = setTimeout(() => { slow.textContent = by("slow-words").content.textContent }, 2000);
  } else {
    button.removeAttribute("aria-busy");
    button.querySelector(".busy-words")?.remove();
  }
};

const post = async (url, body) => {
  const answer = await fetch(url, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body), credentials: "omit"});
  return answer.json();
};
const again = async (url, body) => { /* asking twice does no harm: both calls are known by their key */
  try { return await post(url, body) } catch { await pause(1500); return post(url, body) }
};
const balanceChanged = answer => {
  shown = answer.shown;
  elements.update({amount: answer.page_amount});
  changed.querySelector("[data-was]").textContent = answer.was;
  document.querySelectorAll("[data-now], [data-sum]").forEach(place => { place.textContent = answer.now });
  show(changed);
};
const refused = answer => {
  if (answer.go) return leave(answer.go);
  if (answer.problems) return list(answer.problems);
  if (answer.page_amount) return balanceChanged(answer);
  tell(answer.sentence);
};

const begin = () => again(form.action, {page_key: form.dataset.page, shown, name: form.elements.name.value, email: form.elements.email.value});
const confirm = (begun, wallet) => {
  const back = new URL(begun.return_url, location.href).href;
  try { sessionStorage.setItem(`balancedue:${back}`, begun.page_url) } catch { /* then the way back is the link in the mail */ }
  const details = {name: form.elements.name.value, email: form.elements.email.value, address: {postal_code: form.elements.postcode.value}};
  return stripe.confirmPayment({
    elements, clientSecret: begun.client_secret, redirect: "if_required",
    confirmParams: {return_url: back, ...(wallet ? {} : {payment_method_data: {billing_details: details}})},
  });
};
const finish = async (begun, result) => {
  const known = await again(begun.check_url, {});
  if (known.go) return leave(known.go);
  tell(result.error?.type === "api_connection_error" ? form.dataset.notSent : known.sentence || form.dataset.notFinished);
};
const pay = async wallet => { /* the event of a wallet's button, or nothing */
  if (busy || !elements) return;
  const close = () => wallet?.paymentFailed?.({reason: "fail"}); /* its sheet, which lies over what we say */
  quiet();
  work(true);
  let confirming = false;
  try {
    const {error} = await elements.submit();
    if (error) { close(); return list({card: form.dataset.checkCard}) }
    const begun = await begin();
    if (!begun.client_secret) { close(); return refused(begun) }
    confirming = true;
    await finish(begun, await confirm(begun, wallet));
  } catch (problem) {
    console.error(problem);
    close();
    tell(confirming ? form.dataset.lost : form.dataset.notSent);
  } finally {
    if (!leaving) work(false);
  }
};
form.addEventListener("submit", event => { event.preventDefault(); event.stopImmediatePropagation(); pay() }, true);
by("pay-new").addEventListener("click", () => pay());
/* Back from elsewhere with the page as it was left: what it shows may be old */
addEventListener("pageshow", event => { if (event.persisted) location.reload() });
})();
