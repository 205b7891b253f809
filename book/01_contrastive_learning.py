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
# # Contrastive learning
#
# **Time:** @time@
#
# ## What you will learn
#
# - how a computer can learn that a picture and a sentence belong together, without a single label;
# - to build the loss of CLIP and PLIP, {term}`InfoNCE`, from a table of similarities, first with loops, then in four lines;
# - what the {term}`temperature` does, what a large {term}`batch` buys, and how {term}`false negatives <false negative>` do harm;
# - to use the finished space: classification by the nearest label, {term}`retrieval` by the nearest picture.
#
# ## What you need first
#
# Python, and the idea of a {term}`dot product`. No other chapter.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% [markdown]
# ## Pairs instead of labels
#
# Supervised learning needs someone who writes a label beside each picture. Contrastive learning needs only *pairs*: a picture, and a
# {term}`caption` that somebody wrote for it anyway. The web is full of pairs. That is the whole trick of
# CLIP {cite}`radford2021clip`, and PLIP {cite}`huang2023plip` repeats it with pictures that pathologists posted.
#
# We begin with a world so small that everything in it can be drawn: four kinds of tissue, drawn by the
# {term}`microcosm`, and captions as people write them.

# %% mystnb={"image": {"alt": "Four tiles of tissue in a row: fat, lymphocytes, smooth muscle, carcinoma."}, "figure": {"caption": "One picture of each kind. The training is not told these four names.", "name": "fig-01-kinds"}}
import numpy as np
import torch

from plip_tutorial import contrastive, metrics, microcosm, plots, widgets
from plip_tutorial.contrastive import toy

kinds = ["adipose", "lymphocytes", "smooth_muscle", "colorectal_adenocarcinoma"]
pairs, held_out = toy.some_pairs(kinds, 320), toy.some_pairs(kinds, 160, seed=1)
labels = {kind: microcosm.TISSUES[kind].phrase for kind in kinds}
plots.gallery(list(pairs.pictures[:4]), list(labels.values()))

# %%
from textwrap import fill

for text in pairs.texts[:4]:
    print(fill(text, 100, initial_indent="- ", subsequent_indent="  "))
named = np.mean([labels[kind] in text.lower() for kind, text in zip(pairs.kinds, pairs.texts)])
print(f"\n{named:.0%} of all {len(pairs)} captions contain the name of their kind, word for word")

# %% [markdown]
# Look at the captions. Nobody marked a label. Many captions happen to contain the name of the tissue, among other words; others use a
# synonym, and each has words that say nothing about the picture. The training is not told which words are which. Still, across many pairs the
# right words keep turning up beside the right pictures.
#
# ## A table of similarities
#
# Suppose we had two {term}`encoders <encoder>`, one for pictures and one for texts, that turn each item into a vector of length one, an {term}`embedding`, in the
# *same* space. On paper, a vector of length one is an arrow on a circle, and an angle is all it has. We choose eight angles by hand:
# four for pictures, four for their captions, and each caption lies near its picture, but not exactly.

# %%
def arrows(*degrees):
    angles = torch.deg2rad(torch.tensor(degrees, dtype=torch.float32))
    return torch.stack([angles.cos(), angles.sin()], dim=1)

images = arrows(0, 90, 180, 270)
texts = arrows(20, 60, 200, 255)
table = images @ texts.T

# %% [markdown]
# The dot product of two such arrows is their {term}`cosine similarity`. Four pictures times four texts make a table of sixteen. What belongs
# together stands on the diagonal, so there we expect large numbers.

# %% mystnb={"image": {"alt": "A four by four table of cosine similarities with the largest values on the diagonal."}, "figure": {"caption": "Cosine similarities of four pictures (rows) and four captions (columns).", "name": "fig-01-table"}}
names = list("ABCD")
plots.heatmap(table.numpy(), rows=names, columns=[f"caption of {name}" for name in names], images=list(pairs.pictures[:4]))

