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
# # Linear probing
#
# **Time:** @time@
#
# ## What you will learn
#
# - to train a classifier on {term}`frozen` embeddings in seconds, and to choose its one setting without the {term}`test set`;
# - to compare CLIP, PLIP, plain colour and plain texture in the same way;
# - how many labels it takes, and what to do with five;
# - how choosing on the test set produces a fine score out of nothing.
#
# ## What you need first
#
# Embeddings ({doc}`06_using_plip`) and the scores of {doc}`07_zero_shot`. You should have met {term}`logistic regression`; two
# sentences about it follow.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% [markdown]
# ## A straight cut through a good space
#
# {doc}`07_zero_shot` used words as classes. If you have labelled tiles, you can do better: keep the model as it is, turn all tiles into vectors
# once, and train a {term}`logistic regression` on the vectors. It gives each class a weight for each of the numbers in the vector, adds
# up, and takes the class with the largest sum. Its borders are flat. So if it does well, the classes already lay apart, and the
# model deserves the praise, not the classifier. This is a {term}`linear probe`.
#
# We use the nine tissues again. In the tiny track the training tiles come from laboratories A to H, the test tiles from I to L. (The sets of the full track name
# neither laboratories nor patients, so there each tile counts as a patient. Where the text below reads a result, it reads that of the tiny track.)

# %%
from functools import cache

import numpy as np

from plip_tutorial import artifacts, linear_probe, metrics, plots, tracks
from plip_tutorial.metrics import baselines

track = tracks.current()
name = track.benchmarks[0]
train, test = artifacts.benchmark(name, "train"), artifacts.benchmark(name, "test")
train_y, test_y = np.array(train["label"]), np.array(test["label"])
print(f"{len(train)} tiles of {len(set(train['patient']))} patients to learn from, {len(test)} to test on")

# %% [markdown]
# The same tiles become numbers in several ways: by PLIP, by CLIP, as a histogram of their colours, and as three numbers, their mean colour.
# One more baseline leaves the colours aside: the texture of the grey picture, told by local binary patterns, which of its neighbours are brighter than a pixel, and by gradients, how strong they are and how far they agree in direction.
# In the full track a {term}`vision transformer` that has learned to name the thousand things of ImageNet stands beside them. It has never
# read a word. It is too large for the tiny track, where the list of others is empty.

# %%
pictures = lambda name, split: artifacts.benchmark(name, split)["image"]
encoders = {
    "mean colour": lambda name, split: baselines.mean_colour(pictures(name, split)),
    "colour histogram": lambda name, split: baselines.colour_histogram(pictures(name, split)),
    "texture": cache(lambda name, split: baselines.texture(pictures(name, split))),
    "CLIP": lambda name, split: artifacts.embeddings(track.clip, name, split),
    "PLIP": lambda name, split: artifacts.embeddings(track.plip, name, split),
}

# %%
from plip_tutorial.plip.vision_model import VisionModel

for title, model in track.others.items():
    other = VisionModel(model)
    encoders[title] = cache(lambda name, split, other=other: other.encode_images(pictures(name, split)))
features = {method: [encode(name, split) for split in ("train", "test")] for method, encode in encoders.items()}
print({method: x.shape for method, (x, _) in features.items()})

# %% [markdown]
# ## One setting, chosen inside the training set
#
# A logistic regression has one setting that matters, `C`. With a small `C` the weights are kept small ({term}`regularisation`), and the
# probe may be too stiff. With a large `C` it fits every quirk of the training tiles. Somebody has to choose.
#
# `linear_probe.sweep` chooses by {term}`cross-validation`: it hides a fifth of the training patients, trains on the others, scores on the
# hidden ones, takes turns, and does so for each `C`. Whole patients are hidden. Would we hide single tiles, the probe could recognise the
# *slide*.

# %%
@cache
def fitted(name, method):
    """A probe of one set, its C chosen on the training tiles; fitted once."""
    tiles = artifacts.benchmark(name, "train")
    x = encoders[method](name, "train")
    return linear_probe.sweep(x, tiles["label"], groups=tiles["patient"])

