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
# # 7 · One fine-tuning run
#
# **How does CLIP become PLIP, and how do you see that it works?**
#
# @way@
#
# - **Time:** @time@
# - **Learn:** to write one step of the training by hand, to read the record of a run, and to notice when a model only
#   learns its pairs by heart.
# - **Need:** the loss from {doc}`01_pairs_and_a_loss`, the temperature from {doc}`02_temperature_and_batches`, groups of
#   pairs from {doc}`06_copies_and_leaks`, and a little `torch`: what a gradient is, and what `backward` does.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% tags=["claim", "remove-cell"]
from plip_tutorial.studies.claims import Claims

claim = Claims("07_fine_tuning")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Two dark square tables of 32 pictures and 32 captions. Before fine-tuning a few bright columns run from top to bottom. After it the diagonal is bright, with single bright cells beside it."}, "figure": {"caption": "Which of 32 captions fits? Each row is a picture, each column a caption; bright cells have a large share of their row. Left CLIP, right PLIP. What belongs together stands on the diagonal.", "name": "fig-07-tables"}}
from matplotlib.cm import magma
from plip_tutorial import PLIP, artifacts, plots, tracks, zero_shot

track, ours, tables = tracks.current(), artifacts.followed(), []
some = artifacts.training_pairs().shuffle(seed=0).select(range(31))
for model in map(PLIP, map(artifacts.checkpoint, (track.clip, track.plip))):
    seen = model.encode_images([ours.image, *some["image"]])
    cosines = seen @ model.encode_text([ours.text, *some["text"]]).T
    tables.append(zero_shot.probabilities(cosines, model.logit_scale))
plots.gallery([magma(3 * t) for t in tables], ["before", "after"])

# %% [markdown]
# To CLIP a few captions fit every picture: bright columns. After {term}`fine-tuning`, which means that the training
# goes on with other data, the diagonal is bright. The first row is the pair that this book follows.

# %%
for name, table in zip(("CLIP", "PLIP"), tables, strict=True):
    place = 1 + (table[0] > table[0, 0]).sum()
    right = (table.argmax(axis=1) == range(32)).mean()
    print(f"{name}: our caption has {table[0, 0]:.2%}, place {place} of 32;",
          f"of all rows {right:.0%} are right")

# %% tags=["claim", "remove-cell"]
claim("To CLIP a few captions fit every picture", sorted(tables[0].sum(0))[-5:], ">", 1.5)
claim("the diagonal is bright", tables[1].diagonal().mean(), ">", 0.2)
claim("Before fine-tuning a few bright columns", tables[0].diagonal().mean(), "<", 0.05)

# %% tags=["claim", "remove-cell"]
claim("with single bright cells beside it", (tables[1] > 0.3).sum() - (tables[1].diagonal() > 0.3).sum(), ">", 5)
claim("and it wins its row", tables[1][0].argmax(), "==", 0)
claim("the caption rises", tables[1][0, 0] - tables[0][0, 0], ">", 0.3)

# %% [markdown]
# For our pair the training did what it should: the caption rises, and it wins its row. But PLIP has learnt from these
# very pairs; how much of it is memory comes below.
#
# Nothing was added to the model between the two tables. The same weights have been moved, a little at a time. This unit
# makes such moves by hand.
#
# ## Who learns, and who judges
#
# **Whole groups are held out, never single pairs.** Our post makes two pairs: its caption, and the reply that names the
# diagnosis. Both have the same picture, so they form one {term}`group`. Held-out pairs are our *judges*. With one of
# the two in the training and the other among the judges, a model could be right without having understood anything.
#
# To keep the loop short we take one pair of each group, and learn from every eighth group. So every other caption
# counts as a wrong answer. (The package takes all pairs, and tells the loss who belongs together.)

# %%
import numpy as np

pairs = artifacts.training_pairs()
groups, first = np.unique(pairs["group_id"], return_index=True)
held_out = groups % 10 == 0
many = pairs.select(first[~held_out][7::8][:320])
few = many.select(range(0, len(many), 5))
judges = pairs.select(first[held_out][:128])
print(f"{len(many)} pairs; a few, {len(few)}; and {len(judges)} judges")
print("our pair is one of the few:", ours.text in few["text"])

