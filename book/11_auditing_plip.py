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
# - to see which classes a good average hides;
# - to put the constant answer beside every score, and to ask which models could have had that score;
# - to ask what an {term}`interval <confidence interval>` over tiles leaves out;
# - to look for the rest of the story: what went into the model, and what others found later.
#
# ## What you need first
#
# The scores of {doc}`07_zero_shot` and {doc}`08_linear_probing`. All numbers below come from one small file that was read off the figures of the paper
# {cite}`huang2023plip`; only {ref}`one section <audit-later>` has a second file, with numbers of others. No model runs here. An audit needs a table, a calculator and some patience.
#
# We look again at a paper that we like. It opened its data, its weights and its code, and printed a confusion matrix where others print a bar. That is the reason why it can be looked at.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% [markdown]
# ## Do the sums agree?
#
# First the dull question. We expect the parts of the collection to add up to what the paper states.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from plip_tutorial import audit, plots

plots.use_style()
audit.totals()

# %% [markdown]
# They do. So the counts, at least, were read off the figures rightly. Scores have no sums; of those, one can be recomputed.
#
# ## One score, recomputed
#
# The paper prints the {term}`confusion matrix` of PLIP on nine tissues of the colon. Its {term}`weighted F1` must follow from it, and so must all the scores that it did not print.

# %%
scores = audit.kather_report()
for name, score in scores.items():
    print(f"{name:22} {score}")
published = audit.zero_shot()["plip"]["kather"]
print(f"{'published weighted F1':22} {published}")

# %% mystnb={"image": {"alt": "Dots with intervals for the weighted F1, macro F1, balanced accuracy and MCC of PLIP on Kather's set, and far to the left the same scores of the constant answer."}, "figure": {"caption": "Six scores of one confusion matrix. The mark is the one that the paper prints.", "name": "fig-11-scores"}}
plots.spread({name.replace("_", " ").replace("f1", "F1"): score for name, score in scores.items()}, mark="weighted F1")

# %% [markdown]
# The weighted F1 is what the paper says, to the third digit. The {term}`macro F1` and the {term}`balanced accuracy` are lower, since they count a rare tissue as much as a common one. The constant answer, always the most common tissue, is
# far below: there is real knowledge in the model.
#
# One small thing. Our interval, from resampling the tiles of this matrix, is wider than the published one. We do not know how that was computed. More about intervals below.
#
# ## What the average hides
#
# We expect the errors to be spread over the tissues. Look at the rows.

# %% mystnb={"image": {"alt": "Confusion matrix of nine tissues with the published counts; the rows of mucus and debris have next to nothing on the diagonal."}, "figure": {"caption": "Published confusion matrix of zero-shot PLIP; each row in per cent, so that it adds up to 100.", "name": "fig-11-confusion"}}
counts = audit.kather_counts()
plots.confusion_matrix(counts.to_numpy(), list(counts.columns))

# %% mystnb={"image": {"alt": "Recall of the nine tissues with intervals: background at one, mucus and debris at zero."}, "figure": {"caption": "Recall of each tissue, from the same matrix.", "name": "fig-11-recall"}}
plots.spread({str(name): recall for name, recall in audit.kather_recall().items()}, x="recall")

# %%
audit.lost_classes(counts).round(3)

# %% [markdown]
# The errors are not spread evenly. Two tissues are lost almost entirely: most mucus is called stroma, and about half of the debris is called background. A user who asks this model to find mucus
# finds next to none, at a weighted F1 that looks decent. The background, on the other hand, is always found. A recall is a share of right answers, so its interval in the figure is the one for shares, Wilson's. It has a width even for the background:
# the next tile may be the first error. To resample tiles that are all right would have shown no width, and no width looks like certainty.
#
# Now read the columns. What does the model say too often?

