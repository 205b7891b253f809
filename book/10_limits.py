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
# # Limits
#
# **Time:** @time@
#
# ## What you will learn
#
# - to ask whether a model reads a sentence or only spots its words, with a control that makes the question fair;
# - to use the answers to many {term}`prompts <prompt>` as a warning;
# - to measure what stain and scanner do to a score, and what {term}`stain normalisation` and {term}`stain jitter` repair;
# - to find out whether a score rests on recognised slides;
# - to check whether a probability means what it says, and to let the model keep silent;
# - why nothing in this book is a medical device.
#
# ## What you need first
#
# {doc}`07_zero_shot`, and for one section {doc}`08_linear_probing`. Each limit below is a measurement on the models of this book. On other models the numbers
# differ, the questions stay: change the track, or the name of the benchmark, and the same cells ask them again.
#
# What the text says of laboratories and slides is true of the tiny track, whose tiles are drawn. The public copies of real sets that the full track uses tell neither: there all tiles belong to one unknown laboratory, and each counts as a slide of its own.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %%
import numpy as np
import pandas as pd

from plip_tutorial import artifacts, limits, metrics, microcosm, plots, tracks, zero_shot
from plip_tutorial.plip import PLIP

track = tracks.current()
plip = PLIP(artifacts.checkpoint(track.plip))
name = track.benchmarks[0]
test, train = artifacts.benchmark(name), artifacts.benchmark(name, "train")
truth, slides, labs = np.array(test["label"]), np.array(test["slide"]), np.array(test["lab"])

# %%
images = artifacts.embeddings(track.plip, name)
phrases, template = list(microcosm.PHRASES[name].values()), microcosm.TEMPLATES[name]
classes = zero_shot.classifier(plip, phrases, template)
predicted, cosines = zero_shot.predict(images, classes)
print(f"{name}, {len(test)} tiles of {len(set(slides))} slides: macro F1 {metrics.macro_f1(truth, predicted, groups=slides)}")

# %% [markdown]
# This is the score that we are going to doubt.
#
# ## Does it read?
#
# Vision-language models may treat a sentence as a {term}`bag of words` {cite}`yuksekgonul2023bags`, and they have trouble with a plain "no" {cite}`alhamoud2025negation`. The usual test shows the model a picture and two
# sentences, a right one and a wrong one, and counts how often the right one is nearer. A coin reaches one half.
#
# Here are three ways to be wrong: another tissue, the same words in a jumbled order, and a negation. We expect a model that reads to see through all three.

# %%
right = [template.replace("{}", phrases[i]) for i in truth]
steps = 1 + np.arange(len(truth)) % (len(phrases) - 1)  # every other tissue in turn
others = [phrases[(i + step) % len(phrases)] for i, step in zip(truth, steps, strict=True)]
wrong = {
    "another tissue": [template.replace("{}", other) for other in others],
    "words in a jumbled order": [limits.shuffled(text) for text in right],
    "negated": [limits.negated(text) for text in right],
}
for change, texts in wrong.items():
    print(f"{change:26} {limits.preference(plip, images, right, texts, groups=slides)}")

# %% [markdown]
# Another tissue is noticed nearly always. That is what zero-shot lives on. The other two numbers are much nearer to one half. Look on which side of it each interval lies. Above, the right sentence is preferred; below, the wrong one. If a number above one half shows that the model has read, what does one below it show?
#
# ### A control makes the question fair
#
# An altered sentence is not only wrong. It is also another sentence, with a vector at another place, nearer to the pictures or farther away, for whatever reason. So we alter the sentences once more and leave them
# *true*. A model that reads should not care. What it does with a true sentence in other words is the zero line of this test.

# %%
harmless = {
    "image with X": [limits.paraphrased(text) for text in right],
    "image showing X": [text.replace("image of", "image showing") for text in right],
    "Histology of X": [f"Histology of {phrases[i]}" for i in truth],
    "X, H&E": [f"{phrases[i]}, H&E" for i in truth],
}
for change, texts in harmless.items():
    print(f"still true: {change:18} {limits.preference(plip, images, right, texts, groups=slides)}")

