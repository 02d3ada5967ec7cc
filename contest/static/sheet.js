// The sheet saves itself while a judge works. Nothing typed is lost: until the server says "saved", it is
// kept in this browser; when another tab saved first, both values are shown and the judge chooses.
// Nothing here moves the focus, but to what was typed and is not saved, after a clash or after the close.
import { renew, token } from "./contest.js";

const MOST_UNANSWERED = 9; // of them may be 10 kB each, and the browser keeps them with each letter
const form = document.getElementById("sheet");
if (form) {
  const kept = shelf(`contest:${form.dataset.store}:`);
  if (form.dataset.address) autosave(kept);
  else leftOver(kept);
}

/** The levels and texts that stand on the page. */
function values() {
  const levels = {};
  for (const field of form.querySelectorAll("fieldset.c")) {
    const chosen = field.querySelector("input:checked");
    levels[field.id.slice("level-".length)] = chosen && chosen.value ? Number(chosen.value) : null;
  }
  return { levels, note: form.elements.note.value, comment: form.elements.comment.value };
}

/** Whether the server stores these values; it cleans texts a little. */
function same(stored, { levels, ...texts }) {
  const levelled = Object.entries(levels).every(([key, level]) => (stored.levels[key] ?? null) === level);
  return levelled && Object.entries(texts).every(([name, words]) => stored[name] === words.normalize("NFC").trim());
}

/**
 * What this browser keeps of a sheet until the server has it: blind texts do not stay on a disk. Each page keeps
 * its own, so that two tabs do not take each other's away. A private window or a full store keeps nothing; the
 * text is still on the page. `unanswered`: what was sent and may have been saved, though no answer came.
 */
function shelf(prefix) {
  const own = `${prefix}${Date.now()}-${Math.random().toString(36).slice(2)}`;
  const quietly = (act) => {
    try {
      return act();
    } catch {
      return undefined;
    }
  };
  return {
    put: (version, unanswered) =>
      quietly(() => localStorage.setItem(own, JSON.stringify({ version, unanswered, ...values() }))),
    drop: (key = own) => quietly(() => localStorage.removeItem(key)),
    /** This tab saved a version: a page that it loads from now on is no older. */
    saved: (version) => quietly(() => sessionStorage.setItem(prefix, version)),
    /** Whether this tab saved a later version than the page's. Told once, since the answer is to load the page anew. */
    behind: (version) =>
      quietly(() => {
        const last = sessionStorage.getItem(prefix);
        sessionStorage.removeItem(prefix);
        return Number(last) > version;
      }),
    /** Key and content of the newest that says something else than the page. What says the same is dropped. */
    newest() {
      const here = JSON.stringify(values());
      const found = quietly(() => Object.keys(localStorage).filter((key) => key.startsWith(prefix) && key !== own)) ?? [];
      for (const key of found.sort().reverse()) {
        const { version, unanswered, ...kept } = quietly(() => JSON.parse(localStorage.getItem(key))) ?? {};
        if (kept.levels && JSON.stringify(kept) !== here) return { key, version, unanswered, kept };
        this.drop(key);
      }
      return null;
    },
  };
}

/** A sheet that takes nothing any more still shows what was typed on it last and came too late. */
function leftOver(kept) {
  const found = kept.newest();
  if (!found) return;
  const box = compare(values(), found.kept, () => {
    kept.drop(found.key);
    leftOver(kept);
  });
  // Who loads the page anew is led to it, not to where they were.
  history.scrollRestoration = "manual";
  box.firstElementChild.focus();
}

/** Show what is stored beside what was typed here; `choose` gets the button's word. */
function compare(stored, mine, choose) {
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
    const legend = document.querySelector(`#level-${CSS.escape(key)} legend span`);
    if (was !== level && legend) row(legend.textContent, was && String(was), level && String(level));
  }
  for (const name of ["note", "comment"]) {
    if (stored[name] !== mine[name]) row(form.querySelector(`label[for="${name}"]`).textContent, stored[name], mine[name]);
  }
  const box = document.getElementById("clash");
  box.replaceChildren(part);
  box.hidden = false;
  for (const button of box.querySelectorAll("[data-keep]")) {
    button.addEventListener("click", () => {
      box.hidden = true;
      box.replaceChildren();
      choose(button.dataset.keep);
    });
  }
  return box;
}

