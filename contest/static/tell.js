// What a judge tells the app team is sent by itself, so that the sheet around it stays as it is. Until the server has
// it, it is kept in this browser. Without this file the buttons send the sheet's form, and the page keeps the rest.
import { renew, token } from "./contest.js";

const box = document.getElementById("tell");
if (box) telling(`contest-tell:${document.getElementById("sheet").dataset.store}`);

function telling(key) {
  const said = box.querySelector("[role=status]");
  const part = box.querySelector("[data-part]");
  const texts = box.dataset;
  let under = false; // a request is under way

  // The sheet's own listeners save scorecards; what is typed here is none.
  for (const kind of ["input", "change", "focusout"]) {
    box.addEventListener(kind, (event) => {
      event.stopPropagation();
      if (kind !== "focusout") keep();
    });
  }
  box.addEventListener("click", (event) => {
    const button = event.target.closest("button[formaction]");
    if (!button) return;
    event.preventDefault();
    if (!under) send(button);
  });
  box.addEventListener("keydown", (event) => {
    // Enter on a choice would press the first button of the sheet.
    if (event.key !== "Enter" || event.isComposing || !event.target.matches("input[type=radio]")) return;
    event.preventDefault();
    part.querySelector("[data-send]").click();
  });
  document.querySelector('a[href="#tell"]')?.addEventListener("click", (event) => {
    event.preventDefault();
    show();
  });

  const kept = restore();
  if (kept) show();
  // The browser takes the focus along when it scrolls to the fragment, so this comes after.
  if (location.hash === "#tell") addEventListener("load", () => requestAnimationFrame(show), { once: true });

  /** Open the form, and put the focus where it begins. */
  function show() {
    const details = part.querySelector("details");
    if (details) details.open = true;
    (part.querySelector("[name=kind]:checked") ?? part.querySelector("[name=kind]"))?.focus();
  }

  function typed() {
    const chosen = part.querySelector("[name=kind]:checked")?.value ?? "";
    return { kind: chosen, words: part.querySelector("[name=words]")?.value ?? "" };
  }

  /** A private window or a full store keeps nothing; the text is still on the page. */
  function quietly(act) {
    try {
      return act();
    } catch {
      return null;
    }
  }
  function keep() {
    const now = typed();
    quietly(() => (now.kind || now.words ? localStorage.setItem(key, JSON.stringify(now)) : localStorage.removeItem(key)));
  }
  function forget(sent) {
    // Another tab may have kept something else by now.
    quietly(() => localStorage.getItem(key) === JSON.stringify(sent) && localStorage.removeItem(key));
  }

  /** What a closed tab or a lost line left behind, if nothing stands here already. */
  function restore() {
    const found = quietly(() => JSON.parse(localStorage.getItem(key)));
    if (!found) return false;
    const words = part.querySelector("[name=words]");
    if (!words) {
      // Judging has closed meanwhile.
      box.hidden = false;
      said.textContent = `${texts.late} ${found.words}`;
      return false;
    }
    const { kind, words: here } = typed();
    if (kind || here) return false;
    fill(found);
    said.textContent = texts.restored;
    return true;
  }

  function fill({ kind, words }) {
    part.querySelector("[name=words]").value = words;
    const choice = [...part.querySelectorAll("[name=kind]")].find((each) => each.value === kind);
    if (choice) choice.checked = true;
  }

  async function send(button, again = true) {
    const sent = typed();
    const body = new FormData();
    body.set("csrf_token", token());
    if (button.name) body.set(button.name, button.value);
    else for (const [name, value] of Object.entries(sent)) body.set(name, value);
    under = true;
    said.textContent = texts.sending;
    try {
      const answer = await fetch(button.formAction, { method: "POST", body, headers: { Accept: "text/html" } });
      if (answer.status >= 500 || answer.status === 429) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const news = page.querySelector("#tell [data-part]");
      if (news) {
        take(answer, page, news, button.name ? null : sent);
      } else if (again && answer.status === 400 && (await renew())) {
        // Signed in again elsewhere, which gave the page's token up for a new one.
        await send(button, false);
      } else {
        // Signed out, or the entry is gone: the server's own words.
        said.textContent = `${page.querySelector("h1")?.textContent ?? answer.status}. ${texts.unsent}`;
      }
    } catch {
      said.textContent = texts.unsent;
    }
    under = false;
  }

  /** The answer's part takes the place of this one. */
  function take(answer, page, news, sent) {
    const now = typed();
    part.replaceChildren(...document.importNode(news, true).childNodes);
    const wrong = part.querySelector(".bad");
    if (answer.ok && sent) forget(sent);
    // What was typed while the request was under way stays.
    const more = JSON.stringify(now) !== JSON.stringify(sent ?? { kind: "", words: "" });
    if (answer.ok && more && part.querySelector("[name=words]")) {
      fill(now);
      part.querySelector("details").open = true;
    }
    const sentence = answer.ok ? page.querySelector("#said") : (wrong?.querySelector(".err") ?? page.querySelector("[role=alert] p"));
    said.textContent = sentence?.textContent.trim() ?? "";
    (wrong?.querySelector("input, textarea") ?? part.querySelector(more ? "[name=words]" : "summary"))?.focus();
  }
}
