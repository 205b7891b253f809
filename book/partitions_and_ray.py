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
# # Partitions, a resumable embedder, and Ray
#
# **How do you embed a million pictures on machines that may stop at any moment?**
#
# - **Time:** @time@
# - **Learn:** to cut long work into shards that are done once, by any number of workers, and go on after a stop.
# - **Need:** embeddings ({doc}`10_using_plip`), neighbours ({doc}`04_neighbours`), and the filters of
#   {doc}`05_what_does_not_belong` and {doc}`06_copies_and_leaks`.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% tags=["hide-input"] mystnb={"image": {"alt": "A grid of four rows and twenty-four columns. From call to call the dark part moves to the right and the pale part behind it grows."}, "figure": {"caption": "A job of 24 shards that was stopped three times. Dark: done in this call. Pale: found done and skipped. White: not yet done.", "name": "fig-partitions-calls"}}
import numpy as np
from matplotlib import pyplot as plt
from plip_tutorial import plots

plots.use_style()
shard, stops = np.arange(24), [0, 5, 11, 16, 24]
calls = [1 * (shard < stop) + 2 * (shard < stop) * (shard >= start)
         for start, stop in zip(stops, stops[1:])]
figure, panel = plt.subplots(figsize=(plots.WIDTH, 1.6))
panel.pcolormesh(calls[::-1], cmap="Blues", edgecolors="#cccccc")
panel.set(xlabel="shard", ylabel="call", yticks=[]);

# %% tags=["claim", "remove-cell"]
from plip_tutorial.studies.claims import Claims

claim = Claims("partitions_and_ray")

# %% [markdown]
# ## Done once, and whole
#
# **A shard is a pure function of its input, and a file with its name is complete.** That is all that a job needs to go
# on after a stop.
#
# A {term}`shard` is a part of the work that fits into memory: a file of some thousand rows. Most steps of the recipe
# suit it. Cleaning a text, embedding a picture, asking the filter, taking a fingerprint: each is a *pure function*,
# which looks at one row and at nothing else. So it does not matter who does which shard, or when.
#
# We build it from scratch, with the step that cleans texts. Two details matter. The result is written beside its place
# and renamed at the end, since a rename happens at once or not at all. And what is there is skipped.

# %%
import os
from pathlib import Path

def do(shards, step, folder, part=0, of=1):
    folder.mkdir(exist_ok=True)
    for i in range(part, len(shards), of):
        place = folder / f"{i:05d}.txt"
        if not place.exists():
            beside = place.with_suffix(".half")
            beside.write_text("\n".join(map(step, shards[i])))
            os.replace(beside, place)

# %% [markdown]
# The step below stops the work at its 250th text, as a power cut would. We expect two whole files, and at the second
# call only the rest of the work.

# %%
import tempfile
from plip_tutorial import microcosm

pool = microcosm.web_pool(600)
texts = np.array_split(pool["text"], 6)
work = Path(tempfile.mkdtemp())

# %%
from plip_tutorial.collect import clean_text

seen = []
def step(text):
    seen.append(text)
    if len(seen) == 250:
        raise RuntimeError("the power is cut")
    return clean_text(text)

# %%
try:
    do(texts, step, work / "mine")
except RuntimeError as error:
    print(error, "after", sorted(p.name for p in work.glob("mine/*.txt")))
first = len(seen)
do(texts, step, work / "mine")
print("texts cleaned in the second call:", len(seen) - first, "of", len(pool))
print("files:", len(list(work.glob("mine/*.txt"))))

# %% tags=["claim", "remove-cell"]
claim("the second call did four shards of a hundred", len(seen) - first, "==", 400)
claim("Nearly fifty texts were cleaned twice", len(seen) - len(pool) - 1, "==", 49)
claim("what a stop can cost is one shard", len(seen) - len(pool), "<", 100)

# %% [markdown]
# As expected, the second call did four shards of a hundred. Nearly fifty texts were cleaned twice: what a stop can cost
# is one shard.
#
# What if we wrote straight into the place? The power cut would leave a file that is short and looks finished, and the
# second call would skip it. Nobody would notice until somebody counts rows.
#
# ## Partition i of n
#
# **Worker i of n does every n-th shard; all they share is a folder.** These shards are its *partition*. There is no
# scheduler and no server. On a cluster each worker is a job of its own, and `part` is the number of the job. The
# package has the same in `shards.run`. It keeps tables in Parquet files, writes down which step made them, refuses a
# folder of another step, and locks the share of each worker. A step is an object that turns a table into a table. Do we
# get what our own function made?

# %%
from plip_tutorial.at_scale import shards, steps

rows = pool.select_columns(["image", "text"])
files = shards.write_shards(rows, work / "pool", rows=100)
for part in (1, 0):  # in any order, here or on two machines
    shards.run(steps.CleanText(), work / "pool", work / "text",
               part=part, of=2)
mine = [p.read_text().split("\n") for p in sorted(work.glob("mine/*.txt"))]
captions = shards.read(work / "text", ["caption"])["caption"].to_pylist()
print(len(files), "shards; same captions:", captions == sum(mine, []))

# %% tags=["claim", "remove-cell"]
claim("The captions are the same", captions == sum(mine, []), "==", True)

# %% [markdown]
# The captions are the same. Now a chain: each step reads the folder of the step before. The filter takes no row away,
# it only adds its verdict.

# %%
from plip_tutorial import artifacts, clean, expand

