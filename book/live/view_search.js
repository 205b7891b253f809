// Type words, see the nearest tiles. The words go through the text tower in this browser, the tiles went through the
// image tower when the book was made; what is nearest is a matter of dot products.
//
//     <div class="plip-live" data-live="search" data-asked="mucus" data-second="not mucus" data-k="8"
//          data-examples="mucus|fat"></div>
//
// A gallery of its own may stand in the box, as JSON; else it is that of the site.

plipLive.views.search = (box) => {
  "use strict";
  const { el, frame, gallery, field, choice, examples, tiles, tokens, nearest, counted, shared } = plipLive.kit;
  const { asked = "mucus", second = "", k = "8" } = box.dataset;
  const usual = "pools of mucus|empty fat cells|pink fibres|crowded dark nuclei|not cancer|tumor|tumour";
  const list = (box.dataset.examples || usual).split("|");
  const { build, run, results, status, own } = frame(box, "Search by words");

  const first = el("input", { type: "search", value: asked, autocomplete: "off", maxlength: 2000 });
  const other = el("input", { type: "search", value: second, autocomplete: "off", maxlength: 2000 });
  const switched = el("input", { type: "checkbox", checked: Boolean(second), onchange: widen });
  const otherField = field("Second question", other);
  const model = choice(own ? Object.keys(own.vectors) : ["plip", "clip"], () => results.childElementCount && search());

  function widen() {
    otherField.hidden = !switched.checked;
    if (switched.checked && !other.value.trim()) other.focus();
    else if (results.childElementCount) search();
  }

  function found(told, tilesOf, chosen, question, rows) {
    const title = [el("strong", {}, `“${question}”`), ` by ${chosen.toUpperCase()}`];
    return el("section", {}, el("p", { class: "plip-live-title" }, ...title), tokens(told), tiles(tilesOf, rows));
  }

  async function answer(progress, questions, chosen) {
    const told = await plipLive.texts(questions, { model: chosen, progress });
    const all = await gallery(own, progress);
    const rows = told.map(({ vector }) => nearest(all.vectors[chosen], vector, Number(k)));
    const both = rows.length > 1 ? `The two share ${shared(...rows)} of ${rows[0].length} tiles.` : "";
    const lines = rows.map((row) => counted(all, row));
    const say = both ? `First question, ${lines[0]}. Second question, ${lines[1]}. ${both}` : `${lines[0]}.`;
    const show = () => results.replaceChildren(...told.map((one, i) => found(one, all, chosen, questions[i], rows[i])));
    return { show, say };
  }

  function search() {
    const questions = [first, ...(switched.checked ? [other] : [])].map((input) => input.value.trim());
    if (questions.every(Boolean)) return run((progress) => answer(progress, questions, model.value()));
    status.textContent = switched.checked ? "Type words into both fields first." : "Type some words first.";
  }

  const choose = (text) => {
    (switched.checked && first.value.trim() && !other.value.trim() ? other : first).value = text;
    search();
  };
  const submit = (event) => {
    event.preventDefault();
    search();
  };
  const form = el("form", { role: "search", "aria-label": "Search the tiles", onsubmit: submit },
    field("Words", first), otherField, el("button", { type: "submit" }, "Search"),
    model.element, el("label", {}, switched, " Two questions side by side"));
  build(form, examples("Try", list, choose));
  otherField.hidden = !switched.checked;
};
