// Sends files straight to the store: digest, grant, PUT, complete. The plain form stays for browsers without
// this file. Sentences come from the server or from the page; this file holds none.

import { say, token } from "./contest.js";
import { focusOn, refresh, usable } from "./poll.js";
import { sha256 } from "./sha256.js";

const AT_ONCE = 2;
const PARTS_AT_ONCE = 2; // of one file; a browser has six lines to one host
const GRANTS = 4;
const TRIES = 9; // with the pauses between them some three minutes
const LONGEST_PAUSE = 60_000;
const STALLED = 180_000; // a line that died without a word would be waited for much longer by the browser
const words = document.getElementById("upload-words")?.dataset;
const waiting = [];
let running = 0;
let lastGrant = Promise.resolve();
// All that was chosen since nothing was under way, for the bar that stays in sight.
const batch = new Set();
const whole = document.getElementById("upload-all");
const wholePace = {};
let quarter = 0;

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function bytes(size) {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  let value = size;
  while (value >= 1000 && unit < 3) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** How long the rest takes, in a sentence; empty while nobody can know. */
function timeLeft(seconds) {
  if (!Number.isFinite(seconds) || seconds < 1.5) return "";
  if (seconds < 10) return fill(words.seconds, { n: Math.round(seconds) });
  if (seconds < 50) return fill(words.seconds, { n: Math.round(seconds / 5) * 5 });
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 60) return fill(words.minutes, { n: minutes });
  return fill(words.hours, { h: Math.floor(minutes / 60), m: minutes % 60 });
}

/** Bytes in a second, over the last moments that `mark` remembers; NaN until there is enough to go by. */
function pace(mark, sent) {
  const now = performance.now();
  if (mark.now === undefined || sent < mark.sent) Object.assign(mark, { now, sent, rate: Number.NaN });
  const seconds = (now - mark.now) / 1000;
  if (seconds >= 1) {
    const rate = (sent - mark.sent) / seconds;
    Object.assign(mark, { now, sent, rate: Number.isNaN(mark.rate) ? rate : 0.7 * mark.rate + 0.3 * rate });
  }
  return mark.rate;
}

/** How far all uploads are together: always in sight, and said at each quarter where there are several. */
function showWhole() {
  const files = [...batch].filter((upload) => !upload.gone);
  const arrived = files.filter((upload) => upload.arrived).length;
  whole.hidden = arrived === files.length;
  if (whole.hidden) {
    if (arrived > 1) say(fill(words.allHere, { n: arrived }));
    batch.clear();
    quarter = 0;
    return;
  }
  const all = files.reduce((sum, upload) => sum + upload.file.size, 0);
  const sent = files.reduce((sum, upload) => sum + upload.sent, 0);
  // The last bytes are there once the server has said so.
  const percent = Math.min(99, Math.floor((100 * sent) / Math.max(1, all)));
  const told = fill(words.whole, { done: arrived, all: files.length, percent });
  const left = timeLeft((all - sent) / pace(wholePace, sent));
  const [text, bar] = whole.children;
  text.textContent = left ? fill(words.left, { progress: told, left }) : told;
  bar.value = percent;
  bar.className = files.some((upload) => !upload.arrived && upload.retry.hidden) ? "" : "held";
  if (files.length > 1 && Math.floor(percent / 25) > quarter) {
    quarter = Math.floor(percent / 25);
    say(told);
  }
}

/** What went wrong, in a sentence for the person. `again`: trying once more may help; `held`: after an act of theirs. */
class Trouble extends Error {
  constructor(message, { again = false, held = false, code = "" } = {}) {
    super(message);
    this.again = again;
    this.held = held;
    this.code = code;
  }
}

