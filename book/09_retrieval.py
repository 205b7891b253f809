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
# - to find pictures by words, words by pictures, and pictures by pictures: three times the same line of code;
# - to measure a search engine with {term}`recall at k`, beside chance;
# - two traps of the measurement: several right answers, and neighbours from the same {term}`slide`;
# - to draw the whole space on a page, and to search it with words of your own.
#
# ## What you need first
#
# Embeddings, from {doc}`06_using_plip`. How posts become pairs is told in {doc}`02_collecting_posts`; we use its result here.

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
import numpy as np

from plip_tutorial import artifacts, collect, metrics, microcosm, plots, retrieval, tracks, widgets
from plip_tutorial.plip import PLIP

track = tracks.current()
clip, plip = PLIP(artifacts.checkpoint(track.clip)), PLIP(artifacts.checkpoint(track.plip))
pairs, _ = collect.pairs_from_posts(microcosm.posts(1500, seed=9))
pairs = pairs.select(np.flatnonzero(pairs["truth_pathology"]))
print(f"{len(pairs)} pairs, for example:", pairs[0]["text"])

# %% [markdown]
# All pictures and all captions become vectors, by both models. From here on no model is needed for the search itself.

# %%
pictures = {model: encoder.encode_images(pairs["image"]) for model, encoder in {"CLIP": clip, "PLIP": plip}.items()}
captions = {model: encoder.encode_text(pairs["text"]) for model, encoder in {"CLIP": clip, "PLIP": plip}.items()}
print(pictures["PLIP"].shape, captions["PLIP"].shape)

# %% [markdown]
# ## Words find pictures
#
# Five sentences that occur in no caption word for word. The search is exact: each is compared with every picture, block by block, so that a large gallery needs little more memory than its vectors. We expect five pictures each that a pathologist would accept.

# %% mystnb={"image": {"alt": "Rows of five tiles, each row the answer to one sentence."}, "figure": {"caption": "Each row: a sentence, and the five pictures nearest to it.", "name": "fig-09-text-image"}}
questions = [
    "pools of mucus with few cells", "a sheet of lymphocytes", "smooth muscle", "empty fat cells", "malignant glands of the colon",
]  # fmt: skip
_, found = retrieval.search(plip.encode_text(questions), pictures["PLIP"], k=5)
plots.gallery_rows([[pairs[int(i)]["image"] for i in row] for row in found], questions)

# %% [markdown]
# And what did people write under these pictures? The model has not looked at the captions. It has looked at the pictures only. Here is the last row once more, with what its authors say.

# %% mystnb={"image": {"alt": "Five tiles found for the last sentence, each with the caption that was posted with it."}, "figure": {"caption": "The answers to the last sentence, with the captions of their posts.", "name": "fig-09-captions"}}
from textwrap import shorten

answers = [int(i) for i in found[-1]]
plots.gallery([pairs[i]["image"] for i in answers], [shorten(pairs[i]["text"], 60, placeholder=" ...") for i in answers], columns=3)

# %% [markdown]
# ## How good is it? Recall at k
#
# A few good rows prove little; anyone can choose their examples. So we let the gallery test itself. Take the caption of a pair as the question, and see
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
# PLIP is far ahead of chance and of CLIP, and still its numbers look poor. Is the search that bad? Look at one of its "errors" before you believe
# the number.

# %% mystnb={"image": {"alt": "One row of tiles: the picture that belongs to a caption, and the five pictures that were found instead."}, "figure": {"caption": "A miss, by the strict rule. Left: the picture that was posted with the caption. Then: what the model found instead.", "name": "fig-09-miss"}}
ranks = (captions["PLIP"] @ pictures["PLIP"].T).argsort(1)[:, ::-1]
miss = next(i for i in range(len(pairs)) if i not in ranks[i, :50] and pairs[i]["truth_match"])
print(pairs[miss]["text"])
shown = [miss, *ranks[miss, :5]]
plots.gallery([pairs[int(i)]["image"] for i in shown], ["posted with it", *(pairs[int(i)]["truth_tissue"] for i in shown[1:])])

