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
# # An index of millions
#
# **What changes when the pool has a million pictures, or five billion?**
#
# - **Time:** @time@
# - **Learn:** what an approximate index saves and what it costs, and how to make a pool of your own.
# - **Need:** the exact search of {doc}`neighbours in the web <04_neighbours>`.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% tags=["claim", "remove-cell"]
from plip_tutorial.studies.claims import Claims

claim = Claims("millions_of_vectors")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Milliseconds of one processor for one query against the size of the pool, from a thousand to a million, both axes logarithmic. The exact search is the fastest in small pools and the slowest in the largest; two settings of the approximate index rise more slowly."}, "figure": {"caption": "Time of one processor for one query as the pool grows.", "name": "fig-millions-growth"}}
import matplotlib.pyplot as plt
import pandas as pd

from plip_tutorial import artifacts, expand, plots
from plip_tutorial.studies import provenance

plots.use_style()
stored = provenance.load("knn_growth")
times = pd.DataFrame(stored.results["rows"]).set_index(["pool", "index"])
three = ["exact", "approximate", "approximate, looks longer"]
times["ms"].unstack()[three].plot(loglog=True, marker="o", figsize=(5.6, 3.6))
plt.gca().set(xlabel="vectors in the pool", ylabel="ms for one query");

# %% [markdown]
# ## Exact or approximate?
#
# **An exact search compares with everything, so its time grows as the pool does. An approximate index does not look
# everywhere, and pays with neighbours that it does not find.** What changes from a thousand vectors to a million? To
# build the largest index takes longer than a page should, so `benchmarks/knn_growth.py` measured it beforehand, on
# made-up clusters of vectors, in the time of a single processor. "Looks longer" is the same index with other settings:
# it looks into four times as many cells, and puts a five times longer short list in order. Cells, codes and lists are
# explained below.
#
# Which time do you expect to rise as fast as the pool, and where will {term}`recall` be worst? Recall is here the share
# of the true ten neighbours that were found.

# %%
import numpy as np

power = {}
for name in three:
    large = times["ms"].xs(name, level="index").loc[10_000:]
    power[name] = np.polyfit(np.log(large.index), np.log(large), 1)[0]
    print(f"{name:26} time grows as n to the {power[name]:.2f}")
times["recall"].unstack()[three[1:]].style.format("{:.3f}")

# %% tags=["claim", "remove-cell"]
claim("The exact time grows nearly as the pool does", power["exact"], "between", (0.85, 1.15))
claim("The approximate one grows much more slowly", [power[name] for name in three[1:]], "<", 0.5)
claim(
    "In a small pool it takes longer than the exact one",
    times["ms"][1000, "approximate"] / times["ms"][1000, "exact"], ">", 2
)

# %% tags=["claim", "remove-cell"]
claim(
    "in a pool of a million it is far ahead",
    times["ms"][1_000_000, "exact"] / times["ms"][1_000_000, "approximate"], ">", 8
)

# %% tags=["claim", "remove-cell"]
claim("Recall is worst in the smallest pool", times["recall"].unstack()["approximate"].idxmin(), "==", 1000)
claim("and best somewhere between", times["recall"].unstack()["approximate"].idxmax(), "==", 30_000)
claim("falls towards the million", times["recall"][1_000_000, "approximate"], "<", 0.97)

# %% tags=["claim", "remove-cell"]
claim("is the fastest in small pools", times["ms"].unstack()[three].loc[1000].idxmin(), "==", "exact")
claim("in small pools they gain nothing", times["ms"][1000, "exact"], "<", times["ms"][1000, "approximate"])
claim("two settings of the approximate index rise more slowly", [power[name] for name in three[1:]], "<", 0.5)

# %% tags=["claim", "remove-cell"]
claim("brings back nearly all of them, for several times the time", times["recall"][1_000_000, three[2]], ">", 0.995)
claim("for several times the time", times["ms"][1_000_000, three[2]] / times["ms"][1_000_000, three[1]], ">", 3)

# %% [markdown]
# The exact time grows nearly as the pool does: ten times the pool, ten times the work. (Below 10,000 vectors fixed
# costs rule.) The approximate one grows much more slowly. In a small pool it takes longer than the exact one; in a pool
# of a million it is far ahead.
#
# Recall is worst in the smallest pool and best somewhere between. A pool of a thousand is too small to learn the codes
# from. A very large one is dense: the codes are too coarse to tell neighbours that lie closer and closer, so recall
# falls towards the million. Looking longer brings back nearly all of them, for several times the time.
#
# ## Cells, by hand
#
# **The first idea: cut the space into cells, and look only into the few nearest to the question.** Experts call this
# {term}`inverted lists` {cite}`johnson2019faiss`. The centres come from k-means: each is the mean of the vectors in its
# cell. We blow the pool of the microcosm up with noisy copies, to 10,000 vectors, and ask it 200 questions.

