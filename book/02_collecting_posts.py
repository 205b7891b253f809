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
# # Collecting posts
#
# **Time:** @time@
#
# ## What you will learn
#
# - how a post by a pathologist becomes a pair of an image and a {term}`caption`;
# - to find posts by hashtag, and to filter them in the order of the PLIP paper;
# - to grade a filter by {term}`precision` and {term}`recall`, and to read what it got wrong;
# - why pairs come in groups, and why that matters for training;
# - what you owe to the people whose posts you use.
#
# ## What you need first
#
# Python, and the idea that a model learns from pairs ({doc}`01_contrastive_learning`). No model is used here: this chapter is about
# text and tables.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% [markdown]
# ## Where the pairs come from
#
# Pathologists show each other cases on social media: a picture or four, a sentence, a hashtag. Communities agreed on hashtags early,
# one for each field, so that a case finds its readers. The authors of PLIP saw that this is a data set that nobody had collected on
# purpose {cite}`huang2023plip`. They called theirs OpenPath. This is what it holds:

# %%
from plip_tutorial.microcosm.threads import paper

openpath = paper()["openpath"]
print("posts from", openpath["first_post"], "to", openpath["last_post"], "under", len(openpath["hashtags"]), "hashtags")
for source in ("tweets", "replies", "path_laion", "total"):
    print(f"{source:11}{openpath[source]:8,} pairs")

# %% [markdown]
# We cannot use those posts. Access to the platform has become hard to get, posts have been deleted, and their text is not ours to pass on. So we
# work in the {term}`microcosm`: a small world in which invented users post drawn tissue. It has one great advantage. Every
# row carries its truth in columns that begin with `truth_`, so every step of the recipe can be graded. In the real world nobody can do
# that. Both {term}`tracks <track>` use the microcosm in this chapter.
#
# Let us look at the first rows.

# %%
import numpy as np

from plip_tutorial import artifacts, collect, microcosm, plots

posts = artifacts.posts()
shown = ["id", "author", "text", "likes", "in_reply_to", "truth_kind", "truth_language"]
table = posts.select_columns(shown).select(range(8)).to_pandas().astype({"in_reply_to": "Int64"})
table.style.hide(axis="index").format(na_rep="").set_properties(**{"text-align": "left"})

# %% [markdown]
# One row is one post or one reply. A reply has no picture of its own; its `in_reply_to` is the `id` of the post that it answers. Read the texts
# as a machine would: which of them tell what is in the picture?
#
# The pictures stay with the post. Here are the pictures of some posts that have more than two. Not every picture is tissue, though every post
# carries a hashtag of pathology.

# %% mystnb={"image": {"alt": "Pictures of four posts, one post in each row. Some rows show tissue several times, others charts or photographs."}, "figure": {"caption": "Pictures of four posts with three or four pictures each.", "name": "fig-02-pictures"}}
several = [row for row, tissues in enumerate(posts["truth_tissues"][:400]) if len(tissues) > 2][:4]
plots.gallery_rows([posts[row]["images"] for row in several], [f"post {row}" for row in several])

# %% [markdown]
# ## Search by hashtag
#
# The paper began with a list of recommended hashtags. A search returns the posts that carry one of them, and the conversations below
# those posts. `collect.by_hashtag` does the same on a table. Like all filters in this book it returns a *mask*: an array with one
# True or False for each row. A mask copies nothing, can be counted, and can be combined with others.

# %%
for tag in ["dermpath", "GIPath", "BreastPath"]:
    mask = collect.by_hashtag(posts, [tag])
    print(f"#{tag}: {mask.sum()} of {len(mask)} rows")
print(f"any of {len(collect.RECOMMENDED)} hashtags: {collect.by_hashtag(posts).sum()} of {len(posts)} rows")

# %% [markdown]
# All rows are found, since the microcosm was drawn under these hashtags. On a platform the search would leave out nearly everything.
#
# Are the fields of pathology represented alike? We count the first hashtag of each post, here and in the paper.

# %% mystnb={"image": {"alt": "Horizontal bars: share of posts for each of the 32 hashtags, in the paper and in the microcosm. Skin pathology leads, followed by gut and urogenital pathology; many bars are too short to be seen."}, "figure": {"caption": "Share of posts by hashtag. Who collects by hashtag collects what people like to post.", "name": "fig-02-hashtags"}}
import pandas as pd

