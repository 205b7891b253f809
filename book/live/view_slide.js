// The view `slide`: a real slide in a window, and over it what a sentence sees. Words become a vector in the reader's
// browser (`plipLive.texts`), the tiles' vectors come with the slide, and a map is the dot product of the two.
//
//   <div class="plip-live" data-live="slide" data-asked="pink fibres" data-against="">in words</div>
//
// Here is the form, and what it loads when the reader first asks: `slide_window.js` moves the slide, `slide_heat.js`
// counts and paints, `slide_shown.js` puts both on the page. `box.slide` tells what is shown.

plipLive.views.slide = (() => {
  "use strict";
  const { home, kit, parts, script, store } = plipLive;
  const { el } = kit;
  const EXAMPLES = ["pink fibres", "crowded dark nuclei", "empty glass", "tumor", "no tumor"];
  const NEEDED = ["slide_window.js", "slide_heat.js", "slide_shown.js", "slide.js"];

  function failed(line) {
    return Object.assign(new Error(line), { again: true });
  }

  /** The slide with its picture and the vectors of its tiles. What has come already does not come again. */
  async function loaded() {
    const late = (name) => () => Promise.reject(failed(`The slide could not be loaded (${name} did not come).`));
    for (const name of NEEDED) await script(name).catch(late(name));
    const { slide } = store;
    if (slide.missing) throw new Error(slide.missing);
    const { unpacked } = await plipLive.model();
    slide.of ||= Object.fromEntries(Object.entries(slide.vectors).map(([name, text]) => [name, unpacked(text)]));
    const picture = new Image();
    picture.src = slide.address = home + slide.picture;
    await picture.decode().catch(late(slide.picture));
    return slide;
  }

  return (box) => {
    const { asked = "", against = "" } = box.dataset;
    const frame = kit.frame(box, "A real slide, seen by a sentence");
    const text = (value) => el("input", { type: "search", value, autocomplete: "off", maxlength: 2000 });
    const fields = [text(asked), text(against)];
    const note = el("p", { class: "plip-slide-note" }, "The slide with its tiles, about 1 MB, and the words of a model come when you press the button.");
    let shown = null;

    const ask = () =>
      frame.run(async (progress) => {
        const words = fields.map((field) => field.value.trim()).filter(Boolean);
        const model = choice.value();
        if (!shown) progress({ loaded: 0, total: 1e6, what: "the slide" });
        const slide = await loaded();
        note.hidden = true;
        shown ||= new parts.SlideShown(frame.results, slide, box); // to be looked at while the model comes
        const texts = words.length ? await plipLive.texts(words, { model, progress }) : [];
        const seen = shown.seen(words, texts.map(({ vector }) => vector), model);
        return { show: () => shown.answer(seen), say: seen.said };
      });

    const choice = kit.choice(["plip", "clip"], () => shown && ask());
    const submitted = (event) => {
      event.preventDefault();
      ask();
    };
    const chosen = (words) => {
      fields[0].value = words;
      ask();
    };
    const form = el("form", { onsubmit: submitted }, kit.field("Words", fields[0]),
      kit.field("Against (may stay empty)", fields[1]), choice.element, el("button", { type: "submit" }, "Show on the slide"));
    document.head.append(el("link", { rel: "stylesheet", href: `${home}view_slide.css` }));
    box.slide = { values: null, view: null, best: [], chosen: null };
    frame.build(form, kit.examples("Try", EXAMPLES, chosen), note);
  };
})();
