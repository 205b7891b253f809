// Brings the pictures of widgets.py to life. No library, no network; texts are set as text and never read as HTML.
(() => {
  const wantsStillness = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const place = (x, y) => `translate(${x} ${y})`;

  // Points that move from frame to frame; a slider chooses the moment, a button plays.
  function moving(box, { frames, names }) {
    const slider = box.querySelector("input"), button = box.querySelector("button");
    const name = box.querySelector(".plip-where");
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

  // Points that show their tile. A class, or all; the pointer, two buttons and a slider go through its points.
  function scatter(box, { points, texts, classes, columns }) {
    const svg = box.querySelector(".plip-map > svg"), groups = svg.querySelectorAll("g");
    const ring = box.querySelector(".plip-ring"), picture = box.querySelector(".plip-tile");
    const told = box.querySelector("output"), where = box.querySelector(".plip-where");
    const slider = box.querySelector("input[type=range]"), radios = box.querySelectorAll("input[type=radio]");
    const [previous, next] = box.querySelectorAll("button");
    const names = classes.flatMap(([name, count]) => Array(count).fill(name));
    const side = picture.viewBox.baseVal.width, group = `plip-class-${Math.random()}`;
    let first = 0, count = texts.length, current = 0;  // points first to first + count - 1 take part

    // Said once: the slider says its value by itself, so only what comes by other ways is announced.
    function show(i, { aloud = false } = {}) {
      current = i;
      ring.setAttribute("transform", place(points[2 * i], points[2 * i + 1]));
      ring.setAttribute("visibility", "visible");
      picture.setAttribute("viewBox", [(i % columns) * side, Math.floor(i / columns) * side, side, side].join(" "));
      picture.setAttribute("aria-label", `tile: ${names[i]}`);
      told.setAttribute("aria-live", aloud ? "polite" : "off");
      told.textContent = texts[i];
      where.textContent = `${i - first + 1} of ${count}`;
      slider.value = i - first;
      slider.setAttribute("aria-valuetext", `${texts[i]}, ${where.textContent}`);
    }
    function choose(number) {  // 0: all classes
      const before = classes.slice(0, Math.max(0, number - 1));
      first = before.reduce((sum, [, n]) => sum + n, 0);
      count = number ? classes[number - 1][1] : texts.length;
      svg.classList.toggle("plip-picked", number > 0);
      groups.forEach((drawn, i) => drawn.classList.toggle("plip-chosen", i === number - 1));
      slider.max = count - 1;
      slider.setAttribute("aria-label", `tile${number ? ` of ${classes[number - 1][0]}` : ""}, 1 to ${count}`);
      show(current < first || current >= first + count ? first : current, { aloud: true });
    }
    function nearest(event) {
      const frame = svg.getBoundingClientRect(), view = svg.viewBox.baseVal, unit = view.width / frame.width;
      const x = (event.clientX - frame.left) * unit, y = view.y + (event.clientY - frame.top) * unit;
      let best = 0, least = Infinity;
      for (let i = first; i < first + count; i++) {
        const distance = (points[2 * i] - x) ** 2 + (points[2 * i + 1] - y) ** 2;
        if (distance < least) [best, least] = [i, distance];
      }
      if (least < (24 * unit) ** 2 && best !== current) show(best, { aloud: event.type === "pointerdown" });
    }
    const step = (by) => show(first + (current - first + by + count) % count, { aloud: true });
    svg.addEventListener("pointermove", nearest);
    svg.addEventListener("pointerdown", nearest);
    slider.addEventListener("input", () => show(first + Number(slider.value)));
    previous.addEventListener("click", () => step(-1));
    next.addEventListener("click", () => step(1));
    radios.forEach((radio, number) => {
      radio.name = group;  // one of them at a time, on a page with any number of maps
      radio.checked = number === 0;
      radio.addEventListener("change", () => choose(number));
    });
    show(0);
  }

  const starts = { moving, scatter };
  for (const box of document.querySelectorAll("[data-plip]:not([data-ready])")) {
    box.dataset.ready = "";
    starts[box.dataset.plip](box, JSON.parse(box.querySelector("script[type='application/json']").textContent));
  }
})();
