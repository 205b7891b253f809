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
# # 10 · Using PLIP
#
# **What do you get for a picture and for a sentence, and which mistakes raise no error?**
#
# @way@
#
# - **Time:** @time@
# - **Learn:** to turn pictures and sentences into vectors, by hand and with the class `PLIP`, and to notice the mistakes
#   that nothing complains about.
# - **Need:** Python and a little `numpy`. {doc}`01_pairs_and_a_loss` explains where the common space of pictures and
#   words comes from; here we only use it.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% tags=["hide-input"] mystnb={"image": {"alt": "A tile of violet nuclei, and three small mosaics of red and blue squares: its code, and the codes of the sentences A and B."}, "figure": {"caption": "A picture, what PLIP makes of it, and what it makes of two sentences. One of them was posted with the picture. Can you see which?", "name": "fig-10-codes"}}
import numpy as np
from matplotlib import colormaps
from plip_tutorial import artifacts, microcosm, plots, tracks
from plip_tutorial.plip import PLIP

checkpoint = artifacts.checkpoint(tracks.current().plip)
plip, ours = PLIP(checkpoint), artifacts.followed(size=224)
two = ["Smooth muscle, spindle cells, no atypia", ours.text]
rows = *plip.encode_images([ours.image]), *plip.encode_text(two)
codes = [colormaps["RdBu"](0.5 + 2 * row.reshape(-1, 16)) for row in rows]
plots.gallery([ours.image, *codes], ["picture", "its code", "A", "B"])

# %% tags=["claim", "remove-cell"]
from plip_tutorial.studies.claims import Claims

claim = Claims("10_using_plip")

# %% [markdown]
# ## From pixels and letters to vectors
#
# **A CLIP has two towers, one for pictures and one for text, and both end in rows of the same length.** Such a row of
# numbers is an {term}`embedding`.
#
# The weights lie in a folder, a {term}`checkpoint`. The {term}`track` says which: in the full track it is the published
# `vinid/plip`, in the tiny one a small relative that this book has trained. Both are ordinary {term}`CLIP` models, so
# `transformers` loads them. A processor prepares what goes in.

# %%
import torch
from PIL import Image
from transformers import CLIPModel, CLIPProcessor

model = CLIPModel.from_pretrained(checkpoint).eval()
processor = CLIPProcessor.from_pretrained(checkpoint)
both = dict(images=[ours.image], text=[ours.text])
inputs = processor(**both, return_tensors="pt", padding=True)
for name, tensor in inputs.items():
    print(f"{name:15}", tuple(tensor.shape))

# %% [markdown]
# The picture is that of the pair which this book follows: a biopsy of the colon, and the line that was posted with it.
# We do by hand what the processor did: make the picture small, shift and stretch its three colours, and cut the
# sentence into {term}`tokens <token>`, words or pieces of words.

# %%
settings = processor.image_processor
side = settings.size["shortest_edge"]
small = ours.image.resize((side, side), settings.resample)
mean, std = np.array(settings.image_mean), np.array(settings.image_std)
values = ((np.asarray(small) / 255 - mean) / std).transpose(2, 0, 1)
apart = np.abs(values - inputs["pixel_values"][0].numpy()).max()
print(f"{ours.image.size} -> {small.size}, off by {apart:.0e}")
tokens = processor.tokenizer.tokenize(ours.text)
print(len(tokens), "tokens, such as", *tokens[6:14])

# %% tags=["claim", "remove-cell"]
claim("The pixel values are the same", apart, "<", 1e-5)
claim("mallignant falls into five pieces", tokens[7:12], "in", ["ma", "l", "li", "gn", "ant</w>"])