# %% [markdown]
# Nothing has become wrong, and still the preference moves with the words, in some lines far from one half. The control that fits the negation best is "image with X": the same sentence without the "no". Compare the two lines: the true sentence is refused about as often as the negated one. And
# both numbers above lie within the range of these harmless changes, so they say nothing about reading, on whichever side of one half they lie. They say that sentences differ. Published tests
# of word order without such a control should be read with this table beside them.
#
# ### Turn the test round: one sentence, all pictures
#
# There is a fairer question. Keep the sentence, and let the *pictures* compete. Whether a sentence is unusual then does not matter, since all pictures are held against the same one. We take "An H&E image **with** mucus" and "An H&E
# image **with no** mucus", and look how well each puts the tiles of mucus before all others. The measure is the {term}`AUROC`, one half is a coin. For the negated sentence a model that understands "no" must come out far *below* one half.

# %%
sentences = [template.replace("{}", phrase) for phrase in phrases]
yes = limits.finds(plip, images, truth, [limits.paraphrased(text) for text in sentences], groups=slides)
no = limits.finds(plip, images, truth, [limits.negated(text) for text in sentences], groups=slides)
table = pd.DataFrame({"with X": list(yes.values()), "with no X": list(no.values())}, index=phrases)
table

# %% [markdown]
# For most tissues the two columns are nearly the same, and nowhere does the second come near the low end. Whoever searches for "no mucus" finds mucus. The name of the tissue decides, and the little word before it hardly counts. Reports say "no tumor" more often
# than "tumor", so this matters. Do not write negations into prompts, and do not search reports with them.
#
# A word on intervals such as `[1.000, 1.000]`: where all tiles are sorted right, every resample of them is right as well, so the interval has no width. That is not certainty. The next slide may bring the first error.
#
# ### Order, with the same words
#
# Now a pair of sentences that differ in nothing but order: "mucus, not fat" and "fat, not mucus". Every tissue stands once on this side and once on that, so neither sentence has an advantage of its own. In two of the four forms
# the true name comes first, in the others last.

# %%
for form in limits.ORDERED:
    pairs = [limits.ordered(form, template, phrases[i], other) for i, other in zip(truth, others, strict=True)]
    texts, swapped = map(list, zip(*pairs, strict=True))
    print(f"{form.format(true='mucus', other='fat'):24} {limits.preference(plip, images, texts, swapped, groups=slides)}")

# %% [markdown]
# Look at the first two lines alone, and you might write that the model understands order. Then look at the last two. There the true name comes last, and the number falls to that of a coin or below. A model that reads would be
# above one half in all four lines. A bag of words would give one half in all four. If the first place counted and nothing else, the last two lines would lie about as far below one half as the first two lie above. It is none of the three: the place counts, and something of "not" and "no" may be read too,
# but too little to turn the answer when the true name stands last. A test with one form only would have fooled us.
#
# ## Does the answer depend on how one asks?
#
# {doc}`07_zero_shot` showed how far the score moves from prompt to prompt. What about the single tile? Here are ten ways to ask the same question, some of which differ in a full stop or in capitals only.

# %%
asked = [
    template, template + ".", template.lower(), template.upper(), "{}", "H&E, {}", "Histology of {}",
    "An image of {}", "This is {}", "{} on H&E",
]  # fmt: skip
answers = np.stack([zero_shot.predict(images, zero_shot.classifier(plip, phrases, text))[0] for text in asked])
scores = [metrics.macro_f1(truth, row).value for row in answers]
print(f"macro F1 from {min(scores):.3f} to {max(scores):.3f}")
print(f"tiles that keep their answer under all ten: {(limits.agreement(answers) == 1).mean():.0%}")

# %% [markdown]
# The score moves little, and yet many a tile gets another name when one asks in other words. The errors cancel in the average; for the single tile they do not. One can make use of that. Where the prompts agree, is the answer more
# often right?

# %%
agreed = limits.agreement(answers)
for what, chosen in {"all ten agree": agreed == 1, "one or two differ": (agreed < 1) & (agreed >= 0.8), "more": agreed < 0.8}.items():
    accuracy = metrics.accuracy(truth[chosen], predicted[chosen], groups=slides[chosen])
    print(f"{what:18} {chosen.mean():4.0%} of the tiles, accuracy {accuracy}")

# %% [markdown]
# It is, and by far. Disagreement costs nine more sentences and no label, and it is an honest warning. Agreement is no proof: all prompts go through the same model and share its mistakes.
#
# ## Another laboratory
#
# The test tiles come from laboratories that no training picture came from. Is the score the same in all of them?

