/* Staff pages: comfort on plain HTML; see docs/design.md */
(() => {
"use strict";
const doc = document, root = doc.documentElement, byId = id => doc.getElementById(id);
const $ = (css, from = doc) => from.querySelector(css), $$ = (css, from = doc) => [...from.querySelectorAll(css)];
const listen = (type, act) => doc.addEventListener(type, act, true);
const on = (type, css, act) => listen(type, event => {
  const hit = event.target.closest?.(css);
  if (hit) act(hit, event);
});

/* Words, spoken or shown. Outside an open dialog they would be inert. */
const near = id => {
  const box = byId(id);
  if (box) ($("dialog:modal") ?? $("main")).append(box);
  return box ?? {};
};
const say = words => { const box = near("spoken"); box.textContent = ""; setTimeout(() => { box.textContent = words }, 99) };
const fade = toast => {
  let timer;
  const wait = () => { timer = setTimeout(() => toast.remove(), 6000) };
  toast.onpointerenter = () => clearTimeout(timer); toast.onpointerleave = wait;
  wait();
};
listen("balancedue:tell", ({detail}) => {
  const toast = doc.createElement("p");
  toast.className = "toast"; toast.textContent = detail.value ?? detail;
  near("toasts").append?.(toast); fade(toast);
});
listen("close", () => { near("toasts"); near("spoken") });

/* Dialogs; first focus is the message, for a finger the heading */
const openDialog = dialog => {
  if (dialog.open && !dialog.matches(":modal")) dialog.close();
  if (!dialog.open) dialog.showModal();
};
if (!("commandForElement" in HTMLButtonElement.prototype)) on("click", "[commandfor]", button => {
  const dialog = byId(button.getAttribute("commandfor"));
  if (button.getAttribute("command") === "close") dialog.close(); else openDialog(dialog);
});
listen("toggle", ({target, newState}) => {
  if (target.nodeName === "DIALOG" && newState === "open" && !$("[data-focus]", target))
    $(matchMedia("(pointer: coarse)").matches ? "h2" : "[data-first-focus]", target)?.focus();
});

/* Chips: the real input, now hidden, keeps the comma list */
const chips = box => {
  if ($("ul", box)) return;
  const real = $("input", box), typed = real.cloneNode(), list = doc.createElement("ul"), most = +box.dataset.max || 99;
  list.ariaLabel = $(`label[for="${real.id}"]`).firstChild.textContent;
  typed.removeAttribute("name"); typed.removeAttribute("multiple"); typed.value = "";
  real.type = "hidden"; real.removeAttribute("id");
  box.prepend(list); box.append(typed);
  const all = (from = list) => $$("bdi", from).map(node => node.textContent.toLowerCase());
  const keep = () => { real.value = $$("bdi", list).map(node => node.textContent).join(", ") };
  const others = () => "alone" in box.dataset ? [] : $$("[data-chips]:not([data-alone])", real.form).flatMap(other => other === box ? [] : all(other));
  const add = text => {
    const left = [];
    for (const address of text.split(/[\s,;<>]+/).filter(Boolean)) {
      if (all().includes(address.toLowerCase())) continue;
      if (others().includes(address.toLowerCase())) { say(`${address} is already on this email`); continue }
      if (list.children.length >= most) { say(`At most ${most} addresses in ${list.ariaLabel}`); left.push(address); continue }
      const chip = doc.createElement("li");
      chip.className = "chip";
      chip.innerHTML = '<bdi></bdi><button type="button"><svg class="icon small" viewBox="0 0 20 20" aria-hidden="true"><path d="m5 5 10 10M15 5 5 15"/></svg></button>';
      chip.firstChild.textContent = address; chip.lastChild.ariaLabel = `Remove ${address}`;
      list.append(chip);
    }
    typed.value = left.join(", "); keep();
  };
  const remove = chip => {
    const next = chip.nextElementSibling ?? chip.previousElementSibling;
    chip.remove(); keep(); say(`Removed ${chip.textContent}`);
    (next?.lastChild ?? typed).focus();
  };
  add(real.value);
  list.onclick = ({target}) => { if (target.closest("button")) remove(target.closest("li")) };
  list.onkeydown = event => { if (/^(Backspace|Delete)$/.test(event.key)) { event.preventDefault(); remove(event.target.closest("li")) } };
  typed.onkeydown = event => {
    const {key} = event, text = typed.value.trim();
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    if (key === "Enter" || text && /^[,; ]$/.test(key)) { event.preventDefault(); add(text) }
    if (key === "Tab" && text) add(text);
    if (key === "Backspace" && !typed.value) list.lastChild?.lastChild.focus();
  };
  typed.onpaste = event => {
    const text = event.clipboardData.getData("text").trim();
    if (/[\s,;]/.test(text)) { event.preventDefault(); add(`${typed.value} ${text}`) }
  };
  typed.onblur = () => add(typed.value);
  box.onclick = ({target}) => { if (target === box) typed.focus() };
};

/* Small things */
on("click", "[data-print]", () => print());
on("focus", "[data-select]", field => field.select());
on("click", "[data-fill]", ({dataset}) => { const field = byId(dataset.fill); field.value = dataset.text; field.focus() });
on("input", "[data-count]", ({dataset, value, maxLength}) => {
  byId(dataset.count).textContent = value.length < maxLength * .9 ? "" : `${value.length} of ${maxLength} characters`;
});
on("click", "[data-copy], [data-copy-text]", async button => {
  const field = byId(button.dataset.copy), word = $("span", button), before = word.textContent;
  try { await navigator.clipboard.writeText(field?.value ?? button.dataset.copyText) } catch { field?.select(); return }
  word.textContent = "Copied"; say("Copied");
  setTimeout(() => { word.textContent = before }, 2000);
});
const after = out => {
  const {due, digits, locale, currency} = out.dataset, text = byId(out.dataset.after).value;
  const [, whole, part = ""] = text.match(new RegExp(`^(.*?)(?:[.,](\\d{0,${digits}}))?\\D*$`)), sum = whole.replace(/\D/g, "") + part.padEnd(digits, 0);
  const left = due - sum, shown = (Math.abs(left) / 10 ** digits).toLocaleString(locale, {style: "currency", currency});
  out.textContent = !+sum || text.includes("-") ? "" : left < 0
    ? `This is ${shown} more than is due. The order will show a credit.` : `Balance after this: ${shown}`;
};
on("input", "input", field => $$(`[data-after="${field.id}"]`).forEach(after));

/* Theme: a cookie, so that the first paint is right */
const themes = ["", "light", "dark"], theme = () => root.dataset.theme ?? "";
const nameTheme = () => $$("[data-theme-next] span").forEach(word => { word.textContent = `Theme: ${theme() || "as the system"}` });
on("click", "[data-theme-next]", () => {
  const next = themes[(themes.indexOf(theme()) + 1) % 3];
  if (next) root.dataset.theme = next; else delete root.dataset.theme;
  doc.cookie = `theme=${next};path=/;max-age=31536000;samesite=lax`;
  nameTheme();
});

/* A form is sent once */
const rest = form => {
  delete form.dataset.sent;
  $$("[aria-busy]", form).forEach(button => { button.ariaBusy = null; if (button.dataset.rest) button.innerHTML = button.dataset.rest });
};
listen("submit", event => {
  const form = event.target, button = event.submitter;
  if (form.getAttribute("method") !== "post") return; /* .method may be a field */
  if (form.dataset.sent) { event.preventDefault(); event.stopImmediatePropagation(); return }
  form.dataset.sent = 1;
  if (button) setTimeout(() => {
    button.ariaBusy = "true";
    if (button.dataset.busy) { button.dataset.rest = button.innerHTML; button.textContent = button.dataset.busy }
  });
});
addEventListener("pageshow", () => $$("form[data-sent]").forEach(rest));
on("htmx:afterRequest", "form", rest);
listen("htmx:afterRequest", ({target, detail}) => {
  const note = $("[data-lost]", target.closest("form:has([data-lost]), section, main") ?? doc);
  if (note) note.hidden = detail.successful;
});
on("htmx:beforeRequest", "[hx-trigger*=every]", (part, event) => { if (doc.hidden) event.preventDefault() });

/* Keys: off in fields, dialogs, and by the switch */
const wanted = () => { try { return doc.body.dataset.keys !== "off" && localStorage.keys !== "off" } catch { return true } };
const move = by => {
  const rows = $$(".list tbody tr"), at = rows.findIndex(row => row.matches(".at")), row = rows[at + by] ?? rows[Math.max(at, 0)];
  rows[at]?.classList.remove("at"); row?.classList.add("at");
  $(".lead a", row)?.focus();
};
const press = key => {
  const button = $(`.list .at [data-key=${key}]`) ?? $(`main [data-key=${key}]:enabled, main a[data-key=${key}]`);
  button?.focus(); button?.click();
};
const keys = {
  "/": () => $("[type=search]")?.focus(), j: () => move(1), k: () => move(-1), r: () => press("r"), p: () => press("p"),
  "?": () => openDialog(byId("shortcuts")),
};
let lead;
listen("keydown", event => {
  const dialog = $("dialog:modal"), {target, key} = event;
  if (key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = target.closest("form") ?? (dialog && $("form", dialog));
    if (!form) return;
    event.preventDefault();
    target.blur();
    form.requestSubmit($(".primary:enabled", form));
  }
  if (event.ctrlKey || event.metaKey || event.altKey || dialog || target.matches("input, textarea, select") || !wanted()) return;
  const act = lead ? () => $(`[data-go=${CSS.escape(key)}]`)?.click() : keys[key];
  lead = !lead && key === "g";
  if (lead) setTimeout(() => { lead = false }, 1500);
  if (act) { event.preventDefault(); act() }
});
on("change", "[data-shortcuts]", box => { try { localStorage.keys = box.checked ? "on" : "off" } catch {  } });

const dress = part => {
  $$("[data-chips]", part).forEach(chips);
  $$("[data-after]", part).forEach(after);
  $$("dialog[open]:not(:modal)", part).forEach(openDialog);
  $("[data-focus]", part)?.focus();
};
listen("htmx:load", event => dress(event.target));
$$("[data-shortcuts]").forEach(box => { box.checked = wanted() });
$$(".toast").forEach(fade);
nameTheme();
if (!window.htmx) dress(doc);
})();
