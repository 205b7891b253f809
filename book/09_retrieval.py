# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: kernelspec,jupytext,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Retrieval
#
# **Time:** @time@
#
# ## What you will learn
#
# - to find pictures by words, words by pictures, and pictures by pictures: each time dot products, and the largest of them;
# - to measure a search engine with {term}`recall at k`, beside chance;
# - two traps of the measurement: several right answers, and neighbours from the same {term}`slide`;
# - to draw the whole space on a page, and to search it with words of your own.
#
# ## What you need first
#
# Embeddings, from {doc}`06_using_plip`. Zero-shot classification, from {doc}`07_zero_shot`, with the intervals that stand in brackets behind a score. How posts become pairs is told in {doc}`02_collecting_posts`; we use its result here.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% [markdown]
# ## A gallery to search
#
# A pathologist remembers a case: pools of mucus, few cells. Where was it? A file system cannot answer that. A common space of pictures and
# words can: embed the sentence, and take the pictures nearest to it. This is {term}`retrieval`.
#
# We need a gallery that no model has trained on. The corpus was made of the posts of world seed 0, so we take posts of another seed, and turn them
# into pairs as chapter 2 does.

# %%
from collections import Counter
from textwrap import shorten

import numpy as np

from plip_tutorial import artifacts, collect, metrics, microcosm, plots, retrieval, tracks, widgets, zero_shot
from plip_tutorial.plip import PLIP

track = tracks.current()
clip, plip = PLIP(artifacts.checkpoint(track.clip)), PLIP(artifacts.checkpoint(track.plip))
pairs, _ = collect.pairs_from_posts(microcosm.posts(1500, seed=9))
pairs = pairs.select(np.flatnonzero(pairs["truth_pathology"]))
print(f"{len(pairs)} pairs, for example:", pairs[0]["text"])

# %% [markdown]
# All pictures and all captions become vectors, by both models. This is the slow part, and it is done once. A search encodes its question and nothing else.

# %%
pictures = {model: encoder.encode_images(pairs["image"]) for model, encoder in {"CLIP": clip, "PLIP": plip}.items()}
captions = {model: encoder.encode_text(pairs["text"]) for model, encoder in {"CLIP": clip, "PLIP": plip}.items()}
print(pictures["PLIP"].shape, captions["PLIP"].shape)

# %% [markdown]
# ## Words find pictures
#
# A reply shares the picture of its tweet, so many a picture stands in two pairs, with two captions. A search by words would show it twice. For the searches we therefore keep each picture once.

# %%
pixels = [np.asarray(picture.convert("RGB")).tobytes() for picture in pairs["image"]]
_, once, picture_of = np.unique(pixels, return_index=True, return_inverse=True)  # a pair of each picture; each pair's picture
once.sort()
gallery = pairs.select(once)
print(f"{len(pairs)} pairs, {len(gallery)} pictures")

# %% [markdown]
# Five questions. Does any of them stand in a caption, word for word? Where it does not, a search of the text alone finds nothing. The search here is exact: each question is compared with every picture, block by block, so that a large gallery needs
# little more memory than its vectors. We expect five pictures each that a pathologist would accept.

# %%
questions = [
    "pools of mucus with few cells", "a sheet of lymphocytes", "smooth muscle", "empty fat cells", "malignant glands of the colon",
]  # fmt: skip
_, found = retrieval.search(plip.encode_text(questions), pictures["PLIP"][once], k=5)
for question, row in zip(questions, found, strict=True):
    tissues = Counter(gallery[int(i)]["truth_tissue"] for i in row)
    written = sum(question in text.lower() for text in pairs["text"])
    print(f"{question}, in {written} captions: ", ", ".join(f"{n} {name}" for name, n in tissues.most_common()))

# %% mystnb={"image": {"alt": "Rows of five tiles, each row the answer to one sentence."}, "figure": {"caption": "Each row: a sentence, and the five pictures nearest to it.", "name": "fig-09-text-image"}}
plots.gallery_rows([[gallery[int(i)]["image"] for i in row] for row in found], questions)

