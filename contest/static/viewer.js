// Pictures in a viewer: changed, set on another mat and magnified in place, with animations, videos and close-ups.
// The judge's sheet and the page of a winner have the same one. Without this file the links of the strip do it.
// The focus stays, but for the close-up of a large picture, which gives it back.
import { say } from "./contest.js";

const image = document.getElementById("shown");
if (image) pictures();

function pictures() {
  const view = document.getElementById("view");
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