# %%
said = pd.DataFrame({"tiles": counts.sum(axis=1), "called so": counts.sum(axis=0)})
said["times too often"] = said["called so"] / said["tiles"]
said["right when called so"] = np.diag(counts) / said["called so"]
said.sort_values("times too often", ascending=False).round(2)

# %% [markdown]
# Stroma is said far too often, and wrong most of the time. Part of the reason may lie in the words and not in the pictures. None of "debris", "background" and "cancer-associated stroma" is likely to be common in captions. But that alone explains little, since such words go either way: "debris" is hardly ever said,
# the other two too often. What these sentences have learned to point at, the table does not tell. Where
# to look next? At the {term}`linear probe`, which needs no words. The paper has one, and there the same pictures reach a far higher score ({ref}`below <audit-gains>`). What they show is in the vectors; the words do not reach it.
#
# ## Against the constant answer
#
# On a set where nine tiles in ten are benign, who always says "benign" is right nine times in ten. So the constant belongs beside the score.

# %%
table = audit.zero_shot()
table.round(3).astype(object).fillna("n/a")

# %% mystnb={"image": {"alt": "Bars of the constant answer, CLIP and PLIP on four sets. PLIP is above CLIP on all of them. On DigestPath the constant answer is a little above PLIP, and CLIP is near zero."}, "figure": {"caption": "Published weighted F1 beside the constant answer. For the fourth set the sizes of the classes are not in the figures.", "name": "fig-11-constant"}}
bars = {name: {"constant": row["constant"], "CLIP": row["clip"], "PLIP": row["plip"]} for name, row in table.iterrows()}
del bars["wsss4luad"]["constant"]  # not known
figure = plots.bars(bars, "weighted_f1")
figure.axes[0].text(2.72, 0.01, "n/a", ha="center")
figure

# %% [markdown]
# On all four sets PLIP stands well above CLIP, and on Kather's set and PanNuke above the constant, too. On DigestPath "always benign" has the higher score: by little, but it lies above PLIP's published interval.
#
# This does not say that PLIP knows nothing there. It says that this score cannot show what it knows. How much does it leave open? A model of two classes has two numbers: how much of the malignant it finds (sensitivity), and how
# much of the benign it leaves in peace (specificity). Here are *all* pairs that have the published weighted F1.

# %% mystnb={"image": {"alt": "Specificity against sensitivity: a nearly flat curve high above for PLIP, which reaches from no to full sensitivity, and one along the bottom for CLIP."}, "figure": {"caption": "All models that would have the published weighted F1 on DigestPath.", "name": "fig-11-same-score"}}
sizes = audit.class_sizes()["digestpath"]
curves = {
    model.upper(): audit.same_score((sizes["benign"], sizes["malignant"]), table[model]["digestpath"].value) for model in ("plip", "clip")
}
plots.lines(curves, x="sensitivity: malignant tiles that are found", y="specificity")

# %%
for model, curve in curves.items():
    print(f"{model}: sensitivity anywhere from {min(curve):.0%} to {max(curve):.0%}, specificity from {min(curve.values()):.1%} to {max(curve.values()):.1%}")

# %% [markdown]
# The upper curve reaches from the left edge to the right. A model that finds *no* cancer at all and one that finds *every* cancer can both have the score of PLIP. The paper's number does not tell which one it is. Two numbers would have.
#
# The lower curve tells one thing about CLIP: it calls nearly every benign tile malignant. How much of the malignant it finds, the score leaves open here, too. CLIP lies close to the *other* constant, "always malignant" (the first exercise computes it). A gain over such a start is easy: to answer "benign" more often is enough. So the largest
# gain of the paper is also the one that says least.
#
# ## Small organs
#
# PanNuke has nineteen organs, and some have few tiles. The paper prints one number for each, without an interval, so we make one. We treat the F1 as if it were a share of right answers, which it is not quite, and take Wilson's interval for so many tiles.
# Expect wide ones.

