// The page's side of the model: it loads what a request needs, keeps the worker, and loses patience for it.
//
// The weights lie in scripts, since a page that was opened from a disk can load nothing else. They come one after the
// other, so that it is known how far we are. The worker does one thing at a time; if that takes too long, it is ended,
// the reader is told, and the next request gets a new one.

plipLive.parts.page = function page() {
  "use strict";
  const { parts, store, script, again } = plipLive;
  const NAMES = { plip: "PLIP", clip: "CLIP" };
  const patience = { texts: 20000, each: 250, picture: 30000 }; // milliseconds; `each` for every sentence
  let worker = null;
  const come = new Set(); // towers whose scripts are here
  let told = new Set(); // towers that the worker has
  let waiting = new Map(); // id -> {resolve, reject, timer}
  let last = 0;
  let shelf = null; // the gallery, unpacked
  let queue = Promise.resolve();

  function start() {
    const { merges, limit, mean, std } = store.manifest;
    const functions = ["tokenizer", "transformer", "resize", "worker"].map((name) => `const ${name} = ${parts[name]};`);
    const settings = JSON.stringify({ merges, limit, mean, std });
    const source = `${functions.join("\n")}\nworker(tokenizer, transformer, resize, ${settings});`;
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    worker = new Worker(address);
    URL.revokeObjectURL(address);
    worker.onmessage = ({ data }) => finish(data.id, data);
    worker.onerror = () => stop("The model stopped with an error. Please try again.");
  }

  function finish(id, { answer, error, stopped }) {
    const job = waiting.get(id);
    if (!job) return;
    waiting.delete(id);
    clearTimeout(job.timer);
    if (error === undefined) job.resolve(answer);
    else job.reject(stopped ? again(error) : new Error(error));
  }

  function stop(line) {
    if (worker) worker.terminate();
    worker = null;
    told = new Set();
    for (const id of [...waiting.keys()]) finish(id, { error: line, stopped: true });
  }

  // One message and its answer, within `limit` milliseconds.
  function ask(message, limit, line) {
    if (!worker) start();
    const id = ++last;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject, timer: setTimeout(() => stop(line), limit) });
      worker.postMessage({ id, ...message });
    });
  }

  // Requests stand in line, so that the patience of one is not spent on another.
  function inTurn(work) {
    const done = queue.then(work);
    queue = done.catch(() => {});
    return done;
  }

  // The scripts of a tower, one after the other; `progress` is told bytes.
  async function fetched(tower, progress) {
    if (come.has(tower)) return;
    const { sizes, what } = store.manifest.towers[tower];
    const total = sizes.reduce((sum, size) => sum + size, 0);
    let loaded = 0;
    for (const [i, size] of sizes.entries()) {
      if (progress) progress({ loaded, total, what });
      await script(`${tower}-${i}.js`);
      loaded += size;
    }
    come.add(tower);
    if (progress) progress({ loaded, total, what });
  }

  async function ready(tower, progress) {
    await fetched(tower, progress);
    if (worker && told.has(tower)) return;
    const { header, shape, sizes } = store.manifest.towers[tower];
    const base64 = sizes.map((_, i) => store[`${tower}-${i}`]);
    await ask({ kind: "weights", tower, header, shape, parts: base64 }, 20000, "The model took too long to unpack.");
    told.add(tower);
  }

  function known(model) {
    if (!(model in NAMES)) throw new Error(`There is no model "${model}". Choose "plip" or "clip".`);
  }

  async function texts(captions, { model = "plip", progress } = {}) {
    known(model);
    if (!Array.isArray(captions)) throw new Error("Pass a list of sentences.");
    await fetched(`${model}-text`, progress);
    return inTurn(async () => {
      await ready(`${model}-text`);
      const limit = patience.texts + patience.each * captions.length;
      const line = `The model took more than ${limit / 1000} seconds and was stopped. Please try fewer sentences.`;
      return ask({ kind: "texts", model, captions: captions.map(String) }, limit, line);
    });
  }

  async function picture(blob, { model = "plip", progress } = {}) {
    known(model);
    const size = await parts.check(blob, store.manifest.limits);
    await fetched(`${model}-image`, progress);
    return inTurn(async () => {
      await ready(`${model}-image`);
      const seconds = patience.picture / 1000;
      const line = `The picture took more than ${seconds} seconds and was stopped. Please try a smaller one.`;
      try {
        return await ask({ kind: "picture", model, blob }, patience.picture, line);
      } catch (error) {
        if (error.again || !/decod|source image|InvalidState|allocat|memory|canvas/i.test(error.message)) throw error;
        throw new Error(
          `This picture of ${size.width} x ${size.height} pixels could not be decoded: ` +
            "the file is damaged, or it is too large for this browser. Please save it anew as PNG, or smaller."
        );
      }
    });
  }

  const floats = parts.transformer().floats;
  const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const half = (text) => floats(bytesOf(text)); // half-precision numbers, as base64

  // Numbers of three bytes in steps of 2^-23: half precision would swap neighbours in rank.
  function whole(text) {
    const bytes = bytesOf(text);
    const number = (i) => (((bytes[3 * i] << 8) | (bytes[3 * i + 1] << 16) | (bytes[3 * i + 2] << 24)) >> 8) / 2 ** 23;
    return Float32Array.from({ length: bytes.length / 3 }, (_, i) => number(i));
  }

  function sheetLoaded(address) {
    return new Promise((resolve, reject) => {
      const picture = new Image();
      picture.onload = resolve;
      picture.onerror = () => reject(again("The tiles could not be loaded. Check the connection and try again."));
      picture.src = address;
    });
  }

  async function gallery({ progress } = {}) {
    if (shelf) return shelf;
    const { bytes } = store.manifest.gallery;
    const told = (loaded) => progress && progress({ loaded, total: bytes, what: "the tiles" });
    told(0);
    await script("gallery.js");
    const { sheet, vectors, ...others } = store.gallery;
    const address = new URL(sheet, plipLive.home).href;
    await sheetLoaded(address);
    told(bytes);
    shelf = { ...others, sheet: address, vectors: unpacked(vectors, whole) };
    return shelf;
  }

  // {model: text} as {model: numbers}; `how` is `half` or `whole`.
  function unpacked(vectors, how) {
    return Object.fromEntries(Object.entries(vectors).map(([model, text]) => [model, how(text)]));
  }

  const scale = (model) => store.manifest.scales[model];
  return { texts, picture, gallery, unpacked, half, whole, patience, scale };
};
