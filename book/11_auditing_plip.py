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
# # Auditing PLIP
#
# **Time:** @time@
#
# ## What you will learn
#
# - to recompute a published score from a published table;
# - to put the constant answer beside every score;
# - to see which classes a good average hides;
# - to ask what an {term}`interval <confidence interval>` over tiles leaves out.
#
# ## What you need first
#
# The scores of {doc}`07_zero_shot` and {doc}`08_linear_probing`. All numbers below come from one small file that was read off the figures of the paper
# {cite}`huang2023plip`. We look again at a paper that we like. It opened its data and its weights, and that is the reason why it can be looked at.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% [markdown]
# ## Do the sums agree?
#
# First the dull question. We expect the parts of the collection to add up to what the paper states.

# %%
from plip_tutorial import audit, plots

audit.totals()

# %% [markdown]
# They do. We can trust what we read off the figures.
#
# ## One score, recomputed
#
# The paper prints the {term}`confusion matrix` of PLIP on nine tissues of the colon. Its {term}`weighted F1` must follow from it.

# %%
scores = audit.kather_report()
for name, score in scores.items():
    print(f"{name:22} {score}")

# %% [markdown]
# The weighted F1 is what the paper says. Beside it stand scores that the paper does not print. The {term}`macro F1` is lower, since it counts a rare
# tissue as much as a common one. The constant answer, always the most common tissue, is far below: there is real knowledge in the model.
#
# ## What the average hides
#
# We expect the errors to be spread over the tissues. Look at the rows.

# %% mystnb={"image": {"alt": "Confusion matrix of nine tissues with the published counts; the rows of mucus and debris have next to nothing on the diagonal."}, "figure": {"caption": "Published confusion matrix of zero-shot PLIP; each row adds up to one.", "name": "fig-11-confusion"}}
counts = audit.kather_counts()
plots.confusion_matrix(counts.to_numpy(), list(counts.columns))

# %%
audit.lost_classes(counts)

# %% [markdown]
# Two tissues are lost almost entirely. Nearly all mucus is called stroma, and half of the debris is called background. A user who asks this model to find mucus
# finds none, at a weighted F1 that looks decent. Part of the reason may be the words: "debris" and "background" are seldom what a
# pathologist writes under a picture.
#
# ## Against the constant answer
#
# On a set where nine tiles in ten are benign, who always says "benign" is right nine times in ten. So the constant belongs beside the score.

# %%
audit.zero_shot()

# %% [markdown]
# On the third set the constant answer does as well as PLIP. This does not say that PLIP knows nothing there. It says that the weighted F1 of this set cannot show what it
# knows. The score of CLIP on it, close to zero, is below any constant: CLIP calls nearly everything malignant, so its words point the wrong way. A large gain over such a
# start is easy.
#
# ## Small organs
#
# The second set has nineteen organs, and some have few tiles. Expect wide intervals at the top of this table.

# %%
audit.pannuke().head(8)

# %% [markdown]
# With a few dozen tiles an interval of this width is all one can have, and even these are too narrow. They treat tiles as independent. Tiles of one slide share
# stain, scanner and patient. How many independent things did we see, then? If tiles of a slide agree more than tiles of different slides, fewer than it seems.

# %%
published = audit.zero_shot()["plip"]["kather"]
for slides in (7180, 500, 50):
    print(f"{slides:5} independent slides: {audit.clustered(published.value, published.n, slides, correlation=0.5)}")

# %% [markdown]
# The paper's interval is the narrow one. The set has tiles of fifty patients {cite}`kather2019nct`. With half of the variation between slides (an assumption, chosen for the example)
# the honest interval is several times as wide. It still lies far above CLIP.
#
# ## What fine-tuning gave
#
# Two ways to ask: how far did the words come (zero-shot), and how far did the pictures come (the probe)?

# %%
audit.gains()

# %% [markdown]
# The gain in zero-shot is several times the gain in probing. CLIP's pictures were better than its zero-shot scores suggested; above all the *words* had to learn where to point.
#
# In probing PLIP has a rival that read no captions. The lead over it, in standard deviations of the difference between two runs:

# %%
audit.probe_margins()

# %% [markdown]
# On one set the lead is clear, on another it is within the noise of five runs.
#
# ## Retrieval against chance

# %%
audit.retrieval()

# %% [markdown]
# A recall means little without the size of the collection. Ten of two hundred are easier to hit than ten of two thousand. As a multiple of chance the order of the sets changes.
#
# ## What was shown, and what was not
#
# Shown: fine-tuning on pairs from social media gives a large gain over a general model, on four outside sets, in classification and in retrieval, with open data and weights. Not shown:
# that every tissue is found (two are not), that it beats the constant answer on an unbalanced set by weighted F1, that intervals hold across slides and hospitals, or that it is fit for
# diagnosis. The authors say the last one themselves {cite}`bianchi2023article`.
#
# :::{exercise}
# :label: ex-11-constant
# From `audit.class_sizes()` compute the weighted F1 of "always malignant" on DigestPath. Which model does it resemble?
# :::
#
# ::::{solution} ex-11-constant
# :class: dropdown
#
# ```python
# sizes = audit.class_sizes()["digestpath"]
# share = sizes["malignant"] / sum(sizes.values())
# f1 = 2 * share / (share + 1)   # precision is the share, recall is one
# print(share * f1)              # the other class has F1 zero
# ```
#
# It is close to the published score of CLIP: CLIP calls nearly everything malignant.
# ::::
#
# :::{exercise}
# :label: ex-11-recall
# Which tissues have a recall above 0.9? Use `audit.kather_recall()`.
# :::
#
# ::::{solution} ex-11-recall
# :class: dropdown
#
# ```python
# {name: str(score) for name, score in audit.kather_recall().items() if score.value > 0.9}
# ```
# ::::
#
# ## Summary
#
# - A published table can be recomputed, and it should be.
# - Beside each score belong the constant answer, the score by class, and an interval over what is independent.
# - PLIP's gain is real. Its average hides two lost tissues.
#
# ## What comes next
#
# Models that came after PLIP: {doc}`beyond_plip`.
#
# ## References
#
# :::{bibliography}
# :filter: docname in docnames
# :::
