// Keeps the living parts of a page fresh: asks for them every two seconds while something is pending, and
// puts them in without taking the focus or what somebody types. Without this file the page has a link to reload.

import { say } from "./contest.js";

const EVERY = 2000;
const area = document.querySelector("[data-poll]");
let timer = 0;
let asking = null;

/** What a part says. Tokens are signed anew for each page and say nothing. */
const said = (element) => element.outerHTML.replace(/name="csrf_token" value="[^"]*"/g, "");

// What only helps where no script runs.
document.querySelectorAll("[data-reload]").forEach((element) => element.remove());
// Without this file the page is one form, so that each button saves all that was typed. With it each form sends its own.
const separate = (element) => element.querySelectorAll('[form="details"]').forEach((each) => each.removeAttribute("form"));
separate(document);
area?.querySelectorAll("[data-live], [data-row]").forEach((element) => {
  element.lastSaid = said(element);
});

/** Whether a part must stay as it is: it has the focus, holds unsaved words, or a script works on it. */
function busy(element) {
  return "busy" in element.dataset || element.contains(document.activeElement) || unsaved(element);
}

/** Whether words stand in a part that the server does not have. */
function unsaved(element) {
  if (element.matches("[data-unsaved]") || element.querySelector("[data-unsaved]")) return true;
  const texts = [...element.querySelectorAll("input:not([type=hidden]):not([type=file]), textarea")];
  return (
    texts.some((text) => text.value !== text.defaultValue) ||
    [...element.querySelectorAll("select")].some((list) => list.value !== (chosen(list)?.value ?? list[0]?.value))
  );
}

/** The option that a list was opened with. */
const chosen = (list) => [...list.options].find((option) => option.defaultSelected);

/** Put a fresh part in the place of an old one. A part that says the same stays: opened details stay open. */
function replace(old, fresh, force) {
  fresh.lastSaid = said(fresh);
  if (!force && (old.lastSaid === fresh.lastSaid || busy(old))) return;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(fresh);
  if (!focused) return;
  const same = focused.id && document.getElementById(focused.id);
  if (same) same.focus({ preventScroll: true });
  else focusOn(fresh);
}

function mergeRows(list, fresh, force) {
  const known = new Map([...list.children].map((row) => [row.dataset.row, row]));
  let before = null;
  for (const row of [...fresh.children]) {
    const old = known.get(row.dataset.row);
    known.delete(row.dataset.row);
    if (old) {
      replace(old, row, force === row.dataset.row);
    } else if (before) {
      before.after(row);
    } else {
      list.prepend(row);
    }
    row.lastSaid ??= said(row);
    before = list.querySelector(`[data-row="${CSS.escape(row.dataset.row)}"]`);
  }
  for (const [id, row] of known) {
    // Rows without an id are uploads of this tab that the server does not know yet.
    if (id && !("busy" in row.dataset)) {
      const focused = row.contains(document.activeElement);
      row.remove();
      if (focused) focusOn(list);
    }
  }
}

/** Where the focus goes when its place is gone: to the list that it was in. */
export function focusOn(element) {
  element.tabIndex = -1;
  element.focus({ preventScroll: true });
}

/** Take the living parts out of a parsed page. `force`: the row or part that its own answer replaces. */
function merge(page, force) {
  let found = false;
  separate(page);
  const own = force && page.querySelector(`[data-own="${CSS.escape(force)}"]`);
  if (own) replace(area.querySelector(`[data-own="${CSS.escape(force)}"]`), document.importNode(own, true), true);
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const old = area.querySelector(`[data-live="${CSS.escape(fresh.dataset.live)}"]`);
    found = true;
    if (!old) continue;
    if ("rows" in fresh.dataset) mergeRows(old, document.importNode(fresh, true), force);
    else replace(old, document.importNode(fresh, true), false);
  }
  return found;
}

function pending() {
  return area.querySelector('[data-pending="1"]') !== null;
}

