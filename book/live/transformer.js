// A CLIP in plain JavaScript: two small transformers that end in one space (Radford et al. 2021).
//
// A transformer keeps one row of numbers for each token and improves the rows layer by layer. In a layer the rows first
// look at each other (attention), then each thinks for itself (two dense layers); both results are added to what was
// there. The sentence is read off the row of its end token, the picture off a row that was put before its patches.
//
//     const weights = tensors(header, bytes);          // names as in PyTorch, numbers as Float32Array
//     textVector(weights, [1998, 320, 1999]);           // 128 numbers, length 1
//     imageVector(weights, values);                     // values: (3, 64, 64), normalised
//
// Everything is a flat Float32Array, row after row. Weights are (out, in), as PyTorch stores them, so both factors of
// each dot product lie in one piece. The function stands for itself, since the worker gets it as text.

plipLive.parts.transformer = function transformer() {
  "use strict";
  const EPSILON = 1e-5;

  // Half-precision numbers: one bit of sign, five of exponent, ten of fraction.
  const halves = Float32Array.from({ length: 65536 }, (_, bits) => {
    const sign = bits >> 15 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
  });

  function floats(bytes) {
    const found = new Float32Array(bytes.length / 2);
    for (let i = 0; i < found.length; i++) found[i] = halves[bytes[2 * i] | (bytes[2 * i + 1] << 8)];
    return found;
  }

  // [[name, shape], ...] and the bytes of all of them, one after the other.
  function tensors(header, bytes) {
    const weights = {};
    let from = 0;
    for (const [name, shape] of header) {
      const to = from + 2 * shape.reduce((product, length) => product * length, 1);
      weights[name] = floats(bytes.subarray(from, to));
      from = to;
    }
    return weights;
  }

  // y = x Wᵀ + b, the one loop that takes time. Four outputs at once, so that each x is loaded once for them.
  function linear(x, weight, bias, width) {
    const rows = x.length / width;
    const out = weight.length / width;
    const y = new Float32Array(rows * out);
    for (let row = 0; row < rows; row++) {
      const base = row * width;
      for (let o = 0; o < out; o += 4) {
        const first = o * width, second = first + width, third = second + width, fourth = third + width;
        let a = 0, b = 0, c = 0, d = 0;
        for (let i = 0; i < width; i++) {
          const value = x[base + i];
          a += value * weight[first + i];
          b += value * weight[second + i];
          c += value * weight[third + i];
          d += value * weight[fourth + i];
        }
        const to = row * out + o;
        y[to] = a;
        y[to + 1] = b;
        y[to + 2] = c;
        y[to + 3] = d;
      }
    }
    if (bias) for (let i = 0; i < y.length; i++) y[i] += bias[i % out];
    return y;
  }

  // Each row gets mean 0 and variance 1, then a scale and a shift that were learned.
  function layerNorm(x, scale, shift) {
    const width = scale.length;
    const y = new Float32Array(x.length);
    for (let from = 0; from < x.length; from += width) {
      let mean = 0, variance = 0;
      for (let i = 0; i < width; i++) mean += x[from + i] / width;
      for (let i = 0; i < width; i++) variance += (x[from + i] - mean) ** 2 / width;
      const factor = 1 / Math.sqrt(variance + EPSILON);
      for (let i = 0; i < width; i++) y[from + i] = (x[from + i] - mean) * factor * scale[i] + shift[i];
    }
    return y;
  }

  // Each row asks all rows (of a sentence: itself and those before it), and takes a weighted mean of their values.
  function attention(q, k, v, width, heads, causal) {
    const rows = q.length / width;
    const size = width / heads;
    const y = new Float32Array(q.length);
    const share = new Float64Array(rows);
    for (let from = 0; from < width; from += size) {
      for (let row = 0; row < rows; row++) {
        const seen = causal ? row + 1 : rows;
        let most = -Infinity, sum = 0;
        for (let other = 0; other < seen; other++) {
          let dot = 0;
          for (let i = from; i < from + size; i++) dot += q[row * width + i] * k[other * width + i];
          share[other] = dot / Math.sqrt(size);
          if (share[other] > most) most = share[other];
        }
        for (let other = 0; other < seen; other++) sum += share[other] = Math.exp(share[other] - most);
        for (let other = 0; other < seen; other++) {
          const weight = share[other] / sum;
          for (let i = from; i < from + size; i++) y[row * width + i] += weight * v[other * width + i];
        }
      }
    }
    return y;
  }

  function add(x, y) {
    for (let i = 0; i < x.length; i++) x[i] += y[i];
  }

  function encoder(weights, x, { width, layers, heads, causal }) {
    for (let layer = 0; layer < layers; layer++) {
      const name = `encoder.layers.${layer}.`;
      const dense = (rows, what, inner) =>
        linear(rows, weights[`${name}${what}.weight`], weights[`${name}${what}.bias`], inner);
      const normed = (what) => layerNorm(x, weights[`${name}${what}.weight`], weights[`${name}${what}.bias`]);
      const before = normed("layer_norm1");
      const [q, k, v] = ["q_proj", "k_proj", "v_proj"].map((what) => dense(before, `self_attn.${what}`, width));
      add(x, dense(attention(q, k, v, width, heads, causal), "self_attn.out_proj", width));
      const inside = dense(normed("layer_norm2"), "mlp.fc1", width);
      for (let i = 0; i < inside.length; i++) if (inside[i] < 0) inside[i] = 0; // relu, the activation of these models
      add(x, dense(inside, "mlp.fc2", inside.length / (x.length / width)));
    }
    return x;
  }

  function unit(vector) {
    const length = Math.hypot(...vector);
    return vector.map((value) => value / length);
  }

  // Embeddings of the tokens and of their places; the last row, the end token, has seen them all.
  function textVector(weights, ids, shape) {
    const { width } = shape;
    const words = weights["embeddings.token_embedding.weight"];
    const places = weights["embeddings.position_embedding.weight"];
    const x = new Float32Array(ids.length * width);
    for (let i = 0; i < x.length; i++) x[i] = words[ids[Math.floor(i / width)] * width + (i % width)] + places[i];
    const last = encoder(weights, x, { ...shape, causal: true }).slice(-width);
    const normed = layerNorm(last, weights["final_layer_norm.weight"], weights["final_layer_norm.bias"]);
    return unit(linear(normed, weights["text_projection.weight"], null, width));
  }

  // The picture as squares of patch x patch pixels, one row each, channel by channel.
  function patches(values, side, patch) {
    const across = side / patch;
    const rows = new Float32Array(values.length);
    let to = 0;
    for (let square = 0; square < across * across; square++) {
      const top = Math.floor(square / across) * patch, left = (square % across) * patch;
      for (let channel = 0; channel < 3; channel++) {
        for (let y = top; y < top + patch; y++) {
          for (let x = left; x < left + patch; x++) rows[to++] = values[(channel * side + y) * side + x];
        }
      }
    }
    return rows;
  }

  function imageVector(weights, values, shape) {
    const { width, side, patch } = shape;
    const squares = patches(values, side, patch);
    const seen = linear(squares, weights["embeddings.patch_embedding.weight"], null, 3 * patch * patch);
    const x = new Float32Array(seen.length + width);
    x.set(weights["embeddings.class_embedding"]);
    x.set(seen, width);
    add(x, weights["embeddings.position_embedding.weight"]);
    const normed = layerNorm(x, weights["pre_layrnorm.weight"], weights["pre_layrnorm.bias"]); // spelt so in the files
    const first = encoder(weights, normed, { ...shape, causal: false }).slice(0, width);
    const ready = layerNorm(first, weights["post_layernorm.weight"], weights["post_layernorm.bias"]);
    return unit(linear(ready, weights["visual_projection.weight"], null, width));
  }

  return { floats, tensors, textVector, imageVector };
};
