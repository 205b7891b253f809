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
# # 1 · Pairs and a loss
#
# **How can a model learn what it sees if nobody ever tells it?**
#
# @way@
#
# - **Time:** @time@
# - **Learn:** to build the loss of CLIP and PLIP from a table of similarities, and to watch a small model learn by it.
# - **Need:** Python with a little `numpy`, and what a {term}`dot product` is. All else is introduced here.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% tags=["claim", "remove-cell"]
from plip_tutorial.studies.claims import Claims

claim = Claims("01_pairs_and_a_loss")

# %% [markdown]
# Here are four pictures and four {term}`captions <caption>`, out of order. Which caption belongs to which picture?

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four tiles in a row, A to D: a nearly empty one with a thin line, a dense crowd of dark dots, long pink fibres, and purple glands."}, "figure": {"caption": "Four pictures. Their captions stand above, in another order.", "name": "fig-01-puzzle"}}
from textwrap import fill

from plip_tutorial import artifacts, plots
from plip_tutorial.contrastive import toy

kinds = ["adipose", "lymphocytes", "smooth_muscle"]
kinds += ["colorectal_adenocarcinoma"]
large, our = toy.some_pairs(kinds, 3, size=224), artifacts.followed(size=224)
for number, i in enumerate((2, 0, 3, 1), start=1):
    print(fill(f"{number}. {[*large.texts, our.text][i]}", 76))
plots.gallery([*large.pictures, our.image], list("ABCD"))

# %% [markdown]
# A is 2, B is 4, C is 1, D is 3. Perhaps you knew the tissues. Perhaps you matched "small dark cells" with the crowd of
# dots, and found the rest by ruling out. Either way you have just done the task that trains CLIP
# {cite}`radford2021clip` and PLIP {cite}`huang2023plip`, the models of this book. They are never asked anything else.
#
# ## Pairs instead of labels
#
# **A pair carries its own question: which of these captions belongs to this picture?** Supervised learning needs
# someone who writes a label beside each picture. {term}`Contrastive learning <contrastive learning>` needs only
# *pairs*: a picture, and a caption that somebody wrote for it anyway. The web is full of pairs. That is the whole trick
# of CLIP, and PLIP repeats it with pictures that pathologists posted.
#
# Our pairs come from the {term}`microcosm`, a world so small that everything in it can be drawn: four kinds of tissue,
# and captions as people write them. We follow pair D through the whole book, from its post to the last doubt, slip of
# the keyboard included.

# %%
import numpy as np
import torch

from plip_tutorial import contrastive, microcosm, widgets

ours, drawn = artifacts.followed(), toy.some_pairs(kinds, 319)
pictures = np.concatenate([drawn.pictures, np.array(ours.image)[None]])
texts, kind_of = [*drawn.texts, ours.text], [*drawn.kinds, kinds[3]]
pairs = toy.ToyPairs(pictures, texts, kind_of, toy.looks(pictures))
held_out = toy.some_pairs(kinds, 160, seed=1)

# %%
labels = {kind: microcosm.TISSUES[kind].phrase for kind in kinds}
named = [labels[kind] in text.lower() for kind, text in zip(kind_of, texts)]
print(f"{sum(named)} of {len(texts)} captions hold the name of their kind")
print("does ours?", named[-1])

# %% tags=["claim", "remove-cell"]
claim("Many captions happen to contain the name", np.mean(named), "between", (0.55, 0.75))
claim("Ours does not", named[-1], "==", False)

# %% [markdown]
# Nobody marked a label. Many captions happen to contain the name of the tissue, among other words; others use a
# synonym, and there are words that say nothing about the picture. Ours does not name it. The training is not told which
# words are which. Still, across many pairs the right words keep turning up beside the right pictures.
#
# ## A table of similarities
#
# **In a common space, one dot product tells how well a caption fits a picture.** Suppose we had two
# {term}`encoders <encoder>`, one for pictures and one for texts. Each turns an item into an {term}`embedding`: a vector
# of length one, in the *same* space. On paper, such a vector is an arrow on a circle, and an angle is all it has. We
# choose eight angles by hand: four for the pictures A to D, four for their captions. Each caption lies near its
# picture, but not exactly.
#
# The arrows are kept in a {term}`tensor`. A tensor is torch's table of numbers, like an array of `numpy`, and it can do
# one thing more, which we need below. The dot product of two arrows is their {term}`cosine similarity`: 1 for the same
# direction, 0 for a right angle, -1 for opposite ones. Four pictures times four captions make a table of sixteen. What
# belongs together stands on the diagonal, so there we expect large numbers.

