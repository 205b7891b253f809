// From the vectors of a slide's tiles and of words to a picture: numbers, then places, then colours.
plipLive.parts.slideHeat = (() => {
  "use strict";
  const CELL = 8; // pixels of the slide for one pixel of the map

  // Few colours of each map, evenly spaced; between two of them it is straight. Both can be told apart by readers who
  // do not see red and green: one runs from dark to bright, the other from blue over white to orange.
  const MAPS = {
    one: [
      [68, 1, 84],
      [59, 82, 139],
      [33, 145, 140],
      [94, 201, 98],
      [253, 231, 37],
    ],
    two: [
      [8, 81, 156],
      [107, 174, 214],
      [247, 247, 247],
      [253, 174, 97],
      [200, 80, 0],
    ],
  };

  /** One dot product for each tile: of unit vectors that is the cosine. */
  function cosines(vectors, vector) {
    const length = vectors.length / vector.length;
    return Float32Array.from({ length }, (_, tile) => plipLive.kit.cosine(vector, vectors, tile * vector.length));
  }

  /** Softmax over two sentences: the share of the first less that of the second, from -1 to 1. */
  function differences(first, second, scale) {
    return first.map((cosine, tile) => Math.tanh((scale * (cosine - second[tile])) / 2));
  }

  /** Tiles in the order of their values, the largest first. */
  function ranked(values) {
    return Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);
  }

  /** The first tiles of an order that do not overlap: neighbours on a dense grid would tell the same place again. */
  function apart(slide, order, most) {
    const kept = [];
    const overlap = (one, other) =>
      Math.abs(slide.x[one] - slide.x[other]) < slide.side && Math.abs(slide.y[one] - slide.y[other]) < slide.side;
    for (const tile of order) {
      if (kept.length < most && !kept.some((other) => overlap(tile, other))) kept.push(tile);
    }
    return kept;
  }

  /** The map: of each cell of the slide the mean over the tiles that hold its middle; NaN where there is none. */
  function laid(slide, values) {
    const width = Math.ceil(slide.width / CELL);
    const height = Math.ceil(slide.height / CELL);
    const sums = new Float32Array(width * height);
    const counts = new Uint16Array(width * height);
    const first = (place) => Math.max(0, Math.ceil(place / CELL - 0.5));
    for (let tile = 0; tile < values.length; tile++) {
      const left = slide.x[tile];
      const top = slide.y[tile];
      const right = Math.min(width, first(left + slide.side));
      const bottom = Math.min(height, first(top + slide.side));
      for (let row = first(top); row < bottom; row++) {
        for (let column = first(left); column < right; column++) {
          sums[row * width + column] += values[tile];
          counts[row * width + column]++;
        }
      }
    }
    return { width, height, means: sums.map((sum, cell) => (counts[cell] ? sum / counts[cell] : NaN)) };
  }

  /** The colour of a share from 0 to 1. */
  function colour(colours, share) {
    const place = Math.min(1, Math.max(0, share)) * (colours.length - 1);
    const below = Math.min(colours.length - 2, Math.floor(place));
    return colours[below].map((value, i) => Math.round(value + (place - below) * (colours[below + 1][i] - value)));
  }

  /** Paint a map on a canvas; where there is no tile it stays clear. */
  function paint(canvas, { width, height, means }, { low, high, colours }) {
    Object.assign(canvas, { width, height });
    const pixels = new ImageData(width, height);
    means.forEach((mean, cell) => {
      if (!Number.isNaN(mean)) pixels.data.set([...colour(colours, (mean - low) / (high - low || 1)), 255], 4 * cell);
    });
    canvas.getContext("2d").putImageData(pixels, 0, 0);
  }

  return { MAPS, cosines, differences, ranked, apart, laid, paint };
})();
