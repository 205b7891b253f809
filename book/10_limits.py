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
# - to ask whether a model reads words, or only spots them;
# - to measure how far a laboratory moves a score;
# - to check whether a probability means what it says, and to let the model keep silent;
# - why nothing in this book is a medical device.
#
# ## What you need first
#
# {doc}`07_zero_shot`. Each limit below is a measurement on the models of this book; on other models the numbers differ, the questions stay.


# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %%
import numpy as np

from plip_tutorial import artifacts, limits, metrics, microcosm, plots, tracks, zero_shot
from plip_tutorial.plip import PLIP

track = tracks.current()
plip = PLIP(artifacts.checkpoint(track.plip))
name = track.benchmarks[0]
test = artifacts.benchmark(name)
images, truth, slides = artifacts.embeddings(track.plip, name), np.array(test["label"]), np.array(test["slide"])

# %% [markdown]
# ## Does it read?
#
# Vision-language models may treat a sentence as a bag of words {cite}`yuksekgonul2023bags`. We give each tile two sentences, a right one and a wrong one, and count how often the right one is nearer.
# A coin reaches one half. Three ways to be wrong: another tissue, the same words in another order, and a plain "no".

# %%
phrases = list(microcosm.PHRASES[name].values())
right = [microcosm.TEMPLATES[name].format(phrases[i]) for i in truth]
wrong = {
    "another tissue": [microcosm.TEMPLATES[name].format(phrases[(i + 1) % len(phrases)]) for i in truth],
    "words in another order": [limits.shuffled(text) for text in right],
    "negated": [limits.negated(text) for text in right],
}
for change, texts in wrong.items():
    print(f"{change:24} {limits.preference(plip, images, right, texts, groups=slides)}")

# %% [markdown]
# Another tissue is noticed nearly always. That is what zero-shot lives on. The two others are to be read with care. A number near one half says that the model does not care. A number far from it need not mean that
# it understood: an altered sentence is also an unusual sentence, and its vector may lie elsewhere for this reason alone. To see what a "no" does, look at the same sentence in both directions.

# %%
yes, no = plip.encode_text(right[:1])[0], plip.encode_text([limits.negated(right[0])])[0]
other = plip.encode_text([wrong["another tissue"][0]])[0]
print(f"{right[0]!r} and its negation: cosine {yes @ no:.3f}; and another tissue: cosine {yes @ other:.3f}")

# %% [markdown]
# For the model a sentence and its negation are relatives. A report says "no tumor" more often than "tumor". So never search reports or write prompts with negations.
#
# ## Another laboratory
#
# The test tiles come from laboratories that no training picture came from. Is the score the same in all of them?

# %% mystnb={"image": {"alt": "One dot with its interval for each unseen laboratory: the macro F1 of zero-shot PLIP differs from laboratory to laboratory."}, "figure": {"caption": "Zero-shot macro F1 by laboratory. No laboratory was seen in training.", "name": "fig-10-labs"}}
classes = zero_shot.classifier(plip, phrases, microcosm.TEMPLATES[name])
predicted, cosines = zero_shot.predict(images, classes)
plots.spread({f"lab {lab}": score for lab, score in limits.by_lab(truth, predicted, test["lab"]).items()})

# %% [markdown]
# One number for "new laboratories" hides a spread. The next one may lie outside of it. The only remedy is to measure in the laboratory where the model is to work.
#
# Laboratories that were seen in training are a comparison:

# %%
seen = artifacts.benchmark(name, "train")
at_home, _ = zero_shot.predict(artifacts.embeddings(track.plip, name, "train"), classes)
print("seen laboratories  ", metrics.macro_f1(np.array(seen["label"]), at_home, groups=seen["slide"]))
print("unseen laboratories", metrics.macro_f1(truth, predicted, groups=slides))

# %% [markdown]
# ## Is 90% ninety per cent?
#
# The softmax of scaled cosines looks like probabilities. If they were, nine in ten of all answers given with 0.9 would be right. The {term}`ECE`, expected calibration error, is the mean distance from that. One number, the
# temperature, can repair part of it {cite}`guo2017calibration`. It must be fitted on tiles that are not scored; we take half of the slides.