first = pd.Series([tags[0] for tags in posts["hashtags"] if tags]).value_counts(normalize=True)
told = pd.Series({tag: counts["tweets"] / openpath["tweets"] for tag, counts in openpath["hashtags"].items()})
shares = pd.DataFrame({"paper": told, "microcosm": first}).fillna(0).sort_values("paper")
rare = shares.index[: len(shares) // 2]
for world, brought in shares.loc[rare].sum().items():
    print(f"{world}: the rarer half of the hashtags brings {brought:.1%} of the posts")
axes = shares.plot.barh(color=["0.75", "tab:purple"], xlabel="share of posts", figsize=(6, 7), width=0.8)
axes.legend(loc="lower right");

# %% [markdown]
# The microcosm was made to follow the paper, so the bars agree. The important thing is their shape. Skin leads by far. The rarer half of the
# hashtags brings next to nothing, hearts and eyes among them. A model trained on this sees many times more skin than kidney (`RenalPath`), and no later step
# can repair that.
#
# ## A filter is a mask with a name
#
# Many posts do not tell what the picture shows. They ask. The paper drops every post with a question mark. In the module this filter
# is short:
#
# :::{code-block} python
# @post_filter("no question mark", truth=...)
# def states_something(posts: Dataset) -> Mask:
#     """Questions ask for a diagnosis instead of giving one."""
#     return np.array([not asks(text) for text in posts["text"][:]], bool)
# :::
#
# `asks` looks for a question mark, in any script, outside links. The first line files the function under its name. `truth` is a second function, not shown: it says what this filter should keep, here every row whose
# `truth_kind` is not "question". It grades the filter and is never asked for a decision.
#
# Before you run it: what will it throw away that it should keep, and keep that it should throw away?

# %%
mask = collect.FILTERS["no question mark"](posts)
questions = np.array(posts["truth_kind"][:]) == "question"
print(f"dropped {np.sum(~mask)} rows: {np.sum(~mask & questions)} are questions, {np.sum(~mask & ~questions)} are not")
print(f"kept {np.sum(mask)} rows: {np.sum(mask & questions)} are questions all the same")

# %% [markdown]
# Most of what goes are questions. But it makes both mistakes: some rows are dropped without need, and some questions stay. We shall read them below.
#
# ## The whole funnel
#
# Now all filters, one after the other, in the order of the paper. Only the last one is missing, which looks at pictures: that is the
# matter of {doc}`04_cleaning_the_corpus`. A {term}`funnel` counts what each filter keeps and drops.

# %%
pairs, funnel = collect.pairs_from_posts(posts)
funnel

# %% [markdown]
# How to read a row of this table:
#
# - **kept**, **dropped**: rows after this filter, and rows that it took away.
# - **precision**: of the rows that it kept, the share that it *should* keep, judged by this filter's own task. The filter for English is
#   judged by language alone. The filter for replies keeps one reply to each post: it is right about a reply if that describes the picture.
# - **recall**: of the rows that it should keep, the share that it kept.
# - **purity**: of all rows still there, the share that a perfect pipeline would keep in the end: an English text that
#   describes a picture of tissue and is no retweet.
# - **coverage**: of all rows that a perfect pipeline would keep, the share that is still there.
#
# Precision and recall grade the filter. Purity and coverage grade the pipeline so far. `text cleaning` only drops rows of which no word is
# left; whether that was right has no truth in this world.

# %% mystnb={"image": {"alt": "Funnel: one bar for each filter, from all posts at the top to the rows left at the bottom, each with what it dropped."}, "figure": {"caption": "The funnel, from raw posts to captions. P is the precision and R the recall of each filter, by its own task.", "name": "fig-02-funnel"}}
plots.funnel(funnel)

# %% [markdown]
# Most filters do their own task nearly perfectly. The filter for replies does it worst, and costs most coverage; we come back to it. And yet purity
# ends far below one. So most of what is still wrong is wrong in a way that no filter here looks for. Which ways are these? In our world we can ask:
# `truth_kind` tells what sort of row it is.
#
# - *case*: a picture of tissue with a text about tissue; *repost*: the pictures of a case, slightly changed, with new words by somebody else; *retweet*: the same words again;
# - *reply*: it names a tissue; *empty reply*: it does not ("Great case!");
# - *question*: it asks; *vague*: it says nothing about the picture;
# - *chatter* and *advert*: it is about a congress or a course; *other*: about a picture of another craft, such as a blood smear.
#
# Beside the rows of each kind we count those that a perfect pipeline wants, and what a wanted row needs: tissue in one of its pictures, a text that describes the
# picture, and English.

# %%
rows = posts.remove_columns("images").to_pandas()
about = rows["in_reply_to"].fillna(rows["id"]).astype(int)  # the post whose pictures a row speaks about
rows["tissue"] = about.map(dict(zip(rows["id"], rows["truth_pathology"].map(any), strict=True)))
rows["describes"], rows["English"], rows["wanted"] = rows["truth_match"], rows["truth_language"] == "en", funnel.wanted
by_kind = rows[funnel.alive].groupby("truth_kind")
counts = by_kind[["wanted", "tissue", "describes", "English"]].sum().astype(int)
counts.insert(0, "rows", by_kind.size())
counts.sort_values("rows", ascending=False)

# %% [markdown]
# Chatter, adverts, vague posts and empty replies describe nothing. They pass, since they are English and ask nothing. Many of the first two come without
# tissue: the picture filter will find those. Vague posts and most empty replies stand beside tissue. These are harder: only the meaning is missing.
#
# Even some cases are unwanted. Most of these have a picture of tissue and a text about tissue, but about another one. No filter that looks at texts alone can
# see that. *Other* posts describe what they show, and are wanted only where a further picture shows tissue.
#
# A repost is wanted: its words are new, and its pictures are copies. Finding copies is the work of {doc}`04_cleaning_the_corpus`.
#
# ## Read ten wrong decisions
#
# Numbers tell how often a filter is wrong. They do not tell why. So read examples, every time, before you trust a filter. First: kept, but
# should not be.

# %%
from textwrap import fill

def show(numbers):
    for text in rows["text"][numbers]:
        print(fill(text, 100, initial_indent="- ", subsequent_indent="  "))

kept, dropped = funnel.wrong("no question mark", n=10)
show(kept)

# %% [markdown]
# "Dx please" and "guess the diagnosis" are questions without the mark. Now the other kind: dropped, but should not be.

# %%
show(dropped)

# %% [markdown]
# Nearly all are good captions with a rhetorical question in front or behind: "What makes this ...?", "Did you know?", "Who else enjoys this pattern?" One begins with "Via": it is a
# retweet made by hand, dropped for the wrong reason. The rule is crude, and both kinds of error follow from its crudeness. Is
# it a bad rule? It looks at one character, and precision and recall in the table above are high. The first exercise asks
# you to beat it.
#
# The other filters deserve the same look: how often they are wrong, and up to ten wrong decisions of each kind.

# %% tags=["hide-output"]
for name in ["text in English", "not a retweet", "not marked sensitive", "adds the reply with most likes"]:
    wrong = funnel.wrong(name, n=None)
    print(f"\n{name}: {len(wrong.kept)} kept wrongly, {len(wrong.dropped)} dropped wrongly")
    for what, numbers in zip(("kept:   ", "dropped:"), funnel.wrong(name, n=10), strict=True):
        print(*(f"  {what} {text[:90]}" for text in rows["text"][numbers]), sep="\n")

# %% [markdown]
# - The filter for language lets short captions pass in which the stain and the magnification, alike in every language, outweigh the few words that are foreign.
# - Retweets made by hand carry no field that says so. Their pictures are exact copies, so {doc}`04_cleaning_the_corpus` will find them.
# - The mark "sensitive" errs on both sides: it is missing on some graphic pictures, and stands on others that are not graphic.
# - Some of the replies that are called wrong sound right. They name another tissue than the picture shows, which the text alone cannot tell.
#
# The filter for replies was the weakest, so we look closer. Why does it drop replies that describe the picture? And how good a judge are likes?

# %%
alive = np.logical_and.reduce([collect.FILTERS[name](posts) for name in collect.PAPER_ORDER[:3]])  # what reaches it
replies = rows[alive & rows["in_reply_to"].isin(rows["id"][alive])].sort_values("likes", ascending=False, kind="stable")
best = replies.drop_duplicates("in_reply_to").set_index("in_reply_to")["describes"]
lost = rows.loc[funnel.wrong("adds the reply with most likes", n=None).dropped, "in_reply_to"]
print(f"{len(lost)} replies that describe the picture are dropped")
print(f"  {(~lost.isin(best.index)).sum()} because their post has gone before")
print(f"  {lost.isin(best.index).sum()} because another one has more likes; in {lost.map(best).eq(True).sum()} cases that describes the picture, too")
rivals = replies[replies["in_reply_to"].duplicated(keep=False)].groupby("in_reply_to")["describes"].mean()
print(f"{len(rivals)} of {len(best)} posts have several replies. Right is {rivals.mean():.0%} of all, {best[rivals.index].mean():.0%} of those with most likes")

# %% [markdown]
# Two things happen. When a post is dropped, most often for its language, its replies go with it: they have no picture of their own. And below a post
# with several replies only one may stay. Mostly that one is right as well, so what is lost is a second caption.
#
# Likes are a vote. Among rivals the winner is right more often than a reply taken at random, but by no means always. Sometimes "So cool" beats the diagnosis.
#
# ## Clean the text
#
# What is left still looks like a post. `collect.clean_text` takes out links, handles, hashtags, emoji, the "RT" or "Via" of a retweet, and characters that
# nobody sees. It turns HTML entities into what they stand for (`&amp;` becomes `&`), and makes one mark of several (`!!!` becomes `!`).

# %%
for row in np.flatnonzero(funnel.alive)[[0, 4, 8, 12]]:
    text = rows["text"][row]
    print(fill(repr(text), 100))
    print(fill(repr(collect.clean_text(text)), 100, initial_indent="  -> ", subsequent_indent="     "), "\n")

# %% [markdown]
# Two properties matter more than any single rule.
#
# The function is *idempotent*: cleaning twice is cleaning once. Steps can uncover work for each other, as an entity inside an entity does, so
# the steps are repeated until nothing changes.
#
# And an empty result is never passed on in silence. A post of hashtags and hearts becomes an empty string, and the funnel counts it.

# %%
nested = "RT @user007: benign &amp;amp; boring!!! #dermpath https://t.co/abc"
print(repr(collect.clean_text(nested)), "=", repr(collect.clean_text(collect.clean_text(nested))))
print(repr(collect.clean_text("🔥🔥 #GIPath https://t.co/abc")))
print("with hashtags:", repr(collect.clean_text(nested, hashtags="keep")))

# %% [markdown]
# ## Is it English?
#
# This looks like a solved problem, and it is not. English pathology is half Latin, and captions are short. We ask a general detector, `py3langid`, which
# knows more than a hundred languages. The filter of this book is the same detector with three changes. Only languages that
# people post in may answer. It knows beforehand that most posts under these hashtags are English. And where a caption is a bare diagnosis, its
# grammar votes as well: English puts the noun last ("ductal carcinoma"), Latin and its daughters put it first ("carcinoma ductale"). Four of our captions
# are English; who will find them?

# %%
import py3langid

from plip_tutorial.collect.language import identify

captions = ["Struma ovarii", "Carcinoma in situ of the bladder", "Ductal carcinoma in situ"]
captions += ["Teratoma, testis"]
captions += ["Linfoma folicular del bazo", "Normal kolon mukozası", "H&E 40x"]
general = [py3langid.classify(caption)[0] for caption in captions]
answers = pd.DataFrame({"caption": captions, "general detector": general, "our filter": identify(captions)})
answers.style.hide(axis="index").set_properties(**{"text-align": "left"})

# %% [markdown]
# The general detector does not say English once. Our filter does better, and one of its answers is wrong as well: "Teratoma, testis" is how an
# English index puts it, but neither its letters nor its grammar say so. The prior cannot outvote every Latin word. Two lists guard the filter in the tests: 300 captions in
# eight languages, most of the English ones as Latin as this, and 200 diagnoses and short captions in ten.
#
# The last answer, `und`, means undecided: there is too little text to tell. Such captions are kept.
#
# ## From posts to pairs: the group
#
# Count again: the funnel has rows, but we train on pairs. A post with three pictures and a good reply makes six pairs, since the
# post and the reply each speak about each picture. All six carry the same `group_id`.

# %%
groups = pd.Series(pairs["group_id"][:])
print(f"{funnel.alive.sum()} rows -> {len(pairs)} pairs in {groups.nunique()} groups")
print("pairs in a group -> groups:", groups.value_counts().value_counts().sort_index().to_dict())
print("source:", pd.Series(pairs["source"][:]).value_counts().to_dict())

# %% mystnb={"image": {"alt": "The two pictures of one group, each shown twice: once in the pair with the post, once in the pair with the reply."}, "figure": {"caption": "One group: each picture stands in a pair with the post and in a pair with the reply.", "name": "fig-02-group"}}
table = pairs.remove_columns("image").to_pandas().groupby("group_id")
fits = table["truth_match"].all() & table["source"].nunique().eq(2) & table.size().eq(4)
group = pairs.select(np.flatnonzero(groups == fits.idxmax()))
for source, text in dict(zip(group["source"], group["text"], strict=True)).items():
    print(fill(f"{source}: {text}", 100, subsequent_indent="       "))
plots.gallery([row["image"] for row in group], [row["source"] for row in group])

# %% [markdown]
# Why keep track of groups? Contrastive training takes all other texts of a batch as wrong ({doc}`01_contrastive_learning`). Without the group the model
# would be punished for matching a picture with the reply to it: a {term}`false negative`. And if one pair of a group lands in the
# training set and another in the test set, the score is a lie ({term}`leakage`). So the group runs through to training.
#
# ## Compare with the paper
#
# How long are the captions, and how many of the pairs come from replies?

# %%
words = pd.Series([len(text.split()) for text in pairs["text"]]).groupby(pairs["source"][:]).median()
for source, told in {"tweet": "tweets", "reply": "replies"}.items():
    print(f"{source}: median of {words[source]:g} words here, {openpath['median_words'][told]:g} in the paper")
here = np.mean(np.array(pairs["source"][:]) == "reply")
there = openpath["replies"] / (openpath["tweets"] + openpath["replies"])
print(f"share of pairs from replies, here {here:.2f}, paper {there:.2f}")

# %% [markdown]
# The numbers are close because the microcosm was made so. They say that the toy has the right proportions, and nothing about the recipe.
#
# ## The order matters
#
# Filters are masks, and masks can be combined in any order with the same result. With one exception: the filter for replies asks which
# posts are still there. What happens if questions are dropped *before* replies are added?

# %%
order = list(collect.PAPER_ORDER)
early = ["no question mark", *(name for name in order if name != "no question mark")]
other, other_funnel = collect.pairs_from_posts(posts, filters=early)
for label, table in {"paper": funnel, "questions first": other_funnel}.items():
    last = table.steps[-1]
    print(f"{label}: {last.kept} rows, purity {last.purity:.3f}, coverage {last.coverage:.3f}")

# %% [markdown]
# In the paper's order a question goes, but its best reply stays, together with the picture: and that reply is often the diagnosis. With
# questions first, the reply loses its post and goes too. Here the order of the paper keeps more of what is wanted, and purity does not pay for it.
#
# ## Your own export
#
# You may hold posts of your own: an export from X, Mastodon or Bluesky, or a table that you made. `collect.read_posts` reads JSONL, CSV
# and Parquet, and knows the field names of the three platforms. Exports are never clean. Here is one with two faults.

# %%
import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp())
posts[0]["images"][0].save(folder / "slide.png")
lines = ['{"id": "1", "content": "<p>Naevus, no atypia #dermpath</p>", "media_attachments": [{"url": "slide.png"}]}',
         '{"id": "2", "text": "half a li', '{"id": "3", "text": "Lost my picture", "images": ["gone.png"]}']