probes = {method: fitted(name, method) for method in encoders}
print({method: f"C = {probe.C:g}" for method, probe in probes.items()})

# %% mystnb={"image": {"alt": "Macro F1 in cross-validation against C on a logarithmic axis, one line for each kind of features."}, "figure": {"caption": "Cross-validation inside the training set. The test set has not been touched so far.", "name": "fig-08-c"}}
inside = metrics.macro_f1(train_y, baselines.constant(train_y, len(train))).value
curves = {method: probe.scores for method, probe in probes.items()}
plots.lines(curves, x="C", y="macro F1 in cross-validation", log=True, dashed={"constant": inside})

# %% [markdown]
# The curves rise and reach a plateau, that of PLIP early, the others later. Behind it the one of texture falls again. On the plateau the exact value hardly matters. But the plateaus begin at different `C`, so a comparison at one fixed `C` would favour whoever it suits: a small one, PLIP.
#
# ## The test
#
# Now, once, the test set.

# %%
found = {"constant": baselines.constant(train_y, len(test))} | {method: probes[method].predict(test_x) for method, (_, test_x) in features.items()}
reports = {method: metrics.report(test_y, labels, groups=test["patient"]) for method, labels in found.items()}
metrics.table(reports)[["weighted_f1", "macro_f1", "balanced_accuracy", "mcc"]]

# %% [markdown]
# The order tells a story. The first row is what always saying the most common class gives. The mean colour gets a part of the tissues right, since fat is empty and lymphocytes are blue. The
# histogram gets more. CLIP has seen hardly any tissue, and yet its embeddings hold far more than its zero-shot result suggested: the
# information was there, only the *words* did not point at it. PLIP is far ahead of CLIP and of colour, in all four scores.
#
# But look at the row of texture. These few dozen numbers, without any model, stand level with PLIP. In this small world tissues differ above all in their patterns, and with more than a thousand labels a probe learns to read those
# from plain texture as well. So the probe with all labels does not show that PLIP knows more than texture. What texture lacks are words, without which there is no zero-shot; how it does with fewer labels we see below.
#
# The rows of colour are not quite those of the last chapter. There `C` was fixed, and each colour feature was brought to the same spread by itself; here `C` is chosen, and the features keep their proportions, as the
# vectors of a model must.
#
# Compare also with the zero-shot score of PLIP from the last chapter, which used no label at all. The distance between the two is what the
# labels of the training set are worth, beside one prompt; with another prompt it is another distance.
#
# All four sets, scored by {term}`macro F1`, the paper's score for probes:

# %%
answered = {
    name: {
        method: fitted(name, method).predict(encode(name, "test"))
        for method, encode in encoders.items()
    }
    for name in track.benchmarks
}

# %% mystnb={"image": {"alt": "Bar chart of macro F1 with intervals on the benchmark sets: the constant answer, mean colour, colour histogram, texture, CLIP and PLIP."}, "figure": {"caption": "Linear probes on all sets. Lines are 95% intervals over patients.", "name": "fig-08-four-sets"}}
results = {}
for name_of_set, by_method in answered.items():
    tiles = artifacts.benchmark(name_of_set, "test")
    results[name_of_set] = {
        method: metrics.report(tiles["label"], found, groups=tiles["patient"]) for method, found in by_method.items()
    }
plots.bars(results, "macro_f1")

# %% [markdown]
# Where two intervals overlap, do not conclude that the models are equal. Both were tested on the same patients, so ask for the difference directly.

# %%
for name_of_set, by_method in answered.items():
    tiles = artifacts.benchmark(name_of_set, "test")
    for other in ("CLIP", "colour histogram", "texture"):
        difference = metrics.paired_difference(tiles["label"], by_method["PLIP"], by_method[other], groups=tiles["patient"])
        print(f"{name_of_set:18} PLIP minus {other:17} {difference}")