# %% mystnb={"image": {"alt": "One dot with its interval for each unseen laboratory: the macro F1 of zero-shot PLIP differs from laboratory to laboratory."}, "figure": {"caption": "Zero-shot macro F1 by laboratory. No laboratory was seen in training.", "name": "fig-10-labs"}}
plots.spread({f"lab {lab}": score for lab, score in limits.by_lab(truth, predicted, labs, groups=slides).items()}, x="macro F1")

# %% [markdown]
# One number for "new laboratories" hides such a spread. How much of it is the laboratories' doing, and how much the draw of slides, stays open: the intervals, which are over slides, overlap. The next laboratory may lie outside of all four.
#
# ### One thing at a time
#
# Laboratories differ in everything at once: other patients, other dyes, another scanner. To see what does the harm we change one thing and keep the tile. Half the haematoxylin is the same tile, left in haematoxylin for a shorter
# time. What changes now was changed by the laboratory alone. We expect the dyes and the lamp to do most, since they move the colour of all pixels the same way.

# %% mystnb={"image": {"alt": "A row of copies of one tile: as it is, with half the haematoxylin, with twice the eosin, under a yellow lamp, out of focus, with noise, and compressed."}, "figure": {"caption": "One tile, and what a laboratory may do to it.", "name": "fig-10-shifts"}}
from plip_tutorial.limits.laboratory_shift import SHIFTS

few = np.arange(0, len(test), 3)  # every third tile will do
tiles = [np.asarray(test[int(i)]["image"].convert("RGB")) for i in few]
shown = tiles[int(np.flatnonzero(truth[few] == len(phrases) - 1)[0])]
plots.gallery([shown, *(change(shown) for change in SHIFTS.values())], ["as it is", *SHIFTS])

# %%
def answers_of(model, pictures):
    words = zero_shot.classifier(model, phrases, template)
    return zero_shot.predict(model.encode_images(pictures, track.encode_batch), words)[0]

shifted = {"as it is": tiles} | {what: [change(tile) for tile in tiles] for what, change in SHIFTS.items()}
found = {what: predicted[few] if pictures is tiles else answers_of(plip, pictures) for what, pictures in shifted.items()}
as_is = found["as it is"]
rows = {what: [metrics.macro_f1(truth[few], row, groups=slides[few]), f"{(row != as_is).mean():.0%}"] for what, row in found.items()}
pd.DataFrame(rows, index=["macro F1", "answers that change"]).T

# %% [markdown]
# The tissue is the same in every line. Only what the laboratory did to it differs: dye, lamp, lens, sensor or file. A good part of the answers goes with it. The lamp does most harm, noise does least, and the compression of a file can cost as much as a dye. Which changes hurt most is a property of this model and of what it was trained with; measure it for yours.
#
# ### Repair at use: stain normalisation
#
# Colours can be set right before the model sees them. Light multiplies, so stains add in {term}`optical density` {cite}`ruifrok2001`. All pixels of a picture of two dyes lie in one plane of that space, between the colour of pure haematoxylin and that of
# pure eosin. {term}`Stain normalisation` finds the two directions, reads off how much of each dye a pixel holds, and mixes it again with the dyes of the home laboratory {cite}`macenko2009`. For optical densities one needs the light that falls on the tissue. Ours reads it off the brightest pixels, the empty glass.
#
# The home laboratory here is the training split. The question is what to estimate the dyes *from*: all tiles of a laboratory, the few of a slide, or each tile by itself, as is often done.

# %%
from plip_tutorial.limits import stain_normalization

target = stain_normalization.estimate(train["image"])
print(pd.DataFrame(target.vectors, index=["haematoxylin", "eosin"], columns=["red", "green", "blue"]).round(2))
sources = {"laboratory": labs[few], "slide": slides[few], "tile": None}
repaired = {what: stain_normalization.normalized(tiles, target, groups=source) for what, source in sources.items()}

# %% [markdown]
# A row of the table says how much of each colour a dye takes away. Eosin takes green and lets red and blue pass, so it looks pink. Haematoxylin takes red and green; blue is left.