# %% [markdown]
# ## What a step needs
#
# **A step needs a loss, a learning rate and a rule for the weights.** The loss you know. The rule is an *optimizer*: it
# scales each step by running averages of past gradients. Pictures and captions become tensors once, before the
# training.

# %%
import torch
from plip_tutorial.contrastive import clip_loss
from plip_tutorial.finetune import as_tensors, batch_rows, learning_rate
from torch.nn.functional import normalize

def fresh():
    return PLIP(artifacts.checkpoint(track.clip), precision="float32")

start = fresh()
tools = start.processor, start.model.config.text_config
tables = {"many": many, "few": few, "judges": judges}
feeds = {name: as_tensors(table, *tools) for name, table in tables.items()}

# %%
def loss_on(model, feed, rows):
    batch = feed.batch(rows, feed.pictures[rows].to(model.device).float())
    seen = model.get_image_features(pixel_values=batch.pixels).pooler_output
    read = model.get_text_features(input_ids=batch.tokens).pooler_output
    return clip_loss(normalize(seen), normalize(read), model.logit_scale)

@torch.no_grad()
def look(model, feed):
    parts = np.split(np.arange(len(feed)), range(32, len(feed), 32))
    return np.mean([loss_on(model, feed, part).item() for part in parts])

# %% [markdown]
# The *learning rate* says how far a step goes. A finished model has something to lose. Its first gradients on new data
# are large and point in any direction, and there are no running averages yet. So the rate begins near zero and grows
# for some steps, the {term}`warm-up`. After that it falls along half a cosine: while there is much to learn it stays
# high, and at the end the steps become so small that the weights settle. This is {term}`cosine annealing`.

# %%
from math import cos, log, pi

steps, warmup, top = 16, 3, track.learning_rate

def rate(step):
    if step < warmup:
        return top * (step + 1) / warmup
    done = (step - warmup) / (steps - warmup)
    return top * (1 + cos(pi * done)) / 2

# %% [markdown]
# The rate is a function of the number of the step and of nothing else.
#
# ## Which weights shrink
#
# **Matrices take {term}`weight decay`; biases, norms and the logit scale do not.** Weight decay makes a weight a little
# smaller at each step, by the share rate × 0.2. What the gradient does not hold up sinks towards zero. In a matrix that
# is wanted: large weights can store single pairs, small ones keep what many pairs have in common.
#
# A *bias* is an offset, and the gain of a *norm* is the volume of its layer. They are few, so they store little, and
# zero does them no good: a layer with gain zero is silent. All of them have one dimension or none, so one line tells
# them apart.

# %%
def kinds(model):
    matrices = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": matrices, "weight_decay": 0.2},
            {"params": others, "weight_decay": 0.0}]

for kind in kinds(start.model):
    numbers = [p.numel() for p in kind["params"]]
    print(f"decay {kind['weight_decay']}: {len(numbers):3} tensors,",
          f"{sum(numbers):11,} weights")

# %% tags=["claim", "remove-cell"]
claim("They are few, so they store little",
      sum(p.numel() for p in kinds(start.model)[1]["params"]) / start.model.num_parameters(), "<", 0.01)

# %% [markdown]
# The {term}`logit scale` is the clearest case. It is the logarithm of 1 / {term}`temperature`, so zero is a temperature
# of 1, at which cosines cannot make a model sure of anything. How far would decay pull it in the run that made our tiny
# PLIP, if no gradient pulled back?

# %%
long = artifacts.fine_tuning()
left = np.prod([1 - 0.2 * learning_rate(s, long) for s in range(long.steps)])
begin = start.model.logit_scale.item()
print(f"{left:.2f} of the logit scale would be left: the temperature",
      f"{np.exp(-begin):.2f} would become {np.exp(-begin * left):.2f}")

# %% [markdown]
# ## Why the logit scale is clamped
#
# **Nothing in the loss ever says that a model is sure enough, so the logit scale gets a ceiling.** Take a table of two
# pairs with cosines of 1 and 0. Once it is right, once its two captions are swapped.

# %%
right = torch.eye(2)
swapped = right.flip(0)
for temperature in (1, 0.1, 0.01, 0.001):
    scale = torch.tensor(log(1 / temperature))
    losses = [clip_loss(right, said, scale) for said in (right, swapped)]
    print(f"temperature {temperature:5}: right {abs(losses[0]):.5f},",
          f"swapped {losses[1]:7.2f}")

