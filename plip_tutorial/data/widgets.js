// Brings the pictures of widgets.py to life. No library, no network; texts are set as text and never read as HTML.
(() => {
  const wantsStillness = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const place = (x, y) => `translate(${x} ${y})`;

  // Shows one picture of a sheet of many, `side` pixels wide.
  function tile(element, sheet, index, side) {
    const column = index % sheet.columns, row = Math.floor(index / sheet.columns);
    Object.assign(element.style, {
      width: `${side}px`, height: `${side}px`, backgroundImage: `url(${sheet.picture})`,
      backgroundSize: `${sheet.columns * side}px auto`, backgroundPosition: `${-column * side}px ${-row * side}px`,
    });
    return element;
  }

  // Points that move from frame to frame; a slider chooses the moment, a button plays.
  function moving(box, { frames, names }) {
    const slider = box.querySelector("input"), button = box.querySelector("button"), name = box.querySelector("output");
    const marks = [...box.querySelectorAll(".plip-mark")], links = [...box.querySelectorAll("line")];
    const last = frames.length - 1;
    function show(moment) {
      const from = Math.floor(moment), to = Math.min(from + 1, last), share = moment - from;
      const at = (i) => frames[from][i] + share * (frames[to][i] - frames[from][i]);
      marks.forEach((mark, i) => mark.setAttribute("transform", place(at(2 * i), at(2 * i + 1))));
      links.forEach((line, i) => {
        const j = i + links.length;
        Object.entries({ x1: at(2 * i), y1: at(2 * i + 1), x2: at(2 * j), y2: at(2 * j + 1) })
          .forEach(([key, value]) => line.setAttribute(key, value));
      });
      slider.value = from;
      slider.setAttribute("aria-valuetext", names[from]);
      name.textContent = names[from];
    }
    let started = null;  // when playing: the time at which frame 0 was shown
    function play(now) {
      if (started === null) return;
      const moment = Math.min(Math.max(0, now - started) / 350, last);  // a frame may have begun before the click
      show(moment);
      moment < last ? requestAnimationFrame(play) : pause();
    }
    function pause() { started = null; button.textContent = "Play"; }
    button.hidden = wantsStillness;
    button.addEventListener("click", () => {
      if (started !== null) return pause();
      started = performance.now() - (Number(slider.value) % last) * 350;
      button.textContent = "Pause";
      requestAnimationFrame(play);
    });
    slider.addEventListener("input", () => { pause(); show(Number(slider.value)); });
    show(last);
  }

  // Points that show their tile under the pointer; a slider goes through them one by one.
  function scatter(box, { points, texts, sheet }) {
    const svg = box.querySelector("svg"), ring = box.querySelector(".plip-ring"), slider = box.querySelector("input");
    const picture = box.querySelector(".plip-tile"), text = box.querySelector("output");
    function show(i) {
      ring.setAttribute("transform", place(points[2 * i], points[2 * i + 1]));
      ring.setAttribute("visibility", "visible");
      tile(picture, sheet, i, 128);
      text.textContent = texts[i];
      slider.value = i;
      slider.setAttribute("aria-valuetext", texts[i]);
    }
    function nearest(event) {
      const frame = svg.getBoundingClientRect(), view = svg.viewBox.baseVal;
      const x = (event.clientX - frame.left) * view.width / frame.width;
      const y = (event.clientY - frame.top) * view.height / frame.height;
      let best = 0, least = Infinity;
      for (let i = 0; i < texts.length; i++) {
        const distance = (points[2 * i] - x) ** 2 + (points[2 * i + 1] - y) ** 2;
        if (distance < least) [best, least] = [i, distance];
      }
      if (least < 40 ** 2) show(best);
    }
    svg.addEventListener("pointermove", nearest);
    svg.addEventListener("pointerdown", nearest);
    slider.addEventListener("input", () => show(Number(slider.value)));
    show(Number(slider.value));
  }

  const starts = { moving, scatter };
  for (const box of document.querySelectorAll("[data-plip]:not([data-ready])")) {
    box.dataset.ready = "";
    starts[box.dataset.plip](box, JSON.parse(box.querySelector("script[type='application/json']").textContent));
  }
})();
