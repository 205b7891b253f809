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
# # Using PLIP
#
# **Time:** @time@
#
# ## What you will learn
#
# - to turn pictures and sentences into vectors with the class `PLIP`, and the same with plain Hugging Face;
# - what such a vector is, and what it is not;
# - four mistakes that raise no error: wrong channel order, missing normalisation, a caption that is too long, a softmax
#   that is believed;
# - what costs time;
# - what goes wrong in the class that was published with PLIP.
#
# ## What you need first
#
# Python and a little `numpy`. {doc}`01_contrastive_learning` explains where the common space of pictures and words comes
# from; here we only use it. If you opened this chapter first, it builds the model it needs. That takes some minutes, once.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% [markdown]
# ## Five tiles, five sentences
#
# A {term}`track` names a model. In the full track it is the published `vinid/plip`, in the tiny one a small relative that
# this book has trained. Both are loaded by the same line.

# %%
import numpy as np

from plip_tutorial import artifacts, microcosm, plots, tracks
from plip_tutorial.microcosm.captions import caption
from plip_tutorial.plip import PLIP

track = tracks.current()
checkpoint = artifacts.checkpoint(track.plip)
plip = PLIP(checkpoint)
print(f"{track.plip}: {plip.model.num_parameters():,} weights on {plip.device}, {plip.precision}")

# %% [markdown]
# Five tiles of different tissue, as a scanner called J would see them. No model of this book was trained on pictures
# from J.

# %% mystnb={"image": {"alt": "Five square tiles of tissue in a row: adipose tissue, lymphocytes, mucus, smooth muscle, adenocarcinoma."}, "figure": {"caption": "The five tiles of this chapter. Before you read on: which two will the model find most alike?", "name": "fig-06-tiles"}}
names = ["adipose", "lymphocytes", "mucus", "smooth_muscle", "colorectal_adenocarcinoma"]
phrases = [microcosm.TISSUES[name].phrase for name in names]
tiles = [microcosm.render_tile(name, seed=7, lab="J", size=track.image_size) for name in names]
plots.gallery(tiles, phrases)

# %% [markdown]
# Two methods do most of the work in the rest of this book. `encode_images` takes pictures, `encode_text` takes sentences.
# Expect one row of numbers for each.

# %%
images = plip.encode_images(tiles)
words = plip.encode_text([f"An H&E image of {phrase}" for phrase in phrases])
print("pictures", images.shape, images.dtype, " sentences", words.shape, words.dtype)
print("lengths of the picture vectors:", np.linalg.norm(images, axis=1).round(4))

# %% [markdown]
# Pictures and sentences have become rows of equal width. Each row has length one, so it is a direction and nothing else.
# That makes comparison cheap: the {term}`dot product` of two such rows is their {term}`cosine similarity`, and all
# comparisons at once are one matrix product. So the question under the first figure takes one line. Which two did you name?

# %%
alike = images @ images.T
first, second = np.unravel_index(np.argmax(alike - 2 * np.eye(len(names))), alike.shape)
print(alike.round(2))
print(f"most alike: {phrases[first]} and {phrases[second]}")

# %% [markdown]
# Rows and columns are the tiles in the order of the figure; on the diagonal each meets itself. The largest number beside the diagonal is
# the model's answer. It need not be the answer of your eye. Near in this space means that the two pictures went with similar texts, and how near is
# near enough, no single number tells.
#
# Now tiles and sentences. We expect the largest numbers on the diagonal, where a tile meets its own sentence.

# %% mystnb={"image": {"alt": "A five by five table of colours: rows are tiles, columns are sentences; each cell holds a cosine similarity."}, "figure": {"caption": "Cosine similarity of every tile (row) with every sentence (column).", "name": "fig-06-cosines"}}
cosines = images @ words.T
second_best, best = np.sort(cosines, axis=1)[:, -2:].T
for tissue, i, lead in zip(names, cosines.argmax(1), best - second_best, strict=True):
    print(f"{tissue:25} -> {phrases[i]:36} ahead of the second by {lead:.2f}")
