// Labels are a classifier: one tile or picture, any labels, their cosines, and a softmax with its temperature.
//
//     <div class="plip-live" data-live="classify" data-tiles="0|1|2|3|4|5"></div>

plipLive.views.classify = (box) => {
  "use strict";
  const { el, frame, field, choice, tile, cosine } = plipLive.kit;
  const PHRASES = [
    "adipose tissue", "background", "debris", "lymphocytes", "mucus", "smooth muscle", "normal colon mucosa",
    "cancer-associated stroma", "colorectal adenocarcinoma epithelium",
  ];
  const MOST = 200; // labels
  const LEAST = 0.005, STEPS = 200; // temperatures from LEAST to 1, equal steps of their logarithm
  const offered = (box.dataset.tiles || "0|1|2|3|4|5").split("|").map(Number);
  const { build, run, refuse, results, status } = frame(box, "Classify by words");
  const nothing = el("figcaption", {}, "No picture yet: choose one, or press Classify.");
  const first = box.querySelector(".plip-live-one"); // the first tile, if the build has put it into the box
  const named = el("figcaption", {}, `Tile ${offered[0] + 1}, not yet classified.`);
  const shown = el("figure", { class: "plip-live-shown" }, ...(first ? [first, named] : [nothing]));
  let chosen = { index: offered[0] }; // or {blob, name}; an index beyond the gallery is counted round, once it is known
  let address = ""; // of the reader's own picture
  let last = null; // what the present bars show: {around, labels, cosines, what, mine, truth, own}; `mine` was chosen for it
  let touched = false; // whether the reader has moved the temperature

  const labels = el("textarea", { rows: 9, spellcheck: "false" });
  labels.value = PHRASES.join("\n");
  const sentence = el("input", { value: "An H&E image of {}", autocomplete: "off" });
  const file = el("input", { type: "file", accept: "image/*", onchange: () => file.files[0] && own(file.files[0]) });
  const model = choice(["plip", "clip"], () => last && classify());
  const slider = el("input", { type: "range", min: 0, max: STEPS, step: 1, oninput: slide, onchange: tell });
  const ticks = el("datalist", {}, el("option"));
  const reading = el("span", { class: "plip-live-reading" });
  const mark = el("button", { type: "button", hidden: true, onclick: back });

  const usual = Number(box.dataset.own || 0.01); // the model's own, which the build has written here
  const temperature = () => LEAST ** (1 - slider.value / STEPS);
  const place = (value) => STEPS * (1 - Math.log(value) / Math.log(LEAST));

  function slide() {
    touched = true;
    draw();
  }

  function tell() {
    if (last) status.textContent = sayIt();
    else classify();
  }

  function back() {
    touched = false;
    draw();
    tell();
  }

  function softmax(cosines, t) {
    const most = Math.max(...cosines);
    const shares = cosines.map((value) => Math.exp((value - most) / t));
    const sum = shares.reduce((total, share) => total + share, 0);
    return shares.map((share) => share / sum);
  }

  // The bars for the present temperature. A step of the slider is finer than what is marked: the mark itself is exact.
  function current() {
    const t = touched ? temperature() : last ? last.own : usual;
    const shares = last ? softmax(last.cosines, t) : [];
    const order = shares.map((_, i) => i).sort((a, b) => last.cosines[b] - last.cosines[a]);
    return { t, shares, order };
  }

  function draw() {
    if (last && !touched) slider.value = Math.round(place(last.own));
    const { t, shares, order } = current();
    reading.textContent = t.toFixed(3);
    slider.setAttribute("aria-valuetext", t.toFixed(3));
    if (!last) return;
    mark.hidden = false;
    ticks.firstChild.value = String(Math.round(place(last.own)));
    mark.textContent = `The model's own, ${last.own.toFixed(3)}`;
    const rows = order.map((i) => {
      const bar = el("span", { class: "plip-live-bar" });
      bar.style.width = `${100 * shares[i]}%`;
      const cells = [`${(100 * shares[i]).toFixed(1)} %`, last.cosines[i].toFixed(3)].map((cell) => el("td", {}, cell));
      return el("tr", {}, el("th", { scope: "row" }, last.labels[i]), el("td", { "aria-hidden": "true" }, bar), ...cells);
    });
    const head = (name) => (name ? el("th", { scope: "col" }, name) : el("td", { "aria-hidden": "true" }));
    const names = ["Label", "", "Softmax", "Cosine"].map(head);
    const table = el("table", {}, el("thead", {}, el("tr", {}, ...names)), el("tbody", {}, ...rows));
    const truth = last.truth ? `In truth: ${last.truth}.` : "Only you know what it is.";
    const how = ` by ${last.model.toUpperCase()}, “${last.around}”, temperature ${t.toFixed(3)}. ${truth}`;
    const scrolled = { class: "plip-live-wide", role: "region", tabindex: 0, "aria-label": "Labels and their shares" };
    results.replaceChildren(el("p", {}, el("strong", {}, last.what), how), el("div", scrolled, table));
  }

  function sayIt() {
    const { shares, order } = current();
    const percent = (share) => (share < 0.005 ? "under 1 %" : `${(100 * share).toFixed(0)} %`);
    const [best, next] = order.map((i) => `${last.labels[i]} ${percent(shares[i])}`);
    const truth = last.truth ? ` In truth ${last.truth}.` : "";
    return `${last.what}: ${best}${next ? `, then ${next}` : ""}.${truth}`;
  }

  function picture(gallery, { what, mine }) {
    let seen = null;
    if (mine.blob) {
      if (address) URL.revokeObjectURL(address);
      address = URL.createObjectURL(mine.blob);
      seen = el("img", { src: address, alt: what, class: "dark-light" });
    } else seen = tile(gallery, mine.index, 160);
    shown.replaceChildren(seen, el("figcaption", {}, what));
  }

  async function answer(progress, asked, mine, name) {
    const gallery = mine.blob ? null : await plipLive.gallery({ progress });
    if (gallery) mine.index = (mine.index + gallery.n) % gallery.n;
    const what = gallery ? `Tile ${mine.index + 1}` : mine.name;
    const dim = gallery ? gallery.vectors[name].length / gallery.n : 0;
    const seen = gallery
      ? gallery.vectors[name].subarray(mine.index * dim, (mine.index + 1) * dim)
      : (await plipLive.picture(mine.blob, { model: name, progress })).vector;
    const around = sentence.value.includes("{}") ? sentence.value : `${sentence.value} {}`;
    const prompts = asked.map((label) => around.replaceAll("{}", () => label));
    const told = await plipLive.texts(prompts, { model: name, progress });
    const { scale } = await plipLive.model();
    const found = {
      around, labels: asked, cosines: told.map(({ vector }) => cosine(vector, seen)), what, mine, model: name,
      truth: gallery ? gallery.captions[mine.index] : "", own: 1 / scale(name),
    };
    const show = () => {
      last = found;
      press();
      picture(gallery, found);
      draw();
    };
    return { show, get say() { return sayIt(); } };
  }

  function classify() {
    const asked = labels.value.split("\n").map((line) => line.trim()).filter(Boolean);
    if (!asked.length) return refuse("Write at least one label first.", forgotten);
    if (asked.length > MOST) {
      return refuse(`These are ${asked.length} labels; at most ${MOST} are read. Please leave some out.`, forgotten);
    }
    const mine = chosen, name = model.value();
    return run((progress) => answer(progress, asked, mine, name), refused);
  }

  // With the labels the answer is gone; with the picture, the picture too.
  function forgotten() {
    last = null;
    press();
  }

  function refused() {
    forgotten();
    shown.replaceChildren(nothing);
  }

  function own(blob) {
    chosen = { blob, name: blob.name || "The pasted picture" };
    return classify();
  }

  function step(by) {
    return choose(chosen.blob ? offered[0] : chosen.index + by);
  }

  function choose(index) {
    chosen = { index };
    file.value = "";
    return classify();
  }

  // Files are ours. Words that are dragged or pasted go where they always go, also when a picture of them comes along.
  const files = ({ dataTransfer, clipboardData }) => {
    const data = dataTransfer || clipboardData;
    return data.types.includes("Files") && !data.types.includes("text/plain") ? data.files : null;
  };
  const take = (event) => {
    const given = files(event);
    if (!given) return;
    event.preventDefault();
    if (given.length) own(given[0]); // while it is dragged over the box there is none yet
  };
  for (const name of ["dragover", "drop", "paste"]) box.addEventListener(name, take);

  const button = (text, onclick) => el("button", { type: "button", onclick }, text);
  const numbered = offered.map((index) => button(`Tile ${index + 1}`, () => choose(index)));
  const press = () =>
    numbered.forEach((one, i) => one.setAttribute("aria-pressed", String(last !== null && last.mine.index === offered[i])));
  const pick = el("div", { class: "plip-live-examples", role: "group", "aria-label": "Tiles of the gallery" },
    ...numbered, button("Previous", () => step(-1)), button("Next", () => step(1)));
  const promise = "You may also drop a picture here or paste one. A picture never leaves your browser.";
  const form = el("form", { onsubmit: (event) => (event.preventDefault(), classify()) },
    field("Labels, one a line", labels), field("Sentence around each label, which takes the place of {}", sentence),
    el("button", { type: "submit" }, "Classify"), model.element);
  const heat = el("div", { class: "plip-live-heat" }, field(`Temperature, from ${LEAST} (sharp) to 1 (flat)`, slider), reading, mark, ticks);
  ticks.id = `${slider.id}-own`; // the model's own temperature is a tick below the slider
  slider.setAttribute("list", ticks.id);
  const hint = el("p", { class: "plip-live-note" }, promise);
  const source = el("div", {}, pick, field("A picture of your own", file), hint);
  build(el("div", { class: "plip-live-pick" }, shown, source), form, heat);
  slider.value = Math.round(place(usual));
  draw();
};