# %% [markdown]
# On all four sets PLIP is ahead of CLIP and of colour. The lead is smallest on `micro-wsss4luad`. That set was easy; look how
# high even the colour histogram stands in the figure. Where plain colour solves most of a task, a better model has little to add. And texture solves most of all four: beside it PLIP is ahead by a few hundredths at most, and the intervals hold 0 or begin close to it.
#
# ## How many labels?
#
# Labels cost a pathologist's time. So the question is less how good the probe is with all of them, and more how fast it gets there. We train on a
# hundredth of the training tiles, then on more, each time with three random choices. Every class keeps its share of the tiles, rounded, and has at least one. So the smallest part need not
# be exactly a hundredth: in the tiny track it has one tile of each class. With one tile a class nothing can be hidden, and cross-validation is impossible; `C` then stays at 0.1
# for all methods. In the first figure of this chapter that suits PLIP better than the others, so do not read their distance at this end.

# %%
import pandas as pd

from plip_tutorial import microcosm, zero_shot
from plip_tutorial.plip import PLIP

plip = PLIP(artifacts.checkpoint(track.plip))
phrases = [microcosm.PHRASES[name][code] for code in train.features["label"].names]
words = zero_shot.classifier(plip, phrases, microcosm.TEMPLATES[name])
f1 = lambda weights: metrics.macro_f1(test_y, zero_shot.predict(features["PLIP"][1], weights)[0]).value
no_labels = {"zero-shot PLIP": f1(words), "constant": reports["constant"]["macro_f1"].value}
print({what: round(score, 3) for what, score in no_labels.items()}, "with no labelled tile at all")

# %%
efficiency = {}
for method, (train_x, test_x) in features.items():
    efficiency[method] = linear_probe.label_efficiency(
        train_x, train_y, test_x, test_y,
        groups=train["patient"], whole=probes[method],
    )
by_labels = efficiency["PLIP"].groupby("labels")
by_labels["macro_f1"].agg(["mean", "min", "max"]).round(3).assign(C=by_labels["C"].agg(list))

# %% [markdown]
# The last column holds the `C` that was chosen each time. With all labels there is only one choice of tiles, so one probe. In the middle `C` moves from draw to draw, by a factor of ten: a few
# labels are also few to choose a setting with. How much of the scatter comes from that, and how much from the tiles themselves, this table does not tell.

# %% mystnb={"image": {"alt": "Macro F1 on the test set against the number of labelled tiles, one line for each kind of features; horizontal lines for zero-shot PLIP and the constant answer."}, "figure": {"caption": "Label efficiency: how the score grows with the number of labelled tiles, from 1% to all of them. Bands reach from the worst of three random choices to the best. Horizontal lines need no labels.", "name": "fig-08-labels"}}
plots.label_efficiency(efficiency, dashed=no_labels)

# %% [markdown]
# Read the figure sideways. Choose a height and ask how many labels each method needs to get there. The horizontal distance between two lines is
# the work that the better embedding saves, and for a clinic it is the more telling number. As the height we take what CLIP reaches with all labels.

# %%
means = {method: rows.groupby("labels")["macro_f1"].mean() for method, rows in efficiency.items()}
goals = {"CLIP with all labels": means["CLIP"].iloc[-1], "zero-shot PLIP": no_labels["zero-shot PLIP"]}
for goal, height in goals.items():
    print(f"to reach {goal}, {height:.3f}")
    for method, curve in means.items():
        enough = curve.index[curve >= height]
        print(f"    {method:17}", f"{enough[0]:.0f} labels" if len(enough) else "not even with all labels")

# %% [markdown]
# These are steps of the figure, no exact numbers. To reach what CLIP reaches with all labels, PLIP needs one tile of each class, texture about a tenth of the labels, and colour does not get there at all. So here is what PLIP has and texture has not: with few labels it is far ahead. The second height is the one of no labels: it takes PLIP's
# probe a hundred tiles or a few hundred to pass the nine sentences, texture takes all, and the others never do. But that line is one prompt of many ({doc}`07_zero_shot`): with the worst one a tile of each class would do.
#
# ## Five tiles of each
#
# At the left end a logistic regression has little to hold on to. For a handful of examples, {term}`few-shot`, there is a simpler
# rule: average the vectors of each class, its {term}`prototype`, and take the nearest. That is zero-shot classification with the mean
# tile in the place of the sentence. And nothing forbids to use both: a probe that *starts* from the sentences and departs from them as far as the tiles demand.
# How strongly it is held to them is fixed beforehand, not tuned.
# We expect the simple rule ahead of the probe when tiles are few, and the one that knows the words ahead of both.

