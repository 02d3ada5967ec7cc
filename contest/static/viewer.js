// Pictures in a viewer: changed, set on another mat and magnified in place, with animations, videos and close-ups.
// The judge's sheet and the page of a winner have one; where a judge compares, two keep mat, zoom and place in step.
// Without this file the links of the strips do it.
// The focus stays, but for the close-up of a large picture, which gives it back.
import { say } from "./contest.js";

const STEPS = [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4];
const mats = document.querySelector("[data-mats]");
if (mats) together(mats.closest("section"));

/** The tools of a viewer, for all its pictures at once. */
function together(stage) {
  const output = document.getElementById("scale");
  const zooms = stage.querySelector("[data-zooms]");
  const near = document.getElementById("close-up");
  let scale = null; // of the pictures' own pixels; null fits each into its view
  let leader = null; // the pane that was moved last: its close-up takes the other one along
  const closeUps = new Map(); // what `zoom.js` opened, by pane
  const panes = []; // a picture that is there already tells of it while they are made
  for (const view of stage.querySelectorAll(".view[id]")) panes.push(pane(view, { told: tell, changed }));

  /** Another picture stands in a pane. */
  function changed() {
    leave();
    offer();
    show();
  }
  function offer() {
    near.hidden = !panes.some((each) => each.seen().tiles);
    zooms.hidden = panes.every((each) => each.seen().video);
  }

  mats.hidden = false;
  mats.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    for (const each of mats.querySelectorAll("button")) each.setAttribute("aria-pressed", String(each === button));
    for (const { view } of panes) {
      view.classList.remove("white", "black");
      if (button.dataset.mat) view.classList.add(button.dataset.mat);
    }
  });

  zooms.addEventListener("click", (event) => {
    const zoom = event.target.closest("button")?.dataset.zoom;
    if (!zoom) return;
    const now = scales();
    if (closeUps.size) for (const each of closeUps.values()) each.zoom(zoom);
    else if (zoom === "fit") scale = null;
    else if (zoom === "full") scale = 1;
    else if (zoom === "in") scale = STEPS.find((step) => step > Math.max(...now) * 1.01) ?? STEPS.at(-1);
    else scale = STEPS.findLast((step) => step < Math.min(...now) * 0.99) ?? STEPS[0];
    show();
  });

  function show() {
    for (const each of panes) each.show(scale);
    tell();
  }

  /** How large the pictures stand: CSS pixels for each of their own. */
  function scales() {
    const pictures = panes.filter((each) => !each.seen().video);
    return pictures.map((each) => closeUps.get(each)?.scale() ?? scale ?? each.fitted());
  }

  function tell() {
    output.textContent = [...new Set(scales().map((each) => `${Math.round(each * 100)} %`))].join(" | ");
    zooms.querySelector("[data-zoom=fit]").setAttribute("aria-pressed", String(!closeUps.size && scale === null));
    zooms.querySelector("[data-zoom=full]").setAttribute("aria-pressed", String(!closeUps.size && scale === 1));
  }

  // What is moved in one is moved in the other, as far across and down as it can go.
  const follows = new WeakSet();
  const share = (at, most) => (most > 0 ? at / most : 0.5);
  for (const { view } of panes.length > 1 ? panes : []) {
    view.addEventListener("scroll", () => {
      if (follows.delete(view)) return;
      const across = share(view.scrollLeft, view.scrollWidth - view.clientWidth);
      const down = share(view.scrollTop, view.scrollHeight - view.clientHeight);
      for (const { view: other } of panes.filter((each) => each.view !== view)) {
        const { scrollLeft, scrollTop } = other;
        other.scrollTo(across * (other.scrollWidth - other.clientWidth), down * (other.scrollHeight - other.clientHeight));
        if (other.scrollLeft !== scrollLeft || other.scrollTop !== scrollTop) follows.add(other);
      }
    });
  }

  // The viewer of pyramids is as heavy as all the rest: it comes when it is asked for.
  near.addEventListener("click", async () => {
    if (closeUps.size) {
      leave();
      return;
    }
    const wanted = panes.map((each) => [each, each.seen()]).filter(([, seen]) => seen.tiles);
    near.setAttribute("aria-pressed", "true");
    try {
      const { open } = await import("./zoom.js");
      if (closeUps.size) return;
      if (wanted.some(([each, seen]) => each.seen() !== seen)) {
        // Another picture was chosen meanwhile.
        over();
        return;
      }
      scale = null;
      show();
      // The last to open has the focus: that is the first.
      for (const [each, { tiles, cut }] of wanted.reverse()) {
        const told = () => follow(each);
        closeUps.set(each, open(each.view, { tiles, cut, says: near.dataset.says, told, closed: () => left(each) }));
      }
      tell();
    } catch {
      over();
      say(near.dataset.failed);
    }
  });
  for (const each of panes) {
    for (const kind of ["pointerdown", "wheel", "keydown"]) {
      each.view.addEventListener(kind, () => (leader = each), { capture: true, passive: true });
    }
  }
  function follow(from) {
    if (from === leader) for (const [each, closeUp] of closeUps) if (each !== from) closeUp.go(closeUps.get(from)?.at());
    tell();
  }
  function leave() {
    for (const each of [...closeUps.values()]) each.close();
  }
  function left(from) {
    const inside = from.view.contains(document.activeElement);
    closeUps.delete(from);
    leave(); // Escape in one ends the other
    if (inside) (from.seen().tiles ? near : from.view).focus({ preventScroll: true });
    over();
  }
  function over() {
    near.setAttribute("aria-pressed", "false");
    tell();
  }

  const screen = stage.querySelector("[data-fullscreen]");
  screen.hidden = !document.fullscreenEnabled;
  screen.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else stage.requestFullscreen();
  });
  document.addEventListener("fullscreenchange", () => {
    screen.setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
  });
  offer();
  tell();
}