# %% [markdown]
# ## Trap one: several right answers
#
# The caption fits many pictures of the gallery, but the rule accepts one. Every other picture of the same tissue counts as an error. In a gallery of real cases this
# is the rule and not the exception, and it is one reason why published recalls look low.
#
# There are two honest ways out. First, pictures of one post belong together: a hit on any of them counts. Second, and only because the microcosm
# knows the truth, a hit on any picture of the same tissue counts. Chance must be counted again for each rule, for it, too, has more right answers now.

# %%
rules = {"its own picture": None, "any picture of the post": pairs["group_id"], "any of the same tissue": pairs["truth_tissue"]}
for rule, groups in rules.items():
    by_chance = retrieval.expected_random_recall(len(pairs), [10], groups=groups)[10]
    scores = {model: retrieval.recall_at_k(captions[model], pictures[model], [10], groups=groups)[10] for model in captions}
    print(f"{rule:24} chance {by_chance:.3f}   CLIP {scores['CLIP'].value:.3f}   PLIP {scores['PLIP']}")

# %% [markdown]
# The same search, three numbers. Under the generous rule even chance is high at ten answers, since common tissues are easy to hit. So a recall means nothing
# without its rule and its chance level. The distance to chance is what to look at.
#
# How does it grow with *k*?

# %% mystnb={"image": {"alt": "Recall against k on a logarithmic axis for PLIP, CLIP and chance."}, "figure": {"caption": "Text to image, a hit being any picture of the same post.", "name": "fig-09-recall"}}
depths = [1, 2, 5, 10, 20, 50, 100]
curves = {
    model: retrieval.recall_at_k(captions[model], pictures[model], depths, groups=pairs["group_id"]) for model in ("PLIP", "CLIP")
}
curves["chance"] = retrieval.expected_random_recall(len(pairs), depths, groups=pairs["group_id"])
plots.lines(curves, x="k", log=True)

# %% [markdown]
# ## Pictures find words
#
# Nothing changes but the order of the two arguments. Show a picture, get the captions that fit it best: a machine that seems to describe. It
# does not. It can only repeat what somebody once wrote.

# %%
for i in (3, 30, 60):
    _, words = retrieval.search(pictures["PLIP"][i : i + 1], captions["PLIP"], k=3)
    print(f"{pairs[i]['truth_tissue']}:")
    for j in words[0]:
        print("    ", pairs[int(j)]["text"][:100])

# %% [markdown]
# ## Pictures find pictures
#
# "Show me cases that look like this one" needs no words at all, and no text model. We use the nine tissues of the first benchmark. A
# neighbour is right if it has the same label. We expect PLIP to find the tissue.

# %%
name = track.benchmarks[0]
tiles = artifacts.benchmark(name)
labels, slides = np.array(tiles["label"]), np.array(tiles["slide"])
vectors = {model: artifacts.embeddings(getattr(track, model.lower()), name) for model in ("CLIP", "PLIP")}
for model, x in vectors.items():
    _, near = retrieval.neighbours(x, k=5)
    print(f"{model}: same tissue {metrics.average((labels[near] == labels[:, None]).mean(1), groups=slides)}")

# %% [markdown]
# ## Trap two: neighbours from the same slide
#
# Now ask another question of the same neighbours: how many come from the same *slide* as the query? By chance it would be fewer than one in
# a hundred.

# %%
for model, x in vectors.items():
    _, near = retrieval.neighbours(x, k=5)
    same = (slides[near] == slides[:, None]).mean()
    print(f"{model}: {same:.1%} of the neighbours come from the same slide")
print(f"by chance {(np.unique(slides, return_counts=True)[1].mean() - 1) / (len(slides) - 1):.1%}")

# %% [markdown]
# The tiles of a slide share thickness, stain and focus, and the vectors remember it. In a clinic, the query's own slide is in the archive too, and "find similar
# cases" then returns the case you are looking at. A fair test leaves the own slide out.