# %% mystnb={"image": {"alt": "A four by four table of cosine similarities; the diagonal wins in each row."}, "figure": {"caption": "Cosine similarities of four pictures (rows) and four captions (columns).", "name": "fig-01-table"}}
def arrows(degrees):
    angles = torch.as_tensor(degrees, dtype=torch.float32) * torch.pi / 180
    return torch.stack([angles.cos(), angles.sin()], dim=1)

images, words = arrows([0, 90, 180, 270]), arrows([20, 60, 200, 255])
table = images @ words.T
print(images.shape, "times", words.T.shape, "makes", table.shape)
four = [*pairs.pictures[:3], ours.image]
names = [f"caption {letter}" for letter in "ABCD"]
plots.heatmap(table, rows=list("ABCD"), columns=names, images=four)

# %% tags=["claim", "remove-cell"]
claim("the diagonal wins in each row", (table.argmax(1) - torch.arange(4)).tolist(), "==", 0)
claim("picture A also fits the caption of B", float(table[0, 1]), "about", 0.5, margin=0.005)
claim("Each caption lies near its picture, but not exactly", table.diagonal().tolist(), "between", (0.85, 0.98))

# %% [markdown]
# They are large: the diagonal wins in each row. But picture A also fits the caption of B, with 0.50.
#
# ## From the table to the loss
#
# **Each row is a question with four answers, and the loss is how surprised the model is by the right one.** The row of
# A holds four similarities. We want four probabilities, and a {term}`softmax` makes them: divide by a number called the
# {term}`temperature`, here 0.5, take the exponential of each, and divide by the sum. How the temperature is chosen is
# the subject of {doc}`the next unit <02_temperature_and_batches>`.
#
# The surprise is minus the logarithm of the probability that the right answer got. It is 0 for a probability of 1, and
# grows without end towards 0. Averaged over the questions it is called the {term}`cross-entropy`.

# %%
from math import exp, log

temperature = 0.5
powers = [exp(similarity / temperature) for similarity in table[0].tolist()]
shares = [power / sum(powers) for power in powers]
for name, share in zip(names, shares):
    print(f"{name}: probability {share:.2f}, surprise {-log(share):.2f}")

# %% [markdown]
# The right answer gets most of the probability, and the neighbour B a good part of the rest. A column asks the opposite
# question: which of these pictures belongs to this caption? CLIP asks both and takes the mean. This is {term}`InfoNCE`
# {cite}`oord2018cpc` in its symmetric form, written plainly:

# %% tags=["claim", "remove-cell"]
claim("The right answer gets most of the probability", shares[0], ">", 0.6)
claim("the neighbour B a good part of the rest", shares[1] / (1 - shares[0]), ">", 0.7)

# %%
def loss_of_rows(table, temperature):
    total = 0.0
    for i, row in enumerate(table.tolist()):
        powers = [exp(similarity / temperature) for similarity in row]
        total += -log(powers[i] / sum(powers))
    return total / len(table)

by_rows, by_columns = (loss_of_rows(t, temperature) for t in (table, table.T))
print(f"rows {by_rows:.4f}, columns {by_columns:.4f}")
print(f"loss {(by_rows + by_columns) / 2:.6f}")

# %% [markdown]
# Loops are slow. The {term}`logits <logit>`, as one calls the numbers that go into a softmax, are one matrix product.
# The right answers are the diagonal, 0 for the first row, 1 for the second, and so on. The rest is a library call. CLIP
# does not store the temperature but the logarithm of its inverse, the {term}`logit scale`.

# %%
from torch.nn.functional import cross_entropy

logit_scale = torch.tensor(log(1 / temperature))
logits = logit_scale.exp() * images @ words.T
answers = torch.arange(len(logits))
mean = (cross_entropy(logits, answers) + cross_entropy(logits.T, answers)) / 2
packaged = contrastive.clip_loss(images, words, logit_scale)
print(f"four lines {mean:.6f}, package {packaged:.6f}")

