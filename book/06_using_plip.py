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
# Python and a little `numpy`. {doc}`01_contrastive_learning` explains where the common space of pictures and words
# comes from; here we only use it.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% tags=["claim", "remove-cell"]
from plip_tutorial.studies.claims import Claims

claim = Claims("06_using_plip")

# %% [markdown]
# ## Five tiles, five sentences
#
# A {term}`track` names a model. In the full track it is the published `vinid/plip`, in the tiny one a small relative
# that this book has trained. Both are loaded by the same line.

# %%
import numpy as np
import pandas as pd

from plip_tutorial import artifacts, microcosm, plots, tracks
from plip_tutorial.microcosm.captions import caption
from plip_tutorial.plip import PLIP

track = tracks.current()
checkpoint = artifacts.checkpoint(track.plip)
plip = PLIP(checkpoint)
size = f"{plip.model.num_parameters():,} weights"
print(f"{track.plip}: {size} on {plip.device}, {plip.precision}")

# %% [markdown]
# Five tiles of different tissue, as a scanner called J would see them. No model of this book was trained on pictures
# from J.

# %% mystnb={"image": {"alt": "Five square tiles of tissue in a row: adipose tissue, lymphocytes, mucus, smooth muscle, adenocarcinoma."}, "figure": {"caption": "The five tiles of this chapter. Before you read on: which two will the model find most alike?", "name": "fig-06-tiles"}}
names = ["adipose", "lymphocytes", "mucus", "smooth_muscle",
         "colorectal_adenocarcinoma"]
phrases = [microcosm.TISSUES[name].phrase for name in names]

def render(name, seed, lab):
    size = track.image_size
    return microcosm.render_tile(name, seed=seed, lab=lab, size=size)

tiles = [render(name, 7, "J") for name in names]
plots.gallery(tiles, phrases)

# %% [markdown]
# Two methods do most of the work in the rest of this book. `encode_images` takes pictures, `encode_text` takes
# sentences. Expect one row of numbers for each.

# %%
images = plip.encode_images(tiles)
prompts = [f"An H&E image of {phrase}" for phrase in phrases]
words = plip.encode_text(prompts)
print("pictures ", images.shape, images.dtype)
print("sentences", words.shape, words.dtype)
lengths = np.linalg.norm(images, axis=1)
print("lengths of the picture vectors:", lengths.round(4))

# %% tags=["claim", "remove-cell"]
claim("Each row has length one", np.linalg.norm([*images, *words], axis=1),
      "about", 1, margin=1e-4)

# %% [markdown]
# Pictures and sentences have become rows of equal width. Each row has length one, so it is a direction and nothing
# else. That makes comparison cheap: the {term}`dot product` of two such rows is their {term}`cosine similarity`, and
# all comparisons at once are one matrix product. So the question under the first figure takes one line. Which two did
# you name?

# %%
alike = images @ images.T
others = alike - 2 * np.eye(len(names))  # not each with itself
first, second = np.unravel_index(others.argmax(), others.shape)
print(alike.round(2))
print(f"most alike: {phrases[first]} and {phrases[second]}")

# %% [markdown]
# Rows and columns are the tiles in the order of the figure; on the diagonal each meets itself. The largest number
# beside the diagonal is the model's answer. It need not be the answer of your eye. Near in this space means that the
# two pictures went with similar texts, and how near is near enough, no single number tells.
#
# Now tiles and sentences. We expect the largest numbers on the diagonal, where a tile meets its own sentence.

# %% mystnb={"image": {"alt": "A five by five table of colours: rows are tiles, columns are sentences; each cell holds a cosine similarity."}, "figure": {"caption": "Cosine similarity of every tile (row) with every sentence (column).", "name": "fig-06-cosines"}}
cosines = images @ words.T
second_best, best = np.sort(cosines, axis=1)[:, -2:].T
chosen, lead = cosines.argmax(1), best - second_best
for tissue, i, by in zip(names, chosen, lead):
    print(f"{tissue:25} -> {phrases[i]:36} lead {by:.2f}")
plots.heatmap(cosines, rows=names, columns=phrases)

