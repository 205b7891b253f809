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
# # 3 · Collecting posts
#
# **How does a post by a pathologist become a pair that a model can learn from?**
#
# @way@
#
# - **Time:** @time@
# - **Learn:** to turn posts into pairs with filters, to grade each filter, and to read what it got wrong.
# - **Need:** NumPy and tables; what a pair is ({doc}`pairs and a loss <01_pairs_and_a_loss>`), and what a {term}`false
#   negative` does ({doc}`temperature and batches <02_temperature_and_batches>`). No model is used here.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% tags=["claim", "remove-cell"]
from plip_tutorial.studies.claims import Claims

claim = Claims("03_collecting_posts")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Eight pictures in two rows, each under the first words of its post. Six show stained tissue, one a heat map, one a meal. Some of the words describe tissue, others praise or greet; one post is in French, one in Portuguese."}, "figure": {"caption": "Eight posts, each with the first words beside its picture. All stood under a hashtag of pathology. Which would you show to a model?", "name": "fig-03-posts"}}
from textwrap import fill, shorten

from plip_tutorial import artifacts, collect, microcosm, plots

ours = artifacts.followed(size=224)
some = microcosm.posts(60, size=224)
shown = [some[row] for row in (1, 3, 8, 10, 31, 37, 46)] + [ours.post]
words = [shorten(one["text"], 42, placeholder=" ...") for one in shown]
plots.gallery([one["images"][0] for one in shown], words, columns=4)

# %% tags=["claim", "remove-cell"]
claim(
    "All stood under a hashtag of pathology",
    [not {*collect.RECOMMENDED}.isdisjoint(one["hashtags"]) for one in shown], "==", True
)
claim(
    "one post is in French, one in Portuguese",
    sorted({one["truth_language"] for one in shown}) == ["en", "fr", "pt"], "==", True
)
claim("Six show stained tissue", sum(one["truth_pathology"][0] for one in shown), "==", 6)

# %% [markdown]
# ## Where the pairs come from
#
# **Pathologists post pictures with words, and so a data set grew that nobody had planned.** Hashtags help a case find
# its readers. The authors of PLIP collected such posts {cite}`huang2023plip` and called the result OpenPath:

# %%
import numpy as np
import pandas as pd

from plip_tutorial.microcosm.threads import paper

openpath = paper()["openpath"]
for source in ("tweets", "replies", "path_laion", "total"):
    print(f"{source:11}{openpath[source]:8,} pairs")

# %% [markdown]
# The authors preferred {term}`precision` over size: precision is the share of what is kept that deserves it. Their
# filter of pictures reached a very high one {cite}`bianchi2023article`. The price is {term}`recall`: the share of what
# deserves it that is kept.
#
# We cannot use those posts. Access to the platform has become hard to get, posts have been deleted, and their text is
# not ours to pass on. So we work in the {term}`microcosm`: a small world in which invented users post drawn tissue. It
# has one great advantage. Every row carries its truth in columns that begin with `truth_`, so every step can be graded.
# In the real world nobody can do that. (Both sizes of this book, its {term}`tracks <track>`, use it here.)
#
# ## Read one post
#
# **Nothing but words says what a picture shows.** Here is the post that we follow through the book. Read it as a
# machine would: what tells you what is in the picture?

# %%
post = ours.post
for column in ("id", "text", "hashtags", "likes", "truth_tissues"):
    print(fill(f"{column}: {post[column]}", 78))
for reply in ours.replies:
    print(fill(f"reply: {reply}", 78))

# %% tags=["claim", "remove-cell"]
claim("a slip of the keyboard", "mallignant" in ours.text, "==", True)
claim(
    "Only the reply names the diagnosis",
    "adenocarcinoma" in ours.replies[0] and "adenocarcinoma" not in ours.text, "==", True
)
claim(
    "The hashtag `BSTpath` stands for bone and soft tissue, the biopsy is from the colon",
    post["hashtags"][0], "==", "BSTpath"
)

# %% [markdown]
# There is a slip of the keyboard. The hashtag `BSTpath` stands for bone and soft tissue, the biopsy is from the colon.
# Flames and a link tell nothing. Only the reply names the diagnosis. A reply has no picture of its own: its
# `in_reply_to` is the `id` of the post that it answers.
#
# ## A filter is a mask
#
# **A filter is a {term}`mask`: an array with one True or False for each row.** A mask copies nothing, can be counted,
# and can be combined with others. The first one is the search: which posts carry a hashtag?

