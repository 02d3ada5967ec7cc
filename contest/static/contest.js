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