# %% [markdown]
# For mucus all five are right, for fat and smooth muscle nearly all, and only the name of the muscle stands in captions. The sheet of lymphocytes is not found at all: what comes is mostly bone, with a marrow full of small round cells. {doc}`07_zero_shot` finds most lymphocytes
# by their bare name, so the model knows them; this sentence does not reach them. The last question asks for two things at once, malignant and of the colon. Count how many answers are both: few. Most show cancer, but of another organ.
#
# What did people write under these pictures? The model has not looked at the captions. It has looked at the pictures only. Here is the last row once more, with what its authors say. Do they speak of cancer of the colon?

# %% mystnb={"image": {"alt": "Five tiles found for the last sentence, each with the caption that was posted with it."}, "figure": {"caption": "The answers to the last sentence, with the captions of their posts.", "name": "fig-09-captions"}}
answers = [gallery[int(i)] for i in found[-1]]
plots.gallery([pair["image"] for pair in answers], [shorten(pair["text"], 60, placeholder=" ...") for pair in answers], columns=3)

# %% [markdown]
# Compare them with the count above. Where the count names another tissue, the caption speaks of something else than we asked for. Whoever needs cancer of the colon has to look at each answer.
#
# ## How good is it? Recall at k
#
# Some good rows and some poor ones prove little; anyone can choose their examples. So we let the gallery test itself. Take the caption of a pair as the question, and see
# whether its own picture comes back among the first *k* answers. The share of captions for which it does is the {term}`recall at k`.
#
# Chance finds something too. Among a thousand pictures, ten drawn blindly hold the right one in one case of a hundred.

# %%
ks = [1, 5, 10, 50]
recall = {model: retrieval.recall_at_k(captions[model], pictures[model], ks) for model in captions}
chance = retrieval.expected_random_recall(len(pairs), ks)
for k in ks:
    print(f"recall at {k:2}:  chance {chance[k]:.3f}   CLIP {recall['CLIP'][k]}   PLIP {recall['PLIP'][k]}")

# %% [markdown]
# PLIP is far ahead of chance, CLIP is not. Still PLIP's numbers look poor. Is the search that bad? Look at one of its "errors" before you believe
# the number.

# %% mystnb={"image": {"alt": "Two rows of tiles: first the picture that belongs to a caption, then the five pictures that were found instead."}, "figure": {"caption": "A miss, by the strict rule. First (top left): the picture that was posted with the caption. Then: what the model found instead.", "name": "fig-09-miss"}}
ranks = (captions["PLIP"] @ pictures["PLIP"].T).argsort(1)[:, ::-1]
miss = next(i for i in range(len(pairs)) if i not in ranks[i, :50] and pairs[i]["truth_match"])  # its caption does belong to it
print(pairs[miss]["text"])
shown = [miss, *ranks[miss, :5]]
names = [pairs[int(i)]["truth_tissue"].replace("_", " ") for i in shown]
plots.gallery([pairs[int(i)]["image"] for i in shown], [f"posted with it: {names[0]}", *names[1:]], columns=3)

# %% [markdown]
# ## Trap one: several right answers
#
# A caption fits many pictures of the gallery, but the rule accepts one pair. Every other picture of the same tissue counts as an error. Even the *same* picture does, if it is found in the pair of a reply. In a gallery of real cases this
# is common, and it is one reason why published recalls look low.
#
# There are several honest ways out. The same picture may count, in whichever pair it stands. Pictures of one post belong together, so a hit on any of them may count. And, only because the microcosm
# knows the truth, a hit on any picture of the same tissue may count. Chance must be counted again for each rule, for it, too, has more right answers now. We expect PLIP to gain more than chance does.