# %% mystnb={"image": {"alt": "Four rows of tiles: as they come from several laboratories, and normalised by laboratory, by slide and by tile. By tile, pale tissues turn dark."}, "figure": {"caption": "Tiles of several laboratories as they come, and with their dyes estimated from a laboratory, a slide and a single tile. From left to right two tiles each of lymphocytes, mucus and cancer.", "name": "fig-10-normalised"}}
by_class = [np.flatnonzero(truth[few] == label)[:2] for label in (3, 4, 8)]
shown = np.concatenate(by_class).tolist()
rows = [[pictures[i] for i in shown] for pictures in (tiles, *repaired.values())]
plots.gallery_rows(rows, ["as they come", *(f"by {what}" for what in repaired)])

# %% [markdown]
# What could one hope for at most? The last line below is the score of tiles from the seen laboratories, as they come. They are other tiles, but they are at home.

# %%
normal = {what: answers_of(plip, pictures) for what, pictures in repaired.items()}
print(f"{'as they come':20} {metrics.macro_f1(truth[few], as_is, groups=slides[few])}")
for what, row in normal.items():
    gain = metrics.paired_difference(truth[few], row, as_is, groups=slides[few])
    print(f"{f'dyes by {what}':20} {metrics.macro_f1(truth[few], row, groups=slides[few])}, gain {gain}")
home = zero_shot.predict(artifacts.embeddings(track.plip, name, "train"), classes)[0]
print(f"{'seen laboratories':20} {metrics.macro_f1(np.array(train['label']), home, groups=train['slide'])}")

# %% [markdown]
# The gain is counted pair by pair, as in {doc}`07_zero_shot`. Of the lines for unseen laboratories, dyes by laboratory is the highest, and the interval of its gain leaves zero out: here a repair was shown. It comes near to the score at home. With the few tiles of a slide the score does not rise. With dyes estimated from each tile the repair does harm, and much of it. Look at the two tiles of mucus in the last row of the figure. A tile of
# mucus holds hardly any haematoxylin. The method does not know that, takes the darkest blue it can find for nuclei, and stains until it looks like that. Colour was a laboratory's signature, but it is also a finding.
#
# And the changes one at a time? We expect normalisation to repair dye and lamp, for which it was made, and nothing else. A loss is a negative number. The last column is the loss that is left, counted from the untouched tile, normalised as well.

# %%
untouched, rows = normal["laboratory"], {}
for what in SHIFTS:
    again = answers_of(plip, stain_normalization.normalized(shifted[what], target, groups=labs[few]))
    losses = [metrics.paired_difference(truth[few], *pair, groups=slides[few]) for pair in ((found[what], as_is), (again, untouched))]
    rows[what] = [metrics.macro_f1(truth[few], again, groups=slides[few]), *losses]
pd.DataFrame(rows, index=["normalised: macro F1", "loss before", "loss left"]).T

# %% [markdown]
# What the lamp took comes back, and of what the dyes took a good part. For the lamp this is no luck. A lamp takes the same share of the light from tissue and from empty glass. The method measures the glass and counts from there, so the lamp cancels, but for rounding. A dye
# has to be estimated, and that is less exact. Of poor focus and noise no loss is shown afterwards, but noise had shown none before, and what focus lost was little: here the table cannot tell a repair from luck. The compressed file is not repaired. It scores about as before, while the untouched tile gains by being normalised, so the gap between the two is no smaller.
#
# ### Repair in training: stain jitter
#
# The other way is to get the model used to it. {term}`Stain jitter` gives every training picture dyes of random strength and slightly other colour {cite}`tellez2019`. The tiny PLIP was trained with it; the training code that was released with PLIP has crops, flips and turns, but no jitter of the dyes. What would ours be without? We train
# twice for a short time from the same start: both with flips, turns and crops, one of them with jitter of the dyes as well. Such short runs are weak models; what we compare is how much each of them *loses* when the dyes change. We expect the one with jitter to lose less.

# %%
from dataclasses import replace
from tempfile import mkdtemp

from plip_tutorial import finetune
from plip_tutorial.finetune.augment import AugmentConfig

geometry = dict(flips=True, quarter_turns=True, crop=0.4)
trained = {"no jitter": AugmentConfig.only(**geometry), "jitter": AugmentConfig.only(**geometry, stain_gain=0.5, stain_turn=0.1)}
for what, variations in trained.items():
    short = replace(artifacts.fine_tuning(), steps=60, warmup_steps=12, learning_rate=track.learning_rate, augment=variations)
    path, _ = finetune.finetune(artifacts.checkpoint(track.clip), artifacts.corpus(), short, output=mkdtemp())
    trained[what] = PLIP(path)