plots.heatmap(cosines, rows=names, columns=phrases)

# %% [markdown]
# Read it row by row: for each tile, the darkest cell is the sentence the model would choose. In the tiny track four rows are as expected, with the largest number on the diagonal and a clear lead. In the
# last the tumour is called "smooth muscle": its own sentence is nearly level, and mucus not far behind. The arrow alone does not show how narrow that was; the lead does.
#
# A table of this kind is already a classifier, and {doc}`07_zero_shot` makes one of it. Notice also what the numbers are *not*. They are no probabilities, they do not add
# up to one, and a perfect match is far from 1.
#
# ## What a vector is
#
# Let us look at one.

# %%
print(images[0, :8].round(3), "...", images.shape[1], "numbers")

# %% [markdown]
# It is tempting to ask which of these numbers stands for nuclei. None does. To see why, turn the whole space by a random
# rotation. Every single number changes. We expect the similarities to stay what they were.

# %%
turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(plip.dim, plip.dim)))
turned_images, turned_words = images @ turn, words @ turn
print("first tile, turned:", turned_images[0, :8].round(3))
print("largest change of a cosine:", np.abs(turned_images @ turned_words.T - cosines).max())

# %% [markdown]
# The change is rounding error. So the coordinates carry no meaning of their own; only angles do. An {term}`embedding` is a
# place among other places, like the position of a house that is described by its distances to all others.
#
# What, then, makes two places near? We measure three things with fresh tiles: the same tissue in another laboratory, other
# tissue in the same laboratory, and a tile after a quarter turn. A model that sees tissue and not scanners should put them in
# the order quarter turn, other laboratory, other tissue.

# %%
render = lambda name, seed, lab: microcosm.render_tile(name, seed=seed, lab=lab, size=track.image_size)
here = [render(name, seed, "J") for name in names for seed in range(20)]
turned = [np.rot90(tile) for tile in here]
elsewhere = [render(name, seed + 100, "K") for name in names for seed in range(20)]
other = [render(name, seed + 200, "J") for name in names[1:] + names[:1] for seed in range(20)]
reference = plip.encode_images(here)
for what, pictures in {"quarter turn": turned, "same tissue, lab K": elsewhere, "other tissue, lab J": other}.items():
    print(f"{what:20} {np.sum(reference * plip.encode_images(pictures), axis=1).mean():.3f}")

# %% [markdown]
# These are means over a hundred pairs, and they stand in the order we hoped for. The order tells what the vector is about, and the gap between the last two lines tells
# how well it tells tissue from scanner. It is a useful test to run with pictures of your own department
# ({doc}`bring_your_own_tiles`). {doc}`10_limits` looks at stain and scanner closely.
#
# One more property. We compare the kinds: pictures with pictures, sentences with sentences, and one kind with the other. Five tiles are too few for that, so we take all tissues of the
# microcosm, each with several tiles and two sentences. If the kind did not matter, each column would hold much the same number in all three lines.

# %%
kinds, repeats = list(microcosm.TISSUES), 4
draw = lambda start: plip.encode_images([render(name, seed, "J") for seed in range(start, start + repeats) for name in kinds])
write = lambda form: np.tile(plip.encode_text([form.format(microcosm.TISSUES[name].phrase) for name in kinds]), (repeats, 1))
pictures, more_pictures = draw(500), draw(600)
sentences, more_sentences = write("An H&E image of {}"), write("A micrograph of {}")
same = np.tile(np.eye(len(kinds), dtype=bool), (repeats, repeats))
pairs = {"two pictures": (pictures, more_pictures), "two sentences": (sentences, more_sentences)}
for what, (one, two) in {**pairs, "one of each": (pictures, sentences)}.items():
    cosine, apart = one @ two.T, np.linalg.norm(one.mean(0) - two.mean(0))
    print(f"{what:13}  same tissue {cosine[same].mean():.2f}  other tissue {cosine[~same].mean():.2f}  means apart {apart:.2f}")

