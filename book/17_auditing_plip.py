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
# # 17 · The paper audited
#
# **What does a published score tell, and what does it leave open?**
#
# @way@
#
# - **Time:** @time@
# - **Learn:** to recompute a published score, and to list what it does not show.
# - **Need:** the scores of {doc}`zero-shot <11_zero_shot>` and {doc}`linear probing <12_linear_probing>`.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% tags=["claim", "remove-cell"]
from plip_tutorial.studies.claims import Claims

claim = Claims("17_auditing_plip")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Specificity against sensitivity: for PLIP a curve high above, which falls slowly and reaches from no to full sensitivity; for CLIP one along the bottom."}, "figure": {"caption": "All models that would have the score that the paper prints for DigestPath, a set of benign and malignant tissue. The upper curve goes from models that find no cancer to models that find every cancer.", "name": "fig-17-same-score"}}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from plip_tutorial import artifacts, audit, plots
plots.use_style()
table, sizes = audit.zero_shot(), audit.class_sizes()["digestpath"]
curves = {model.upper(): audit.same_score(
    (sizes["benign"], sizes["malignant"]), table[model]["digestpath"].value)
    for model in ("plip", "clip")}
plots.lines(curves, x="sensitivity: malignant found", y="specificity")

# %% tags=["claim", "remove-cell"]
claim("from models that find no cancer", min(curves["PLIP"]), "==", 0)
claim("to models that find every cancer", max(curves["PLIP"]), "==", 1)
claim("a curve high above, which falls slowly", list(curves["PLIP"].values()), "between", (0.75, 1))

# %% [markdown]
# We look again at a paper that we like. It opened its data, its weights and its code, and printed a confusion matrix
# where others print a bar. That is why it can be looked at. All numbers were read off the figures of the paper
# {cite}`huang2023plip`; only {ref}`one section <audit-later>` has numbers of others.
#
# ## Do the sums agree?
#
# **A published table can be added up, and it should be.**
#
# We expect the parts to add up to what the paper states.

# %%
audit.totals()

# %% tags=["claim", "remove-cell"]
claim("They do, so nothing speaks against our reading", audit.totals()["agree"], "==", True)

# %% [markdown]
# They do, so nothing speaks against our reading.
#
# ## One score, recomputed
#
# **From a confusion matrix follow the printed score and all those that were not printed.**
#
# The paper prints the {term}`confusion matrix` of PLIP on nine tissues of the colon {cite}`kather2019nct`: rows are
# what a tile is, columns what it is called. F1 of a class is twice its hits, over its row plus its column. The
# {term}`weighted F1` is their mean, weighted by the tiles of each class.

# %%
counts = audit.kather_counts()
hits, rows, columns = np.diag(counts), counts.sum(axis=1), counts.sum()
by_hand = np.average(2 * hits / (rows + columns), weights=rows)
published = table["plip"]["kather"]
print(f"by hand {by_hand:.3f}, published {published}")
scores = audit.kather_report()
for name, score in scores.items():
    print(f"{name.replace('_', ' '):22} {score}")

# %% tags=["claim", "remove-cell"]
claim("what the paper says, to the third digit", abs(by_hand - published.value), "<", 0.0005)
claim("The macro F1 and the balanced accuracy are lower",
      [scores[s].value for s in ("macro_f1", "balanced_accuracy")], "<", by_hand)
claim("is far below", scores["constant_weighted_f1"], "<", by_hand - 0.4)

# %% tags=["claim", "remove-cell"]
claim("is wider than the published one", scores["weighted_f1"].high - scores["weighted_f1"].low,
      ">", published.high - published.low, margin=0.005)

# %% [markdown]
# The weighted F1 is what the paper says, to the third digit. The {term}`macro F1` and the {term}`balanced accuracy` are
# lower, since they count a rare tissue as much as a common one. The constant answer, always the most common tissue, is
# far below: there is real knowledge in the model. The {term}`mcc <MCC>` of a constant is 0. Our interval, from
# resampling tiles, is wider than the published one.
#
# ## What the average hides
#
# **Two of the nine tissues are lost.**
#
# We expect the errors to be spread over the tissues. Look at the rows.