# %%
posts = artifacts.posts()

def tagged(tag):
    return np.array([tag in tags for tags in posts["hashtags"][:]])

for tag in ["dermpath", "GIPath", "BreastPath"]:
    print(f"#{tag}: {tagged(tag).sum():,} of {len(posts):,} rows")
print(f"any of {len(collect.RECOMMENDED)} hashtags, with replies:",
      f"{collect.by_hashtag(posts).sum():,} rows")

# %% [markdown]
# `collect.by_hashtag` asks for all recommended hashtags and adds the replies. It finds all rows, since the microcosm
# was drawn under these hashtags. On a platform the search would leave out nearly everything.
#
# Are the fields represented alike? We count first hashtags, here and in the paper.

# %% mystnb={"image": {"alt": "Horizontal bars: share of posts for the ten most common hashtags, in the paper and in the microcosm. Skin pathology leads, followed by gut and urogenital pathology."}, "figure": {"caption": "Share of posts by hashtag. A search by hashtag collects what people like to post.", "name": "fig-03-hashtags"}}
told = pd.DataFrame(openpath["hashtags"]).loc["tweets"].sort_values()
tags = pd.Series([tags[0] for tags in posts["hashtags"][:] if tags])
shares = pd.DataFrame({"paper": told, "microcosm": tags.value_counts()})
shares = (shares / shares.sum()).loc[told.index]
rare = shares.index[: len(shares) // 2]
for world, brought in shares.loc[rare].sum().items():
    print(f"{world}: {brought:.1%} of the posts in the rarer half")
plots.use_style()
shares.tail(10).plot.barh(color=["0.7", "tab:purple"],
                          figsize=(5.6, 4), xlabel="share of posts");

# %% tags=["claim", "remove-cell"]
claim("It finds all rows", collect.by_hashtag(posts).mean(), "==", 1.0)
claim("so the bars agree", (shares["paper"] - shares["microcosm"].fillna(0)).abs().max(), "<", 0.03)
claim("Skin leads by far", shares["paper"].iloc[-1] / shares["paper"].iloc[-2], ">", 1.3)

# %% tags=["claim", "remove-cell"]
claim(
    "The rarer half of the hashtags brings next to nothing, hearts and eyes among them",
    shares.loc[rare].sum(), "<", 0.05
)
claim("hearts and eyes among them", ["CardiacPath", "EyePath"], "in", set(rare))
claim("about seven times more skin than kidney", told["dermpath"] / told["RenalPath"], "about", 7, margin=0.5)

# %% [markdown]
# The microcosm was made to follow the paper, so the bars agree. Skin leads by far. The rarer half of the hashtags
# brings next to nothing, hearts and eyes among them. A model trained on these posts sees about seven times more skin
# than kidney (`RenalPath`), and no later step can repair that.
#
# ## Questions ask
#
# **A question asks for a diagnosis instead of giving one, so the paper drops every post with a question mark.** One
# line makes the mask. What will it throw away that it should keep, and keep that it should throw away?

# %%
texts, kinds = posts["text"][:], np.array(posts["truth_kind"][:])
no_mark = np.array(["?" not in text for text in texts])
asks = kinds == "question"
print(f"dropped {(~no_mark).sum()} rows: {(~no_mark & asks).sum()} ask,",
      f"{(~no_mark & ~asks).sum()} do not")
print(f"kept {no_mark.sum()} rows: {(no_mark & asks).sum()} ask all the same")

# %% tags=["claim", "remove-cell"]
claim("Most of what goes are questions", (~no_mark & asks).sum() / (~no_mark).sum(), ">", 0.75)
claim("It makes both mistakes", [(~no_mark & ~asks).sum(), (no_mark & asks).sum()], ">", 50)

# %% [markdown]
# Most of what goes are questions. It makes both mistakes all the same; we read them below. Now the same filter from the
# package, where a filter is a mask with a name. Does it decide alike?

# %%
package = collect.FILTERS["no question mark"](posts)
differ = np.flatnonzero(no_mark != package)
print(f"{len(differ)} of {len(posts):,} decisions differ, for example:")
for row in differ[:3]:
    print(texts[row][:22], "| package keeps it:", package[row])

# %% tags=["claim", "remove-cell"]
claim("differ only where the question mark is another one", ["？" in texts[row] for row in differ], "==", True)
claim("a handful of rows", len(differ), "between", (1, 40))

# %% [markdown]
# They differ only where the question mark is another one: Japanese has its own. It is a handful of rows, and a reminder
# that this is a rule about characters, not about questions.
#
# ## A small funnel
#
# **Filters in a row are masks joined by "and", and a {term}`funnel` counts after each.** Three of them by hand:

# %%
masks = {
    "text in English": collect.is_english(map(collect.clean_text, texts)),
    "not a retweet": np.array([text[:4] != "RT @" for text in texts]),
    "no question mark": package,
}
alive = np.ones(len(posts), bool)
for name, mask in masks.items():
    before, alive = alive, alive & mask
    print(f"{name:17}{alive.sum():6} kept {(before & ~mask).sum():5} dropped")

# %% [markdown]
# `collect.pairs_from_posts` does this with any filters and returns pairs and funnel. We expect the same counts:

# %%
_, small = collect.pairs_from_posts(posts, filters=[*masks, "text cleaning"])
print([step.kept for step in small.steps[:3]], "rows kept")

# %% tags=["claim", "remove-cell"]
claim("The counts are the same", small.steps[2].kept, "==", int(alive.sum()))

# %% [markdown]
# The counts are the same.
#
# ## The whole funnel
#
# **With truth, a funnel also grades: each filter by its own task, and the whole by what it leaves.** Now all filters
# follow in the order of the paper, except the last. That one looks at pictures, and {doc}`what does not belong
# <05_what_does_not_belong>` builds it.
#
# - **P** and **R** are precision and recall of one filter. That for English is judged by language alone, that for
#   replies by whether the reply describes the picture. Replies are rows from the start; this filter leaves one for each
#   post. Posts pass it always, and count in P and R.
# - {term}`Purity <purity>` is the share of the rows still there that a perfect pipeline would keep in the end: an
#   English text that describes a picture of tissue and is no retweet.
# - {term}`Coverage <coverage>` is the share still there of all rows that a perfect pipeline would keep.

# %% mystnb={"image": {"alt": "Funnel: one bar for each filter, from all posts at the top to the rows left at the bottom, each with what it dropped."}, "figure": {"caption": "The funnel, from raw posts to captions. P is the precision and R the recall of each filter, by its own task.", "name": "fig-03-funnel"}}
pairs, funnel = collect.pairs_from_posts(posts)
print(funnel.table()[["purity", "coverage"]].round(3))
plots.funnel(funnel)

# %% tags=["claim", "remove-cell"]
claim("Most filters do their own task nearly perfectly", [step[3:5] for step in funnel.steps[:3]], ">", 0.99)
claim(
    "The filter for replies does it worst",
    funnel.table()[["precision", "recall"]].idxmin().tolist(), "==", collect.PAPER_ORDER[3]
)
claim("and costs most coverage", funnel.table()["coverage"].diff().idxmin(), "==", collect.PAPER_ORDER[3])

# %% tags=["claim", "remove-cell"]
claim("purity ends far below one", funnel.steps[-1].purity, "<", 0.8)
claim("do not make a perfect corpus", funnel.steps[-1].purity, "<", 0.8)

# %% [markdown]
# Most filters do their own task nearly perfectly. The filter for replies does it worst, and costs most coverage. And
# yet purity ends far below one. What is still wrong, no filter here looks for. We can ask what it is: how many rows of
# each kind have tissue, a text that describes it, and English?

# %%
rows = posts.remove_columns("images").to_pandas()
rows["post"] = rows["in_reply_to"].fillna(rows["id"]).astype(int)
tissue = dict(zip(rows["id"], rows["truth_pathology"].map(any)))
rows["tissue"] = rows["post"].map(tissue)
rows["describes"] = rows["truth_match"]
rows["English"] = rows["truth_language"] == "en"
rows["wanted"] = funnel.wanted
left = rows[funnel.alive].groupby("truth_kind")
counts = left[["tissue", "describes", "English", "wanted"]].sum().astype(int)
counts.assign(rows=left.size()).sort_values("rows", ascending=False)

# %% tags=["claim", "remove-cell"]
claim(
    "Chatter, adverts, vague posts and empty replies",
    counts.loc[["chatter", "advert", "vague", "empty reply"], "describes"], "==", 0
)
claim(
    "They pass, since they are English and ask nothing",
    (counts["English"] / left.size())[["chatter", "advert", "vague"]], "==", 1.0
)
claim("Many of the first two come without tissue", (counts["tissue"] / left.size())[["chatter", "advert"]], "<", 0.5)

# %% tags=["claim", "remove-cell"]
claim(
    "Vague posts and most empty replies stand beside tissue",
    (counts["tissue"] / left.size())[["vague", "empty reply"]], ">", 0.6
)
claim(
    "Some cases are about another tissue than they show",
    1 - (counts["describes"] / left.size())["case"], "between", (0.03, 0.12)
)

# %% [markdown]
# Chatter, adverts, vague posts and empty replies ("Great case!") describe nothing. They pass, since they are English
# and ask nothing. Many of the first two come without tissue: the filter of pictures will find those. Vague posts and
# most empty replies stand beside tissue. These are harder: only the meaning is missing. Some cases are about another
# tissue than they show, which no text alone tells. A *repost* has new words for pictures of others: {doc}`copies and
# leaks <06_copies_and_leaks>` finds such copies. *Other* posts show an X-ray, say, or another stain.
#
# ## Read wrong decisions
#
# **Numbers tell how often a filter is wrong; only examples tell why.** So read some before you trust a filter.

# %%
def show(heading, numbers):
    print(heading)
    for text in rows["text"][numbers]:
        print(fill(text, 78, initial_indent="- ", subsequent_indent="  "))

kept, dropped = funnel.wrong("no question mark", n=5)
show("kept, and should not be:", kept)
show("dropped, and should not be:", dropped)

# %% tags=["claim", "remove-cell"]
claim(
    "are questions without the mark",
    rows["text"][funnel.wrong("no question mark", n=None).kept].str.contains("(?i)dx please|guess the").mean(), ">", 0.8
)
claim("rhetorical question in front or behind", [texts[row].count("?") for row in dropped], "==", 1)
claim("P and R in the figure are high", funnel.steps[4][3:5], ">", 0.95)

# %% [markdown]
# "Dx please" and "guess the diagnosis" are questions without the mark. The second kind are good captions with a
# rhetorical question in front or behind: "What makes this ...?", "Did you know?" The rule is crude: it looks at one
# character. Still, P and R in the figure are high.
#
# ## Likes as a judge
#
# **Of the replies to a post the paper keeps the one with most likes: likes are a vote.** Is it a good one? Where a post
# has several replies, we compare the winner with a reply taken at random.

# %%
there = rows[np.all([collect.FILTERS[name](posts)
                     for name in collect.PAPER_ORDER[:3]], axis=0)]
replies = there[there["in_reply_to"].isin(there["id"])]
rivals = replies[replies["in_reply_to"].duplicated(keep=False)]
winners = rivals.sort_values("likes", ascending=False, kind="stable")
winners = winners.drop_duplicates("in_reply_to")
print(f"{len(winners)} posts have several replies")
for name, table in {"any reply": rivals, "most likes": winners}.items():
    print(f"{name:10} describes the picture: {table['describes'].mean():.0%}")

# %%
lost = rows.loc[funnel.wrong(collect.PAPER_ORDER[3], n=None).dropped]
orphans = ~lost["in_reply_to"].isin(there["id"])
print(f"{len(lost)} replies that describe the picture are dropped,")
print(f"{orphans.sum()} of them because their post had gone before")

# %% tags=["claim", "remove-cell"]
claim("The winner is right more often", winners["describes"].mean() - rivals["describes"].mean(), ">", 0.05)
claim("but by no means always", winners["describes"].mean(), "<", 0.95)
claim("nearly half of the loss", orphans.mean(), "between", (0.4, 0.5))

# %% tags=["claim", "remove-cell"]
claim(
    "most often for its language",
    rows.set_index("id").loc[lost.loc[orphans, "in_reply_to"], "truth_language"].ne("en").mean(), ">", 0.6
)

# %% [markdown]
# The winner is right more often than a reply at random, but by no means always. And nearly half of the loss has another
# cause. A reply has no picture of its own: when its post goes, most often for its language, the reply goes with it.
#
# ## From post to caption
#
# **A caption is what is left of a post without the things that say nothing about its picture:** links, handles,
# hashtags, emoji, the "RT" of a retweet, characters that nobody sees. HTML entities become what they stand for.

# %%
print(fill(collect.clean_text(post["text"]), 78))
nested = "RT @user007: benign &amp;amp; boring!!! #dermpath https://t.co/abc"
once = collect.clean_text(nested)
print(repr(once), "twice the same:", collect.clean_text(once) == once)
print("left:", repr(collect.clean_text("\u2764 #GIPath https://t.co/abc")))

# %% tags=["claim", "remove-cell"]
claim("The slip of the keyboard stays", "mallignant" in collect.clean_text(post["text"]), "==", True)
claim("cleaning twice is cleaning once", collect.clean_text(once), "==", once)
claim("A post of hashtags and hearts becomes an empty string", collect.clean_text("\u2764 #GIPath"), "==", "")

# %% [markdown]
# The slip of the keyboard stays: models will read it. The function is *idempotent*: cleaning twice is cleaning once.
# Steps can uncover work for each other, as an entity inside an entity does, so they are repeated until nothing changes.
# A post of hashtags and hearts becomes an empty string, and "text cleaning" drops it.
#
# ## Is it English?
#
# **To tell English looks easy and is not, since English pathology is half Latin and captions are short.** We ask a
# general detector, `py3langid`. The filter of this book is the same detector with three changes. Only languages that
# people post in may answer. It knows beforehand that most posts are English. And in a bare diagnosis the grammar votes:
# English puts the noun last ("ductal carcinoma"), Latin and its daughters put it first. The first four are English,
# Latin words and all; who will find them?

# %%
import py3langid

captions = ["Struma ovarii", "Carcinoma in situ of the bladder",
            "Ductal carcinoma in situ", "Teratoma, testis",
            "Linfoma folicular del bazo", "Normal kolon mukozası", "H&E 40x"]
general = [py3langid.classify(caption)[0] for caption in captions]
for row in zip(captions, general, collect.identify(captions)):
    print("{:33} general: {:4} ours: {}".format(*row))

# %% tags=["claim", "remove-cell"]
claim("The general detector does not say English once", general, "!=", "en")
claim("Ours finds three of the four", collect.identify(captions)[:4].count("en"), "==", 3)
claim("The last answer, `und`, means undecided", collect.identify(captions)[-1], "==", "und")

# %% [markdown]
# The general detector does not say English once. Ours finds three of the four, and misses "Teratoma, testis". The last
# answer, `und`, means undecided: there is too little text. Such captions are kept.
#
# ## From posts to pairs: the group
#
# **All pairs of a post and its reply are one {term}`group`.** A post with three pictures and a good reply makes six
# pairs, since post and reply each speak about each picture. How many does ours make?

# %%
groups = pd.Series(pairs["group_id"][:])
sizes = groups.value_counts().value_counts().sort_index()
print(f"{funnel.alive.sum():,} rows -> {len(pairs):,} pairs,",
      f"{groups.nunique():,} groups")
print("pairs in a group -> groups:", sizes.to_dict())
own = groups[pairs["text"][:].index(ours.text)]
for pair in pairs.select(np.flatnonzero(groups == own)):
    print(fill(f"{pair['source']}: {pair['text']}", 78))

# %% tags=["claim", "remove-cell"]
claim("Ours makes two pairs", (groups == own).sum(), "==", 2)
claim(
    "the pairs above hold no author, no date and no link",
    [name in pairs.column_names for name in ("author", "created_at", "url")], "==", False
)
claim("More than half of the groups have several pairs", 1 - sizes[1] / sizes.sum(), ">", 0.5)

# %% [markdown]
# Ours makes two pairs: one picture with two captions. More than half of the groups have several pairs. Contrastive
# training takes all other texts of a {term}`batch` as wrong. Without the group the model would be punished for matching
# our picture with its reply: a false negative. And if one pair of a group lands in the training set and another in the
# test set, the score is a lie ({term}`leakage`).
#
# ## What you owe
#
# **A post is public. That does not make it yours.**
#
# - **The patient** did not post it. A face, a rare history, a date and a place together may tell who it is. Drop what
#   you do not need: the pairs above hold no author, no date and no link.
# - **The author** may delete a post tomorrow. Keep the ids, so that you can remove a pair again. Share ids rather than
#   texts and pictures.
# - **The platform** has terms of use, and they change. Write down when you read them.
# - **The licence** of a picture is that of its maker, in most cases all rights reserved. Ask your ethics board and your
#   lawyer, not this book.
# - **The model** inherits it all: whose patients are shown, which fields post, in which language. Say so in the
#   {term}`model card`.
#
# ## Exercises
#
# :::{exercise} Beat the question mark
# :label: ex-03-question
#
# Write a filter that finds questions without a mark and spares rhetorical ones. Measure it on posts that you have not
# read: the English ones among `microcosm.posts(1500, seed=5)`, without replies. There the question mark alone has a
# precision of 0.969 and a recall of 0.956. Reach 0.98 in both, and leave the two numbers in `answer`.
# :::
#
# :::{solution-start} ex-03-question
# :class: dropdown
# :::

# %%
asks = r"what is (?:it|your)|thoughts|ideas\?|or malignant\?|is this .*\?"
asks += r"|\bdx pl|guess the|sign this out|or something"
fresh = microcosm.posts(1500, seed=5).remove_columns("images").to_pandas()
fresh = fresh[(fresh["truth_language"] == "en") & fresh["in_reply_to"].isna()]
right = fresh["truth_kind"] != "question"
rules = {"question mark": ~fresh["text"].str.contains("?", regex=False),
         "phrases": ~fresh["text"].str.lower().str.contains(asks)}
for name, keep in rules.items():
    answer = [right[keep].mean(), keep[right].mean()]
    print("{:13} precision {:.3f}, recall {:.3f}".format(name, *answer))

# %% tags=["claim", "remove-cell"]
claim("a list of phrases wins", answer, ">", 0.98)
claim("precision of 0.969", right[rules["question mark"]].mean(), "about", 0.969, margin=5e-4)
claim("a recall of 0.956", rules["question mark"][right].mean(), "about", 0.956, margin=5e-4)

# %% [markdown]
# In this world a list of phrases wins. That is easy: a small grammar wrote these posts, and we read it. The posts are
# fresh, but their author is the same. On real posts people ask in words that nobody put on the list.
#
# :::{solution-end}
# :::
#
# :::{exercise} Questions first
# :label: ex-03-order
#
# Masks give the same result in any order, with one exception: the filter for replies asks which posts are still there.
# Apply "no question mark" first and the others after it (`filters=`). Leave the coverage at the end in `answer`. Why
# does it differ?
# :::
#
# :::{solution-start} ex-03-order
# :class: dropdown
# :::

# %%
question = "no question mark"
others = [name for name in collect.PAPER_ORDER if name != question]
_, early = collect.pairs_from_posts(posts, filters=[question, *others])
answer = early.steps[-1].coverage
for name, one in {"paper": funnel, "questions first": early}.items():
    print(f"{name:15} purity {one.steps[-1].purity:.3f},",
          f"coverage {one.steps[-1].coverage:.3f}")

# %% tags=["claim", "remove-cell"]
claim("and that reply is often the diagnosis", rows.loc[funnel.alive & ~early.alive, "describes"].mean(), ">", 0.5)
claim(
    "The order of the paper covers more, and purity does not pay for it",
    [funnel.steps[-1].coverage - answer, funnel.steps[-1].purity - early.steps[-1].purity], ">", 0.003
)

# %% [markdown]
# In the paper's order a question goes, but its best reply stays, together with the picture: and that reply is often the
# diagnosis. With questions first, the reply loses its post and goes too. The order of the paper covers more, and purity
# does not pay for it.
#
# :::{solution-end}
# :::
#
# :::{exercise} May we have your pairs?
# :label: ex-03-share
#
# Suppose that the posts are real. Another group asks for your whole corpus, to train on it. In four or five sentences:
# what do you send, what do you not send, and what do you write beside it?
# :::
#
# :::{solution-start} ex-03-share
# :class: dropdown
# :::
#
# Send ids, groups, and the filters in their order: the others collect anew what its authors have not deleted. Keep back
# texts and pictures, which belong to others and may tell who a patient is. Without the group, pairs of one post may
# land in training and test. Write down which fields post, in which language, and which faults remain. Ask your ethics
# board first.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - Posts become pairs through masks with names; a funnel shows what each keeps and, with truth, how often it is right.
# - Filters that do their task do not make a perfect corpus: what nobody looks for stays in.
# - All pairs of a post and its reply are one group, and the group runs through to training.
#
# ## What comes next
#
# Posts are few. {doc}`Neighbours in the web <04_neighbours>` asks for relatives of the pictures that we have. For posts
# of your own, go to {doc}`own_exports`.
#
# ## References
#
# The recipe and the numbers of OpenPath are those of the PLIP paper {cite}`huang2023plip`.
#
# :::{bibliography}
# :filter: docname in docnames
# :::
