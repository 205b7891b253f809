// What the theme's scripts forget for those who use keys or a screen reader.
document.addEventListener("DOMContentLoaded", () => {
  // The contents of a phone, and the search, open as dialogs. The theme moves what was in them when they close, and with
  // it the focus is lost: it goes back to the button that opened them.
  for (const dialog of document.querySelectorAll("dialog")) {
    let opener = null;
    document.addEventListener("click", (event) => { if (!dialog.open) opener = event.target.closest("button"); }, true);
    dialog.addEventListener("close", () => setTimeout(() => { if (document.activeElement === document.body) opener?.focus(); }));
  }

  // The buttons for colours and for the contents let go of the focus when they are pressed, and do not say what they did.
  const named = () => {
    const mode = document.documentElement.dataset.mode || "auto";
    document.querySelectorAll(".theme-switch-button").forEach((button) => { button.ariaLabel = `Colour mode: ${mode}`; });
  };
  named();
  new MutationObserver(named).observe(document.documentElement, { attributeFilter: ["data-mode"] });
  for (const button of document.querySelectorAll(".theme-switch-button, .sidebar-toggle")) {
    button.addEventListener("click", () => setTimeout(() => {
      if (!document.querySelector("dialog[open]") && document.activeElement === document.body) button.focus();
    }));
  }
});

// Solutions are opened by buttons that sphinx-togglebutton makes when the page has come: each is called as what it opens.
addEventListener("load", () => {
  for (const button of document.querySelectorAll(".toggle-button")) {
    const title = button.closest(".admonition")?.querySelector(".admonition-title");
    if (title) button.ariaLabel = title.textContent.replace(/\s+/g, " ").trim();
  }
});