# %% [markdown]
# The kind does matter. In both columns a picture is farther from a sentence than two pictures are from each other, or two sentences; and the mean of the pictures lies far from
# the mean of the sentences, though the tissues are the same, while the means of one kind lie close together. Pictures and texts keep to regions of their own, a {term}`modality gap`. In the tiny track it is a mild one: a picture is still closer to its own
# sentence than to a picture of other tissue. In the original CLIP it is so wide that even this fails. It does no harm as long as you compare like with like:
# one picture with several sentences, or one sentence with several pictures. Never ask whether a picture is closer to a
# sentence than to another picture.
#
# ## The plain Hugging Face way
#
# `PLIP` is a thin layer. The checkpoint under it is an ordinary {term}`CLIP`, and `transformers` loads it without our help.
# We do the five tiles again and expect the same numbers.

# %%
import torch
from PIL import Image
from transformers import CLIPModel, CLIPProcessor

model = CLIPModel.from_pretrained(checkpoint).eval()
processor = CLIPProcessor.from_pretrained(checkpoint)
prompts = [f"An H&E image of {phrase}" for phrase in phrases]
inputs = processor(text=prompts, images=[Image.fromarray(tile) for tile in tiles], return_tensors="pt", padding=True)
with torch.inference_mode():
    output = model(**inputs)
print({name: tuple(tensor.shape) for name, tensor in inputs.items()})

# %% [markdown]
# The processor did two jobs. It scaled each picture to what the model expects and normalised its colours: `pixel_values`. And
# it cut each sentence into {term}`tokens <token>`, padded to the length of the longest: `input_ids`. The output has the
# embeddings and, in `logits_per_image`, the similarities.

# %%
exact = PLIP(checkpoint, precision="float32")  # on a GPU the default is coarser
theirs = output.image_embeds.numpy()
print("embeddings differ by at most", np.abs(exact.encode_images(tiles) - theirs).max())
with torch.inference_mode():
    features = model.get_image_features(pixel_values=inputs["pixel_values"])
vectors_of = lambda output: getattr(output, "pooler_output", output)  # older transformers return the tensor itself
raw = vectors_of(features).numpy()
print("before normalisation     ", np.abs(exact.encode_images(tiles, normalize=False) - raw).max())

# %% [markdown]
# Equal, up to rounding. Now the similarities: Hugging Face does not return cosines but {term}`logits <logit>`.

# %%
logits = output.logits_per_image.numpy()
print(f"logit scale {exact.logit_scale:.1f}")
print("logits = scale x cosine, up to", np.abs(logits - exact.logit_scale * exact.encode_images(tiles) @ words.T).max())
chances = output.logits_per_image.softmax(dim=1).numpy()
print(f"probability of the right sentence: {np.diag(chances).round(3)}")

# %% [markdown]
# The {term}`logit scale` was learned in training; it is one over the {term}`temperature`. It changes no decision, since it
# stretches all cosines alike. But it decides how bold the {term}`softmax` looks. In the tiny track the model is nearly sure of the first four tiles. The last
# number is the tumour's, below one half: there the near tie from above shows again.
#
# ## Four mistakes that raise no error
#
# ### Believing the softmax
#
# The softmax shares out 100% among the sentences you offer. It has no way to say "none of these". So offer the tile of mucus a
# choice without mucus and see whether the model hesitates.

# %%
wrong = ["An H&E image of smooth muscle", "A wall of bricks", "A group photo"]
mucus = exact.encode_images([tiles[2]])
scores = exact.logit_scale * (mucus @ exact.encode_text(wrong).T)[0]
for sentence, chance in zip(wrong, np.exp(scores) / np.exp(scores).sum(), strict=True):
    print(f"{chance:6.1%}  {sentence}")

# %% [markdown]
# The model cannot abstain. All three sentences are wrong, and still 100% are shared out among them; one of them gets more than half. A high probability means "better than the other sentences on the list", never
# "true". {doc}`10_limits` measures how far confidence and correctness are apart, and mends part of it.
#
# ### Forgetting the length
#
# With `normalize=False` you get the vectors as the network made them. Their lengths differ from picture to picture, for
# reasons that have nothing to do with your question.

