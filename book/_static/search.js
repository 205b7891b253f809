/* The search of this site. `bookIndex` (finish/search_index.py) holds pages [address, title, kind], sections
 * [page, anchor, heading, prose, code] and `same`, lists of words that mean the same; `Stemmer` and `stopwords` are Sphinx's.
 *
 * A text becomes a list of terms: words without endings, and one term for whatever means the same, of one word or many.
 * Pages that hold all terms of the query come first, by how often they hold them for their length (BM25, Robertson and
 * Zaragoza 2009), how rare the terms are, and whether title and headings name them. Units and other pages stand before
 * those of the package.
 */
"use strict";

const PAGES_SHOWN = 20, SECTIONS_SHOWN = 3, AROUND = 110; // characters before and after what was found
const PACKAGE = 2; // the kind of its pages
const SATURATION = 1.2, LENGTH = 0.4; // k1 and b of BM25
const IN_TITLE = 2.5, IN_HEADING = 1; // worth, in multiples of a term that a page is full of
const IN_CODE = 0.3; // of a word in prose
const ASKING = ["how", "do", "does", "did", "can", "i", "you", "we", "my", "what", "why", "when", "where", "which", "who"];

const stemmer = new Stemmer();
const stems = new Map(); // of words that were met
const spellings = new Map(); // of a stem, the one that stands for it: tumor, tumour
const phrases = new Map(); // by the first word of each phrase: [its words, the term for it]

/** The words of a text, each as [stem, begin, end]. */
function words(text) {
  const found = [];
  for (const match of text.matchAll(/[\p{L}\p{N}]+/gu)) {
    const word = match[0];
    if (!stems.has(word)) {
      const stem = stemmer.stemWord(word.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, ""));
      stems.set(word, spellings.get(stem) || stem);
    }
    found.push([stems.get(word), match.index, match.index + word.length]);
  }
  return found;
}

const several = (phrase) => words(phrase).length > 1;
for (const group of bookIndex.same.filter((group) => !group.some(several))) {
  const alike = group.map((word) => words(word)[0][0]);
  alike.forEach((stem) => spellings.set(stem, alike[0]));
}
stems.clear();
bookIndex.same.filter((group) => group.some(several)).forEach((group, number) => {
  for (const phrase of group) {
    const parts = words(phrase).map((word) => word[0]);
    if (!phrases.has(parts[0])) phrases.set(parts[0], []);
    phrases.get(parts[0]).push([parts, `=${number}`]);
  }
});
for (const list of phrases.values()) list.sort((a, b) => b[0].length - a[0].length); // the longest first

/** The terms of a text, each as [term, begin, end]; what means the same is the same term. */
function terms(text) {
  const all = words(text), found = [];
  for (let at = 0; at < all.length; ) {
    const fits = ([parts]) => parts.every((part, i) => all[at + i] && all[at + i][0] === part);
    const phrase = (phrases.get(all[at][0]) || []).find(fits);
    const length = phrase ? phrase[0].length : 1;
    found.push([phrase ? phrase[1] : all[at][0], all[at][1], all[at + length - 1][2]]);
    at += length;
  }
  return found;
}

function count(text, worth = 1, into = new Map()) {
  for (const [term] of terms(text)) into.set(term, (into.get(term) || 0) + worth);
  return into;
}

/* What stands where: counts for each section, and for each page the sum, its length and the terms of its headings. */
let counted = null;
function book() {
  if (counted) return counted;
  const pages = bookIndex.pages.map(([, title]) => ({
    title: count(title), headings: new Map(), counts: new Map(), length: 0, sections: [],
  }));
  for (const [number, anchor, heading, text, code] of bookIndex.sections) {
    const counts = count(code, IN_CODE, count(text));
    const page = pages[number], own = { anchor, heading, text, code, heads: count(heading), counts };
    page.sections.push(own);
    for (const term of own.heads.keys()) page.headings.set(term, 1);
    for (const from of [own.heads, own.counts])
      for (const [term, times] of from) {
        page.counts.set(term, (page.counts.get(term) || 0) + times);
        page.length += times;
      }
  }
  const mean = pages.reduce((sum, page) => sum + page.length, 0) / pages.length;
  return (counted = { pages, mean });
}

/** For each term of the query, the terms of the book that answer it: itself, or else all that begin like it. */
function asked(query) {
  const { pages } = book();
  const known = (term) => pages.some((page) => page.counts.has(term));
  const every = [...new Set(terms(query).map(([term]) => term))];
  const telling = every.filter((term) => !stopwords.includes(term) && !ASKING.includes(term));
  return (telling.length ? telling : every).map((term) => {
    if (known(term) || term.length < 3) return [term];
    const like = new Set();
    for (const page of pages) for (const other of page.counts.keys()) if (other.startsWith(term)) like.add(other);
    for (const [other, stands] of spellings) if (other.startsWith(term)) like.add(stands);
    return like.size ? [...like] : [term];
  });
}