# %% mystnb={"image": {"alt": "Confusion matrix of nine tissues with the published counts; the rows of mucus and debris have next to nothing on the diagonal."}, "figure": {"caption": "Published confusion matrix of zero-shot PLIP; each row in per cent, so that it adds up to 100, but for rounding.", "name": "fig-17-confusion"}}
plots.confusion_matrix(counts.to_numpy(), list(counts.columns))

# %%
said = pd.DataFrame({"tiles": rows, "called so": columns})
said["recall"] = hits / rows
said["times too often"] = columns / rows
said["right when called so"] = hits / columns
said.sort_values("recall").round(3)

# %% tags=["claim", "remove-cell"]
claim("Mucus and debris are hardly ever found", said["recall"][["MUC", "DEB"]], "<", 0.01)
claim("most mucus is called stroma", counts.loc["MUC", "STR"] / rows["MUC"], ">", 0.8)
claim("about half of the debris is called background", counts.loc["DEB", "BACK"] / rows["DEB"],
      "about", 0.5, margin=0.03)

# %% tags=["claim", "remove-cell"]
claim("have next to nothing on the diagonal", said["recall"][["MUC", "DEB"]], "<", 0.01)
claim("finds next to none, at a weighted F1 that looks decent", said["recall"]["MUC"] / by_hand, "<", 0.02)
claim("There the same pictures reach 0.88, in macro F1", audit.gains().loc["kather", "probe PLIP"], "about", 0.88,
      margin=0.005)

# %% tags=["claim", "remove-cell"]
claim("The background, on the other hand, is always found", said["recall"]["BACK"], "==", 1)
claim("Two of the nine tissues are lost", (said["recall"] < 0.05).sum(), "==", 2)
claim("Stroma is said far too often, and wrong most of the time",
      [1 / said["times too often"]["STR"], said["right when called so"]["STR"]], "<", 0.2)

# %% [markdown]
# Mucus and debris are hardly ever found: most mucus is called stroma, and about half of the debris is called
# background. A user who asks this model to find mucus finds next to none, at a weighted F1 that looks decent. The
# background, on the other hand, is always found.
#
# Now read the columns. Stroma is said far too often, and wrong most of the time. Are the pictures to blame, or the
# words? A {term}`linear probe` needs no words. There the same pictures reach 0.88, in macro F1 ({ref}`below
# <audit-gains>`). What they show is in the vectors; the words do not reach it.
#
# ## Against the constant answer
#
# **On one set, always saying "benign" scores higher than PLIP.**
#
# Where nine tiles in ten are benign, always saying so is right nine times in ten. With a share $p$ the F1 of that class
# is $2p / (1 + p)$, all others are 0, and so the weighted F1 is $p$ times that.

# %%
shares = {name: max(classes.values()) / sum(classes.values())
          for name, classes in audit.class_sizes().items()}
shares = pd.Series(shares)
constant = shares * 2 * shares / (1 + shares)
off = (constant - table["constant"]).abs().max()
print(f"largest difference from the package: {off:.0e}")
table.round(3).astype(object).fillna("n/a")

# %% mystnb={"image": {"alt": "Bars of the constant answer, CLIP and PLIP on four sets. PLIP is above CLIP on all of them. On DigestPath the constant answer is a little above PLIP, and CLIP is near zero."}, "figure": {"caption": "Published weighted F1 beside the constant answer. For the fourth set the figures do not give the sizes of the classes.", "name": "fig-17-constant"}}
bars = {name: {"constant": row["constant"], "CLIP": row["clip"],
               "PLIP": row["plip"]} for name, row in table.iterrows()}
del bars["wsss4luad"]["constant"]  # not known
figure = plots.bars(bars, "weighted_f1")
figure.axes[0].text(2.72, 0.01, "n/a", ha="center")
figure

