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
# # Expanding the corpus with nearest neighbours
#
# **Time:** @time@
#
# ## What you will learn
#
# - how a few thousand collected pictures find their relatives in a large pool of web pictures;
# - what a vector index is, and why an exact search may work in small blocks and still give one answer;
# - to choose a similarity threshold on graded examples, and why the same threshold keeps its promise in one place and breaks it in another;
# - to count the gain, and to look at what comes back wrongly;
# - to make a pool of your own, out of a folder or of a data set of the Hugging Face hub;
# - what an approximate index saves and costs, and what five billion pictures would need.
#
# ## What you need first
#
# The pairs of {doc}`02_collecting_posts`, and the idea of an {term}`embedding` and of {term}`cosine similarity` from {doc}`01_contrastive_learning`.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% [markdown]
# ## The idea
#
# Posts are a narrow source, and the web is a wide one. Somewhere in it there are pictures of tissue with a few words beside them. Nobody has labelled them. How does one find them?
#
# LAION is a list of more than five billion web pictures, each with the text that stood beside it {cite}`schuhmann2022laion`. Its makers embedded every picture with CLIP and put the vectors into an index. The authors of PLIP asked this index about the pictures they had collected: *what is nearest to this one?* {cite}`huang2023plip` The answers came with their captions. This is {term}`k-NN` expansion: every picture we have asks for its k nearest neighbours.
#
# :::{admonition} The public index is gone
# :class: warning
# The service that answered such questions for LAION was switched off in early 2024. Nothing in this chapter depends on it. We build the index ourselves, over a web pool of the {term}`microcosm`, where the truth about every picture is known and the result can be graded. {ref}`A pool of your own <your-own-pool>` shows the same for a folder of pictures and for any data set of the Hugging Face hub.
# :::

# %%
import numpy as np

from plip_tutorial import artifacts, expand, plots

plots.use_style()
pool = artifacts.web_pool()
truth = np.array(pool["truth_pathology"])  # for grading only
print(f"{len(pool):,} pictures, {truth.mean():.1%} of them pathology")

# %% [markdown]
# The pool is small, but it is made like the web: hardly anything in it is medicine. Expect to see much paper, cloth and landscape.

# %% mystnb={"image": {"alt": "Eighteen pictures of the pool, among them charts, fabrics, photographs and hardly any tissue"}, "figure": {"caption": "The first pictures of the web pool, and what they are.", "name": "fig-pool"}}
plots.gallery([pool[i]["image"] for i in range(18)], [pool[i]["truth_tissue"].replace("_", " ") for i in range(18)])

# %% [markdown]
# Whoever looks at a thousand of these finds little tissue, and many {term}`lookalikes <lookalike>`: pink and purple cloth, blood smears, marble. They share the colours or the grain of stained tissue. They will come back.
#
# ## Seeds and index
#
# The collected pictures are our *seeds*. We take those that the filter of {doc}`the next chapter <04_cleaning_the_corpus>` calls pathology. Seeds and pool are embedded with the **general** model, the tiny CLIP: LAION's index was made with a general CLIP, too. There is no PLIP yet, since this chapter makes what it will be trained on.

# %%
seeds = artifacts.seeds()
seed_vectors = artifacts.seed_embeddings()
pool_vectors = artifacts.tiny_embeddings("web-pool", pool)
index = expand.VectorIndex(pool_vectors)
print(f"{len(seeds):,} seeds, {len(index):,} pictures in the index, {pool_vectors.shape[1]} numbers for each")

# %% [markdown]
# All vectors have length 1, so a {term}`dot product` is the cosine of an angle. Let one seed ask for its seven neighbours. If the general model has any eye for tissue, some of them should be tissue.

# %% mystnb={"image": {"alt": "A seed and its seven nearest neighbours with their similarities"}, "figure": {"caption": "A seed, and its nearest neighbours in the pool with their similarity.", "name": "fig-neighbours"}}
scores, indices = index.search(seed_vectors[:1], k=7)
neighbours = [pool[int(i)] for i in indices[0]]
names = [f"{score:.4f} {near['truth_tissue'].replace('_', ' ')}" for score, near in zip(scores[0], neighbours)]
plots.gallery([seeds[0]["image"], *(near["image"] for near in neighbours)], ["the seed", *names])

