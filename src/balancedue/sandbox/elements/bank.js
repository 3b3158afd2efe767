// Tells the shop's page, if this one stands in its dialog, that it is there or at its end. No data, so any parent may hear it.
if (window.parent !== window) {
  window.parent.postMessage({ sandbox3ds: document.body.dataset.says }, "*");
}