artifacts.pathology_filter().save(work / "filter")
chain = {"text": steps.CleanText(),
         "embedded": steps.Embed(str(artifacts.tiny_clip())),
         "filtered": steps.KeepPathology(str(work / "filter.json")),
         "prints": steps.Fingerprint()}
for before, (name, step) in zip(["pool", *chain], chain.items()):
    for part in (0, 1):
        shards.run(step, work / before, work / name, part=part, of=2)

# %% [markdown]
# We take one file away, as if a worker had died before it, and run on. We expect the same bytes, and the other files
# untouched.

# %%
lost, *others = sorted(work.glob("prints/*.parquet"))
before = lost.read_bytes(), [path.stat().st_mtime_ns for path in others]
lost.unlink()
shards.run(steps.Fingerprint(), work / "filtered", work / "prints")
after = lost.read_bytes(), [path.stat().st_mtime_ns for path in others]
print("the same bytes again:", after[0] == before[0])
print("the others untouched:", after[1] == before[1])

# %% tags=["claim", "remove-cell"]
claim("The file came back, byte for byte", after[0] == before[0] and after[1] == before[1], "==", True)

# %% [markdown]
# The file came back, byte for byte. A random step, such as one that draws crops, would not pass this test. Seed the
# draw with the number of the row instead.
#
# ## What no shard can know
#
# **Copies and neighbours reach across shards; small tables bring them together.** Two copies of a picture may lie in
# different shards. And the nearest picture of a shard need not be the nearest of all. So each shard leaves a small
# table: fingerprints of 600 bytes a picture, and its own k nearest for each question.
#
# Are k of each shard enough? Whatever is among the k nearest of all is also among the k nearest of its own shard. So
# the k best of the lists are the k best of all. By hand, with twenty tiles as questions:

# %%
from plip_tutorial.plip import PLIP

vectors = np.stack(shards.read(work / "embedded")["embedding"].to_pylist())
tissues = list(microcosm.TISSUES)[:20]
tiles = [microcosm.render_tile(name, seed=1) for name in tissues]
seeds = PLIP(artifacts.tiny_clip()).encode_images(tiles)
cosines = seeds @ vectors.T
lists = [100 * s + np.argsort(-cosines[:, 100 * s : 100 * s + 100])[:, :5]
         for s in range(6)]  # rows of the five best of each shard
every = np.hstack(lists)
order = np.argsort(-np.take_along_axis(cosines, every, 1))[:, :5]

# %%
merged = np.take_along_axis(every, order, 1)
print("by hand:", np.array_equal(merged, np.argsort(-cosines)[:, :5]))
np.save(work / "seeds.npy", seeds)
nearest = steps.Neighbours(str(work / "seeds.npy"), k=5)
shards.run(nearest, work / "embedded", work / "near")
rows_found = steps.merge_neighbours(shards.read(work / "near"), k=5)[1]
told = shards.read(work / "prints")
alone = clean.near_duplicates(pool["image"])
print("the package:", np.array_equal(rows_found, merged))
print("the same copies:", np.array_equal(steps.copies(told), alone))

# %% tags=["claim", "remove-cell"]
claim("All three comparisons agree",
      [np.array_equal(rows_found, merged), np.array_equal(steps.copies(told), alone)], "==", True)
claim("the k best of the lists are the k best of all", np.array_equal(merged, np.argsort(-cosines)[:, :5]), "==", True)

# %% [markdown]
# All three comparisons agree.
#
# The picture side of all this for pictures of your own, a folder or a data set of the hub, is one call:
# {ref}`embed_pool <your-own-pool>`.
#
# ## Through Ray
#
# **[Ray Data](https://docs.ray.io/en/latest/data/data.html) is an engine that does the bookkeeping for you.** It takes
# the same objects, hands the shards to whichever worker is free, and passes tables from step to step in memory. It is
# an extra: `pip install "plip-tutorial[scale]"`.
#
# :::{code-block} python
# from plip_tutorial.at_scale import with_ray
#
# data = with_ray(work / "pool", *chain.values(), workers=2)
# data.write_parquet("done")          # nothing happens before this line
# :::
#
# This page does not run it: to start the workers takes longer than all that the page does with shards. A test runs the
# whole chain both ways, with two workers, and compares every cell of the tables, down to the last bit of the
# embeddings. (Both sides use one thread for that: several add the same numbers in changing order, and the last bits
# differ.)
#
# | | partition i of n | Ray Data |
# | --- | --- | --- |
# | needs | a folder that all workers see | a session of Ray, on one machine or many |
# | a worker dies | call it again; done shards are skipped | Ray does its shard again; if the *driver*, the program that called it, dies, all starts anew |
# | a slow shard | its worker is late, the others wait | others take over the rest |
# | between the steps | files, to look at and to keep | memory |
# | take it | for one to ten machines, for jobs of a night, on a cluster with a queue | where it runs anyway, or where some steps need a GPU and others many processors |
#
# The embedding is the step that costs; all others together are cheaper. So it should be the one whose results are kept
# in files, whichever way the rest goes.
#
# ## Summary
#
# - A shard is a pure function of its input; a file that is there is whole, so any call goes on where the last one stopped.
# - Worker i of n does every n-th shard and needs a common folder, nothing else.
# - What reaches across shards, copies and neighbours, is merged from small tables, with the result of the whole.
#
# ## References
#
# The pool of the paper came from LAION {cite}`schuhmann2022laion`.
#
# :::{bibliography}
# :filter: docname in docnames
# :::