# %% [markdown]
# Look at the numbers more than at the names. The similarities are all close to 1. A tiny general model sees tissue from far away, and all tissue looks much the same to it. Where a threshold lies is therefore nothing that one could guess. We will choose it on data.
#
# ## How an exact search works
#
# All similarities together are one matrix product: seeds times pool. For a large pool this matrix does not fit into memory. So the index takes the pool block by block and keeps, for each seed, the best k so far. The block sets the memory. It must not change the answer. We hold it against the obvious way, which sorts everything.

# %%
queries = seed_vectors[:200]
obvious = np.argsort(-(queries.astype(float) @ pool_vectors.T.astype(float)), axis=1, kind="stable")[:, :10]
answers = {block: expand.VectorIndex(pool_vectors, block=block).search(queries, k=10)[1] for block in (64, 999, 65_536)}
for block, found in answers.items():
    print(f"block {block:>6}: {(found == obvious).mean():.2%} of the neighbours as in the full sort")

# %% [markdown]
# The three answers are the same to the last neighbour. That is less obvious than it looks: in 32-bit arithmetic the same two vectors can have products that differ in the last digit, depending on the block they stand in. Two pictures of equal similarity would then change places. The index uses 32 bits to find the candidates and 64 bits to order them.
#
# An index is made once and asked often. Saved, it is one file. Opened, it stays on disk, and a search reads the blocks it needs.

# %%
import tempfile
from pathlib import Path

path = index.save(Path(tempfile.mkdtemp()) / "pool.npy")
again = expand.VectorIndex.load(path).search(queries, k=10)[1]
print(f"{path.stat().st_size / 1e6:.1f} MB on disk, same answers: {np.array_equal(again, answers[65_536])}")

# %% [markdown]
# ## How similar is similar enough?
#
# A neighbour is the nearest there is, which need not be near. So we want a threshold on the similarity to the nearest seed. Let us choose it on labelled pictures: as many tiles of tissue as everyday pictures, none of them from posts or pool. We ask for the lowest threshold at which nine of ten above it are tissue.

# %%
labelled = dict(zip(("tissue", "everyday"), artifacts.labelled(), strict=True))
vectors = {name: artifacts.tiny_embeddings(f"labelled-{name}", table) for name, table in labelled.items()}
nearest = {name: expand.VectorIndex(seed_vectors).search(array, k=1)[0][:, 0] for name, array in vectors.items()}
similarity = np.concatenate([nearest["tissue"], nearest["everyday"]])
is_tissue = np.repeat([True, False], [len(nearest["tissue"]), len(nearest["everyday"])])
equal_parts = expand.choose_threshold(similarity, is_tissue, wanted_precision=0.9)
print(f"threshold {equal_parts:.5f}, precision on the labelled pictures {is_tissue[similarity >= equal_parts].mean():.2f}")

# %% [markdown]
# Now the search itself. Each seed asks for 30 neighbours; what reaches the threshold comes home. No picture comes twice, and a picture that *is* a seed (similarity above 0.999999) stays out. Then we grade with the truth: do nine of ten turn out to be tissue?

# %%
found = expand.expand(seed_vectors, pool_vectors, k=30, threshold=equal_parts)
print(f"{len(found)} pictures came back, {truth[found.indices].mean():.0%} of them tissue")

# %% [markdown]
# The promise does not hold, and nothing is wrong with the arithmetic. Among the labelled pictures every second one was tissue. In the pool hardly any is. Fewer right pictures stand above the threshold, as many wrong ones do, and the {term}`precision` falls. This is the effect of {term}`prevalence`, and it will meet us again in the next chapter.
#
# The remedy is simple and costs a morning of a person's time: grade a sample of *what comes back*. Here the truth column plays the person. She looks at 1,000 pictures, drawn at random from everything that comes back without any threshold.

# %%
everything = expand.expand(seed_vectors, pool_vectors, k=30, threshold=-1)
sample = np.random.default_rng(0).permutation(len(everything))[:1000]
graded = truth[everything.indices[sample]]
for wanted in (0.4, 0.5, 0.6, 0.7):
    threshold = expand.choose_threshold(everything.scores[sample], graded, wanted)
    kept = everything.indices[everything.scores >= threshold]
    print(f"wanted {wanted}: threshold {threshold:.5f} keeps {len(kept):>4}, {truth[kept].mean():.2f} are tissue")

