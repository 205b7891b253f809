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
# # Fine-tuning
#
# **Time:** @time@
#
# ## What you will learn
#
# - how a general CLIP becomes a PLIP: one training loop, read from top to bottom;
# - a {term}`warm-up`, {term}`cosine annealing`, and variations of a picture that tissue allows;
# - to read the record of a run: what good, bad and hopeless look like;
# - why four small batches are not one large one, and how a {term}`gradient cache` gives the large one anyway;
# - to compare many settings, and to let the right pairs choose among them;
# - to keep what the ancestor knew, by mixing the weights of two models.
#
# ## What you need first
#
# The loss, from {doc}`01_contrastive_learning`, and cleaned pairs, from {doc}`04_cleaning_the_corpus`.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% [markdown]
# ## What we start from
#
# {term}`Fine-tuning` means: training goes on, from a finished model, with other data. The finished model is a CLIP that has seen everyday pictures and hardly any
# tissue. The data are the pairs that chapters 2 to 4 collected and cleaned.

# %% mystnb={"image": {"alt": "Six tiles of the cleaned corpus, each with the beginning of its caption."}, "figure": {"caption": "Pairs of the cleaned corpus.", "name": "fig-05-pairs"}}
import numpy as np

from plip_tutorial import artifacts, microcosm, plots, tracks
from plip_tutorial.finetune import TrainConfig, finetune
from plip_tutorial.finetune import interpolate, learning_rate, loop

track = tracks.current()
pairs = artifacts.training_pairs()
print(len(pairs), "pairs:", pairs.column_names)
plots.gallery(pairs[:6]["image"], [text[:60] for text in pairs[:6]["text"]], columns=3)

# %% [markdown]
# Not all of them fit: a remark about a meeting may still stand among them. It names a different organ each time, so counting equal captions does not find it.
#
# In the tiny {term}`track` these are the cleaned pairs of the last chapter. No open corpus of pathology posts exists, so in the full track the captions are written from the labels of
# a public set of tiles, by the grammar of the microcosm ({doc}`data_cards`). Pairs of your own take their place if `PLIP_TUTORIAL_PAIRS` names a file or a data set on the hub.
#
# Some pairs must be kept out of the training, so that we can tell learning from memorising. They have to be strangers: two pictures of
# one post on both sides would be {term}`leakage`. So whole {term}`groups <group>` go to one side.

# %%
held_out = np.array(pairs["group_id"]) % 10 == 0
train = pairs.select(np.flatnonzero(~held_out))
validation = pairs.select(np.flatnonzero(held_out)[:256])
print(len(train), "pairs to learn from,", len(validation), "to look at,", set(train["group_id"]) & set(validation["group_id"]), "shared groups")

# %% [markdown]
# ## One loop
#
# The whole training is one loop, in `plip_tutorial/finetune/loop.py`. It fits on a screen:

# %%
import inspect
from textwrap import dedent

source = inspect.getsource(loop.train)
print(dedent(source[source.index("    for step in") :]))

# %% [markdown]
# This is what one step does:
#
# 1. which pairs meet: `batch_rows(step, ...)`;
# 2. how their pictures are varied: `augment(..., seed, step)`;
# 3. embeddings, loss, gradient: `backward(...)`;
# 4. a gradient that is too long is cut back;
# 5. each weight moves against its gradient, at the rate `learning_rate(step, config)`; the {term}`logit scale` is kept between 0 and ln(100);
# 6. a row goes out. `finetune` calls the loop, writes the rows to `history.csv`, and now and then a {term}`checkpoint`.
#
# Look at the arguments. Everything that a step does follows from the settings and the number of the step; nothing is hidden. That is why
# a run that was killed can go on as if nothing had happened. Here is the order of the first two epochs of ten pairs:

# %%
from plip_tutorial.finetune import batch_rows

for step in range(6):
    print(f"epoch {step // 3}, step {step}: pairs {batch_rows(step, 10, 4, seed=0)}")

# %% [markdown]
# Each epoch has each pair once, in another order. And the batches are of near-equal size: cut into fours, ten pairs would leave a last batch of
# two, and you know from {doc}`01_contrastive_learning` how little a tiny batch asks.
#
# ## The learning rate
#
# A finished model has something to lose. Its first gradients on new data are large and point in any direction, and the optimizer has no
# running averages yet. So the rate begins near zero and grows for some steps, the {term}`warm-up`. After that it falls along half a cosine: while there is
# much to learn it stays high, and at the end the steps become so small that the weights settle. This is {term}`cosine annealing`.