# %%
table = {}
for what, model in trained.items():
    answers = {change: answers_of(model, shifted[change]) for change in ("as it is", *list(SHIFTS)[:3])}
    table[what] = {change: metrics.macro_f1(truth[few], row, groups=slides[few]) for change, row in answers.items()}
    table[f"{what}: change"] = {
        change: metrics.paired_difference(truth[few], row, answers["as it is"], groups=slides[few])
        for change, row in answers.items()
        if change != "as it is"
    }
pd.DataFrame(table).fillna("")

# %% [markdown]
# Compare the two columns of changes. Under the lamp they lie apart: without jitter it costs a good part of the score, with jitter next to nothing. For weaker haematoxylin the intervals overlap, and of twice the eosin neither column shows a loss, so for the dyes these short runs tell nothing apart.
# On tiles as they are the model with jitter has the lower score, after so few steps; perhaps its task is harder. And a weaker model has less to lose, though under the lamp it is the better of the two. Two short
# runs are two draws, and another seed would draw again. What jitter is for they illustrate: not a better score, but one that moves less.
#
# Both repairs can be combined. One acts in training and costs nothing later, the other needs enough tiles of each laboratory and nothing else. Neither replaces the measurement in the laboratory where the model is to work.
#
# ## Does the score rest on recognised slides?
#
# The tiles of a slide share stain, thickness and focus. {doc}`04_cleaning_the_corpus` showed that a colour histogram can recognise a slide. What about the vectors of a foundation model? We use the same trick: toss a coin for each slide, ten times. There is nothing to
# learn, an honest test must give one half. Then we split twice: tiles at random, and whole slides. If the vectors hold the slide, the random split gives more than one half. The tests of two chapters differ in more than one thing, so we give the colour histogram of the same tiles the same test. The set is micro-kather in both tracks, since public copies of real sets seldom tell which tiles share a slide. The probe is a linear
# one, fitted by least squares, which is quick.

# %%
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict

from plip_tutorial.metrics import baselines

drawn = artifacts.benchmark("micro-kather")
tissue, known = np.array(drawn["label"]), np.array(drawn["slide"])
inputs = {"PLIP": artifacts.embeddings(track.plip, "micro-kather"), "histogram": baselines.colour_histogram(drawn["image"])}
splits = {
    "tiles at random": list(StratifiedKFold(5, shuffle=True, random_state=0).split(tissue, tissue)),
    "by slide": list(StratifiedGroupKFold(5, shuffle=True, random_state=0).split(tissue, tissue, known)),
}

# %%
def hits(x, labels, folds):
    return cross_val_predict(RidgeClassifier(alpha=0.1), x, labels, cv=folds) == labels

tosses, rows = [limits.coins(known, seed) for seed in range(10)], {}
for what, x in inputs.items():
    for split, folds in splits.items():
        coin = np.mean([hits(x, toss, folds) for toss in tosses], axis=0)  # of each tile, how many of the ten were predicted
        rows[f"{what}, {split}"] = [metrics.average(right, groups=known) for right in (coin, hits(x, tissue, folds))]
pd.DataFrame(rows, index=["a coin for each slide", "the tissue"]).T

# %% [markdown]
# For each input the lower line is the honest one; that a coin may fall a little below one half there was explained in {doc}`04_cleaning_the_corpus`. What the upper line has above one half was earned by recognising slides. For PLIP it is little, but the interval leaves one half out: the vectors hold a trace of the slide, as the nearest neighbours of {doc}`09_retrieval` did.
# The histogram earns little as well, less than it did in {doc}`04_cleaning_the_corpus`. So the small leak is no proof that PLIP has forgotten the slide. Here a slide has few tiles, and of several tissues; that may be why. Another model, or this one on other tiles, may leak more: ask yours.
#
# In the second column the two splits hardly differ, and even a leak would not have helped: in this set
# a slide holds tiles of several tissues, drawn independently of the slide, so whoever knows the slide does not know the answer. Mostly it is the other way round. Diagnosis, grade, mutation and survival are labels of a patient, the same for all tiles. There the first column shows
# what a random split may add to the score.
#
# ## Is 90% ninety per cent?
#
# The softmax of scaled cosines looks like probabilities. If they were, nine in ten of all answers given with 0.9 would be right. The {term}`ECE`, expected calibration error, sorts the predictions into bins by their probability and takes the mean distance between the probability and the share of right answers in a bin; bins with more tiles count more. One number, the
# temperature, can repair part of it {cite}`guo2017calibration`. It must be fitted on tiles that are not scored; we take half of the slides. We expect a smaller error on the other half.