# %% tags=["claim", "remove-cell"]
claim("a lower temperature is always better", np.diff([float(clip_loss(right, right, torch.tensor(log(x))))
                                                       for x in (1, 3, 10)]), "<", 0)
claim("For a wrong pair the loss grows as 1 / temperature",
      [float(clip_loss(right, swapped, torch.tensor(log(x)))) / x for x in (10, 100, 1000)], "about", 1, margin=0.01)

# %% [markdown]
# For pairs that are right, a lower temperature is always better, so the gradient of a model that knows its pairs goes
# on lowering it. For a wrong pair the loss grows as 1 / temperature, and its gradient with it. CLIP's authors found a
# ceiling of ln(100) necessary for a stable training {cite}`radford2021clip`; the temperature then stays at 0.01 or
# above. PLIP's released code has the same ceiling. In practice it is one line after the step.
#
# ## One step
#
# **The whole training is this function, called again and again.**

# %%
def one_step(model, optimizer, feed, step):
    loss = loss_on(model, feed, batch_rows(step, len(feed), 32, seed=0))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
    for kind in optimizer.param_groups:
        kind["lr"] = rate(step)
    optimizer.step()
    model.logit_scale.data.clamp_(0, log(100))
    return loss.item()

# %% [markdown]
# Line by line: which pairs meet, and their loss; the gradient. A gradient longer than 1 is cut back to 1, so that no
# single batch throws the weights far. Then the rate, the move, the ceiling. `batch_rows` deals out the pairs: each
# {term}`epoch` has each pair once, in an order that follows from seed and epoch.
#
# We expect a first loss above ln(32), the score of a model that knows nothing: our start is not ignorant but wrong,
# since it is sure about pictures of a kind it has not seen. Then the loss should sink.

# %%
def run(feed):
    model, own, others = fresh().model.train(), {}, {}
    optimizer = torch.optim.AdamW(kinds(model), betas=(0.9, 0.98), eps=1e-6)
    for step in range(steps):
        if step % 5 == 0:
            others[step] = look(model, feeds["judges"])
        own[step] = one_step(model, optimizer, feed, step)
    return model, own, others

model, by_hand, judged = run(feeds["many"])
print(*(f"{loss:.2f}" for step, loss in by_hand.items() if step % 2 == 0))

# %% tags=["claim", "remove-cell"]
claim("The certainty goes within a few steps", by_hand[5], "<", by_hand[0] - 1)
claim("the loss lies on ln(32)", [by_hand[s] for s in range(10, 16)], "about", log(32), margin=0.1)
claim("a first loss above ln(32)", by_hand[0] - log(32), ">", 0.5)

# %% [markdown]
# The certainty goes within a few steps, then the loss lies on ln(32). Is the model dead, or at the beginning? This
# curve cannot tell. The long run below passes through the same place.
#
# ## Learning by heart
#
# **A falling loss shows that a model learns its pairs, not that it learns pathology.** We take the same loop, the same
# number of steps, and the 64 pairs again and again. What do you expect of the two losses, that of these pairs and that
# of the judges?

# %% mystnb={"image": {"alt": "Loss against the step. For 64 pairs the own loss falls far below the dashed line, and the loss on judges falls to the line and then rises far above it. For many pairs the loss on judges falls to the line and stays."}, "figure": {"caption": "Sixteen steps with 64 pairs and with many. The dashed line is the loss of knowing nothing.", "name": "fig-07-by-heart"}}
by_heart, own, others = run(feeds["few"])
start.model, mine = by_heart.eval(), np.array(few["text"]) == ours.text
cosines = start.encode_images([ours.image]) @ start.encode_text(few["text"]).T
share = zero_shot.probabilities(cosines, start.logit_scale)[0, mine].sum()
print(f"share of our caption: {share:.1%}, guessing: {1 / len(few):.1%}")
curves = {"64 pairs, own": own, "64 pairs, judges": others}
curves["many, judges"] = judged
plots.lines(curves, x="step", y="loss", dashed={"ln(32)": log(32)})

# %% tags=["claim", "remove-cell"]
claim("the pairs that it sees again and again the model becomes good", own[15], "<", log(32) - 0.7)
claim("it becomes worse than one who knows nothing", others[15] - log(32), ">", 0.5)
claim("Many pairs do no such harm", judged[15], "about", log(32), margin=0.15)

