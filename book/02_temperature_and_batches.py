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
# # 2 · Temperature, batches, false negatives
#
# **Which wrong answers teach a model, and which do it harm?**
#
# @way@
#
# - **Time:** @time@
# - **Learn:** to say what the temperature, the size of the batch and groups of like pairs do to the loss, and to
#   measure it.
# - **Need:** softmax, cross-entropy, gradient and the toy model, from {doc}`01_pairs_and_a_loss`.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% tags=["claim", "remove-cell"]
from plip_tutorial.studies.claims import Claims

claim = Claims("02_temperature_and_batches")

# %% [markdown]
# Here is the picture that this book follows, in a {term}`batch` of 128 pairs from the corpus. The finished tiny PLIP,
# the small model of this book, has compared it with all 128 captions. These four come nearest, each with its
# similarity; below stand the pictures that they were written for.

# %% tags=["hide-input"] mystnb={"image": {"alt": "Four tiles in a row. The first and the last are the same picture of purple glands; the second shows such glands, too; the third is another tissue."}, "figure": {"caption": "The pictures of the four nearest captions. For the loss the first is the right answer, and the other three are wrong.", "name": "fig-02-nearest"}}
from textwrap import fill

from plip_tutorial import PLIP, artifacts, plots

ours, corpus = artifacts.followed(), artifacts.corpus()
rows = [ours.row, ours.row + 1, *range(0, len(corpus), 52)]
batch, plip = corpus.select(rows), PLIP(artifacts.tiny_plip())
table = plip.encode_images(batch["image"]) @ plip.encode_text(batch["text"]).T
nearest = table[0].argsort()[::-1][:4].tolist()
for i in nearest:
    print(fill(f"{table[0, i]:.2f}  {batch[i]['text']}", 76))
plots.gallery(batch[nearest]["image"], ["right", "wrong", "wrong", "wrong"])

# %%
import numpy as np
import torch

from plip_tutorial import contrastive, metrics, microcosm
from plip_tutorial.contrastive import toy

tissue = np.array(batch["truth_tissue"])
group = np.array(batch["group_id"])
print("our tissue:", [bool(tissue[i] == tissue[0]) for i in nearest])
print("our post:  ", [bool(group[i] == group[0]) for i in nearest])

# %% tags=["claim", "remove-cell"]
claim("The first is its own caption", nearest[0], "==", 0)
claim("Two of the three wrong answers are right", sum(tissue[i] == tissue[0] for i in nearest[1:]), "==", 2)
claim("one of them is the reply to our post", nearest[3], "==", 1)

# %% tags=["claim", "remove-cell"]
claim("the third is another tissue", tissue[nearest[2]] == tissue[0], "==", False)

# %% [markdown]
# The first is its own caption, and the loss calls the other three wrong. Two of the three wrong answers are right: they
# name the tissue that our picture shows. And one of them is the reply to our post, written for the very same picture.
# (We put it into the batch; the others are every 52nd pair of the corpus.)
#
# ## What a temperature does
#
# **The temperature decides how much a small difference counts.** Cosines lie between -1 and 1. So in a {term}`softmax`
# of bare cosines the best answer weighs at most e² times as much as the worst, about seven times: among 128 answers
# even a perfect model could not be surer than 6%. Divided by a small {term}`temperature`, small differences decide.
# Here are the four similarities from above at three temperatures:

# %% mystnb={"image": {"alt": "Three panels with four bars. At temperature 1 all four are nearly equal, at 0.1 the first leads, at 0.01 it has all."}, "figure": {"caption": "The same four similarities at three temperatures.", "name": "fig-02-temperature"}}
import matplotlib.pyplot as plt

plots.use_style()
four, shares = torch.tensor(table[0, nearest]), {}
figure, panels = plt.subplots(1, 3, figsize=(plots.WIDTH, 2.3), sharey=True)
for panel, temperature in zip(panels, (1, 0.1, 0.01)):
    powers = (four / temperature).exp()
    shares[temperature] = (powers / powers.sum()).tolist()
    panel.bar(["own", "2nd", "3rd", "4th"], shares[temperature])
    panel.set_title(f"temperature {temperature}")