# %%
rules = {
    "its own pair": None, "the same picture": picture_of, "any picture of the post": pairs["group_id"],
    "any of the same tissue": pairs["truth_tissue"],
}  # fmt: skip
for rule, groups in rules.items():
    by_chance = retrieval.expected_random_recall(len(pairs), [10], groups=groups)[10]
    scores = {model: retrieval.recall_at_k(captions[model], pictures[model], [10], groups=groups)[10] for model in captions}
    print(f"{rule:23} chance {by_chance:.3f}   CLIP {scores['CLIP']}   PLIP {scores['PLIP']}")

# %% [markdown]
# The same search, four numbers. Under the most generous rule even chance is high at ten answers, since common tissues are easy to hit. So a recall means nothing
# without its rule and its chance level. The distance to chance is what to look at. For PLIP it is largest under the last rule; counted as a multiple of chance, under the first. That the twin of a picture counts, too, changes little.
#
# CLIP is told apart from chance under none of the rules. Is chance a fair rival, then, and does PLIP do more than hit common tissues? Take the last rule, and count how many different tissues stand among the ten answers to one caption.
# Then a control: give each caption the answers to *another* caption, chosen at random. A hit is luck then, since nobody looked at the caption.

# %%
kinds = np.unique(pairs["truth_tissue"], return_inverse=True)[1]
draw = np.random.default_rng(0)
answers = {model: retrieval.search(captions[model], pictures[model], k=10)[1] for model in ("PLIP", "CLIP")}
answers["a blind draw"] = np.stack([draw.permutation(len(pairs))[:10] for _ in captions["CLIP"]])
for who, ten in answers.items():
    different = np.mean([len(set(row)) for row in kinds[ten]])
    own = np.mean([kind in row for kind, row in zip(kinds, kinds[ten], strict=True)])
    other = np.mean([np.isin(kinds, row).mean() for row in kinds[ten]])
    print(f"{who:12} {different:.1f} tissues in ten answers, recall {own:.3f}, with the answers to another caption {other:.3f}")

# %% [markdown]
# Ten blind draws show many tissues, so one of them often hits. Ten answers of a model resemble each other, and ten answers of one tissue are a single try. CLIP has fewer tries than a blind draw, and its own answers do hardly better than the answers to another caption: it does not aim. PLIP has
# the fewest tries of all; its recall is high because it aims.
#
# How does recall grow with *k*?

# %% mystnb={"image": {"alt": "Recall against k on a logarithmic axis for PLIP, CLIP and chance."}, "figure": {"caption": "Text to image, a hit being any picture of the same post.", "name": "fig-09-recall"}}
depths = [1, 2, 5, 10, 20, 50, 100]
curves = {
    model: retrieval.recall_at_k(captions[model], pictures[model], depths, groups=pairs["group_id"]) for model in ("PLIP", "CLIP")
}
curves["chance"] = retrieval.expected_random_recall(len(pairs), depths, groups=pairs["group_id"])
plots.lines(curves, x="k", y="recall at k", log=True)

# %% [markdown]
# PLIP stays far above chance all the way. CLIP goes along with chance, and at a hundred answers it lies *below*, with its whole interval. How can a model be worse than a blind draw? By the crowding that we counted: where answers resemble each other, they are fewer tries.
#
# ## Pictures find words
#
# Nothing changes but the order of the two arguments. Show a picture, get the captions that fit it best: a machine that seems to describe. It
# does not. It can only repeat what somebody once wrote. In brackets stands the tissue under which each caption was posted. We expect the tissue of the picture. Two of the pictures below were taken without a look; the third is the first
# of which all three captions belong to another tissue.

# %%
_, words = retrieval.search(pictures["PLIP"], captions["PLIP"], k=3)
fits, belongs = kinds[words] == kinds[:, None], np.array(pairs["truth_match"])[words]  # belongs: a caption with its own picture
wrong = next(i for i in range(len(pairs)) if not fits[i].any() and belongs[i].all())
for i in (3, 60, wrong):
    print(f"{pairs[i]['truth_tissue']}:")
    for j in words[i]:
        print("    ", shorten(pairs[int(j)]["text"], 80, placeholder=" ..."), f"({pairs[int(j)]['truth_tissue']})")