# %% [markdown]
# Read it row by row: for each tile, the darkest cell is the sentence the model would choose. In the tiny track all five
# tiles get their own sentence. But the tumour has the smallest lead by far: the arrow alone does not show how narrow it
# was.
#
# A table of this kind is already a classifier, and {doc}`07_zero_shot` makes one of it. Notice also what the numbers
# are *not*. They are no probabilities, they do not add up to one, and even the best match is far from 1.

# %% tags=["claim", "remove-cell"]
claim("all five tiles get their own sentence", chosen - np.arange(5), "==", 0)
claim("the tumour has the smallest lead by far", lead[:4], ">", lead[4], margin=0.05)

# %% tags=["claim", "remove-cell"]
claim("even the best match is far from 1", best, "<", 1, margin=0.1)

# %% [markdown]
# ## What a vector is
#
# Let us look at one.

# %%
print(images[0, :8].round(3), "...", images.shape[1], "numbers")

# %% [markdown]
# It is tempting to ask which of these numbers stands for nuclei. None does. To see why, turn the whole space by a
# random rotation. Every single number changes. We expect the similarities to stay what they were.

# %%
random = np.random.default_rng(0).normal(size=(plip.dim, plip.dim))
turn, _ = np.linalg.qr(random)
turned_images, turned_words = images @ turn, words @ turn
print("first tile, turned:", turned_images[0, :8].round(3))
moved = np.abs(turned_images @ turned_words.T - cosines).max()
print(f"largest change of a cosine: {moved:.0e}")

# %% tags=["claim", "remove-cell"]
claim("The change is rounding error", moved, "<", 1e-5)

# %% [markdown]
# The change is rounding error. **So the coordinates carry no meaning of their own; only angles do.** An
# {term}`embedding` is a place among other places, like the position of a house that is described by its distances to
# all others.
#
# What, then, makes two places near? We measure three things with fresh tiles: the same tissue in another laboratory,
# other tissue in the same laboratory, and a tile after a quarter turn. A model that sees tissue and not scanners should
# put them in the order quarter turn, other laboratory, other tissue.

# %%
def twenty(names, lab, start):
    return [render(n, start + i, lab) for n in names for i in range(20)]

here = twenty(names, "J", 0)
pictures = {
    "quarter turn": [np.rot90(tile) for tile in here],
    "same tissue, lab K": twenty(names, "K", 100),
    "other tissue, lab J": twenty(names[1:] + names[:1], "J", 200),
}
reference, near = plip.encode_images(here), {}
for what, other in pictures.items():
    near[what] = (reference * plip.encode_images(other)).sum(1).mean()
    print(f"{what:20} {near[what]:.3f}")

# %% tags=["claim", "remove-cell"]
claim("they stand in the order we hoped for", np.diff(list(near.values())),
      "<", 0, margin=0.05)

# %% [markdown]
# These are means over a hundred pairs, and they stand in the order we hoped for. The order tells what the vector is
# about, and the gap between the last two lines tells tissue from all that another laboratory and another tile change
# together. It is a useful test to run with pictures of your own department ({doc}`bring_your_own_tiles`). {doc}`10_limits` looks at stain and scanner
# closely.
#
# One more property. We compare the kinds: pictures with pictures, sentences with sentences, and one kind with the
# other. Five tiles are too few for that, so we take all tissues of the microcosm, each with several tiles and two
# sentences. If the kind did not matter, each column would hold much the same number in all three lines.

# %%
kinds = list(microcosm.TISSUES)
same = np.tile(np.eye(len(kinds), dtype=bool), (4, 4))

def draw(start):
    pairs = [(name, start + i) for i in range(4) for name in kinds]
    return plip.encode_images([render(name, i, "J") for name, i in pairs])

def write(form):
    texts = [form.format(microcosm.TISSUES[name].phrase) for name in kinds]
    return np.tile(plip.encode_text(texts), (4, 1))