# %% [markdown]
# The pixel values are the same. With a mark before and one behind, the 32 tokens make the 34 from above; `</w>` ends a
# word. Look at the slip of the keyboard: in the tiny track *mallignant* falls into five pieces. Nothing complains.
#
# :::{figure} pictures/real_as_a_model_sees.webp
# :alt: The same square of real tissue twice. Left, fibres, single nuclei and frayed sheets are sharp. Right, it is a mosaic of 64 by 64 pixels in which a nucleus is a dark pixel or two.
# :name: fig-10-real
# :class: dark-light
# :width: 408px
#
# Real tissue, 0.2 millimetres wide, as scanned, and as the tiny models get it: 64 pixels a side. The published PLIP gets
# 224. Slide: CMU-1-Small-Region, test data of OpenSlide, CC0.
# :::

# Each tower gives one row. We divide it by its length. Such a {term}`unit vector` is a direction and nothing else.
# That makes comparison cheap: the {term}`dot product` of two of them is their {term}`cosine similarity`.

# %%
with torch.inference_mode():
    output = model(**inputs)
    image = model.get_image_features(pixel_values=inputs["pixel_values"])
    text = model.get_text_features(input_ids=inputs["input_ids"])
raw = np.vstack([image.pooler_output, text.pooler_output])
lengths = np.linalg.norm(raw, axis=1, keepdims=True)
unit = raw / lengths
print(raw.shape, "lengths", lengths.ravel().round(2))
print(f"cosine of picture and caption: {unit[0] @ unit[1]:.3f}")

# %% [markdown]
# ## The class `PLIP`
#
# **`encode_images` and `encode_text` do all of this in one call.** They take lists and give one unit vector for each
# item. We expect our own numbers. Hugging Face returns {term}`logits <logit>`, cosines times the {term}`logit scale`,
# a number that was learned in training.

# %%
exact = PLIP(checkpoint, precision="float32")  # a GPU's default is coarser
image = exact.encode_images([ours.image])
text = exact.encode_text([ours.text])
apart = np.abs(np.vstack([image, text]) - unit).max()
print(f"vectors differ by at most {apart:.0e}")
scale, cosine = exact.logit_scale, (image @ text.T).item()
logit = output.logits_per_image.item()
print(f"logit {logit:.3f} = {scale:.3f} x {cosine:.4f}")

# %% tags=["claim", "remove-cell"]
claim("Equal, up to rounding", apart, "<", 1e-4)
claim("Hugging Face returns logits, cosines times the logit scale", logit - scale * cosine, "about", 0, margin=1e-4)

# %% [markdown]
# Equal, up to rounding. The logit scale is one over the {term}`temperature`. It stretches all cosines alike, so it
# changes no decision.
#
# Is this cosine a large one? A number alone says nothing. We put others beside it: the caption with its slip
# corrected, and sentence A of the first figure. And we ask twenty fresh tiles of the same cancer about the same
# sentences. We expect the right spelling to fit at least as well as the wrong one.

# %%
cancer, size = "colorectal_adenocarcinoma", tracks.current().image_size
fresh = [microcosm.render_tile(cancer, seed=i, lab="J", size=size)
         for i in range(20)]
said = [ours.text, ours.text.replace("mallignant", "malignant"), two[0]]
told = exact.encode_text(said)
of_ours = (image @ told.T)[0]
of_fresh = exact.encode_images(fresh) @ told.T
for sentence, own, others in zip(said, of_ours, of_fresh.mean(0)):
    print(f"ours {own:5.2f}   fresh {others:5.2f}   {sentence[:38]}")
print("fresh tiles that prefer the slip:", sum(of_fresh.argmax(1) == 0))

# %% tags=["claim", "remove-cell"]
claim("Sentence A is far away", [of_ours[:2] - of_ours[2], of_fresh.mean(0)[:2] - of_fresh.mean(0)[2]], ">", 0.1)
claim("For most fresh tiles the right spelling fits better", np.mean(of_fresh[:, 1] > of_fresh[:, 0]), ">", 0.7)
claim("A few fresh tiles prefer the slip as well", np.sum(of_fresh.argmax(1) == 0), ">", 0)

