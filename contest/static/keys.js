// Single keys do what the buttons of a judge's page do, unless the judge switched them off; without this file the
// buttons do the same. On a sheet, 1 to 9 choose a level in the criterion that has the focus and 0 leaves it open
// again; the others press what carries them in `data-key`.
const OFF = "contest-keys-off";
const own = document.getElementById("use-keys");
if (own) keys();

function keys() {
  const form = document.getElementById("sheet");
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
    if (key === "n" && form) {
      form.elements.note.focus();
      return true;
    }
    if (key === "s" && form) {
      const open = [...form.querySelectorAll("fieldset.c:enabled")].find((each) => !each.querySelector("input:checked")?.value);
      if (open) {
        open.querySelector("input").focus();
        return true;
      }
    }
    if (key === "." || key === ",") return turn(key === ".", target);
    return /^[a-z0+=-]$/.test(key) && click(document.querySelector(`[data-key="${key === "=" ? "+" : key}"]`));
  }

  /** The next or the previous picture: where two entries stand side by side, of the one that has the focus, else of both. */
  function turn(forward, target) {
    const near = target.closest("section")?.querySelectorAll(".strip") ?? [];
    const strips = near.length === 1 ? near : document.querySelectorAll(".strip");
    return [...strips].map((strip) => {
      const here = strip.querySelector("[aria-current]");
      return click(forward ? here?.nextElementSibling : here?.previousElementSibling);
    }).includes(true);
  }

  function click(element) {
    if (!element || element.hidden) return false;
    element.click();
    return true;
  }
}
