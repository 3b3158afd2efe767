/* Asks how a payment stands, and shows the page for that; brings a payer who comes back from elsewhere to their page. */
(() => {
"use strict";
const ask = async url => (await fetch(url, {method: "POST", credentials: "omit"})).json();
const place = document.querySelector("[data-check]");
if (place) {
  const {check, state} = place.dataset, since = Date.now();
  const look = async () => {
    try {
      const known = await ask(check);
      if (known.state !== state) return location.reload();
    } catch { /* offline: ask again */ }
    if (!("once" in place.dataset)) setTimeout(look, Date.now() - since < 30000 ? 2000 : 10000);
    if (!("long" in place.dataset) && !("once" in place.dataset) && Date.now() - since > 61000) location.reload();
  };
  setTimeout(look, 300);
}
/* Paid on a page elsewhere: which payment it will be is not known here, only where all payments of this link are */
const away = document.querySelector("form[data-away]");
if (away) {
  away.addEventListener("submit", () => { try { sessionStorage.setItem("balancedue:away", away.action) } catch { /* no memory */ } });
  addEventListener("pageshow", event => { if (event.persisted) location.reload() }); /* what it shows may be old */
}
const back = document.querySelector("[data-back]");
if (back) {
  let page = null;
  try {
    const left = sessionStorage.getItem("balancedue:away");
    page = sessionStorage.getItem(`balancedue:${location.origin}${location.pathname}`) ?? (left && `${left}${back.dataset.back}/`);
  } catch { /* no memory */ }
  const lost = back.querySelector("[data-lost-way]"), waiting = back.querySelector(".waiting");
  const stay = () => { lost.hidden = false; waiting.remove() }, go = () => location.replace(page);
  if (page) {
    lost.hidden = true;
    fetch(`${page}check/`, {method: "POST", credentials: "omit"}).then(answer => answer.ok ? go() : stay(), go);
  } else stay();
}
})();