async function ask(method, url, signal, body) {
  let answer;
  try {
    answer = await fetch(url, {
      method,
      signal,
      headers: { "X-CSRFToken": token(), "Content-Type": "application/json", Accept: "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new Trouble(words.unreachable, { again: true });
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const again = answer.status >= 500;
    const held = answer.status === 401 || answer.status === 429 || told.error === "csrf";
    const message = { 400: told.error === "csrf" && words.signed, 401: words.signed, 404: words.gone }[answer.status];
    throw new Trouble(message || told.message || words.unreachable, { again, held, code: told.error });
  }
  return told;
}

/** PUT the bytes with progress. A 412 means that an earlier try did land: the key is written once. 404: parts are gone. */
function put(grant, file, signal, progress) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open(grant.method, grant.url);
    for (const [name, value] of Object.entries(grant.headers)) request.setRequestHeader(name, value);
    let waits = 0;
    const alive = () => {
      clearTimeout(waits);
      waits = setTimeout(() => {
        fail(new Trouble(words.unreachable, { again: true }));
        request.abort();
      }, STALLED);
    };
    alive();
    request.upload.addEventListener("progress", (event) => {
      alive();
      progress(event.loaded);
    });
    request.addEventListener("loadend", () => clearTimeout(waits));
    request.addEventListener("load", () => {
      if ((request.status >= 200 && request.status < 300) || request.status === 412) done();
      else if (request.status === 403) fail(new Trouble(words.unreachable, { again: true, code: "grant" }));
      else if (request.status >= 500 || request.status === 404) fail(new Trouble(words.unreachable, { again: true }));
      else fail(new Trouble(words.unreadable));
    });
    request.addEventListener("error", () => {
      // A file that changed on its disk breaks off as a line does, but sending it again is of no use.
      const readable = file.slice(0, 1).arrayBuffer();
      readable.then(
        () => fail(new Trouble(words.unreachable, { again: true })),
        () => fail(new Trouble(words.unreadable)),
      );
    });
    request.addEventListener("abort", () => fail(signal.reason));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file);
  });
}

/** One file on its way, with its row in the list. */
class Upload {
  constructor(form, file, list) {
    this.form = form;
    this.file = file;
    this.list = list;
    this.stop = new AbortController();
    this.id = null;
    this.mark = {};
    this.halfSaid = this.failed = this.arrived = this.gone = this.moved = false;
    this.sent = 0;
    // Grants are asked for in the order in which files were chosen: it is the order that judges see.
    this.turn = lastGrant;
    lastGrant = new Promise((done) => (this.granted = done));
    this.row = document.createElement("li");
    this.row.className = "file";
    this.row.dataset.busy = "1";
    const thumb = document.createElement("div");
    thumb.className = "thumb none";
    thumb.setAttribute("aria-hidden", "true");
    thumb.textContent = file.name.includes(".") ? file.name.split(".").pop().slice(0, 5).toUpperCase() : "?";
    const body = document.createElement("div");
    body.className = "stack-s";
    const head = document.createElement("div");
    head.className = "name";
    const title = document.createElement("span");
    const name = document.createElement("bdi");
    name.textContent = this.name;
    const size = document.createElement("small");
    size.textContent = ` ${bytes(file.size)}`;
    title.append(name, size);
    this.tag = document.createElement("span");
    this.tag.className = "tag rest";
    this.tag.textContent = words.waiting;
    head.append(title, this.tag);
    this.bar = document.createElement("progress");
    this.bar.max = 100;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", `${words.sending}: ${this.name}`);
    this.bar.hidden = true;
    this.text = document.createElement("p");
    const acts = document.createElement("div");
    acts.className = "acts";
    this.retry = this.act(words.retry, () => this.goOn());
    this.retry.hidden = true;
    this.button = this.act(words.cancel, () => this.cancel());
    acts.append(this.retry, this.button);
    body.append(head, this.bar, this.text, acts);
    this.row.append(thumb, body);
    // What replaces a file stands below it; the list puts it in its place afterwards.
    const old = document.getElementById(`file-${form.dataset.replaces}`);
    if (old) old.after(this.row);
    else list.append(this.row);
  }