# %% mystnb={"image": {"alt": "The learning rate rises in a straight line for some dozen steps and then falls along half a cosine to zero."}, "figure": {"caption": "The learning rate of the finished tiny PLIP, step by step.", "name": "fig-05-schedule"}}
full = artifacts.fine_tuning()
print(full.steps, "steps,", full.warmup_steps, "of them warm-up")
schedule = {step: learning_rate(step, full) for step in range(0, full.steps, 5)}
plots.lines({"learning rate": schedule}, x="step", y="learning rate")

# %% [markdown]
# ## Variations that tissue allows
#
# The same picture is never shown twice in quite the same way. The caption must stay true, so the question is: what may change? A slide has no top, so
# flips and quarter turns are free. A cut shows less of the same tissue. Stain differs from lab to lab, in {term}`optical density`, where dyes add up; there we change
# their amounts and turn their colours a little. Focus and sensor noise belong to the scanner. Each can be switched off.

# %% mystnb={"image": {"alt": "Eight rows of eight variations of one tile: flips, quarter turns, cuts, stain, focus, noise, and all together."}, "figure": {"caption": "One tile and its variations, somewhat stronger than in training, so that they can be seen in print.", "name": "fig-05-augment"}}
import torch

from plip_tutorial.finetune import AugmentConfig, augment

tile = torch.from_numpy(microcosm.render_tile("normal_colon_mucosa", seed=4, size=64)).permute(2, 0, 1)
chosen = {"flips": True, "quarter_turns": True, "crop": 0.4, "stain_gain": 0.5, "stain_turn": 0.1, "focus": 1.0, "noise": 40.0}
settings = {f"{name} = {value}": AugmentConfig.only(**{name: value}) for name, value in chosen.items()}
settings["all together"] = AugmentConfig.only(**chosen)
varied = [augment(tile.expand(8, 3, 64, 64), config, seed=0, step=0) for config in settings.values()]
plots.gallery_rows([batch.permute(0, 2, 3, 1).byte().numpy() for batch in varied], list(settings))

# %% [markdown]
# Is each of these still the tissue that the caption names? If a pathologist would hesitate, the variation is too strong: it would teach the
# model that a name means nothing. What is *not* here matters as much. Colours are not turned at will, since blue nuclei in pink tissue are not a matter of taste,
# and no patch is painted over, since it might hide the one mitosis that the caption speaks of.
#
# The tiny track does leave patches out, and for another reason: time. Half of the patches of each picture, other ones at each step, are never read
# (`patch_dropout=0.5`, the idea of FLIP {cite}`li2023flip`). Our tissues are textures, and half a texture is a texture. Where a caption hangs on one cell,
# leave this switch at 0.
#
# ## A short run
#
# We expect the loss to begin above ln(batch size), the score of a model that knows nothing: our start is not ignorant but wrong, since it is sure about pictures of a kind it has not seen. Then the loss should sink. We stop early; the finished model has many more steps.
#
# For the held-out pairs we ask: how often is the right caption among the ten nearest of all held-out captions? This is the {term}`recall at k`.

# %%
from tempfile import mkdtemp
from pathlib import Path

folder = Path(mkdtemp())
some = train.select(range(min(30 * track.batch_size, len(train))))
config = TrainConfig(
    steps=30, batch_size=track.batch_size, learning_rate=track.learning_rate,
    warmup_steps=8, validate_every=6, patch_dropout=0.5,
)
path, history = finetune(
    artifacts.checkpoint(track.clip), some, config, output=folder / "short",
    validation=validation, progress=False,
)

# %%
first, last = history[0], history[-1]
print(f"loss {first['loss']:.2f} -> {last['loss']:.2f}; knowing nothing: {first['chance_loss']:.2f}")
tenth = [np.mean([row["accuracy"] for row in part]) for part in (history[:9], history[-9:])]
print(f"partner found in the batch, mean of nine steps: {tenth[0]:.1%} -> {tenth[1]:.1%}; guessing: {1 / config.batch_size:.1%}")
recalls = [round(row["validation_recall"], 3) for row in history if row["validation_recall"]]
print(f"recall at 10 on held-out pairs: {recalls}; guessing: about {10 / len(validation):.3f}")

