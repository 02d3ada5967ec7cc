// What the kit's `dialog` macro renders opens above the page. Without this file it opens in the page.
// The browser keeps the focus inside, closes on Escape and gives the focus back.
for (const details of document.querySelectorAll("details[data-dialog]")) {
  const summary = details.querySelector("summary");
  const dialog = document.createElement("dialog");
  const title = document.createElement("h2");
  const close = document.createElement("button");
  title.textContent = summary.textContent;
  title.id = `${details.id}-title`;
  close.className = "btn two fit";
  close.type = "button";
  close.textContent = details.dataset.close;
  close.addEventListener("click", () => dialog.close());
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.append(title, details.querySelector(".within"), close);
  // A press on the ground beside the window closes it as well.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  details.open = false;
  details.hidden = false;
  summary.setAttribute("aria-haspopup", "dialog");
  summary.addEventListener("click", (event) => {
    event.preventDefault();
    dialog.showModal();
  });
}