# %%
pictures, sentences = draw(500), write("An H&E image of {}")
pairs = {
    "two pictures": (pictures, draw(600)),
    "two sentences": (sentences, write("A micrograph of {}")),
    "one of each": (pictures, sentences),
}
gap = {}
for what, (one, two) in pairs.items():
    cosine, apart = one @ two.T, np.linalg.norm(one.mean(0) - two.mean(0))
    gap[what] = cosine[same].mean(), cosine[~same].mean(), apart
pd.DataFrame(gap, ["same tissue", "other tissue", "means apart"]).T.round(2)

# %% [markdown]
# **The kind does matter.** In the first two columns a picture is farther from a sentence than two pictures are from
# each other, or two sentences. And the mean of the pictures lies far from the mean of the sentences, while the means of
# one kind lie close together. Pictures and texts keep to regions of their own, a {term}`modality gap`. In the tiny
# track it is a mild one: a picture is still closer to its own sentence than to a picture of other tissue. In the
# original CLIP it is so wide that even this fails. It does no harm as long as you compare like with like: one picture
# with several sentences, or one sentence with several pictures. Never ask whether a picture is closer to a sentence
# than to another picture.

# %% tags=["claim", "remove-cell"]
claim("a picture is farther from a sentence than two pictures are from each other",
      np.subtract(gap["two pictures"], gap["one of each"])[:2], ">", 0, margin=0.02)
claim("or two sentences", np.subtract(gap["two sentences"], gap["one of each"])[:2], ">", 0.05)

# %% tags=["claim", "remove-cell"]
claim("the mean of the pictures lies far from the mean of the sentences", gap["one of each"][2], ">", 0.3)
claim("the means of one kind lie close together", [gap["two pictures"][2], gap["two sentences"][2]], "<", 0.2)
claim("a picture is still closer to its own sentence than to a picture of other tissue",
      gap["one of each"][0] - gap["two pictures"][1], ">", 0, margin=0.05)

# %% [markdown]
# ## The plain Hugging Face way
#
# `PLIP` is a thin layer. The checkpoint under it is an ordinary {term}`CLIP`, and `transformers` loads it without our
# help. We do the five tiles again and expect the same numbers.

# %%
import torch
from PIL import Image
from transformers import CLIPModel, CLIPProcessor

model = CLIPModel.from_pretrained(checkpoint).eval()
processor = CLIPProcessor.from_pretrained(checkpoint)
pictures = [Image.fromarray(tile) for tile in tiles]
both = dict(text=prompts, images=pictures)
inputs = processor(**both, return_tensors="pt", padding=True)
with torch.inference_mode():
    output = model(**inputs)
print({name: tuple(tensor.shape) for name, tensor in inputs.items()})

# %% [markdown]
# The processor did two jobs. It scaled each picture to what the model expects and normalised its colours:
# `pixel_values`. And it cut each sentence into {term}`tokens <token>`, padded to the length of the longest:
# `input_ids`. The output has the embeddings and, in `logits_per_image`, the similarities.

# %%
exact = PLIP(checkpoint, precision="float32")  # a GPU's default is coarser
theirs = output.image_embeds.numpy()
with torch.inference_mode():
    features = model.get_image_features(pixel_values=inputs["pixel_values"])
raw = features.pooler_output.numpy()
apart = {
    "embeddings": exact.encode_images(tiles) - theirs,
    "before normalisation": exact.encode_images(tiles, normalize=False) - raw,
}
for what, differences in apart.items():
    print(f"{what:20} differ by at most {np.abs(differences).max():.0e}")

# %% tags=["claim", "remove-cell"]
claim("Equal, up to rounding", np.abs([*apart.values()]), "<", 1e-4)

# %% [markdown]
# Equal, up to rounding. Now the similarities: Hugging Face does not return cosines but {term}`logits <logit>`.

# %%
logits = output.logits_per_image.numpy()
scaled = exact.logit_scale * exact.encode_images(tiles) @ words.T
print(f"logit scale {exact.logit_scale:.1f}")
print(f"logits = scale x cosine, up to {np.abs(logits - scaled).max():.0e}")
chances = output.logits_per_image.softmax(dim=1).numpy()
print("probability of the right sentence:", np.diag(chances).round(2))