# %% tags=["claim", "remove-cell"]
claim("for ours the slip does", of_ours[0] - of_ours[1], ">", 0.03)

# %% [markdown]
# Sentence A is far away, so it was B that was posted with the picture. For most fresh tiles the right spelling fits
# better; for ours the slip does. This pair was in the training, so the model may know it by heart, slip and all. A
# few fresh tiles prefer the slip as well, so one pair does not prove it. But a good cosine on training data proves
# nothing either.
#
# ## A table of cosines
#
# **All comparisons at once are one matrix product.** We take five tiles of different tissue, as a laboratory called J
# would stain and scan them, and a sentence for each. No model of this book was trained on pictures from J.

# %%
names = ["adipose", "lymphocytes", "mucus", "smooth_muscle", cancer]
phrases = [microcosm.TISSUES[name].phrase for name in names]

def render(name, seed, lab="J"):
    return microcosm.render_tile(name, seed=seed, lab=lab, size=size)

tiles = [render(name, 7) for name in names]
prompts = [f"An H&E image of {phrase}" for phrase in phrases]
images, words = exact.encode_images(tiles), exact.encode_text(prompts)
cosines = images @ words.T  # (5, 5)

# %% [markdown]
# We expect the largest numbers on the diagonal, where a tile meets its own sentence.

# %% mystnb={"image": {"alt": "A five by five table: rows are tiles, columns are sentences; each cell holds a cosine similarity."}, "figure": {"caption": "Cosine similarity of every tile (row) with every sentence (column).", "name": "fig-10-cosines"}}
second_best, best = np.sort(cosines, axis=1)[:, -2:].T
chosen, lead = cosines.argmax(1), best - second_best
for name, i, by in zip(names, chosen, lead):
    print(f"{name:25} -> {phrases[i]:36} lead {by:.2f}")
short = [name.split("_")[-1] for name in names]
plots.heatmap(cosines, rows=short, columns=short, images=tiles)

# %% tags=["claim", "remove-cell"]
claim("all five tiles get their own sentence", chosen - np.arange(5), "==", 0)
claim("the tumour has the smallest lead by far", lead[:4], ">", lead[4], margin=0.05)
claim("even the best match stays well below 1", best, "<", 1, margin=0.1)

# %% [markdown]
# Read it row by row: for each tile, the darkest cell is the sentence the model would choose. In the tiny track all five
# tiles get their own sentence. But the tumour has the smallest lead by far: the name alone does not show how narrow it
# was. The numbers are no probabilities, and even the best match stays well below 1.
#
# ## Only angles count
#
# **The coordinates of a vector carry no meaning of their own; only angles do.** It is tempting to ask which of the
# numbers stands for nuclei. None does. To see why, turn the whole space by a random rotation. Every number changes. We
# expect the cosines to stay what they were.

# %%
random = np.random.default_rng(0).normal(size=(exact.dim, exact.dim))
turn, _ = np.linalg.qr(random)
turned_images, turned_words = images @ turn, words @ turn
print("before:", images[0, :6].round(3))
print("turned:", turned_images[0, :6].round(3))
moved = np.abs(turned_images @ turned_words.T - cosines).max()
print(f"largest change of a cosine: {moved:.0e}")

# %% tags=["claim", "remove-cell"]
claim("Every number changes", np.abs(turned_images - images), ">", 0)
claim("The change is rounding error", moved, "<", 1e-5)

# %% [markdown]
# The change is rounding error. An embedding is a place among other places, like a house that is described by its
# distances to all others.
#
# A model that sees tissue and not laboratories should put a tile after a quarter turn nearest, then the same tissue in
# another laboratory, then other tissue in the same laboratory.

# %%
def twenty(names, lab, start):
    return [render(n, start + i, lab) for n in names for i in range(20)]