# %%
from sklearn.cluster import MiniBatchKMeans

pool_vectors = artifacts.tiny_embeddings("web-pool", artifacts.web_pool())
queries, draw = artifacts.seed_embeddings()[:200], np.random.default_rng(0)
big = pool_vectors[draw.integers(len(pool_vectors), size=10_000)]
big = big + draw.normal(scale=0.02, size=big.shape).astype(np.float32)
big /= np.linalg.norm(big, axis=1, keepdims=True)
exact = expand.VectorIndex(big).search(queries, 10)[1]
cells = MiniBatchKMeans(100, n_init=1, random_state=0).fit(big)

# %%
order = np.argsort(-queries @ cells.cluster_centers_.T, axis=1)
recall = {}
for n in (1, 4, 16):
    found, looked = [], 0
    for query, near in zip(queries, order[:, :n]):
        rows = np.flatnonzero(np.isin(cells.labels_, near))
        found.append(rows[np.argsort(-big[rows] @ query)[:10]])
        looked += len(rows) / len(big) / len(queries)
    recall[n] = np.mean([np.isin(a, b) for a, b in zip(exact, found)])
    print(f"{n:2} cells, {looked:.0%} of all: recall {recall[n]:.2f}")

# %% tags=["claim", "remove-cell"]
claim("Sixteen of a hundred cells hold nearly all neighbours", recall[16], ">", 0.97)
claim("and a single one holds well over half", recall[1], "between", (0.55, 0.9))

# %% [markdown]
# Sixteen of a hundred cells hold nearly all neighbours, and a single one holds well over half. What is missed lies just
# beyond a border.
#
# ## Codes, by the package
#
# **The second idea: store a short code instead of each vector.** {term}`Product quantisation <product quantisation>`
# cuts a vector into short pieces. For each piece it stores only the number of the most similar entry in a codebook, one
# byte. The codes of the cells that are looked into give a short list, which the full vectors, still on disk, put in
# order. `expand.ApproximateIndex` does both with faiss:

# %%
import tempfile
from pathlib import Path
from time import perf_counter

index = expand.ApproximateIndex(big)
saved = index.save(Path(tempfile.mkdtemp()) / "index")
again = expand.ApproximateIndex.load(saved).search(queries, 10)[1]
for file in sorted(saved.iterdir()):
    print(f"{file.name:14}{file.stat().st_size / 1e6:6.2f} MB")
print("same answers:", np.array_equal(again, index.search(queries, 10)[1]))

# %% tags=["claim", "remove-cell"]
claim("finds the same neighbours", np.array_equal(again, index.search(queries, 10)[1]), "==", True)
claim(
    "The codes are a small part of the whole",
    (saved / "codes.faiss").stat().st_size / (saved / "vectors.npy").stat().st_size, "<", 0.15
)

# %% [markdown]
# The codes are a small part of the whole, and a search runs through these. Saved and opened again, the index stays on
# the disk and finds the same neighbours. For a large pool `expand.expand` takes such an index in the place of vectors.
# (The exact `VectorIndex` saves and opens one file in the same way.)
#
# How many cells, and how long a list? Two settings decide, and both can be changed after the index is built.

# %%
recall = {}
for index.index.nprobe, index.shortlist in [
    (1, 10), (4, 10), (16, 10), (64, 10), (64, 50)]:
    start = perf_counter()
    found = index.search(queries, 10)[1]
    ms = 1000 * (perf_counter() - start) / len(queries)
    way = index.index.nprobe, index.shortlist
    recall[way] = np.mean([np.isin(a, b) for a, b in zip(exact, found)])
    print(f"{way[0]:2} cells, list {way[1]} times as long as the answer:",
          f"recall {recall[way]:.3f}, {ms:.2f} ms")

# %% tags=["claim", "remove-cell"]
claim(
    "Recall rises with the first cells and then hardly any more",
    [recall[4, 10] - recall[1, 10] - 0.1, 0.01 - abs(recall[64, 10] - recall[16, 10])], ">", 0
)
claim("a longer list brings back the last", recall[64, 50] - recall[64, 10], "between", (-0.001, 0.05))

# %% [markdown]
# Recall rises with the first cells and then hardly any more. What is left is the error of the codes: no number of cells
# brings back what the coarse codes have kept out of the short list; a longer list brings back the last.
#
# ## What five billion would need
#
# **Five billion vectors fit on no laptop; their codes fit on one disk.** LAION-5B lists 5.85 billion pictures
# {cite}`schuhmann2022laion`. Its index was made with a larger CLIP, whose vectors have 768 numbers. We put that into
# the measured times:

# %%
pictures, dim, million = 5.85e9, 768, times.loc[1_000_000]
codes = 1e6 * million["megabytes"]["approximate"] / 1e6  # bytes a vector
for name, size in {"float32": 4 * dim, "float16": 2 * dim,
                   f"codes of {codes:.0f} bytes": codes}.items():
    print(f"{name:18}{pictures * size / 1e12:6.2f} TB")
