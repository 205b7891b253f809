// Type words, see the nearest tiles. The words go through the text tower in this browser, the tiles went through the
// image tower when the book was made; what is nearest is a matter of dot products.
//
//     <div class="plip-live" data-live="search" data-asked="mucus" data-k="8" data-examples="mucus|fat"></div>
//
// A gallery of its own may stand in the box, as JSON; else it is that of the site. An address may bring a search with
// it, and each search tells the address that does: page.html?words=mucus&second=fat&model=both#live-search

plipLive.views.search = (box) => {
  "use strict";
  const { el, frame, gallery, field, choice, examples, tiles, tokens, nearest, counted, shared } = plipLive.kit;
  const { asked = "mucus", k = "8" } = box.dataset;
  const usual = "pools of mucus|empty fat cells|pink fibres|crowded dark nuclei|not cancer|tumor|tumour";
  const list = (box.dataset.examples || usual).split("|");
  const { build, run, refuse, results, own } = frame(box, "Search by words");

  const first = el("input", { type: "search", value: asked, autocomplete: "off", maxlength: 2000 });
  const other = el("input", { type: "search", autocomplete: "off", maxlength: 2000 });
  const switched = el("input", { type: "checkbox", onchange: widen });
  const otherField = field("Second question", other);
  const names = own ? Object.keys(own.vectors) : ["plip", "clip"];
  const model = choice(names.length > 1 ? [...names, "both"] : names, () => results.childElementCount && search());
  const link = el("a", {}, "Link to this search");

  function widen() {
    otherField.hidden = !switched.checked;
    if (switched.checked && !other.value.trim()) other.focus();
    else if (results.childElementCount) search();
  }

  function section(all, { told, question, by, rows }) {
    const title = [el("strong", {}, `“${question}”`), ` by ${by.toUpperCase()}`];
    return el("section", {}, el("p", { class: "plip-live-title" }, ...title), tokens(told), tiles(all, rows));
  }

  const capital = (letter) => letter.toUpperCase();

  // What each question finds by one model: {told, question, by, rows, name}; the words of `name` tell it from the others.
  async function finds(all, questions, by, alone, progress) {
    const told = await plipLive.texts(questions, { model: by, progress });
    const places = questions.length > 1 ? ["first question", "second question"] : [];
    return told.map((one, i) => ({
      told: one, question: questions[i], by, rows: nearest(all.vectors[by], one.vector, Number(k)),
      name: [...(alone ? [] : [by.toUpperCase()]), ...places.slice(i, i + 1)],
    }));
  }

  // What each has found; of two also how much is in both, and of four that alone.
  function said(all, found) {
    const share = (who, [one, other]) => `${who} share ${shared(one.rows, other.rows)} of ${one.rows.length} tiles.`;
    if (found.length > 2) {
      return names.map((by) => share(`${by.toUpperCase()}: the two questions`, found.filter((one) => one.by === by))).join(" ");
    }
    const lines = found.map(({ name, rows }) => `${[...name, counted(all, rows)].join(", ")}.`.replace(/^./, capital));
    return [...lines, ...(found.length > 1 ? [share("The two", found)] : [])].join(" ");
  }

  async function answer(progress, questions, chosen) {
    const all = await gallery(own, progress);
    const asked = chosen === "both" ? names : [chosen];
    const found = [];
    for (const by of asked) found.push(...(await finds(all, questions, by, asked.length === 1, progress)));
    const show = () => {
      const [words, other = ""] = questions;
      results.replaceChildren(...found.map((one) => section(all, one)));
      if (box.id) results.append(el("p", { class: "plip-live-note" }, link));
      link.href = `?${new URLSearchParams({ words, second: other, model: chosen })}#${box.id}`;
    };
    return { show, say: said(all, found) };
  }

  // The search that an address has brought: for the box that it names.
  function brought() {
    const given = new URLSearchParams(location.search);
    if (!box.id || (location.hash && location.hash !== `#${box.id}`) || !given.get("words")) return;
    first.value = given.get("words");
    other.value = given.get("second") || "";
    switched.checked = Boolean(other.value);
    model.choose(given.get("model"));
    search();
  }

  function search() {
    const questions = [first, ...(switched.checked ? [other] : [])].map((input) => input.value.trim());
    if (questions.every(Boolean)) return run((progress) => answer(progress, questions, model.value()));
    return refuse(switched.checked ? "Type words into both fields first." : "Type some words first.");
  }

  // Of two questions the last two that were chosen stand there, in their order.
  const choose = (text) => {
    if (switched.checked && other.value.trim()) first.value = other.value;
    (switched.checked ? other : first).value = text;
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
  brought();
  otherField.hidden = !switched.checked;
};