# %% tags=["claim", "remove-cell"]
claim("Hugging Face does not return cosines but logits", np.abs(logits - scaled), "<", 1e-4)
claim("each of the first four tiles has more than 80% for its own sentence", np.diag(chances)[:4], ">", 0.8)

# %% tags=["claim", "remove-cell"]
claim("the tumour's, and it is smaller", np.diag(chances)[:4] - chances[4, 4], ">", 0, margin=0.1)
claim("about a third goes to smooth muscle", chances[4, 3], "about", 0.32, margin=0.06)

# %% [markdown]
# The {term}`logit scale` was learned in training; it is one over the {term}`temperature`. It changes no decision, since
# it stretches all cosines alike. But it decides how bold the {term}`softmax` looks. In the tiny track each of the
# first four tiles has more than 80% for its own sentence. The last number is the tumour's, and it is smaller: about a
# third goes to smooth muscle.
#
# ## Four mistakes that raise no error
#
# ### Believing the softmax
#
# The softmax shares out 100% among the sentences you offer. It has no way to say "none of these". So offer the tile of
# mucus a choice without mucus and see what the model makes of it.

# %%
wrong = ["An H&E image of smooth muscle", "A wall of bricks", "A group photo"]
mucus = exact.encode_images([tiles[2]])
scores = exact.logit_scale * (mucus @ exact.encode_text(wrong).T)[0]
shares = np.exp(scores) / np.exp(scores).sum()
for sentence, share in zip(wrong, shares):
    print(f"{share:6.1%}  {sentence}")

# %% tags=["claim", "remove-cell"]
claim("one of them gets more than half", shares.max(), ">", 0.5, margin=0.05)

# %% [markdown]
# **The model cannot abstain.** All three sentences are wrong, and still 100% are shared out among them; one of them
# gets more than half. A high probability means "better than the other sentences on the list", never "true".
# {doc}`10_limits` measures how far confidence and correctness are apart.
#
# ### Forgetting the length
#
# With `normalize=False` you get the vectors as the network made them. Their lengths differ from picture to picture, for
# reasons that have nothing to do with your question.

# %%
raw_images = plip.encode_images(here, normalize=False)
lengths = np.linalg.norm(raw_images, axis=1)
print(f"lengths from {lengths.min():.2f} to {lengths.max():.2f}")
labels = [(x @ words.T).argmax(1) for x in (raw_images, reference)]
print(f"same label: {(labels[0] == labels[1]).mean():.0%}")

def kept_among_ten(one, two):
    """Of the ten best pictures of each sentence, how many both name."""
    best = [np.argsort(-scores, axis=1)[:, :10] for scores in (one, two)]
    return [len(set(a) & set(b)) for a, b in zip(*best)]

kept = kept_among_ten(words @ raw_images.T, words @ reference.T)
print("of the ten best pictures of each sentence, kept:", kept)

# %% tags=["claim", "remove-cell"]
claim("no label changed", labels[0] - labels[1], "==", 0)
claim("most of the ten best stay", kept, ">", 5)
claim("some were replaced", min(kept), "<", 10)

# %% [markdown]
# Choosing a label for a picture is safe: its length is the same factor for all labels, and no label changed. Ranking
# *pictures* for a sentence is not: a long vector pushes its picture up. Here most of the ten best stay, but some were
# replaced. `PLIP` makes both sides of length one unless you refuse.
#
# ### Handing over another picture than you think
#
# `encode_images` takes paths, bytes, Pillow images and arrays of any mode. We hand over the tile of smooth muscle,
# which is pink, in six costumes and compare with the plain one. The first four should not matter, the last two should.

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
like = dict(zip(dressed, plip.encode_images(dressed.values()) @ images[3]))
for costume, cosine in like.items():
    print(f"{costume:8} {cosine:.6f}")

# %% tags=["claim", "remove-cell"]
claim("The first three are the same picture and get the same vector", list(like.values())[:3], ">", 0.999999)
claim("it comes close without being the same", like["palette"], "between", (0.99, 0.99999))
claim("Grey and swapped channels move the vector far", [like["grey"], like["BGR"]], "<", 0.9)