# %% tags=["claim", "remove-cell"]
claim("PLIP is above CLIP on all of them", [r["plip"].low - r["clip"].high for _, r in table.iterrows()], ">", 0.1)
claim("on Kather's set and PanNuke above the constant, too",
      [table["plip"][s].low - constant[s] for s in ("kather", "pannuke")], ">", 0.1)
claim("On DigestPath the constant answer is a little above PLIP",
      constant["digestpath"] - table["plip"]["digestpath"].value, "between", (0, 0.015))

# %% tags=["claim", "remove-cell"]
claim('always saying "benign" scores higher than PLIP', constant.index[
    constant > table["plip"].map(float)[constant.index]].tolist(), "==", "digestpath")
claim('"always benign" has the higher score', constant["digestpath"] - table["plip"]["digestpath"].value, ">", 0)
claim("So the largest gain of the paper is also the one that says least",
      (table["plip"].map(float) - table["clip"].map(float)).idxmax(), "==", "digestpath")

# %% tags=["claim", "remove-cell"]
claim("it lies above PLIP's published interval", constant["digestpath"], ">", table["plip"]["digestpath"].high)
claim("nine tiles in ten are benign", shares["digestpath"], "about", 0.9, margin=0.02)
claim("and CLIP is near zero", table["clip"]["digestpath"].value, "<", 0.05)

# %% [markdown]
# On all four sets PLIP stands well above CLIP, and on Kather's set and PanNuke above the constant, too. On DigestPath
# "always benign" has the higher score: by little, but it lies above PLIP's published interval.
#
# This does not say that PLIP knows nothing there. It says that this score cannot show what it knows. A model of two
# classes has two numbers: how much of the malignant it finds (sensitivity), and how much of the benign it leaves in
# peace (specificity). The first figure shows *all* pairs that have the published weighted F1. We check its two ends.

# %%
benign, malignant = sizes["benign"], sizes["malignant"]
for sensitivity in (0.0, 1.0):
    found = sensitivity * malignant
    left = curves["PLIP"][sensitivity] * benign
    missed, alarms = malignant - found, benign - left
    f1 = [2 * left / (2 * left + missed + alarms),
          2 * found / (2 * found + missed + alarms)]
    score = np.average(f1, weights=[benign, malignant])
    print(f"finds {found:.0f} of {malignant}: weighted F1 {score:.3f}")

# %% tags=["claim", "remove-cell"]
claim("a model that finds no cancer at all and one that finds every cancer can both have the score of PLIP",
      [min(curves["PLIP"]), 1 - max(curves["PLIP"])], "==", 0)
claim("it calls nearly every benign tile malignant", list(curves["CLIP"].values()), "<", 0.05)

# %% [markdown]
# So a model that finds *no* cancer at all and one that finds *every* cancer can both have the score of PLIP. The
# paper's number does not tell which one it is. Two numbers would have.
#
# The lower curve tells one thing about CLIP: it calls nearly every benign tile malignant. A gain over such a start is
# easy: to answer "benign" more often is enough. So the largest gain of the paper is also the one that says least.
#
# ## Small organs
#
# **With forty tiles an organ tells little; with hundreds it can tell of a failure.**
#
# PanNuke has nineteen organs, some with few tiles. The paper prints one number for each, without an interval. We make
# one: Wilson's interval of a share, as if the F1 were one. Expect wide ones.

# %%
organs = audit.pannuke()
plip, clip = organs["plip"], organs["clip"]
apart = sum(a.low > b.high for a, b in zip(plip, clip))
touch = [o for o in organs.index if audit.overlap(plip[o], clip[o])]
behind = organs.index[plip.map(float) < clip.map(float)].tolist()
below = organs.index[plip.map(float) < organs["constant"]].tolist()
print(f"PLIP above CLIP, intervals apart: {apart} of {len(organs)}")
print("not told apart:", ", ".join(touch))
print("PLIP below CLIP:", ", ".join(behind))
print("PLIP below the constant:", ", ".join(below))