print(f"all pictures: the tissue of the caption fits in {fits.mean():.0%}")

# %% [markdown]
# The first two fit. The third does not, and its sentences sound as sure as the right ones; nothing in them warns the reader. Such misses are not rare, as the last line shows. A few are not the model's: where the text fits and the bracket does not, somebody posted
# a caption under a picture of something else. The corpus holds such pairs; for the third picture we left them out.
#
# ## Pictures find pictures
#
# "Show me cases that look like this one" needs no words at all, and no text model. We use the nine tissues of the first benchmark, and print the key to their codes. A
# neighbour is right if it has the same label. We expect PLIP to find the tissue more often than CLIP.

# %%
name = track.benchmarks[0]
tiles = artifacts.benchmark(name)
labels, slides = np.array(tiles["label"]), np.array(tiles["slide"])
vectors = {model: artifacts.embeddings(getattr(track, model.lower()), name) for model in ("CLIP", "PLIP")}
print("\n".join(f"{code:5} {phrase}" for code, phrase in microcosm.PHRASES[name].items()))
for model, x in vectors.items():
    _, near = retrieval.neighbours(x, k=5)
    print(f"{model}: same tissue {metrics.average((labels[near] == labels[:, None]).mean(1), groups=slides)}")

# %% [markdown]
# ## Trap two: neighbours from the same slide
#
# PLIP does. Now ask another question of the same neighbours: how many come from the same *slide* as the query? If the vectors held the tissue alone, as many as chance gives.

# %%
for model, x in vectors.items():
    _, near = retrieval.neighbours(x, k=5)
    same = (slides[near] == slides[:, None]).mean()
    print(f"{model}: {same:.1%} of the neighbours come from the same slide")
print(f"by chance {(np.unique(slides, return_counts=True)[1].mean() - 1) / (len(slides) - 1):.1%}")

# %% [markdown]
# There are more than chance gives. The tiles of a slide share thickness, stain and focus, and the vectors remember some of it. In a clinic, the query's own slide is in the archive too, and "find similar
# cases" then returns the case you are looking at. A fair test leaves the own slide out. (In the full track the public copies do not tell which tiles share a slide, so each counts as a slide of its own, and nothing can be seen here.)

# %%
for model, x in vectors.items():
    for what, own in {"own slide allowed": None, "own slide left out": slides}.items():
        _, near = retrieval.neighbours(x, k=5, slides=own)
        print(f"{model}, {what:19} same tissue {metrics.average((labels[near] == labels[:, None]).mean(1), groups=slides)}")

# %% [markdown]
# The own slide gives next to nothing here. In this set a slide holds tiles of several tissues, drawn independently of the slide, so a neighbour from it is right no more often than another. On sets where a slide has one diagnosis the first
# number would be inflated, sometimes grossly. Leave the slide out in both cases: then you need not know which case you are in.
#
# ## The whole space on a page
#
# A space of so many dimensions cannot be drawn. {term}`UMAP` {cite}`mcinnes2018umap` tries all the same: it places the points on a plane so that neighbours
# stay neighbours. We leave the empty background out: it is so unlike the rest that its islands would lie far away and take half of the plane.
#
# We expect fat, lymphocytes and mucus, which look like nothing else, to lie apart, and no clear shore between smooth muscle and stroma, which {doc}`07_zero_shot` mixes up. Move the pointer over a point, or the slider, to see a tile, its tissue, and what PLIP calls it.