# %% tags=["claim", "remove-cell"]
claim("The three numbers agree", [float(mean), float(packaged)], "about", (by_rows + by_columns) / 2, margin=1e-5)

# %% [markdown]
# The three numbers agree. The last is from the function that trains all models of this book. Open
# `contrastive/losses.py`: the same lines, plus one idea of the next unit.
#
# ## A number to remember
#
# **A model that knows nothing scores ln(n).** If all embeddings are alike, each of the n answers gets the probability
# 1/n, and the surprise is ln(n).

# %%
for n in (2, 4, 32, 1024):
    alike = torch.ones(n, 8) / 8**0.5
    loss = contrastive.clip_loss(alike, alike, logit_scale)
    print(f"batch of {n:4}: loss {loss:.4f}, ln(n) = {log(n):.4f}")

# %% [markdown]
# A training run whose loss sits at ln(n) has learnt nothing, whatever its curve looks like. {doc}`One fine-tuning run
# <07_fine_tuning>` shows how that happens. And losses of different batch sizes cannot be compared: a larger batch has
# more wrong answers.
#
# ## Downhill
#
# **A tensor remembers how a number was computed, so it can tell what would make it smaller.** That is what it can do
# more than an array. Take the four angles of the captions as numbers that may move. `backward` walks back through the
# computation and leaves the {term}`gradient`: by how much the loss would grow for each degree. We check one of them by
# nudging the angle of B by hand. Then we move all angles a step against the gradient: 1000 times as long, the *learning
# rate*.
#
# We expect each caption to turn towards its picture: A and C back, B and D forward.

# %%
angles = torch.tensor([20.0, 60.0, 200.0, 255.0], requires_grad=True)
loss = contrastive.clip_loss(images, arrows(angles), logit_scale)
loss.backward()
print("gradient:", [round(slope, 4) for slope in angles.grad.tolist()])
turned = arrows([20, 60.5, 200, 255])
nudged = contrastive.clip_loss(images, turned, logit_scale)
print(f"B by hand: {(nudged - loss).item() / 0.5:.4f}")
moved = arrows(angles.detach() - 1000 * angles.grad)
after = contrastive.clip_loss(images, moved, logit_scale)
print(f"loss {loss:.3f} before, {after:.3f} after")

# %% tags=["claim", "remove-cell"]
claim("All four turn as expected", (angles.grad * torch.tensor([1, -1, 1, -1])).tolist(), ">", 0, margin=1e-4)
claim("the loss falls", float(loss.detach() - after.detach()), ">", 0.02)
claim("the nudge agrees with the gradient", (nudged - loss).item() / 0.5, "about", float(angles.grad[1]), margin=3e-4)

# %% [markdown]
# All four turn as expected, the loss falls, and the nudge agrees with the gradient. Training is this step, again and
# again.
#
# ## Watch it learn
#
# **Nothing but this loss is needed to find the four kinds.** Until now the arrows were ours. Now a model makes them.
# `toy.ToyClip` sees mean colours and how rough a picture is at five scales; of a text it sees which words occur, a
# {term}`bag of words`. Both point to a place on a circle. Each step takes 32 pairs, a {term}`batch`, computes the loss,
# and moves all weights a little downhill. Adam is the usual way to do so: it moves each weight by about 0.01 a step,
# here.

# %%
model = toy.ToyClip(pairs, dim=2, seed=5)
adam = torch.optim.Adam(model.parameters(), lr=0.01)
bags = model.bags(pairs.texts)
for step in range(20):
    rows = microcosm.seeding.rng("toy", 0, step).permutation(len(pairs))[:32]
    x, y = model.embed_looks(pairs.looks[rows]), model.embed_bags(bags[rows])
    loss = contrastive.clip_loss(x, y, model.logit_scale)
    adam.zero_grad()
    loss.backward()
    adam.step()

# %% [markdown]
# That is a whole training. `toy.train` is the same loop, and notes the arrows down now and then. We let it go on. We
# expect a loss near ln(32) at first, since nothing is known yet.

# %%
model = toy.ToyClip(pairs, dim=2, seed=5)
run = toy.train(model, pairs, steps=300, batch_size=32)
weights = sum(weight.numel() for weight in model.parameters())
print(f"{weights} weights, {len(model.words)} words")
print(f"step 20: our loop {loss:.4f}, the package {run.losses[19]:.4f}")
first, last = np.mean(run.losses[:5]), np.mean(run.losses[-20:])
print(f"loss {first:.2f} at first, {last:.2f} at the end")
print(f"ln(32) = {log(32):.2f}, ln(8) = {log(8):.2f}")

