// The sheet saves itself while a judge works. Nothing typed is lost: until the server says "saved", it is
// kept in this browser; when another tab saved first, both values are shown and the judge chooses.
// Without this file the buttons do the same. Nothing here moves the focus, but for the choice after a clash.
import { token } from "./contest.js";

const SENT = "contest:sent";
const form = document.getElementById("sheet");
settle();
if (form) {
  pictures();
  if (form.dataset.address) {
    keys();
    autosave();
  }
}

/** What this browser keeps of a sheet goes as soon as the server has it: blind texts do not stay on a disk. */
function settle() {
  document.querySelector("[data-forget]")?.addEventListener("click", (event) => forget(event.target.dataset.forget));
  try {
    const sent = sessionStorage.getItem(SENT);
    sessionStorage.removeItem(SENT);
    // Sent by a button, and the answer was another page or a sheet that is submitted: it arrived.
    if (sent && (form ? form.dataset.store !== sent || !form.dataset.address : !document.querySelector("[data-forget]"))) {
      forget(sent);
    }
  } catch {
    // No storage in this browser, so nothing is kept either.
  }
}

function forget(store) {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(`contest:${store}:`));
  for (const key of keys) localStorage.removeItem(key);
}

function autosave() {
  const said = document.getElementById("saved");
  const version = form.elements.version;
  const texts = form.dataset;
  const prefix = `contest:${texts.store}:`;
  const pauses = [2, 4, 8, 15, 30, 60];
  let idle = 0; // timer of the pause after a keystroke
  let retry = 0; // timer of the next try
  let failures = 0;
  let under = null; // the request under way
  let dirty = false; // something differs from what the server has
  let stopped = false; // a clash or a refusal: only the judge goes on

  restore();
  form.addEventListener("change", () => touch(0));
  form.addEventListener("input", (event) => {
    if (event.target.tagName === "TEXTAREA") touch(800);
  });
  form.addEventListener("focusout", (event) => {
    if (event.target.tagName === "TEXTAREA" && dirty) touch(0);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && dirty) send(true);
  });
  window.addEventListener("online", () => dirty && !stopped && send());
  form.addEventListener("submit", (event) => {
    clearTimeout(idle);
    clearTimeout(retry);
    if (!under) {
      try {
        sessionStorage.setItem(SENT, texts.store);
      } catch {
        // Nothing is kept in this browser.
      }
      return;
    }
    // A button pressed while a saving is under way waits for it, or the two would clash with each other.
    event.preventDefault();
    const button = event.submitter;
    under.finally(() => {
      dirty = false;
      form.requestSubmit(button);
    });
  });

  function values() {
    const levels = {};
    for (const field of form.querySelectorAll("fieldset.c")) {
      const chosen = field.querySelector("input:checked");
      levels[field.id.slice("level-".length)] = chosen && chosen.value ? Number(chosen.value) : null;
    }
    return { levels, note: form.elements.note.value, comment: form.elements.comment.value };
  }

  function fill({ levels, note, comment }) {
    for (const [key, level] of Object.entries(levels)) {
      for (const input of document.getElementById(`level-${key}`)?.querySelectorAll("input") ?? []) {
        input.checked = input.value === String(level ?? "") && level !== null;
      }
    }
    form.elements.note.value = note;
    form.elements.comment.value = comment;
  }

  /** Something changed: keep it here at once, and send it after a pause. */
  function touch(pause) {
    dirty = true;
    keep();
    if (stopped) return;
    clearTimeout(idle);
    clearTimeout(retry);
    idle = setTimeout(send, pause);
  }

  function keep() {
    try {
      forget(texts.store);
      localStorage.setItem(prefix + version.value, JSON.stringify(values()));
    } catch {
      // Private windows and full stores: the text is still on the page.
    }
  }

  function drop() {
    try {
      forget(texts.store);
    } catch {
      // Nothing is kept in this browser.
    }
  }

  /** What a closed tab or a lost line left behind. Its old version makes the server compare it. */
  function restore() {
    let key;
    let kept;
    try {
      key = Object.keys(localStorage).find((each) => each.startsWith(prefix));
      kept = key && JSON.parse(localStorage.getItem(key));
    } catch {
      return;
    }
    if (!kept) return;
    if (JSON.stringify(kept) === JSON.stringify(values())) {
      forget(texts.store);
      return;
    }
    version.value = key.slice(prefix.length);
    fill(kept);
    said.textContent = texts.restored;
    touch(0);
  }

  function send(leaving = false) {
    if (under || stopped) return;
    const sent = values();
    said.textContent = failures ? texts.trying : texts.saving;
    under = fetch(texts.address, {
      method: "POST",
      redirect: "manual",
      keepalive: leaving === true,
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token() },
      body: JSON.stringify({ version: Number(version.value), ...sent }),
    })
      .then((response) => answer(response, sent))
      .catch(later)
      .finally(() => {
        under = null;
        if (dirty && !stopped && !failures) idle = setTimeout(send, 0);
      });
  }

  async function answer(response, sent) {
    if (response.type === "opaqueredirect" || response.status === 401) {
      later(texts.signin);
      return;
    }
    if (response.status >= 500 || response.status === 429) throw new Error(String(response.status));
    const body = await response.json();
    if (response.ok) {
      failures = 0;
      version.value = body.version;
      dirty = JSON.stringify(sent) !== JSON.stringify(values());
      if (dirty) keep();
      else drop();
      said.textContent = texts.saved.replace("TIME", body.saved);
    } else if (response.status === 409) {
      stopped = true;
      clash(body.stored, sent);
    } else {
      // Closed, not allowed, out of its scale: the sentence says what; the text stays here.
      stopped = response.status !== 422;
      dirty = stopped && dirty;
      said.textContent = body.message;
    }
  }

  /** Not saved: wait, longer each time, and say so. */
  function later(sentence) {
    const pause = pauses[Math.min(failures, pauses.length - 1)];
    failures += 1;
    said.textContent = typeof sentence === "string" ? sentence : texts.waiting.replace("SECONDS", pause);
    clearTimeout(retry);
    retry = setTimeout(send, pause * 1000);
  }

  /** Show what is stored beside what stands here; the judge keeps one of the two. */
  function clash(stored, mine) {
    const part = document.getElementById("clash-parts").content.cloneNode(true);
    const rows = part.querySelector("tbody");
    const labels = part.querySelectorAll("thead th");
    const row = (name, was, now) => {
      const line = document.createElement("tr");
      for (const [place, words] of [name, was || "–", now || "–"].entries()) {
        const cell = document.createElement(place ? "td" : "th");
        cell.textContent = words;
        if (place) cell.dataset.l = labels[place].textContent;
        else cell.scope = "row";
        line.append(cell);
      }
      rows.append(line);
    };
    for (const [key, level] of Object.entries(mine.levels)) {
      const was = stored.levels[key] ?? null;
      if (was !== level) {
        row(document.querySelector(`#level-${CSS.escape(key)} legend span`).textContent, was && String(was), level && String(level));
      }
    }
    for (const name of ["note", "comment"]) {
      if (stored[name] !== mine[name]) row(form.querySelector(`label[for="${name}"]`).textContent, stored[name], mine[name]);
    }
    const box = document.getElementById("clash");
    box.replaceChildren(part);
    box.hidden = false;
    box.firstElementChild.focus();
    const choose = (choice) => {
      version.value = stored.version;
      box.hidden = true;
      box.replaceChildren();
      stopped = false;
      if (choice === "stored") {
        dirty = false;
        drop();
        location.reload();
      } else {
        touch(0);
      }
    };
    for (const button of box.querySelectorAll("[data-keep]")) {
      button.addEventListener("click", () => choose(button.dataset.keep));
    }
    said.textContent = box.querySelector("h2").textContent;
  }
}

