// Two sentences: how the model cuts them, how near they are to each other, and what each finds. For words whose order
// or whose "no" should matter.
//
//     <div class="plip-live" data-live="compare" data-first="mucus" data-second="no mucus"
//          data-examples="mucus / no mucus|a in b / b in a" data-k="6"></div>

plipLive.views.compare = (box) => {
  "use strict";
  const { el, frame, field, choice, examples, tile, tiles, tokens, cosine, nearest, counted, shared } = plipLive.kit;
  const usual = "mucus / no mucus|lymphocytes around a tumor / a tumor around lymphocytes|tumor / tumour";
  const list = (box.dataset.examples || usual).split("|");
  const k = Number(box.dataset.k || 6);
  const { build, run, refuse, results } = frame(box, "Compare two sentences");
  const inputs = ["first", "second"].map((name, i) =>
    el("input", { value: box.dataset[name] || list[0].split(" / ")[i], autocomplete: "off", maxlength: 2000 })
  );
  const which = el("input", { type: "number", placeholder: "none" });
  const model = choice(["plip", "clip"], () => results.childElementCount && compare());

  function column(question, told, all, found, seen) {
    const beside = seen ? [el("p", {}, `Cosine to the tile: ${cosine(told.vector, seen).toFixed(3)}`)] : [];
    const title = el("p", { class: "plip-live-title" }, el("strong", {}, `“${question}”`));
    return el("section", {}, title, tokens(told), ...beside, tiles(all, found, (index) => `, tile ${index + 1}`));
  }

  function chosenTile(all, number) {
    const words = el("figcaption", {}, `Tile ${number}, in truth ${all.captions[number - 1]}`);
    return el("figure", { class: "plip-live-shown" }, tile(all, number - 1), words);
  }

  async function answer(progress, questions, name, number) {
    const told = await plipLive.texts(questions, { model: name, progress });
    const all = await plipLive.gallery({ progress });
    if (number !== null && !all.captions[number - 1]) throw new Error(`There is no tile ${number}; the gallery has 1 to ${all.n}.`);
    const vectors = all.vectors[name], dim = vectors.length / all.n;
    const seen = number !== null ? vectors.subarray((number - 1) * dim, number * dim) : null;
    const near = cosine(told[0].vector, told[1].vector);
    const rows = told.map(({ vector }) => nearest(vectors, vector, k));
    const both = `They share ${shared(...rows)} of ${k} tiles.`;
    const line = `Cosine of the two sentences by ${name.toUpperCase()}: ${near.toFixed(3)}. ${both}`;
    const show = () => {
      const columns = told.map((one, i) => column(questions[i], one, all, rows[i], seen));
      results.replaceChildren(...(seen ? [chosenTile(all, number)] : []), ...columns);
    };
    const [first, second] = told.map(({ vector }) => (seen ? cosine(vector, seen) : 0));
    const nearer = seen ? ` Tile ${number} is nearer to the ${first >= second ? "first" : "second"}.` : "";
    return { show, say: `${line}${nearer} First, ${counted(all, rows[0])}. Second, ${counted(all, rows[1])}.` };
  }

  function compare() {
    const questions = inputs.map((input) => input.value.trim());
    if (!questions.every(Boolean)) return refuse("Type a sentence into both fields first.");
    const number = which.value === "" ? null : Number(which.value);
    return run((progress) => answer(progress, questions, model.value(), number));
  }

  const choose = (text) => {
    text.split(" / ").forEach((part, i) => (inputs[i].value = part));
    which.value = "";
    compare();
  };
  const form = el("form", { novalidate: true, onsubmit: (event) => (event.preventDefault(), compare()) },
    field("First sentence", inputs[0]), field("Second sentence", inputs[1]),
    el("button", { type: "submit" }, "Compare"), model.element,
    field("Against a tile, by the number below it (may stay empty)", which));
  build(form, examples("Try", list, choose));
};