(folder / "export.jsonl").write_text("\n".join(lines))
mine, problems = collect.read_posts(folder / "export.jsonl")
print(*problems, sep="\n")

# %% [markdown]
# Each fault is reported, with its line and the reason. Line 2 cannot be read and is left out. Line 3 has lost its picture: its row is read all the same, stays
# in the funnel, and makes no pair. Nothing is lost in silence. From here on your posts take the same way; without
# `truth_` columns the funnel counts and does not grade.

# %%
own, own_funnel = collect.pairs_from_posts(mine)
print(own.remove_columns("image")[:])
own_funnel

# %% [markdown]
# ## What you owe
#
# A post is public. That does not make it yours.
#
# - **The patient** did not post it. A picture of tissue seldom tells who it is; a face, a rare history, a date and a place together may. Drop what
#   you do not need: the pairs above hold no author, no date and no link.
# - **The author** may delete a post tomorrow. Keep the ids of posts apart, so that you can remove a pair again. If you share a corpus, share ids rather
#   than texts and pictures.
# - **The platform** has terms of use, and they change. Read them before you collect, and write down the date.
# - **The licence** of the pictures is that of their makers, in most cases all rights reserved. Research exceptions differ between countries. Ask your ethics board and your lawyer,
#   not this book.
# - **The model** inherits it all: whose patients are shown, which fields post, which language they speak. Say so in the model card.
#
# ## Exercises
#
# :::{exercise} Beat the question mark
# :label: ex-02-question
#
# Write a filter that finds questions without a mark and spares rhetorical ones. Measure precision and recall beside those of the paper's rule. Then look at other posts than
# those on which you found your words.
# :::
#
# :::{solution-start} ex-02-question
# :class: dropdown
# :::

