// The slide on the page: the window with its buttons, the map with its legend, the tiles one by one.
plipLive.parts.SlideShown = (() => {
  "use strict";
  const { el } = plipLive.kit;
  const { SlideWindow } = plipLive.parts;
  const { MAPS, apart, cosines, differences, laid, paint, ranked } = plipLive.parts.slideHeat;
  const MOST = 10; // places to walk through
  const CLOSE_UP = 192; // CSS pixels of the enlarged tile, which has twice as many of its own
  const LONGEST_BAR = 120; // CSS pixels
  const ALWAYS = "Any words have a brightest place.";
  const HINT =
    "Drag it, or use the arrow keys; + and −, Ctrl and the wheel, or two fingers zoom; 0 shows all. A click asks for a tile.";

  const number = (value) => value.toFixed(3).replace("-", "−");
  const counted = (value) => Math.round(value).toLocaleString("en");
  const button = (text, onclick, name) =>
    el("button", { type: "button", onclick, "aria-label": name, title: name }, text);
  const group = (name, ...inside) =>
    el("div", { class: "plip-slide-row", role: "group", "aria-label": name }, ...inside);

  return class SlideShown {
    /** Put the slide and its picture into a place of the page; `box.slide` tells from then on what is seen. */
    constructor(place, slide, picture, box) {
      const { width, height, alt } = slide;
      Object.assign(this, { slide, picture, state: box.slide });
      Object.assign(picture, { className: "dark-light", alt, draggable: false });
      this.heat = el("canvas", { class: "plip-slide-heat", hidden: true });
      this.mark = el("div", { class: "plip-slide-mark", hidden: true });
      this.bar = el("div", { class: "plip-slide-bar" });
      this.heard = el("p", { class: "plip-slide-heard", "aria-live": "polite" });
      const stage = el(
        "div",
        { class: "plip-slide-stage", style: `width:${width}px;height:${height}px` },
        picture,
        this.heat,
        this.mark,
      );
      const name = "The slide. Arrow keys move it, plus and minus zoom, 0 shows the whole.";
      const frame = el(
        "div",
        { class: "plip-slide-frame", tabindex: 0, role: "application", "aria-label": name },
        stage,
        this.bar,
      );
      place.replaceChildren(
        el("div", { class: "plip-slide-shown" }, el("div", {}, frame, this.heard, this.buttons(), this.layer()), this.closeUp()),
        el("p", { class: "plip-slide-small" }, slide.caption),
      );
      const told = { moved: (view) => this.moved(view), rested: () => this.tell(), tapped: (x, y) => this.tapped(x, y) };
      this.window = new SlideWindow(frame, stage, slide, told);
    }

    buttons() {
      const told = (move) => () => (move(), this.tell());
      return group(
        "Move the slide",
        button("+", told(() => this.window.zoom(SlideWindow.ZOOM)), "zoom in (+)"),
        button("−", told(() => this.window.zoom(1 / SlideWindow.ZOOM)), "zoom out (−)"),
        button("Whole slide", told(() => this.window.whole())),
        el("span", { class: "plip-slide-small" }, HINT),
      );
    }

    /** What the window shows, for ears. */
    tell() {
      const { width, height, mpp } = this.slide;
      const { x, y, scale } = this.window.view;
      const { clientWidth, clientHeight } = this.window.frame;
      const [wide, high] = [Math.min(width, clientWidth / scale), Math.min(height, clientHeight / scale)];
      const [shown, tall, left, top] = [wide, high, x - wide / 2, y - high / 2].map((length) => counted(length * mpp));
      this.heard.textContent = `The window shows ${shown} by ${tall} µm, ${left} µm from the left and ${top} from the top.`;
    }

    /** The switch and the strength of the map, and its legend. */
    layer() {
      const set = () => {
        this.heat.style.opacity = on.checked ? strength.value / 100 : 0;
        strength.disabled = !on.checked;
        strength.setAttribute("aria-valuetext", `${strength.value} %`);
      };
      const on = el("input", { type: "checkbox", checked: true, onchange: set });
      const strength = el("input", { type: "range", min: 10, max: 100, value: 55, oninput: set });
      set();
      this.legend = el("div", { class: "plip-slide-legend" });
      const switches = group("The map", el("label", {}, on, " Heat map"), el("label", {}, "Opacity ", strength));
      return (this.map = el("div", { hidden: true }, switches, this.legend));
    }

    /** One tile enlarged, and the way through the best. */
    closeUp() {
      const size = { width: 2 * CLOSE_UP, height: 2 * CLOSE_UP };
      this.enlarged = el("canvas", { ...size, role: "img", "aria-label": "the tile, enlarged" });
      this.told = el("p"); // with an answer it is only shown, and told where the reader has asked for the place
      const walk = (step) => () => this.choose(this.place + step);
      const steps = group(
        "Best places",
        button("Previous", walk(-1), "previous best place"),
        button("Next", walk(1), "next best place"),
      );
      return (this.tile = el(
        "div",
        { class: "plip-slide-tile", hidden: true },
        this.enlarged,
        el("div", {}, this.told, steps),
      ));
    }

    /** The bar of the scale: the longest round length that has room. */
    moved(view) {
      this.state.view = view;
      this.mark.style.setProperty("--plip-slide-line", `${2 / view.scale}px`); // as wide at each zoom
      const { mpp } = this.slide;
      const most = (LONGEST_BAR / view.scale) * mpp; // micrometres
      const power = 10 ** Math.floor(Math.log10(most));
      const length = power * [5, 2, 1].find((digit) => digit * power <= most);
      this.bar.style.width = `${(length / mpp) * view.scale}px`;
      this.bar.textContent = `${length} µm`;
    }

    /** What one phrase sees in the tiles, or which of two is nearer: numbers, their range, a sentence about them. */
    seen(words, vectors, model) {
      if (!words.length) return { quotes: [], said: "This is the slide. Type words to see where a model finds them." };
      const all = vectors.map((vector) => cosines(this.slide.of[model], vector));
      const quotes = words.map((phrase) => `“${phrase}”`);
      const [first, second] = quotes;
      const values = second ? differences(...all, this.slide.scale(model)) : all[0];
      const order = ranked(values);
      const [low, high] = second ? [-1, 1] : [values[order.at(-1)], values[order[0]]];
      const nearer = values.filter((value) => value > 0).length;
      const [n, by] = [values.length, model.toUpperCase()];
      const said = second
        ? `By ${by}, ${nearer} of ${n} tiles are nearer to ${first}, and ${n - nearer} to ${second}.`
        : `${first} on ${n} tiles by ${by}: cosines from ${number(low)} to ${number(high)}. ${ALWAYS}`;
      return { quotes, model, all, values, order, best: apart(this.slide, order, MOST), low, high, said };
    }

    answer(seen) {
      this.found = seen;
      const { quotes, model = null, values = null, best = [], low, high } = seen;
      this.map.hidden = this.heat.hidden = this.tile.hidden = this.mark.hidden = !values;
      Object.assign(this.state, { model, values, best, chosen: null });
      if (!values) return;
      const colours = quotes.length > 1 ? MAPS.two : MAPS.one;
      paint(this.heat, laid(this.slide, values), { low, high, colours });
      this.explain(colours);
      this.place = 0;
      this.show(best[0]);
    }

    explain(colours) {
      const { quotes, low, high } = this.found;
      const [first, second] = quotes;
      const ends = second
        ? [`−1, nearer to ${second}`, "0", `nearer to ${first}, 1`]
        : [low, (low + high) / 2, high].map(number);
      const strip = el("div", { class: "plip-slide-colours" });
      strip.style.background = `linear-gradient(to right, ${colours.map((colour) => `rgb(${colour})`)})`;
      const what = second ? `Softmax of ${first} less that of ${second}` : `Cosine with ${first}`;
      const title = `${what}, on average over the tiles that hold a place`;
      const marks = el("div", { class: "plip-slide-ends" }, ...ends.map((text) => el("span", {}, text)));
      this.legend.replaceChildren(el("div", {}, title), strip, marks);
    }

    /** One of the best places, counted round, and into the window with it. */
    choose(place) {
      const { best } = this.found;
      this.place = (place + best.length) % best.length;
      const tile = best[this.place];
      this.window.reach(this.slide.x[tile], this.slide.y[tile], this.slide.side);
      this.show(tile);
      this.heard.textContent = this.told.textContent;
    }

    /** The tile under a pointer: of those that hold the place the one whose middle is nearest. */
    tapped(x, y) {
      if (this.tile.hidden) return;
      const half = this.slide.side / 2;
      const away = (tile) => Math.max(Math.abs(this.slide.x[tile] + half - x), Math.abs(this.slide.y[tile] + half - y));
      const nearest = this.found.order.reduce((one, other) => (away(other) < away(one) ? other : one));
      if (away(nearest) <= half) this.show(nearest);
      else this.told.textContent = "There is no tile at this place.";
      this.heard.textContent = this.told.textContent;
    }

    /** Mark one tile, enlarge it, and say where it lies and what the words see in it. */
    show(tile) {
      const { side, mpp } = this.slide;
      const [x, y] = [this.slide.x[tile], this.slide.y[tile]];
      Object.assign(this.mark.style, { left: `${x}px`, top: `${y}px`, width: `${side}px`, height: `${side}px` });
      const { width, height } = this.enlarged;
      this.enlarged.getContext("2d").drawImage(this.picture, x, y, side, side, 0, 0, width, height);
      this.state.chosen = tile;
      const { quotes, all, values, order, best } = this.found;
      const rank = best.indexOf(tile) + 1;
      const name = rank
        ? `Best place ${rank} of ${best.length}`
        : `Tile ${order.indexOf(tile) + 1} of ${order.length}, the best first`;
      const against = quotes.length > 1 ? [`softmax difference ${number(values[tile])}`] : [];
      const value = [...against, ...quotes.map((words, i) => `cosine with ${words} ${number(all[i][tile])}`)].join(", ");
      const place = `Its corner is ${counted(x)} pixels from the left and ${counted(y)} from the top`;
      this.told.textContent = `${name}: ${value}. ${place}; it is ${counted(side * mpp)} µm wide.`;
    }
  };
})();