panels[0].set_ylabel("probability");

# %% tags=["claim", "remove-cell"]
claim("At temperature 1 all four are nearly equal", shares[1], "between", (0.2, 0.3))
claim("at 0.1 the first leads", shares[0.1][0], "between", (0.4, 0.7))
claim("at 0.01 it has all", shares[0.01][0], ">", 0.99)

# %% [markdown]
# The order of the four never changes, only how sure the model is of it.
#
# ## Whom the loss pushes
#
# **The loss pushes each wrong answer away with a force equal to its probability.** We let torch compute the
# {term}`gradient` of the loss for each of the four {term}`logits <logit>`, and compare.

# %%
from torch.nn.functional import cross_entropy, logsigmoid, normalize

logits = (four / 0.1).requires_grad_()
cross_entropy(logits, torch.tensor(0)).backward()
print("probabilities:", [round(p, 3) for p in shares[0.1]])
print("gradient:     ", [round(g, 3) for g in logits.grad.tolist()])

# %% tags=["claim", "remove-cell"]
claim("The wrong answers have their probability as gradient", (
    logits.grad[1:] - torch.tensor(shares[0.1][1:])).tolist(), "about", 0, margin=1e-4)
claim("the right one has the sum of these, with a minus", float(logits.grad.sum()), "about", 0, margin=1e-4)

# %% [markdown]
# The wrong answers have their probability as gradient; the right one has the sum of these, with a minus. So at a high
# temperature all wrong answers are pushed alike. At a low one most of the force goes to the hardest, the wrong answer
# that looks most right: a {term}`hard negative`. We compute how much, for all 128 pictures. And since the
# {term}`microcosm` knows the truth, we also compute how much of the force goes to captions of the same tissue. (The
# model has been trained on these pairs; on new ones the numbers would be others.)

# %% mystnb={"image": {"alt": "Two curves that fall with the temperature: the share of the force on the hardest wrong answer, and the share on wrong answers of the same tissue."}, "figure": {"caption": "Where the force goes in a batch of 128, at temperatures from 0.01 to 1.", "name": "fig-02-force"}}
same = torch.tensor(tissue[:, None] == tissue).fill_diagonal_(False)
wrong = torch.tensor(table).fill_diagonal_(-torch.inf)
hardest, kin = {}, {}
for t in (0.01, 0.02, 0.05, 0.1, 0.3, 1):
    force = torch.softmax(wrong / t, dim=1)
    hardest[t] = force.max(1).values.mean()
    kin[t] = (force * same).sum(1).mean()
print(f"of the same tissue: {same.sum() / (128 * 127):.1%} of wrong answers")
curves = {"the hardest answer": hardest, "answers of the same tissue": kin}
plots.lines(curves, x="temperature", y="share of the force", log=True)

# %% tags=["claim", "remove-cell"]
claim("one wrong answer in twenty-seven", float(same.sum() / (128 * 127)), "about", 1 / 27, margin=0.002)
claim("At 0.01 the hardest alone gets more than half", float(hardest[0.01]), ">", 0.6)
claim("and more than half goes to captions of the same tissue", float(kin[0.01]), ">", 0.5, margin=0.01)

# %% tags=["claim", "remove-cell"]
claim("all wrong answers are pushed alike", float(hardest[1]), "about", 1 / 127, margin=0.006)
claim("most of the force goes to the hardest", float(hardest[0.01]), ">", 0.6)
claim("Two curves that fall with the temperature", [np.diff(list(c.values())) for c in (hardest, kin)], "<", -0.005)

# %% tags=["claim", "remove-cell"]
claim("What looks most right often is right", float(same[range(128), wrong.argmax(1)].float().mean()), ">", 0.45)