# %% [markdown]
# The first three are the same picture and get the same vector. A palette has only 256 colours, fewer than the tile had,
# so it comes close without being the same. Grey and swapped channels move the vector far. Grey loses the colour of the
# stain, a real loss of information. In the last one the channels come in the order blue, green, red, as OpenCV reads
# them: the pink of the eosin has become violet. What do the last two do to the label? Here are all five tiles.

# %%
labels = {"plain": cosines.argmax(1)}
for costume in ("grey", "BGR"):
    pictures = [costumes(pixels)[costume] for pixels in tiles]
    labels[costume] = (plip.encode_images(pictures) @ words.T).argmax(1)
short = [name.split("_")[-1] for name in names]
table = {what: [short[i] for i in row] for what, row in labels.items()}
pd.DataFrame(table, index=short)

# %% tags=["claim", "remove-cell"]
claim("Without colour the muscle and the tumour get another name",
      (labels["grey"] != labels["plain"])[3:], "==", True)
claim("the other three keep theirs", (labels["grey"] != labels["plain"])[:3], "==", False)

# %% tags=["claim", "remove-cell"]
claim("With swapped channels, too, the muscle and the tumour lose their name",
      (labels["BGR"] != labels["plain"])[3:], "==", True)
claim("lymphocytes and mucus keep it", (labels["BGR"] != labels["plain"])[1:3], "==", False)

# %% [markdown]
# Without colour the muscle and the tumour get another name, the other three keep theirs. Of the pink of muscle and the
# violet of nuclei only light and dark are left. With swapped channels, too, the muscle and the tumour lose their name,
# but lymphocytes and mucus keep it. That makes it a trap: each picture is a valid one, nothing complains, some answers
# stay, and the score is merely lower than it could be. If your scores are oddly low, look at one picture first.
#
# A picture that cannot be read does complain. Such as one whose download stopped half-way:

# %%
import io
from textwrap import fill

