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
#
# Both {term}`tracks <track>` use the microcosm in this chapter.

# %%
import numpy as np
import pandas as pd

from plip_tutorial import artifacts, expand, plots

plots.use_style()
pool = artifacts.web_pool()
truth = np.array(pool["truth_pathology"])  # for grading only
print(f"{len(pool):,} pictures, {truth.mean():.1%} of them pathology")

# %% [markdown]
# The pool is small, but it is made like the web: hardly anything in it is medicine. Expect to see walls, charts and pages of text.

# %% mystnb={"image": {"alt": "Eighteen pictures of the pool, among them charts, fabrics, photographs and hardly any tissue"}, "figure": {"caption": "The first pictures of the web pool, and what they are.", "name": "fig-pool"}}
plots.gallery([pool[i]["image"] for i in range(18)], [pool[i]["truth_tissue"].replace("_", " ") for i in range(18)])

# %% [markdown]
# Whoever looks at a thousand of these finds little tissue, and many {term}`lookalikes <lookalike>`: pink and purple cloth, blood smears, marble. They share the colours or the grain of stained tissue. Will they come back? We shall count.
#
# ## Seeds and index
#
# The collected pictures are our *seeds*. We take those that the filter of {doc}`the next chapter <04_cleaning_the_corpus>` calls pathology. Seeds and pool are embedded with a **general** model, since LAION's index was made with a general CLIP, too. Ours is the {term}`tiny CLIP`: a small model that we trained on drawn everyday pictures. It has never seen tissue. (In later chapters the full track takes OpenAI's CLIP in its place.) There is no PLIP yet, since this chapter makes what it will be trained on.

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
print(f"{truth[indices[0]].sum()} of the {len(names)} neighbours are tissue")
plots.gallery([seeds[0]["image"], *(near["image"] for near in neighbours)], ["the seed", *names])

# %% [markdown]
# Some are, and some are marble. Now look at the numbers. The similarities are all close to 1, and those of marble lie among those of tissue: for this model marble is as near as tissue. Where a threshold should lie is nothing that one could guess. We will choose it on data.
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
# The promise does not hold. Is something wrong with the arithmetic? We count what lies above the threshold, among the labelled pictures and in the whole pool.

# %%
in_pool = expand.VectorIndex(seed_vectors).search(pool_vectors, k=1)[0][:, 0]
parts = {"labelled, tissue": nearest["tissue"], "labelled, everyday": nearest["everyday"]}
parts |= {"pool, tissue": in_pool[truth], "pool, all else": in_pool[~truth]}
above = pd.DataFrame({name: (len(part), (part >= equal_parts).sum()) for name, part in parts.items()}, index=["pictures", "above"]).T
above["share"] = above["above"] / above["pictures"]
hits, slips = truth.mean() * above["share"].iloc[0], (1 - truth.mean()) * above["share"].iloc[1]
print(f"labelled shares at the prevalence of the pool, {truth.mean():.1%}: precision {hits / (hits + slips):.0%}")
above.style.format("{:.1%}", subset=["share"])

# %% [markdown]
# The arithmetic is right. First, what the threshold keeps: most of the labelled tiles of tissue, and about one in ten of the everyday pictures. In equal parts that makes nine of ten.
#
# In the pool the shares are of the same order. But there the everyday pictures are many times as common as tissue, and so are the wrong ones among what is kept: the {term}`precision` falls. The printed line does this sum with the labelled shares, and comes close to what we got. This is the effect of {term}`prevalence`, and it will meet us again in the next chapter.
#
# The remedy is simple and costs a morning of a person's time: grade a sample of *what comes back*. Here the truth column plays the person. She looks at 1,000 pictures, drawn at random from everything that comes back without any threshold.