# %%
for model, x in vectors.items():
    for what, own in {"own slide allowed": None, "own slide left out": slides}.items():
        _, near = retrieval.neighbours(x, k=5, slides=own)
        print(f"{model}, {what:19} same tissue {metrics.average((labels[near] == labels[:, None]).mean(1), groups=slides)}")

# %% [markdown]
# In this set a slide shows all nine tissues, so the own slide does not help, it can even distract. On sets where a slide has one diagnosis the first
# number would be inflated, sometimes grossly. Leave the slide out in both cases: then you need not know which case you are in.
#
# ## The whole space on a page
#
# A space of so many dimensions cannot be drawn. {term}`UMAP` {cite}`mcinnes2018umap` tries all the same: it places the points on a plane so that neighbours
# stay neighbours. Move the pointer over a point to see its tile.

# %%
widgets.space(vectors["PLIP"], tiles["image"], [tiles.features["label"].names[i] for i in labels])

# %% [markdown]
# Look for three things. Islands of one colour: tissues that the model tells apart. Places where two colours touch: compare them with the confusion matrix of
# {doc}`07_zero_shot`. And single points in a foreign island: hover, and decide who is wrong. Do not read anything into the distance between islands or their size; the
# method does not keep them.
#
# ## A search box
#
# Type a few words. In a running notebook the box searches with every word you enter; on the static page it shows a few prepared searches.

# %%
widgets.search_box(plip, pictures["PLIP"], pairs["image"], pairs["text"])

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
# The demo, asked for "pools of mucus with few cells". A picture comes twice where a tweet and its reply share it. Taken from the running app by `book/_tools/demo_browser.py`.
# :::
#
# It runs on your machine and answers nobody else: it listens on `localhost` only, and no picture leaves the house. Uploads are limited to ten megabytes. A file that is damaged, or that claims to hold more pixels than fit into memory,
# gets a message in place of a crash. Captions and labels are shown as text, so nothing in them can act.
#
# It is an educational tool, as the app of the authors is: it shows what the model does, and it is no help for a diagnosis.
#
# ## Exercises
#
# :::{exercise} What is not there
# :label: ex-09-absent
#
# Search for "a bicycle" and for "a glomerulus" in the gallery. What comes back, and how do the scores compare with those of a good query? Can you find a threshold
# below which the answer should be "nothing found"?
# :::
#
# :::{solution-start} ex-09-absent
# :class: dropdown
# :::

# %%
for question in ["a bicycle", "a glomerulus", "a sheet of lymphocytes"]:
    scores, places = retrieval.search(plip.encode_text([question]), pictures["PLIP"], k=3)
    print(f"{question:24}", scores[0].round(3), [pairs[int(i)]["truth_tissue"] for i in places[0]])

# %% [markdown]
# A search by nearness always returns something. Scores of absent things are often lower, but the ranges overlap and differ from sentence to sentence, so a single threshold
# must be set on data.
#
# :::{solution-end}
# :::
#
# :::{exercise} A picture and a word
# :label: ex-09-mix
#
# Add the vector of a picture and the vector of a sentence, bring the sum back to length one, and search with it. Try a tile of benign colon together with the word "malignant".
# :::
#
# :::{solution-start} ex-09-mix
# :class: dropdown
# :::

# %%
start = next(i for i in range(len(pairs)) if pairs[i]["truth_tissue"] == "normal_colon_mucosa")
word = plip.encode_text(["malignant, carcinoma"])[0] - plip.encode_text(["benign, normal"])[0]
for share in (0, 0.5, 1, 2):
    query = pictures["PLIP"][start] + share * word
    _, places = retrieval.search(query[None] / np.linalg.norm(query), pictures["PLIP"], k=6)
    print(share, [pairs[int(i)]["truth_tissue"] for i in places[0][1:]])

# %% [markdown]
# Directions in the space have some meaning, so arithmetic with them works now and then. That it may fail silently is the reason not to build on it.
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