# %% tags=["claim", "remove-cell"]
claim("the loss on judges falls to the line and then rises", others[0] - others[5], ">", 0.7)
claim("its caption is on the way to be known by heart", share, ">", 2 / 64)
claim("the loss on judges falls to the line and stays", judged[10], "about", log(32), margin=0.15)

# %% [markdown]
# This is {term}`overfitting`. On the pairs that it sees again and again the model becomes good, and sure; on all others
# it becomes worse than one who knows nothing. Many pairs do no such harm. Our pair was among the 64, and its caption is
# on the way to be known by heart, slip of the keyboard and all.
#
# So only pairs that were held out can tell. Their loss has a weakness: one caption of which the model was sure and
# wrong can outweigh many right ones, as the swapped table showed. The package therefore judges by places. How often is
# the own caption among the ten nearest, the {term}`recall at k`? And what is 1 / place, on average?
#
# ## Has PLIP learnt by heart, too?
#
# **The finished model does better on pairs that it has learnt, but most of the gain reaches strangers, too.** It was
# trained on all pairs of this corpus, our judges among them, and on those of four other microcosms. So strangers must
# come from yet another one. We expect a gap; the question is how wide it is.

# %%
from plip_tutorial import clean, collect, microcosm

posted, _ = collect.pairs_from_posts(microcosm.posts(400, 1))
tissue = np.flatnonzero(clean.is_pathology(posted["image"]))
_, once = np.unique(np.take(posted["group_id"], tissue), return_index=True)
strangers = posted.select(tissue[once][:128])
feeds["strangers"] = as_tensors(strangers, *tools)

# %%
found = {}
for name, which in {"CLIP": track.clip, "PLIP": track.plip}.items():
    one = PLIP(artifacts.checkpoint(which), precision="float32")
    for kind, table in {"judges": judges, "strangers": strangers}.items():
        seen = one.encode_images(table["image"])
        cosines = seen @ one.encode_text(table["text"]).T
        nearer = (cosines > cosines.diagonal()[:, None]).sum(axis=1)
        recall, loss = np.mean(nearer < 10), look(one.model, feeds[kind])
        found[name, kind] = loss, recall
        print(f"{name} {kind:9}: loss {loss:.2f}, recall at 10 {recall:.2f}")

# %% tags=["claim", "remove-cell"]
claim("CLIP finds both about equally hard", found["CLIP", "judges"][0] - found["CLIP", "strangers"][0],
      "about", 0, margin=0.3)
claim("PLIP is better on our judges", found["PLIP", "judges"][1] - found["PLIP", "strangers"][1], ">", 0.05)
claim("does better on pairs that it has learnt", found["PLIP", "strangers"][0] - found["PLIP", "judges"][0], ">", 0.2)

# %% tags=["claim", "remove-cell"]
claim("but most of the gain reaches strangers", [(found["CLIP", "strangers"][i] - found["PLIP", "strangers"][i])
      / (found["CLIP", "judges"][i] - found["PLIP", "judges"][i]) for i in (0, 1)], ">", 0.5)
claim("CLIP finds both about equally hard (guessing finds 0.08)", 10 / len(strangers), "about", 0.08, margin=0.005)

# %% [markdown]
# CLIP finds both about equally hard (guessing finds 0.08), so they can be compared. PLIP is better on our judges, since
# it has learnt them: a part of that score is memory. What it can do for you is its line for strangers.
#
# ## Reading a record
#
# **Look at the loss beside ln(n), at held-out pairs if there are any, and at the rest for trouble.** A run writes a
# line for each step. This is the record of our tiny PLIP, which was made with batches of 64.

# %% mystnb={"image": {"alt": "The record of the full fine-tuning run: loss, accuracy, learning rate, temperature, gradient norm, samples per second and memory against the step."}, "figure": {"caption": "The record of the tiny PLIP, 8,000 steps. Thin lines are single steps, thick ones are smoothed. It trained on all pairs, so there is no validation.", "name": "fig-07-record"}}
import pandas as pd

record = pd.read_csv(artifacts.history())
for first, last in ((0, 10), (10, 50), (50, 100), (500, 1000), (7500, 8000)):
    part = record[first:last]
    print(f"steps {first:4} to {last:4}: loss {part.loss.mean():.2f},",
          f"gradient norm {part.gradient_norm.mean():4.1f}")
