// The sheet saves itself while a judge works. Nothing typed is lost: until the server says "saved", it is
// kept in this browser; when another tab saved first, both values are shown and the judge chooses.
// Pictures are changed, set on another mat and magnified in place; single keys do what the buttons do.
// Without this file the buttons do the same. Nothing here moves the focus, but for the choice after a clash and
// the close-up of a large picture, which gives it back.
import { say, token } from "./contest.js";

const SENT = "contest:sent";
const form = document.getElementById("sheet");
settle();
if (form) {
  pictures();
  keys();
  if (form.dataset.address) autosave();
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
  let base = values(); // what the server has, to count what waits

  // It saves itself, so nobody needs to.
  form.querySelector("[data-manual]").hidden = true;
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

  /** How much of the sheet is scored; submitting says that it is not possible before, and still answers why. */
  function count() {
    const levels = Object.values(values().levels);
    const scored = levels.filter((level) => level !== null).length;
    document.getElementById("scored").textContent = texts.scored.replace("SCORED", scored);
    for (const button of form.querySelectorAll("[name=do]:not([data-manual])")) {
      if (scored < levels.length) button.setAttribute("aria-disabled", "true");
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
    count();
    if (stopped) return;
    lost(failures > 0);
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
      base = sent;
      lost(false);
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
    lost(typeof sentence !== "string");
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

/**
 * Single keys, unless the judge switched them off. 1 to 9 choose a level in the criterion that has the focus and
 * 0 leaves it open again; the others press what carries them in `data-key`.
 */
function keys() {
  const OFF = "contest-keys-off";
  const own = document.getElementById("use-keys");
  try {
    own.checked = !localStorage.getItem(OFF);
  } catch {
    own.checked = true;
  }
  own.addEventListener("change", () => {
    try {
      if (own.checked) localStorage.removeItem(OFF);
      else localStorage.setItem(OFF, "1");
    } catch {
      // It holds for this page then.
    }
  });
  document.addEventListener("keydown", (event) => {
    if (!own.checked || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.matches("textarea, select, input:not([type='radio'], [type='checkbox'])")) return;
    if (document.querySelector("dialog[open]")) return;
    if (press(event.key, event.target)) event.preventDefault();
  });

  function press(key, target) {
    const criterion = target.closest("fieldset.c");
    if (criterion && /^[0-9]$/.test(key)) {
      const input = criterion.querySelector(`input[value="${key === "0" ? "" : key}"]`);
      if (!input || input.matches(":disabled")) return false;
      input.checked = true;
      input.dispatchEvent(new Event("change", { bubbles: true }));
      return true;
    }
    if (key === "?") return click(document.querySelector("#keys > summary"));
    if (key === "n") {
      form.elements.note.focus();
      return true;
    }
    if (key === "s") {
      const open = [...form.querySelectorAll("fieldset.c:enabled")].find((each) => !each.querySelector("input:checked")?.value);
      if (open) {
        open.querySelector("input").focus();
        return true;
      }
    }
    if (key === "." || key === ",") {
      const here = document.querySelector(".strip [aria-current]");
      return click(key === "." ? here?.nextElementSibling : here?.previousElementSibling);
    }
    return /^[a-z0+=-]$/.test(key) && click(document.querySelector(`[data-key="${key === "=" ? "+" : key}"]`));
  }

  function click(element) {
    if (!element || element.hidden) return false;
    element.click();
    return true;
  }
}

/** Change pictures, mat and size in place; without this the links of the strip do it. */
function pictures() {
  const view = document.getElementById("view");
  const image = document.getElementById("shown");
  if (!image) return;
  const STEPS = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4];
  const full = document.getElementById("full");
  const strip = document.querySelector(".strip");
  const caption = document.getElementById("caption");
  const output = document.getElementById("scale");
  const miss = document.getElementById("miss");
  const zooms = document.querySelector("[data-zooms]");
  const near = document.getElementById("close-up");
  const film = document.getElementById("film");
  const play = document.getElementById("play");
  const fitted = image.sizes;
  let seen = strip.querySelector("[aria-current]").dataset; // of the link to the picture that is shown
  let scale = null; // of the picture's own pixels; null fits it into the view
  let closeUp = null; // what `zoom.js` opened

  strip.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    strip.querySelector("[aria-current]")?.removeAttribute("aria-current");
    link.setAttribute("aria-current", "page");
    centre(link);
    seen = link.dataset;
    closeUp?.close();
    paint();
    image.alt = seen.alt;
    image.width = seen.width;
    image.height = seen.height;
    image.classList.toggle("alpha", "alpha" in seen);
    full.href = seen.full;
    const [name, words, facts] = caption.querySelectorAll("b, span");
    name.textContent = seen.says;
    words.textContent = seen.told;
    facts.textContent = seen.facts;
    offer();
    show();
  });

  function centre(link) {
    strip.scrollTo({ left: link.offsetLeft - strip.offsetLeft - (strip.clientWidth - link.offsetWidth) / 2 });
  }
  centre(strip.querySelector("[aria-current]"));

  /** Set the picture, or its animation. */
  function paint(moving = false) {
    view.setAttribute("aria-busy", "true");
    image.srcset = moving ? "" : seen.srcset;
    image.src = moving ? seen.moving : seen.src;
    play?.setAttribute("aria-pressed", String(moving));
    if (play) play.textContent = moving ? play.dataset.stop : document.getElementById("moving").textContent;
  }

  /** What this picture has beside its sizes: a close-up, an animation, a video. */
  function offer() {
    near.hidden = !seen.tiles;
    zooms.hidden = Boolean(seen.video);
    image.hidden = Boolean(seen.video);
    if (play) play.hidden = !seen.moving;
    if (!film) return;
    if (film.hidden !== !seen.video || (seen.video && film.getAttribute("src") !== seen.video)) {
      film.pause();
      film.hidden = !seen.video;
      if (seen.video) {
        film.poster = seen.src;
        film.src = seen.video;
        film.setAttribute("aria-label", seen.alt);
        film.width = seen.width;
        film.height = seen.height;
      } else {
        film.removeAttribute("src");
        film.load(); // or it goes on loading what was there
      }
    }
  }
  if (play) {
    document.getElementById("moving").hidden = true;
    // An animation starts only when it is asked for, and can be stopped.
    play.addEventListener("click", () => paint(play.getAttribute("aria-pressed") !== "true"));
  }
  offer();

  // What came, what did not.
  image.addEventListener("load", () => loaded(true));
  image.addEventListener("error", () => loaded(false));
  miss.querySelector("[data-retry]").addEventListener("click", () => {
    view.setAttribute("aria-busy", "true");
    const { src, srcset } = image;
    image.srcset = "";
    image.src = src;
    image.srcset = srcset;
  });
  if (image.complete) loaded(Boolean(image.naturalWidth));
  function loaded(well) {
    document.getElementById("wait")?.remove();
    view.removeAttribute("aria-busy");
    miss.hidden = well || Boolean(seen.video);
    image.classList.toggle("vh", !well);
    tell();
  }

  choose("[data-mats]", "mat", (mat) => {
    view.classList.remove("white", "black");
    if (mat) view.classList.add(mat);
  });
  zooms.addEventListener("click", (event) => {
    const zoom = event.target.closest("button")?.dataset.zoom;
    if (!zoom) return;
    if (closeUp) closeUp.zoom(zoom);
    else if (zoom === "fit") scale = null;
    else if (zoom === "full") scale = 1;
    else if (zoom === "in") scale = STEPS.find((step) => step > now() * 1.01) ?? STEPS.at(-1);
    else scale = STEPS.findLast((step) => step < now() * 0.99) ?? STEPS[0];
    show();
  });
  new ResizeObserver(tell).observe(view);

  // The viewer of pyramids is as heavy as all the rest: it comes when it is asked for.
  near.addEventListener("click", async () => {
    if (closeUp) {
      closeUp.close();
      return;
    }
    const { tiles, cut } = seen;
    near.setAttribute("aria-pressed", "true");
    try {
      const { open } = await import("./zoom.js");
      if (seen.tiles !== tiles || closeUp) return; // another picture was chosen meanwhile
      scale = null;
      show();
      closeUp = open(view, { tiles, cut, says: near.dataset.says, told: tell, closed: left });
      tell();
    } catch {
      left();
      say(near.dataset.failed);
    }
  });
  function left() {
    const inside = view.contains(document.activeElement);
    closeUp = null;
    if (inside) (seen.tiles ? near : view).focus({ preventScroll: true });
    near.setAttribute("aria-pressed", "false");
    tell();
  }

  /** How large the picture stands: CSS pixels for each of its own. */
  function now() {
    return closeUp?.scale() ?? scale ?? image.getBoundingClientRect().width / Number(seen.most);
  }

  function show() {
    // What stands in the middle stays there.
    const middle = [
      (view.scrollLeft + view.clientWidth / 2) / view.scrollWidth,
      (view.scrollTop + view.clientHeight / 2) / view.scrollHeight,
    ];
    view.classList.toggle("whole", scale !== null);
    if (scale === null) {
      image.style.removeProperty("inline-size");
      image.sizes = fitted;
    } else {
      const size = `${Math.round(Number(seen.most) * scale)}px`;
      image.style.setProperty("inline-size", size);
      image.sizes = size;
    }
    view.scrollTo(middle[0] * view.scrollWidth - view.clientWidth / 2, middle[1] * view.scrollHeight - view.clientHeight / 2);
    tell();
  }

  function tell() {
    output.textContent = `${Math.round(now() * 100)} %`;
    zooms.querySelector("[data-zoom=fit]").setAttribute("aria-pressed", String(!closeUp && scale === null));
    zooms.querySelector("[data-zoom=full]").setAttribute("aria-pressed", String(!closeUp && scale === 1));
  }

  // A magnified picture is moved by dragging it, by scrolling or by the arrow keys.
  view.addEventListener("pointerdown", (event) => {
    if (scale === null || event.pointerType !== "mouse" || event.button || event.target !== image) return;
    image.setPointerCapture(event.pointerId);
    event.preventDefault();
    view.focus({ preventScroll: true });
  });
  view.addEventListener("pointermove", (event) => {
    if (image.hasPointerCapture(event.pointerId)) view.scrollBy(-event.movementX, -event.movementY);
  });

  const screen = document.querySelector("[data-fullscreen]");
  screen.hidden = !document.fullscreenEnabled;
  screen.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else screen.closest(".stage").requestFullscreen();
  });
  document.addEventListener("fullscreenchange", () => {
    screen.setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
  });

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