here, near = twenty(names, "J", 0), {}
reference = exact.encode_images(here)
others = {"quarter turn": [np.rot90(tile) for tile in here],
          "same tissue, lab K": twenty(names, "K", 100),
          "other tissue, lab J": twenty(names[1:] + names[:1], "J", 200)}
for what, other in others.items():
    near[what] = (reference * exact.encode_images(other)).sum(1).mean()
    print(f"{what:20} {near[what]:.3f}")

# %% tags=["claim", "remove-cell"]
claim("they stand in the order we hoped for", np.diff(list(near.values())), "<", 0, margin=0.05)

# %% [markdown]
# These are means over a hundred pairs, and they stand in the order we hoped for. Run the test with pictures of your own
# department ({doc}`bring_your_own_tiles`). {doc}`16_another_laboratory` looks at scanners closely.
#
# ## Pictures and words keep apart
#
# **Pictures and texts keep to regions of their own, a {term}`modality gap`.** We take all tissues of the microcosm,
# each with several tiles and two sentences. The last column is the distance between the means of two sets. If it made
# no difference what is a picture, each column would hold much the same number in all three lines.

# %%
kinds = list(microcosm.TISSUES)
same = np.tile(np.eye(len(kinds), dtype=bool), (4, 4))

def draw(start):
    pairs = [(kind, start + i) for i in range(4) for kind in kinds]
    return exact.encode_images([render(kind, i) for kind, i in pairs])

def write(form):
    texts = [form.format(microcosm.TISSUES[kind].phrase) for kind in kinds]
    return np.tile(exact.encode_text(texts), (4, 1))

# %%
pictures, sentences = draw(500), write("An H&E image of {}")
pairs = {"two pictures": (pictures, draw(600)),
         "two sentences": (sentences, write("A micrograph of {}")),
         "one of each": (pictures, sentences)}
gap = {}
print(f"{'same tissue':>26}{'other tissue':>15}{'means apart':>14}")
for what, (one, two) in pairs.items():
    cosine, apart = one @ two.T, np.linalg.norm(one.mean(0) - two.mean(0))
    gap[what] = cosine[same].mean(), cosine[~same].mean(), apart
    print(f"{what:15}{gap[what][0]:11.2f}{gap[what][1]:15.2f}{apart:14.2f}")

# %% tags=["claim", "remove-cell"]
claim("a picture is farther from a sentence than two pictures are from each other",
      np.subtract(gap["two pictures"], gap["one of each"])[:2], ">", 0, margin=0.02)
claim("or two sentences", np.subtract(gap["two sentences"], gap["one of each"])[:2], ">", 0.05)

# %% tags=["claim", "remove-cell"]
claim("the mean of the pictures lies far from the mean of the sentences", gap["one of each"][2], ">", 0.3)
claim("two means of pictures, or of sentences, lie close together",
      [gap["two pictures"][2], gap["two sentences"][2]], "<", 0.2)
claim("a picture is still closer to its own sentence than to a picture of other tissue",
      gap["one of each"][0] - gap["two pictures"][1], ">", 0, margin=0.05)

# %% [markdown]
# It does make a difference. In the first two columns a picture is farther from a sentence than two pictures are from
# each other, or two sentences. And the mean of the pictures lies far from the mean of the sentences, while two means of
# pictures, or of sentences, lie close together. In the tiny track the gap is a mild one: a picture is still closer to
# its own sentence than to a picture of other tissue. Compare like with like: one picture with several sentences, or one
# sentence with several pictures.
#
# ## Mistakes that raise no error
#
# **Each of the next calls gives a clean answer, and it is not the answer to your question.**
#
# *Believing the softmax.* A {term}`softmax` turns logits into numbers that add up to 100%. It has no way to say "none
# of these". So offer the tile of mucus a choice without mucus.

# %%
def softmax(cosines):
    powers = np.exp(scale * cosines)
    return powers / powers.sum(1, keepdims=True)