/**
 * One picture with its strip and its words. `told` is called when it has come or its view has another size, `changed`
 * when another one was chosen. Answers `seen()`, `fitted()`, its scale as it stands, and `show(scale)`.
 */
function pane(view, { told, changed }) {
  const part = (name) => document.getElementById(name + view.id.slice("view".length));
  const image = part("shown");
  const full = part("full");
  const strip = part("strip");
  const caption = part("caption");
  const miss = part("miss");
  const film = part("film");
  const play = part("play");
  const sizes = image.sizes;
  let seen = strip.querySelector("[aria-current]").dataset; // of the link to the picture that is shown
  let whole = null; // the scale that it was given last

  strip.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    strip.querySelector("[aria-current]")?.removeAttribute("aria-current");
    link.setAttribute("aria-current", "page");
    centre(link);
    address(new URL(link.href).searchParams.get(strip.dataset.name));
    seen = link.dataset;
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
    changed();
  });

  /** Who loads the page anew, comes back to it or goes on to compare has the same picture. */
  function address(number) {
    const own = strip.dataset.name;
    const here = new URL(location.href);
    here.searchParams.set(own, number);
    history.replaceState(history.state, "", here);
    const compare = document.getElementById("compare");
    if (compare) compare.search = new URLSearchParams({ [own]: number });
    for (const field of document.querySelectorAll(`input[type=hidden][name="${own}"]`)) field.value = number;
  }

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
    if (play) play.textContent = moving ? play.dataset.stop : part("moving").textContent;
  }

  /** What this picture has beside its sizes: an animation, a video. */
  function offer() {
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
    part("moving").hidden = true;
    // An animation starts only when it is asked for, and can be stopped.
    play.addEventListener("click", () => paint(play.getAttribute("aria-pressed") !== "true"));
  }
  offer();

  // What came, what did not.
  image.addEventListener("load", () => loaded(true));
  image.addEventListener("error", () => loaded(false));
  function again() {
    view.setAttribute("aria-busy", "true");
    const { src, srcset } = image;
    image.srcset = "";
    image.src = src;
    image.srcset = srcset;
  }
  miss.querySelector("[data-retry]").addEventListener("click", again);
  window.addEventListener("online", () => miss.hidden || again());
  if (image.complete) loaded(Boolean(image.naturalWidth));
  function loaded(well) {
    part("wait")?.remove();
    view.removeAttribute("aria-busy");
    miss.hidden = well || Boolean(seen.video);
    image.classList.toggle("vh", !well);
    told();
  }
  new ResizeObserver(() => told()).observe(view);

  function show(scale) {
    whole = scale;
    // What stands in the middle stays there.
    const middle = [
      (view.scrollLeft + view.clientWidth / 2) / view.scrollWidth,
      (view.scrollTop + view.clientHeight / 2) / view.scrollHeight,
    ];
    view.classList.toggle("whole", scale !== null);
    if (scale === null) {
      image.style.removeProperty("inline-size");
      image.sizes = sizes;
    } else {
      const size = `${Math.round(Number(seen.most) * scale)}px`;
      image.style.setProperty("inline-size", size);
      image.sizes = size;
    }
    view.scrollTo(middle[0] * view.scrollWidth - view.clientWidth / 2, middle[1] * view.scrollHeight - view.clientHeight / 2);
  }

  // A magnified picture is moved by dragging it, by scrolling or by the arrow keys.
  view.addEventListener("pointerdown", (event) => {
    if (whole === null || event.pointerType !== "mouse" || event.button || event.target !== image) return;
    image.setPointerCapture(event.pointerId);
    event.preventDefault();
    view.focus({ preventScroll: true });
  });
  view.addEventListener("pointermove", (event) => {
    if (image.hasPointerCapture(event.pointerId)) view.scrollBy(-event.movementX, -event.movementY);
  });

  return {
    view,
    show,
    seen: () => seen,
    fitted: () => image.getBoundingClientRect().width / Number(seen.most),
  };
}