# %% [markdown]
# ## From the table to the loss
#
# How good is this table? Turn each row into a question: *which of these four captions belongs to this picture?* A {term}`softmax` makes
# probabilities of the row, after the similarities have been divided by a {term}`temperature`. The loss is the mean of minus the logarithm of the probability of the right answer, the
# *cross-entropy*. First in the plainest way we can write it:

# %%
from math import exp, log

def loss_of_rows(table, temperature):
    total = 0.0
    for i, row in enumerate(table.tolist()):
        powers = [exp(similarity / temperature) for similarity in row]
        total += -log(powers[i] / sum(powers))
    return total / len(table)

print(loss_of_rows(table, 0.1))

# %% [markdown]
# A column asks the opposite question: which of these pictures belongs to this caption? CLIP asks both and takes the mean. This is
# InfoNCE {cite}`oord2018cpc` in its symmetric form.

# %%
print((loss_of_rows(table, 0.1) + loss_of_rows(table.T, 0.1)) / 2)

# %% [markdown]
# Loops over a table are slow, and a computer has better. The logits are one matrix product; the right answers are the
# diagonal; the rest is a library call. CLIP does not store the temperature but the logarithm of its inverse, the
# {term}`logit scale`, because a number that is multiplied on and must stay positive is easier to learn that way.

# %%
from torch.nn.functional import cross_entropy

logit_scale = torch.tensor(log(1 / 0.1))
logits = logit_scale.exp() * images @ texts.T
answers = torch.arange(len(logits))
print(float(cross_entropy(logits, answers) + cross_entropy(logits.T, answers)) / 2)
print(float(contrastive.clip_loss(images, texts, logit_scale)))

# %% [markdown]
# The three numbers agree, up to rounding. The last line is the function that trains all models of this book; open `contrastive.py` and you find the same
# four lines, plus one idea that we come to below.
#
# ### A number to remember
#
# What does a model score that knows nothing? If all embeddings are alike, each of the n answers gets the probability 1/n, and the loss is
# ln(n).

# %%
for n in (2, 4, 128, 1024):
    alike = torch.ones(n, 8) / 8**0.5
    print(f"batch of {n:4}: loss {contrastive.clip_loss(alike, alike, logit_scale):.4f}   ln(n) = {log(n):.4f}")

# %% [markdown]
# Remember this number. A training run whose loss sits at ln(n) has learnt nothing, whatever its curve looks like;
# {doc}`05_fine_tuning` shows such runs and how to cure them. And losses of different batch sizes cannot be compared: the question has more
# wrong answers.
#
# ## Temperature
#
# The cosine lies between -1 and 1. Without a temperature the softmax of such numbers is nearly flat, and even a perfect
# model could not be sure. Divide by a small temperature, and small differences decide. Here is the first row of our table:

# %% mystnb={"image": {"alt": "Bars of four probabilities at temperatures 1, 0.3, 0.1 and 0.03; the smaller the temperature, the more the first caption takes all."}, "figure": {"caption": "The same four similarities at four temperatures.", "name": "fig-01-temperature"}}
import matplotlib.pyplot as plt

figure, panels = plt.subplots(1, 4, figsize=(9, 2.2), sharey=True, layout="constrained")
for panel, temperature in zip(panels, (1, 0.3, 0.1, 0.03)):
    panel.bar(range(1, 5), torch.softmax(table[0] / temperature, 0))
    panel.set(title=f"temperature {temperature}", xlabel="caption", xticks=range(1, 5))
panels[0].set_ylabel("probability");

# %% [markdown]
# The temperature also decides whom the loss pushes. The gradient pushes each wrong answer away with a force proportional to its probability. At a high temperature all
# wrong answers are pushed alike. At a low one nearly all force goes to the *hardest* one, the wrong answer that looks most right. How much, can be
# computed:

# %% mystnb={"image": {"alt": "A falling curve: the share of the force on the hardest wrong answer, near one at low temperature, near the even share at high temperature."}, "figure": {"caption": "Share of the force that the hardest of 63 wrong answers receives, for random similarities.", "name": "fig-01-hardest"}}
similarities = torch.randn(200, 63, generator=torch.Generator().manual_seed(0)) * 0.2
shares = {t: torch.softmax(similarities / t, 1).max(1).values.mean() for t in np.logspace(-2, 0.5, 20)}
plots.lines({"the hardest": shares, "an even share": dict.fromkeys(shares, 1 / 63)}, x="temperature", y="share", log=True)

