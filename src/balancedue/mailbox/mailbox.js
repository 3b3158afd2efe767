// New mail appears by itself: asks for the newest number every two seconds while the page is looked at.
async function text(address) {
  return (await fetch(address)).text();
}

async function look(shown) {
  if (document.hidden) return;
  const newest = await text("/mailbox/newest");
  if (newest === shown.dataset.newest) return;
  const page = new DOMParser().parseFromString(await text("/mailbox/"), "text/html");
  const focused = document.activeElement?.getAttribute("href");
  shown.dataset.newest = newest;
  shown.replaceChildren(...page.getElementById("list").childNodes);
  document.getElementById("news").textContent = page.getElementById("news").textContent;
  document.querySelector(".head").replaceWith(page.querySelector(".head"));
  if (focused) shown.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
}

const shown = document.getElementById("list");
if (shown) setInterval(() => look(shown).catch(() => {}), 2000);
