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
# # The memory of a GPU
#
# **What fills the memory of a GPU in training, and what can you do about it?**
#
# - **Time:** @time@
# - **Learn:** to count what a training needs, and five ways to need less.
# - **Need:** the training loop of {doc}`one fine-tuning run <07_fine_tuning>` and the gradient cache of {doc}`large batches <08_large_batches>`. No GPU: all is counted.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% tags=["claim", "remove-cell"]
from plip_tutorial.studies.claims import Claims

claim = Claims("memory_of_a_gpu")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Six times the same tumour of the colon. In each picture half of the small squares is white, other ones each time; purple glands and pale stroma show between them."}, "figure": {"caption": "What a model reads of one picture at six steps, when half of the patches are left out. White squares cost no memory.", "name": "fig-memory-patches"}}
import numpy as np
from plip_tutorial import artifacts, plots
from plip_tutorial.finetune.data import kept_patches
ours, seen = artifacts.followed(), []
for step in range(6):
    kept = kept_patches(64, 0.5, seed=0, step=step, total=1)
    white = np.isin(np.arange(64), kept, invert=True).reshape(8, 8)
    hidden = white.repeat(8, axis=0).repeat(8, axis=1)[..., None]
    seen.append(np.where(hidden, 255, ours.image).astype(np.uint8))
plots.gallery(seen, [f"step {step}" for step in range(6)], columns=3)

# %% [markdown]
# ## Four things want room
#
# **Weights and optimizer take 16 bytes a weight; everything else grows with the batch.**
#
# A weight is a number of four bytes in float32. So is its gradient, and so are the two running averages that AdamW
# keeps for it: 16 bytes, whatever the batch. Then there are the pictures of the batch, and the *activations*: what each
# layer computed and has to keep for the way back. They grow with the pairs that go through the encoders at once.
#
# All of it can be counted without a GPU, on tensors that have a shape and no contents. We take ViT-B/32, the size of
# the published PLIP, and count what autograd, torch's `backward`, keeps for two pairs and for three. ViT-B/32 cuts a
# picture into 49 squares, the *patches*. The difference is the price of a pair.

# %%
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import CLIPConfig, CLIPModel

with FakeTensorMode(allow_non_fake_inputs=True):
    model = CLIPModel(CLIPConfig()).train()
weights = model.num_parameters()
print(f"{weights:,} weights, 16 bytes each: {16 * weights / 1e9:.1f} GB")

# %%
from plip_tutorial.finetune import gradcache
from plip_tutorial.finetune.data import reading

def waiting(n, half=False, patches=49):
    places = torch.arange(patches).expand(n, patches)
    with (gradcache.kept_activations(model.parameters()) as kept,
          reading(model.vision_model.embeddings, places),
          torch.autocast("cpu", torch.bfloat16, enabled=half)):
        both = (model.get_text_features(torch.ones(n, 77, dtype=int)),
                model.get_image_features(torch.ones(n, 3, 224, 224)))
    return kept.peak

# %%
pair = {}
with FakeTensorMode(allow_non_fake_inputs=True):
    for half, patches in ((False, 49), (True, 49), (False, 24)):
        more, fewer = waiting(3, half, patches), waiting(2, half, patches)
        pair[half, patches] = (more - fewer) / 1e6
print(f"a pair {pair[False, 49]:.0f} MB; in half precision",
      f"{pair[True, 49]:.0f} MB; with half of the patches",
      f"{pair[False, 24]:.0f} MB")

# %% [markdown]
# A free Colab GPU, a T4, has 15 GB. One gigabyte is set aside for what a GPU's libraries take, and that is a guess. All
# else in the table is computed, not measured on a T4 (`benchmarks/gpu_memory.py` does it):
#
# | model | weights and optimizer | activations of a pair | batch in one go | batch in chunks of 32 |
# | --- | --- | --- | --- | --- |
# | ViT-B/32, float32 | 2.4 GB | 76 MB | 149 | 6,755 |
# | ViT-B/32, fp16 | 2.4 GB | 46 MB | 240 | 7,282 |
# | ViT-L/14, float32 | 6.8 GB | 566 MB | 12 | 0 |
# | ViT-L/14, fp16 | 6.8 GB | 340 MB | 18 | 0 |