# %% mystnb={"image": {"alt": "Nineteen organs from the smallest to the largest: the score of PLIP with its interval, of CLIP, and of the constant answer."}, "figure": {"caption": "PanNuke by organ, small organs at the bottom. Lines: 95% intervals (Wilson), as if tiles were independent.", "name": "fig-17-organs"}}
figure, panel = plt.subplots(figsize=(plots.WIDTH, 6.4))
for model, up in (("PLIP", 0.15), ("CLIP", -0.15)):
    look, values = plots.LOOKS[model], organs[model.lower()]
    panel.errorbar(values.map(float), np.arange(19) + up,
                   xerr=np.transpose([one.error_bar for one in values]),
                   fmt=look.marker, color=look.colour, label=model, lw=1)
panel.plot(organs["constant"], range(19), "k|", ms=11, label="constant")
names = [f"{name} ({n})" for name, n in organs["tiles"].items()]
panel.set(xlabel="weighted F1", yticks=range(19), yticklabels=names)
figure.legend(loc="outside upper center", ncols=3);

# %% tags=["claim", "remove-cell"]
claim("In most organs the gain over CLIP is beyond these intervals", apart, ">", len(organs) / 2)
claim("The three organs that go the other way are among those whose intervals touch", behind, "in", touch)
claim("The three organs that go", len(behind), "==", 3)

# %% tags=["claim", "remove-cell"]
claim("Nineteen organs from the smallest to the largest", len(organs), "==", 19)
claim("from the smallest to the largest", np.diff(organs["tiles"]), ">", -1)
claim("Lung and, barely, pancreas lie below theirs",
      [plip[o].high - organs["constant"][o] for o in ("Lung", "Pancreatic")], "<", -0.01)

# %% tags=["claim", "remove-cell"]
claim("Some organs are below the constant answer", len(below), "between", (2, 6))
claim("its interval holds the constant", plip["Kidney"], "holds", organs["constant"]["Kidney"])
claim("For the colon PLIP is far below the constant", plip["Colon"], "leaves out", organs["constant"]["Colon"],
      margin=0.2)

# %% [markdown]
# In most organs the gain over CLIP is beyond these intervals, and that stands. The three organs that go the other way
# are among those whose intervals touch. Some organs are below the constant answer. For the kidney that is no finding:
# its interval holds the constant. Lung and, barely, pancreas lie below theirs. For the colon PLIP is far below the
# constant, and no lack of tiles explains it.
#
# ## What an interval over tiles hides
#
# **Tiles of one patient are not independent, so intervals over tiles are too narrow.**
#
# Kather's test set has tiles of fifty patients {cite}`kather2019nct`. How much tiles of one patient agree is not
# published, so we try all values: 0, tiles know nothing of each other; 1, all tiles of a patient are alike. With $m$
# tiles a patient and a likeness of $\rho$, $n$ tiles are worth $n / (1 + (m - 1)\,\rho)$ independent ones
# {cite}`kish1965`. For $\rho = 0$ this is $n$, for $\rho = 1$ the number of patients. Wilson's interval gets that
# number instead of $n$.

# %%
def wilson(share, n, z=1.96):
    spread = np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    middle = share + z**2 / (2 * n)
    return [(middle + sign * z * spread) / (1 + z**2 / n) for sign in (-1, 1)]

for rho in (0, 0.1, 0.5):
    worth = published.n / (1 + (published.n / 50 - 1) * rho)
    low, high = wilson(published.value, worth)
    wider = (high - low) / (published.high - published.low)
    print(f"alike {rho}: worth {worth:.0f} tiles [{low:.3f}, {high:.3f}],",
          f"{wider:.0f} times as wide as published")

# %% mystnb={"image": {"alt": "The weighted F1 of PLIP with an interval that grows from a hair to a wide band as the tiles of a patient resemble each other more; CLIP stays far below."}, "figure": {"caption": "The same score with the interval over fifty patients. How alike the tiles of a patient are is not known.", "name": "fig-17-patients"}}
bands = {name.upper(): {rho: audit.clustered(score.value, score.n, 50, rho)
                        for rho in np.linspace(0, 1, 11)}
         for name, score in table.loc["kather", ["plip", "clip"]].items()}
plots.lines(bands, x="how alike the tiles of a patient are", y="weighted F1")

