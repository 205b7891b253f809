// The model's own thread: it takes sentences and pictures and gives vectors back, and the page stays alive meanwhile.
//
// A page that was opened from a disk may not start a worker from a file. So the page sends the text of these functions
// in a Blob (see page.js), and what they need, weights included, comes in messages:
//
//     {id, kind: "weights", tower: "plip-text", header, shape, parts}     parts: base64
//     {id, kind: "texts", model: "plip", captions}
//     {id, kind: "picture", model: "plip", blob}
//
// Each is answered by {id, answer} or {id, error}.

plipLive.parts.worker = function worker(tokenizer, transformer, resize, settings) {
  "use strict";
  const { tensors, textVector, imageVector } = transformer();
  const tokens = tokenizer(settings.merges, settings.limit);
  const square = resize();
  const towers = {}; // name -> {weights, shape}
  const AT_ONCE = 4e6; // pixels of a picture that are unpacked together

  function weights({ tower, header, shape, parts }) {
    const text = parts.map(atob);
    const bytes = new Uint8Array(text.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of text) for (let i = 0; i < part.length; i++) bytes[at++] = part.charCodeAt(i);
    towers[tower] = { weights: tensors(header, bytes), shape };
  }

  function texts({ model, captions }) {
    const tower = towers[`${model}-text`];
    return captions.map((caption) => {
      const found = tokens(caption);
      return { ...found, vector: textVector(tower.weights, found.ids, tower.shape) };
    });
  }

  // What is transparent becomes white, like an empty slide. Colours are taken as they stand in the file.
  async function picture({ model, blob }) {
    const tower = towers[`${model}-image`];
    const { side } = tower.shape;
    const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
    const { width, height } = bitmap;
    const most = Math.min(height, Math.max(1, Math.floor(AT_ONCE / width))); // rows of a strip
    const canvas = new OffscreenCanvas(width, most);
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    const strip = (top, rows) => {
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, width, rows);
      pen.drawImage(bitmap, 0, top, width, rows, 0, 0, width, rows);
      return pen.getImageData(0, 0, width, rows).data;
    };
    const pixels = square(width, height, side, most, strip);
    bitmap.close();
    const values = new Float32Array(3 * side * side);
    for (let i = 0; i < values.length; i++) {
      const channel = i % 3;
      const value = (pixels[i] / 255 - settings.mean[channel]) / settings.std[channel];
      values[channel * side * side + (i - channel) / 3] = value;
    }
    return { vector: imageVector(tower.weights, values, tower.shape), width, height };
  }

  const jobs = { weights, texts, picture };
  self.onmessage = async ({ data }) => {
    try {
      self.postMessage({ id: data.id, answer: await jobs[data.kind](data) });
    } catch (error) {
      self.postMessage({ id: data.id, error: String(error.message || error) });
    }
  };
};