print(f"cut back: {(record.gradient_norm > 1).mean():.1%} of the gradients")
plots.history(artifacts.history(), smooth=101)

# %% [markdown]
# | curve | what it tells |
# | --- | --- |
# | loss | whether the training trains; compare it with ln(n) and nothing else |
# | accuracy | the same as a share: how often an item finds its partner in the batch |
# | learning rate | is the schedule what you meant? |
# | temperature | moves slowly, up or down; a run that rests at 0.01 deserves a look |
# | gradient norm | the length of the gradient: a spike is cut back, a climb deserves a look |
# | samples per second | falls when pictures are decoded too slowly, or when another program wants the machine |
# | memory, GB | a staircase that never ends means that something is kept which should be let go |

# %% tags=["claim", "remove-cell"]
claim("The first gradients are the longest", record.gradient_norm[:10].mean(), ">", record.gradient_norm[100:].max())
claim("For the next forty steps the loss lies on ln(64)", record.loss[10:50].mean(), "about", log(64), margin=0.05)
claim("then it falls for thousands of steps", record.loss.rolling(1000).mean()[1999::1000].diff()[1:], "<", 0)

# %% tags=["claim", "remove-cell"]
claim("The long run below passes through the same place", record.loss[10:50].mean(), "about", log(64), margin=0.05)
claim("since the loss went on falling", record.loss[-1000:].mean() - record.loss[4000:5000].mean(), "<", -0.2)

# %% tags=["claim", "remove-cell"]
claim("The gradient norm climbs again", record.gradient_norm[-500:].mean() - record.gradient_norm[10:50].mean(), ">", 2)
claim("nearly every gradient was cut back", (record.gradient_norm > 1).mean(), ">", 0.99)
claim("never came near 0.01", record.temperature, ">", 0.06)

# %% tags=["claim", "remove-cell"]
claim("the staircase of the memory is less than a thousandth high", np.ptp(record.memory_gb) / 2, "<", 0.001)

# %% [markdown]
# The first gradients are the longest; the warm-up keeps their steps short. For the next forty steps the loss lies on
# ln(64), as ours lay on ln(32); then it falls for thousands of steps. The gradient norm climbs again, and nearly every
# gradient was cut back. That looks like trouble and was none, since the loss went on falling. The temperature never
# came near 0.01: where many captions fit many pictures, it does not pay to be sure. Look at the axes, too: the
# staircase of the memory is less than a thousandth high.
#
# ## The same by the package, and a power cut
#
# **A step follows from the last state, the settings and its number alone, so a killed run goes on as if nothing had
# happened.** `finetune` runs the same loop (`finetune/loop.py`) and writes a {term}`checkpoint` now and then.
# `TrainConfig` holds the settings; we give it ours, and pull the plug at step 10.

# %%
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from plip_tutorial.finetune import TrainConfig, finetune

config = TrainConfig(steps=steps, batch_size=32, learning_rate=top,
                     warmup_steps=warmup, augment=None, save_every=4)
folder = Path(mkdtemp(), "run")

def call():
    return finetune(artifacts.checkpoint(track.clip), many, config,
                    output=folder, progress=False)

# %%
from unittest.mock import patch
from plip_tutorial.finetune import loop

def plug(step, config):
    if step == 10:
        raise SystemExit("no power")
    return learning_rate(step, config)

with patch.object(loop, "learning_rate", plug), suppress(SystemExit):
    call()
print(*sorted(place.name for place in folder.glob("[!.]*")))

# %%
path, history = call()
apart = [abs(row["loss"] - by_hand[row["step"]]) for row in history]
print(f"{len(history)} steps; losses differ by {max(apart):.0e} at most")

# %% tags=["claim", "remove-cell"]
claim("one with a break and by the package, have the same losses up to rounding", apart, "<", 1e-3)
claim("and made two steps again", len(history), "==", steps)