stream = io.BytesIO()
Image.fromarray(tiles[2]).save(stream, "PNG")
broken = stream.getvalue()[: len(stream.getvalue()) // 2]
three = [tiles[0], broken, tiles[1]]
try:
    plip.encode_images(three)
except ValueError as error:
    print(fill(str(error), 78))
vectors, readable = plip.encode_images(three, skip_unreadable=True)
print(vectors.shape, readable)

# %% [markdown]
# The message tells the place in the list, counted from 0. A file would be told by its name; bytes have none, so their
# number stands there. With `skip_unreadable` the others are encoded, and a second array tells which they are.
#
# ### Writing too much
#
# CLIP reads 77 {term}`tokens <token>` of a text and not one more. A pathology report is longer. Two reports that differ
# only in their last sentence may be the same to the model. `PLIP` cuts as well, but it warns.

# %%
import warnings

filler = "Seen at low power, with artefacts of cutting. " * 12
report = "An H&E image of mucus. " + filler
two = [report + "No tumour.", report + "Adenocarcinoma."]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    benign, malignant = plip.encode_text(two)
print(fill(str(caught[0].message), 78))
print("same vector:", np.allclose(benign, malignant))

# %% tags=["claim", "remove-cell"]
claim("the model never saw it", np.abs(benign - malignant), "<", 1e-6)

# %% [markdown]
# The diagnosis stood at the end, as it does in many reports, and the model never saw it. **Put the important words
# first.**
#
# ## What costs time
#
# Pictures go through the model in a {term}`batch`. Its size changes the time, and the memory, but must not change a
# vector.

# %%
from time import perf_counter

moved = []
for batch_size in (1, 8, 32, 128):
    start = perf_counter()
    vectors = plip.encode_images(here * 4, batch_size)
    rate = len(vectors) / (perf_counter() - start)
    moved.append(np.abs(vectors[:100] - reference).max())
    print(f"batch {batch_size:4}: {rate:7.0f} pictures a second")
print(f"no vector moves by more than {max(moved):.0e}")

# %% tags=["claim", "remove-cell"]
claim("vectors are the same but for rounding", moved, "<", 1e-5)

# %% [markdown]
# Each call has a fixed cost, so one picture at a time is slow, and beyond a few little is gained: the processor is
# busy. On a GPU the curve goes on rising longer, until memory ends it. In all cases the first hundred vectors are
# the same but for rounding.
#
# Sentences have a trick of their own. The usual loop pads each one to 77 tokens, though most captions are far shorter.
# The padding stands *behind* the end of the sentence, and a token of CLIP sees only what stands before it. So `PLIP`
# sorts the captions by length and pads each batch to its own longest. We expect the same vectors in less time.

# %%
texts = [caption(name, seed=seed) for name in kinds for seed in range(60)]
start = perf_counter()
fast = exact.encode_text(texts)
middle = perf_counter()
whole = dict(padding="max_length", max_length=77, truncation=True)
padded = processor(text=texts, **whole, return_tensors="pt")["input_ids"]
with torch.inference_mode():
    parts = [model.get_text_features(x) for x in padded.split(32)]
slow = [part.pooler_output for part in parts]
ratio = (perf_counter() - middle) / (middle - start)
slow = torch.nn.functional.normalize(torch.cat(slow)).numpy()
print(f"{len(texts)} captions, {ratio:.1f} times faster")
print(f"the vectors differ by {np.abs(fast - slow).max():.0e}")

# %% tags=["claim", "remove-cell"]
claim("most captions are far shorter", (padded != padded[0, -1]).sum(1).median(), "<", 40)
claim("We expect the same vectors", np.abs(fast - slow), "<", 1e-4)

# %% [markdown]
# ## Two shortcuts
#
# For a quick look there are two methods that do everything at once. They keep the names they have in the published
# class.

# %%
two = ["An H&E image of fat", "An H&E image of a tumour"]
answers = plip.zero_shot_classification(tiles, two)
for tissue, answer in zip(names, answers):
    print(f"{tissue:25} -> {answer}")
asked = ["An H&E image of lymphocytes"]
best = plip.index(here).retrieval(asked, top_k=5)
found = [names[i // 20] for i in best[0]]
print("best five of", len(here), "tiles:")
print(found)

# %% tags=["claim", "remove-cell"]
claim("each tile got one of the two", answers, "in", two)
claim("The second looked for lymphocytes and found five", found, "==", "lymphocytes")

# %% [markdown]
# The first method had two sentences to choose from, so each tile got one of the two, whatever it shows. The second
# looked for lymphocytes and found five.
#
# ## The class that was published
#
# PLIP came with a class of the same name. Its methods and their arguments work here unchanged, so code that was written
# for it runs on. Why a new one, then? The old one was written in 2023, as a short example for the libraries of that year.
# We have typed its steps anew in `plip_tutorial.plip.released`, and go through them in five short cells. None of this touches
# the scores of the paper, which other code computed ({doc}`11_auditing_plip`).
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
sentences = exact.encode_text(prompts, normalize=False)
moved = np.abs(theirs.encode_text(prompts, 8) - sentences).max()
print(f"without it the sentence vectors are ours, up to {moved:.0e}")

# %% tags=["claim", "remove-cell"]
claim("Without that argument its sentence vectors are ours", moved, "<", 1e-4)

# %% [markdown]
# Without that argument its sentence vectors are ours. Its pictures are another matter, as the next but one shows.
#
# **It normalises one side of its cosine.** To find a label it normalises the picture, whose length does not matter
# there, and leaves the sentences as they are. So a long sentence vector has an advantage. To find pictures it does the
# opposite: long picture vectors have it. We count what that changes among our hundred tiles.

# %%
pictures = exact.encode_images(here, normalize=False)
right = exact.encode_images(here) @ exact.encode_text(prompts).T
theirs_by_tile = half_cosines(pictures, sentences)
changed = theirs_by_tile.argmax(1) != right.argmax(1)
kept = kept_among_ten(half_cosines(sentences, pictures), right.T)
lengths = np.linalg.norm(sentences, axis=1)
print(f"largest 'cosine': {theirs_by_tile.max():.2f}")
print(f"lengths of sentences from {lengths.min():.1f} to {lengths.max():.1f}")
print(f"tiles with another label: {changed.mean():.0%}")
print("of the ten best pictures of each sentence, kept:", kept)

# %% tags=["claim", "remove-cell"]
claim("A cosine is at most 1", theirs_by_tile.max(), ">", 1, margin=5)
claim("Hardly any label changed here, if one at all", changed.mean(), "<", 0.05)
claim("the five sentence vectors are of similar length", lengths.max() / lengths.min(), "<", 1.2)

# %% tags=["claim", "remove-cell"]
claim("Among the ten best pictures some were replaced", min(kept), "<", 10)

# %% [markdown]
# A cosine is at most 1. This number is a cosine times the length of the side that was left as it was. Did it do harm?
# Hardly any label changed here, if one at all, since the five sentence vectors are of similar length; other sentences
# may be less lucky. Among the ten best pictures some were replaced, as above under "Forgetting the length". It is the same fault.
#
# **It encodes JPEG pictures again.** It puts Pillow pictures into a `datasets` table. There, one that was opened from a
# JPEG stream, such as an upload, is compressed a second time. A picture with a file name, or one that was converted to
# RGB first, is spared.

# %%
stream = io.BytesIO()
Image.fromarray(tiles[2]).save(stream, "JPEG", quality=95, subsampling=0)
opened = lambda: Image.open(io.BytesIO(stream.getvalue()))
once = exact.encode_images([opened()])
twice = theirs.encode_images([opened()], 1)
cosine = (twice / np.linalg.norm(twice) @ once.T).item()
print(f"cosine to the vector of the picture as it was: {cosine:.4f}")

# %% tags=["claim", "remove-cell"]
claim("is compressed a second time", cosine, "<", 1, margin=1e-5)

# %% [markdown]
# **It hashes the model at each call.** `datasets` names what it computes after the function that computes it. Here the
# function holds the model, so all its weights are read and hashed before the first caption is embedded; 600 MB for the
# real PLIP. We time the second call for one short caption: the hashing, and the table that is built around it.

# %%
def seconds(work):
    """Of the second call; the first one warms up."""
    work()
    start = perf_counter()
    work()
    return perf_counter() - start

ours = seconds(lambda: exact.encode_text(["fat"], 1))
ratio = seconds(lambda: theirs.encode_text(["fat"], 1)) / ours
print(f"one caption takes it {ratio:.0f} times as long")

# %% [markdown]
# **It cannot retrieve.** Its method reads the vectors of the pictures from an attribute that nothing ever sets. Here
# `index` does.

# %%
try:
    theirs.retrieval(["An H&E image of lymphocytes"], 5)
except AttributeError as error:
    print("AttributeError:", error)

# %% [markdown]
# The first is age: the libraries moved on. The others are slips of the kind that every short script holds, and one test
# for each would have found them: a vector beside that of the plain library, a search that is called once, a clock. That
# is the lesson to take along, also for one's own scripts: try each method once, on odd input, and keep the try.
#
# ## Exercises
#
# :::{exercise} In and out of focus
# :label: ex-06-focus
#
# A tile that is out of focus shows the same tissue. Blur the five tiles with
# `scipy.ndimage.gaussian_filter(tile, (s, s, 0))` for several `s`, and print the cosine to the sharp tile and the label
# the model chooses. Which goes first, the cosine or the label?
# :::
#
# :::{solution-start} ex-06-focus
# :class: dropdown
# :::

# %%
from scipy.ndimage import gaussian_filter

table, same, kept = {}, {}, {}
for s in (0.5, 1, 2, 4):
    blurred = [gaussian_filter(tile, (s, s, 0)) for tile in tiles]
    vectors = plip.encode_images(blurred)
    same[s], new = (vectors * images).sum(1), (vectors @ words.T).argmax(1)
    kept[s] = new == chosen
    table[f"blur {s}"] = [
        f"{cosine:.2f}" + ("" if stays else f" -> {short[i]}")
        for cosine, stays, i in zip(same[s], kept[s], new)
    ]
pd.DataFrame(table, index=short)

# %% tags=["claim", "remove-cell"]
claim("The weakest blur does next to nothing", same[0.5], ">", 0.98)
claim("Then the lymphocytes are called muscle", table["blur 2"][1].split("-> ")[-1], "==", "muscle")

# %% tags=["claim", "remove-cell"]
claim("at a lower cosine still", same[2][1] - same[4][1], ">", 0, margin=0.03)
claim("they have their own name again", kept[4][1], "==", True)

# %% tags=["claim", "remove-cell"]
claim("the tumour, whose lead was the smallest, keeps its name longer", [kept[1][4], not kept[1][1]], "==", True)
claim("blur moves its vector far less", same[1][4] - same[1][1], ">", 0, margin=0.05)

# %% [markdown]
# An arrow marks a label that has changed. The weakest blur does next to nothing. Then the lymphocytes are called
# muscle; at the strongest blur, at a lower cosine still, they have their own name again. So the two do not go together:
# the cosine says how far a vector has moved, the label only asks which sentence is nearest now. Nor does a long lead
# protect: the tumour, whose lead was the smallest, keeps its name longer than the lymphocytes, because blur moves its
# vector far less.
#
# :::{solution-end}
# :::
#
# :::{exercise} How much of the sentence is read?
# :label: ex-06-words
#
# Encode "lymphocytes", "Lymphocytes", "lymphocytes.", "lymphocites" and "cells of the immune system", and compare each
# with the first. A cosine needs something to compare it with, so add "smooth muscle", another tissue, and "a photo of a
# dog". What does the model take for a different thing?
# :::
#
# :::{solution-start} ex-06-words
# :class: dropdown
# :::

# %%
variants = ["lymphocytes", "Lymphocytes", "lymphocytes.", "lymphocites",
            "cells of the immune system", "smooth muscle", "a photo of a dog"]
vectors = plip.encode_text(variants)
like = dict(zip(variants, vectors @ vectors[0]))
for variant, cosine in like.items():
    print(f"{cosine:.3f}  {variant}")

# %% tags=["claim", "remove-cell"]
claim("Capitals make no difference", like["Lymphocytes"], "about", 1, margin=1e-5)
claim("moves the vector a little", like["lymphocytes."], "between", (0.98, 0.9999))

# %% tags=["claim", "remove-cell"]
claim("A misspelt word, which falls into other tokens, moves it more", like["lymphocites"], "<", 0.98)
claim("a paraphrase moves it very far", like["lymphocites"] - like["cells of the immune system"], ">", 0.3)

# %% tags=["claim", "remove-cell"]
claim("In the tiny track the dog is about as near", like["a photo of a dog"] - like["cells of the immune system"],
      "about", 0.03, margin=0.1)
claim("smooth muscle hardly farther away", like["cells of the immune system"] - like["smooth muscle"],
      "between", (-0.03, 0.15))

# %% [markdown]
# Capitals make no difference: the {term}`tokenizer` lowers all letters. A full stop is a token and moves the vector a
# little. A misspelt word, which falls into other tokens, moves it more; a paraphrase moves it very far. Is the
# paraphrase understood, then? In the tiny track the dog is about as near, and smooth muscle hardly farther away. No
# caption of its training spoke of an immune system, and the word "immune" falls into scraps. So a cosine between two
# sentences does not show whether they mean the same.
#
# :::{solution-end}
# :::
#
# :::{exercise} Only two of the five
# :label: ex-06-two
#
# Without encoding anything again: what would the model say about each of the five tiles if only "mucus" and "smooth
# muscle" were on the list?
# :::
#
# :::{solution-start} ex-06-two
# :class: dropdown
# :::

# %%
print([phrases[2:4][i] for i in cosines[:, 2:4].argmax(1)])

# %% [markdown]
# The columns of a similarity table can be chosen freely afterwards. Each tile gets one of the two names, fitting or
# not.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - `encode_images` and `encode_text` give unit vectors in one space; their dot products are cosines.
# - The numbers in a vector mean nothing alone. Angles do, and only between comparable pairs.
# - It is an ordinary CLIP: `CLIPModel` and `CLIPProcessor` give the same result. Logits are cosines times the logit scale.
# - A softmax must choose. Channel order, and lengths that nobody took away, can change a result in silence.
# - The published class has a few faults; one short test for each shows them.
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