# %% mystnb={"image": {"alt": "Nineteen organs from the smallest to the largest: the score of PLIP with its interval, of CLIP, and of the constant answer."}, "figure": {"caption": "PanNuke by organ, small organs at the bottom. Lines: 95% intervals (Wilson), as if the score were a share of right answers and tiles were independent.", "name": "fig-11-organs"}}
organs = audit.pannuke()
figure, panel = plt.subplots(figsize=(plots.WIDTH, 6.4))
rows = np.arange(len(organs))
for column, shift, look in (("plip", 0.15, plots.LOOKS["PLIP"]), ("clip", -0.15, plots.LOOKS["CLIP"])):
    lengths = np.array([score.error_bar for score in organs[column]]).T
    panel.errorbar(organs[column].map(float), rows + shift, xerr=lengths, fmt=look.marker, color=look.colour, label=column.upper(), lw=1)
panel.plot(organs["constant"], rows, "k|", ms=11, label="constant")
panel.set_yticks(rows, [f"{organ} ({n})" for organ, n in organs["tiles"].items()])
panel.set(xlabel="weighted F1")
figure.legend(loc="outside upper center", ncols=3);

# %%
ahead = sum(row["plip"].low > row["clip"].high for _, row in organs.iterrows())
touch = [organ for organ, row in organs.iterrows() if audit.overlap(row["plip"], row["clip"])]
behind = [organ for organ, row in organs.iterrows() if row["plip"].value < row["clip"].value]
below = [organ for organ, row in organs.iterrows() if row["plip"].value < row["constant"]]
print(f"PLIP above CLIP, intervals apart: {ahead} organs; not told apart: {', '.join(touch)}")
print(f"PLIP below CLIP: {', '.join(behind)}\nPLIP below the constant answer: {', '.join(below)}")

# %% [markdown]
# In most organs the gain over CLIP is beyond these intervals, and that stands. In a few the intervals touch: with a few dozen tiles one cannot say more, and the three organs that go the other way are among them. Some organs are below the constant answer. For the kidney that is no finding, its interval holds the constant. But look at the colon, which has
# hundreds of tiles: there PLIP is far below the constant, and no lack of tiles explains it. The summary over all organs shows none of this.
#
# ## What an interval over tiles hides
#
# Even these intervals are too narrow. They treat tiles as independent. Tiles of one slide share stain, scanner and patient. How many independent things did we see, then? If tiles of a patient agree more than tiles of different patients, fewer
# than it seems {cite}`kish1965`.
#
# Kather's test set has tiles of fifty patients {cite}`kather2019nct`. How much they agree is not published, so we try all values: 0, tiles know nothing of each other; 1, all tiles of a patient are alike.
# With $m$ tiles a patient and a likeness of $\rho$, $n$ tiles are worth no more than
#
# $$\frac{n}{1 + (m - 1)\,\rho}$$
#
# independent ones. Check the ends: for $\rho = 0$ this is $n$, for $\rho = 1$ it is $n / m$, the number of patients. We give Wilson's interval that number instead of $n$. Here $m = n / 50$.

# %% mystnb={"image": {"alt": "The weighted F1 of PLIP with an interval that grows from a hair to a wide band as the tiles of a patient resemble each other more; CLIP stays far below."}, "figure": {"caption": "The same score with the interval over fifty patients. How alike the tiles of a patient are is not known.", "name": "fig-11-patients"}}
clip = audit.zero_shot()["clip"]["kather"]
alike = np.linspace(0, 1, 11)
bands = {name: {rho: audit.clustered(score.value, score.n, 50, rho) for rho in alike} for name, score in {"PLIP": published, "CLIP": clip}.items()}
plots.lines(bands, x="how alike the tiles of a patient are", y="weighted F1")