# %% tags=["claim", "remove-cell"]
claim("toy.train is the same loop", float(loss), "about", run.losses[19], margin=0.01)
claim("The first loss lies above ln(32)", first, ">", log(32), margin=0.1)
claim("The last loss lies near ln(8)", last, "about", log(8), margin=0.2)

# %% tags=["claim", "remove-cell"]
claim("a fresh model can score worse", first, ">", log(32), margin=0.1)

# %% [markdown]
# The first loss lies above ln(32). A fresh model is not ignorant but wrong: its random weights send each picture
# somewhere, and the temperature makes it sure of that. It is *sure at random*.
#
# The last loss lies near ln(8). In a batch of 32 pairs of four kinds, about eight captions speak of the tissue in each
# picture. Someone who knows the tissue and nothing else has to choose among these eight.
#
# We expect pictures and captions in no order at first, then pairs that draw together, and with them whole kinds. Each
# point on the outer ring is a picture, each on the inner ring a caption; the colour is the kind, which the training is
# not told. Press play.

# %%
short = dict(zip(kinds, ("fat", "lymphocytes", "muscle", "carcinoma")))
shown = np.r_[280:320, 600:640]  # the last 40 pictures and their captions
rings = np.repeat([1.0, 0.8], 40)[:, None]
frames = [frame[shown] * rings for frame in run.frames]
look = {"labels": [short[kind] for kind in kind_of[280:]] * 2}
look["symbols"] = ["picture"] * 39 + ["ours, picture"]
look["symbols"] += ["caption"] * 39 + ["ours, caption"]
look["names"] = [f"step {step}" for step in run.steps]
alt = "Outer ring: pictures. Inner ring: captions. The kinds part into arcs."
widgets.moving_points(frames, **look, alt=alt)

# %% [markdown]
# The same in three moments, for paper:

# %% tags=["claim", "remove-cell"]
claim("Four arcs lie side by side", np.diff(np.unwrap([
    np.angle(run.frames[-1][:320][np.array(kind_of) == kinds[j]].mean(0) @ [1, 1j]) for j in (0, 1, 3, 2)])), ">", 0.4)
claim("to find the four kinds", [
    np.linalg.norm(run.frames[-1][:320][np.array(kind_of) == kind].mean(0)) for kind in kinds], ">", 0.8)

# %% mystnb={"image": {"alt": "Three rings of points. At first the colours are mixed. At the end each kind has an arc, pictures and captions together: fat, lymphocytes, carcinoma, muscle."}, "figure": {"caption": "The moving picture in three moments. Outer ring: pictures; inner ring: captions; a line joins each pair.", "name": "fig-01-moments"}}
plots.stills(frames, moments=3, **look)

# %% [markdown]
# Nobody told the model that there are four kinds. It was only asked, again and again, which caption goes with which
# picture. The cheapest way to answer is to find what captions and pictures have in common, and that is the tissue.
#
# Four arcs lie side by side: fat, lymphocytes, carcinoma, muscle. So we expect confusion between neighbours. And we
# chose a start that ends well. On a circle two groups that have to change places must pass through each other, so a run
# can get stuck; try another seed. Real models have hundreds of dimensions, where there is usually a way around.
#
# What became of our pair?

# %%
with torch.no_grad():
    sights, sayings = model.embed_images(pictures), model.embed_texts(texts)
    corrected = model.embed_texts([ours.text.replace("mall", "mal")])[0]
fits = sights[-1] @ sayings.T
near = [short[kind_of[i]] for i in fits.topk(40).indices]
print(f"cosine of picture and caption: {fits[-1]:.4f}")
print("captions that fit the picture better:", int((fits > fits[-1]).sum()))
print(f"carcinomas among the nearest 40: {near.count('carcinoma')}")
print(f"caption with and without its slip: {sayings[-1] @ corrected:.4f}")

# %% tags=["claim", "remove-cell"]
claim("Its picture and its caption found each other", float(fits[-1]), ">", 0.98)
claim("most captions near them are of carcinomas", near.count("carcinoma"), ">", 24)
claim("hardly moves the arrow", float(sayings[-1] @ corrected), ">", 0.99)