print("right sentence:", np.diag(softmax(cosines)).round(2))
wrong = ["An H&E image of smooth muscle", "A wall of bricks", "A group photo"]
shares = softmax(images[[2]] @ exact.encode_text(wrong).T)[0]
for sentence, share in zip(wrong, shares):
    print(f"{share:6.1%}  {sentence}")

# %% tags=["claim", "remove-cell"]
claim("each of the first four tiles has more than 80% for its own sentence", np.diag(softmax(cosines))[:4], ">", 0.8)
claim("the mucus is called a wall of bricks, with a share that many would trust", shares[1], ">", 0.7)

# %% [markdown]
# In the tiny track each of the first four tiles has more than 80% for its own sentence. Below them stand three wrong
# sentences, and the mucus is called a wall of bricks, with a share that many would trust. The model cannot abstain.
# A high share means "better than the other sentences on the list", never "true".
#
# *Forgetting the length.* With `normalize=False` you get the rows as the network made them. Their lengths differ from
# picture to picture, for reasons that have nothing to do with your question.

# %%
long = exact.encode_images(here, normalize=False)
lengths = np.linalg.norm(long, axis=1)
print(f"lengths from {lengths.min():.2f} to {lengths.max():.2f}")
labels = (long @ words.T).argmax(1), (reference @ words.T).argmax(1)
print(f"same label: {(labels[0] == labels[1]).mean():.0%}")
tens = [np.argsort(-(words @ x.T))[:, :10] for x in (long, reference)]
kept = [len(set(a) & set(b)) for a, b in zip(*tens)]
print("of the ten best pictures of each sentence, kept:", kept)

# %% tags=["claim", "remove-cell"]
claim("Their lengths differ from picture to picture", lengths.max() / lengths.min(), ">", 1.2)
claim("no label changed", labels[0] - labels[1], "==", 0)
claim("some of the ten best are replaced", min(kept), "<", 10)

# %% [markdown]
# A label for a picture is safe: its length is the same factor for all sentences, and no label changed. A search for
# *pictures* is not: a long vector pushes its picture up, and some of the ten best are replaced.
#
# *Handing over another picture than you think.* `encode_images` takes paths, bytes, Pillow images and arrays of any
# mode. Here are the five tiles in four costumes. In the second one, fat and lymphocytes stand at the sides of each
# tile. We expect the first to change nothing, and the others to change the vectors.

# %%
costumes = {"RGBA": lambda x: Image.fromarray(x).convert("RGBA"),
            "wide": lambda x: np.hstack([tiles[0], x, tiles[1]]),
            "grey": lambda x: Image.fromarray(x).convert("L"),
            "BGR": lambda x: x[..., ::-1]}
like, lost = {}, {}
for what, dress in costumes.items():
    vectors = exact.encode_images([dress(tile) for tile in tiles])
    like[what] = (vectors * images).sum(1)
    lost[what] = (vectors @ words.T).argmax(1) != chosen
    print(f"{what:5}", like[what].round(2), *np.array(short)[lost[what]])

# %% tags=["claim", "remove-cell"]
claim("The tile with an alpha channel is the same picture", like["RGBA"], ">", 0.9999)
claim("So is the wide one", like["wide"], ">", 0.9999)
claim("Grey and swapped channels move the muscle far", [like["grey"][3], like["BGR"][3]], "<", 0.6)

# %% tags=["claim", "remove-cell"]
claim("Without colour the muscle and the tumour get another name", lost["grey"][3:], "==", True)
claim("the other three keep theirs", lost["grey"][:3], "==", False)
claim("With swapped channels lymphocytes and mucus keep their name", lost["BGR"][1:3], "==", False)

# %% tags=["claim", "remove-cell"]
claim("some answers stay, and the score is merely lower", lost["BGR"].mean(), "between", (0.2, 0.8))

