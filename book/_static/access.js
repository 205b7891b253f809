// The contents of a phone, and the search, open as dialogs. The theme moves what was in them when they close, and with it
// the focus is lost: it goes back to the button that opened them.
document.addEventListener("DOMContentLoaded", () => {
  for (const dialog of document.querySelectorAll("dialog")) {
    let opener = null;
    document.addEventListener("click", (event) => { if (!dialog.open) opener = event.target.closest("button"); }, true);
    dialog.addEventListener("close", () => setTimeout(() => opener?.focus()));
  }
});