function autosave(kept) {
  const said = document.getElementById("saved");
  const version = form.elements.version;
  const texts = form.dataset;
  const pauses = [2, 4, 8, 15, 30, 60];
  let idle = 0; // timer of the pause after a keystroke
  let retry = 0; // timer of the next try
  let failures = 0;
  let under = null; // the request under way
  let dirty = false; // something differs from what the server has
  let stopped = false; // a clash or a refusal: only the judge goes on
  let ended = false; // refused for good: judging has closed, or the entry is gone
  let passed = false; // the server has it all, so a button's own request may go
  let forged = false; // a token that is this judge's was refused last time
  let base = values(); // what the server has, to count what waits
  let unanswered = []; // what was sent and may have been saved, though no answer came

  // The server made this page before it had the last saving of the one that was left for it.
  if (!("unsaved" in texts) && kept.behind(Number(version.value))) {
    location.reload();
    return;
  }
  // It saves itself, so nobody needs to.
  form.querySelector("[data-manual]").hidden = true;
  if ("unsaved" in texts) touch(0);
  restore();
  count();
  form.addEventListener("change", () => touch(0));
  form.addEventListener("input", (event) => {
    if (event.target.tagName === "TEXTAREA") touch(800);
  });
  form.addEventListener("focusout", (event) => {
    if (event.target.tagName === "TEXTAREA" && dirty) touch(0);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && dirty) send(true);
    // Back from another tab, perhaps from signing in there.
    else if (dirty && failures) renew().then(() => send());
  });
  window.addEventListener("online", () => dirty && !stopped && send());
  window.addEventListener("pageshow", (event) => {
    passed = false;
    // Kept by the browser as it was left: it may be submitted by now.
    if (event.persisted && !dirty) location.reload();
  });
  form.addEventListener("submit", async (event) => {
    if (passed) return;
    // A button saves first, and only then sends its own request: a lost line, a server that is away or another
    // tab never puts an error page in the place of what was typed.
    event.preventDefault();
    const button = event.submitter;
    await under;
    if (stopped) {
      focusClash();
      return;
    }
    const fresh = version.value === "0" && JSON.stringify(values()) === JSON.stringify(base);
    if (!fresh) await send();
    if (failures && said.textContent !== texts.signin) said.textContent = texts.unsent;
    if (failures || stopped) return;
    clearTimeout(idle);
    // Where nothing was awaited this event is still under way, and a form takes no second one meanwhile.
    await new Promise((next) => setTimeout(next));
    passed = true;
    form.requestSubmit(button);
  });

  /** How much of the sheet is scored; submitting says when it is not possible, and still answers why. */
  function count() {
    const levels = Object.values(values().levels);
    const scored = levels.filter((level) => level !== null).length;
    document.getElementById("scored").textContent = texts.scored.replace("SCORED", scored);
    for (const button of form.querySelectorAll("[name=do]:not([data-manual])")) {
      if (ended || scored < levels.length) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
    }
  }

  /** While the line is away: how many fields wait for it. */
  function lost(away) {
    const box = document.getElementById("lost");
    const here = values();
    const levels = Object.keys(here.levels).filter((key) => here.levels[key] !== base.levels[key]).length;
    const waiting = levels + ["note", "comment"].filter((name) => here[name] !== base[name]).length;
    box.hidden = !away || !waiting;
    if (box.hidden) return;
    const sentences = document.getElementById("lost-parts").content.children;
    box.querySelector("span").textContent = sentences[waiting - 1].textContent;
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
    kept.put(Number(version.value), unanswered);
    count();
    if (stopped) return;
    lost(failures > 0);
    clearTimeout(idle);
    clearTimeout(retry);
    idle = setTimeout(send, pause);
  }

  /** What a closed tab or a lost line left behind. Its old version makes the server compare it. */
  function restore() {
    const found = kept.newest();
    if (!found) return;
    version.value = found.version;
    unanswered = found.unanswered ?? [];
    fill(found.kept);
    said.textContent = texts.restored;
    touch(0);
    kept.drop(found.key);
  }

  function send(leaving = false) {
    if (under || stopped) return under;
    clearTimeout(idle);
    clearTimeout(retry);
    const sent = values();
    if (navigator.onLine) {
      unanswered = [...unanswered, sent].slice(-MOST_UNANSWERED);
      if (dirty) kept.put(Number(version.value), unanswered);
    }
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
    return under;
  }

  async function answer(response, sent) {
    if (response.status >= 500 || response.status === 429) throw new Error(String(response.status));
    const body = response.type === "opaqueredirect" ? {} : await response.json();
    if (response.type === "opaqueredirect" || response.status === 401 || body.error === "csrf") {
      // Signed out; or signed in again elsewhere, which gave the page's token up for a new one.
      const renewed = (await renew()) && body.error === "csrf";
      const again = renewed && !forged;
      forged = renewed;
      later(texts.signin);
      if (again) touch(0);
      return;
    }
    failures = 0;
    forged = false;
    lost(false);
    const tried = unanswered;
    if (response.ok || response.status === 409) unanswered = [];
    if (response.ok) {
      base = sent;
      version.value = body.version;
      kept.saved(body.version);
      dirty = JSON.stringify(sent) !== JSON.stringify(values());
      if (dirty) kept.put(body.version, unanswered);
      else kept.drop();
      said.textContent = texts.saved.replace("TIME", body.saved);
    } else if (response.status === 409 && tried.some((each) => same(body.stored, each))) {
      // Saved from here, and only the answer was lost: what stands here now goes on top of it.
      version.value = body.stored.version;
      kept.put(body.stored.version, unanswered);
    } else if (response.status === 409) {
      stopped = true;
      clash(body.stored, sent);
    } else {
      // Closed, not allowed, out of its scale: the sentence says what; the text stays here.
      stopped = ended = response.status !== 422;
      dirty = stopped && dirty;
      count();
      said.textContent = body.message;
    }
  }

  /** Not saved: wait, longer each time, and say so. */
  function later(sentence) {
    const pause = pauses[Math.min(failures, pauses.length - 1)];
    failures += 1;
    said.textContent = typeof sentence === "string" ? sentence : texts.waiting.replace("SECONDS", pause);
    lost(typeof sentence !== "string");
    clearTimeout(retry);
    retry = setTimeout(send, pause * 1000);
  }

  /** Another tab saved first: the judge keeps what is stored or what stands here. */
  function clash(stored, mine) {
    compare(stored, mine, (choice) => {
      version.value = stored.version;
      stopped = false;
      if (choice === "stored") {
        dirty = false;
        kept.drop();
        location.reload();
      } else {
        touch(0);
      }
    });
    said.textContent = document.querySelector("#clash h2").textContent;
    focusClash();
  }

  function focusClash() {
    document.getElementById("clash").firstElementChild?.focus();
  }
}