larger = dim / stored.results["dim"] * pictures / 1e6
hours = million["ms"]["exact"] * larger / 3.6e6
seeds = len(artifacts.seeds())
print(f"exact: {60 * hours:.0f} minutes of one processor for one query,")
print(f"{hours * seeds / 24:.0f} days for our {seeds:,} seeds")

# %% tags=["claim", "remove-cell"]
claim("Five billion vectors fit on no laptop", pictures * 2 * dim / 1e12, ">", 5)
claim("their codes fit on one disk", pictures * codes / 1e12, "<", 1)
claim("nobody waits for days", hours * seeds / 24, ">", 10)

# %% [markdown]
# No laptop holds that many terabytes, and nobody waits for days. That is why such indexes are approximate. How fast one
# would answer, and how much codes so short would find among vectors six times as long, we have not measured.
#
# For a hundred thousand pictures, and that is a big folder, the exact index is simpler, has no centres and codes to
# learn, and finds everything.
#
# (your-own-pool)=
# ## A pool of your own
#
# **`at_scale.embed_pool` makes a pool of a folder or of a data set of the Hugging Face hub.** It embeds shard by shard,
# so a run that is killed goes on where it was, and leaves everything on the disk. We play it through with 300 pictures,
# their texts beside them (`00001.txt` beside `00001.png`, as download tools write them), and one broken file.

# %%
folder, pool = Path(tempfile.mkdtemp()), artifacts.web_pool()
pool = pool.select(range(300))
(folder / "downloads").mkdir()
for i, row in enumerate(pool):
    row["image"].save(folder / "downloads" / f"{i:05d}.png")
    beside = folder / "downloads" / f"{i:05d}.txt"
    beside.write_text(row["text"], encoding="utf-8")
(folder / "downloads" / "00007.png").write_bytes(b"half of a picture");

# %%
from plip_tutorial.at_scale import embed_pool
from plip_tutorial.plip import PLIP

general = PLIP(artifacts.tiny_clip())
mine = embed_pool(general, folder / "downloads", folder / "pool")
print(f"{len(mine)} pictures, vectors {type(mine.embeddings).__name__}",
      mine.embeddings.shape)
print("left out:", *mine.problems)

# %% [markdown]
# The broken file is named and left out. The vectors are a `memmap`: a search reads the blocks that it needs. From here
# on nothing is new. Some thirty seeds ask, each for its nearest, whatever its cosine. Little of the folder is tissue;
# how much of what comes back will be?

# %%
truth = np.array([pool[int(name[:5])]["truth_pathology"]
                  for name in mine.items["item"]])
few = artifacts.seed_embeddings()[:: seeds // 30]
back = expand.expand(few, mine.embeddings, k=1, threshold=-1)
right = truth[back.indices]
print(f"in the folder {truth.sum()} of {len(truth)} are tissue,")
print(f"among what came back {right.sum()} of {len(right)}")

# %% tags=["claim", "remove-cell"]
claim("The broken file is named and left out", [len(mine) - 299, len(mine.problems) - 1], "about", 0)
claim("several seeds got the same one", len(few) - len(right), ">", 5)
claim("The share is higher than in the folder", right.mean() - truth.mean(), ">", 0.2)

# %% [markdown]
# There are fewer answers than questions, since several seeds got the same one. The share is higher than in the folder,
# but look at the counts: one picture more or less moves it a lot. How many times better than chance this search is
# cannot be read from so few. The {doc}`filter <05_what_does_not_belong>` does the rest.
#
# For pictures of your own take a larger general model. And the pool may be a stream. A stream is read once, from
# beginning to end, and needs the memory of one shard:
#
# :::{code-block} python
# from datasets import load_dataset
#
# files = "hf://datasets/OWNER/NAME/data/*.parquet"
# stream = load_dataset("parquet", data_files=files, split="train",
#                       streaming=True)
# general = PLIP("openai/clip-vit-base-patch32")
# mine = embed_pool(general, stream, "my_pool", image="image",
#                   text="caption", limit=100_000, dtype="float16")
# :::
#
# The pictures of a stream are kept beside their vectors, since a stream cannot be asked for picture number 4,711 later.
# Those of a folder stay where they are. Some data sets hold web addresses instead of pictures; these work too, one
# download after the other, and many addresses will be dead.
#
# ## Summary
#
# - Cells and codes save memory and time, and cost recall; in small pools they gain nothing.
# - Dense pools need longer lists: measure recall on your own vectors.
# - A pool of your own is one call, and a killed run goes on.
#
# ## What comes next
#
# Back to {doc}`neighbours in the web <04_neighbours>`, or on to {doc}`partitions_and_ray`, where several machines embed
# at once.
#
# ## References
#
# :::{bibliography}
# :filter: docname in docnames
# :::