# %%
import re

ASKS = r"what is (it|your)|thoughts|ideas\?|or malignant\?|is this .*\?|\bdx pl|guess the|sign this out|or something"


def no_plea(table):
    return np.array([not re.search(ASKS, text.lower()) for text in table["text"][:]])


# %%
fresh = microcosm.posts(1500, seed=5, size=16).remove_columns("images").to_pandas()
fresh = fresh[(fresh["truth_language"] == "en") & fresh["in_reply_to"].isna()].to_dict("list")
right = np.array(fresh["truth_kind"]) != "question"
for name, rule in {"question mark": collect.FILTERS["no question mark"], "words": no_plea}.items():
    keep = rule(fresh)
    print(f"{name}: precision {right[keep].mean():.3f}, recall {keep[right].mean():.3f}")

# %% [markdown]
# In this world a list of phrases wins. It is easy to win here: a small grammar wrote these posts, and we read it. The posts that you measure on are
# fresh, but their author is the same. On real posts people ask in words that nobody put on the list. The crude rule leaks here already, but it needs
# no list.
#
# :::{solution-end}
# :::
#
# :::{exercise} Popular means good?
# :label: ex-02-likes
#
# Add a filter of your own: at least ten likes. What does it do to purity and to coverage? What would it do to the hashtags?
# :::
#
# :::{solution-start} ex-02-likes
# :class: dropdown
# :::

