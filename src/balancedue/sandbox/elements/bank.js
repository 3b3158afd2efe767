// Tells the shop's page, if this one stands in its dialog, that it is there or at its end, or that Escape was pressed
// here. Nothing said is secret, so any parent may hear it.
if (window.parent !== window) {
  const height = Math.ceil(document.body.getBoundingClientRect().height);
  const say = (word) => window.parent.postMessage({ sandbox3ds: word, height }, "*");
  say(document.body.dataset.says);
  document.addEventListener("keydown", ({ key }) => { if (key === "Escape") say("escape"); });
}