# %%
half = np.array([sorted(set(slides)).index(slide) % 2 == 0 for slide in slides])
logits = cosines * plip.logit_scale
temperature = limits.fit_temperature(logits[half], truth[half])
curves = {}
for label, divisor in (("as it is", 1.0), (f"divided by {temperature:.2f}", temperature)):
    chances = zero_shot.probabilities(logits[~half], 1 / divisor)
    curves[label] = chances.max(1), chances.argmax(1) == truth[~half]
    print(f"{label:18} calibration error {metrics.ece(truth[~half], chances, groups=slides[~half])}")

# %% mystnb={"image": {"alt": "Share of right answers against confidence for the probabilities as they are and after temperature scaling, with the diagonal of perfect calibration."}, "figure": {"caption": "How often the model is right when it is so and so sure. Large marks: many tiles. On the dashed line it means what it says.", "name": "fig-10-reliability"}}
plots.reliability(curves)

# %% [markdown]
# The error moves by less than either interval is wide: no repair was shown. (Nor was it shown that nothing changed: both numbers come from the same tiles, and overlapping intervals are no test for that, see {doc}`08_linear_probing`.) The temperature is close to one, so there was little to repair with it. And look at the figure: it does not get better everywhere.
#
# An interval can lie above its own number. Distances count without their sign, so noise in the bins counts as error, and resampling adds noise. Read such an interval as a rough width only.
#
# The temperature does not change a single answer; it changes how loudly the answer is given.
#
# ## To keep silent
#
# A model may answer with a set: all classes that it cannot exclude. {term}`Conformal prediction <conformal prediction>` chooses the limit on held-out tiles, so that a set holds the right class nine times in ten.
# A set of one class is an answer, a larger one is a question to a pathologist. We fit on one half of the slides and expect about nine in ten on the other.

# %%
chances = zero_shot.probabilities(logits, 1 / temperature)
limit = limits.conformal_threshold(chances[half], truth[half], coverage=0.9)
sets = limits.conformal_sets(chances[~half], limit)
covered, size = limits.coverage_and_size(sets, truth[~half], groups=slides[~half])
print(f"right class in the set: {covered}\nclasses in a set:       {size}\nanswers with one class:  {(sets.sum(1) == 1).mean():.2f}")

# %% [markdown]
# The promise is made for tiles from the same world as the held-out ones. If the interval holds 0.9, nothing speaks against it. And if limit and temperature had been chosen at home?

# %%
home_logits = zero_shot.predict(artifacts.embeddings(track.plip, name, "train"), classes)[1] * plip.logit_scale
home_truth = np.array(train["label"])
home_temperature = limits.fit_temperature(home_logits, home_truth)
home_limit = limits.conformal_threshold(zero_shot.probabilities(home_logits, 1 / home_temperature), home_truth, coverage=0.9)
from_home = limits.conformal_sets(zero_shot.probabilities(logits, 1 / home_temperature), home_limit)
away, _ = limits.coverage_and_size(from_home, truth, groups=slides)
print(f"limit chosen in seen laboratories, used in unseen ones: {away} (promised 0.9)")
for lab in sorted(set(labs)):
    here = labs == lab
    covered, size = limits.coverage_and_size(from_home[here], truth[here], groups=slides[here])
    print(f"    laboratory {lab}: {covered}, {size.value:.2f} classes in a set")

# %% [markdown]
# Where an interval ends below 0.9, the promise is broken. For all unseen laboratories together it is. For one at a time it may be or not: the four intervals overlap, so that one laboratory is worse than another is not shown. Nor is it shown that the limit from home keeps the promise worse than the one above, whose interval overlaps with this. What can be said is
# that a promise made in some laboratories was not kept in others. It has to be measured where it is to hold.
#
# ## What it was never shown
#
# Ask for a tissue that is not in the picture, or show a picture that is no tissue: the model answers all the same. The nearest label is always some label.