# %%
raw_images = plip.encode_images(here, normalize=False)
lengths = np.linalg.norm(raw_images, axis=1)
print(f"lengths of {len(lengths)} picture vectors: {lengths.min():.2f} to {lengths.max():.2f}")
by_label = (raw_images @ words.T).argmax(1) == (reference @ words.T).argmax(1)
print(f"same label {by_label.mean():.0%}")
ten_best = lambda scores: [set(row) for row in np.argsort(-scores, axis=1)[:, :10]]  # scores: a row for each sentence
both = zip(ten_best(words @ raw_images.T), ten_best(words @ reference.T), strict=True)
print("of the ten best pictures of each sentence, found by both:", [len(a & b) for a, b in both])

# %% [markdown]
# Choosing a label for a picture is safe: its length is the same factor for all labels, and no label changed. Ranking *pictures* for a sentence is
# not: a long vector pushes its picture up. The lists overlap, but some pictures among the ten best were replaced. Here both sides are of length one unless you refuse.
#
# ### Handing over another picture than you think
#
# `encode_images` takes paths, bytes, Pillow images and arrays of any mode. We hand over the tile of smooth muscle, which is pink, in six costumes and compare with the plain one.
# The first four should not matter, the last two should.

# %%
def costumes(pixels):
    """One picture as it may arrive."""
    tile = Image.fromarray(pixels)
    return {
        "RGBA": tile.convert("RGBA"),
        "16 bits": pixels.astype(np.uint16) * 257,
        "0 to 1": pixels / 255,
        "palette": tile.convert("P", palette=Image.Palette.ADAPTIVE),
        "grey": tile.convert("L"),
        "BGR": pixels[..., ::-1],
    }

# %%
dressed = costumes(tiles[3])
for costume, vector in zip(dressed, plip.encode_images(dressed.values()), strict=True):
    print(f"{costume:8} {float(vector @ images[3]):.6f}")

# %% [markdown]
# The first three are the same picture and get the same vector. A palette has only 256 colours, fewer than the tile had, so it comes close without being the same. Grey loses the
# colour of the stain, a real loss of information. In the last one the channels come in the order blue, green, red, as OpenCV reads them: the pink of the eosin has become violet. What do the last two do to the label? Here are all five tiles.

# %%
import pandas as pd

labels = {"plain": cosines.argmax(1)}
for costume in ("grey", "BGR"):
    labels[costume] = (plip.encode_images([costumes(pixels)[costume] for pixels in tiles]) @ words.T).argmax(1)
pd.DataFrame({costume: [names[i] for i in chosen] for costume, chosen in labels.items()}, index=names)

# %% [markdown]
# Without colour most labels change: of the pink of muscle and the violet of nuclei only light and dark are left. In the tiny track the tumour gets its right name only now, by such a change. With swapped channels some labels change and some do not, and
# that makes it a trap: each picture is a valid one, nothing complains, some answers are still right, and the score is merely lower than it could be. If your scores are oddly low, look at one picture first.
#
# A picture that cannot be read does complain. Such as one whose download stopped half-way:

# %%
import io
from textwrap import fill

