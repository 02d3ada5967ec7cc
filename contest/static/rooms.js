// The organiser's lists and the progress page: htmx asks for one list and puts it in the place of the old one.
// Each link and form works without this file. What htmx may do stands in docs/front-end.md.

import "./vendor/htmx.org-4.0.1/htmx.esm.min.js";
import "./vendor/htmx.org-4.0.1/hx-csp.min.js";
import { say } from "./contest.js";

const polls = (element) => element?.getAttribute?.("hx-trigger")?.startsWith("every") ?? false;
let pressed = null;

// A page may hold two lists. While one is turned, the other keeps its place in the address, and it may have been
// turned since the links of this one were made.
document.addEventListener("htmx:config:request", (event) => {
  const { request, target, sourceElement } = event.detail.ctx;
  const list = target?.dataset.list;
  if (list === undefined || polls(sourceElement)) return;
  const own = (key) => (list ? key.startsWith(`${list}-`) : !key.includes("-"));
  const address = new URL(request.action, location.href);
  for (const key of [...address.searchParams.keys()]) if (!own(key)) address.searchParams.delete(key);
  for (const [key, value] of [...request.body]) if (!own(key) || !value) request.body.delete(key);
  for (const [key, value] of new URLSearchParams(location.search)) {
    if (!own(key)) address.searchParams.append(key, value);
  }
  request.action = address.pathname + address.search;
});

// A page that nobody looks at asks for nothing.
document.addEventListener("htmx:before:request", (event) => {
  const { sourceElement, target, sourceEvent } = event.detail.ctx;
  if (polls(sourceElement)) {
    if (document.hidden) event.preventDefault();
    return;
  }
  pressed = { region: target?.id, pointer: (sourceEvent?.detail ?? 0) > 0, turns: sourceElement?.closest("nav") !== null };
  target?.setAttribute("aria-busy", "true");
});

// Only the list that was asked for is put in. Anything else (signed out, refused, an error) is shown as a page of
// its own, which says what happened; a poll that fails waits for its next turn.
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  const { raw, status } = ctx.response;
  if (status === 204 || (raw.ok && !raw.redirected && ctx.text.includes(`id="${ctx.target?.id}"`))) return;
  event.preventDefault();
  if (!polls(ctx.sourceElement)) location.assign(raw.redirected ? raw.url : ctx.request.action);
});

document.addEventListener("htmx:error", (event) => {
  const source = event.detail.ctx?.sourceElement ?? event.target;
  if (!polls(source)) say(document.querySelector("[data-offline]")?.dataset.offline ?? "");
});

document.addEventListener("htmx:finally:request", () => {
  document.querySelectorAll("[aria-busy]").forEach((element) => element.removeAttribute("aria-busy"));
});

// The focus stays on what was pressed, which htmx finds by its id. Where that is gone (there is no next page any
// more), it goes to the list. Who turns a page with a pointer looks at the list's first row next.
document.addEventListener("htmx:after:swap", () => {
  const region = pressed && document.getElementById(pressed.region);
  if (!region) return;
  if (!document.activeElement || document.activeElement === document.body) {
    region.tabIndex = -1;
    region.focus({ preventScroll: true });
  }
  if (pressed.turns && pressed.pointer) region.scrollIntoView({ block: "start" });
  pressed = null;
});

// A choice that narrows a list is made at once; without this file its button does it.
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-now]");
  if (form && event.target.matches("select")) form.requestSubmit();
});