# %%
names = tiles.features["label"].names
called, _ = zero_shot.predict(vectors["PLIP"], zero_shot.classifier(plip, list(microcosm.PHRASES[name].values()), microcosm.TEMPLATES[name]))
kept = np.flatnonzero(labels != names.index("BACK"))
widgets.space(
    vectors["PLIP"][kept], [tiles[int(i)]["image"] for i in kept], [names[labels[i]] for i in kept],
    texts=[f"{names[labels[i]]}; PLIP says {names[called[i]]}" for i in kept],
)  # fmt: skip

# %% [markdown]
# Look for three things. Islands and capes of one colour: tissues that the model tells apart. Places where two colours touch. And single points in a foreign island: choose one, and see whether the words of the model go with the island or with the label.
# Do not read anything into the distance between islands or their size; the method does not keep them.
#
# A map can mislead, so count in the space itself: of the five neighbours of each tile, how many have its tissue, and which is the most frequent other one?

# %%
_, near = retrieval.neighbours(vectors["PLIP"], k=5, slides=slides)
for tissue, short in enumerate(names):
    around = labels[near[labels == tissue]].ravel()
    own, others = (around == tissue).mean(), Counter(around[around != tissue].tolist()).most_common(1)
    print(f"{short:5} {own:4.0%} of the neighbours are {short}, next {names[others[0][0]] if others else 'nothing'}")

# %% [markdown]
# Fat and mucus have few foreign neighbours. Normal mucosa and lymphocytes have some; those of the mucosa are most often lymphocytes, which it holds itself. Of debris and stroma about half are foreign. And the shore is missing: smooth muscle and stroma are each other's most frequent foreign neighbours.
#
# ## A search box
#
# Type a few words. In a running notebook the box searches with the words you enter. A static page has no model to ask. There the box holds some prepared searches, and shows the one that shares most words with yours.

# %%
widgets.search_box(plip, pictures["PLIP"][once], gallery["image"], gallery["text"])

# %% [markdown]
# ## A demo of your own
#
# The same as an app of its own, with search by picture and classification by your own labels, starts with
#
# ```bash
# python -m plip_tutorial demo                 # the tiles of this book
# python -m plip_tutorial demo my_tiles        # a folder of yours, with one sub-folder for each class
# ```
#
# :::{figure} pictures/demo.png
# :alt: The demo in a browser. The words "pools of mucus with few cells" have been typed, and below stand the nearest tiles with the captions of their posts. Two more tabs lead to the search by picture and to classification.
# :name: fig-09-demo
# :class: dark-light
#
# The demo, asked for "pools of mucus with few cells". It searches pairs, so a picture comes twice where a tweet and its reply share it. Taken from the running app by `book/_tools/demo_browser.py`.
# :::
#
# It runs on your machine and answers nobody else: it listens on `localhost` only, answers to no other name, and no picture leaves the house. Ctrl-C stops it. Uploads are limited to ten megabytes. A file that is damaged, or that claims to hold more pixels than fit into memory,
# gets a message in place of a crash. Captions and labels are shown as text, so nothing in them can act.
#
# It is an educational tool, as the app of the authors is: it shows what the model does, and it is no help for a diagnosis.
#
# ## Exercises
#
# :::{exercise} What is not there
# :label: ex-09-absent
#
# Search the gallery for three things that it does not hold, "a bicycle", "a glomerulus" and "a chart with bars", and for three that it does hold. What comes back, and how do the scores compare? Can you find a threshold
# below which the answer should be "nothing found"?
# :::
#
# :::{solution-start} ex-09-absent
# :class: dropdown
# :::

# %%
absent, present = ["a bicycle", "a glomerulus", "a chart with bars"], ["a sheet of lymphocytes", "melanoma", "breast cancer"]
for question in absent + present:
    scores, places = retrieval.search(plip.encode_text([question]), pictures["PLIP"][once], k=3)
    print(f"{'absent' if question in absent else 'present':8} {question:24}", scores[0].round(3))
    print(" " * 12, ", ".join(gallery[int(i)]["truth_tissue"] for i in places[0]))