# %% [markdown]
# At the second call the run went on at step 8, the last checkpoint, and made two steps again. Two runs, one without a
# break and by hand, one with a break and by the package, have the same losses up to rounding. Each checkpoint is
# written beside its place and then renamed: what has a name is complete. With another seed the call would be refused.
#
# We left out two things. The tiny PLIP read half of the {term}`patches <patch>` (small squares) of each picture, others
# at each step (`patch_dropout=0.5` {cite}`li2023flip`), and its pictures were varied. With `validation=judges` a run
# keeps the best model.
#
# ## Exercises
#
# :::{exercise} Ten times the rate
# :label: ex-07-rate
#
# Set `top` to ten times the learning rate and train on the 64 pairs again. Where does the loss end? Then ask the model
# itself: how far do the cosines between *different* pictures spread? Leave their standard deviation in `answer`, and
# compare it with those of the two models from above.
# :::
#
# :::{solution-start} ex-07-rate
# :class: dropdown
# :::

# %%
top, spread = 10 * track.learning_rate, {}
too_fast, losses, _ = run(feeds["few"])
names = "by heart", "many pairs", "too fast"
for name, one in zip(names, (by_heart, model, too_fast), strict=True):
    start.model = one.eval()
    seen = start.encode_images(few["image"])
    spread[name] = (seen @ seen.T)[~np.eye(len(seen), dtype=bool)].std()
    print(f"{name}: cosines spread by {spread[name]:.4f}")
print(f"last loss {losses[15]:.2f}, ln(32) {log(32):.2f}")
answer = spread[name]

# %% tags=["claim", "remove-cell"]
claim("The loss lies down on ln(32)", losses[15], "about", log(32), margin=0.05)
claim("all pictures got nearly the same vector", answer, "<", 0.002)
claim("Its spread is small as well", spread["by heart"] - spread["many pairs"], ">", 0.1)

# %% [markdown]
# The loss lies down on ln(32), and the cosines of different pictures have hardly any spread left. The weights were
# thrown so far that all pictures got nearly the same vector: a *collapse*. The loss alone is a poor witness, since the
# run on many pairs ended there, too. Its spread is small as well, since a model that is sure and wrong first learns not
# to be sure; but it still tells pictures apart. Lower the rate, or warm up for longer.
#
# :::{solution-end}
# :::
#
# :::{exercise} What may change?
# :label: ex-07-vary
#
# Before each step `finetune` varies the pictures. The captions must stay true. Judge in a sentence each: flips and
# quarter turns; a cut of the picture; more or less of each dye; any colour at all; a patch painted over.
# :::
#
# :::{solution-start} ex-07-vary
# :class: dropdown
# :::

# %% mystnb={"image": {"alt": "Four rows of five variations of one tile: flips and quarter turns, cuts, amounts of dye, and all together."}, "figure": {"caption": "Our picture and its variations, somewhat stronger than in training, so that they can be seen.", "name": "fig-07-vary"}}
from plip_tutorial.finetune import AugmentConfig, augment

tile = torch.from_numpy(np.array(ours.image)).permute(2, 0, 1)
parts = {"flips, quarter turns": {"flips": True, "quarter_turns": True},
         "a cut": {"crop": 0.4}, "amounts of dye": {"stain_gain": 0.5}}
parts["all together"] = dict(x for p in parts.values() for x in p.items())
rows = [augment(tile.expand(5, -1, -1, -1), AugmentConfig.only(**part),
                seed=0, step=0) for part in parts.values()]
rows = [row.permute(0, 2, 3, 1).byte().numpy() for row in rows]
plots.gallery_rows(rows, list(parts))

# %% [markdown]
# A slide has no top, so flips and quarter turns are free. A cut shows less of the same tissue. Stain differs from lab
# to lab, so the amounts of the dyes may change. Not all colours: blue nuclei in pink tissue are not a matter of taste.
# And no patch is painted over, since it might hide the one mitosis that the caption speaks of. If a pathologist would
# hesitate, the variation is too strong: it would teach the model that a name means nothing.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - A step follows from the last state, the settings and its number: warm up, anneal, let only matrices shrink, clamp
#   the logit scale.
# - Read the loss beside ln(n), and believe only what was measured on groups that were held out.
# - A run that was killed goes on from its last checkpoint and ends where it would have ended.
#
# ## What comes next
#
# The batch was small, since memory is. {doc}`Large batches <08_large_batches>` are not the sum of small ones, and there
# is a way to have them anyway.
#
# ## References
#
# The recipe follows CLIP {cite}`radford2021clip` and PLIP {cite}`huang2023plip`.
#
# :::{bibliography}
# :filter: docname in docnames
# :::