# %% mystnb={"image": {"alt": "Five pictures that are no tissue, each with the tissue that the model names for it."}, "figure": {"caption": "Not tissue, and yet named. The number is the model's probability.", "name": "fig-10-foreign"}}
foreign = [microcosm.render_everyday(kind, seed=5, size=track.image_size) for kind in ("fabric", "blood_smear", "chart", "flowers", "photo")]
named, scores = zero_shot.predict(plip.encode_images(foreign), classes)
sure = zero_shot.probabilities(scores * plip.logit_scale, 1 / temperature).max(1)
plots.gallery(foreign, [f"{phrases[i]}, {p:.2f}" for i, p in zip(named, sure)])

# %% [markdown]
# Could the model at least be *less sure* about them? Then a threshold would keep them out. We ask about pictures that are no tissue, and about tissue of organs for which there is no right answer in the list. That tissue we draw as the unseen laboratories stain it, for the test tiles come from them; else
# the laboratory and not the organ might make the difference.

# %%
elsewhere = [t.name for t in microcosm.TISSUES.values() if t.organ not in ("any", "colon")]
strange = {
    "no tissue": [microcosm.render_everyday(kind, seed=seed, size=track.image_size) for kind in microcosm.KINDS for seed in range(8)],
    "other organs": [
        microcosm.render_tile(t, seed=seed, lab=lab, size=track.image_size)
        for t in elsewhere for seed in range(5) for lab in microcosm.UNSEEN_LABS
    ],
}  # fmt: skip
print(", ".join(f"{len(pictures)} pictures of {what}" for what, pictures in strange.items()))

# %%
for what, pictures in strange.items():
    cosine = zero_shot.predict(plip.encode_images(pictures, track.encode_batch), classes)[1]
    doubt = zero_shot.probabilities(cosine * plip.logit_scale, 1 / temperature).max(1)
    ours = np.arange(len(chances) + len(doubt)) < len(chances)
    own = np.r_[slides, [f"strange {i}" for i in range(len(doubt))]]
    separation = metrics.auroc(ours, np.r_[chances.max(1), doubt], groups=own)
    let_in = (doubt >= np.quantile(chances.max(1), 0.1)).mean()
    print(f"{what:14} mean confidence {doubt.mean():.2f} (test tiles {chances.max(1).mean():.2f}), told apart: AUROC {separation}")
    print(f"{'':14} a threshold that keeps nine test tiles in ten lets {let_in:.0%} of them in")

# %% [markdown]
# An area of one half would say that the confidence knows nothing. What is strange is on average met with less confidence, but the two crowds overlap: a threshold that keeps most test tiles lets strange ones in. A list of labels has no entry "none of these",
# and a softmax has no way to say it.
#
# PLIP itself was never shown what people do not post: most of what a laboratory sees on a normal day, poor slides, rare stains, whole slides. What is rare on social media is rare in its training, and it has no means to say so.
#
# ## Not a medical device
#
# PLIP is a research model. It was trained on what people post, and tested on tiles from few hospitals. Its {term}`model card` calls any deployed use out of scope. The tiny models here live in a drawn world. **None of them may be used to diagnose, to treat, or to
# decide about a patient.** What stands between a score in a book and such a use is a study in the laboratory where it is to happen, on its patients, with its scanner, and an approval. No chapter of this book replaces a line of that.
#
# ## Exercises
#
# :::{exercise} Benign and malignant
# :label: ex-10-opposite
#
# Does the model notice when benign and malignant are exchanged? Use `limits.opposite` on the second benchmark.
# :::
#
# :::{solution-start} ex-10-opposite
# :class: dropdown
# :::

# %%
second = track.benchmarks[1]
drawn = artifacts.benchmark(second)
labels, patients = np.array(drawn["label"]), np.array(drawn["slide"])
vectors = artifacts.embeddings(track.plip, second)
sentences = [microcosm.TEMPLATES[second].replace("{}", what) for what in microcosm.PHRASES[second].values()]
chosen = {"both": labels >= 0} | {sentence: labels == i for i, sentence in enumerate(sentences)}
for what, of in chosen.items():
    texts = [sentences[i] for i in labels[of]]
    score = limits.preference(plip, vectors[of], texts, [limits.opposite(text) for text in texts], groups=patients[of])
    print(f"{what:32} {of.sum()} tiles, {score}")

