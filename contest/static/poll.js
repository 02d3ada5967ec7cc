// Keeps the living parts of a page fresh: asks for them every two seconds while something is pending, and
// puts them in without taking the focus or what somebody types. Without this file the page has a link to reload.

import { say } from "./contest.js";

const EVERY = 2000;
const area = document.querySelector("[data-poll]");
let timer = 0;
let asking = null;

/** What a part says. Tokens are signed anew for each page and say nothing. */
const said = (element) => element.outerHTML.replace(/name="csrf_token" value="[^"]*"/g, "");

document.querySelectorAll("[data-reload]").forEach((element) => element.remove());
area?.querySelectorAll("[data-live], [data-row]").forEach((element) => {
  element.lastSaid = said(element);
});

/** Whether a part must stay as it is: it has the focus, holds unsaved words, or a script works on it. */
function busy(element) {
  if ("busy" in element.dataset || element.contains(document.activeElement)) return true;
  return [...element.querySelectorAll("input:not([type=hidden]):not([type=file]), textarea")].some(
    (input) => input.value !== input.defaultValue,
  );
}

/** Put a fresh part in the place of an old one. A part that says the same stays: opened details stay open. */
function replace(old, fresh, force) {
  fresh.lastSaid = said(fresh);
  if (!force && (old.lastSaid === fresh.lastSaid || busy(old))) return;
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(fresh);
  if (focused) {
    (focused.id ? document.getElementById(focused.id) : null)?.focus({ preventScroll: true });
  }
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

/** Take the living parts out of a parsed page. `force`: the row that its own answer replaces. */
function merge(page, force) {
  let found = false;
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
    if (!answer.ok || answer.redirected) return; // signed out meanwhile: the next act says so
    merge(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch (error) {
    if (mine.signal.aborted) return;
  }
  schedule();
}

function schedule() {
  clearTimeout(timer);
  if (pending()) timer = setTimeout(refresh, document.hidden ? EVERY * 5 : EVERY);
}

// Small forms in a row are sent without leaving the page, so that uploads go on.
area?.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("inline" in form.dataset)) return;
  event.preventDefault();
  if (form.dataset.sending) return;
  form.dataset.sending = "1";
  const row = form.closest("[data-row]");
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "text/html" },
      body: new URLSearchParams(new FormData(form)),
    });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    form.querySelectorAll("input").forEach((input) => {
      input.defaultValue = input.value;
    });
    if (!merge(page, row?.dataset.row)) say(page.querySelector("h1")?.textContent ?? "");
    else say(page.querySelector("#said")?.textContent.trim() || page.querySelector(".err")?.textContent || "");
  } catch {
    form.submit(); // the line broke: the browser's own way shows what it knows
    return;
  }
  delete form.dataset.sending;
  schedule();
});

if (area) schedule();