/** Ask for the living parts now, and again until nothing is pending. */
export async function refresh() {
  clearTimeout(timer);
  asking?.abort();
  const mine = (asking = new AbortController());
  try {
    const answer = await fetch(area.dataset.poll, { signal: mine.signal, headers: { Accept: "text/html" } });
    if (answer.redirected) return; // signed out meanwhile: the next act says so
    if (answer.ok) merge(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch (error) {
    if (mine.signal.aborted) return;
  }
  schedule();
}

function schedule() {
  clearTimeout(timer);
  if (pending()) timer = setTimeout(refresh, document.hidden ? EVERY * 5 : EVERY);
}

/** Say below a form what became of it, until something is typed there: the status region may be out of sight. */
function tell(form, sentences, manner = "small") {
  const line = form.querySelector("[data-told]") ?? form.appendChild(document.createElement("p"));
  line.dataset.told = "";
  line.className = `${manner} mt2`;
  line.replaceChildren(...sentences.flatMap((each, place) => (place ? [document.createElement("br"), each] : [each])));
  form.addEventListener("input", () => line.remove(), { once: true });
}

function refuse(form, ...sentences) {
  tell(form, sentences, "err");
  say(sentences.join(" "));
}

/** What a person has typed and chosen in a form. */
const typed = (form) => [...form.elements].filter((field) => field.name && field.type !== "hidden");

/** The form was sent, and more was typed before the answer came: keep that, on top of what is stored now. */
function goOnTyping(form, values, page) {
  typed(form).forEach((field, place) => {
    if (field.options) [...field.options].forEach((option) => (option.defaultSelected = option.value === values[place]));
    else field.defaultValue = values[place];
  });
  const stored = page.querySelector(`form[action="${CSS.escape(form.getAttribute("action"))}"]`);
  for (const field of stored?.querySelectorAll("input[type=hidden]") ?? []) form.elements[field.name].value = field.value;
}

// The details and the small forms in a row are sent without leaving the page, so that uploads go on.
area?.addEventListener("submit", async (event) => {
  const form = event.target;
  if (event.submitter?.getAttribute("aria-disabled") === "true") {
    // Something is missing: what, stands above the button, as of now.
    event.preventDefault();
    event.submitter.blur(); // a part that has the focus stays as it is
    await refresh();
    focusOn(area.querySelector('[data-live="submit"]'));
    return;
  }
  if (!("inline" in form.dataset)) return;
  event.preventDefault();
  if (form.dataset.sending) return;
  form.dataset.sending = "1";
  const place = form.closest("[data-row], [data-own]")?.dataset;
  const values = typed(form).map((field) => field.value);
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "text/html" },
      body: new URLSearchParams(new FormData(form)),
    });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const same = typed(form).every((field, at) => field.value === values[at]);
    if (!same && answer.ok) goOnTyping(form, values, page);
    if (merge(page, same ? (place?.row ?? place?.own) : "")) {
      const told = page.querySelector("#said")?.textContent.trim() ?? "";
      say(told || page.querySelector(".err")?.textContent || "");
      if (place?.own && told && same) tell(area.querySelector("[data-own] form"), [told]);
      if (same) area.querySelector('[data-live="late"] [data-focus], [data-own] [data-focus]')?.focus();
    } else {
      // Refused as a whole: the words stay where they were typed.
      const why = answer.status === 400 ? [] : page.querySelectorAll("h1, h1 ~ .lede, h1 ~ .note p");
      refuse(form, ...(why.length ? [...why].map((each) => each.textContent.trim()) : [area.dataset.signed]));
    }
  } catch {
    refuse(form, area.dataset.away);
  }
  delete form.dataset.sending;
  schedule();
});

// Words that are not saved are not thrown away by a link or another button; the browser asks first.
if (area) {
  window.addEventListener("beforeunload", (event) => {
    if (![...area.querySelectorAll("form[data-inline]")].some(unsaved)) return;
    event.preventDefault();
    usable();
  });
}

/** Whoever stays on the page may press the same button again. */
export function usable() {
  setTimeout(() => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
}

if (area) schedule();
