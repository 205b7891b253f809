// A window on a picture that is larger than the window. Mouse, fingers, keys and buttons move it; nothing moves by
// itself. The page still scrolls: a wheel zooms with Ctrl only, and while the whole slide is seen, a finger that strokes
// up or down is the page's.
//
// A place is a pixel of the slide as it was scanned. `view` has the place in the middle of the window and the scale,
// in CSS pixels for a pixel of the slide. The stage hangs on the middle of its frame, so that the place stays there
// when the frame gets another width, as on paper.
plipLive.parts.SlideWindow = (() => {
  "use strict";
  const STEP = 0.2; // of the window's width or height, for an arrow key
  const CLOSEST = 4; // CSS pixels for a pixel of the slide
  const SLACK = 4; // pixels that a finger may tremble before a tap becomes a stroke
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  return class SlideWindow {
    static ZOOM = 1.5; // for a key or a button

    /**
     * @param frame what cuts off; it takes focus, keys and pointers.
     * @param stage what is moved: as large as the slide, one CSS pixel for each of its pixels.
     * @param size {width, height} of the slide.
     * @param told {moved(view), rested(), tapped(x, y)}: called after each move, when a key that moved is let go (so one
     *     that is held down counts once), and with the place of a tap.
     */
    constructor(frame, stage, size, told) {
      Object.assign(this, { frame, stage, size, told });
      this.pointers = new Map();
      this.whole();
      frame.addEventListener("keydown", (event) => this.key(event));
      frame.addEventListener("keyup", () => this.keyed && ((this.keyed = false), told.rested()));
      frame.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
      frame.addEventListener("pointerdown", (event) => this.down(event));
      frame.addEventListener("pointermove", (event) => this.stroke(event));
      frame.addEventListener("pointerup", (event) => this.up(event));
      frame.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
      // Two fingers are ours, and one is while we are zoomed in: else the browser would take them for scrolling, and
      // the tap after a stroke for the end of a fling.
      const ours = (event) => (event.touches.length > 1 || !this.fits) && event.preventDefault();
      frame.addEventListener("touchmove", ours, { passive: false });
      new ResizeObserver(() => (this.fits ? this.whole() : this.show(this.view))).observe(frame);
    }

    /** The scale at which the whole slide is seen. */
    get smallest() {
      return Math.min(this.frame.clientWidth / this.size.width, this.frame.clientHeight / this.size.height) || 1;
    }

    within(scale) {
      return Math.min(CLOSEST, Math.max(this.smallest, scale));
    }

    whole() {
      this.show({ x: this.size.width / 2, y: this.size.height / 2, scale: this.smallest });
    }

    /** Show a view, or the nearest one that neither leaves the slide nor its range of scales. */
    show({ x, y, scale }) {
      scale = this.within(scale);
      const kept = (middle, length, seen) =>
        seen >= length ? length / 2 : Math.min(length - seen / 2, Math.max(seen / 2, middle));
      x = kept(x, this.size.width, this.frame.clientWidth / scale);
      y = kept(y, this.size.height, this.frame.clientHeight / scale);
      this.view = { x, y, scale };
      this.fits = scale <= this.smallest;
      this.frame.style.touchAction = this.fits ? "pan-y" : "none"; // zoomed in, each stroke is the slide's
      this.stage.style.transform = `translate(${-x * scale}px, ${-y * scale}px) scale(${scale})`;
      this.told.moved(this.view);
    }

    /** Zoom so that one place of the window keeps its place of the slide; without one, the middle does. */
    zoom(factor, held = { dx: 0, dy: 0 }, moved = { dx: 0, dy: 0 }) {
      const { x, y, scale } = this.view;
      const after = this.within(scale * factor);
      const gain = 1 / scale - 1 / after;
      this.show({ x: x + held.dx * gain - moved.dx / scale, y: y + held.dy * gain - moved.dy / scale, scale: after });
    }

    /** Bring a square of the slide into the window, and close enough to be seen. */
    reach(x, y, side) {
      const scale = Math.max(this.view.scale, 48 / side);
      const hidden = (place, middle, seen) => place < middle - seen / 2 || place + side > middle + seen / 2;
      const { clientWidth: width, clientHeight: height } = this.frame;
      if (scale > this.view.scale || hidden(x, this.view.x, width / scale) || hidden(y, this.view.y, height / scale)) {
        this.show({ x: x + side / 2, y: y + side / 2, scale });
      }
    }

    /** From the middle of the window to a pointer, in CSS pixels. */
    from(event) {
      const box = this.frame.getBoundingClientRect();
      return { dx: event.clientX - box.left - box.width / 2, dy: event.clientY - box.top - box.height / 2 };
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.frame) return;
      const { x, y, scale } = this.view;
      if (event.key in ARROWS) {
        const [right, down] = ARROWS[event.key];
        const { clientWidth: width, clientHeight: height } = this.frame;
        this.show({ x: x + (right * STEP * width) / scale, y: y + (down * STEP * height) / scale, scale });
      } else if (event.key === "+" || event.key === "=") this.zoom(SlideWindow.ZOOM);
      else if (event.key === "-") this.zoom(1 / SlideWindow.ZOOM);
      else if (event.key === "0" || event.key === "Home") this.whole();
      else return;
      this.keyed = true;
      event.preventDefault();
    }

    wheel(event) {
      if (!event.ctrlKey && !event.metaKey) return; // a wheel alone scrolls the page
      event.preventDefault();
      this.zoom(Math.exp(-Math.sign(event.deltaY) * Math.min(0.3, Math.abs(event.deltaY) / 100)), this.from(event));
    }

    down(event) {
      if (event.button !== 0) return;
      this.pointers.set(event.pointerId, this.from(event));
      this.still = this.pointers.size === 1; // a tap, unless it moves
    }

    /** One pointer carries the slide. Two carry it by their middle, and zoom by how far they are apart. */
    stroke(event) {
      const before = this.pointers.get(event.pointerId);
      if (!before) return;
      if (!event.buttons) return this.pointers.delete(event.pointerId); // let go outside of the window
      const now = this.from(event);
      const moved = { dx: now.dx - before.dx, dy: now.dy - before.dy };
      if (this.still) {
        if (Math.hypot(moved.dx, moved.dy) < SLACK) return;
        this.still = false;
        const pages = this.fits && event.pointerType === "touch" && Math.abs(moved.dy) > Math.abs(moved.dx);
        if (pages) return this.pointers.delete(event.pointerId);
        this.frame.setPointerCapture(event.pointerId);
      }
      this.pointers.set(event.pointerId, now);
      const [other] = [...this.pointers.entries()].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
      if (!other) return this.zoom(1, now, moved);
      const apart = (one) => Math.hypot(one.dx - other.dx, one.dy - other.dy) || 1;
      const middle = { dx: (now.dx + other.dx) / 2, dy: (now.dy + other.dy) / 2 };
      this.zoom(apart(now) / apart(before), middle, { dx: moved.dx / 2, dy: moved.dy / 2 });
    }

    up(event) {
      if (!this.pointers.delete(event.pointerId) || !this.still) return;
      const { dx, dy } = this.from(event);
      this.told.tapped(this.view.x + dx / this.view.scale, this.view.y + dy / this.view.scale);
    }
  };
})();