# %% tags=["claim", "remove-cell"]
claim("ViT-B/32, float32 | 2.4 GB | 76 MB | 149", pair[False, 49], "about", 76, margin=1)
claim("ViT-B/32, fp16 | 2.4 GB | 46 MB | 240", pair[True, 49], "about", 46, margin=1)
claim("take 16 bytes a weight", 16 * weights / 1e9, "about", 2.4, margin=0.05)

# %% tags=["claim", "remove-cell"]
claim("Half precision makes the activations smaller, though not by half",
      pair[True, 49] / pair[False, 49], "between", (0.52, 0.7))
claim("in ViT-B/32 it saves a quarter", 1 - pair[False, 24] / pair[False, 49], "about", 0.25, margin=0.03)
claim("saves a quarter of a pair, not half of it", 1 - pair[False, 24] / pair[False, 49], "about", 0.25, margin=0.03)

# %% [markdown]
# In one go the activations of all pairs wait for the way back. In chunks only those of one chunk do, and what fills the
# memory is the pictures of the batch. That is the first way to need less, and the best: the gradient stays the same
# ({doc}`large batches <08_large_batches>`). A 0 means that not even one chunk of this size fits; then take smaller
# chunks.
#
# You need not trust the table: when the memory of the GPU is full, `finetune` does the step again in chunks of half the
# size, says so, and goes on with these.
#
# ## Mixed precision
#
# **Half precision makes the activations smaller, though not by half, and leaves the weights as they were.**
#
# *Mixed* means: the large products are computed in two bytes, while weights, their averages and the loss stay in four.
# There are two kinds of two bytes, float16 (fp16) and bfloat16 (bf16), and they fail in different ways. Look at a tiny
# gradient, a large number, and a number a little above 1. We expect each kind to lose something.

# %%
for kind in (torch.float32, torch.float16, torch.bfloat16):
    numbers = torch.tensor([1e-8, 1e5, 1 + 1 / 300]).to(kind)
    tiny, large, near = numbers.tolist()
    print(f"{str(kind):15} {tiny:8.1e} {large:10.0f} {near:.4f}")

# %% tags=["claim", "remove-cell"]
claim("fp16 makes 0 of the tiny gradient", torch.tensor(1e-8).half().item(), "==", 0)
claim("infinity of the large number", torch.tensor(1e5).half().item(), "==", float("inf"))
claim("the large one roughly, and rounds the third to 1", torch.tensor(1 + 1 / 300).bfloat16().item(), "==", 1)

# %% [markdown]
# fp16 makes 0 of the tiny gradient and infinity of the large number. So with fp16 the loss is multiplied by a large
# factor before the way back, the gradients are divided by it afterwards, and a step with an infinite one is skipped and
# the factor lowered. bf16 keeps both, the large one roughly, and rounds the third to 1: it is coarse, but needs no
# factor. The T4 computes only fp16 in hardware. With `precision="auto"` bf16 is taken where the hardware has it, fp16
# on older GPUs, and float32 without a GPU.
#
# ## Leaving patches out
#
# **Half of the patches saves a quarter of a pair, not half of it.**
#
# With `patch_dropout=0.5` half of the patches of each picture, other ones at each step, are never read (the idea of
# FLIP {cite}`li2023flip`). Above we counted: in ViT-B/32 it saves a quarter of a pair, since captions keep activations,
# too, and none of theirs is left out. The tiny track leaves patches out as well, for time.
#
# Is the caption still true of what is left? Our pair shows glands of a tumour. We let the finished tiny PLIP name its
# picture 40 times with half of the patches, other ones each time.

# %%
from plip_tutorial import PLIP, microcosm, zero_shot

