/* Customer pages: three comforts. None is needed to read, print or pay. */
(() => {
"use strict";
document.addEventListener("click", event => {
  if (!event.target.closest("[data-print]")) return;
  event.preventDefault(); /* without this file it is a link to the PDF */
  print();
});

/* The pay bar stands in for a Pay button that has left the view */
const bar = document.querySelector("[data-paybar]"), pay = bar && document.getElementById(bar.dataset.paybar);
if (pay && "IntersectionObserver" in window) new IntersectionObserver(([seen]) => {
  bar.classList.toggle("on", !seen.isIntersecting && seen.boundingClientRect.top < 0);
}).observe(pay);

/* A form is sent once */
document.addEventListener("submit", event => {
  const form = event.target, button = event.submitter;
  if (form.dataset.sent) { event.preventDefault(); return }
  form.dataset.sent = "1";
  button?.setAttribute("aria-busy", "true");
  if (button?.dataset.busy) button.textContent = button.dataset.busy;
});
addEventListener("pageshow", event => { if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(form => delete form.dataset.sent) });

/* Opened: a person touched the page and had it in view for two seconds. Scanners do neither. */
const url = document.body.dataset.openedUrl, signs = ["pointerdown", "keydown", "wheel", "touchstart"];
if (!url) return;
let since = document.hidden ? 0 : performance.now(), seen = 0, sign = "", told = false;
const look = () => {
  const now = performance.now();
  if (since) seen += now - since;
  since = document.hidden ? 0 : now;
  if (told || !sign || seen < 2000) return;
  told = true;
  clearInterval(clock);
  navigator.sendBeacon(url, new URLSearchParams({sign, seen: Math.round(seen)}));
};
const clock = setInterval(look, 500);
document.addEventListener("visibilitychange", look);
signs.forEach(type => addEventListener(type, event => { if (event.isTrusted) { sign = type; look() } }, {passive: true}));
})();