  /** The name as it may be shown: marks that turn the direction become visible. */
  get name() {
    return this.file.name.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u0000-\u001f\u007f]/g, "\ufffd");
  }

  act(label, does) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn low";
    button.textContent = label;
    const hidden = document.createElement("span");
    hidden.className = "vh";
    hidden.textContent = ` ${this.name}`;
    button.append(hidden);
    button.addEventListener("click", does);
    return button;
  }

  show(tag, text, manner = "go") {
    this.tag.textContent = tag;
    this.tag.className = `tag ${manner}`;
    this.text.textContent = text;
  }

  progress(sent) {
    const percent = Math.floor((100 * sent) / Math.max(1, this.file.size));
    this.bar.value = percent;
    const told = fill(words.progress, { percent, done: bytes(sent), all: bytes(this.file.size) });
    const left = timeLeft((this.file.size - sent) / pace(this.mark, sent));
    this.text.textContent = left ? fill(words.left, { progress: told, left }) : told;
    if (percent >= 50 && percent < 100 && !this.halfSaid) {
      this.halfSaid = true;
      this.sayAlone(words.half);
    }
    this.sent = sent;
    showWhole();
  }

  /** Say what one file does; of several together only the whole is said. */
  sayAlone(sentence) {
    if (batch.size === 1) say(fill(sentence, { name: this.name }));
  }

  /** The whole way, from wherever it stopped before. */
  async run() {
    const { signal } = this.stop;
    try {
      this.digest ??= await this.read(signal);
      await this.turn;
      signal.throwIfAborted();
      let grant = await this.patiently(() => this.begin(signal));
      this.granted();
      this.id = grant.id;
      // The server's own row of an upload that goes on here gives way to ours.
      document.getElementById(`file-${grant.id}`)?.remove();
      this.row.dataset.row = grant.id;
      this.bar.hidden = false;
      this.bar.value = 0; // it was full of what was read
      this.show(words.sending, "");
      this.sayAlone(words.started);
      if (grant.parts > 1) {
        await this.patiently(async () => {
          await this.sendParts(grant, signal);
          try {
            await ask("POST", `/uploads/${this.id}/complete`, signal);
          } catch (error) {
            // The store lost a part: the next try asks which.
            error.again ||= error.code === "not_received";
            throw error;
          }
        });
      } else {
        await this.patiently(async () => {
          try {
            await put(grant, this.file, signal, (sent) => this.progress(sent));
          } catch (error) {
            // The grant may have run out while the line was away; the upload's start still counts.
            if (error.code === "grant") grant = await this.begin(signal);
            throw error;
          }
        });
        await this.patiently(() => ask("POST", `/uploads/${this.id}/complete`, signal));
      }
      this.leave();
    } catch (error) {
      if (signal.aborted) return;
      if (error.code === "grant_used") this.leave(); // an earlier try did finish; only its answer was lost
      else if (error.code === "file_here") this.drop(words.here);
      else if (error.again || error.held) this.rest(error.message);
      else if (!(error instanceof Trouble)) this.fail(words.unreadable);
      else if (error.code !== "slot_full" || !this.joinFull()) this.fail(error.message, error.code);
    }
  }

  /** Send the parts that have not arrived yet, some at once. One that breaks lets its neighbours finish. */
  async sendParts({ parts, part_size: size }, signal) {
    const { arrived } = await ask("POST", `/uploads/${this.id}/parts`, signal);
    const sent = new Map(arrived.map((number) => [number, this.partOf(number, size).size]));
    const missing = Array.from({ length: parts }, (_, index) => index + 1).filter((number) => !sent.has(number));
    const tell = (number, bytes) => {
      sent.set(number, bytes);
      this.progress([...sent.values()].reduce((sum, each) => sum + each, 0));
    };
    const grants = new Map();
    let broken = null;
    if (arrived.length) tell(arrived[0], sent.get(arrived[0]));
    const sendSome = async () => {
      while (missing.length && !broken) {
        const number = missing.shift();
        try {
          if (!grants.has(number)) {
            const wanted = [number, ...missing.slice(0, GRANTS - 1)];
            const answer = await ask("POST", `/uploads/${this.id}/parts/grant`, signal, { parts: wanted });
            for (const grant of answer.grants) grants.set(grant.number, grant);
          }
          await put(grants.get(number), this.partOf(number, size), signal, (bytes) => tell(number, bytes));
          this.moved = true;
        } catch (error) {
          broken ??= error;
        }
      }
    };
    // Where a line broke before any part was whole, one part at a time has all of it.
    await Promise.all(Array.from({ length: this.poor ? 1 : PARTS_AT_ONCE }, sendSome));
    if (broken) throw broken;
  }

  partOf(number, size) {
    return this.file.slice((number - 1) * size, number * size);
  }

  async read(signal) {
    this.show(fill(words.reading, { name: "" }).trim(), "");
    this.bar.hidden = this.file.size <= words.part; // of a small one nobody sees it
    try {
      const progress = (fraction) => (this.bar.value = fraction * 100);
      return await sha256(this.file, { part: Number(words.part), signal, progress });
    } catch {
      signal.throwIfAborted();
      throw new Trouble(words.unreadable);
    }
  }

  /** Ask for a grant; for an upload that has begun already, have it signed anew. */
  begin(signal) {
    if (this.id) return ask("POST", `/uploads/${this.id}/grant`, signal);
    return ask("POST", "/uploads", signal, {
      entry: this.form.dataset.entry,
      slot: this.form.dataset.slot,
      name: this.file.name,
      size: this.file.size,
      sha256: this.digest.whole,
      parts: this.digest.parts || undefined,
      type: this.file.type,
      replaces: this.form.dataset.replaces,
    });
  }

  /** Try again after a broken line, later each time, and not while the browser knows that it is offline. */
  async patiently(act) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await act();
      } catch (error) {
        this.stop.signal.throwIfAborted();
        // A part that arrived shows that the line is there, if a poor one.
        if (this.moved) attempt = 1;
        this.poor = !this.moved;
        this.moved = false;
        if (!(error instanceof Trouble) || !error.again || attempt === TRIES) throw error;
        this.bar.className = "held";
        this.show(words.sending, navigator.onLine ? words.again : words.offline);
        await this.pause(attempt);
        this.bar.className = "";
      }
    }
  }

  pause(attempt) {
    return new Promise((go, fail) => {
      const wait = Math.min(LONGEST_PAUSE, 1000 * 2 ** (attempt - 1)) * (0.75 + Math.random() / 2);
      const awake = () => setTimeout(go, navigator.onLine ? wait : 0);
      if (navigator.onLine) awake();
      else window.addEventListener("online", awake, { once: true });
      this.stop.signal.addEventListener("abort", () => fail(this.stop.signal.reason), { once: true });
    });
  }

  /** Wait for the person, or for the line: it is away for long. What has begun stays begun. */
  rest(sentence) {
    this.granted();
    this.bar.className = "held";
    this.show(words.paused, sentence, "act");
    say(`${this.name}: ${sentence}`);
    this.retry.hidden = false;
    showWhole();
    window.addEventListener("online", () => this.goOn(), { once: true });
  }

  goOn() {
    if (this.retry.hidden || this.stop.signal.aborted) return;
    const focused = document.activeElement === this.retry;
    this.retry.hidden = true;
    if (focused) this.button.focus();
    this.bar.className = "";
    this.show(words.waiting, "", "rest");
    waiting.push(this);
    showWhole();
    next();
  }

  /** Leave the row to the server's own. */
  leave() {
    this.sayAlone(words.finished);
    this.arrived = true;
    this.sent = this.file.size;
    showWhole();
    const focused = this.row.contains(document.activeElement);
    delete this.row.dataset.busy;
    if (focused) focusOn(this.list);
    refresh();
  }

  /** Of many files that find no place, one row tells: it takes the names of those that come after it. */
  joinFull() {
    const full = this.list.querySelector('[data-refused="slot_full"] .name > span');
    if (!full) return false;
    full.append(document.createElement("br"), ...this.row.querySelector(".name > span").childNodes);
    this.drop("");
    return true;
  }

  fail(sentence, code = "") {
    this.granted();
    this.failed = this.gone = true;
    showWhole();
    this.row.dataset.refused = code;
    this.row.className = "file bad";
    this.bar.hidden = true;
    this.show(words.refused, sentence, "act");
    say(`${fill(words.failed, { name: this.name })} ${sentence}`);
    this.button.firstChild.textContent = words.dismiss;
    this.forget();
  }

  cancel() {
    this.stop.abort();
    this.drop(this.failed ? "" : words.cancelled);
    if (!this.failed) this.forget();
  }

  /** Take the row away, and say why. */
  drop(sentence) {
    this.granted();
    this.gone = true;
    showWhole();
    const focused = this.row.contains(document.activeElement);
    this.row.remove();
    if (focused) focusOn(this.list);
    if (sentence) say(fill(sentence, { name: this.name }));
  }

  /** Tell the server that this upload will not come. */
  forget() {
    const { id } = this;
    if (!id) return;
    this.id = null;
    delete this.row.dataset.row;
    ask("DELETE", `/uploads/${id}`)
      .catch(() => {})
      .finally(refresh);
  }
}