# %%
for rho in (0, 0.1, 0.5):
    worth = published.n / (1 + (published.n / 50 - 1) * rho)
    band = audit.clustered(published.value, published.n, 50, rho)
    print(f"alike {rho:.1f}: worth {worth:4.0f} tiles, {band}, {(band.high - band.low) / (published.high - published.low):.0f} times as wide as published")

# %% [markdown]
# A little likeness is enough: thousands of tiles are worth hundreds, and the interval is many times wider. The finding survives: PLIP stays far above CLIP at every value. What does not survive is the third digit, and every comparison that rests on it.
#
# The remedy costs nothing but a column: publish the patient of every tile, and resample patients. {doc}`07_zero_shot` does so with slides.
#
# (audit-gains)=
# ## What fine-tuning gave
#
# Two ways to ask: how far did the words come (zero-shot), and how far did the pictures come (the probe)? The paper scores the first with the weighted F1 and the second with the macro F1, so the two gains can be compared only roughly. We expect both to be positive.

# %% mystnb={"image": {"alt": "Bars of the gain of PLIP over CLIP on four sets: zero-shot gains are several times as high as probe gains."}, "figure": {"caption": "PLIP minus CLIP: weighted F1 in zero-shot, macro F1 in linear probing.", "name": "fig-11-gains"}}
gains = audit.gains()
plots.bars({name: {what: row[what] for what in ("zero-shot gain", "probe gain")} for name, row in gains.iterrows()}, "gain")

# %% [markdown]
# Both are, on all four sets, and the gain in zero-shot is several times the gain in probing. Did the words learn more than the pictures, then? Look at where the two started. And what share of the distance to 1, of what CLIP had missed, was gained?

# %%
gains[["zero-shot CLIP", "probe CLIP", "zero-shot, of the missing", "probe, of the missing"]].round(2)

# %% [markdown]
# The probe starts much nearer to 1, so it cannot gain as much. As a share of what was missing, the two gains lie closer together, and on WSSS4LUAD the probe is not behind at all. Only on DigestPath is the zero-shot gain far ahead, and that one says least, as we saw. Zero-shot uses the pictures as well as the words, too. So this is
# what was shown: the pictures became better, and so did the match of words and pictures. Which of them improved more, the figure does not settle.
#
# In probing PLIP has a rival that read no captions, MuDiPath: a network for pictures only, trained with the labels of many pathology tasks at once. The lead over it, in standard deviations of the difference between two runs, and these to one digit only: the paper gives the deviations to a thousandth, and some of them *are* a thousandth.

# %%
margins = audit.probe_margins()
margins["in sd"] = margins["in sd"].map(lambda ratio: float(f"{ratio:.1g}"))
margins["tiles of the test set"] = audit.zero_shot()["tiles"]
margins.round(3)

# %% [markdown]
# PLIP leads on all four. On Kather's set the lead is far beyond the noise, though how far one cannot say; on DigestPath it is some standard deviations. On WSSS4LUAD it is about one, and on PanNuke less: there, of two single runs, the rival's may well be the better one. And that is the noise of the *training* alone: five seeds, one test set. Another test set would move both.
#
# ## Retrieval against chance
#
# Next the search of {doc}`09_retrieval`, on four collections of pictures with their texts. They differ in size, so we expect the highest recall where the collection is smallest.

# %%
found = audit.retrieval()
found.round({"plip@10 / chance": 1}).round(3)

# %% mystnb={"image": {"alt": "Bars of recall at ten as a multiple of chance for PLIP and CLIP on four collections; Twitter is far the highest."}, "figure": {"caption": "Text to image: recall at 10 as a multiple of chance.", "name": "fig-11-retrieval"}}
plots.bars({name: {model.upper(): row[f"{model}@10"] / row["chance@10"] for model in ("clip", "plip")} for name, row in found.iterrows()}, "times_chance")