# %% tags=["claim", "remove-cell"]
claim("The package draws the same intervals",
      np.subtract(wilson(published.value, worth), [bands["PLIP"][0.5].low, bands["PLIP"][0.5].high]),
      "about", 0, margin=1e-4)

# %% tags=["claim", "remove-cell"]
claim("thousands of tiles are worth hundreds", published.n / (1 + (published.n / 50 - 1) * 0.1), "between", (200, 999))
claim("grows from a hair to a wide band", [np.subtract(bands["PLIP"][1].high, bands["PLIP"][1].low)
      / np.subtract(bands["PLIP"][0].high, bands["PLIP"][0].low)], ">", 8)
claim("PLIP stays far above CLIP at every value",
      [bands["PLIP"][rho].low - bands["CLIP"][rho].high for rho in bands["PLIP"]], ">", 0.1)

# %% tags=["claim", "remove-cell"]
claim("CLIP stays far below", bands["CLIP"][1.0].high, "<", bands["PLIP"][1.0].low, margin=0.1)
claim("the interval is many times wider", (bands["PLIP"][0.1].high - bands["PLIP"][0.1].low)
      / (published.high - published.low), ">", 3)

# %% [markdown]
# A little likeness is enough: thousands of tiles are worth hundreds, and the interval is many times wider. The package
# draws the same intervals. The finding survives: PLIP stays far above CLIP at every value. The third digit does not,
# nor any comparison that rests on it. The remedy costs nothing but a column: publish the patient of every tile, and
# resample patients.
#
# (audit-gains)=
# ## What fine-tuning gave
#
# **Words and pictures both became better; which gained more, the figures do not settle.**
#
# Zero-shot shows how far the words came, the probe how far the pictures. The paper scores the first with the weighted
# F1 and the second with the macro F1, so the gains can be compared only roughly. Beside them stands what share was
# gained of what CLIP had missed. The last row is PLIP's lead in the probe over MuDiPath, a network for pictures only,
# trained with labels, in standard deviations of the difference between two runs.

# %%
gains, lead = audit.gains(), audit.probe_margins()
shown = ["zero-shot gain", "probe gain", "zero-shot, of the missing",
         "probe, of the missing"]
one_digit = [float(f"{ratio:.1g}") for ratio in lead["in sd"]]
gains[shown].round(2).assign(**{"lead, in sd": one_digit}).T

# %% tags=["claim", "remove-cell"]
claim("Words and pictures both became better", gains[shown[:2]].to_numpy(), ">", 0)
claim("Both gains are positive on all four sets", gains[shown[:2]].to_numpy(), ">", 0.04)

# %% tags=["claim", "remove-cell"]
claim("zero-shot gains several times as much", gains["zero-shot gain"] / gains["probe gain"], ">", 3)
claim("the probe started much nearer to 1", gains["probe CLIP"] - gains["zero-shot CLIP"], ">", 0.3)

# %% tags=["claim", "remove-cell"]
claim("the two lie closer together",
      [gains[shown[2]][s] / gains[shown[3]][s] for s in ("kather", "pannuke", "wsss4luad")], "between", (0.9, 1.5))
claim("Only on DigestPath is zero-shot far ahead", (gains[shown[2]] - gains[shown[3]]).idxmax(), "==", "digestpath")
claim("PLIP leads on all four", lead["lead"], ">", 0)

# %% tags=["claim", "remove-cell"]
claim("on PanNuke and WSSS4LUAD by about one deviation or less", lead["in sd"][["pannuke", "wsss4luad"]], "<", 1.5)
claim("which is within the noise of single runs", lead["in sd"][["pannuke", "wsss4luad"]], "<", 1.96)

# %% [markdown]
# Both gains are positive on all four sets, and zero-shot gains several times as much. But the probe started much nearer
# to 1. As shares of what was missing the two lie closer together. Only on DigestPath is zero-shot far ahead, the set
# that says least.
#
# Over MuDiPath PLIP leads on all four, on PanNuke and WSSS4LUAD by about one deviation or less, which is within the
# noise of single runs.
#
# ## What went in
#
# **What is rare in the training stays hidden in an average.**
#
# Most training pairs are tweets and replies under hashtags. Where would the pair stand that we follow, a biopsy of the
# colon?

