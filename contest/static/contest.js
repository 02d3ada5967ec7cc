// Every page: put the focus on a problem, open nothing, break nothing. Each act works without this file.
document.querySelector("[data-focus]")?.focus();

// A form is sent once; a second click waits for the answer.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if ("again" in form.dataset) {
    return; // a download leaves the page where it is
  }
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (form.method === "post" && !event.defaultPrevented) {
    form.dataset.sent = "1";
  }
});
// Coming back by the back button makes forms usable again.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});

/** Say one sentence in the page's status region. */
export function say(sentence) {
  const region = document.getElementById("said");
  const paragraph = document.createElement("p");
  paragraph.className = "page";
  paragraph.textContent = sentence;
  region.replaceChildren(paragraph);
}

/** The CSRF token of the page, for requests that scripts make. */
export function token() {
  return document.querySelector('input[name="csrf_token"]').value;
}

// Printing is the browser's; without this file its own menu does it.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// The theme is changed at once and kept by a request of its own, so that nothing typed on the page is lost.
const themes = document.querySelector("[data-theme-form]");
if (themes) {
  themes.querySelector("button").hidden = true;
  themes.addEventListener("change", () => {
    const sent = new FormData(themes);
    const chosen = sent.get("theme");
    const root = document.documentElement;
    if (chosen) {
      root.dataset.theme = chosen;
    } else {
      delete root.dataset.theme;
    }
    document.querySelector('meta[name="color-scheme"]').content = chosen || "light dark";
    fetch(themes.action, { method: "POST", body: sent, redirect: "manual", keepalive: true }).catch(() => {});
  });
}

/**
 * Ask whose session this is now: it shows on the page, and a new token of the same person is taken over.
 * The promise tells whether it is the same person's.
 */
export let renew = async () => false;

// A page that stays open says before its session ends that it does. The focus is not moved, nothing is lost.
const ending = document.querySelector("[data-session]");
if (ending) {
  const { who, session } = ending.dataset;
  const warn = Number(ending.dataset.warn);
  let end = 0;
  let last = 0;
  let timer = 0;
  let over = false;
  let asking = false;

  const show = (which) => {
    for (const part of ending.querySelectorAll("[data-when]")) {
      part.hidden = part.dataset.when !== which;
    }
  };
  const set = ({ left, most }) => {
    clearTimeout(timer);
    end = Date.now() + left * 1000;
    last = Date.now() + most * 1000;
    if (left <= 0) {
      over = true;
      show("over");
      return;
    }
    const near = left <= warn;
    show(near ? (most <= left ? "last" : "idle") : over ? "back" : "");
    over = false;
    timer = setTimeout(ask, (near ? Math.min(left, 60) : left - warn) * 1000 + 500);
  };
  // Other tabs and the page's own saving use the session too: the server knows, and asking is not using.
  const ask = async () => {
    if (asking) return; // two answers could bring two tokens, of which one is good
    asking = true;
    let state = { who, left: (end - Date.now()) / 1000, most: (last - Date.now()) / 1000 };
    try {
      const answer = await fetch(session, { headers: { Accept: "application/json" } });
      if (answer.ok) state = await answer.json(); // else the site is in trouble, not the session
    } catch {
      // The connection is away: what was known last holds.
    }
    asking = false;
    if (state.who !== who) {
      set({ left: 0, most: 0 });
      return;
    }
    if (state.csrf_token) {
      for (const field of document.querySelectorAll('input[name="csrf_token"]')) {
        field.value = state.csrf_token;
      }
    }
    set(state);
    return true;
  };

  renew = ask;
  set({ left: Number(ending.dataset.left), most: Number(ending.dataset.most) });
  ending.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    try {
      await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
    } catch {
      return; // the sentence stays, and the button can be pressed again
    }
    ask();
  });
  // Whoever comes back may have signed out or in meanwhile, in another tab: the forms here get the token of now.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") {
      ask();
    }
  });
}

// A time zone that nobody has chosen yet is the browser's own.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const field of document.querySelectorAll("[data-own-zone]")) {
  if (field.type === "hidden") field.value = zone;
  // Some browsers know a zone by the name that it had before.
  const same = ({ value, dataset }) => [value, ...(dataset.was ?? "").split(" ")].includes(zone);
  const known = [...(field.options ?? [])].find(same);
  if (known) known.selected = true;
}
