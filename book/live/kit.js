// What the views are built from: elements, tiles, tokens, and the frame in which a request runs.
//
// All text is set as text and never read as HTML. There is one place for the answers of each view (role="status"), and
// it is filled once for each request, so a screen reader speaks once.

plipLive.kit = (() => {
  "use strict";
  let numbers = 0;

  // el("p", {class: "told", onclick: f}, "text", child): an element.
  function el(tag, options = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(options)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value !== undefined) made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

  // The frame of a view. `run(job)` shows how far loading is, then what `job` came to: {show, say}. Of several
  // requests only the last is shown.
  function frame(box, name) {
    const bar = el("progress", { max: 1, value: 0, "aria-label": "Loading the model" });
    const line = el("span");
    const loading = el("p", { class: "plip-live-loading", hidden: true }, bar, line);
    const first = box.querySelector(".plip-live-first"); // found while the book was built, before anybody asked
    const status = el("p", { class: "plip-live-status", role: "status" }, first ? first.dataset.say : "");
    const again = el("button", { type: "button", hidden: true }, "Try again");
    const results = el("div", { class: "plip-live-results" }, ...(first ? [first] : []));
    const data = box.querySelector('script[type="application/json"]');
    let turn = 0;

    // A refusal takes away what was shown before, and tells the view: `refused`. Trying again takes its button away, too,
    // and the focus with it.
    async function run(job, refused = () => {}) {
      const mine = ++turn;
      again.hidden = true;
      const progress = ({ loaded, total, what }) => {
        if (mine !== turn) return;
        loading.hidden = loaded >= total;
        bar.value = loaded / total;
        line.textContent = ` Loading ${what}: ${megabytes(loaded)} of ${megabytes(total)} MB`;
      };
      try {
        const found = await job(progress);
        if (mine !== turn) return;
        found.show();
        status.textContent = found.say;
      } catch (error) {
        if (mine !== turn) return;
        status.textContent = error.message;
        again.hidden = !error.again;
        again.onclick = () => (box.querySelector("button[type=submit]").focus(), run(job, refused));
        results.replaceChildren();
        refused();
      }
      loading.hidden = true;
    }

    // What is wrong with a request is told in the place of its answer, and an earlier request is not answered any more.
    const refuse = (line, refused) => run(() => Promise.reject(new Error(line)), refused);

    function build(...controls) {
      const plain = el("div", { class: "plip-live-plain" }, ...[...box.childNodes].filter((node) => node !== data));
      const told = "The model runs in this page. How: ";
      const links = [["transformer", "the transformer"], ["tokenizer", "the tokenizer"], ["resize", "the resizing"]];
      const read = links.map(([file, words]) => el("a", { href: `${plipLive.home}${file}.js` }, words));
      const how = el("p", { class: "plip-live-note" }, told, read[0], ", ", read[1], " and ", read[2], ", to be read.");
      box.replaceChildren(...controls, loading, status, again, results, plain, how, ...(data ? [data] : []));
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", name);
      box.classList.add("plip-live", "plip-live-ready");
    }
    return { build, run, refuse, results, status, own: data ? JSON.parse(data.textContent) : null };
  }

  // The gallery of the site, or the one that stands in the box.
  async function gallery(own, progress) {
    if (!own) return plipLive.gallery({ progress });
    const { unpacked, whole } = await plipLive.model();
    own.shelf ||= { ...own, vectors: unpacked(own.vectors, whole) };
    return own.shelf;
  }

  function field(label, input) {
    input.id = input.id || `plip-live-${++numbers}`;
    // What stands there is a proposal: the first click takes all of it, so that typing replaces it.
    const proposed = () => input.value === input.defaultValue && input.select();
    if (input.type === "search" || input.type === "text") input.addEventListener("click", proposed, { once: true });
    return el("div", { class: "plip-live-field" }, el("label", { for: input.id }, label), input);
  }

  // PLIP, CLIP or both. `value()` tells which; nothing is shown where there is no choice.
  function choice(names, onchange) {
    const group = `plip-live-${++numbers}`;
    const buttons = names.map((name, i) =>
      el("input", { type: "radio", name: group, value: name, checked: i === 0, onchange })
    );
    const shown = (name) => (name === "both" ? " Both" : ` ${name.toUpperCase()}`);
    const labels = buttons.map((button) => el("label", {}, button, shown(button.value)));
    const element = el("fieldset", { hidden: names.length < 2 }, el("legend", {}, "Model"), ...labels);
    const choose = (name) => buttons.forEach((button) => (button.checked ||= button.value === name));
    return { element, choose, value: () => buttons.find((button) => button.checked).value };
  }

  function examples(name, list, onchosen) {
    const buttons = list.map((text) => el("button", { type: "button", onclick: () => onchosen(text) }, text));
    return el("div", { class: "plip-live-examples", role: "group", "aria-label": name }, `${name}: `, ...buttons);
  }

  // One tile of the sheet, `side` pixels wide; what it shows stands beside it in words.
  function tile(gallery, index, side = 100) {
    const column = index % gallery.columns, row = Math.floor(index / gallery.columns);
    const picture = el("img", { src: gallery.sheet, alt: "", class: "dark-light", draggable: "false" });
    picture.style.cssText = `width:${gallery.columns * side}px;left:${-column * side}px;top:${-row * side}px`;
    const window = el("span", { class: "plip-live-tile" }, picture);
    window.style.cssText = `width:${side}px;height:${side}px`;
    return window;
  }

  // A list of them, with what they show, their cosine, and what else is to be said of one: `more(index)`.
  function tiles(gallery, found, more = () => "") {
    const items = found.map(({ index, cosine }) => {
      const words = el("span", { title: gallery.captions[index] }, gallery.captions[index]);
      const told = el("span", { class: "plip-live-number" }, cosine.toFixed(2), more(index));
      return el("li", {}, tile(gallery, index), words, told);
    });
    return el("ol", { class: "plip-live-tiles" }, ...items);
  }

  // How the model cuts a sentence: tokens of one word stand close together.
  function tokens({ pieces, cut }) {
    const marks = pieces.flatMap((piece) => {
      const shown = el("span", {}, piece.trim().replaceAll("\ufffd", "▯"));
      return piece.endsWith(" ") ? [shown, " "] : [shown];
    });
    const notes = [];
    if (!pieces.length) notes.push("no token at all");
    if (pieces.join("").includes("\ufffd")) notes.push("▯ is one byte of a letter that has no token of its own");
    if (cut) notes.push(`only the first ${pieces.length} tokens are read, the rest was cut`);
    const told = notes.length ? [el("span", { class: "plip-live-note" }, ` (${notes.join("; ")})`)] : [];
    const many = `${pieces.length} token${pieces.length === 1 ? "" : "s"}: `;
    return el("p", { class: "plip-live-tokens" }, many, ...marks, ...told);
  }

  function cosine(a, b, from = 0) {
    let sum = 0;
    for (let i = 0; i < a.length; i++) sum += a[i] * b[from + i];
    return sum;
  }

  // The k rows of a gallery nearest to a vector, the nearest first.
  function nearest(vectors, vector, k) {
    const n = vectors.length / vector.length;
    const near = (index) => ({ index, cosine: cosine(vector, vectors, index * vector.length) });
    const all = Array.from({ length: n }, (_, index) => near(index));
    return all.sort((a, b) => b.cosine - a.cosine || a.index - b.index).slice(0, k);
  }

  // "8 tiles: 6 mucus, 2 fat"; where each tile has a caption of its own, that of the nearest.
  function counted(gallery, found) {
    const captions = gallery.captions;
    if (new Set(captions).size > 40) return `${found.length} tiles, the nearest: ${captions[found[0].index].replace(/[\s.!?]+$/, "")}`;
    const counts = new Map();
    for (const { index } of found) counts.set(captions[index], (counts.get(captions[index]) || 0) + 1);
    const parts = [...counts].sort((a, b) => b[1] - a[1]).map(([words, n]) => `${n} ${words}`);
    return `${found.length} tiles: ${parts.join(", ")}`;
  }

  const shared = (one, other) => one.filter(({ index }) => other.some((found) => found.index === index)).length;

  return { el, frame, gallery, field, choice, examples, tile, tiles, tokens, cosine, nearest, counted, shared };
})();