# %% tags=["claim", "remove-cell"]
claim("stands in this caption only", sum("mallignant" in text.lower() for text in texts), "==", 1)

# %% [markdown]
# Its picture and its caption found each other, and most captions near them are of carcinomas. "Mallignant" stands in
# this caption only, so the model can hardly know what it means. Yet correcting it hardly moves the arrow: the other
# words say enough.
#
# ## What the space is good for
#
# **The training never asked for a class, and the space can be asked all the same.** Take tiles that the model has not
# seen. Give each class a phrase, embed it, and let each picture take the nearest phrase. This is {term}`zero-shot`
# classification, the subject of {doc}`a unit of its own <11_zero_shot>`.

# %% mystnb={"image": {"alt": "A table of four kinds in per cent. The diagonal leads. Muscle and lymphocytes are mostly mistaken for carcinoma, carcinoma for lymphocytes."}, "figure": {"caption": "What held-out tiles of each kind (rows) are called (columns).", "name": "fig-01-called"}}
with torch.no_grad():
    phrases = model.embed_texts(list(labels.values()))
    scores = model.embed_images(held_out.pictures) @ phrases.T  # (160, 4)
called = scores.argmax(1).numpy()
actual = np.array([kinds.index(kind) for kind in held_out.kinds])
right, ring = called == actual, np.array([0, 1, 3, 2])  # order of arcs
beside = abs(ring[called] - ring[actual])[~right] == 1
print(f"{right.mean():.0%} of {len(right)} right, guessing: 25%;",
      f"{beside.mean():.0%} of the mistakes between neighbours")
plots.confusion(actual, called, list(short.values()))

# %% tags=["claim", "remove-cell"]
claim("Muscle and lymphocytes are mostly mistaken for carcinoma", [
    np.mean(called[(actual == j) & ~right] == 3) for j in (1, 2)], ">", 0.7)
claim("carcinoma for lymphocytes", np.mean(called[(actual == 3) & ~right] == 1), ">", 0.6)
claim("nearly all mistakes lie between neighbours on the ring", beside.mean(), ">", 0.85)

# %% [markdown]
# Far more than guessing, and nearly all mistakes lie between neighbours on the ring, as expected.
#
# And the other way round: a phrase asks for pictures. This is {term}`retrieval`. It reads the same scores, down each
# column.

# %% mystnb={"image": {"alt": "Four rows of five tiles: for each phrase the nearest pictures, most of them of the kind that it names."}, "figure": {"caption": "Retrieval by the nearest picture. Each row answers one phrase.", "name": "fig-01-retrieval"}}
found = scores.T.topk(5).indices.tolist()
hits = [int(sum(actual[row] == j)) for j, row in enumerate(found)]
print("right among five:", dict(zip(short.values(), hits)))
rows = [held_out.pictures[row] for row in found]
plots.gallery_rows(rows, list(labels.values()))

# %% tags=["claim", "remove-cell"]
claim("Nearest does not mean right", min(hits), "<", 5)
claim("most of them of the kind that it names", hits, ">", 2)
claim("Far more than guessing", right.mean(), ">", 0.7)

# %% [markdown]
# Nearest does not mean right. Still, one table of similarities served both: read along a row, a picture finds its
# class; read down a column, a phrase finds pictures. Everything later in the book is this, with better encoders and
# more pairs.
#
# More pairs make a better space. We give fresh models a part of the pairs, and otherwise the same training, in 16
# dimensions:

# %%
def taught(pairs, steps=60, dim=16, seed=0, labels=labels):
    learner = toy.ToyClip(pairs, dim=dim, seed=seed)
    toy.train(learner, pairs, steps=steps, batch_size=32, seed=seed, frames=2)
    return toy.accuracy(learner, held_out, labels)

by_size = {}
for n in (40, 80, 160, 320):
    by_size[n] = np.mean([taught(pairs.first(n), seed=s) for s in range(4)])
    print(f"{n:4} pairs: {by_size[n]:.0%}")

# %% tags=["claim", "remove-cell"]
claim("More pairs make a better space", np.diff(list(by_size.values())), ">", 0.02)
claim("Each doubling of the pairs helps", np.diff(list(by_size.values())), ">", 0.02)

