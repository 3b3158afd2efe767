/* Asks how a payment stands, and shows the page for that; brings a payer who comes back from the bank to their page. */
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
const back = document.querySelector("[data-back]");
if (back) {
  let page = null;
  try { page = sessionStorage.getItem(`balancedue:${location.origin}${location.pathname}`) } catch { /* no memory */ }
  if (page) {
    back.querySelector("[data-lost-way]").hidden = true;
    const go = () => location.replace(page);
    ask(`${page}check/`).then(go, go);
  } else back.querySelector(".waiting").remove();
}
})();