# %% mystnb={"image": {"alt": "Pairs for each hashtag on a logarithmic axis: from tens of thousands for skin to a few for rare ones."}, "figure": {"caption": "Tweets and replies of each hashtag in OpenPath, on a logarithmic axis.", "name": "fig-17-hashtags"}}
tags = audit.hashtags()
figure, panel = plt.subplots(figsize=(plots.WIDTH, 6.4))
panel.barh(tags.index[::-1], tags["pairs"][::-1])
panel.set(xscale="log", xlabel="pairs")
half = int((tags["running share"] < 0.5).sum()) + 1
print(f"half of the tweets and replies: {half} of {len(tags)} hashtags,")
print("  ", ", ".join(tags.index[:half]))
ours = artifacts.followed()
print(f"ours: {ours.text[:31]} ... {ours.post['hashtags']}")

# %% tags=["claim", "remove-cell"]
claim("A few fields hold half of the tweets and replies", half / len(tags), "<", 0.2)
claim("others have next to none", tags["pairs"].min(), "<", 10)
claim("Most training pairs are tweets and replies",
      tags["pairs"].sum() / audit.facts()["openpath"]["total"], "between", (0.8, 0.9))

# %% tags=["claim", "remove-cell"]
claim("the tag of bone and soft tissue", "BSTpath", "in", ours.post["hashtags"])

# %% tags=["claim", "remove-cell"]
claim("the paper's PLIP finds 57% of the tumour tiles", said["recall"]["TUM"], "about", 0.57, margin=0.005)
claim("and calls a third of them stroma", counts.loc["TUM", "STR"] / rows["TUM"], "about", 1 / 3, margin=0.03)

# %% [markdown]
# A few fields hold half of the tweets and replies, and others have next to none. Before using PLIP on an organ, look
# for its field in this figure. Doubt the figure, too: our pair shows a tumour of the colon, and its author gave it the
# tag of bone and soft tissue. On such pictures the paper's PLIP finds 57% of the tumour tiles, and calls a third of
# them stroma.
#
# (audit-later)=
# ## What others found later
#
# **An audit gives reasons to test, and no forecast.**
#
# The weights are open, so others have measured PLIP again: here the authors of KEEP, a *rival*, on tasks that they
# chose. That is no neutral ground, and PLIP is the oldest of these models. They looked for cancer on whole *slides*, by
# words. CONCH is a later model, QuiltNet PLIP's nearest relative ({doc}`beyond PLIP <beyond_plip>`).

# %% mystnb={"image": {"alt": "Area under the ROC curve of PLIP, QuiltNet, CONCH and KEEP for seven sets of slides; for kidney and pancreas PLIP lies below one half."}, "figure": {"caption": "Zero-shot detection of cancer on slides, as published by the authors of KEEP. The dashed line is a coin.", "name": "fig-17-later"}}
slides = audit.follow_up("keep")
figure, panel = plt.subplots(figsize=(plots.WIDTH, 4.2))
for place, (model, marker) in enumerate(zip(slides.columns[::-1], "osDX")):
    heights = np.arange(len(slides)) + 0.18 * (place - 1.5)
    panel.plot(slides[model], heights, marker, label=model)
panel.axvline(0.5, color="k", ls="--", lw=1)
panel.set_yticks(range(len(slides)), slides.index)
panel.set(xlabel="area under the ROC curve")
figure.legend(loc="outside upper center", ncols=4);

# %% tags=["claim", "remove-cell"]
claim("for kidney and pancreas PLIP lies below one half",
      slides["PLIP"][["kidney (CPTAC-CCRCC)", "pancreas (CPTAC-PDA)"]], "<", 0.5, margin=0.05)