# %% [markdown]
# Compare what was wanted with what we got. The numbers are nearer to each other than before, and they still differ, most of all at the strict end. Only few graded pictures are left above a strict threshold to judge it by, and the choice picks the threshold that *looks* best. Looking best is partly luck. More graded pictures make it better.
#
# The whole trade is in one picture: a higher threshold brings purer pictures, and fewer.

# %% mystnb={"image": {"alt": "Precision and number of tissue pictures against the similarity threshold"}, "figure": {"caption": "Precision (left axis) and number of pictures of tissue (right axis) as the threshold rises.", "name": "fig-threshold"}}
import matplotlib.pyplot as plt

right = truth[everything.indices]  # the most similar come first
count = np.arange(1, len(right) + 1)
_, left = plt.subplots(figsize=(6, 3))
left.plot(everything.scores[20:], (right.cumsum() / count)[20:], label="precision")
left.plot(everything.scores[20:], right.cumsum()[20:] / truth.sum(), label="share of the pool's tissue found")
left.axvline(equal_parts, color="grey", linestyle=":", label="threshold from equal parts")
left.set(xlabel="similarity to the nearest seed", ylim=(0, 1))
left.legend(fontsize=8);

# %% [markdown]
# Which point is right depends on what comes next. In our recipe a picture filter follows that is better at telling tissue from cloth than a similarity is. So a loose threshold is the right one here: what is wrongly kept can still be thrown out, and what is lost here is lost for good.
#
# ## The gain
#
# Was it worth it? We count new true pictures for each 1,000 that one looks at. The other way to spend an afternoon is to look at 1,000 pictures of the pool at random.

# %%
import pandas as pd

rows = {"at random": (len(pool), 1000 * truth.mean(), 1.0)}
for k in (1, 3, 10, 30, 100):
    back = expand.expand(seed_vectors, pool_vectors, k=k, threshold=-1)
    rows[f"k = {k}"] = len(back), back.gain(truth), truth[back.indices].sum() / truth.sum()
table = pd.DataFrame(rows, index=["pictures looked at", "tissue per 1,000", "share of all tissue found"]).T
table.style.format({"pictures looked at": "{:,.0f}", "tissue per 1,000": "{:.0f}", "share of all tissue found": "{:.0%}"})

# %% [markdown]
# One neighbour each is the purest harvest, and already several times richer than chance. More neighbours bring more tissue and, sooner or later, everything that looks like it. A small pool is soon emptied, as the last column shows; five billion pictures would not run dry.
#
# ## What comes back wrongly
#
# Numbers hide what the mistakes are. So we look at the wrong pictures with the highest similarity, those that no threshold would keep out.

# %% mystnb={"image": {"alt": "Pictures that came back though they are no tissue, with their kind and similarity"}, "figure": {"caption": "Not tissue, and yet most similar to a seed.", "name": "fig-wrong"}}
wrong = everything.indices[~right][:18]
plots.gallery([pool[int(i)]["image"] for i in wrong], [pool[int(i)]["truth_tissue"].replace("_", " ") for i in wrong])

# %%
kinds = pd.Series([kind.replace("_", " ") for kind in pool["truth_tissue"]])
share = pd.DataFrame({"in the pool": kinds.value_counts(), "came back": kinds[everything.indices].value_counts()})
share = share[~share.index.isin(kinds[truth])].fillna(0).astype(int)
share.assign(returned=lambda s: (s["came back"] / s["in the pool"]).map("{:.0%}".format)).sort_values("came back").iloc[::-1]

# %% [markdown]
# Read the last column. Some kinds come back in large part, others hardly ever. The authors of PLIP saw the same with LAION: fractal-like pictures came along {cite}`bianchi2023article`. It is the model that decides what is similar. A model that has seen little tissue may put a chart with a white ground next to a tile of fat with a white ground.
#
# There is a second kind of fault, which no picture shows. The caption of a web picture may be in any language, may be a file name, or may speak of something else. Here are some of our right pictures:

# %%
tissue = everything.indices[right]
for i in tissue[:: len(tissue) // 8]:
    row = pool[int(i)]
    print(f"{row['truth_tissue']:>28} | {row['truth_language'] or '-':>2} | {row['text']!r}")

# %% [markdown]
# Both kinds of fault are the work of {doc}`04_cleaning_the_corpus`.
#
# (your-own-pool)=
# ## A pool of your own
#
# The microcosm is a place to learn in. Your pool will be something else: a folder of downloads, or a data set of the Hugging Face hub. `pool.embed_pool` takes either. It embeds the pictures shard by shard, so a run that is killed goes on where it was, and it leaves everything on the disk.
#
# We play it through with a folder. Into it go 300 pictures of the pool, the captions of some beside them as text files (`00001.txt` beside `00001.png`, as download tools write them), and one broken file.

# %%
folder = Path(tempfile.mkdtemp())
(folder / "downloads").mkdir()
for i in range(300):
    pool[i]["image"].save(folder / "downloads" / f"{i:05d}.png")
    if pool[i]["text"]:
        (folder / "downloads" / f"{i:05d}.txt").write_text(pool[i]["text"], encoding="utf-8")
broken = (folder / "downloads" / "00007.png").write_bytes(b"only half of a picture")

# %%
from plip_tutorial.plip import PLIP
from plip_tutorial.pool import embed_pool

general = PLIP(artifacts.tiny_clip())
mine = embed_pool(general, folder / "downloads", folder / "pool")
print(f"{len(mine)} pictures, vectors {type(mine.embeddings).__name__} {mine.embeddings.shape}")
print("left out:", *mine.problems)

# %% [markdown]
# The broken file is named and left out. The vectors are a `memmap`: they stay on the disk, and a search reads the blocks it needs. From here on nothing is new: `expand` searches this pool as it searched the other one. Thousands of seeds would empty so small a pool at once, so only thirty of them ask, each for its nearest. About 6 in 100 pictures of the folder are tissue; how many of what comes back will be?

# %% mystnb={"image": {"alt": "Pictures of the folder that came back, with the names of their files"}, "figure": {"caption": "What came back from the folder, the most similar first.", "name": "fig-own-pool"}}
back = expand.expand(seed_vectors[:: len(seeds) // 30], mine.embeddings, k=1, threshold=-1)
rows = mine.items.select(back.indices)
is_right = truth[[int(name[:5]) for name in rows["item"]]]
print(f"{len(back)} of {len(mine)} pictures came back, {is_right.mean():.0%} of them tissue")
plots.gallery([row["image"] for row in rows.select(range(9))], rows["item"][:9])

# %% [markdown]
# Several times richer than chance, and still mostly wrong, as with the pool above: the same tiny model has chosen. A better model and a threshold make it purer, and {doc}`the filter of the next chapter <04_cleaning_the_corpus>` does the rest.
#
# In the full track the model is `openai/clip-vit-base-patch32`, and the pool may be a stream. A stream is read once, from beginning to end, and needs the memory of one shard:
#
# :::{code-block} python
# from datasets import load_dataset
#
# files = "hf://datasets/OWNER/NAME/data/*.parquet"     # a data set with pictures and captions
# stream = load_dataset("parquet", data_files=files, split="train", streaming=True)
# general = PLIP("openai/clip-vit-base-patch32")
# mine = embed_pool(general, stream, "my_pool", image="image", text="caption", limit=100_000, dtype="float16")
# :::
#
# The pictures of a stream are kept beside their vectors, since a stream cannot be asked for picture number 4,711 later. Those of a folder stay where they are. Some data sets hold web addresses instead of pictures; these work too, one download after the other, and many addresses will be dead.
#
# ## Exact or approximate?
#
# An exact search compares with everything, so its time grows as the pool does. An approximate index does not look everywhere. The usual one combines two ideas {cite}`johnson2019faiss`. *Inverted lists*: cut the space into cells, and look only into the few nearest to the question. *Product quantisation*: cut each vector into short pieces, and store for each piece only the number of the most similar entry in a codebook, one byte. The codes give a short list, which the full vectors, still on disk, put in order.
#
# Let us try both on one pool. We blow ours up with noisy copies, to 30,000 vectors. {term}`Recall <recall>` is here the share of the true ten neighbours that were found.

# %%
from time import perf_counter

def grown(n):
    draw = np.random.default_rng(n)
    copies = pool_vectors[draw.integers(len(pool), size=n)]
    copies = copies + draw.normal(scale=0.02, size=copies.shape).astype(np.float32)
    return copies / np.linalg.norm(copies, axis=1, keepdims=True)

def timed(search):
    start = perf_counter()
    return search(queries, 10)[1], 1000 * (perf_counter() - start) / len(queries)

# %%
big = grown(30_000)
exact, milliseconds = timed(expand.VectorIndex(big).search)
print(f"exact:       {milliseconds:.3f} ms for one query")
cells = expand.ApproximateIndex(big, probes=16)
close, milliseconds = timed(cells.search)
recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact, close, strict=True)])
print(f"approximate: {milliseconds:.3f} ms for one query, recall {recall:.2f}")

