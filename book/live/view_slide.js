// The view `slide`: a real slide in a window, and over it what a sentence sees. Words become a vector in the reader's
// browser (`plipLive.texts`), the tiles' vectors come with the slide, and a map is the dot product of the two.
//
//   <div class="plip-live" data-live="slide" data-asked="pink fibres" data-against="">in words</div>
//
// Here is the form, and what it loads when the reader first asks: `slide_window.js` moves the slide, `slide_heat.js`
// counts and paints, `slide_shown.js` puts both on the page. `box.slide` tells what is shown.

plipLive.views.slide = (() => {
  "use strict";
  const { again, home, kit, parts, script, store } = plipLive;
  const { el } = kit;
  const USUAL = "pink fibres|crowded dark nuclei|a bicycle|tumor|no tumor";
  const NEEDED = ["slide_window.js", "slide_heat.js", "slide_shown.js", "slide.js"];

  /** The slide, then the vectors of its tiles, then its picture. What has come already does not come again. */
  async function loaded(progress) {
    const late = (name) => () => Promise.reject(again(`The slide could not be loaded (${name} did not come). Check the connection and try again.`));
    for (const name of NEEDED) await script(name).catch(late(name));
    const { slide } = store;
    if (slide.missing) throw new Error(slide.missing);
    const [vectors, pixels] = slide.bytes;
    const told = (loaded) => progress({ loaded, total: vectors + pixels, what: "the slide" });
    told(0);
    await script(slide.vectors).catch(late(slide.vectors));
    told(vectors);
    const { unpacked, half, scale } = await plipLive.model();
    slide.of ||= unpacked(store.slide_vectors, half);
    slide.scale = scale;
    const picture = el("img", { src: home + slide.picture, width: slide.width, height: slide.height });
    await picture.decode().catch(late(slide.picture));
    return { slide, picture };
  }

  return (box) => {
    const { asked = "", against = "", examples = USUAL } = box.dataset;
    const frame = kit.frame(box, "A real slide, seen by a sentence");
    const text = (value) => el("input", { type: "search", value, autocomplete: "off", maxlength: 2000 });
    const fields = [text(asked), text(against)];
    const note = el("p", {}, "The slide with its tiles, about 1 MB, and the words of a model come when you ask.");
    let shown = null;
    const gone = () => (shown = null); // a refusal has taken it off the page

    const ask = () =>
      frame.run(async (progress) => {
        const words = [...new Set(fields.map((field) => field.value.trim()).filter(Boolean))];
        const model = choice.value();
        const come = shown ? null : await loaded(progress);
        note.hidden = true;
        shown ||= new parts.SlideShown(frame.results, come.slide, come.picture, box); // before the model has come
        const texts = words.length ? await plipLive.texts(words, { model, progress }) : [];
        const vectors = texts.map(({ vector }) => vector);
        const seen = shown.seen(words, vectors, model);
        return { show: () => shown.answer(seen), say: seen.said };
      }, gone);

    const choice = kit.choice(["plip", "clip"], () => shown && ask());
    const submitted = (event) => {
      event.preventDefault();
      ask();
    };
    const chosen = (words) => {
      fields[0].value = words;
      fields[1].value = "";
      ask();
    };
    const form = el(
      "form",
      { onsubmit: submitted },
      kit.field("Words", fields[0]),
      kit.field("Against (may stay empty)", fields[1]),
      choice.element,
      el("button", { type: "submit" }, "Show on the slide"),
    );
    document.head.append(el("link", { rel: "stylesheet", href: `${home}view_slide.css` }));
    box.slide = { values: null, view: null, best: [], chosen: null };
    frame.build(form, kit.examples("Try", examples.split("|"), chosen), note);
  };
})();