# %%
def few_shot(x, n, seed):
    """Macro F1 of three ways to learn from n tiles of each class; nothing is tuned but the C of the probe."""
    few = linear_probe.shots(train_y, n, seed=seed)
    _, means = linear_probe.prototypes(x[few], train_y[few])
    both = linear_probe.text_informed(x[few], train_y[few], words, logit_scale=plip.logit_scale)
    probe = linear_probe.sweep(x[few], train_y[few]).predict(features["PLIP"][1])
    return f1(means), metrics.macro_f1(test_y, probe).value, f1(both)

trials = {n: [few_shot(features["PLIP"][0], n, seed) for seed in range(5)] for n in (1, 2, 5, 10, 20)}

# %%
ways = ("prototypes", "probe", "words + tiles")
print(f"words alone: {no_labels['zero-shot PLIP']:.3f}")
table = {n: np.mean(rows, 0) for n, rows in trials.items()}
frame = pd.DataFrame.from_dict(table, orient="index", columns=ways).rename_axis("tiles of each class")
ahead = {n: [prototypes - probe for prototypes, probe, _ in rows] for n, rows in trials.items()}
frame["prototypes minus probe"] = [f"{min(rows):+.3f} to {max(rows):+.3f}" for rows in ahead.values()]
frame.round(3)

# %% mystnb={"image": {"alt": "Macro F1 against the number of tiles of each class, from 1 to 20: prototypes, probe, and words with tiles, each with a band; a horizontal line for words alone."}, "figure": {"caption": "Few-shot learning with PLIP's vectors. Bands reach from the worst of five random choices of tiles to the best. The dashed line: the nine sentences without any tile.", "name": "fig-08-few"}}
score = lambda values: metrics.Score(np.mean(values), np.min(values), np.max(values), len(values))
few = {way: {n: score(np.array(rows)[:, i]) for n, rows in trials.items()} for i, way in enumerate(ways)}
plots.lines(few, x="tiles of each class", y="macro F1", log=True, dashed={"words alone": no_labels["zero-shot PLIP"]})

# %% [markdown]
# Read it from the left. With one tile a class, one unlucky tile spoils a class, which the width of the bands shows. Prototypes and probe stand far below the words. The way that knows both stands far
# above these two, but with up to five tiles of each class it is no better than the words alone: a few tiles can also lead away from them. With more tiles it gains a little.
#
# Half of our expectation was wrong. Prototypes are no better than the probe. The last column shows the difference draw by draw, both ways learning from the same tiles: it is small, and it
# changes sides. What prototypes have is that they are
# simpler, with nothing to choose. With many tiles the three come closer, and what you had at the start matters
# less. Look where the lines of prototypes and probe come up to the dashed one: about twenty tiles of each class are worth as much as the nine sentences of this prompt.
#
# Do not compare single numbers of this table with those of the last section. The tiles are others, `C` is chosen from splits by tile and not by patient, and the bands show how much one draw can differ from
# the next.
#
# ## Why not choose on the test set?
#
# In published code you will find a loop over settings that keeps the best *test* score. The released code of PLIP has such a loop
# for its probes. It looks harmless: the classifier never trains on the test tiles. Let us see what it does in the purest case, where there is nothing to
# find. We replace the labels by dice. No method can beat chance now, which is about one in nine.
#
# Our "method" has one setting: the number of its random generator. We try 200 of them on a small test set and keep the best.