# %% [markdown]
# About one wrong answer in twenty-seven shows the same tissue. At 0.01 the hardest alone gets more than half of the
# force, and more than half goes to captions of the same tissue. What looks most right often *is* right.
#
# So a low temperature makes a model pay attention to what it confuses, and also makes it believe every wrong pair in
# the data. Which is best depends on the data. CLIP lets the model decide: the {term}`logit scale`, the logarithm of one
# over the temperature, is a weight like any other, learned by the same gradient. It starts at a temperature of 0.07
# {cite}`radford2021clip`.
#
# ## Why the logarithm is stored
#
# **A step on the logarithm multiplies, so it can never cross zero.** Suppose the loss asks for a lower temperature, and
# each step of the optimizer moves the stored number by 0.01. What happens to the temperature if we store it as it is,
# or as the scale, or as the logarithm of the scale?

# %%
from math import exp, log

print("steps  stored: as it is    as scale    as logarithm")
for steps in (1, 5, 8, 200):
    plain = 0.07 - 0.01 * steps
    scale = 1 / (1 / 0.07 + 0.01 * steps)
    logged = exp(log(0.07) - 0.01 * steps)
    print(f"{steps:5} {plain:18.4f} {scale:11.4f} {logged:15.4f}")

# %% tags=["claim", "remove-cell"]
claim("the eighth step leads below zero", 0.07 - 0.01 * 8, "<", 0)
claim("after 200 steps hardly anything has moved", scale, ">", 0.06)

# %% [markdown]
# Stored as it is, the eighth step leads below zero, where the loss rewards wrong answers. Stored as the scale, after
# 200 steps hardly anything has moved. On the logarithm each step changes the temperature by one per cent, whether it is
# large or small, and it stays positive.
#
# ## Why it is clamped
#
# **A model that is right about its batch lowers the loss by being surer, without end.** To see it, take the four arrows
# of the last unit, once with the right captions and once with two of them swapped.

# %%
def arrows(degrees):
    angles = torch.as_tensor(degrees, dtype=torch.float32) * torch.pi / 180
    return torch.stack([angles.cos(), angles.sin()], dim=1)

images, texts = arrows([0, 90, 180, 270]), arrows([20, 60, 200, 255])
images.requires_grad_()

def cost(scale, order=(0, 1, 2, 3)):
    y = texts[list(order)]
    return contrastive.clip_loss(images, y, torch.tensor(log(scale)))

# %%
right, pulls = {}, {}
for scale in (1, 10, 100, 1000):
    right[scale] = cost(scale).abs().item()
    swapped = cost(scale, order=(1, 0, 2, 3))
    (pull,) = torch.autograd.grad(swapped, images)
    pulls[scale] = pull.norm(dim=1).max().item()
    print(f"scale {scale:4}: loss {right[scale]:.4f}; with two swapped",
          f"{swapped.item():6.2f}, longest gradient {pulls[scale]:6.2f}")
print(f"the tiny PLIP has learnt a scale of {plip.logit_scale:.1f}")

# %% tags=["claim", "remove-cell"]
claim("the loss falls towards 0", np.diff(list(right.values())[:3]), "<", 0, margin=1e-3)
claim("ten times as sure means ten times the pull", pulls[1000] / pulls[100], "about", 10, margin=0.5)
claim("our tiny PLIP stays far from it", plip.logit_scale, "<", 30)

# %% [markdown]
# If all captions are right, the loss falls towards 0 as the scale grows, and nothing inside the loss ever stops it.
# With two swapped, ten times as sure means ten times the pull. A corpus always has some wrong pairs. Without a bound a
# single one could in the end shake all weights.
#
# So after each step the training *clamps* the logit scale, that is, cuts it back to `contrastive.MAX_LOGIT_SCALE`,
# which is ln(100), a temperature of 0.01. The authors of CLIP found this necessary for a stable training
# {cite}`radford2021clip`, and the model that they released rests at this bound. Where a batch holds wrong answers that
# are right, to be so sure is punished; our tiny PLIP stays far from it.
#
# ## The size of the batch
#
# **The other pairs of the batch are the wrong answers, so its size is part of the question.** In most of machine
# learning the batch is a matter of speed. Not here. With two pairs, the model must tell a picture's caption from *one*
# other, which is often easy. With many, there is nearly always one that is hard. So we expect: the larger, the better.
#
# We train the toy of the last unit with batches of different size, first with the same number of steps, then with the
# same number of pairs seen. A third curve knows which pairs show the same tissue; the next section tells why.

