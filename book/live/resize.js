// A picture made small exactly as Pillow does it: bicubic, with a filter as wide as the shrinking asks for, in whole
// numbers. So the model sees here what it saw in training, to the last grey level.
//
// Each new pixel is a weighted mean of the old ones below it. First the rows are made narrow, strip by strip, so that a
// large picture never lies unpacked in memory; then the columns are made short.
//
// The function stands for itself, since the worker gets it as text.

plipLive.parts.resize = function resize() {
  "use strict";
  const BITS = 22; // of a weight, so that a sum of products stays within 32 bits
  const REACH = 2; // pixels to each side that a bicubic filter looks at

  function cubic(x) {
    const t = Math.abs(x);
    const a = -0.5;
    if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
    return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
  }

  // For each of `after` new pixels: its first old one, how many there are, and their weights.
  function filters(before, after) {
    const scale = before / after;
    const wide = Math.max(scale, 1);
    const size = Math.ceil(REACH * wide) * 2 + 1;
    const first = new Int32Array(after), count = new Int32Array(after), weights = new Int32Array(after * size);
    for (let pixel = 0; pixel < after; pixel++) {
      const centre = (pixel + 0.5) * scale;
      const from = Math.max(0, Math.trunc(centre - REACH * wide + 0.5));
      const to = Math.min(before, Math.trunc(centre + REACH * wide + 0.5));
      const shares = Array.from({ length: to - from }, (_, i) => cubic((i + from - centre + 0.5) * (1 / wide)));
      const sum = shares.reduce((total, share) => total + share, 0);
      first[pixel] = from;
      count[pixel] = to - from;
      shares.forEach((share, i) => {
        const whole = (sum === 0 ? share : share / sum) * 2 ** BITS;
        weights[pixel * size + i] = Math.trunc(whole < 0 ? whole - 0.5 : whole + 0.5);
      });
    }
    return { first, count, weights, size, after };
  }

  const clip = (sum) => Math.min(255, Math.max(0, sum >> BITS));

  // Rows of RGBA become rows of `after` RGB pixels.
  function narrow(pixels, width, rows, filter, into, fromRow) {
    const { first, count, weights, size, after } = filter;
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < after; x++) {
        let red = 1 << (BITS - 1), green = red, blue = red;
        let at = 4 * (y * width + first[x]);
        for (let i = x * size, end = i + count[x]; i < end; i++, at += 4) {
          const weight = weights[i];
          red = (red + pixels[at] * weight) | 0;
          green = (green + pixels[at + 1] * weight) | 0;
          blue = (blue + pixels[at + 2] * weight) | 0;
        }
        const to = 3 * ((fromRow + y) * after + x);
        into[to] = clip(red);
        into[to + 1] = clip(green);
        into[to + 2] = clip(blue);
      }
    }
  }

  // Columns of RGB become `filter.after` pixels high.
  function shorten(pixels, width, filter) {
    const { first, count, weights, size, after } = filter;
    const into = new Uint8ClampedArray(3 * width * after);
    for (let y = 0; y < after; y++) {
      for (let x = 0; x < 3 * width; x++) {
        let sum = 1 << (BITS - 1);
        let at = 3 * width * first[y] + x;
        for (let i = y * size, end = i + count[y]; i < end; i++, at += 3 * width) {
          sum = (sum + pixels[at] * weights[i]) | 0;
        }
        into[3 * width * y + x] = clip(sum);
      }
    }
    return into;
  }

  // The middle square of `side` pixels, its short side resized to `side`: RGB. `strip(top, rows)` gives RGBA, of at most
  // `most` rows at once.
  return function square(width, height, side, most, strip) {
    const short = Math.min(width, height);
    const newWidth = Math.trunc((side * width) / short), newHeight = Math.trunc((side * height) / short);
    const across = filters(width, newWidth);
    const slim = new Uint8ClampedArray(3 * newWidth * height);
    for (let top = 0; top < height; top += most) {
      const rows = Math.min(most, height - top);
      narrow(strip(top, rows), width, rows, across, slim, top);
    }
    const small = shorten(slim, newWidth, filters(height, newHeight));
    const left = Math.floor((newWidth - side) / 2), upper = Math.floor((newHeight - side) / 2);
    const found = new Uint8ClampedArray(3 * side * side);
    for (let y = 0; y < side; y++) {
      const from = 3 * ((upper + y) * newWidth + left);
      found.set(small.subarray(from, from + 3 * side), 3 * side * y);
    }
    return found;
  };
};