# %%
draw = np.random.default_rng(12345)  # a seed that is none of the settings, or one "method" would know the answers
small, fresh = draw.integers(9, size=60), draw.integers(9, size=6000)  # true labels: dice
guesses = [np.random.default_rng(setting).integers(9, size=6060) for setting in range(200)]
scores = [metrics.accuracy(small, guess[:60]).value for guess in guesses]
best = int(np.argmax(scores))
assert scores[best] < 0.5, "dice cannot be that good: does a setting share its seed with the truth?"
print(f"mean of all settings     {np.mean(scores):.3f}")
print(f"best setting             {scores[best]:.3f}   <- what would be published")
print(f"the same, on fresh tiles {metrics.accuracy(fresh, guesses[best][60:]).value:.3f}")

# %% [markdown]
# The best of many random numbers is about twice as good as chance, and it says nothing about tomorrow: on fresh tiles it is back at one in nine. The more settings you try and the fewer tiles you
# have, the higher the false summit. Real settings are not dice, so in practice the effect is smaller. But nobody can tell afterwards how much of a score is
# choice. Choose on the training side, by patients, and look at the test set once.
#
# The same holds one floor higher. If tiles of one patient are on both sides of a split, the cross-validation itself can be too hopeful ({term}`leakage`).

# %%
train_x, test_x = features["PLIP"]
random_split = linear_probe.sweep(train_x, train_y)
for what, probe in {"split by tile": random_split, "split by patient": probes["PLIP"]}.items():
    print(f"{what:17} promises {probe.scores[probe.C].value:.3f}")
print(f"{'test set':17} gives    {reports['PLIP']['macro_f1'].value:.3f}")
on_slide = pd.Series(train_y).groupby(np.array(train["slide"])).nunique()
print(f"tissues on one slide: {on_slide.min()} to {on_slide.max()}")

# %% [markdown]
# Here the two promises lie close together. In this set a slide holds tiles of several tissues, drawn independently of the slide, so who recognises the slide does not know the answer. It is different on sets where
# all tiles of a patient carry one label, such as ill or not: {doc}`04_cleaning_the_corpus` shows it, where nothing but a colour histogram and a split by tile predict a coin that was tossed for each patient.
#
# And note that even the careful promise was not quite kept. The likely reason is the laboratories: no fold contained those of the test set, and PLIP itself has learned from pictures of the training ones. Also, the promise is the
# best of seven `C`, and the best of several is a little too hopeful.
#
# ## Exercises
#
# :::{exercise} Which laboratory is it?
# :label: ex-08-lab
#
# A probe finds whatever is in the vectors, wanted or not. Train one to tell the *laboratory* of a training tile from its PLIP vector, and compare with the mean colour. What does the result mean for a study
# in which one hospital contributed all the tumours?
# :::
#
# :::{solution-start} ex-08-lab
# :class: dropdown
# :::

# %%
drawn = artifacts.benchmark("micro-kather", "train")  # in both tracks: here the laboratories are known
labs, patients = np.array(drawn["lab"]), np.array(drawn["patient"])
half = np.isin(patients, np.unique(patients)[::2])
seen = {"mean colour": baselines.mean_colour(drawn["image"])}
seen |= {model: artifacts.embeddings(getattr(track, model.lower()), "micro-kather", "train") for model in ("CLIP", "PLIP")}
commonest = baselines.constant(labs[half], (~half).sum())
for method, x in seen.items():
    told = linear_probe.sweep(x[half], labs[half], groups=patients[half]).predict(x[~half])
    more = metrics.paired_difference(labs[~half], told, commonest, "accuracy", groups=patients[~half])
    print(f"{method:12} {metrics.accuracy(labs[~half], told, groups=patients[~half])}, minus the constant {more}")

# %% [markdown]
# The laboratories are not equally common, so we compare with always naming the commonest. The vectors of PLIP give the laboratory away. For the mean colour the interval holds 0, and that of CLIP begins close to it: with some fifty
# patients it stays open. If the vectors give away the laboratory, a classifier may learn "hospital" and call it "tumour".
#
# :::{solution-end}
# :::
#
# :::{exercise} Fewer numbers
# :label: ex-08-pca
#
# How many directions of the space does the probe need? Reduce the vectors with `sklearn.decomposition.PCA` to 2, 8 and 32 numbers and probe again.
# :::
#
# :::{solution-start} ex-08-pca
# :class: dropdown
# :::