# %%
half = np.array([sorted(set(slides)).index(slide) % 2 == 0 for slide in slides])
logits = cosines * plip.logit_scale
temperature = limits.fit_temperature(logits[half], truth[half])
for label, divisor in (("as it is", 1.0), (f"divided by {temperature:.2f}", temperature)):
    chances = zero_shot.probabilities(logits[~half], 1 / divisor)
    print(f"{label:18} calibration error {metrics.ece(truth[~half], chances)}")

# %% [markdown]
# The temperature does not change a single answer; it changes how loudly the answer is given.
#
# ## To keep silent
#
# A model may answer with a set: all classes that it cannot exclude. {term}`Conformal prediction <conformal prediction>` chooses the limit on held-out tiles, so that a set holds the right class nine times in ten.
# A set of one class is an answer, a larger one is a question to a pathologist.

# %%
chances = zero_shot.probabilities(logits, 1 / temperature)
limit = limits.conformal_threshold(chances[half], truth[half], coverage=0.9)
sets = limits.conformal_sets(chances[~half], limit)
covered, size = limits.coverage_and_size(sets, truth[~half], groups=slides[~half])
print(f"right class in the set: {covered}\nclasses in a set:       {size}\nanswers with one class:  {(sets.sum(1) == 1).mean():.2f}")

# %% [markdown]
# The promise holds for tiles from the same world as the held-out ones. And if the limit had been chosen at home?

# %%
home_cosines = zero_shot.predict(artifacts.embeddings(track.plip, name, "train"), classes)[1]
home = zero_shot.probabilities(home_cosines * plip.logit_scale, 1 / temperature)
home_limit = limits.conformal_threshold(home, np.array(seen["label"]), coverage=0.9)
away, _ = limits.coverage_and_size(limits.conformal_sets(chances, home_limit), truth, groups=slides)
print(f"limit chosen in seen laboratories, used in unseen ones: {away} (promised 0.9)")

# %% [markdown]
# ## What it was never shown
#
# Ask for a tissue that is not in the picture, or show a picture that is no tissue: the model answers all the same. The nearest label is always some label.

# %% mystnb={"image": {"alt": "Five pictures that are no tissue, each with the tissue that the model names for it."}, "figure": {"caption": "Not tissue, and yet named. The number is the model's probability.", "name": "fig-10-foreign"}}
foreign = [microcosm.render_everyday(kind, seed=5) for kind in ("fabric", "blood_smear", "chart", "flowers", "photo")]
named, scores = zero_shot.predict(plip.encode_images(foreign), classes)
sure = zero_shot.probabilities(scores * plip.logit_scale, 1 / temperature).max(1)
plots.gallery(foreign, [f"{phrases[i]}, {p:.2f}" for i, p in zip(named, sure)])

# %% [markdown]
# ## Not a medical device
#
# PLIP is a research model. It was trained on what people post, tested on tiles, and on few hospitals. The tiny models here live in a drawn world. None of them may be used to diagnose, to treat, or to decide about a patient.
#
# :::{exercise}
# :label: ex-10-opposite
# Does the model notice when benign and malignant are exchanged? Use `limits.opposite` on the second benchmark.
# :::
#
# ::::{solution} ex-10-opposite
# :class: dropdown
#
# ```python
# second = track.benchmarks[1]
# table = artifacts.benchmark(second)
# names = list(microcosm.PHRASES[second].values())
# texts = [microcosm.TEMPLATES[second].format(names[i]) for i in table["label"]]
# vectors = artifacts.embeddings(track.plip, second)
# print(limits.preference(plip, vectors, texts, [limits.opposite(t) for t in texts], groups=table["slide"]))
# ```
# ::::
#
# :::{exercise}
# :label: ex-10-coverage
# Choose a coverage of 0.99. How many classes are in a set now?
# :::
#
# ::::{solution} ex-10-coverage
# :class: dropdown
#
# ```python
# strict = limits.conformal_threshold(chances[half], truth[half], coverage=0.99)
# print(limits.conformal_sets(chances[~half], strict).sum(1).mean())
# ```
#
# Certainty is paid for with larger sets.
# ::::
#
# ## Summary
#
# - The model notices tissues; order and negation it notices little, or for the wrong reason.
# - A new laboratory moves the score, the probabilities, and the coverage of sets.
# - It always answers, also when it should not.
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