/** 1 to 9 choose a level in the criterion that has the focus; 0 leaves it open again. */
function keys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !/^[0-9]$/.test(event.key)) return;
    if (event.target.matches("textarea, input:not([type='radio'])")) return;
    const field = event.target.closest("fieldset.c");
    const input = field?.querySelector(`input[value="${event.key === "0" ? "" : event.key}"]`);
    if (!input || input.disabled) return;
    event.preventDefault();
    input.checked = true;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

/** Change pictures, mat and size in place; without this the links of the strip do it. */
function pictures() {
  const view = document.getElementById("view");
  const image = document.getElementById("shown");
  if (!image) return;
  const full = document.getElementById("full");
  const strip = document.querySelector(".strip");
  strip.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    strip.querySelector("[aria-current]")?.removeAttribute("aria-current");
    link.setAttribute("aria-current", "page");
    image.srcset = link.dataset.srcset;
    image.src = link.dataset.src;
    image.alt = link.dataset.alt;
    image.width = link.dataset.width;
    image.height = link.dataset.height;
    full.href = link.dataset.full;
  });
  choose("[data-mats]", "mat", (mat) => {
    view.classList.remove("white", "black");
    if (mat) view.classList.add(mat);
  });
  choose("[data-zooms]", "zoom", (zoom) => view.classList.toggle("whole", zoom === "full"));

  function choose(selector, name, act) {
    const group = document.querySelector(selector);
    group.hidden = false;
    group.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      for (const each of group.querySelectorAll("button")) each.setAttribute("aria-pressed", String(each === button));
      act(button.dataset[name]);
    });
  }
}