claim("it is below a coin", slides["PLIP"][["kidney (CPTAC-CCRCC)", "pancreas (CPTAC-PDA)"]], "<", 0.5, margin=0.05)
claim("In the skin and in both sets of the lung PLIP finds cancer nearly as well as the best",
      [slides.loc[s].max() - slides["PLIP"][s] for s in slides.index if s.split()[0] in ("skin", "lung")], "<", 0.03)

# %% [markdown]
# In the skin and in both sets of the lung PLIP finds cancer nearly as well as the best. For the kidney and the pancreas
# it is *below a coin*: slides without cancer come before those with it more often than not. Could an audit have told?
# It is tempting: in the paper's own table both organs are below the constant answer. Here are all organs that both
# know, the lung with one set.

# %%
both = {"Skin": "skin (CPTAC-CM)", "Kidney": "kidney (CPTAC-CCRCC)",
        "Pancreatic": "pancreas (CPTAC-PDA)", "Uterus": "uterus (CPTAC-UCEC)",
        "Lung": "lung (CPTAC-LSCC)",
        "Head and neck": "head and neck (CPTAC-HNSCC)"}
side = organs.loc[list(both), ["tiles", "constant", "plip"]]
side["later, AUROC"] = slides["PLIP"][list(both.values())].to_numpy()
side.round(3).astype(str)

# %% tags=["claim", "remove-cell"]
claim("in the paper's own table both organs are below the constant answer",
      [plip[o].value - organs["constant"][o] for o in ("Kidney", "Pancreatic")], "<", 0)
claim("do not tell PLIP from the constant at all", plip["Kidney"], "holds", organs["constant"]["Kidney"])
claim("The lung is below its constant more clearly than the pancreas", plip["Lung"].high - organs["constant"]["Lung"],
      "<", plip["Pancreatic"].high - organs["constant"]["Pancreatic"])

# %% tags=["claim", "remove-cell"]
claim("and yet does well on slides", slides["PLIP"]["lung (CPTAC-LSCC)"], ">", 0.9)

# %% tags=["claim", "remove-cell"]
claim("large gains over CLIP on four outside sets", gains["zero-shot gain"], ">", 0.2)
claim("Two of nine are not", [(said["recall"] < 0.05).sum() / 2, len(said) / 9], "==", 1)
claim("is beyond any interval, however alike", bands["PLIP"][1.0].low - bands["CLIP"][1.0].high, ">", 0.1)

# %% tags=["claim", "remove-cell"]
claim("PLIP is above the constant answer on Kather's set and on PanNuke as a whole",
      [table["plip"][s].low - constant[s] for s in ("kather", "pannuke")], ">", 0.1)
claim("as well as or better than a model trained on labels", lead["lead"], ">", 0)
claim("on two it is within the noise of single runs", (lead["in sd"] < 1.96).sum(), "==", 2)

# %% tags=["claim", "remove-cell"]
claim("Text finds pictures many times as often as chance", audit.retrieval()["plip@10 / chance"], ">", 5)
claim("PLIP's gain is real", gains["zero-shot gain"], ">", 0.2)
claim("its averages hide two lost tissues, a constant that scores higher, and organs that fail",
      [(said["recall"] < 0.05).sum() - 1, (constant > table["plip"].map(float)[constant.index]).sum(), len(below) / 4],
      "==", 1)

