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
# # Your own exports
#
# **You hold an export of posts. How does it become pairs, and what may be wrong with it?**
#
# - **Time:** @time@
# - **Learn:** to read exports of X, Mastodon and Bluesky or a table of your own, and to know what was lost.
# - **Need:** the funnel of {doc}`collecting posts <03_collecting_posts>`, and what is said there on what you owe.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% tags=["claim", "remove-cell"]
from plip_tutorial.studies.claims import Claims

claim = Claims("own_exports")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Horizontal bars: under how many names the exports of three platforms keep each of ten things, from three for whether a post is sensitive to eleven for pictures."}, "figure": {"caption": "One thing, many names: under how many of them exports of X, Mastodon and Bluesky keep what a post is made of.", "name": "fig-exports-names"}}
import pandas as pd

from plip_tutorial import artifacts, collect, microcosm, plots
from plip_tutorial.collect.exports import FIELDS

plots.use_style()
names = pd.Series({column: len(paths) for column, paths in FIELDS.items()})
names.sort_values().plot.barh(color="tab:purple", figsize=(5.6, 3.4),
                              xlabel="names in exports");

# %% tags=["claim", "remove-cell"]
claim(
    "from three for whether a post is sensitive to eleven for pictures",
    [names["possibly_sensitive"] - 3, names["images"] - 11], "about", 0
)

# %% [markdown]
# ## One post, three platforms
#
# **`collect.read_posts` finds the same columns in the export of each platform.** X keeps the pictures beside the posts
# and the likes inside another object, Mastodon sends HTML, Bluesky nests everything under `record`. Here is the post
# that we follow through the book, as each of them would write it:

# %%
import json
import tempfile
from pathlib import Path
from textwrap import fill

folder, ours = Path(tempfile.mkdtemp()), artifacts.followed()
ours.image.save(folder / "a.png")
text, tags = ours.post["text"], ours.post["hashtags"]
mastodon = {"id": "1", "content": f"<p>{text}</p>", "favourites_count": 16,
            "tags": [{"name": tag} for tag in tags],
            "media_attachments": [{"url": "a.png"}]}

# %%
media = {"media": [{"media_key": "m1", "url": "a.png"}]}
x = {"data": [{"id": "1", "text": text, "public_metrics": {"like_count": 16},
               "attachments": {"media_keys": ["m1"]},
               "entities": {"hashtags": [{"tag": tag} for tag in tags]}}],
     "includes": media}
picture = {"images": [{"fullsize": "a.png"}]}
record = {"text": text, "tags": tags}
bluesky = {"post": {"uri": "at://user150/1", "record": record,
                    "likeCount": 16, "embed": picture}}

# %% [markdown]
# We expect three times the same, but for the tags of HTML and the form of the id.

# %%
read, exports = {}, {"X": x, "Mastodon": mastodon, "Bluesky": bluesky}
for name, content in exports.items():
    (folder / "one.json").write_text(json.dumps(content), encoding="utf-8")
    posts, problems = collect.read_posts(folder / "one.json")
    read[name] = post = posts[0]
    print(f"{name:9}{post['id']:15}{post['likes']} likes,",
          f"{len(post['images'])} picture, {len(problems)} problems,",
          post["text"][:20])

# %% tags=["claim", "remove-cell"]
claim(
    "The hashtags and likes are the same",
    [(post["hashtags"], post["likes"]) == (tags, 16) for post in read.values()], "==", True
)
claim("after cleaning, the caption too", [collect.clean_text(post["text"]) for post in read.values()], "==", ours.text)

# %% [markdown]
# The hashtags and likes are the same, and after cleaning, the caption too, though only the likes are printed:
# `collect.clean_text` takes the tags of HTML out. The names that are known stand in
# `plip_tutorial/data/export_fields.toml`. If your export has others, rename its columns to those of
# `collect.exports.FEATURES`.
#
# Pictures are named by paths, relative to the file. A picture on the web has to be downloaded first: the reader loads
# nothing from anywhere.
#
# ## Nothing is lost in silence
#
# **What cannot be read is reported with its line and the reason, and the rest is read.** To see it, we write 240 lines
# and damage seven of eight, each in another way.

# %%
good = {"text": text, "likes": 16, "images": ["a.png"]}
ways = [{}, {"id": None}, {"text": None}, {"id": 0}, {"likes": "many"},
        {"images": ["gone.png"]}, {"images": ["half.png"]}, {}]
(folder / "half.png").write_bytes((folder / "a.png").read_bytes()[:500])
lines = [json.dumps({"id": row, **good, **ways[row % 8]})
         for row in range(240)]
lines[7::8] = [line[:40] for line in lines[7::8]]
(folder / "export.jsonl").write_text("\n".join(lines), encoding="utf-8");

# %%
mine, problems = collect.read_posts(folder / "export.jsonl")
for problem in problems[:7]:
    print(str(problem)[:78])
lost = pd.Series([problem.lost for problem in problems]).value_counts()
print(f"{len(mine)} of {len(lines)} posts read; lost:", lost.to_dict())

# %% tags=["claim", "remove-cell"]
claim(
    "Five kinds of damage cost the post, two cost the picture",
    lost.to_dict() == {"post": 150, "picture": 60}, "==", True
)
claim("those that were lost add up to the lines", len(mine) + lost["post"], "==", len(lines))