# %% [markdown]
# So a low temperature makes a model pay attention to what it confuses, and also makes it believe every wrong pair in the data. Which is best
# depends on the data. CLIP lets the model decide: the logit scale is a weight like any other, learned by the same gradient. It starts at a
# temperature of 0.07 and may not sink below 0.01.
#
# ## Watch it learn
#
# Until now the arrows were ours. Now a model makes them. `toy.ToyClip` has about a thousand weights. Its image encoder sees mean colours
# and how rough the picture is at five scales; its text encoder sees which words occur. Both point to a place on a circle.
# Each step takes 32 pairs, computes the loss that you have just built, and moves all weights a little downhill.

# %%
model = toy.ToyClip(pairs, dim=2, seed=5)
run = toy.train(model, pairs, steps=300, batch_size=32)
print(f"{sum(p.numel() for p in model.parameters())} weights, {len(model.words)} words")
print(f"loss: {np.mean(run.losses[:5]):.2f} at first, {np.mean(run.losses[-20:]):.2f} at the end")
print(f"ln(32) = {log(32):.2f}, ln(8) = {log(8):.2f}")

# %% [markdown]
# The first loss lies above ln(32), what a model scores that knows nothing. A fresh model is not ignorant but wrong: its random weights send
# each picture somewhere, and the temperature makes it sure of that. It is sure at random.
#
# The last loss lies near ln(8). In a batch of 32 pairs of four kinds, about eight captions speak of the tissue in each picture. Whoever knows the tissue
# and nothing else has to choose among these eight. So the loss cannot go far below ln(8), however well the model has learnt the four kinds.
#
# We expect pictures and captions in no order at first, then pairs that draw together, and with them whole kinds. Each point on the
# outer ring is a picture, each on the inner ring a caption; the colour is the kind, which the training is not told. Press play.

# %%
shown = np.r_[0:40, len(pairs) : len(pairs) + 40]  # the first 40 pictures, and their captions
rings = np.repeat([1.0, 0.8], 40)[:, None]
frames = [frame[shown] * rings for frame in run.frames]
points = {
    "labels": [labels[kind] for kind in pairs.kinds[:40]] * 2,
    "symbols": ["picture"] * 40 + ["caption"] * 40,
    "names": [f"step {step}" for step in run.steps],
}
alt = "Pictures on the outer ring, captions on the inner one. At first the kinds are mixed; step by step they part into arcs."
widgets.moving_points(frames, **points, alt=alt)

# %% [markdown]
# The same in four moments, for paper and for those who prefer pictures that keep still:

# %% mystnb={"image": {"alt": "Four rings of points at four steps of the training. At first colours are mixed. At the end fat and lymphocytes each have an arc, pictures and captions together; smooth muscle and carcinoma share one."}, "figure": {"caption": "The moving picture in four moments. Outer ring: pictures; inner ring: captions.", "name": "fig-01-moments"}}
plots.stills(frames, moments=4, **points)

# %% [markdown]
# Nobody told the model that there are four kinds. It was only asked, again and again, which caption goes with which picture. The
# cheapest way to answer is to find what captions and pictures have in common, and that is the tissue.
#
# Did each kind find a place of its own? Not quite. At the last step fat lies apart, and so do most lymphocytes. Smooth muscle and carcinoma share one arc:
# for this model they are nearly the same. We shall see what that costs.
#
# Some pairs never meet. A caption that says nothing about the tissue cannot be placed. And on a circle two groups
# that have to change places must pass through each other, so a run can get stuck. Real models have hundreds of dimensions, where there
# is usually a way around.
#
# ## What the space is good for
#
# The training never asked for a class. We ask now, with tiles that the model has not seen. Give each class a phrase, embed it, and let
# each picture take the nearest phrase. This is {term}`zero-shot` classification, the subject of {doc}`07_zero_shot`. Which kinds will be confused, after
# what the ring showed?

# %%
import pandas as pd