# %% [markdown]
# It could not. The kidney's few dozen tiles do not tell PLIP from the constant at all. The lung is below its constant
# more clearly than the pancreas, and yet does well on slides. Few tiles, another task, another kind of cancer: a reason to
# test, no forecast.
#
# Surveys {cite}`mishra2025rsa,majzoub2025histovl,dejong2025robustness` found that vectors of such models, PLIP's among
# them, depend more on the slide than on the disease.
#
# ## What was shown, and what was not
#
# **The right column is no reproach: it is the list of what has to be measured next.**
#
# | shown | not shown |
# | --- | --- |
# | Pairs from social media turn a general model into one that knows tissue: large gains over CLIP on four outside sets. | That every tissue is found. Two of nine are not. |
# | On Kather's set the gain over CLIP is beyond any interval, however alike the tiles of a patient are. | How wide the intervals are over patients and hospitals. |
# | PLIP is above the constant answer on Kather's set and on PanNuke as a whole. | That it is so on DigestPath, or in each organ. |
# | Its pictures serve a linear probe as well as or better than a model trained on labels. | A clear lead on all four: on two it is within the noise of single runs. |
# | Text {doc}`finds pictures <13_retrieval>` many times as often as chance. | The same far from the kind of text that it was trained on. |
# | Data, weights and code are open, and the limits are named. | Fitness for diagnosis. The authors say that themselves {cite}`bianchi2023article`. |
#
# ## Exercises
#
# :::{exercise} The other constant
# :label: ex-17-constant
#
# DigestPath has 16,781 benign and 2,033 malignant tiles. What is the weighted F1 of "always malignant"? Which model
# does it resemble?
# :::
#
# :::{solution-start} ex-17-constant
# :class: dropdown
# :::

# %%
share = 2033 / (16781 + 2033)
answer = share * 2 * share / (1 + share)
print(f"always malignant {answer:.3f}; CLIP {table['clip']['digestpath']}")

# %% tags=["claim", "remove-cell"]
claim("DigestPath has 16,781 benign and 2,033 malignant tiles", [benign / 16781, malignant / 2033], "==", 1)
claim("close to the published score of CLIP", answer - table["clip"]["digestpath"].value, "about", 0, margin=0.01)

# %% [markdown]
# It is close to the published score of CLIP. That fits a model that calls everything malignant, but others as well.
#
# :::{solution-end}
# :::
#
# :::{exercise} Half and half
# :label: ex-17-balanced
#
# A set has 1,000 benign and 1,000 malignant tiles, and a model on it has PLIP's score of DigestPath, 0.832. What is the
# lowest sensitivity that it can have, by `audit.same_score` with `steps=1001`?
# :::
#
# :::{solution-start} ex-17-balanced
# :class: dropdown
# :::

# %%
curve = audit.same_score((1000, 1000), 0.832, steps=1001)
answer = min(curve)
print(f"sensitivity from {answer:.3f} to {max(curve):.3f}")

# %% tags=["claim", "remove-cell"]
claim("PLIP's score of DigestPath, 0.832", table["plip"]["digestpath"].value, "==", 0.832)
claim("Far less is left open", answer, ">", 0.6)

# %% tags=["claim", "remove-cell"]
claim('Always "benign" has 0.853', 0.9 * 2 * 0.9 / 1.9, "about", 0.853, margin=0.0005)
claim("both may miss every cancer", [min(audit.same_score((9000, 1000), score)) for score in (0.84, 0.82)], "==", 0)
claim("with intervals over tiles that lie apart", wilson(0.84, 10_000)[0] - wilson(0.82, 10_000)[1], ">", 0)

# %% [markdown]
# Far less is left open than on DigestPath: where both classes are common, a model must be good at both.
#
# :::{solution-end}
# :::
#
# :::{exercise} Two models on offer
# :label: ex-17-offer
#
# Two models for sorting biopsies are on offer. On the same 10,000 tiles of 20 patients, 90% of them benign, A has a
# weighted F1 of 0.84 and B of 0.82, with intervals over tiles that lie apart. In three to five sentences: which one do
# you take, and what do you ask for?
# :::
#
# :::{solution-start} ex-17-offer
# :class: dropdown
# :::
#
# Neither yet. Always "benign" has 0.853, and both may miss every cancer. Ask for the sensitivity and the specificity of
# each, and for the patient of every tile. Resample patients and look at the difference: twenty patients may not tell
# the two apart. Then test on your own patients.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - Recompute what is published; put the constant answer and the score of each class beside it.
# - One number for two classes may leave open which was found; an interval over tiles leaves out the patients.
# - PLIP's gain is real; its averages hide two lost tissues, a constant that scores higher, and organs that fail.
#
# ## What comes next
#
# Models that came after PLIP: {doc}`beyond PLIP <beyond_plip>`.
#
# ## References
#
# :::{bibliography}
# :filter: docname in docnames
# :::