plip, named = PLIP(artifacts.tiny_plip()), []
codes, phrases = zip(*microcosm.PHRASES["micro-kather"].items())
words = zero_shot.classifier(plip, phrases, "An H&E image of {}")
for step in range(40):
    kept = kept_patches(64, 0.5, seed=0, step=step, total=1)
    with reading(plip.model.vision_model.embeddings, kept):
        vector = plip.encode_images([ours.image])
    named.append(codes[(vector @ words.T).argmax()])
print({code: named.count(code) for code in set(named)})

# %% tags=["claim", "remove-cell"]
claim("It is called a tumour (TUM) each time", named.count("TUM"), "==", 40)

# %% [markdown]
# It is called a tumour (`TUM`) each time. Our tissues are textures, and half a texture is a texture. Where a caption
# hangs on one cell, such as a mitosis, leave this switch at 0: half of the time the cell would not be there.
#
# ## Frozen parts
#
# **A frozen weight costs 4 bytes instead of 16.**
#
# A {term}`frozen` weight is read and never moved: it needs no gradient and no averages. With
# `freeze=("text_model", "text_projection")` only the pictures learn.

# %%
with FakeTensorMode(allow_non_fake_inputs=True):
    words = [p.requires_grad_(False) for name, p in model.named_parameters()
             if name.startswith("text_")]
    pictures_only = (waiting(3) - waiting(2)) / 1e6
frozen = sum(p.numel() for p in words)
print(f"{frozen / weights:.0%} of the weights are frozen:",
      f"{(16 * weights - 12 * frozen) / 1e9:.2f} GB,",
      f"and {pictures_only:.0f} MB for a pair")

# %% tags=["claim", "remove-cell"]
claim("Four in ten weights of ViT-B/32 belong to the words", frozen / weights, "about", 0.42, margin=0.03)
claim("a pair keeps half of its activations", pictures_only / pair[False, 49], "about", 0.5, margin=0.05)

# %% [markdown]
# Four in ten weights of ViT-B/32 belong to the words, and without theirs a pair keeps half of its activations. But
# captions of pathology use words that everyday captions never used, and a frozen encoder cannot give them new places.
# Freeze only what knows its subject.
#
# ## Corrections of low rank
#
# **LoRA trains a few numbers beside each matrix, and begins with the model as it was.**
#
# There is a way in between {cite}`hu2022lora`. All weights stay as they are. Beside each matrix $W$ of $d \times d$ we
# train two thin ones, $A$ of $r \times d$ and $B$ of $d \times r$, and compute with $W + 2BA$ (the 2 is a common
# choice). $B$ begins at 0, so that at first nothing changes. This is {term}`LoRA`.

# %%
from torch import nn

class Corrected(nn.Module):
    def __init__(self, layer, rank=4):
        super().__init__()
        self.layer, into, out = layer, layer.in_features, layer.out_features
        self.A = nn.Parameter(torch.randn(rank, into) / into**0.5)
        self.B = nn.Parameter(torch.zeros(out, rank))
    def forward(self, x):
        return self.layer(x) + 2 * x @ self.A.T @ self.B.T

# %%
torch.manual_seed(0)
tiny = PLIP(artifacts.tiny_clip(), device="cpu").model.requires_grad_(False)
LAYERS = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")
places = [(parent, name) for parent in tiny.modules()
          for name, _ in parent.named_children() if name in LAYERS]
for parent, name in places:
    setattr(parent, name, Corrected(getattr(parent, name)))
moving = [p for p in tiny.parameters() if p.requires_grad]
share = sum(p.numel() for p in moving) / tiny.num_parameters()
print(f"{len(places)} matrices; {share:.1%} of all numbers move")

# %% [markdown]
# Now a training of twelve steps, on 64 pairs of the corpus that meet each time. It is no test of the model, only of the
# corrections: we expect the loss to fall though no weight moves.

# %%
from plip_tutorial import contrastive
from plip_tutorial.finetune import as_tensors

pairs = artifacts.corpus().select(range(64))
feed = as_tensors(pairs, plip.processor, tiny.config.text_config)
batch = feed.batch(np.arange(64), feed.pictures.float())
optimizer, losses = torch.optim.AdamW(moving, lr=3e-3), []