# %% [markdown]
# Five kinds of damage cost the post, two cost the picture. The posts that were read and those that were lost add up to
# the lines. A post that has lost its picture is read all the same, stays in the funnel, and makes no pair.
#
# Read the problems before you go on. Thirty times the same reason is not thirty accidents: it is one program that wrote
# something else than you think.
#
# ## What spreadsheets do
#
# **A table that went through a spreadsheet has lost more than it shows.** Long ids become numbers and are rounded.
# Lists become text. Counts come as "1.2K". The encoding becomes whatever the program likes. Here are two rows, in
# UTF-16 with semicolons:

# %%
table = """id;text;likes;images;hashtags
1,6E+18;Lipoma;3;a.png;BSTpath
17.0;Naevus, no atypia;1.2K;a.png;dermpath|pathology"""
(folder / "table.csv").write_bytes(table.encode("utf-16"))
rows, problems = collect.read_posts(folder / "table.csv")
print(fill(str(problems[0]), 78))
print(rows[0]["id"], rows[0]["text"], rows[0]["likes"], rows[0]["hashtags"])

# %% tags=["claim", "remove-cell"]
claim(
    "The second row is read as it was meant",
    [rows[0]["id"], rows[0]["likes"], rows[0]["hashtags"]] == ["17", 1200, ["dermpath", "pathology"]], "==", True
)
claim("The first is refused", len(problems), "==", 1)

# %% [markdown]
# The second row is read as it was meant. The first is refused: several posts may share a rounded id, and a reply would
# be joined to the wrong one. Export ids as text.
#
# Tables may be CSV or TSV with commas, semicolons or tabs, JSON, JSON lines, or Parquet. For other files the error says
# what to do:

# %%
for name in ("posts.xlsx", "tweets.js", "posts.zip"):
    try:
        collect.read_posts(folder / name)
    except ValueError as error:
        print(fill(str(error).removeprefix(str(folder) + "/"), 78))

# %% [markdown]
# `tweets.js` is what X puts into its archive for you: JSON with a few words before it.
#
# ## Through the funnel
#
# **From here on your posts take the same way; nobody knows which of them are right, so the funnel counts and does not
# grade.**

# %%
pairs, funnel = collect.pairs_from_posts(mine)
print(funnel.table())
print(f"{len(mine)} posts -> {len(pairs)} pairs")

# %% tags=["claim", "remove-cell"]
claim("only one post in three has a picture left", len(pairs) / len(mine), "==", 1 / 3)
claim("the funnel counts and does not grade", list(funnel.table().columns) == ["kept", "dropped"], "==", True)

# %% [markdown]
# Here all posts are alike, so all pass, but only one post in three has a picture left. On real posts, read twenty of
# what each filter dropped and twenty of what it kept. That takes an hour, and it is the only grade that you get.
#
# A filter of your own is a mask with a name. At least ten likes, for example:

# %%
def liked(table):
    return pd.Series(table["likes"][:]).ge(10).to_numpy()

popular = collect.PostFilter("ten likes", liked)
posts = artifacts.posts()
for filters in (collect.PAPER_ORDER, [*collect.PAPER_ORDER, popular]):
    end = collect.pairs_from_posts(posts, filters=filters)[1].steps[-1]
    print(f"{end.name:13} kept {end.kept:,}, purity {end.purity:.3f},",
          f"coverage {end.coverage:.3f}")

# %% tags=["claim", "remove-cell"]
claim("coverage falls by more than half", end.coverage, "<", 0.4)
claim("and purity hardly moves", end.purity, "between", (0.7, 0.77))

# %% [markdown]
# On the posts of the microcosm coverage falls by more than half, and purity hardly moves. Popular is not the same as
# good. Where a rare field has few readers, such a filter would thin it out first. So count by hashtag before and after.
#
# ## Keep the way back
#
# **You must be able to remove a pair again.** A pair holds no id, no author and no date, and that is right. Its
# `group_id` is the row of its post. So keep the list of ids apart from the corpus, under lock:

# %%
ids = mine["id"][:]
withdrawn = ids[6]
keep = [ids[group] != withdrawn for group in pairs["group_id"][:]]
left = pairs.select([row for row, stays in enumerate(keep) if stays])
print(f"post {withdrawn} withdrawn: {len(pairs)} pairs -> {len(left)}")

# %% tags=["claim", "remove-cell"]
claim(
    "the pairs of this post go, and no others",
    len(pairs) - len(left), "==", sum(ids[group] == withdrawn for group in pairs["group_id"][:])
)

# %% [markdown]
# If the author deletes post and pictures, the pairs of this post go, and no others. A model that was trained on them
# has still seen them.
#
# A table of pictures and captions that are pairs already needs none of this: {doc}`bring your own tiles
# <bring_your_own_tiles>` reads it.
#
# ## Summary
#
# - One reader takes exports of three platforms and tables of your own.
# - What cannot be read is named with its line and the reason; read these before you go on.
# - Keep ids apart from pairs, so that a post can be withdrawn.
#
# ## What comes next
#
# Back to {doc}`collecting posts <03_collecting_posts>`, or on to {doc}`neighbours in the web <04_neighbours>`. A pool
# of pictures of your own is the matter of {ref}`a pool of your own <your-own-pool>`.
#
# ## References
#
# The recipe is that of the PLIP paper {cite}`huang2023plip`.
#
# :::{bibliography}
# :filter: docname in docnames
# :::