# %%
popular = collect.PostFilter("ten likes", lambda table: np.array(table["likes"][:]) >= 10)
_, with_likes = collect.pairs_from_posts(posts, filters=[*collect.PAPER_ORDER, popular])
with_likes.table()[["kept", "purity", "coverage"]].tail(2).style.format("{:.3f}", subset=["purity", "coverage"])

# %%
for name, one in {"before": funnel, "ten likes": with_likes}.items():
    tags = rows["hashtags"][one.alive].str[0].dropna()
    answers = rows["in_reply_to"][one.alive].notna().mean()
    print(f"{name}: dermpath {tags.eq('dermpath').mean():.1%} of the posts, the rare half {tags.isin(rare).mean():.1%}; replies {answers:.0%} of the rows")

# %% [markdown]
# Coverage falls by more than half, and purity hardly moves. The hashtags hardly move either: in this world likes do not depend on the field. What shrinks is the
# share of replies, which get fewer likes than posts. Whether all this holds for real posts cannot be
# seen from here. Where a rare field has few readers, such a filter would thin it out first; so count.
#
# :::{solution-end}
# :::
#
# :::{exercise} What does a single filter buy?
# :label: ex-02-ablation
#
# Leave out one filter at a time and compare the purity at the end. Which filter could you do without?
# :::
#
# :::{solution-start} ex-02-ablation
# :class: dropdown
# :::

