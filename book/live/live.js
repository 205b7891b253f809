// The loader: the only script that a page has before its reader asks for something.
//
// It gives the page `window.plipLive`, and starts a view in each <div data-live="name">. A view may ask for vectors of
// sentences and pictures, and for the gallery; the first time, the model comes after it, piece by piece. All of it lies
// beside this file, so it works from a server and from a disk, and nothing is ever sent anywhere.
//
//     await plipLive.texts(["mucus"], {model: "plip"});     // [{pieces, ids, cut, vector}]
//     await plipLive.picture(blob, {model: "plip"});        // {vector, width, height}
//     await plipLive.gallery();                             // {n, side, columns, sheet, captions, vectors}
//
// `progress`, an option of all three, is called with {loaded, total, what}: bytes, and what they are.

(() => {
  "use strict";
  if (window.plipLive) return;
  const home = new URL(".", document.currentScript.src).href;
  const PATIENCE = 90000; // milliseconds for one script to come
  const MODEL = ["manifest", "tokenizer", "transformer", "resize", "worker", "check", "page"];
  const scripts = new Map(); // name -> promise; one that failed is forgotten, so that it can be tried again
  const parts = {}; // functions, by name: each script of the model puts its own here
  const store = {}; // data, by name: weights, gallery, manifest
  const views = {}; // name -> function of a box
  const again = (line) => Object.assign(new Error(line), { again: true }); // an error after which trying again may help
  let page = null;

  function script(name) {
    if (!scripts.has(name)) {
      const coming = new Promise((resolve, reject) => {
        const tag = document.createElement("script");
        const failed = () => {
          tag.remove();
          scripts.delete(name);
          reject(again(`The model could not be loaded (${name} did not come). Check the connection and try again.`));
        };
        const timer = setTimeout(failed, PATIENCE);
        tag.onload = () => (clearTimeout(timer), resolve());
        tag.onerror = () => (clearTimeout(timer), failed());
        tag.src = home + name;
        document.head.append(tag);
      });
      scripts.set(name, coming);
    }
    return scripts.get(name);
  }

  async function model() {
    await Promise.all(MODEL.map((name) => script(`${name}.js`)));
    page = page || parts.page();
    return page;
  }

  window.plipLive = {
    home, parts, store, views, script, model, again,
    texts: async (captions, options) => (await model()).texts(captions, options),
    picture: async (blob, options) => (await model()).picture(blob, options),
    gallery: async (options) => (await model()).gallery(options),
  };

  async function start(box) {
    const name = box.dataset.live;
    if (box.dataset.liveStarted) return;
    box.dataset.liveStarted = "yes";
    await script("kit.js");
    await script(`view_${name}.js`);
    views[name](box);
  }

  // Without its script a box keeps the words that stand in it.
  const begin = () => document.querySelectorAll("[data-live]").forEach((box) => start(box).catch(console.error));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