# %%
from sklearn.decomposition import PCA

for k in (2, 8, 32):
    pca = PCA(k, random_state=0).fit(train_x)
    probe = linear_probe.sweep(pca.transform(train_x), train_y, groups=train["patient"])
    print(k, metrics.macro_f1(test_y, probe.predict(pca.transform(test_x)), groups=test["patient"]))

# %% [markdown]
# A few directions carry most of it. What the others hold this experiment does not tell: only that for these nine classes it adds little.
#
# :::{solution-end}
# :::
#
# :::{exercise} A smaller test set
# :label: ex-08-small
#
# Score the PLIP probe on the first 60, 200 and all test tiles. What happens to the interval? How many patients would you need to tell two models apart that differ by 0.02?
# (Two rules help. The width of an interval shrinks with the square root of the number of patients. And half the width of a difference of two scores from different tiles is $\sqrt{a^2 + b^2}$, where $a$ and $b$ are the two halves.)
# :::
#
# :::{solution-start} ex-08-small
# :class: dropdown
# :::

# %%
found, patients = probes["PLIP"].predict(test_x), np.array(test["patient"])
for n in (60, 200, len(test)):
    score = metrics.macro_f1(test_y[:n], found[:n], groups=patients[:n])
    print(f"{n:4} tiles of {len(set(patients[:n])):3} patients: {score}, width {score.high - score.low:.3f}")

# %% [markdown]
# As a rule the width shrinks with the square root of the number of patients: four times the patients, half the width. From the second line to the last it shrinks somewhat less than that, for from few patients the width itself is known only roughly. Do not trust the first line, whether it
# fits or not: a handful of patients is too few for a bootstrap. That is why a small test set is worse than it looks.
#
# We use the rule to answer the question. Two models are told apart when half the interval of their difference is 0.02 or less. We take two rivals of the PLIP probe: that of CLIP, and a second
# PLIP probe that has learned from half of the patients.

# %%
def half_width(score):
    return (score.high - score.low) / 2

taught = np.isin(train["patient"], np.unique(train["patient"])[::2])
second = linear_probe.sweep(train_x[taught], train_y[taught], groups=np.array(train["patient"])[taught])
rivals = {"CLIP": probes["CLIP"].predict(features["CLIP"][1]), "PLIP, half of the patients": second.predict(test_x)}
for rival, labels in rivals.items():
    same = half_width(metrics.paired_difference(test_y, found, labels, groups=patients))
    own = np.hypot(*(half_width(metrics.macro_f1(test_y, y, groups=patients)) for y in (found, labels)))
    needed = [len(set(patients)) * (width / 0.02) ** 2 for width in (same, own)]
    print(f"{rival:27} about {needed[0]:.0f} patients, if both get the same tiles; {needed[1]:.0f} for each, if not")

# %% [markdown]
# Asked about the same tiles, two models need fewer patients, for what is hard about a tile is hard for both. How many fewer depends on the pair: the two PLIP probes err alike, CLIP and PLIP less so. There is no single
# answer to "how many tiles". And these numbers are the least: a true difference of 0.02 would then be seen about every second time. To see it four times out of five, take twice as many.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - A linear probe asks what a frozen embedding holds. It trains in seconds.
# - `C` is chosen by cross-validation inside the training set, with whole patients hidden.
# - Plain colour and plain texture belong beside a probe. In this small world texture is as good as PLIP where labels are many, and far behind where they are few.
# - Better embeddings save labels. With few labels, words help; with very few, the words alone are hard to beat.
# - Whatever you choose on the test set makes its score a promise that nobody has to keep.
#
# ## What comes next
#
# {doc}`09_retrieval` uses the same vectors to search.
#
# ## References
#
# The paper compared linear probes of PLIP and CLIP on four sets {cite}`huang2023plip`; CLIP's own paper made the comparison
# popular {cite}`radford2021clip`.
#
# :::{bibliography}
# :filter: docname in docnames
# :::