# %% [markdown]
# It does, mostly. Could a fixed love of one word do that? A model that takes "malignant" every time is right for all malignant tiles and wrong for all benign ones. There are about as many of each, so it would reach about one half, and one class would be at one and the other at zero. Here both classes lie above one half. The model does lean towards one of the words:
# look which class has more. A sentence that stays true is not needed as a control, since each of the two sentences is the right one for about half of the tiles. The exchange changes a *name*, and names are what the model has learned.
#
# :::{solution-end}
# :::
#
# :::{exercise} Nearly always right
# :label: ex-10-coverage
#
# Choose a coverage of 0.99. How many classes are in a set now?
# :::
#
# :::{solution-start} ex-10-coverage
# :class: dropdown
# :::

# %%
for coverage in (0.8, 0.9, 0.95, 0.99):
    strict = limits.conformal_threshold(chances[half], truth[half], coverage=coverage)
    covered, size = limits.coverage_and_size(limits.conformal_sets(chances[~half], strict), truth[~half], groups=slides[~half])
    print(f"promised {coverage:.2f}: right class in the set {covered}, {size.value:.1f} classes in a set")

# %% [markdown]
# Certainty is paid for with larger sets.
#
# :::{solution-end}
# :::
#
# :::{exercise} More prompts against the negation
# :label: ex-10-ensemble
#
# Does an {term}`ensemble` of prompts cure the negation? Build the sentences with "no X" from several templates, average their vectors, and look at the AUROC again.
# :::
#
# :::{solution-start} ex-10-ensemble
# :class: dropdown
# :::

# %%
forms = ["no {}", "without {}", "absence of {}", "An H&E image with no {}", "{} is absent", "negative for {}"]
averaged = zero_shot.classifier(plip, phrases, forms)
many = [metrics.auroc(truth == i, images @ averaged[i], groups=slides) for i in range(len(phrases))]
pd.DataFrame({"with no X": list(no.values()), "six negations, averaged": many}, index=phrases)

# %% [markdown]
# No. Some tissues are found a little better by the average, others a little worse, and none comes near the low end. Averaging removes what differs between the sentences. The name of the tissue, which they share, stays.
#
# :::{solution-end}
# :::
#
# :::{exercise} How much dye
# :label: ex-10-strength
#
# How strong must a change of dye be before it hurts? `laboratory_shift.restained(tile, haematoxylin=0.5)` gives the tile half of the dye. Try amounts from a quarter to four times, draw the score with `plots.lines`, and print the change from the tile as it is. The jitter of the training went from half to one and a half times each dye. Does that explain the curve?
# :::
#
# :::{solution-start} ex-10-strength
# :class: dropdown
# :::

# %% mystnb={"image": {"alt": "Macro F1 against the amount of haematoxylin, from a quarter to four times."}}
from plip_tutorial.limits.laboratory_shift import restained

answers = {1: as_is, 0.5: found["half the haematoxylin"]}
answers |= {amount: answers_of(plip, [restained(tile, haematoxylin=amount) for tile in tiles]) for amount in (0.25, 1.5, 2, 4)}
curve = {amount: metrics.macro_f1(truth[few], answers[amount], groups=slides[few]) for amount in sorted(answers)}
for amount, row in sorted(answers.items()):
    print(f"{amount:4} times: change {metrics.paired_difference(truth[few], row, as_is, groups=slides[few])}")
figure = plots.lines({"PLIP": curve}, x="times the haematoxylin", y="macro F1", log=True)
figure.axes[0].minorticks_off()
figure.axes[0].set_xticks(list(curve))
figure

# %% [markdown]
# A quarter and four times the dye cost far more than anything between. Half costs something, with zero outside of its interval. One and a half times and even twice the dye were not told apart from the tile as it is. So the range of the jitter alone does not explain the curve: half lies at one end of it and costs; of twice, which lies outside of it, no cost was shown.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - The model notices names of tissues. A test of order or negation needs a control: a sentence that stays true, or a form with the true name last. With it, place counts, and of "not" little is read.
# - Prompts that disagree about a tile are a warning that costs nothing.
# - A new laboratory can move the score and break the promise of a set. Normalisation by laboratory gives back what the lamp took and much of what the dyes took; by tile it destroys findings. In one pair of short runs, jitter made the loss under a yellow lamp smaller; for the dyes nothing was told apart.
# - A probe may recognise slides. Here a trace of the slide was found; split by slide, or count the leak.
# - The model always answers, also when it should not.
#
# ## What comes next
#
# The same doubts, turned on the paper: {doc}`11_auditing_plip`.
#
# ## References
#
# :::{bibliography}
# :filter: docname in docnames
# :::