# %%
everything = expand.expand(seed_vectors, pool_vectors, k=30, threshold=-1)
sample = np.random.default_rng(0).permutation(len(everything))[:1000]
graded = truth[everything.indices[sample]]
rows = []
for wanted in (0.2, 0.3, 0.4):
    threshold = expand.choose_threshold(everything.scores[sample], graded, wanted)
    kept = everything.indices[everything.scores >= threshold]
    judged = int((everything.scores[sample] >= threshold).sum())
    rows.append({"wanted": wanted, "threshold": threshold, "graded above": judged, "kept": len(kept), "got": truth[kept].mean()})
choice = pd.DataFrame(rows).style.hide(axis="index")
choice.format({"wanted": "{:.1f}", "threshold": "{:.5f}", "got": "{:.2f}"})

# %% [markdown]
# Compare what was wanted with what we got. The promise is kept now, to a few hundredths. Look at the third column: hundreds of graded pictures lie above each threshold, and they are of the kind that comes back. The price is in what may be wanted. We stop at 0.4, since no threshold has five right in ten among these: whoever asks for more gets an error that says so.
#
# The whole trade is in one picture: a higher threshold brings purer pictures, and fewer. Does it do so all the way up?

# %% mystnb={"image": {"alt": "Two curves against the similarity threshold from 0.96 to 1. Precision rises to somewhat above four in ten near 0.99 and falls again towards 1; the share of the tissue that is found falls from nearly all to nearly none."}, "figure": {"caption": "Precision, and the share of the pool's tissue that is found, as the threshold rises. Further to the left hardly anything changes.", "name": "fig-threshold"}}
import matplotlib.pyplot as plt

right = truth[everything.indices]  # the most similar come first
count = np.arange(1, len(right) + 1)
_, left = plt.subplots(figsize=(6, 3))
left.plot(everything.scores[20:], (right.cumsum() / count)[20:], label="precision")
left.plot(everything.scores[20:], right.cumsum()[20:] / truth.sum(), label="share of the pool's tissue found")
left.axvline(equal_parts, color="grey", linestyle=":", label="threshold from equal parts")
left.set(xlabel="threshold on the similarity to the nearest seed", ylabel="share", xlim=(0.96, 1), ylim=(0, 1))
left.legend(fontsize=8);

# %% [markdown]
# It does not. Precision rises to somewhat above four in ten, and there nearly half of the tissue is lost. Still higher it falls: the pictures that are nearest of all to a seed are mostly wrong ones, as we shall see. No threshold has both. Which point is right depends on what comes next. In our recipe a picture filter follows, which tells tissue from the rest better than a similarity does, as {doc}`04_cleaning_the_corpus` shows. So a loose threshold is the right one here: what is wrongly kept can still be thrown out, and what is lost here is lost for good.
#
# ## The gain
#
# Was it worth it? We count new true pictures for each 1,000 that one looks at. The other way to spend an afternoon is to look at 1,000 pictures of the pool at random. The last row is what our recipe does. It asks for few neighbours, and its threshold was chosen like the first one above: on labelled pictures in equal parts, only for a lower precision. Which row will be the best bargain?

# %%
rows = {"at random": (len(pool), 1000 * truth.mean(), 1.0)}
for k in (1, 3, 10, 30, 100):
    back = expand.expand(seed_vectors, pool_vectors, k=k, threshold=-1)
    rows[f"k = {k}"] = len(back), back.gain(truth), truth[back.indices].sum() / truth.sum()
k, threshold = artifacts.RECIPE.neighbours, expand.choose_threshold(similarity, is_tissue, artifacts.RECIPE.knn_precision)
back = expand.expand(seed_vectors, pool_vectors, k=k, threshold=threshold)
rows[f"the recipe: k = {k}, threshold {threshold:.3f}"] = len(back), back.gain(truth), truth[back.indices].sum() / truth.sum()
table = pd.DataFrame(rows, index=["pictures looked at", "tissue per 1,000", "share of all tissue found"]).T
table.style.format({"pictures looked at": "{:,.0f}", "tissue per 1,000": "{:.0f}", "share of all tissue found": "{:.0%}"})

