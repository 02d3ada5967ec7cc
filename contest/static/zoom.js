// A close-up of a picture of thousands of pixels, tile by tile. Fetched when a judge asks for it.
// The buttons are the sheet's own; what OpenSeadragon would draw itself and its keys are off.
import "./vendor/openseadragon-6.1.1/openseadragon.min.js";

const STEP = 1.5;
const MOVE = 0.15; // of the view, by an arrow key
const FIRST_LEVEL = 8; // the levels below are smaller than a thumbnail

// OpenSeadragon would add a style element, which our policy refuses. It looks for one by name first; this one
// has that name and no meaning.
const mark = document.createElementNS(null, "style");
mark.setAttribute("data-openseadragon-mobile-css", "");
document.head.append(mark);

/**
 * Open a close-up over `place`. `tiles`: the address of the first tile, "…/0/0_0"; `cut`: width and height of
 * the picture, a tile's edge and overlap in pixels; `says`: what it is called; `told` is called when it has moved,
 * `closed` at its end. Answers `zoom(how)` (in, out, fit, full), `scale()` and `close()`; and, for another close-up that
 * goes along, `at()`, the scale and how far across and down its middle is, and `go(at)`.
 */
export function open(place, { tiles, cut, says, told, closed }) {
  const [width, height, tileSize, tileOverlap] = cut.split(" ").map(Number);
  const base = tiles.slice(0, -"0/0_0".length);
  const element = document.createElement("div");
  element.className = "near";
  element.tabIndex = 0;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", says);
  place.append(element);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const viewer = new window.OpenSeadragon.Viewer({
    element,
    drawer: "canvas",
    showNavigationControl: false,
    keyboardNavEnabled: false,
    tabIndex: "",
    animationTime: still ? 0 : 0.6,
    visibilityRatio: 1,
    constrainDuringPan: true,
    maxZoomPixelRatio: 4,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    tileSources: {
      width,
      height,
      tileSize,
      tileOverlap,
      minLevel: Math.min(FIRST_LEVEL, Math.ceil(Math.log2(Math.max(width, height)))),
      getTileUrl: (level, column, row) => `${base}${level}/${column}_${row}`,
    },
  });
  viewer.addHandler("open", told);
  viewer.addHandler("animation", told);

  const { viewport } = viewer;
  const acts = {
    in: () => viewport.zoomBy(STEP),
    out: () => viewport.zoomBy(1 / STEP),
    fit: () => viewport.goHome(),
    full: () => viewport.zoomTo(viewport.imageToViewportZoom(1)),
  };
  const keys = { "+": "in", "=": "in", "-": "out", 0: "fit" };
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function zoom(how) {
    if (!viewer.world.getItemCount()) return;
    acts[how]();
    viewport.applyConstraints();
  }

  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") close();
    else if (event.key in keys) zoom(keys[event.key]);
    else if (event.key in moves) {
      const { width: wide, height: high } = viewport.getBounds();
      const [across, down] = moves[event.key];
      viewport.panBy(new window.OpenSeadragon.Point(across * wide * MOVE, down * high * MOVE));
      viewport.applyConstraints();
    } else return;
    // The sheet has keys of its own.
    event.preventDefault();
    event.stopPropagation();
  });

  function scale() {
    return viewer.world.getItemCount() ? viewport.viewportToImageZoom(viewport.getZoom(true)) : null;
  }

  function close() {
    closed();
    viewer.destroy();
    element.remove();
  }
  element.focus({ preventScroll: true });

  return {
    zoom,
    scale,
    at() {
      const { x, y } = viewport.getCenter(true);
      return { scale: scale(), across: x, down: (y * width) / height };
    },
    go(at) {
      if (!at?.scale || !viewer.world.getItemCount()) return;
      viewport.zoomTo(viewport.imageToViewportZoom(at.scale), null, true);
      viewport.panTo(new window.OpenSeadragon.Point(at.across, (at.down * height) / width), true);
      viewport.applyConstraints(true);
    },
    close,
  };
}