with torch.no_grad():
    scores = model.embed_texts(list(labels.values())) @ model.embed_images(held_out.pictures).T  # (4, 160)
print(f"nearest label is right: {toy.accuracy(model, held_out, labels):.0%} of {len(held_out)}; guessing: {1 / len(kinds):.0%}")
called = np.array(list(labels.values()))[scores.argmax(0)]
pd.crosstab(pd.Series([labels[kind] for kind in held_out.kinds], name="is"), pd.Series(called, name="is called"))

# %% [markdown]
# Each line is a kind, each column what its tiles were called. Most mistakes lie between smooth muscle and carcinoma, the two that share an arc. The others
# lie between neighbours on the ring. Fat and muscle, far apart on it, are not confused.
#
# And the other way round: a phrase asks for pictures. The same scores, read along the rows: the nearest four for each phrase, out of the held-out tiles.

# %% mystnb={"image": {"alt": "Four rows of four tiles: for each phrase the nearest pictures."}, "figure": {"caption": "Retrieval by the nearest picture. Each row answers one phrase.", "name": "fig-01-retrieval"}}
nearest = scores.topk(4, dim=1).indices.tolist()
for kind, row in zip(kinds, nearest):
    print(f"{labels[kind]}: {sum(held_out.kinds[i] == kind for i in row)} of the nearest {len(row)} are right")
plots.gallery_rows([[held_out.pictures[i] for i in row] for row in nearest], list(labels.values()))

# %% [markdown]
# Look at the pictures beside the counts. Nearest does not mean right. The last two phrases point into the arc that smooth muscle and carcinoma share,
# and they find some of the same tiles.
#
# One table of similarities served both: read down a column, a picture finds its class; read along a row, a phrase finds pictures. Everything later in the
# book is this, with better encoders and more pairs.
#
# More pairs make a better space. We give the same model a part of the pairs, and otherwise the same training, in 16 dimensions:

# %%
def taught(n=320, batch_size=32, steps=60, seed=0, dim=16, **options):
    learner = toy.ToyClip(pairs.first(n), dim=dim, seed=seed)
    toy.train(learner, pairs.first(n), steps=steps, batch_size=batch_size, seed=seed, frames=2, **options)
    return toy.accuracy(learner, held_out, labels)

for n in (40, 80, 160, 320):
    print(f"{n:4} pairs: {np.mean([taught(n, seed=seed) for seed in range(4)]):.0%}")

# %% [markdown]
# ## Batch size
#
# In most of machine learning the batch is a matter of speed. Here it is part of the question: the other pairs of the batch are the wrong
# answers. With two pairs, the model must tell a picture's caption from *one* other, which is often easy. With many, there is nearly always one that is
# hard. So we expect: the larger the batch, the better.
#
# We train with batches of different size, first with the same number of steps, then with the same number of pairs seen. A third curve
# knows which pairs show the same tissue; the next section tells why.

# %%
sizes, truth = (2, 8, 32, 64, 128), [kinds.index(kind) for kind in pairs.kinds]

def several(**options):
    found = [taught(seed=seed, **options) for seed in range(4)]
    return metrics.Score(np.mean(found), min(found), max(found), len(found))

