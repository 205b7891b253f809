// From a sentence to the numbers that the text tower reads: byte-level BPE, as CLIP does it (Radford et al. 2021).
//
// A sentence is cleaned and cut into words. Each word is written as bytes, and neighbours are merged in the order in
// which training found them worth a token of their own. The list of merges is the whole vocabulary: first come the 256
// bytes, then the same at the end of a word, then one token for each merge, then the marks of start and end.
//
// The function stands for itself, since the worker gets it as text.

plipLive.parts.tokenizer = function tokenizer(merges, limit) {
  "use strict";
  const END = "</w>";
  const MARKS = ["<|startoftext|>", "<|endoftext|>"];
  const INSIDE = /<\|startoftext\|>|<\|endoftext\|>/g;
  // Python's libraries take these for white space; JavaScript's own \s has one more and one less.
  const SPACE = "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
  const SPACES = new RegExp(`[${SPACE}]+`, "g");
  const MARKED = /<\|startoftext\|>|<\|endoftext\|>/.source;
  const WORDS = new RegExp(`${MARKED}|'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^${SPACE}\\p{L}\\p{N}]+`, "gu");
  const BYTE_WORDS = new RegExp(`'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}+|[^${SPACE}\\p{L}\\p{N}]+`, "gu");
  const letters = byteLetters();
  const names = vocabulary();
  const idOf = new Map(names.map((name, id) => [name, id]));
  const rankOf = new Map(merges.map((pair, rank) => [pair.join(" "), rank]));
  const known = new Map(); // words come again and again
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();

  // A byte that cannot be seen gets a letter from 256 on, so that a token can be printed; the others are themselves.
  function byteLetters() {
    const seen = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    let next = 256;
    return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(seen(byte) ? byte : next++));
  }

  function vocabulary() {
    const bytes = [...letters].sort();
    return [...bytes, ...bytes.map((letter) => letter + END), ...merges.map((pair) => pair.join("")), ...MARKS];
  }

  // Marks are no words: one inside a sentence would end it for the model.
  function clean(text) {
    const plain = text.toWellFormed ? text.toWellFormed() : text;
    const spaced = plain.replace(INSIDE, " ").normalize("NFC").replace(SPACES, " ");
    // Letter by letter: the whole word would make another letter of a sigma at its end.
    return Array.from(spaced, (letter) => letter.toLowerCase()).join("");
  }

  // Merge the pair that was learned first, wherever it stands, until none is left.
  function pieces(word) {
    let parts = Array.from(encoder.encode(word), (byte) => letters[byte]);
    parts[parts.length - 1] += END;
    for (;;) {
      let best = Infinity;
      for (let i = 0; i + 1 < parts.length; i++) {
        const rank = rankOf.get(`${parts[i]} ${parts[i + 1]}`);
        if (rank < best) best = rank;
      }
      if (best === Infinity) return parts;
      const [left, right] = merges[best];
      const merged = [];
      for (let i = 0; i < parts.length; i++) {
        const here = parts[i] === left && parts[i + 1] === right;
        merged.push(here ? left + right : parts[i]);
        if (here) i++;
      }
      parts = merged;
    }
  }

  function wordIds(word) {
    if (!known.has(word)) known.set(word, pieces(word).map((piece) => idOf.get(piece)));
    return known.get(word);
  }

  // A token as a reader sees it: a space at its end where a word ends.
  function readable(id) {
    const whole = names[id];
    const ends = whole.endsWith(END);
    const inside = ends ? whole.slice(0, -END.length) : whole;
    const bytes = Uint8Array.from(inside, (letter) => letters.indexOf(letter));
    return decoder.decode(bytes) + (ends ? " " : "");
  }

  // The ids with the two marks, at most `limit` of them; the end stays, since there the sentence is read.
  return function tokens(text) {
    const start = names.length - 2;
    const ids = [];
    for (const [found] of clean(text).matchAll(WORDS)) {
      for (const [word] of found.matchAll(BYTE_WORDS)) ids.push(...wordIds(word));
    }
    if (known.size > 20000) known.clear();
    const cut = ids.length > limit - 2;
    const kept = cut ? ids.slice(0, limit - 2) : ids;
    return { pieces: kept.map(readable), ids: [start, ...kept, start + 1], cut };
  };
};
