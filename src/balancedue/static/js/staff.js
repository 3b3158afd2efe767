/* Staff pages: comfort on top of plain HTML. Every task works without this file; nothing here decides anything. */
(() => {
"use strict";
const root = document.documentElement, $ = (css, from = document) => from.querySelector(css);
const $$ = (css, from = document) => [...from.querySelectorAll(css)];
const on = (type, css, act) => document.addEventListener(type, event => {
  const hit = event.target.closest?.(css);
  if (hit) act(hit, event);
}, type === "focus" || type === "blur");
const make = (name, set = {}, ...inside) => {
  const node = Object.assign(document.createElement(name), set);
  node.append(...inside);
  return node;
};
const touch = matchMedia("(pointer: coarse)").matches;
root.classList.add("scripted");

/* Words: spoken once, or shown for six seconds (longer under the pointer or focus) */
const say = words => { const box = $("#spoken"); if (box) { box.textContent = ""; setTimeout(() => { box.textContent = words }, 50) } };
const fade = toast => {
  let timer;
  const wait = () => { timer = setTimeout(() => toast.remove(), 6000) }, hold = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", hold); toast.addEventListener("pointerleave", wait);
  wait();
};
const tell = words => {
  const toast = make("p", {className: "toast", textContent: words}), home = $("#toasts");
  if (!home) return;
  const open = $("dialog:modal");
  (open ?? home.parentElement).append(home); /* outside an open dialog it would be inert */
  home.append(toast); fade(toast);
};
addEventListener("balancedue:tell", event => tell(event.detail.value ?? event.detail));
document.addEventListener("close", event => { if ($("#toasts", event.target)) $("main").append($("#toasts")) }, true);

/* Dialogs where the browser does not know commandfor yet */
if (!("commandForElement" in HTMLButtonElement.prototype)) on("click", "button[commandfor]", button => {
  const dialog = document.getElementById(button.getAttribute("commandfor"));
  const deed = button.getAttribute("command");
  if (deed === "show-modal" && !dialog.open) dialog.showModal();
  if (deed === "close") dialog.close();
});
const openDialog = dialog => {
  if (dialog.open && !dialog.matches(":modal")) dialog.close(); /* re-rendered open by a page without scripts */
  if (!dialog.open) dialog.showModal();
};
document.addEventListener("toggle", event => { /* first focus: the message for a keyboard, the heading for a finger */
  const dialog = event.target;
  if (dialog.nodeName === "DIALOG" && event.newState === "open" && !$("[aria-invalid=true], [data-focus]", dialog)) {
    ($(touch ? "h2[tabindex]" : "[data-first-focus]", dialog) ?? dialog.querySelector("[autofocus]"))?.focus();
  }
}, true);

/* Chips: one address each. The real input stays in the form and holds the comma list. */
const parts = text => text.split(/[\s,;]+/).map(part => part.replace(/^<|>$/g, "")).filter(Boolean);
const chips = box => {
  if (box.dataset.chips === "on") return;
  box.dataset.chips = "on";
  const real = $("input", box), most = +box.dataset.max || 99, form = real.form;
  const label = $(`label[for="${real.id}"]`)?.firstChild.textContent.trim() ?? "", list = make("ul", {ariaLabel: label});
  const typed = real.cloneNode();
  Object.assign(typed, {type: "email", multiple: false, value: ""});
  typed.removeAttribute("name");
  real.type = "hidden"; real.removeAttribute("id");
  box.prepend(list); box.append(typed);
  const all = () => $$("bdi", list).map(node => node.textContent);
  const keep = () => { real.value = all().join(", "); real.dispatchEvent(new Event("input", {bubbles: true})) };
  const elsewhere = address => $$("[data-chips]", form).some(other => other !== box && other.dataset.alone === undefined
    && box.dataset.alone === undefined && $$("bdi", other).some(node => node.textContent.toLowerCase() === address));
  const add = text => {
    const left = [];
    for (const address of parts(text)) {
      const low = address.toLowerCase();
      if (all().some(known => known.toLowerCase() === low)) continue;
      if (elsewhere(low)) { say(`${address} is already on this email`); continue }
      if (all().length >= most) { say(`At most ${most} addresses in ${label}`); left.push(address); continue }
      const drop = make("button", {type: "button", ariaLabel: `Remove ${address}`});
      drop.innerHTML = '<svg class="icon small" viewBox="0 0 20 20" aria-hidden="true"><path d="m5 5 10 10M15 5 5 15"/></svg>';
      list.append(make("li", {className: "chip"}, make("bdi", {textContent: address}), drop));
    }
    typed.value = left.join(", "); keep();
  };
  const remove = chip => {
    const next = chip.nextElementSibling ?? chip.previousElementSibling, name = $("bdi", chip).textContent;
    chip.remove(); keep(); say(`Removed ${name}`);
    (next ? $("button", next) : typed).focus();
  };
  add(real.value);
  list.addEventListener("click", event => { const button = event.target.closest("button"); if (button) remove(button.parentElement) });
  list.addEventListener("keydown", event => {
    if (event.key === "Backspace" || event.key === "Delete") { event.preventDefault(); remove(event.target.closest("li")) }
    const step = {ArrowLeft: "previousElementSibling", ArrowRight: "nextElementSibling"}[event.key];
    if (step) { const to = event.target.closest("li")[step]; (to ? $("button", to) : typed).focus() }
  });
  typed.addEventListener("keydown", event => {
    const text = typed.value.trim();
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    if (text && [",", ";", "Enter", " "].includes(event.key)) { event.preventDefault(); add(text) }
    else if (event.key === "Enter") event.preventDefault();
    else if (event.key === "Tab" && text) add(text);
    else if (event.key === "Backspace" && !typed.value) $("li:last-child button", list)?.focus();
  });
  typed.addEventListener("paste", event => {
    const text = event.clipboardData.getData("text");
    if (/[\s,;]/.test(text.trim())) { event.preventDefault(); add(`${typed.value} ${text}`) }
  });
  typed.addEventListener("blur", () => add(typed.value));
  box.addEventListener("click", event => { if (event.target === box || event.target === list) typed.focus() });
};

/* Ticked box shows what it governs: <input data-reveals="id"> */
const reveal = input => { const part = document.getElementById(input.dataset.reveals); if (part) part.hidden = !input.checked };
on("change", "[data-reveals]", reveal);

/* Copy: <button data-copy="id of a field"> or data-copy-text="..." */
on("click", "[data-copy], [data-copy-text]", async button => {
  const source = document.getElementById(button.dataset.copy), text = source ? source.value ?? source.textContent : button.dataset.copyText;
  const word = $("span", button) ?? button, before = word.textContent;
  try { await navigator.clipboard.writeText(text) } catch { source?.select?.(); document.execCommand("copy") }
  word.textContent = "Copied"; say("Copied");
  setTimeout(() => { word.textContent = before }, 2000);
});
on("click", "[data-print]", () => print());
on("focus", "[data-select]", field => field.select());

/* Theme: as the system, light, dark */
const themes = ["", "light", "dark"], themeName = {"": "as the system", light: "light", dark: "dark"};
const showTheme = () => $$("[data-theme-next] span").forEach(word => { word.textContent = `Theme: ${themeName[root.dataset.theme ?? ""]}` });
on("click", "[data-theme-next]", () => {
  const next = themes[(themes.indexOf(root.dataset.theme ?? "") + 1) % 3];
  if (next) root.dataset.theme = next; else delete root.dataset.theme;
  document.cookie = `theme=${next};path=/;max-age=${next ? 31536000 : 0};samesite=lax`;
  showTheme();
});

/* A form is sent once; its button says so. The server knows the key of the form in any case. */
const busy = (form, button) => {
  form.dataset.sent = "1";
  if (!button) return;
  button.ariaBusy = "true"; button.setAttribute("aria-busy", "true");
  if (button.dataset.busy) { button.dataset.rest = button.innerHTML; button.textContent = button.dataset.busy }
};
const rest = form => {
  delete form.dataset.sent;
  $$("[aria-busy=true]", form).forEach(button => { button.removeAttribute("aria-busy"); if (button.dataset.rest) button.innerHTML = button.dataset.rest });
};
document.addEventListener("submit", event => {
  const form = event.target;
  if (form.method === "dialog" || form.method === "get") return;
  if (form.dataset.sent) { event.preventDefault(); event.stopImmediatePropagation(); return }
  setTimeout(() => busy(form, event.submitter ?? $(".button.primary", form)));
}, true);
addEventListener("pageshow", event => { if (event.persisted) $$("form[data-sent]").forEach(rest) });
document.addEventListener("htmx:afterRequest", event => { const form = event.target.closest?.("form"); if (form) rest(form) });
const lost = event => {
  const form = event.target.closest?.("form"), note = form && $("[data-lost]", form);
  if (note) note.hidden = false;
};
document.addEventListener("htmx:sendError", lost);
document.addEventListener("htmx:responseError", lost);
/* A hidden page asks for nothing */
document.addEventListener("htmx:beforeRequest", event => {
  if (document.hidden && event.detail.requestConfig?.verb === "get" && event.target.matches("[hx-trigger*=every]")) event.preventDefault();
});

/* Balance after this: <output data-after="id of the amount" data-due="110528" data-digits="2" data-locale data-currency> */
const minor = (text, out) => {
  const spot = (1.1).toLocaleString(out.dataset.locale).replace(/[\d٠-٩]/g, "");
  const clean = text.replace(/[^\d.,]/g, ""), plain = spot === "," ? clean.replace(/\.(?=\d{3})/g, "").replace(",", ".") : clean.replace(/,/g, "");
  return /^\d+(\.\d*)?$|^\.\d+$/.test(plain) ? Math.round(plain * 10 ** out.dataset.digits) : NaN;
};
const after = out => {
  const due = +out.dataset.due, left = due - minor(document.getElementById(out.dataset.after).value, out);
  const show = sum => (sum / 10 ** out.dataset.digits).toLocaleString(out.dataset.locale, {style: "currency", currency: out.dataset.currency});
  out.textContent = !(left <= due) ? "" : left < 0
    ? `This is ${show(-left)} more than is due. The order will show a credit.` : `Balance after this: ${show(left)}`;
};
on("input", "input", field => $$(`[data-after="${field.id}"]`).forEach(after));
/* Counter from nine tenths of the limit: <textarea maxlength data-count="id"> */
on("input", "[data-count]", field => {
  const out = document.getElementById(field.dataset.count), most = +field.dataset.most || field.maxLength;
  out.textContent = field.value.length >= most * .9 ? `${field.value.length} of ${most} characters` : "";
});
on("click", "[data-fill]", button => { /* "Use last message" */
  const field = document.getElementById(button.dataset.fill);
  field.value = button.dataset.text; field.focus();
});

/* Keys. Off in fields and by the switch in the list of shortcuts. */
const stored = () => { try { return localStorage.shortcuts !== "off" } catch { return true } };
let lead = "", leadTimer;
const rows = () => $$(".table.list tbody tr");
const move = by => {
  const all = rows(), at = all.findIndex(row => row.classList.contains("at")), row = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  if (!row) return;
  all[at]?.classList.remove("at"); row.classList.add("at");
  $(".lead a", row).focus(); row.scrollIntoView({block: "nearest"});
};
const press = key => ($(`.table.list tr.at [data-key="${key}"]`) ?? $(`main [data-key="${key}"]:not(:disabled)`))?.click();
const keys = {
  "/": () => $("input[type=search]")?.focus(), j: () => move(1), k: () => move(-1), r: () => press("r"), p: () => press("p"),
  Enter: event => { if (event.target === document.body) $(".table.list tr.at .lead a")?.click(); return true },
  "?": () => openDialog($("#shortcuts")),
};
document.addEventListener("keydown", event => {
  const open = $("dialog:modal"), key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest("form") ?? (open && $("form", open));
    if (form) { event.preventDefault(); event.target.blur?.(); form.requestSubmit($(".button.primary:not(:disabled)", form)) }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || open || !stored()) return;
  if (event.target.matches("input, textarea, select, [contenteditable]")) return;
  if (lead === "g") { lead = ""; const link = $(`[data-go="${key}"]`); if (link) { event.preventDefault(); link.click() } return }
  if (key === "g") { lead = "g"; clearTimeout(leadTimer); leadTimer = setTimeout(() => { lead = "" }, 1500); return }
  if (keys[key] && keys[key](event) !== true) event.preventDefault();
});
on("change", "[data-shortcuts]", input => { try { localStorage.shortcuts = input.checked ? "on" : "off" } catch { /* private window */ } });

/* Everything that needs to look at new HTML */
const dress = from => {
  $$("[data-chips]", from).forEach(chips);
  $$("[data-reveals]", from).forEach(reveal);
  $$("[data-after]", from).forEach(after);
  $$("dialog[data-open], dialog[open]:not(:modal)", from).forEach(openDialog);
  $("[data-focus]", from)?.focus();
};
document.addEventListener("htmx:load", event => dress(event.target));
$$("[data-shortcuts]").forEach(input => { input.checked = stored() });
$$("#toasts .toast").forEach(fade);
showTheme();
if (!window.htmx) dress(document);
})();