# %% [markdown]
# One neighbour each is the purest harvest, several times richer than chance, and it brings nearly all the tissue there is. More neighbours bring hardly any more tissue here, and ever more of everything else. That is so because the pool is small: there are more seeds than pictures. One neighbour each brings at most as many pictures as there are seeds, which is little to take out of five billion.
#
# Now the last row. The recipe's threshold was chosen for a precision of `artifacts.RECIPE.knn_precision`, seven in ten, and gets far less: the method that we saw break its promise above breaks it here. The first edition of this book asked for thirty neighbours each; this table is why the recipe asks for one. But most of what comes back is no tissue even so. That is why the filter of {doc}`04_cleaning_the_corpus` has to come after it; it starts with the number of pictures in this row.
#
# ## What comes back wrongly
#
# Numbers hide what the mistakes are. So we look at the wrong pictures with the highest similarity, those that a rising threshold throws out last.

# %% mystnb={"image": {"alt": "Pictures that came back though they are no tissue, each with its kind: all are marble or fabric"}, "figure": {"caption": "Not tissue, and yet most similar to a seed.", "name": "fig-wrong"}}
wrong = everything.indices[~right][:18]
plots.gallery([pool[int(i)]["image"] for i in wrong], [pool[int(i)]["truth_tissue"].replace("_", " ") for i in wrong])

# %%
kinds = pd.Series([kind.replace("_", " ") for kind in pool["truth_tissue"]])
share = pd.DataFrame({"in the pool": kinds.value_counts(), "came back": kinds[everything.indices].value_counts()})
share = share[~share.index.isin(kinds[truth])].fillna(0).astype(int)
share.assign(returned=lambda s: (s["came back"] / s["in the pool"]).map("{:.0%}".format)).sort_values("came back").iloc[::-1]

# %% [markdown]
# We expected the lookalikes. Read the last column. Fabric, blood smears, bacteria and immunostains come back nearly all, other stains and marble in large part; fractals stay away. But half of the charts and plots come along as well, which do not look like tissue to us at all. The authors of PLIP had surprises of their own with LAION: fractal-like pictures came along {cite}`bianchi2023article`. It is the model that decides what is similar. One that has never seen tissue may put a chart with a white ground next to a tile of fat with a white ground.
#
# There is a second kind of fault, which no picture shows. The caption of a web picture may be in any language, may be a file name, or may speak of something else. Here are some of our right pictures:

# %%
tissue = everything.indices[right]
some = pool.select(tissue[:: len(tissue) // 8]).select_columns(["truth_tissue", "truth_language", "text"]).to_pandas()
some.style.hide(axis="index").format(na_rep="").set_properties(**{"text-align": "left"})

# %% [markdown]
# Both kinds of fault are the work of {doc}`04_cleaning_the_corpus`.
#
# (your-own-pool)=
# ## A pool of your own
#
# The microcosm is a place to learn in. Your pool will be something else: a folder of downloads, or a data set of the Hugging Face hub. `at_scale.embed_pool` takes either. It embeds the pictures shard by shard, so a run that is killed goes on where it was, and it leaves everything on the disk.
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
from plip_tutorial.at_scale import embed_pool

general = PLIP(artifacts.tiny_clip())
mine = embed_pool(general, folder / "downloads", folder / "pool")
print(f"{len(mine)} pictures, vectors {type(mine.embeddings).__name__} {mine.embeddings.shape}")
in_folder = truth[[int(name[:5]) for name in mine.items["item"]]]
print(f"{in_folder.sum()} of them are tissue, {in_folder.mean():.0%}")
print("left out:", *mine.problems)

# %% [markdown]
# The broken file is named and left out. The vectors are a `memmap`: they stay on the disk, and a search reads the blocks it needs. From here on nothing is new: `expand` searches this pool as it searched the other one. Thousands of seeds would empty so small a pool at once, so only thirty of them ask, each for its nearest. Little of the folder is tissue; how much of what comes back will be?

# %% mystnb={"image": {"alt": "Pictures of the folder that came back, with the names of their files"}, "figure": {"caption": "What came back from the folder, the most similar first.", "name": "fig-own-pool"}}
back = expand.expand(seed_vectors[:: len(seeds) // 30], mine.embeddings, k=1, threshold=-1)
rows = mine.items.select(back.indices)
is_right = truth[[int(name[:5]) for name in rows["item"]]]
print(f"{len(back)} of {len(mine)} pictures came back, {is_right.sum()} of them tissue, {is_right.mean():.0%}")
plots.gallery([row["image"] for row in rows.select(range(9))], rows["item"][:9])

# %% [markdown]
# The share is higher than in the folder, but look at the count behind it. With so few pictures, one more or less moves the share a lot; how many times better than chance this search is cannot be read from them. Most of what came is wrong, as with the pool above: the same tiny model has chosen. A better model and a threshold can make it purer, and {doc}`the filter of the next chapter <04_cleaning_the_corpus>` does the rest.
#
# For pictures of your own take a larger general model, such as `openai/clip-vit-base-patch32`, the CLIP of the full track. And the pool may be a stream. A stream is read once, from beginning to end, and needs the memory of one shard:
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
# Let us try both on one pool. We blow ours up with noisy copies, to 10,000 vectors. {term}`Recall <recall>` is here the share of the true ten neighbours that were found.

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
big = grown(10_000)
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
from plip_tutorial.studies import provenance

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
megabytes = largest["megabytes"]
print(f"built in {largest['built'].max():.0f} s, codes {megabytes['approximate']:.0f} MB, vectors {megabytes['exact']:.0f} MB")
largest.loc[["exact", "approximate", "approximate, from disk", "approximate, looks longer"], ["ms", "recall"]].round(3)

# %% [markdown]
# For large pools the exact time grows with a power near 1: ten times the pool, ten times the work. (Below 10,000 vectors, fixed costs rule.) The approximate index grows much more slowly. In a small pool it is the slower of the two; in a pool of a million it is far ahead.
#
# It pays with neighbours that it does not find. A pool of a thousand is too small to learn the codebooks from. A very large one is dense: the codes are too coarse to tell neighbours that lie closer and closer together, and some never reach the short list. So recall is best somewhere between, and falls towards the million. Looking longer brings back nearly all of them, for several times the time. An index that was opened from the disk finds the same, and is slower even when the operating system holds its pages in memory; the table says by how much.
#
# ### What five billion would need
#
# LAION-5B lists 5.85 billion pictures. Its index was made with a larger CLIP, whose vectors have 768 numbers. Let us put that into the measured times, and see what one processor would take.

# %%
pictures, dim, million = 5.85e9, 768, largest.loc["exact"]
codes = 1e6 * megabytes["approximate"] / million["pool"]  # bytes for each vector of our largest index
for name, size in {"float32": 4 * dim, "float16": 2 * dim, f"codes of {codes:.0f} bytes": codes}.items():
    print(f"{name:>18}: {pictures * size / 1e12:6.2f} TB")
hours = million["ms"] / 3.6e6 * pictures / million["pool"] * dim / stored.results["dim"]
print(f"exact search: {60 * hours:.0f} minutes of one processor for one query, {hours * len(seeds) / 24:.0f} days for all our seeds")

# %% [markdown]
# No laptop holds that many terabytes of vectors, and nobody waits for days. With codes as short as those of our index the same list fits on one disk. That is why such indexes are approximate. How fast it would answer, and how much codes so short would find among vectors six times as long, we have not measured. For a pool of a hundred thousand pictures, and that is a big folder, the exact index is simpler, needs no training, and finds everything.
#
# ## Exercises
#
# :::{exercise} How many cells?
# :label: ex-knn-probes
#
# The approximate index `cells` looks into 16 cells. Set `cells.index.nprobe` to 1, 4, 16 and 64, and print recall and time. Where would you stop? Then bring back the rest with a longer short list: `cells.shortlist` says how many times as long it is as the answer, 10 at first.
# :::
#
# :::{solution-start} ex-knn-probes
# :class: dropdown
# :::

# %%
for probes, longer in ((1, 10), (4, 10), (16, 10), (64, 10), (64, 50)):
    cells.index.nprobe, cells.shortlist = probes, longer
    close, milliseconds = timed(cells.search)
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact, close, strict=True)])
    print(f"{probes:>2} cells, short list {longer} times as long: recall {recall:.3f}, {milliseconds:.3f} ms")

# %% [markdown]
# Recall rises with the first cells and then hardly any more. What is left is the error of the codes: no number of cells brings back what the rounding has kept out of the short list. A longer list does, as the last line shows.
#
# :::{solution-end}
# :::
#
# :::{exercise} One bad seed
# :label: ex-knn-one-seed
#
# Each seed has the same say. Could one bad seed do harm? Take as only seed a picture of the pool whose `truth_tissue` is "chart", expand with k = 100, and look at what comes back. What does that say about cleaning the seeds first?
# :::
#
# :::{solution-start} ex-knn-one-seed
# :class: dropdown
# :::

# %%
chart = kinds.eq("chart").argmax()
back = expand.expand(pool_vectors[[chart]], pool_vectors, k=100, threshold=-1)
print(f"of {len(back)} pictures:", kinds[back.indices].value_counts().to_dict())

# %% [markdown]
# Nearly all are ink on white paper: reports, diagrams, charts. One wrong seed brings up to k wrong pictures, and mistakes multiply in this step. That is why the recipe filters the seeds before it asks, and the answers after.
#
# :::{solution-end}
# :::
#
# :::{exercise} Weights in place of grading
# :label: ex-knn-weights
#
# `expand.choose_threshold` takes `weights`. Use them to repair the first threshold: the labelled pictures should count as if the share of tissue among them were that of the pool. Is a promise of 0.5 kept now, and one of 0.9? How many everyday pictures are left above the threshold to judge it by?
# :::
#
# :::{solution-start} ex-knn-weights
# :class: dropdown
# :::

# %%
weights, rows = np.where(is_tissue, truth.mean(), 1 - truth.mean()), []
for wanted in (0.5, 0.9):
    threshold = expand.choose_threshold(similarity, is_tissue, wanted, weights=weights)
    found = expand.expand(seed_vectors, pool_vectors, k=30, threshold=threshold)
    left_over = {f"labelled {name} above": int((near >= threshold).sum()) for name, near in nearest.items()}
    rows.append({"wanted": wanted, **left_over, "came back": len(found), "got": truth[found.indices].mean()})
pd.DataFrame(rows).style.hide(axis="index").format({"wanted": "{:.1f}", "got": "{:.2f}"})

# %% [markdown]
# The weights move the threshold up so far that next to nothing comes back, for either promise. Look at what it rests on. No everyday picture is left above the threshold, and a couple of tiles: where none is left, the estimate says that all is tissue, and nobody knows.
#
# There is a second weakness. The everyday pictures of the labelled set are not those that come *back* from another pool. To grade a sample of the answers mends both, as long as hundreds of them lie above the threshold.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - Collected pictures find relatives by their embeddings: k nearest neighbours, above a threshold.
# - An exact index is a matrix product in blocks. Its answer does not depend on the block.
# - A threshold keeps its promise only where the share of right pictures is as it was where the threshold was chosen. Grade what comes back.
# - Gain is counted against chance: true pictures for each 1,000 looked at. In our small pool one neighbour each was the best bargain, and the recipe takes it.
# - What comes back wrongly is not random. It is what the model takes for tissue.
# - Approximate indexes trade recall for memory and time. In small pools they gain nothing.
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