# %% [markdown]
# A search by nearness always returns something. The scores of absent and of present things overlap: the bicycle, which is not there, gets a higher score than melanoma, which is there and is found. Each sentence has its own level, so no threshold
# is right for all.
#
# Nor does a high score say that the answer is right. The sheet of lymphocytes finds none, and has higher scores than "breast cancer", most of whose answers are right.
#
# :::{solution-end}
# :::
#
# :::{exercise} A picture and a word
# :label: ex-09-mix
#
# Add the vector of a picture and the vector of a sentence, bring the sum back to length one, and search with it. Try a tile of benign colon together with the word "malignant". Then take, in place of the sentence, the *difference* of two sentences, "malignant" minus "benign",
# brought to length one, so that one time and two times mean the same for both. What all sentences share cancels in a difference. Is a larger share of its answers colorectal adenocarcinoma?
# :::
#
# :::{solution-start} ex-09-mix
# :class: dropdown
# :::

# %%
tissues, vector = np.array(gallery["truth_tissue"]), pictures["PLIP"][once]
starts = np.flatnonzero(tissues == "normal_colon_mucosa")
posts = np.array(gallery["group_id"])[starts]
malignant, benign = plip.encode_text(["malignant", "benign"])
difference = (malignant - benign) / np.linalg.norm(malignant - benign)

# %%
for what, words in {"plus the sentence": malignant, "plus the difference": difference}.items():
    for times in (0, 1, 2):
        query = vector[starts] + times * words
        query /= np.linalg.norm(query, axis=1, keepdims=True)
        _, places = retrieval.search(query, vector, k=5, query_slides=starts, target_slides=np.arange(len(vector)))  # not itself
        cancer = metrics.average((tissues[places] == "colorectal_adenocarcinoma").mean(1), groups=posts)
        shares = Counter(tissues[places].ravel().tolist()).most_common(4)
        print(f"{what}, {times} times: colorectal adenocarcinoma {cancer}")
        print("    most frequent:", ", ".join(f"{n / places.size:.0%} {tissue}" for tissue, n in shares))

# %% [markdown]
# Each line is over all pictures of benign colon. Both ways push the search off benign colon, and towards cancers: but of the lymph node, the breast or the stomach, and to much that is no cancer, such as debris, stroma or smooth muscle. Of cancer of the colon the sentence finds a little at two times, the difference next to nothing,
# so the answer is no: what cancels was no hindrance. The disease is heard and the organ is lost. Neither way arrives. Directions in the space have some meaning, so arithmetic with them works now and then. That it may fail
# silently is the reason not to build on it.
#
# :::{solution-end}
# :::
#
# :::{exercise} Recall and the size of the gallery
# :label: ex-09-size
#
# Compute recall at 10 for the first 100, 200, 400 ... pairs. Why can two papers with the same model report very different numbers?
# :::
#
# :::{solution-start} ex-09-size
# :class: dropdown
# :::

# %%
for n in (100, 200, 400, len(pairs)):
    score = retrieval.recall_at_k(captions["PLIP"][:n], pictures["PLIP"][:n], [10])[10]
    print(f"{n:5} pairs: {score}   chance {10 / n:.3f}   ratio {score.value * n / 10:.1f}")

# %% [markdown]
# A larger gallery holds more pictures that fit equally well. Recall falls though the model is the same. Never compare recalls over galleries of different size.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - Search is a matrix product and the largest entries of each row; the order of the arguments decides who finds whom.
# - Recall at k needs its rule, its chance level and the size of the gallery beside it.
# - Leave the own slide out when pictures search for pictures.
# - A search always finds something. It takes a person to see that it is nonsense.
#
# ## What comes next
#
# The model can be used now. {doc}`10_limits` asks when it should not be.
#
# ## References
#
# Retrieval was one of the tasks of the PLIP paper {cite}`huang2023plip`.
#
# :::{bibliography}
# :filter: docname in docnames
# :::