same_steps = {n: several(batch_size=n) for n in sizes}
same_pairs = {n: several(batch_size=n, steps=960 // n) for n in sizes}
with_groups = {n: several(batch_size=n, groups=truth) for n in sizes}

# %% mystnb={"image": {"alt": "Accuracy against batch size, three curves: equal steps, equal pairs seen, and equal steps with groups known."}, "figure": {"caption": "Nearest-label accuracy on held-out tiles against the batch size. Points are means of four seeds, bands their extremes.", "name": "fig-01-batch"}}
curves = {"60 steps": same_steps, "60 steps, groups known": with_groups, "960 pairs seen": same_pairs}
plots.lines(curves, x="batch size", y="accuracy", log=True)

# %% [markdown]
# With equal steps, larger is better at first: the model sees more pairs, and gets harder questions. But the largest batch does not win here: the
# curve stops rising. The curve that knows the groups goes on; the next section explains why. With equal pairs there is a price: a larger
# batch means fewer steps. Two pairs are too few here, and from eight on gain and loss about cancel. The authors of PLIP name the batch size among what mattered most, and {doc}`05_fine_tuning` shows how to have a large one on a small
# machine.
#
# ## False negatives
#
# There is something wrong with our question. In a batch of 16 pairs of four kinds, about four show the same tissue. Their captions fit each other's pictures,
# but the loss calls them wrong answers and pushes them apart. Such a wrong wrong answer is a {term}`false negative`.
# A post with four pictures makes them by itself: four pairs with the same caption.
#
# The remedy is to tell the loss which pairs belong together. Each pair gets a group; pairs of one group share the right answer in equal parts. Here are the
# answers for six pairs, of which the first three come from one post:

# %%
groups = torch.tensor([0, 0, 0, 1, 2, 3])
print(contrastive.positive_targets(groups, 6))

# %% [markdown]
# Each row still adds up to one. How much does it matter? In the toy world we know the true kinds, so we can remove *all* false negatives. That
# was the third curve above. Here are its last points beside those of the first:

# %%
for n in sizes[-3:]:
    alone, known = same_steps[n].value, with_groups[n].value
    print(f"batch {n:3}: each pair alone {alone:.1%}, groups known {known:.1%}, {100 * (known - alone):.1f} points more")

# %% [markdown]
# Knowing the groups helps at each size, and most in the largest batch. That is why the first curve stopped rising: the larger the batch, the more false
# negatives it holds. So the two ideas of this chapter pull against each other. Real groups know less than
# ours: they know which pairs share a picture or a caption, not which show the same tissue.
# In {doc}`02_collecting_posts` each pair gets its `group_id`, and the fine-tuning of {doc}`05_fine_tuning` hands it to the loss.
#
# ## Two relatives of the loss
#
# **The sigmoid loss.** InfoNCE asks one question with n answers for each picture. SigLIP {cite}`zhai2023siglip` asks n questions for each picture, one per cell of the table:
# do these two belong together, yes or no? No row is normalised, so no cell depends on the rest of the batch. Where each pair stands alone, only one answer in n is
# "yes", so a bias tells the model from the start that most are "no". Below we know the groups, and about a quarter of the answers is "yes"; our bias is
# smaller than that of the paper. Will it do as well as InfoNCE?

# %%
def sigmoid(images, texts, scale, groups):
    return contrastive.siglip_loss(images, texts, scale, torch.tensor(-3.0), groups=groups)

for n in (8, 32, 128):
    found = several(batch_size=n, groups=truth, loss=sigmoid).value
    print(f"batch {n:3}: sigmoid loss {found:.1%}, InfoNCE {with_groups[n].value:.1%}")

# %% [markdown]
# Both know the groups, and both gain from a larger batch. The sigmoid loss stays a little behind here. That is no verdict: our bias stood still, while
# SigLIP learns it, and nothing was tuned.
#
# **The loss without the table.** A batch of n pairs needs a table of n times n, and a few copies of it for the gradient. That grows fast:

# %%
for n in (128, 1024, 16_384, 65_536):
    print(f"batch {n:6,}: embeddings {n * 512 * 4 / 1e6:5.1f} MB, one table {n * n * 4 / 1e6:8,.1f} MB")

# %% [markdown]
# `contrastive.blocked_clip_loss` never holds it. It walks over the table strip by strip, keeps the running sums of the exponentials, and throws the
# strip away; on the way back it makes each strip again. The value and the gradients are the same, up to rounding:

# %%
x, y = (torch.nn.functional.normalize(torch.randn(1000, 32), dim=1).requires_grad_() for _ in range(2))
plain, blocked = contrastive.clip_loss(x, y, logit_scale), contrastive.blocked_clip_loss(x, y, logit_scale)
gradients = [torch.autograd.grad(value, (x, y)) for value in (plain, blocked)]
print(plain.item(), blocked.item())
print("largest difference of the gradients:", max(float((a - b).abs().max()) for a, b in zip(*gradients)))

# %% [markdown]
# `benchmarks/contrastive_memory.py` takes both losses once forward and back, and compares their time and their peak of memory. We ran it several times with
# 16,384 pairs and 512 dimensions. The blocked loss took less than a tenth of the memory, and less time too: it need not fetch and free gigabytes. How much less depends on the machine and on what else it does.
#
# ## Exercises
#
# :::{exercise} Two captions swapped
# :label: ex-01-swapped
#
# Swap the captions of the first two pairs in the hand-made table. What happens to the loss at temperature 1, and what at 0.03? Guess first.
# :::
#
# :::{solution-start} ex-01-swapped
# :class: dropdown
# :::

# %%
swapped = texts[[1, 0, 2, 3]]
for temperature in (1.0, 0.1, 0.03):
    scale = torch.tensor(log(1 / temperature))
    print(temperature, [round(float(contrastive.clip_loss(images, t, scale)), 3) for t in (texts, swapped)])

# %% [markdown]
# Now two captions of four are wrong. At temperature 1 the loss rises, but it stays below ln(4), the loss of knowing nothing: nobody was sure of anything.
# At the lower temperatures it is above ln(4). Being sure and wrong costs more than not knowing.
#
# :::{solution-end}
# :::
#
# :::{exercise} Stuck on a circle
# :label: ex-01-stuck
#
# Train the two-dimensional model with other seeds. How far apart do the results lie? Does a third dimension help? Do sixteen help more? Take
# 200 steps, and compare with the 60 steps from above.
# :::
#
# :::{solution-start} ex-01-stuck
# :class: dropdown
# :::

# %%
for dim in (2, 3, 16):
    found = [taught(steps=200, seed=seed, dim=dim) for seed in range(4)]
    print(f"{dim:2} dimensions, 200 steps: mean {np.mean(found):.0%}, from {min(found):.0%} to {max(found):.0%}")
print(f"16 dimensions,  60 steps: mean {same_steps[32].value:.0%}")
print(f"16 dimensions, 200 steps, groups known: mean {several(steps=200, groups=truth).value:.0%}")

# %% [markdown]
# On a circle much depends on where the kinds happen to start: the results lie far apart. In three dimensions there is usually a way around, and they lie
# closer together.
#
# Sixteen dimensions bring hardly more, and after 200 steps they are even behind what they were after 60. With groups known, the longer training does
# no such harm. So it is false negatives again: a model with room enough learns, in time, to tell apart pairs that show the same tissue.
#
# :::{solution-end}
# :::
#
# :::{exercise} A batch of one
# :label: ex-01-one
#
# What are the loss and its gradient for a batch with a single pair? Why?
# :::
#
# :::{solution-start} ex-01-one
# :class: dropdown
# :::

# %%
image, text = arrows(0).requires_grad_(), arrows(180)
loss = contrastive.clip_loss(image, text, logit_scale)
loss.backward()
print(f"loss {abs(loss.item())}, gradient {image.grad.tolist()}")

# %% [markdown]
# A question with one answer cannot be answered wrongly, even when picture and caption point in opposite directions. Without wrong answers nothing
# is learnt: "contrastive" means just that.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - Two encoders, one space, a table of similarities. Each row and each column is a question, graded by cross-entropy.
# - ln(n) is what a model scores that knows nothing. A fresh model can score worse: it is sure at random.
# - The temperature decides how much the hardest wrong answers count; the model learns it.
# - The batch supplies the wrong answers. Large batches ask harder questions, and hold more false negatives; groups take the worst of them away.
# - The finished space classifies and searches. The names of the kinds stood in many captions, but nobody had marked them as labels.
#
# ## What comes next
#
# All of it rests on pairs. {doc}`02_collecting_posts` goes and gets them.
#
# ## References
#
# InfoNCE goes back to contrastive predictive coding {cite}`oord2018cpc`; the symmetric form for pictures and texts is
# CLIP's {cite}`radford2021clip`, the sigmoid loss SigLIP's {cite}`zhai2023siglip`. PLIP {cite}`huang2023plip` applied CLIP's to pathology.
#
# :::{bibliography}
# :filter: docname in docnames
# :::