# %% mystnb={"image": {"alt": "Eight panels against the step: loss, accuracy in the batch, validation recall, learning rate, temperature, gradient norm, samples per second, memory."}, "figure": {"caption": "The record of the short run. Thin lines are single steps, thick ones are smoothed.", "name": "fig-05-short"}}
plots.history(history)

# %% [markdown]
# The loss falls through the dashed line, so the model now knows something. The held-out recall stands above guessing at each look, and moves up and down between them: the run is short, and the pairs that judge it are few. Accuracy in the batch is small and jumps; so few pairs say little.
#
# Eight curves, and what each is for:
#
# | curve | what it tells |
# | --- | --- |
# | loss | whether the training trains; compare it with ln(n) and nothing else |
# | accuracy | the same in words: how often an item finds its partner in the batch. Many captions fit several pictures, so 100% is neither possible nor wanted |
# | validation recall | the only one about pairs the model does not train on. When it falls while the loss still sinks, stop |
# | learning rate | is the schedule what you meant? |
# | temperature | moves slowly, up or down; it cannot fall below 0.01, and a run that rests there deserves a look |
# | gradient norm | single spikes are cut back, a steady climb is a warning |
# | samples per second | falls when pictures are decoded too slowly, or when another program wants the machine |
# | memory, GB | a staircase that never ends means that something is kept which should be let go |
#
# All of them are columns of `history.csv`, which is always written. With `trackers=("tensorboard",)` or `("comet_ml",)` they go there as well
# (`pip install "plip-tutorial[track]"`). Without a key Comet works offline and leaves an archive in the folder of the run, to be sent later or never.
# The tests of this book read the numbers back from both. The authors of PLIP tracked their runs with Comet.
#
# You need not watch. With `patience=3` a run stops by itself after three validations without a new best one, and either way the model that comes out is the best one: the
# one that puts the right partner of a held-out pair at the highest place, on average of one over the place. With few pairs that tells models apart where the recall among ten cannot.
#
# ## What a run leaves behind

# %%
for place in sorted(folder.rglob("*")):
    if place.is_file() and "token" not in place.name and place.name[0] != ".":
        print(f"{place.stat().st_size / 1e6:7.2f} MB  {place.relative_to(folder)}")

# %% [markdown]
# `model` is the result, a folder that `CLIPModel.from_pretrained` loads. The folders `step-*` are checkpoints, the last and the best one: the same files, and the
# running averages of the optimizer, so that training can go on. Each checkpoint is written beside its place and then renamed. Kill the run at any moment: what has
# a name is complete. Call `finetune` again with the same arguments, and it goes on from the last one; on a CPU the weights at the end
# are the same to the last bit. The tests of this book kill a run eight times to make sure.
#
# ## The finished model
#
# The model that the other chapters use was made by the same function, with more steps. Its record:

# %% mystnb={"image": {"alt": "The record of the full fine-tuning run: loss, accuracy, learning rate, temperature, gradient norm, samples per second and memory against the step."}, "figure": {"caption": "The record of the finished tiny PLIP. It trains on all pairs, so there is no validation.", "name": "fig-05-full"}}
plots.history(artifacts.history())

# %% [markdown]
# The loss goes on falling until the learning rate is nearly zero; it lies far below the dashed line and far above 0, since many captions fit many pictures. The norm of the gradient is largest in the first steps, where the warm-up
# keeps them short, and then grows slowly. The memory climbs in a few steps and stays. That is a run without trouble.
#
# ## Is a large batch the sum of small ones?
#
# Large batches need memory. In most of deep learning there is a way around: compute the gradients of four small batches, add them up, then move. It is called
# accumulation, and it gives exactly the gradient of the large batch, because the loss is a mean over items.
#
# Not here. Our loss compares each pair with all others *in its batch*; four batches of 32 hold a quarter of the comparisons of one batch of 128. So we expect another gradient. The
# gradient cache {cite}`gao2021gradcache` gets it right: it embeds everything without keeping the activations, computes the gradient for each embedding, and then
# sends it through the encoders chunk by chunk. Open `gradcache.py`; the function is shorter than this explanation.
#
# We compute the gradient of one batch in three ways. First the model and the batch:

# %%
from plip_tutorial import contrastive
from plip_tutorial.finetune import as_tensors, gradcache
from plip_tutorial.metrics import confusion
from plip_tutorial.plip import PLIP

encoder = PLIP(artifacts.checkpoint(track.plip), precision="float32")
model, n = encoder.model, 64
feed = as_tensors(train.select(range(n)), encoder.processor, model.config.text_config)
batch = feed.batch(np.arange(n), feed.pictures.to(model.device).float())
chunks = batch.chunks(n // 8)

# %%
from torch.nn.functional import normalize

def embed(part):
    images = model.get_image_features(pixel_values=part.pixels).pooler_output
    return normalize(images, dim=1), normalize(model.get_text_features(input_ids=part.tokens).pooler_output, dim=1)

def loss(images, texts):
    return contrastive.clip_loss(images, texts, model.logit_scale)

def accumulate():
    for chunk in chunks:
        (loss(*embed(chunk)) / len(chunks)).backward()

# %%
from time import perf_counter

def measured(work):
    model.zero_grad()
    start = perf_counter()
    with gradcache.kept_activations() as kept:
        work()
    seconds = perf_counter() - start
    return torch.cat([p.grad.flatten() for p in model.parameters()]).double(), kept.peak, seconds

# %%
whole = measured(lambda: gradcache.backward(embed, [batch], loss))
cached = measured(lambda: gradcache.backward(embed, chunks, loss))
accumulated = measured(accumulate)

# %%
for name, (gradient, memory, seconds) in {"whole": whole, "cached": cached, "accumulated": accumulated}.items():
    away = float((gradient - whole[0]).norm() / whole[0].norm())
    cosine = float(torch.cosine_similarity(gradient, whole[0], dim=0))
    print(f"{name:12} difference {away:8.1e}  cosine {cosine:6.3f}  kept {memory / 1e6:6.1f} MB  {seconds:.2f} s")

# %% [markdown]
# The cached gradient is the whole one, up to rounding, with a fraction of the memory and somewhat more time: each chunk but the last is embedded twice. Accumulation
# needs as little memory and is faster, but it is the gradient of another, easier question.
#
# In the settings it is one number, `chunk_size`. With it, the batch is limited by patience and no longer by memory.
#
# ### What would fit a T4?
#
# A free Colab GPU has 15 GB. Weights, gradients and the two running averages of AdamW need 16 bytes for each weight, whatever the batch. The rest is for activations, and
# for the pictures of the batch. All of it can be counted without a GPU, on tensors that have a shape and no contents (`benchmarks/gpu_memory.py` does). So these numbers are computed, not measured on a T4:
#
# | model | weights and optimizer | activations of a pair | batch in one go | batch in chunks of 32 |
# | --- | --- | --- | --- | --- |
# | ViT-B/32, float32 | 2.4 GB | 76 MB | 149 | 6,755 |
# | ViT-B/32, fp16 | 2.4 GB | 46 MB | 240 | 7,282 |
# | ViT-L/14, float32 | 6.8 GB | 566 MB | 12 | 0 |
# | ViT-L/14, fp16 | 6.8 GB | 340 MB | 18 | 0 |
#
# In one go the activations of all pairs wait for the way back. In chunks only those of one chunk do, and what fills the memory is the pictures of the batch. Half precision
# makes the activations smaller, though not quite half as large, and leaves the rest as it was. A 0 means that not even one chunk of this size fits; then take smaller chunks.
#
# One gigabyte is set aside for what a GPU's libraries take, and that is a guess. You need not trust it: when the memory of the GPU is full, `finetune` does the step
# again in chunks of half the size, says so, and goes on with these. The gradient stays the same.
#
# ### What do the comparisons buy?
#
# All this trouble is for one thing: that each pair is compared with more others. We can let just that grow. Every run below takes the same number of steps with the same pairs, 64 at a
# time. Only the loss differs: it compares the pairs of a step in parts of 4, of 16, or all 64. A part of 4 is what accumulation would do, 64 is what the gradient cache does.
# These runs take a while, so they were made beforehand by `make sweep`, and we read what it wrote.

# %%
from plip_tutorial.metrics import choosing
from plip_tutorial.studies import sweep
from plip_tutorial.metrics import Score

swept, tested = sweep.load(), artifacts.benchmark_of(tracks.TINY, sweep.TEST)
growing = {size: [] for size in sweep.COMPARED}
for row in swept.results:
    if row["study"] == "batch":
        matrix = choosing.matrices(row["predictions"], tested["label"])
        growing[row["compared"]].append(float(confusion.weighted_f1(matrix)))
curve = {size: Score(np.mean(f1), min(f1), max(f1), len(f1)) for size, f1 in growing.items()}
for size, score in curve.items():
    print(f"{size:3} compared: F1 {score}")

# %% mystnb={"image": {"alt": "Zero-shot weighted F1 against the number of pairs that are compared with each other, 4 to 64, with a band over the seeds."}, "figure": {"caption": "Zero-shot weighted F1 when more pairs are compared, with equal steps and equal pairs seen. Points are means over seeds, bands reach from the lower to the higher.", "name": "fig-05-compared"}}
plots.lines({"64 pairs a step": curve}, x="pairs compared with each other", y="weighted F1", log=True)

# %% [markdown]
# Left is accumulation, right is the true batch; time and pairs are the same. The mean rises from the left to the middle, and no further here. But look at the bands before you believe any of it: where they overlap, so few seeds cannot tell the points apart. And the runs are short: a model that knows little yet has little to gain from hard comparisons. Keep the other side in mind, from
# {doc}`01_contrastive_learning`: if a larger batch means fewer steps, gain and loss may cancel.
#
# ## When nothing is learnt
#
# Four ways to fail, so that you know them when you meet them: a rate that is far too high; a high rate without a warm-up; embeddings that nobody normalised; a batch of one. We run each for a few
# steps. Beside them run one without a fault, and a cure: the high rate *with* a warm-up, and everything else the same.

# %%
from unittest.mock import patch

few = train.select(range(min(640, len(train))))

def short_run(name, **changes):
    settings = {
        "steps": 24, "batch_size": 32, "learning_rate": track.learning_rate,
        "warmup_steps": 10, "patch_dropout": 0.5, **changes,
    }
    checkpoint = artifacts.checkpoint(track.clip)
    return finetune(checkpoint, few, TrainConfig(**settings), output=folder / name, progress=False)

# %%
rate = track.learning_rate
runs = {
    "healthy": short_run("healthy"),
    "rate x 100": short_run("rate", learning_rate=100 * rate, clip_norm=0),
    "rate x 2, no warm-up": short_run("cold", learning_rate=2 * rate, warmup_steps=0),
    "rate x 2, warm-up": short_run("warm", learning_rate=2 * rate),
}
runs["batch of one"] = short_run("one", compared=1)  # batch_size=1 is refused
with patch.object(loop, "normalize", lambda vectors, dim: vectors):
    runs["not normalised"] = short_run("normalise")

# %% mystnb={"image": {"alt": "Loss against the step for six short runs. The dashed line is ln of 32, the loss of knowing nothing."}, "figure": {"caption": "Four ways to fail, a cure, and a run without a fault. The dashed line is the loss of knowing nothing. Losses above 8 are cut off.", "name": "fig-05-collapse"}}
curves = {name: {row["step"]: min(row["loss"], 8) for row in rows} for name, (_, rows) in runs.items()}
plots.lines(curves, x="step", y="loss", dashed={"ln(32)": np.log(32)})

# %% [markdown]
# The loss alone is a poor witness. A run that lies on ln(n) might be taken for one that has converged, and a loss of 0 for a triumph. So we ask the models themselves: how far do the similarities of
# *different* pictures spread, and how often does a picture find its caption among 64? The model that they all started from stands beside them, and what guessing would give.

# %%
import pandas as pd

strangers, rows = validation.select(range(min(64, len(validation)))), {}
places = {"the start": (artifacts.checkpoint(track.clip), None)} | runs
for name, (place, history) in places.items():
    encoder = PLIP(place)
    seen, said = encoder.encode_images(strangers["image"]), encoder.encode_text(strangers["text"])
    alike = (seen @ seen.T)[~np.eye(len(seen), dtype=bool)]
    found = contrastive.pair_recall(torch.from_numpy(seen), torch.from_numpy(said), torch.tensor(strangers["group_id"]), k=10)
    losses = ("", "") if history is None else (f"{abs(history[0]['loss']):.2f}", f"{abs(history[-1]['loss']):.2f}")
    rows[name] = [*losses, f"{alike.mean():.4f}", f"{alike.std():.4f}", f"{found:.2f}"]
rows["guessing"] = ["", "", "", "", f"{10 / len(strangers):.2f}"]
pd.DataFrame(rows, index=["first loss", "last loss", "cosine, mean", "cosine, spread", "recall at 10"]).T

# %% [markdown]
# How to recognise each, and its cure:
#
# - **a rate too high**: the loss lies down on ln(n), as if nothing had been known at the start, and the cosines of different pictures have no spread left. The weights were thrown so far that all pictures got the same vector: a *collapse*.
#   A cosine near 1 alone is no sign, since a healthy run comes near it, too; the spread is. Nor does recall show it: vectors that are all but equal keep an order, with some of what the start knew. Lower the rate, and cut long gradients back (`clip_norm=1`);
# - **no warm-up**: twice our rate is not too high, the run with a warm-up shows it. Taken at full rate from the first step, when gradients are long and point anywhere, it ends in the same collapse. The two runs differ in nothing else. A warm-up costs nothing;
# - **not normalised**: similarities have no bound, and a temperature that was made for cosines makes logits of any size. Look at the first losses: the other runs start somewhat above ln(n), this one far beyond.
#   In our loop the encoders' output is always normalised; here it took some force to switch that off;
# - **a batch of one**: here each pair is compared with itself alone, which is the same. The loss is 0 and the gradient is 0. Everything looks perfect, and the last columns are those of the start: nothing was learnt ({doc}`01_contrastive_learning` has it as an exercise). ln(1) is 0: this loss too lies on ln(n).
#
# A fifth way ends by itself: when the loss is not a number, `finetune` stops, says at which step and at which rate, and names the last good checkpoint.
#
# ## Which settings?
#
# Learning rate, batch, warm-up, temperature, loss, variations: nobody knows the best values beforehand. So one tries. `make sweep` has trained many settings, each with two seeds, in short runs that see equally many pairs. The
# settings were drawn at random, but so that each value of each axis occurs equally often.

# %%
runs_made = [row for row in swept.results if row["study"] == "search"]
settings = choosing.by_setting(runs_made, tested["label"])
print(len(settings), "settings,", len(runs_made), "runs,", f"{sum(row['seconds'] for row in runs_made) / 60:.0f} minutes of computing")
print(swept.provenance)
settings.head(6).style.format({"learning_rate": "{:g}", "warmup": "{:g}", "temperature": "{:g}", "validation_recall": "{:.3f}", "test_f1": "{:.3f}"})

# %% [markdown]
# Who chooses? The *held-out pairs of the corpus*: for each run, how often is the partner among the first ten of all held-out pairs. They are not trained on, and they are not what we will report. The table is sorted by them, so the first row is chosen. The column `test_f1` is the weighted F1 on micro-kather, zero-shot. It is far below that of the finished model: each run sees a small part of what that one saw.
# In the figure each line is a setting, from its learning rate on the left to its validation recall on the right.

# %% mystnb={"image": {"alt": "Parallel coordinates: six axes of settings and a seventh for validation recall. Each setting is a line; the darker and wider, the better. The chosen one is orange."}, "figure": {"caption": "All settings of the sweep. The darker and wider a line, the better its validation recall; the chosen setting is orange.", "name": "fig-05-sweep"}}
plots.parallel_coordinates(settings, sweep.AXES, score="validation_recall")

# %% [markdown]
# Follow the dark lines back to the left. Where they all pass through the same value, that value matters; where they fan out, it does not, at least not for runs as short as these. The same as a table, the mean over all settings with a value:

# %%
means = {name: settings.groupby(name)["validation_recall"].mean() for name in sweep.AXES}
for name, column in means.items():
    print(f"{name:14}", "   ".join(f"{value}: {recall:.3f}" for value, recall in column.items()))

# %% [markdown]
# The highest rate does worst, and the sigmoid loss stays behind: these differences are the largest. Warm-up, temperature and variations make smaller ones. In runs as short as these no setting is far from guessing, so small differences say little. Be careful with the loss: the sigmoid loss wants a rate and a temperature of its own, and an average over settings that suit its rival is not a fair duel.
#
# ### When the test chooses
#
# It would be so easy: look at the test tiles, keep the setting that is best there, and report its score. What is wrong with that? Among many settings some are lucky on just these tiles. The one with the best
# score is good *and* lucky, and its luck does not come along to other patients.
#
# We expect that a setting which validation chose does as well on other patients as on these, and that a setting which the test chose does worse; most of all if few tiles chose.
#
# How much luck? Part the patients of the test set in two at random. Let the first part choose, and note the score that would be reported. Then look at the patients of the second part, whom nobody asked. Three hundred times, for
# choosers of different size, and beside it the setting that validation chose:

# %%
predictions = [[row["predictions"] for row in runs_made if all(row[name] == one[name] for name in sweep.AXES)] for _, one in settings.iterrows()]
patients = np.array(tested["patient"])
asked = [n for n in (2, 4, 8, 16) if n < len(set(patients))]
gaps = {"chosen by the test": {}, "chosen by validation": {}}
for many in asked:
    for name, chosen in zip(gaps, (None, 0)):
        found = choosing.optimism(predictions, tested["label"], patients, patients_asked=many, chosen=chosen)
        gaps[name][round(found.tiles)] = found.reported - found.later

# %% mystnb={"image": {"alt": "The reported F1 minus the F1 on other patients, against the number of tiles that chose: one curve for choosing by the test, one for choosing by validation."}, "figure": {"caption": "By how much the reported F1 is higher than the same model's F1 on other patients. Means over 300 random halvings.", "name": "fig-05-optimism"}}
plots.lines(gaps, x="test tiles in the score", y="reported - later", log=True)

# %% [markdown]
# What the upper curve has above the lower one is the price of letting the test choose, and whoever believes the reported number pays it. It is largest where few tiles chose. With many it is small here, and for a good reason: held-out pairs and test tiles partly agree on which settings are good, so there is
# little room for luck. Nobody knows that beforehand.
#
# So the rule of this book: settings are chosen by held-out pairs, test tiles are looked at once. The table above has the column `test_f1`, to show what both judges say; nothing was chosen by it.
#
# ## Keeping what the ancestor knew
#
# Fine-tuning has a price: what is no longer practised is forgotten. WiSE-FT {cite}`wortsman2022wiseft` offers a simple remedy. Take the weights of the ancestor
# and of its child, and mix them. It sounds like nonsense, as half of two networks is not a network; but child and ancestor are so close that
# the way between them is often smooth.
#
# We mix CLIP and PLIP in five shares, and measure two things: finding the caption of everyday pictures, which CLIP was trained for, and naming tissue.

# %%
from plip_tutorial import metrics, zero_shot

name = track.benchmarks[0]
tiles, everyday = artifacts.benchmark(name, "test", 360), microcosm.everyday_pairs(200, seed=77)
phrases = [microcosm.PHRASES[name][code] for code in tiles.features["label"].names]

def everyday_recall(model):
    vectors = [torch.from_numpy(encode(everyday[column])) for encode, column in ((model.encode_images, "image"), (model.encode_text, "text"))]
    return contrastive.pair_recall(*vectors, k=10)

# %%
ends = artifacts.checkpoint(track.clip), artifacts.checkpoint(track.plip)
remembered, learnt = {}, {}
for alpha in (0.0, 0.25, 0.5, 0.75, 1.0):
    mixed = PLIP(interpolate(*ends, alpha, folder / f"mixed-{alpha}"))
    classes = zero_shot.classifier(mixed, phrases, microcosm.TEMPLATES[name])
    labels, _ = zero_shot.predict(mixed.encode_images(tiles["image"]), classes)
    learnt[alpha] = metrics.weighted_f1(tiles["label"], labels, groups=tiles["slide"])
    remembered[alpha] = everyday_recall(mixed)

# %% mystnb={"image": {"alt": "Two curves against the share of PLIP: weighted F1 on tissue and recall on everyday pairs."}, "figure": {"caption": "Between CLIP (0) and PLIP (1). One curve is what was learnt, the other what was kept.", "name": "fig-05-wise"}}
plots.lines({"tissue, zero-shot weighted F1": learnt, "everyday, recall at 10": remembered}, x="share of PLIP")

# %% [markdown]
# Read both curves from left to right. At the right end stands what fine-tuning gave and what it took: most of what CLIP knew of everyday pictures is gone. On the way there is no valley; one curve climbs while the other falls. But no share keeps most of both. Our small model has moved far from home: the finished
# run is long for its size. A short, gentle training stays close, and its mixtures are better. Measure before you mix.
#
# ## Exercises
#
# :::{exercise} Frozen words
# :label: ex-05-frozen
#
# Fine-tune with the text encoder {term}`frozen` (`freeze=("text_model", "text_projection")`). How many weights are left to train? Compare the loss with the healthy run.
# :::
#
# :::{solution-start} ex-05-frozen
# :class: dropdown
# :::

# %%
_, frozen = short_run("frozen", freeze=("text_model", "text_projection"))
trained = sum(p.numel() for name, p in model.named_parameters() if not name.startswith("text_"))
print(f"{trained:,} of {sum(p.numel() for p in model.parameters()):,} weights")
print(f"last loss: {frozen[-1]['loss']:.2f} with frozen words, {runs['healthy'][1][-1]['loss']:.2f} without")

# %% [markdown]
# With the words frozen the loss ends higher. Compare it with ln(32) in the figure above: after so few steps this run has hardly learned anything. The captions speak of tissue, with words that the everyday captions never used, and a frozen encoder cannot give them new places. That is our
# explanation; to test it, freeze the pictures instead.
#
# There is a way in between. With `lora_rank=4` all weights stay as they are, and a small correction beside each matrix is trained in their place (LoRA {cite}`hu2022lora`; it needs the library peft). That saves the memory of the
# optimizer, and at the end the corrections are added in: what comes out is a plain CLIP.
#
# :::{solution-end}
# :::
#
# :::{exercise} Interrupted
# :label: ex-05-interrupted
#
# Set `save_every=5` and interrupt the kernel during a run. Call the same line again. At which step does the bar begin? Now change the seed and call again: what happens, and
# why is that a good thing?
# :::
#
# :::{solution-start} ex-05-interrupted
# :class: dropdown
# :::

# %%
try:
    short_run("healthy", seed=1)
except ValueError as error:
    print(str(error).replace(str(folder), "FOLDER"))

# %% [markdown]
# The bar begins at the last multiple of five. With another seed the call is refused: the folder holds a run with other settings, and going on would give a model
# that no settings describe. `resume=False` throws the old run away, another folder keeps both.
#
# :::{solution-end}
# :::
#
# :::{exercise} The price of one number
# :label: ex-05-chunk
#
# How do memory and time change with the size of the chunks?
# :::
#
# :::{solution-start} ex-05-chunk
# :class: dropdown
# :::

# %%
for size in (4, 16, 64):
    _, memory, seconds = measured(lambda: gradcache.backward(embed, batch.chunks(size), loss))
    print(f"chunks of {size:3}: {memory / 1e6:6.1f} MB kept, {seconds:.2f} s")

# %% [markdown]
# The memory follows the chunk, down to a floor: the weights themselves and the table of the loss. The time grows as chunks
# shrink: all but the last are embedded twice, and small pieces keep the processor less busy.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - Fine-tuning is one loop, and each step a pure function of the settings and its number.
# - Warm up, then anneal. Vary pictures only in ways that leave the caption true.
# - Read the loss against ln(n), and trust only what was measured on held-out groups.
# - Accumulating small batches is not a large batch; the gradient cache is.
# - A collapsed model is recognised by embeddings that are all alike.
# - Settings are chosen by held-out pairs. A test that chooses reports its own luck.
# - Weights of ancestor and child can be mixed, to keep some of both.
#
# ## What comes next
#
# The model is ready. {doc}`06_using_plip` opens it.
#
# ## References
#
# The recipe follows CLIP {cite}`radford2021clip` and PLIP {cite}`huang2023plip`; large batches in small memory come from {cite}`gao2021gradcache`, the mixing of weights
# from {cite}`wortsman2022wiseft`, and the optical densities of the stains from {cite}`ruifrok2001`.
#
# :::{bibliography}
# :filter: docname in docnames
# :::