# %%
kinds = ["adipose", "lymphocytes", "smooth_muscle"]
kinds += ["colorectal_adenocarcinoma"]
labels = {kind: microcosm.TISSUES[kind].phrase for kind in kinds}
pairs = toy.some_pairs(kinds, 320)
held_out = toy.some_pairs(kinds, 160, seed=1)
truth = [kinds.index(kind) for kind in pairs.kinds]

# %%
def taught(seed, steps=60, **options):
    model = toy.ToyClip(pairs, dim=16, seed=seed)
    toy.train(model, pairs, steps=steps, seed=seed, frames=2, **options)
    temperature = exp(-model.logit_scale.item())
    return toy.accuracy(model, held_out, labels), temperature

def several(n=32, **options):
    found = [taught(seed, batch_size=n, **options)[0] for seed in range(8)]
    return metrics.Score(np.mean(found), min(found), max(found), len(found))

# %% mystnb={"image": {"alt": "Accuracy against batch size, three curves. With equal steps it rises to 32 and falls at 128; with groups known it goes on rising; with equal pairs seen it is flat and then falls."}, "figure": {"caption": "Nearest-label accuracy on held-out tiles. Points are means of eight starts, bands their extremes.", "name": "fig-02-batch"}}
sizes = (2, 8, 32, 128)
same_steps = {n: several(n) for n in sizes}
same_pairs = {n: several(n, steps=960 // n) for n in sizes}
with_groups = {n: several(n, groups=truth) for n in sizes}
curves = {"60 steps": same_steps, "60 steps, groups known": with_groups}
curves["960 pairs seen"] = same_pairs
plots.lines(curves, x="batch size", y="accuracy", log=True)

# %% tags=["claim", "remove-cell"]
claim("larger is better up to 32", np.diff([same_steps[n].value for n in (2, 8, 32)]), ">", 0.02)
claim("the largest batch does not win", same_steps[32].value - same_steps[128].value, ">", 0.02)
claim("The curve that knows the groups goes on", np.diff([with_groups[n].value for n in (8, 32, 128)]), ">", 0.005)

# %% tags=["claim", "remove-cell"]
claim("with equal pairs the largest batch is the worst", [
    same_pairs[n].value - same_pairs[128].value for n in (2, 8, 32)], ">", 0.01)
claim("with equal pairs seen it is flat and then falls", [
    same_pairs[n].value - same_pairs[8].value for n in (2, 32)], "about", 0, margin=0.06)

# %% tags=["claim", "remove-cell"]
claim("sixty steps make it no better", same_steps[128].value - same_pairs[128].value, "<", 0.03)
claim("With equal steps it rises to 32 and falls at 128", max(same_steps, key=lambda n: same_steps[n].value), "==", 32)

# %% [markdown]
# With equal steps, larger is better up to 32: the model sees more pairs, and gets harder questions. But the largest
# batch does not win. The curve that knows the groups goes on. Also with equal pairs the largest batch is the worst. It
# takes only seven steps there, but sixty steps make it no better. The authors of PLIP made their batch as large as they
# could {cite}`bianchi2023article`; {doc}`08_large_batches` shows how to have a large one on a small machine.
#
# ## False negatives
#
# **Some of the wrong answers are right, and the larger the batch, the more of them it holds.** In a batch of 16 pairs
# of four kinds, about four show each. Their captions fit each other's pictures, but the loss pushes them apart. Such a
# wrong answer that is right is a {term}`false negative`. A post with four pictures makes them by itself: four pairs
# with one caption.
#
# The remedy is to tell the loss which pairs belong together. Each pair gets a {term}`group`, and pairs of one group
# share the right answer in equal parts. Cross-entropy takes such shares as they are. Six pairs, the first three of one
# post:

# %%
groups = torch.tensor([0, 0, 0, 1, 2, 3])
together = groups[:, None] == groups
targets = together / together.sum(1, keepdim=True)
print(targets)
generator = torch.Generator().manual_seed(0)
x, y = normalize(torch.randn(2, 6, 8, generator=generator), dim=2)
logits, scale = 10 * x @ y.T, torch.tensor(log(10))
loss = cross_entropy(logits, targets) + cross_entropy(logits.T, targets.T)
packaged = contrastive.clip_loss(x, y, scale, groups=groups)
print(f"by hand {loss / 2:.5f}, package {packaged:.5f}")

# %% tags=["claim", "remove-cell"]
claim("The package does the same", float(loss) / 2, "about", float(packaged), margin=1e-5)

# %% [markdown]
# The package does the same. How much does it matter? In the toy world we know the true kinds, so we can remove *all*
# false negatives. That was the third curve. Its points beside those of the first:

# %%
for n in sizes:
    alone, known = same_steps[n].value, with_groups[n].value
    print(f"batch {n:3}: alone {alone:.1%}, groups known {known:.1%},",
          f"{100 * (known - alone):4.1f} points more")

# %% tags=["claim", "remove-cell"]
claim("From 8 pairs on the groups help", [with_groups[n].value - same_steps[n].value for n in (8, 32, 128)], ">", 0.03)
claim("the more, the larger the batch", np.diff([
    with_groups[n].value - same_steps[n].value for n in (2, 32, 128)]), ">", 0.02)

# %% [markdown]
# From 8 pairs on the groups help, and the more, the larger the batch. That is why the first curve turned. So the two
# ideas of this unit pull against each other: a large batch has harder wrong answers, and more that are right.
#
# Real groups know less than ours. They know which pairs share a picture or a caption, and not which show the same
# tissue. How much is that, in the batch from the beginning?

# %%
known = torch.tensor(group[:, None] == group).fill_diagonal_(False)
print(f"whole batch: {same.sum()} wrong answers of the same tissue,",
      f"groups know {known.sum()}")
print(f"our picture: {same[0].sum()} of the same tissue,",
      f"groups know {known[0].sum()}")

# %% tags=["claim", "remove-cell"]
claim("Groups know hardly any of them", int(known.sum()) / int(same.sum()), "<", 0.03)
claim("For our picture they know one, the reply", known[0].nonzero().flatten().tolist(), "==", 1)
claim("Real groups know less than ours", int(known.sum()), "<", int(same.sum()))

# %% tags=["claim", "remove-cell"]
claim("the hardest that remain are often right", float(
    (same & ~known)[range(128), wrong.masked_fill(known, -torch.inf).argmax(1)].float().mean()), ">", 0.4)

# %% [markdown]
# Groups know hardly any of them. For our picture they know one, the reply, which names what it shows. In
# {doc}`03_collecting_posts` each pair gets its `group_id`, and {doc}`07_fine_tuning` hands it to the loss. The other
# false negatives stay where they are, and a low temperature finds them.
#
# ## A loss without a row
#
# **The {term}`sigmoid loss` asks each cell of the table: do these two belong together, yes or no?** InfoNCE asks one
# question with n answers for each picture. SigLIP {cite}`zhai2023siglip` asks n questions with two answers. No cell
# depends on the rest of the batch, and a group only makes more answers a "yes". Where each pair stands alone, only one
# answer in n is "yes", so a bias tells the model from the start that most are "no". With our groups a quarter is "yes";
# our bias is smaller than that of the paper.

# %%
def sigmoid_loss(images, texts, logit_scale, groups):
    logits = logit_scale.exp() * images @ texts.T - 3  # the bias
    signs = torch.where(groups[:, None] == groups, 1.0, -1.0)
    return -logsigmoid(signs * logits).sum() / len(logits)

bias, by_hand = torch.tensor(-3.0), sigmoid_loss(x, y, scale, groups)
packaged = contrastive.siglip_loss(x, y, scale, bias, groups=groups)
print(f"by hand {by_hand:.4f}, package {packaged:.4f}")
yes_no = {n: several(n, groups=truth, loss=sigmoid_loss) for n in sizes[1:]}
for n, score in yes_no.items():
    print(f"batch {n}: {score.value:.1%}, InfoNCE {with_groups[n].value:.1%}")

# %% tags=["claim", "remove-cell"]
claim("It gains from a larger batch, too", yes_no[128].value - yes_no[8].value, ">", 0.02)
claim("within five points of InfoNCE", [
    yes_no[n].value - with_groups[n].value for n in yes_no], "about", 0, margin=0.05)
claim("by hand as in the package", float(by_hand), "about", float(packaged), margin=1e-4)

# %% tags=["claim", "remove-cell"]
claim("With our groups a quarter is", np.mean(np.equal.outer(truth, truth)), "==", 0.25)

# %% [markdown]
# The value is the same by hand as in the package. It gains from a larger batch, too, and at each size it lies within
# five points of InfoNCE with groups. That is no verdict: our bias stood still, while SigLIP learns it, and nothing was
# tuned.
#
# ## The loss without the table
#
# **The table grows with the square of the batch, and the loss can do without it.** `contrastive.blocked_clip_loss`
# walks over the table strip by strip, keeps the running sums of the exponentials, and throws the strip away; on the way
# back it makes each strip again.

# %%
for n in (128, 1024, 16_384, 65_536):
    print(f"batch {n:6,}: embeddings {n * 512 * 4 / 1e6:5.1f} MB,",
          f"one table {n * n * 4 / 1e6:8,.1f} MB")
x, y = normalize(torch.randn(2, 1000, 32, generator=generator), dim=2)
whole = contrastive.clip_loss(x, y, scale)
blocked = contrastive.blocked_clip_loss(x, y, scale)
print(f"with the table {whole:.5f}, without {blocked:.5f}")

# %% tags=["claim", "remove-cell"]
claim("The value is the same", float(whole), "about", float(blocked), margin=1e-4)

# %% [markdown]
# The value is the same; the tests of the book compare the gradients as well. `benchmarks/contrastive_memory.py`
# measures both losses with 16,384 pairs: without the table it takes less than a tenth of the memory, and less time,
# too. What the encoders need is another matter, and the subject of {doc}`08_large_batches`.
#
# ## Exercises
#
# :::{exercise} Sure and wrong
# :label: ex-02-sure
#
# Swap the captions of A and B, as above. What is the smallest whole scale at which the loss is higher than ln(4), the
# loss of knowing nothing?
# :::
#
# :::{solution-start} ex-02-sure
# :class: dropdown
# :::

# %%
answer = next(s for s in range(1, 101) if cost(s, (1, 0, 2, 3)) > log(4))
print(answer)

# %% tags=["claim", "remove-cell"]
claim("From a scale of 6 on", answer, "==", 6)
claim("of about 0.17, half of the answers wrong cost more than", cost(6, (1, 0, 2, 3)).item(), ">", log(4), margin=0.05)

# %% [markdown]
# From a scale of 6 on, a temperature of about 0.17, half of the answers wrong cost more than knowing nothing. Training
# starts at a scale of 14, one over 0.07.
#
# :::{solution-end}
# :::
#
# :::{exercise} How many false negatives?
# :label: ex-02-count
#
# A batch is drawn from pairs of k kinds, all equally common. How many wrong answers of a picture show its own kind, on
# average? `answer` is a list of two: for our toy (80 pairs of each of 4 kinds, batch 128), and for 26 kinds with very
# many pairs of each and CLIP's batch of 32,768.
# :::
#
# :::{solution-start} ex-02-count
# :class: dropdown
# :::

# %%
answer = [127 * 79 / 319, 32_767 / 26]
print([round(number, 1) for number in answer])

# %% [markdown]
# Each of the other n - 1 pairs is of the same kind with the chance 79/319, or about 1/26. With few kinds, a large batch
# is a large crowd of false negatives. The web has very many kinds, so CLIP could afford its batch.
#
# :::{solution-end}
# :::
#
# :::{exercise} Too long
# :label: ex-02-long
#
# A colleague wants to train for 200 steps instead of 60. Call `taught` with both at batch 32, for the seeds 0 to 3, once
# alone and once with `groups=truth`. Which accuracy and which temperature come out on average? Then judge in a few
# sentences: would you train longer, why does it go so, and what could warn you if there were no held-out tiles?
# :::
#
# :::{solution-start} ex-02-long
# :class: dropdown
# :::

# %%
def mean_of_four(**options):
    found = [taught(seed, batch_size=32, **options) for seed in range(4)]
    return np.mean(found, axis=0)

means = np.array([[mean_of_four(steps=steps, groups=given)
                   for steps in (60, 200)] for given in (None, truth)])
for name, (short, long) in zip(("alone", "groups"), means):
    print(f"{name:6} accuracy {short[0]:.1%}, then {long[0]:.1%};",
          f"temperature {short[1]:.3f}, then {long[1]:.3f}")

# %% tags=["claim", "remove-cell"]
claim("Alone, the accuracy falls", means[0, 0, 0] - means[0, 1, 0], ">", 0.01)
claim("the temperature falls to about half", means[0, 1, 1] / means[0, 0, 1], "about", 0.5, margin=0.1)

# %% tags=["claim", "remove-cell"]
claim("With groups the accuracy does not fall", means[1, 1, 0] - means[1, 0, 0], ">", 0)
claim("and the temperature hardly moves", means[1, 1, 1] / means[1, 0, 1], "about", 1, margin=0.1)

# %% [markdown]
# Alone, the accuracy falls with longer training while the temperature falls to about half: the model learns, in time,
# to tell apart pairs that show the same tissue, and grows sure of it. With groups the accuracy does not fall, and the
# temperature hardly moves. So we would train longer only with groups. Could the loss of the training have warned us?

# %%
model = toy.ToyClip(pairs, dim=16)
losses = toy.train(model, pairs, steps=200, batch_size=32).losses
print(f"loss alone: {np.mean(losses[40:60]):.2f} after 60 steps,",
      f"{np.mean(losses[-20:]):.2f} after 200; ln(8) = {log(8):.2f}")

# %% tags=["claim", "remove-cell"]
claim("Not by its direction: it goes on falling", np.mean(losses[40:60]) - np.mean(losses[-20:]), ">", 0.5)
claim("it falls far below ln(8)", np.mean(losses[-20:]), "<", log(8), margin=0.5)

# %% [markdown]
# Not by its direction: it goes on falling. But it falls far below ln(8), about what someone scores who knows the tissue
# and nothing else. That, and a temperature that keeps sinking, can be signs of learning by heart.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - The temperature decides how much the hardest wrong answer counts; the model learns it, as a logarithm, up to a
#   bound.
# - The batch supplies the wrong answers: a larger one asks harder questions, and holds more false negatives.
# - Groups take the known false negatives away; the hardest that remain are often right.
#
# ## What comes next
#
# All of it rests on pairs. {doc}`03_collecting_posts` goes and gets them.
#
# ## References
#
# The learned and clamped temperature is CLIP's {cite}`radford2021clip`, the sigmoid loss SigLIP's
# {cite}`zhai2023siglip`.
#
# :::{bibliography}
# :filter: docname in docnames
# :::