# %% [markdown]
# It is saved like the exact one, as a folder: the codes, the vectors, the settings. Opened again, both codes and vectors stay on the disk.

# %%
saved = cells.save(Path(tempfile.mkdtemp()) / "cells")
for file in sorted(saved.iterdir()):
    print(f"{file.name:>14}: {file.stat().st_size / 1e6:6.2f} MB")
print("same answers:", np.array_equal(expand.ApproximateIndex.load(saved).search(queries, 10)[1], close))

# %% [markdown]
# The codes are what a search runs through, and they are a small part of the whole. The vectors are touched only where the short list points. For a large pool, `expand.expand` takes such an index in the place of the vectors.
#
# ### As the pool grows
#
# One size says little. What matters is how time and recall change from a thousand vectors to a million. Building the largest index takes longer than a page should, so this was measured beforehand, by `benchmarks/knn_growth.py`, on made-up clusters of vectors, in the time of a single processor. The file says where it comes from:

# %%
from plip_tutorial import provenance

stored = provenance.load("knn_growth")
times = pd.DataFrame(stored.results["rows"])
print(stored.provenance)
print(f"{stored.results['dim']} numbers a vector, {stored.results['queries']} queries at once, k = {stored.results['k']}")

# %% [markdown]
# "Looks longer" is the same approximate index with other settings: it looks into four times as many cells (64 instead of 16), and puts a five times longer short list in order. What do you expect: which time rises as fast as the pool, and where is recall worst?

# %% mystnb={"image": {"alt": "Two plots against the size of the pool, from a thousand to a million. Left: milliseconds for one query, exact and two settings of the approximate index, on logarithmic axes. Right: recall of the two settings."}, "figure": {"caption": "Time of one processor for one query (left) and recall at ten (right) as the pool grows. The exponent is fitted from 10,000 vectors on.", "name": "fig-growth"}}
_, (left, right_axis) = plt.subplots(1, 2, figsize=(8, 3), width_ratios=(3, 2))
for name in ("exact", "approximate", "approximate, looks longer"):
    part = times[times["index"] == name]
    last = part[part["pool"] >= 10_000]
    exponent = np.polyfit(np.log(last["pool"]), np.log(last["ms"]), 1)[0]
    left.loglog(part["pool"], part["ms"], marker="o", label=f"{name}: pool to the power {exponent:.2f}")
    right_axis.semilogx(part["pool"], part["recall"], marker="o")
left.set(xlabel="vectors in the pool", ylabel="processor ms for one query")
right_axis.set(xlabel="vectors in the pool", ylabel="recall", ylim=(0.8, 1.01))
left.legend(fontsize=7);

# %%
largest = times[times["pool"] == times["pool"].max()].set_index("index")
print(f"built in {largest['built'].max():.0f} s, codes {largest.loc['approximate', 'megabytes']:.0f} MB, vectors {largest.loc['exact', 'megabytes']:.0f} MB")
largest.loc[["exact", "approximate", "approximate, from disk", "approximate, looks longer"], ["ms", "recall"]].round(3)

# %% [markdown]
# For large pools the exact time grows with a power near 1: ten times the pool, ten times the work. (Below 10,000 vectors, fixed costs rule.) The approximate index grows much more slowly. In a small pool it is the slower of the two; in a pool of a million it is far ahead.
#
# It pays with neighbours that it does not find. A pool of a thousand is too small to learn the codebooks from. A very large one is dense: the codes are too coarse to tell neighbours that lie closer and closer together, and some never reach the short list. So recall is best somewhere between, and falls towards the million. Looking longer brings back nearly all of them, for more time. An index that was opened from the disk is a little slower, once the operating system holds its pages in memory.
#
# ### What five billion would need
#
# LAION-5B lists 5.85 billion pictures. Its index was made with a larger CLIP, whose vectors have 768 numbers. Let us put that into the measured times, and see what one processor would take.