stream = io.BytesIO()
Image.fromarray(tiles[2]).save(stream, "PNG")
broken = stream.getvalue()[: len(stream.getvalue()) // 2]
try:
    plip.encode_images([tiles[0], broken, tiles[1]])
except ValueError as error:
    print(fill(str(error), 90))
vectors, readable = plip.encode_images([tiles[0], broken, tiles[1]], skip_unreadable=True)
print(vectors.shape, readable)

# %% [markdown]
# The message tells the place in the list, counted from 0. A file would be told by its name; bytes have none, so their number stands there. With
# `skip_unreadable` the others are encoded, and a second array tells which they are.

# %% [markdown]
# ### Writing too much
#
# CLIP reads 77 {term}`tokens <token>` of a text and not one more. A pathology report is longer. Two reports that differ only in their last
# sentence may be the same to the model. `PLIP` cuts as well, but it warns.

# %%
import warnings

report = "An H&E image of mucus. " + "Seen at low power, with artefacts of cutting. " * 12
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    benign, malignant = plip.encode_text([report + "No tumour.", report + "Adenocarcinoma."])
print(fill(str(caught[0].message), 90))
print("same vector:", np.allclose(benign, malignant))

# %% [markdown]
# The diagnosis stood at the end, as it does in many reports, and the model never saw it. Put the important words first.
#
# ## What costs time
#
# Pictures go through the model in a {term}`batch`. Its size changes the time, and the memory, but must not change a vector.

# %%
from time import perf_counter

for batch_size in (1, 8, 32, 128):
    start = perf_counter()
    vectors = plip.encode_images(here * 4, batch_size)
    rate = len(vectors) / (perf_counter() - start)
    print(f"batch {batch_size:4}: {rate:7.0f} pictures a second, differs by {np.abs(vectors[:100] - reference).max():.0e}")

# %% [markdown]
# One by one is slow, since each call has a fixed cost. Beyond a few pictures little is gained: the processor is busy. On a GPU the
# curve goes on rising longer, until memory ends it.
#
# A part of the work can be left out. The vector of a picture is read at one of its tokens, the first. In every layer but the last, all tokens are needed,
# since the next layer looks at them. In the last one only the first need look at the others; what the others see there, nobody reads. We compare the
# plain model with one that leaves it out, as `PLIP` does. It has four layers. How much time do you expect to save?

# %%
from plip_tutorial.plip.read_token import image_reader

pixels, found = processor(images=here[:25], return_tensors="pt")["pixel_values"], []
with torch.inference_mode():
    for tokens, way in {"all tokens": model, "first token": image_reader(model)}.items():
        start = perf_counter()
        repeated = [vectors_of(way.get_image_features(pixel_values=pixels)) for _ in range(3)]
        print(f"last layer for {tokens:11}: {perf_counter() - start:.2f} s")
        found.append(repeated[-1])
print(f"the vectors differ by {float((found[0] - found[1]).abs().max()):.0e}")

# %% [markdown]
# Less than a quarter, since keys and values of that layer are still needed for all tokens. With the twelve layers of the real PLIP it is one part in fifteen. Not much, but the vectors
# are the same.
#
# Sentences have a trick of their own. The usual loop pads each one to 77 tokens, though most captions have a dozen. The padding
# stands *behind* the end of the sentence, and a token of CLIP sees only what stands before it. So `PLIP` sorts the
# captions by length and pads each batch to its own longest. We expect the same vectors in a fraction of the time.

# %%
texts = [caption(name, seed=seed) for name in microcosm.TISSUES for seed in range(60)]
start = perf_counter()
fast = exact.encode_text(texts)
middle = perf_counter()
padded = processor(text=texts, padding="max_length", max_length=77, truncation=True, return_tensors="pt")
with torch.inference_mode():
    slow = torch.cat([vectors_of(model.get_text_features(input_ids=ids)) for ids in padded["input_ids"].split(32)])
ratio = (perf_counter() - middle) / (middle - start)
slow = slow / slow.norm(dim=1, keepdim=True)
print(f"{len(texts)} captions, {ratio:.1f} times faster, differs by {np.abs(fast - slow.numpy()).max():.0e}")

# %% [markdown]
# ## Two shortcuts
#
# For a quick look there are two methods that do everything at once. They keep the names they have in the published class.

# %%
answers = plip.zero_shot_classification(tiles, ["An H&E image of fat", "An H&E image of a tumour"])
for tissue, answer in zip(names, answers, strict=True):
    print(f"{tissue:25} -> {answer}")
best = plip.index(here).retrieval(["An H&E image of lymphocytes"], top_k=5)
print("best five of", len(here), "tiles:", [names[i // 20] for i in best[0]])

# %% [markdown]
# The first method had two sentences to choose from, so each tile got one of the two, whatever it shows. The second looked for lymphocytes.
#
# ## The class that was published
#
# PLIP came with a class of the same name. Its methods and their arguments work here unchanged, so code that was written for it runs on. Why a
# new one, then? The old one was written in 2023, as a short example for the libraries of that year. We have typed its steps anew
# in `plip_tutorial.plip.released`, and go through them in five short cells. None of this touches the scores of the paper, which other code computed
# ({doc}`11_auditing_plip`).
#
# **It no longer loads.** Its first line passes an argument that today's `transformers` does not know.

# %%
from datasets import disable_progress_bars
from plip_tutorial.plip.released import Released, half_cosines, load_as_published

disable_progress_bars()
try:
    load_as_published(checkpoint)
except TypeError as error:
    print("TypeError:", error)
theirs = Released(checkpoint)  # the same class, without that argument
print("same vectors:", np.allclose(theirs.encode_text(prompts, 8), exact.encode_text(prompts, normalize=False), atol=1e-4))

# %% [markdown]
# **It normalises one side of its cosine.** To find a label it normalises the picture, whose length does not matter there, and leaves the sentences as they are. So a
# long sentence vector has an advantage. To find pictures it does the opposite: long picture vectors have it. We count what that changes among our hundred tiles.

# %%
pictures, sentences = exact.encode_images(here, normalize=False), exact.encode_text(prompts, normalize=False)
right = exact.encode_images(here) @ exact.encode_text(prompts).T
label_changes = half_cosines(pictures, sentences).argmax(1) != right.argmax(1)
kept = [len(a & b) for a, b in zip(ten_best(half_cosines(sentences, pictures)), ten_best(right.T), strict=True)]
lengths = np.linalg.norm(sentences, axis=1)
print(f"largest 'cosine': {half_cosines(pictures, sentences).max():.2f}")
print(f"lengths of the sentence vectors: {lengths.min():.1f} to {lengths.max():.1f}")
print(f"tiles with another label: {label_changes.mean():.0%}")
print("of the ten best pictures of each sentence, found by both:", kept)

# %% [markdown]
# A cosine is at most 1. This number is a cosine times the length of the side that was left as it was. Did it do harm? Hardly any label changed here, since the five sentence vectors are of
# similar length; other sentences may be less lucky. Among the ten best pictures some did change, as above under "Forgetting the length". It is the same fault.
#
# **It encodes JPEG pictures again.** It puts Pillow pictures into a `datasets` table. There, one that was opened from a JPEG stream, such as an upload, is compressed
# a second time. A picture with a file name, or one that was converted to RGB first, is spared.

# %%
stream = io.BytesIO()
Image.fromarray(tiles[2]).save(stream, "JPEG", quality=95, subsampling=0)
opened = lambda: Image.open(io.BytesIO(stream.getvalue()))
twice, once = theirs.encode_images([opened()], 1), exact.encode_images([opened()])
print(f"cosine to the vector of the picture as it was: {(twice / np.linalg.norm(twice) @ once.T).item():.4f}")

# %% [markdown]
# **It hashes the model at each call.** `datasets` names what it computes after the function that computes it. Here the function holds the model, so all its
# weights are read and hashed before the first caption is embedded; 600 MB for the real PLIP. We time the second call for one short caption: the hashing, and the table that is built around it.

# %%
def seconds(work):
    """Of the second call; the first one warms up."""
    work()
    start = perf_counter()
    work()
    return perf_counter() - start

ratio = seconds(lambda: theirs.encode_text(["fat"], 1)) / seconds(lambda: exact.encode_text(["fat"], 1))
print(f"one caption takes it {ratio:.0f} times as long")

# %% [markdown]
# **It cannot retrieve.** Its method reads the vectors of the pictures from an attribute that nothing ever sets. Here `index` does.

# %%
try:
    theirs.retrieval(["An H&E image of lymphocytes"], 5)
except AttributeError as error:
    print("AttributeError:", error)

# %% [markdown]
# All of these are small slips, of the kind that every short script holds. A test would have found them. That is the lesson to take along, also for one's own scripts:
# compare with the plain library once, on odd input, and keep the comparison.
#
# ## Exercises
#
# :::{exercise} In and out of focus
# :label: ex-06-focus
#
# A tile that is out of focus shows the same tissue. Blur the five tiles with `scipy.ndimage.gaussian_filter(tile, (s, s, 0))` for several `s`, and
# print the cosine to the sharp tile and the label the model chooses. Which goes first, the cosine or the label?
# :::
#
# :::{solution-start} ex-06-focus
# :class: dropdown
# :::

# %%
from scipy.ndimage import gaussian_filter

for s in (0.5, 1, 2, 4):
    blurred = plip.encode_images([gaussian_filter(tile, (s, s, 0)) for tile in tiles])
    same, chosen = (blurred * images).sum(1), (blurred @ words.T).argmax(1)
    print(f"blur {s}")
    for i, tissue in enumerate(names):
        other = f"  -> {phrases[chosen[i]]}" if chosen[i] != cosines[i].argmax() else ""
        print(f"    {tissue:25} cosine {same[i]:.2f}{other}")

# %% [markdown]
# An arrow marks a label that has changed. The weakest blur does next to nothing. With more of it both go, but not together: a tile may lose its label with a cosine near 1, and another may
# keep it at a much lower one. The label only asks which sentence is nearest. The tumour, nearly a tie from the start, changes with a small push, in the tiny track to the right name and back again. But a long lead does not protect: the lymphocytes had the longest of all, and are the only other tile to change,
# because blur moves their vector most.
#
# :::{solution-end}
# :::
#
# :::{exercise} How much of the sentence is read?
# :label: ex-06-words
#
# Encode "lymphocytes", "Lymphocytes", "lymphocytes.", "lymphocites" and "cells of the immune system", and compare each with the first. A cosine needs something to compare it with, so
# add "smooth muscle", another tissue, and "a photo of a dog". What does the model take for a different thing?
# :::
#
# :::{solution-start} ex-06-words
# :class: dropdown
# :::

# %%
variants = ["lymphocytes", "Lymphocytes", "lymphocytes.", "lymphocites", "cells of the immune system", "smooth muscle", "a photo of a dog"]
vectors = plip.encode_text(variants)
for variant, cosine in zip(variants, vectors @ vectors[0], strict=True):
    print(f"{cosine:.3f}  {variant}")

# %% [markdown]
# Capitals make no difference: the {term}`tokenizer` lowers all letters. A full stop is a token and moves the vector a little. A misspelt word falls
# into other tokens and moves it more, a paraphrase still more. Is the paraphrase understood, then? It is far closer than smooth muscle. But in the tiny track the dog is
# almost as close as the paraphrase: the model has learned to keep tissues apart, and nothing forced it to keep a dog away from lymphocytes. So a high cosine between two sentences
# does not show that the model knows what they mean.
#
# :::{solution-end}
# :::
#
# :::{exercise} Only two of the five
# :label: ex-06-two
#
# Without encoding anything again: what would the model say about each of the five tiles if only "mucus" and "smooth muscle" were on the list?
# :::
#
# :::{solution-start} ex-06-two
# :class: dropdown
# :::

# %%
print([phrases[2:4][i] for i in cosines[:, 2:4].argmax(1)])

# %% [markdown]
# The columns of a similarity table can be chosen freely afterwards. Each tile gets one of the two names, fitting or not.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - `encode_images` and `encode_text` give unit vectors in one space; their dot products are cosines.
# - The numbers in a vector mean nothing alone. Angles do, and only between comparable pairs.
# - It is an ordinary CLIP: `CLIPModel` and `CLIPProcessor` give the same result. Logits are cosines times the logit scale.
# - A softmax must choose. Lengths, channel order and the 77th token can ruin a result in silence.
# - Code for the published class runs on here. Its faults were small, and a comparison with the plain library shows them.
#
# ## What comes next
#
# {doc}`07_zero_shot` turns the table of cosines into a classifier, and asks how good it is.
#
# ## References
#
# The model is PLIP {cite}`huang2023plip`, its ancestor CLIP {cite}`radford2021clip`.
#
# :::{bibliography}
# :filter: docname in docnames
# :::