# %% [markdown]
# Each doubling of the pairs helps.
#
# ## Exercises
#
# :::{exercise} A batch of one
# :label: ex-01-one
#
# A batch has a single pair, whose picture and caption point in opposite directions. What are the loss and its gradient
# for the vector of the picture? Guess first. Leave `answer = [loss, largest entry of the gradient]`.
# :::
#
# :::{solution-start} ex-01-one
# :class: dropdown
# :::

# %%
image, text = arrows([0.0]).requires_grad_(), arrows([180.0])
loss = contrastive.clip_loss(image, text, logit_scale)
loss.backward()
answer = [abs(loss.item()), image.grad.abs().max().item()]
print(answer)

# %% tags=["claim", "remove-cell"]
claim("A question with one answer cannot be answered wrongly", answer, "==", 0)

# %% [markdown]
# Both are 0. A question with one answer cannot be answered wrongly. Without wrong answers nothing is learnt:
# "contrastive" means just that.
#
# :::{solution-end}
# :::
#
# :::{exercise} Without the names
# :label: ex-01-names
#
# Did the model only learn the names? Train (`taught`) on the pairs whose caption does not hold the name of its kind.
# Take the mean accuracy of the seeds 0 to 3, first with the usual labels, then with words for what one sees:
#
# ```python
# seen = ["large empty cells with thin walls", "a crowd of small dark cells",
#         "long bundles of spindle cells", "crowded irregular glands"]
# ```
#
# `answer` holds both means.
# :::
#
# :::{solution-start} ex-01-names
# :class: dropdown
# :::

# %%
seen = ["large empty cells with thin walls", "a crowd of small dark cells",
        "long bundles of spindle cells", "crowded irregular glands"]
rows = np.flatnonzero(~np.array(named))
rest = toy.ToyPairs(pictures[rows], [texts[i] for i in rows],
                    [kind_of[i] for i in rows], pairs.looks[rows])
answer = []
for asked in (labels, dict(zip(kinds, seen))):
    four = [taught(rest, seed=s, labels=asked) for s in range(4)]
    answer.append(np.mean(four))
print(f"{len(rest)} pairs: by name {answer[0]:.0%}, by look {answer[1]:.0%}")

# %% tags=["claim", "remove-cell"]
claim("Asked by name, the model is right in less than half of the cases", answer[0], "<", 0.5, margin=0.02)
claim("asked by what one sees, in about two of three", answer[1], "about", 2 / 3, margin=0.06)

# %% [markdown]
# Asked by name, the model is right in less than half of the cases; asked by what one sees, in about two of three. It
# learns the words that stand beside the pictures, whichever they are. A label is only one of them.
#
# :::{solution-end}
# :::
#
# :::{exercise} Pairs or labels?
# :label: ex-01-clinic
#
# A clinic has 20,000 pictures, each with a sentence of its report. It can pay a pathologist for 500 labels. It wants to
# sort the pictures by tissue today, and to search them by phrases that nobody has thought of yet. In four or five
# sentences: on what do you train, what are the 500 labels for, and which searches may fail?
# :::
#
# :::{solution-start} ex-01-clinic
# :class: dropdown
# :::
#
# Train on the pairs: they are there, and their space answers phrases, while labels answer only the questions of today.
# Keep the 500 labels for pictures that the training does not see. Without them nobody knows how often the nearest
# phrase is right. A search may fail if its words never stood beside such pictures, and it returns its nearest pictures
# all the same. Where a sentence tells only age or ward, there is little to learn.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - Two encoders, one space, a table of similarities: each row and each column is a question, graded by cross-entropy.
# - ln(n) is the loss of a model that knows nothing; a fresh model can score worse, since it is sure at random.
# - The finished space classifies and searches, though nobody has marked a label.
#
# ## What comes next
#
# We divided by a temperature and took 32 pairs at a time, and never asked why.
# {doc}`02_temperature_and_batches` asks.
#
# ## References
#
# InfoNCE goes back to contrastive predictive coding {cite}`oord2018cpc`; the symmetric form for pictures and texts is
# CLIP's {cite}`radford2021clip`. PLIP {cite}`huang2023plip` applied it to pathology.
#
# :::{bibliography}
# :filter: docname in docnames
# :::