# %% [markdown]
# Each line has the cosines to the plain tiles and the tiles that lost their name. The tile with an alpha channel is the
# same picture. So is the wide one, and that is bad news: two thirds of it are fat and lymphocytes, but the processor
# keeps the square in the middle and drops the rest. Cut wide pictures yourself.
#
# Grey and swapped channels move the muscle far. Without colour the muscle and the tumour get another name, the other
# three keep theirs. In the last line the channels come in the order blue, green, red, as OpenCV reads them. With
# swapped channels lymphocytes and mucus keep their name. That makes it a trap: nothing complains, some answers stay,
# and the score is merely lower than it could be. If your scores are oddly low, look at one picture first.
#
# *Writing too much.* CLIP reads 77 tokens of a text and not one more. `PLIP` cuts as well, but it warns.

# %%
import warnings
from textwrap import fill

report = "Mucus. " + "Seen at low power, with artefacts of cutting. " * 12
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    benign, malignant = exact.encode_text(
        [report + "No tumour.", report + "Adenocarcinoma."])
print(fill(str(caught[0].message), 78))
print("same vector:", np.allclose(benign, malignant))

# %% tags=["claim", "remove-cell"]
claim("the model never saw it", np.abs(benign - malignant), "<", 1e-6)

# %% [markdown]
# The diagnosis stood at the end, as it does in many reports, and the model never saw it. Put the important words
# first.
#
# ## Batches, files and errors
#
# **Pictures go through the model in a {term}`batch`; its size changes the time and the memory, but no vector.** Each
# call has a fixed cost that a batch shares.

# %%
import tempfile
from pathlib import Path
from time import perf_counter

moved = {}
for n in (1, 8, 32, 128):
    start = perf_counter()
    moved[n] = np.abs(exact.encode_images(here, n) - reference).max()
    rate = len(here) / (perf_counter() - start)
    print(f"batch {n:4}: {rate:4.0f} pictures/s, off by {moved[n]:.0e}")

# %% tags=["claim", "remove-cell"]
claim("its size changes the time and the memory, but no vector", moved, "<", 1e-5)

# %% [markdown]
# A processor gains little beyond a small batch, a GPU gains until memory ends it.
#
# One of five files is a download that stopped half-way; we expect to be told which.

# %%
folder = Path(tempfile.mkdtemp())
for name, tile in zip(short, tiles):
    Image.fromarray(tile).save(folder / f"{name}.png")
files = sorted(folder.glob("*.png"))
files[2].write_bytes(files[2].read_bytes()[:99])
try:
    exact.encode_images(files)
except ValueError as error:
    print(fill(str(error).replace(f"{folder}/", ""), 78))
print(exact.encode_images(files, skip_unreadable=True)[1])

# %% [markdown]
# Counted from 0, image 2 is the third. With `skip_unreadable` the others are encoded, and a second array tells which
# they are.
#
# ## Exercises
#
# :::{exercise} In and out of focus
# :label: ex-10-focus
#
# A tile that is out of focus shows the same tissue. Blur the five tiles with
# `scipy.ndimage.gaussian_filter(tile, (s, s, 0))` for `s` of 0.5, 1, 2 and 4, and compare the labels with `chosen`. Put
# the smallest `s` at which a tile loses its name into `answer`.
# :::
#
# :::{solution-start} ex-10-focus
# :class: dropdown
# :::

# %%
from scipy.ndimage import gaussian_filter

like, lost = {}, {}
for s in (0.5, 1, 2, 4):
    blurred = [gaussian_filter(tile, (s, s, 0)) for tile in tiles]
    vectors = exact.encode_images(blurred)
    like[s] = (vectors * images).sum(1)
    lost[s] = (vectors @ words.T).argmax(1) != chosen
    print(f"{s:3}", like[s].round(2), *np.array(short)[lost[s]])
answer = next(s for s in lost if lost[s].any())

# %% tags=["claim", "remove-cell"]
claim("The weakest blur does next to nothing", like[0.5], ">", 0.98)
claim("Then the fat and the lymphocytes lose their names", [lost[1][:2], lost[2][:2]], "==", True)
claim("they have them again, at lower cosines", lost[4][:2], "==", False)