const times = (counts, like) => like.reduce((sum, term) => sum + (counts.get(term) || 0), 0);

/** Pages that answer, best first: [score, number of the page]. */
function ranked(wanted) {
  const { pages, mean } = book();
  const rarity = wanted.map((like) => {
    const holding = pages.filter((page) => times(page.counts, like)).length;
    return Math.log(1 + (pages.length - holding + 0.5) / (holding + 0.5));
  });
  const found = [];
  pages.forEach((page, number) => {
    const held = wanted.filter((like) => times(page.counts, like) || times(page.title, like)).length;
    if (!held) return;
    let score = 0;
    wanted.forEach((like, i) => {
      const often = times(page.counts, like), norm = SATURATION * (1 - LENGTH + (LENGTH * page.length) / mean);
      const named = IN_TITLE * Math.min(1, times(page.title, like)) + IN_HEADING * Math.min(1, times(page.headings, like));
      score += rarity[i] * (often / (often + norm) + named);
    });
    found.push([score * (held / wanted.length) ** 3, number]);
  });
  return found.sort((a, b) => b[0] - a[0] || a[1] - b[1]);
}

/** The sections of a page that say most about it, in the order of the page. */
function telling(page, wanted) {
  const scored = page.sections.map((section, place) => {
    const worth = wanted.map((like) => 3 * times(section.heads, like) + Math.min(4, times(section.counts, like)));
    return [worth.filter(Boolean).length * 10 + worth.reduce((a, b) => a + b, 0), place];
  });
  const best = scored.filter(([score]) => score).sort((a, b) => b[0] - a[0] || a[1] - b[1]).slice(0, SECTIONS_SHOWN);
  return best.map(([, place]) => page.sections[place]).sort((a, b) => page.sections.indexOf(a) - page.sections.indexOf(b));
}

function element(name, text = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** A piece of a section, of its prose if that holds a term, with what was found marked. */
function snippet(section, wanted) {
  const found = (text) => terms(text).filter(([term]) => wanted.some((like) => like.includes(term)));
  const text = found(section.text).length || !found(section.code).length ? section.text : section.code;
  const marks = found(text);
  const middle = marks.length ? marks[0][1] : 0;
  const from = middle > AROUND ? text.indexOf(" ", middle - AROUND) + 1 : 0;
  const cut = text.lastIndexOf(" ", middle + AROUND);
  const to = text.length <= middle + AROUND ? text.length : Math.max(cut, marks.length ? marks[0][2] : 0);
  const shown = element("p", from ? "… " : "");
  let at = from;
  for (const [, begin, end] of marks) {
    if (begin < at || end > to) continue;
    shown.append(text.slice(at, begin), element("mark", text.slice(begin, end)));
    at = end;
  }
  shown.append(text.slice(at, to), to < text.length ? " …" : "");
  return shown;
}

function listed(found, wanted) {
  const list = element("ol", "", { class: "found" });
  for (const [, number] of found.slice(0, PAGES_SHOWN)) {
    const [address, title] = bookIndex.pages[number];
    const item = list.appendChild(element("li"));
    item.append(element("a", title, { href: address, class: "found-page" }));
    for (const section of telling(book().pages[number], wanted)) {
      if (section.heading !== title) {
        const to = section.anchor ? `${address}#${section.anchor}` : address;
        item.appendChild(element("p", "", { class: "found-section" })).append(element("a", section.heading, { href: to }));
      }
      if (section.text || section.code) item.append(snippet(section, wanted));
    }
  }
  return list;
}

function show(query) {
  const wanted = asked(query), found = ranked(wanted);
  const inPackage = ([, number]) => bookIndex.pages[number][2] === PACKAGE;
  const read = found.filter((one) => !inPackage(one)), code = found.filter(inPackage);
  const hidden = Math.max(0, read.length - PAGES_SHOWN) + Math.max(0, code.length - PAGES_SHOWN);
  const best = hidden ? ` The best ${found.length - hidden} are shown.` : "";
  const said = found.length ? `${found.length} ${found.length === 1 ? "page" : "pages"} for “${query}”.${best}`
    : `Nothing is found for “${query}”. Try another word for it, or the beginning of the word.`;
  const out = document.getElementById("search-results");
  out.replaceChildren(element("p", said, { role: "status" }));
  if (read.length) out.append(listed(read, wanted));
  if (code.length) out.append(element("h2", "In the package"), listed(code, wanted));
}

/** The page that is opened next marks the words; this one has done so already. */
function tellNextPage(query) {
  const long = query.toLowerCase().split(/\s+/).filter((word) => word.length > 2);
  try { localStorage.setItem("sphinx_highlight_terms", long.join(" ")); } catch { /* a browser that keeps nothing */ }
}

const query = (new URLSearchParams(location.search).get("q") || "").trim();
for (const field of document.querySelectorAll('input[name="q"]')) field.value = query;
if (query) {
  show(query);
  addEventListener("load", () => tellNextPage(query));
}