function next() {
  while (running < AT_ONCE && waiting.length) {
    const upload = waiting.shift();
    if (upload.stop.signal.aborted) continue;
    running += 1;
    upload.run().finally(() => {
      running -= 1;
      next();
    });
  }
  const line = waiting.filter((upload) => !upload.stop.signal.aborted);
  line.forEach((upload, place) => {
    upload.text.textContent = place ? fill(words.line, { n: place + 1 }) : words.next;
  });
}

/** Take files for a form's slot, in the order in which they were chosen. */
function take(form, files) {
  const list = document.querySelector(`[data-live="slot-${CSS.escape(form.dataset.slot)}"]`);
  for (const file of files) {
    const upload = new Upload(form, file, list);
    batch.add(upload);
    waiting.push(upload);
  }
  showWhole();
  next();
}

// Leaving the page would end what is under way; the browser asks first.
window.addEventListener("beforeunload", (event) => {
  if (!running) return;
  event.preventDefault();
  usable();
});

/** Files may also be dropped on a slot's box; the button stays the way for everyone. */
function takeDrops(form) {
  const holds = (event) => event.dataTransfer?.types.includes("Files");
  let inside = 0;
  const leave = () => {
    inside = 0;
    delete form.dataset.over;
  };
  // A finger has nothing to drop.
  form.querySelector("[data-drop]").hidden = !matchMedia("(any-pointer: fine)").matches;
  form.addEventListener("dragenter", (event) => {
    if (!holds(event)) return;
    inside += 1;
    form.dataset.over = "1";
  });
  form.addEventListener("dragleave", () => {
    inside -= 1;
    if (inside <= 0) leave();
  });
  form.addEventListener("dragover", (event) => {
    if (holds(event)) event.preventDefault();
  });
  form.addEventListener("drop", (event) => {
    if (!holds(event)) return;
    event.preventDefault();
    leave();
    take(form, event.dataTransfer.files);
  });
}

if (words && window.isSecureContext && crypto.subtle) {
  // Rows come and go, so their forms are listened to from above; what is there for plain sending is hidden by this mark.
  document.documentElement.dataset.sends = "1";
  document.querySelectorAll("form.drop[data-upload]").forEach(takeDrops);
  document.addEventListener(
    "submit",
    (event) => {
      if ("upload" in event.target.dataset) event.preventDefault();
    },
    { capture: true },
  );
  const send = (field) => {
    if (field.type !== "file" || !("upload" in (field.form?.dataset ?? {}))) return;
    take(field.form, field.files);
    field.value = "";
  };
  document.addEventListener("change", (event) => send(event.target));
  // On a slow line somebody chose files before this file had come; the button that would send them is hidden now.
  document.querySelectorAll('input[type="file"]').forEach((field) => field.files.length && send(field));
  // One act replaces a file: the word that would open the form opens the choice of files.
  document.addEventListener("click", (event) => {
    const summary = event.target.closest("details.swap > summary");
    if (!summary) return;
    event.preventDefault();
    summary.parentElement.querySelector('input[type="file"]').click();
  });
  // A file that misses the box must not take the place of the page.
  for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
}