# %%
some = posts.select(range(2000))
ends = {}
for left_out in [None, *collect.PAPER_ORDER[:5]]:
    _, shorter = collect.pairs_from_posts(some, filters=[name for name in collect.PAPER_ORDER if name != left_out])
    ends[f"without: {left_out}" if left_out else "all filters"] = shorter.table()[["kept", "purity", "coverage"]].iloc[-1]
pd.DataFrame(ends).T.astype({"kept": int}).style.format("{:.3f}", subset=["purity", "coverage"])

# %% [markdown]
# Three filters raise the purity: without them it falls. Two do not. Without the filter for replies *all* replies stay; purity is no lower, and coverage is much higher. As we
# saw, most of what it drops describes the picture. That likes choose better than chance among rivals does not make up for it.
#
# The filter of sensitive posts costs a little coverage and does nothing for purity. It is there for another reason, and that is worth a line in your methods section: some filters protect the
# model, others protect people.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - Posts become pairs through filters, and a filter is a mask with a name.
# - A funnel shows what each filter keeps. With truth it also shows precision and recall; reading wrong decisions shows why.
# - Perfect filters do not make a perfect corpus: what nobody looks for stays in.
# - The order of filters matters where one of them looks at others.
# - A group runs through all pairs of a thread.
# - Posts belong to people.
#
# ## What comes next
#
# Posts are few. {doc}`03_expanding_with_knn` asks the web for relatives of the pictures that we have.
#
# ## References
#
# The recipe and the numbers of OpenPath are those of the PLIP paper {cite}`huang2023plip`.
#
# :::{bibliography}
# :filter: docname in docnames
# :::