# %% [markdown]
# So it is: the set with the highest recall, PathPedia, is the smallest. Ten of two hundred are easier to hit than ten of two thousand. As a multiple of chance the order of the sets changes: PLIP is
# best on Twitter, the kind of pairs that it was trained on. It is well above chance and above CLIP on all four.
#
# ## What went in
#
# Most of the training pairs are tweets and replies under hashtags that pathologists use. The others, PathLAION, come from the web and bear no hashtag. A model knows what it was shown. How are the first spread over the fields?

# %% mystnb={"image": {"alt": "Pairs for each hashtag on a logarithmic axis: from tens of thousands for skin to a few for rare ones."}, "figure": {"caption": "Tweets and replies of each hashtag in OpenPath, on a logarithmic axis.", "name": "fig-11-hashtags"}}
tags = audit.hashtags()
figure, panel = plt.subplots(figsize=(plots.WIDTH, 6.4))
panel.barh(tags.index[::-1], tags["pairs"][::-1], color=plots.LOOKS["PLIP"].colour)
panel.set(xscale="log", xlabel="pairs")
panel.grid(axis="x");

# %%
half = int((tags["running share"] < 0.5).sum()) + 1
print(f"{half} of {len(tags)} hashtags, {', '.join(tags.index[:half])}, hold")
path, held = audit.facts()["openpath"], tags["pairs"].iloc[:half].sum()
print(f"   {held / tags['pairs'].sum():.1%} of the tweets and replies")
print(f"   {held / path['total']:.1%} of all {path['total']:,} pairs, of which {path['path_laion']:,} bear no hashtag")
print(f"{tags.index[0]}, the skin, has {tags['pairs'].iloc[0] / tags['pairs']['CardiacPath']:.0f} times the pairs of CardiacPath, the heart")

# %% [markdown]
# A few fields hold half of the tweets and replies, and others have next to none. How the pairs from the web are spread, the figures do not tell; unless they are spread quite otherwise, what is rare on Twitter is rare in the training. That there is too little data for all of pathology, the authors say themselves {cite}`bianchi2023article`. Before using it on an organ, look for its field in this figure.
#
# (audit-later)=
# ## What others found later
#
# The weights are open, so others have measured PLIP again. Two tables, each by authors of a *rival*, on tasks that they chose. That is no neutral ground, and PLIP is the oldest of the pathology models. Read the columns with that in mind.
#
# The columns are models. QuiltNet is PLIP's nearest relative, a network of the same size. CONCH and KEEP are later models of pictures and texts ({doc}`beyond_plip`). UNI is a large network for pictures only. ResNet-50 was trained on ImageNet, a set of everyday photographs, and stands in for a network
# without pathology. It is not where PLIP started: that was CLIP, another kind of network, and these tables do not hold it.
#
# Some rows are *slides*, and a slide is thousands of tiles. In the first table a small network is trained on slides with labels: it learns how much each tile should count ("attention"), takes the mean of their vectors with these weights, and classifies the mean ("multiple-instance learning": the label belongs to the whole, not
# to a tile). For the rows of tiles a vote of the twenty nearest neighbours is enough. In the second table nothing is trained. Each tile is compared with sentences, and the answers of all tiles are combined to one score for the slide.
#
# We expect PLIP between ResNet-50 and the newer models.

# %%
later = audit.follow_up("conch")
print(f"by {later.attrs['by']}; {later.attrs['metric']}")
later

# %%
slides = audit.follow_up("keep")
print(f"by {slides.attrs['by']}; {slides.attrs['metric']}")
slides

# %% mystnb={"image": {"alt": "Area under the ROC curve of PLIP, QuiltNet, CONCH and KEEP for seven sets of slides; for kidney and pancreas PLIP lies below one half."}, "figure": {"caption": "Zero-shot detection of cancer on slides, as published by the authors of KEEP. The dashed line is a coin.", "name": "fig-11-later"}}
figure, panel = plt.subplots(figsize=(plots.WIDTH, 4.2))
for place, (model, marker) in enumerate({"PLIP": "o", "QuiltNet": "s", "CONCH": "D", "KEEP": "X"}.items()):
    panel.plot(slides[model], np.arange(len(slides)) + 0.18 * (1.5 - place), marker, label=model)  # one above the other