def vectors():
    images = tiny.get_image_features(pixel_values=batch.pixels).pooler_output
    texts = tiny.get_text_features(input_ids=batch.tokens).pooler_output
    return nn.functional.normalize(images), nn.functional.normalize(texts)

# %%
for step in range(12):
    loss = contrastive.clip_loss(*vectors(), tiny.logit_scale,
                                 groups=feed.groups)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print(f"loss {losses[0]:.2f} -> {losses[-1]:.2f}")

# %% [markdown]
# At the end the corrections are added in: what comes out is a plain CLIP, and whoever loads it needs nothing else.

# %%
with torch.no_grad():
    before = vectors()[0]
    for parent, name in places:
        one = getattr(parent, name)
        one.layer.weight += 2 * one.B @ one.A
        setattr(parent, name, one.layer)
    off = (before - vectors()[0]).abs().max().item()
print(f"largest change of a vector: {off:.0e}")

# %% tags=["claim", "remove-cell"]
claim("the loss ends just below ln(64)", losses[-1], "between", (3.75, 4.16))
claim("so far the model has lost its wrong certainty", losses[0] - losses[-1], ">", 1)

# %% tags=["claim", "remove-cell"]
claim("the loss has fallen", losses[0] - losses[-1], ">", 0.05)
claim("the vectors are the same up to rounding", off, "<", 1e-4)
claim("less than one number in twenty moves", share, "<", 0.05)

# %% [markdown]
# In the tiny model less than one number in twenty moves, the loss has fallen, and after merging the vectors are the
# same up to rounding. But the loss ends just below ln(64), 4.16: so far the model has lost its wrong certainty, and
# learnt hardly anything. In the package it is one setting, `lora_rank=4`; it needs the library peft (`pip install
# "plip-tutorial[lora]"`). The saving is in the optimizer only: the activations wait as before, since the gradient still
# has to pass through each layer.
#
# ## Exercises
#
# :::{exercise} How many pairs?
# :label: ex-memory-pairs
#
# Of 15 GB one is set aside. ViT-B/32 has 151,277,313 weights, a pair keeps 76 MB of activations, and its picture takes
# 1.35 MB. With LoRA of rank 4 only 1,105,920 further numbers are trained. How many pairs fit in one go?
# :::
#
# :::{solution-start} ex-memory-pairs
# :class: dropdown
# :::

# %%
state = 4 * 151_277_313 + 16 * 1_105_920
answer = int((14e9 - state) / (76e6 + 1.35e6))
print(f"{answer} pairs instead of 149")

# %% tags=["claim", "remove-cell"]
claim("Only 15% more pairs", answer / 149 - 1, "about", 0.15, margin=0.01)
claim("it is the activations that fill the memory", 149 * pair[False, 49] / 1000 / 14, ">", 0.7)

# %% [markdown]
# Only 15% more pairs: in ViT-B/32 it is the activations that fill the memory, and LoRA does not touch them.
#
# :::{solution-end}
# :::
#
# :::{exercise} A higher rank
# :label: ex-memory-rank
#
# At which rank does a correction of a matrix of 768 times 768 have as many numbers as the matrix itself?
# :::
#
# :::{solution-start} ex-memory-rank
# :class: dropdown
# :::

# %%
answer = 768 * 768 // (768 + 768)
print(f"rank {answer}")

# %% [markdown]
# At half its width. Useful ranks are far below: 4, 8, 16.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - Weights and optimizer take 16 bytes a weight; activations grow with the pairs that are embedded at once.
# - Chunks keep the gradient as it is; every other way changes what is computed, or what can be learnt.
# - Count first: what fills the memory decides what helps.
#
# ## What comes next
#
# After the batch come the other settings: {doc}`many models compared <09_many_models>`.
#
# ## References
#
# Leaving out patches comes from {cite}`li2023flip`, corrections of low rank from {cite}`hu2022lora`.
#
# :::{bibliography}
# :filter: docname in docnames
# :::