# %%
pictures, dim = 5.85e9, 768
for name, size in {"float32": 4 * dim, "float16": 2 * dim, "64 bytes of codes": 64}.items():
    print(f"{name:>18}: {pictures * size / 1e12:6.2f} TB")
million = largest.loc["exact"]
hours = million["ms"] / 3.6e6 * pictures / million["pool"] * dim / stored.results["dim"]
print(f"exact search: {60 * hours:.0f} minutes of one processor for one query, {hours * len(seeds) / 24:.0f} days for all our seeds")

# %% [markdown]
# No laptop holds 18 terabytes, and nobody waits for days. With codes of 64 bytes the same list fits on one disk, memory-mapped, and answers in a fraction of a second. That is why such indexes are approximate. For a pool of a hundred thousand pictures, and that is a big folder, the exact index is simpler, needs no training, and finds everything.
#
# ## Exercises
#
# :::{exercise}
# :label: ex-knn-probes
#
# Build `expand.ApproximateIndex(grown(30_000), probes=p)` for p = 1, 4, 16 and 64. Print recall and time. Where would you stop?
# :::

# %% [markdown]
# ::::{solution} ex-knn-probes
# :class: dropdown
#
# ```python
# big = grown(30_000)
# exact, _ = timed(expand.VectorIndex(big).search)
# for probes in (1, 4, 16, 64):
#     close, ms = timed(expand.ApproximateIndex(big, probes=probes).search)
#     recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact, close)])
#     print(probes, f"{recall:.2f}", f"{ms:.3f} ms")
# ```
#
# Recall rises with the first probes and then stays. What is left is the error of the codes: no number of cells brings back what the quantisation has rounded out of the short list. Try `code_bytes=64`, or `shortlist=50`.
# ::::

# %% [markdown]
# :::{exercise}
# :label: ex-knn-one-seed
#
# Each seed has the same say. Could one bad seed do harm? Take as only seed a picture of the pool whose `truth_tissue` is "chart", expand with k = 100, and look at what comes back. What does that say about cleaning the seeds first?
# :::

# %% [markdown]
# ::::{solution} ex-knn-one-seed
# :class: dropdown
#
# ```python
# chart = kinds.eq("chart").argmax()
# back = expand.expand(pool_vectors[[chart]], pool_vectors, k=100, threshold=-1)
# print(kinds[back.indices].value_counts())
# ```
#
# One wrong seed brings up to k wrong pictures, with captions that fit them well. Mistakes multiply in this step. That is why the recipe filters the seeds before it asks, and the answers after.
# ::::

# %% [markdown]
# :::{exercise}
# :label: ex-knn-weights
#
# `expand.choose_threshold` takes `weights`. Use them to repair the first threshold: the labelled pictures should count as if the share of tissue among them were that of the pool. Is the promise kept now? If there is no such threshold, what does that tell you?
# :::

# %% [markdown]
# ::::{solution} ex-knn-weights
# :class: dropdown
#
# ```python
# weights = np.where(is_tissue, truth.mean(), 1 - truth.mean())
# expand.choose_threshold(similarity, is_tissue, 0.5, weights=weights)
# ```
#
# Weights move the threshold up, to where each of the few everyday pictures that remain counts many times. The estimate then hangs on a handful of them. Also, the everyday pictures of the labelled set are not those that come *back*: a search returns the most misleading ones. Grading a sample of the answers has neither problem.
# ::::

# %% [markdown]
# ## Summary
#
# - Collected pictures find relatives by their embeddings: k nearest neighbours, above a threshold.
# - An exact index is a matrix product in blocks. Its answer does not depend on the block.
# - A threshold keeps its promise only where the share of right pictures is as it was where the threshold was chosen. Grade what comes back.
# - Gain is counted against chance: true pictures for each 1,000 looked at.
# - What comes back wrongly is not random. It is what the model takes for tissue.
# - Approximate indexes trade recall for memory and time. Below a million vectors you rarely need one.
#
# ## What comes next
#
# We now have more pairs, and more wrong ones. {doc}`04_cleaning_the_corpus` throws them out and counts what is left.
#
# ## References
#
# :::{bibliography}
# :filter: docname in docnames
# :::