panel.axvline(0.5, color="k", ls="--", lw=1)
panel.set_yticks(np.arange(len(slides)), slides.index)
panel.set(xlabel="area under the ROC curve")
panel.grid(axis="x")
figure.legend(loc="outside upper center", ncols=4);

# %% [markdown]
# As a reader of pictures, in the first table, PLIP lies above ResNet-50 and below UNI and CONCH in every line. QuiltNet is above it in three lines and below it in one.
#
# The second table has two faces. How far is PLIP from the best, and from its relative?

# %%
pd.DataFrame({"below the best": slides.max(axis=1) - slides["PLIP"], "below QuiltNet": slides["QuiltNet"] - slides["PLIP"]}).round(3)

# %% [markdown]
# In the skin and in both sets of the lung PLIP finds cancer nearly as well as models with many times its data. In the uterus it is a little behind, in the head and neck farther, though there ahead of QuiltNet. For the kidney and the pancreas it is *below a coin*: slides without cancer come before those with it more often than not. For the pancreas QuiltNet is, too.
#
# Could an audit have told? It is tempting to say so, for in the paper's own table both organs are below the constant answer. Here are all organs that both tables know.

# %%
both = {"Skin": "skin (CPTAC-CM)", "Kidney": "kidney (CPTAC-CCRCC)", "Pancreatic": "pancreas (CPTAC-PDA)",
        "Uterus": "uterus (CPTAC-UCEC)", "Lung": "lung (CPTAC-LSCC)", "Head and neck": "head and neck (CPTAC-HNSCC)"}  # fmt: skip
side = organs.loc[list(both), ["tiles", "constant", "plip"]].rename(columns={"plip": "PLIP, weighted F1"})
side["later, area under ROC"] = [slides.loc[name, "PLIP"] for name in both.values()]
side.round(3)

# %% [markdown]
# It could not. The kidney's few dozen tiles do not tell PLIP from the constant at all. The lung is below its constant as clearly as the pancreas, and yet does well on slides. Few tiles, another task, another kind of cancer: the table gave a reason to test these organs, and no forecast.
#
# Three more findings, of surveys over several models {cite}`mishra2025rsa,majzoub2025histovl,dejong2025robustness`:
#
# - The vectors of six pathology models, PLIP among them, depend strongly on the *slide* and weakly on the disease. Stain normalisation lowers that, and of the six it lowers it most in PLIP. {doc}`10_limits` asks both of the tiny PLIP: there normalisation undoes the tint of a lamp, and for the dyes no clear gain was shown. Of the slide a trace remains: with tiles split at random, a coin tossed for each slide is predicted a little better than by chance, and nearest neighbours share a slide more often than by chance ({doc}`09_retrieval`).
# - Vision-language models for histology change their answers with the wording of the prompt, and their probabilities are not {term}`calibrated <calibration>`.
# - Ten other pathology models that were tested for it all carry the signature of the hospital, most of them more strongly than the biology.
#
# ## What was shown, and what was not
#
# | shown | not shown |
# | --- | --- |
# | Pairs from social media turn a general model into one that knows tissue: large gains over CLIP on four outside sets. | That every tissue is found. Two of nine are not. |
# | On Kather's set the gain over CLIP is beyond any interval, however alike the tiles of a patient are. | How wide the intervals are over patients and hospitals. |
# | PLIP is above the constant answer on Kather's set and on PanNuke as a whole. | That it is so on DigestPath, or in each organ. |
# | Its pictures serve a linear probe as well as or better than a model trained on labels. | A clear lead on all four: on two it is within the noise of single runs. |
# | Text finds pictures many times as often as chance. | The same far from the kind of text that it was trained on. |
# | Data, weights and code are open, and the limits are named. | Fitness for diagnosis. The authors say that themselves {cite}`bianchi2023article`. |
#
# The right column is no reproach. It is the list of what has to be measured next, and it can be written only because of the last line on the left.
#
# ## Exercises
#
# :::{exercise} The other constant
# :label: ex-11-constant
#
# From `audit.class_sizes()` compute the weighted F1 of "always malignant" on DigestPath. Which model does it resemble?
# :::
#
# :::{solution-start} ex-11-constant
# :class: dropdown
# :::