# %% tags=["claim", "remove-cell"]
claim("again, at lower cosines", (like[2] - like[4])[:2], ">", 0.03)
claim("The tumour, whose lead was the smallest, keeps its name longer", [lost[2][4], not lost[4][4]], "==", False)
claim("because blur moves its vector less", like[1][4] - like[1][:2], ">", 0.05)

# %% [markdown]
# The weakest blur does next to nothing. Then the fat and the lymphocytes lose their names; at the strongest blur they
# have them again, at lower cosines. So the two do not go together: the cosine says how far a vector has moved, the
# label only asks which sentence is nearest now. The tumour, whose lead was the smallest, keeps its name longer, because
# blur moves its vector less.
#
# :::{solution-end}
# :::
#
# :::{exercise} How much of the sentence is read?
# :label: ex-10-words
#
# Encode "lymphocytes", "Lymphocytes", "lymphocytes.", "lymphocites", "cells of the immune system", "smooth muscle" and
# "a photo of a dog". Put the cosines to the first into a list `answer`. What does the model take for a different thing?
# :::
#
# :::{solution-start} ex-10-words
# :class: dropdown
# :::

# %%
variants = ["lymphocytes", "Lymphocytes", "lymphocytes.", "lymphocites",
            "cells of the immune system", "smooth muscle", "a photo of a dog"]
vectors = exact.encode_text(variants)
answer = [float(cosine) for cosine in vectors @ vectors[0]]
for variant, cosine in zip(variants, answer):
    print(f"{cosine:.3f}  {variant}")

# %% tags=["claim", "remove-cell"]
claim("Capitals make no difference", answer[1], "about", 1, margin=1e-5)
claim("moves the vector a little", answer[2], "between", (0.98, 0.9999))
claim("A misspelt word, which falls into other tokens, moves it more", answer[3], "<", 0.98)

# %% tags=["claim", "remove-cell"]
claim("a paraphrase moves it very far", answer[3] - answer[4], ">", 0.3)
claim("In the tiny track the dog is about as near", answer[6] - answer[4], "about", 0.03, margin=0.1)

# %% [markdown]
# Capitals make no difference: the {term}`tokenizer` lowers all letters. A full stop is a token and moves the vector a
# little. A misspelt word, which falls into other tokens, moves it more; a paraphrase moves it very far. Is the
# paraphrase understood, then? In the tiny track the dog is about as near. No caption of its training spoke of an immune
# system. So a cosine between two sentences does not show whether they mean the same.
#
# :::{solution-end}
# :::
#
# :::{exercise} Above ninety per cent
# :label: ex-10-archive
#
# A colleague labels wide photographs for a teaching archive: five sentences, the best one is stored if its share is
# above 90%, and no error was ever raised. In three or four sentences: do you let the tool run, and what do you test
# first?
# :::
#
# :::{solution-start} ex-10-archive
# :class: dropdown
# :::
#
# Not yet. A share compares five sentences, so tissue that is on no list may get a high one, too: show some, and see
# what is stored. Only the middle of a wide photograph is read, so cut it. Take one picture whose vector was made
# rightly and compare, to find swapped channels. Then let a pathologist count how many stored labels are right.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - `encode_images` and `encode_text` give unit vectors in one space; their dot products are cosines.
# - Only angles mean something, and only between comparable pairs: one picture with several sentences, or the reverse.
# - A softmax must choose; a wrong picture, a cut sentence or a forgotten length changes a result in silence.
#
# ## What comes next
#
# {doc}`11_zero_shot` turns the table of cosines into a classifier, and asks how good it is. Code for the class of 2023:
# {doc}`released_class`.
#
# ## References
#
# The model is PLIP {cite}`huang2023plip`, its ancestor CLIP {cite}`radford2021clip`.
#
# :::{bibliography}
# :filter: docname in docnames
# :::
