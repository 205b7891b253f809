// Before a page is printed it turns light, and all that is closed opens; afterwards it is as it was.
(() => {
  const root = document.documentElement;
  let undo = null;

  function toPaper() {
    if (undo) return; // a browser may tell twice
    const mode = root.dataset.theme;
    root.dataset.theme = "light";
    document.querySelectorAll("img[loading=lazy]").forEach((picture) => { picture.loading = "eager"; });
    const closed = [...document.querySelectorAll("details:not([open])")];
    const named = [...document.querySelectorAll("details[name]")].map((box) => [box, box.getAttribute("name")]);
    named.forEach(([box]) => box.removeAttribute("name")); // else opening one closes its neighbour
    closed.forEach((box) => { box.open = true; });
    undo = () => {
      if (mode) root.dataset.theme = mode;
      closed.forEach((box) => { box.open = false; });
      named.forEach(([box, name]) => box.setAttribute("name", name));
    };
  }

  function toScreen() {
    if (undo) undo();
    undo = null;
  }

  // Who prints at once would get white gaps where pictures have not come. On a wide screen, where people print, they come
  // in an idle moment; on a phone they wait until they are looked at.
  addEventListener("load", () => {
    if (!matchMedia("(min-width: 800px)").matches || navigator.connection?.saveData) return;
    const soon = window.requestIdleCallback || ((work) => setTimeout(work, 2000));
    soon(() => document.querySelectorAll("img[loading=lazy]:not(.only-dark)").forEach((one) => { one.loading = "eager"; }));
  });

  addEventListener("beforeprint", toPaper);
  addEventListener("afterprint", toScreen);
})();