# %%
sizes = audit.class_sizes()["digestpath"]
share = sizes["malignant"] / sum(sizes.values())
f1 = 2 * share / (share + 1)  # precision is the share, recall is one
print(f"always malignant {share * f1:.3f}, since the other class has F1 zero")
print(f"CLIP             {table['clip']['digestpath']}")

# %% [markdown]
# It is close to the published score of CLIP. That fits a model that calls everything malignant. But it fits others as well: only the benign tiles are pinned down, nearly all of them are called malignant. What CLIP calls the malignant tiles, the score does not tell.
#
# :::{solution-end}
# :::
#
# :::{exercise} What it finds best
# :label: ex-11-recall
#
# Which tissues have a recall above 0.9? Use `audit.kather_recall()`, and look at the precision of these tissues, too.
# :::
#
# :::{solution-start} ex-11-recall
# :class: dropdown
# :::

# %%
for name, score in audit.kather_recall().items():
    if score.value > 0.9:
        print(f"{name}: recall {score}, right when called so {said.loc[name, 'right when called so']:.2f}")

# %% [markdown]
# The background alone, which is no tissue. And it is called more often than it is there: half of the debris goes to it. A high recall is easy for a word that is said often.
#
# :::{solution-end}
# :::
#
# :::{exercise} Half and half
# :label: ex-11-balanced
#
# Draw the curve of `audit.same_score` for a set with as many benign as malignant tiles and the same score. How much does the score leave open there?
# :::
#
# :::{solution-start} ex-11-balanced
# :class: dropdown
# :::

# %% mystnb={"image": {"alt": "Specificity against sensitivity: the curve of DigestPath spans all sensitivities, that of a set with equal halves starts at a high sensitivity."}}
score = table["plip"]["digestpath"].value
curves = {"as in DigestPath": audit.same_score((sizes["benign"], sizes["malignant"]), score), "half and half": audit.same_score((1000, 1000), score)}
for name, curve in curves.items():
    print(f"{name:17} sensitivity {min(curve):.2f} to {max(curve):.2f}, specificity {min(curve.values()):.2f} to {max(curve.values()):.2f}")
plots.lines(curves, x="sensitivity", y="specificity")

# %% [markdown]
# Far less of the sensitivity: where both classes are common, a model must be good at both to reach the score.
#
# :::{solution-end}
# :::
#
# :::{exercise} Without what was lost
# :label: ex-11-merge
#
# What would the weighted F1 on Kather's set be if mucus and debris were left out of the test? Is that a fair number?
# :::
#
# :::{solution-start} ex-11-merge
# :class: dropdown
# :::

# %%
from plip_tutorial import metrics

truth, called = audit.as_labels(counts)
kept = ~np.isin(truth, ["MUC", "DEB"])
print(f"all nine      {metrics.weighted_f1(truth, called)}\nwithout two   {metrics.weighted_f1(truth[kept], called[kept])}")

# %% [markdown]
# Higher, of course. It answers another question, "how good is it at what it is good at?", and the choice was made after looking at the answers.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - A published table can be recomputed, and it should be.
# - Beside each score belong the constant answer, the score by class, and an interval over what is independent.
# - One number for two classes may leave open which of the two was found.
# - PLIP's gain is real. Its averages hide two lost tissues, a set on which a constant scores a little higher, and organs that go the other way.
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
