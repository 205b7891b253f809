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
# # 14 · A whole slide
#
# **What does a sentence see on a slide of real tissue?**
#
# @way@
#
# - **Time:** @time@
# - **Learn:** to cut a slide into tiles of a known size, to lay the answer of a sentence on it as a {term}`heat map`,
#   and to doubt that map without a single label.
# - **Need:** vectors of pictures and words ({doc}`using PLIP <10_using_plip>`), and words against words
#   ({doc}`zero-shot classification <11_zero_shot>`).

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% tags=["claim", "remove-cell"]
from plip_tutorial.studies.claims import Claims

claim = Claims("14_whole_slide")

# %% tags=["hide-input"]
from plip_tutorial import artifacts, plots, slide, tracks
from plip_tutorial.plip import PLIP
from plip_tutorial.sources import slides

track = tracks.current()
plip = PLIP(artifacts.checkpoint(track.plip))
scan = slide.open_slide(slides.small_region())
mask, pixels = slide.find_tissue(scan), track.image_size
tiles = slide.grid(scan, pixels=pixels, mpp=112 / pixels,
                   step=pixels // 4, mask=mask)

# %% tags=["hide-input"] mystnb={"image": {"alt": "A strip of tissue on white glass: pink fibres, a violet layer with many nuclei, dark flakes in a hollow, green ink at the right edge. Beside it two maps of the tissue. Benign skin is high nearly everywhere. Smooth muscle is high in three spots on and beside the violet layer."}, "figure": {"caption": "A slide of real tissue, and what PLIP sees in it for two sentences: the cosine of each place, yellow where it is high. White lines, here and below, go round dark tissue. Slide: CMU-1-Small-Region, test data of OpenSlide, CC0.", "name": "fig-14-two-sentences"}}
vectors = plip.encode_images(tiles)
words = ["benign skin", "smooth muscle"]
cosines = vectors @ plip.encode_text(words).T
picture = scan.overview(mpp=4)
maps = {sentence: slide.heat_map(tiles, column, mpp=4)
        for sentence, column in zip(words, cosines.T)}
plots.over_slide(picture, maps, mpp=4)

# %% tags=["claim", "remove-cell"]
claim("\"Benign skin\" is high over most of the tissue", (cosines[:, 0] > 0.4).mean(), ">", 0.7)
claim("\"smooth muscle\" in a few spots", (cosines[:, 1] > 0.45).mean(), "<", 0.3)

# %% [markdown]
# This tissue is real; our models have learned from drawings only. Anybody can see pink fibres, a violet layer with many
# nuclei, dark flakes in a hollow, and green ink at the edge. The source names no organ and no disease, and we add none.
# Ask it yourself: {ref}`the slide <ask-the-slide>`.
#
# ## Pixels and micrometres
#
# **How large a pixel is on the glass, the file has to say.**
#
# A scanner photographs a glass {term}`slide` in stripes, a billion pixels and more. The file keeps them as a
# {term}`pyramid <image pyramid>`: level 0 as the scanner saw it, and the same again in smaller sizes. Ours is a piece
# of such a slide, with one level. "Magnification 20" means another size on each
# scanner. What counts is {term}`micrometres per pixel`.
#
# Pillow opens a small slide, too. Is a tile that the package reads the one that we cut out by hand?

# %%
import numpy as np
from PIL import Image

print(scan)
print("cut out of", scan.properties["openslide.comment"].split()[4])
x, y, side = 1300, 900, round(112 / scan.mpp)
whole = Image.open(scan.path).convert("RGB")  # all of it in memory
mine = whole.crop((x, y, x + side, y + side)).resize((pixels, pixels))
tile = scan.read(x, y, side=side, pixels=pixels)
same = np.array_equal(mine, tile)
print(f"a tile is {side} pixels wide; the same: {same}")

# %% tags=["claim", "remove-cell"]
claim("Both are the same to the pixel", same, "==", True)

# %% [markdown]
# Both are the same to the pixel. But Pillow held the whole picture in memory, and the slide that ours was cut out of
# would take four gigabytes. {term}`OpenSlide` reads the part that is asked for, from the level that is fine enough.
#
# How wide a field should a tile show? Here are three, at one place, and drawn skin of the same three below.

# %% mystnb={"image": {"alt": "Six tiles. Above, real tissue in three fields: at 64 micrometres single large nuclei, at 112 a group of cells at the edge of dark flakes, at 256 a whole layer with nuclei as small as dots. Below, drawn skin, softer and paler."}, "figure": {"caption": "The same place in three fields, and drawn skin in the same fields.", "name": "fig-14-fields"}}
from plip_tutorial import microcosm

fields, centre = (64, 112, 256), (1412, 1012)
real, drawn = [], []
for field in fields:
    side = round(field / scan.mpp)
    x, y = (place - side // 2 for place in centre)
    real.append(scan.read(x, y, side=side, pixels=64))
    drawn.append(microcosm.render_tile("skin_benign", seed=8, field=field))
titles = [f"{what}, {n} µm" for what in ("real", "drawn") for n in fields]
plots.gallery(real + drawn, titles, columns=3)

# %% [markdown]
# We take 112 micrometres. Tiles of the set that PLIP was scored on in {doc}`zero-shot classification <11_zero_shot>`
# show as much. We choose by that set, not by the map that we like: nothing here could tell us which map is right.
#
# ## What is tissue?
#
# **Most of this slide is glass, and a threshold on the optical density parts the two.**
#
# Glass lets light through, dyes take it away. So the mean {term}`optical density` of the pixels, the logarithm of how
# much light is lost, has two heaps. {term}`Otsu's threshold` lies where the variance between the two heaps is largest
# {cite}`otsu1979`. In the formula $n_1 n_2 (m_1 - m_2)^2$ the $n$ are the sizes of the heaps, and the $m$ their means.

# %%
from plip_tutorial.microcosm.stain import optical_density

small = scan.overview(mpp=8).astype(np.float32)
density = optical_density(small).mean(-1)
values, best = np.sort(density.ravel()), 0
n = np.arange(1, len(values))  # pixels on the side of the glass
below, rest = np.cumsum(values)[:-1], len(values) - n
between = n * rest * (below / n - (values.sum() - below) / rest) ** 2
threshold = values[between.argmax()]
print(f"ours {threshold:.3f}, the package {mask.threshold:.3f}")

# %% tags=["claim", "remove-cell"]
claim("Ours is the package's, but for the width of a bin", threshold - mask.threshold, "about", 0, margin=0.01)
claim("Most of this slide is glass", mask.share, "<", 0.4)

# %% [markdown]
# Ours is the package's, but for the width of a bin in its histogram. The package does three things more. It leaves out
# what takes no more green than red: green, blue and black ink, but no red pen. It drops specks, and fills holes of less
# than 50 by 50 micrometres.

# %% mystnb={"image": {"alt": "The slide, and two masks. The first has many specks on the glass and small holes in the tissue, the second is one piece with a thin strand to the left."}, "figure": {"caption": "The slide, what lies above the threshold (yellow), and what the package takes for tissue.", "name": "fig-14-tissue"}}
found = {"above the threshold": density > threshold, "tissue": mask.tissue}
for name, where in found.items():
    print(f"{name}: {where.mean():.1%} of the slide")
plots.over_slide(small.astype(np.uint8), found, mpp=8)

# %% [markdown]
# ## Tiles on a grid
#
# **A tile is a place and a size in pixels of level 0; nothing else has to be remembered.**
#
# We let tiles overlap: each begins a quarter of a side after the last. Then a place is seen in up to sixteen tiles, and
# a map is finer than a tile. A tile over the edge would show pixels that do not exist. So
# the last tile of a row ends at the edge, and overlaps its neighbour by more. A tile counts if half of it
# is tissue.

# %%
def starts(length, side, step):
    regular = range(0, length - side + 1, step)
    return sorted({*regular, length - side})

(width, height), side, step = scan.size, tiles.side, round(tiles.side / 4)
mine = [(x, y) for y in starts(height, side, step)
        for x in starts(width, side, step)
        if mask.share_of(x, y, side) >= 0.5]
print(f"{len(tiles)} tiles of {tiles.field:.0f} micrometres;",
      "the same places:", np.array_equal(mine, tiles.places))

# %% tags=["claim", "remove-cell"]
claim("Our loop gives the package's places", np.array_equal(mine, tiles.places), "==", True)

# %% [markdown]
# Our loop gives the package's places. `tiles` is a sequence of pictures of which none is kept: `tiles[0]` reads one
# from the file. `plip.encode_images(tiles)` reads them batch by batch, so memory does not grow with their number.
#
# ## What a sentence sees
#
# **A heat map is the mean cosine of all tiles that cover a place.**

# %%
factor = round(8 / scan.mpp)  # pixels of level 0 in one of the map
rows, columns = ((np.arange(n) + 0.5) * factor for n in density.shape)
total, count = np.zeros(density.shape), np.zeros(density.shape)
for (x, y), cosine in zip(tiles.places, cosines[:, 0]):
    inside = np.outer((rows >= y) & (rows < y + side),
                      (columns >= x) & (columns < x + side))
    total[inside] += cosine
    count[inside] += 1
theirs = slide.heat_map(tiles, cosines[:, 0], mpp=8)
print("the same:", np.allclose(np.nan_to_num(theirs) * count, total))

# %% tags=["claim", "remove-cell"]
claim("Then a place is seen in up to sixteen tiles", np.percentile(count[count > 0], 90), "==", 16)
claim("The package makes the same map", np.nan_to_num(theirs) * count - total, "about", 0, margin=1e-6)

# %% [markdown]
# The package makes the same map. Now look at the first figure again. "Benign skin" is high over most of the tissue,
# "smooth muscle" in a few spots. Each sentence has a level of its own, and no line on the bar parts right from wrong.
# So we ask for a bicycle, too.
#
# And the pair that we follow? Its caption asks for colon. If this is no colon, no tile should come near.

# %% mystnb={"image": {"alt": "Five tiles: first the drawn picture of the pair that we follow, then the four tiles of the slide that its caption finds."}, "figure": {"caption": "The drawn picture of the pair that we follow, and the tiles of the slide that its caption finds, each with its cosine. Some of them overlap.", "name": "fig-14-followed"}}
for text in ("a bicycle", "smooth muscle", "carcinoma", "benign skin"):
    print(f"{text:14}{(vectors @ plip.encode_text([text])[0]).max():.2f}")
pair = artifacts.followed()
asked = plip.encode_text([pair.text])[0]
own, fit = plip.encode_images([pair.image])[0] @ asked, vectors @ asked
best = np.argsort(-fit)[:4]
titles = [f"its own {own:.2f}", *(f"slide {fit[i]:.2f}" for i in best)]
plots.gallery([pair.image, *(tiles[i] for i in best)], titles, columns=5)

# %% tags=["claim", "remove-cell"]
claim("The bicycle finds a tile as near as the others do", [
    (vectors @ plip.encode_text(["a bicycle"]).T).max() - (vectors @ plip.encode_text([text]).T).max()
    for text in ("smooth muscle", "carcinoma", "benign skin")], ">", -0.03)
claim("Some of them overlap", min(abs(tiles.places[i] - tiles.places[j]).max() for i in best for j in best if i != j),
      "<", side)

# %% tags=["claim", "remove-cell"]
claim("The caption's best tile comes nearer than we expected", fit.max(), ">", 0.55)
claim("though its own picture is nearer still", own - fit.max(), ">", 0.05)

# %% [markdown]
# The bicycle finds a tile as near as the others do. The caption's best tile comes nearer than we expected, though its
# own picture is nearer still. A search always finds something ({doc}`retrieval <13_retrieval>`).
#
# ## Words against words
#
# **The softmax of several sentences says which is nearest; it cannot say that none fits.**
#
# We take the phrases of all tissues that PLIP was trained on. Each tile gets 27 cosines and, by the softmax of the
# training, 27 shares that add up to one. The maps show three of them on one scale.

# %% mystnb={"image": {"alt": "The slide and three maps of shares. Benign skin and benign breast tissue stay low. Gastric signet ring cell carcinoma is high in a band of pink fibres at the lower right, and at the top."}, "figure": {"caption": "Shares of three sentences out of 27, all on one scale.", "name": "fig-14-shares"}}
from collections import Counter

from plip_tutorial import zero_shot

names = [tissue.phrase for tissue in microcosm.TISSUES.values()]
texts = zero_shot.classifier(plip, names)
parts = slide.shares(vectors @ texts.T, plip.logit_scale)
given = Counter(parts.argmax(1).tolist()).most_common()
chosen = [names.index("benign skin"), given[0][0], given[1][0]]
maps = {names[i]: slide.heat_map(tiles, parts[:, i], mpp=4)
        for i in chosen}
plots.over_slide(picture, maps, mpp=4, limits=(0, 1))

# %%
for i, n in given[:5]:
    print(f"{names[i]:35}{n / len(tiles):3.0%} of tiles; top share",
          f"{parts[:, i].max():.2f}, {(parts[:, i] > 0.9).sum()} above 0.9")
print(f"{len(given)} of the {len(names)} phrases are given to some tile")
clear = slide.grid(scan, pixels=pixels, mpp=tiles.mpp, step=pixels // 2)
clear = clear.select([not mask.share_of(*at, side) for at in clear.places])
called = (plip.encode_images(clear) @ texts.T).argmax(1)
right = np.mean(called == names.index("background"))
print(f"{len(clear)} tiles of glass: {right:.0%} are called background")

# %% tags=["claim", "remove-cell"]
claim("Glass is called glass, nearly always", right, ">", 0.9)
claim("A cancer of the stomach gets shares of more than nine tenths",
      parts[:, names.index("gastric signet ring cell carcinoma")].max(), ">", 0.9, margin=0.02)

# %% tags=["claim", "remove-cell"]
claim("Breast comes first most often, yet never with half of the shares",
      parts[:, names.index("benign breast tissue")].max(), "<", 0.5, margin=0.02)
claim("Breast comes first most often, yet never with half of the shares",
      names[given[0][0]], "==", "benign breast tissue")

# %% tags=["claim", "remove-cell"]
claim("its lead is small", np.median(np.ptp(np.sort(parts[parts.argmax(1) == given[0][0]])[:, -2:], 1)), "<", 0.15)

# %% tags=["claim", "remove-cell"]
claim("no phrase takes more than a fifth of the tiles", given[0][1] / len(tiles), "<", 0.2)
claim("Most phrases are given somewhere, breast and stomach among them", len(given) / len(names), ">", 0.6)
claim("Most phrases are given somewhere, breast and stomach among them",
      {"benign breast tissue", "gastric signet ring cell carcinoma"} <= {names[i] for i, _ in given[:4]}, "==", True)

# %% [markdown]
# Glass is called glass, nearly always: it is drawn as it is. Most phrases are given somewhere, breast and stomach among
# them, and no phrase takes more than a fifth of the tiles. A piece of one slide, a millimetre wide, is not breast,
# stomach and bone at once, so many of these answers are wrong. That takes no label. Breast comes first most often, yet
# never with half of the shares: its lead is small, so its map is dark. A cancer of the stomach gets shares of more than
# nine tenths, in a band of pink fibres. A share is no probability of being right.
#
# ## The space of its tiles
#
# **The vectors part the tissue into regions before any word is asked.**
#
# The {term}`principal directions` of a cloud of vectors are those along which it is widest. Where a tile lies along one
# of them is a number, so each direction is a map.

# %% mystnb={"image": {"alt": "The slide and three maps, one for each principal direction. Each parts the tissue into regions that follow the violet layer, the pink fibres and the flakes."}, "figure": {"caption": "Three principal directions of the vectors, laid on the slide. No word was asked.", "name": "fig-14-directions"}}
images = list(tiles)  # they are few, and fit into memory
shades = np.stack([optical_density(np.float32(one)).mean((0, 1))
                   for one in images])  # mean red, green and blue of each
left, size, _ = np.linalg.svd(vectors - vectors.mean(0), full_matrices=False)
left *= np.sign(shades.mean(1) @ left)  # the sign of a direction is free
held = size**2 / (size**2).sum()
maps = {f"direction {k + 1}: {held[k]:.0%}":
        slide.heat_map(tiles, left[:, k], mpp=4) for k in range(3)}
plots.over_slide(picture, maps, mpp=4)

# %% tags=["claim", "remove-cell"]
claim("the first three hold nearly two thirds of the variance", held[:3].sum(), "about", 0.65, margin=0.03)

# %% [markdown]
# Neighbours lie near each other, though no vector knows its place. Part of that is trivial: they share pixels.
# Together the first three hold nearly two thirds of the variance. What are they? A person can say, or a
# baseline.
#
# ## Where the model fails
#
# **Without labels one can still ask whether an answer survives what should not matter.**
#
# The map may be darkness, colour, or the share of glass in a tile, and nothing else. How much of a map does a straight
# line in each explain? The table has R² over the tiles that the line was fitted to.

# %%
import pandas as pd
from sklearn.linear_model import LinearRegression

glass = np.array([[1 - mask.share_of(*at, side)] for at in tiles.places])
dark = shades.mean(1)[:, None]
simple = {"darkness": dark, "colour": shades, "glass": glass}
lines = dict(zip(words, cosines.T)) | {"direction 1": left[:, 0]}
table = {name: {what: LinearRegression().fit(x, y).score(x, y)
                for what, x in simple.items()} for name, y in lines.items()}
pd.DataFrame(table).round(2)

# %% tags=["claim", "remove-cell"]
claim("Darkness explains next to nothing", [one["darkness"] for one in table.values()], "<", 0.06)
claim("Colour explains two fifths of the map for muscle", table["smooth muscle"]["colour"], "about", 0.4, margin=0.04)
claim("glass nearly half of the first direction", table["direction 1"]["glass"], "about", 0.46, margin=0.04)

# %% [markdown]
# Darkness explains next to nothing. Colour explains two fifths of the map for muscle, and glass nearly half of the
# first direction: it is not all tissue that the vectors order. The rest is shape and texture, or noise. Which?
#
# So change a tile in a way that does not change what it shows: mirror it, move it by two micrometres (here a pixel of
# the model), show a field wider by a sixteenth. How often does it keep its answer out of 27? We do the same
# to drawn tiles of laboratory I, which no model was trained on: they are new, too. We expect more loss on real tissue.

# %%
from plip_tutorial.audit import wilson

def views(pictures):
    big = np.stack([np.asarray(one) for one in pictures])
    n, q, s = most // 10, most * 3 // 40, round(2 / tiles.mpp)
    middle = big[:, n:-n, n:-n]
    return (middle, middle[:, :, ::-1], big[:, n:-n, n + s:s - n],
            big[:, q:-q, q:-q])  # as it is, mirrored, moved, wider

most = pixels * 5 // 4
drawn = [microcosm.render_tile(kind, seed=i, lab="I", size=most, field=140)
         for kind in microcosm.TISSUES for i in range(6)]

# %%
real = slide.grid(scan, pixels=most, mpp=tiles.mpp, step=pixels // 2,
                  mask=mask)
seen, kept, stay = {}, {}, {}
for what, some in {"drawn": drawn, "real": real}.items():
    seen[what] = np.stack([plip.encode_images(list(x)) for x in views(some)])
    got = (seen[what] @ texts.T).argmax(-1)  # the first: as it is
    kept[what] = dict(zip(("mirrored", "moved", "wider"), got[1:] == got[0]))
    stay[f"{what}, {len(some)} tiles"] = {
        name: wilson(x.mean(), len(x)) for name, x in kept[what].items()}
pd.DataFrame(stay)

# %% tags=["claim", "remove-cell"]
claim("Mirrored or wider, a real tile loses its answer more often", [
    kept["drawn"][name].mean() - kept["real"][name].mean() for name in ("mirrored", "wider")], ">", 0.08)
claim("for the move the intervals overlap", stay[f"drawn, {len(drawn)} tiles"]["moved"].low
      - stay[f"real, {len(real)} tiles"]["moved"].high, "<", 0)

# %% tags=["claim", "remove-cell"]
claim("About one in five of the answers on this slide hangs on two micrometres", 1 - kept["real"]["moved"].mean(),
      "between", (0.17, 0.27))

# %% [markdown]
# In brackets are 95% intervals, too narrow as real tiles overlap. Mirrored or wider, a real tile loses its
# answer more often; for the move the intervals overlap, so that is open. About one in five of the answers on this slide
# hangs on two micrometres. Is distance from all drawings the reason? Compare each real tile with the drawn one whose
# vector is nearest to its own, and each drawn tile with the nearest other one.

# %%
known, asked = seen["drawn"][0], seen["real"][0]
others = known @ known.T - 2 * np.eye(len(known))  # not to itself
usual, near = np.median(others.max(1)), (asked @ known.T).max(1)
farther, far = np.mean(near < usual), near < np.median(near)
print(f"cosine to the nearest drawing: of a drawing {usual:.2f},",
      f"of a real tile {np.median(near):.2f}")
print(f"{farther:.0%} of the real tiles are farther than {usual:.2f}")
half = np.where(far, "farther half", "nearer half")
pd.DataFrame(kept["real"]).groupby(half).mean().T.round(2)

# %% tags=["claim", "remove-cell"]
claim("of the real ones it is five in six", farther, "about", 0.84, margin=0.05)

# %% tags=["claim", "remove-cell"]
claim("But the farther half keeps fewer answers under the wider field only",
      kept["real"]["wider"][~far].mean() - kept["real"]["wider"][far].mean(), ">", 0.12)
claim("But the farther half keeps fewer answers under the wider field only",
      [kept["real"][name][~far].mean() - kept["real"][name][far].mean() for name in ("moved", "mirrored")], "<", 0.12)
claim("distance is not the reason for the shift",
      kept["real"]["moved"][~far].mean() - kept["real"]["moved"][far].mean(), "<", 0.06)

# %% [markdown]
# Half of the drawings are farther than their median by definition; of the real ones it is five in six. But the farther
# half keeps fewer answers under the wider field only: distance is not the reason for the shift. PLIP itself has seen
# real tissue, so run this page with it (the full track), and ask the same questions. They need no label, and fit any
# model on any slide of yours.
#
# ## A slide of any size
#
# **A slide of any size is a table of places, cut into shards.**
#
# A slide of a gigapixel has tens of thousands of such tiles, and its table of places is small. A worker takes a shard
# of it, reads and embeds the tiles batch by batch, and writes their vectors; what is whole is never done again
# ({doc}`partitions and Ray <partitions_and_ray>`). Here worker 0 of 2 does its part, and worker 1 has died.

# %%
import tempfile

from plip_tutorial import at_scale

work, model = tempfile.mkdtemp(), artifacts.checkpoint(track.plip)
at_scale.write_shards(tiles.table(), f"{work}/places", rows=100)
job = at_scale.EmbedTiles(str(scan.path), model)
at_scale.run(job, f"{work}/places", f"{work}/done", part=0, of=2)
try:
    at_scale.vectors_of(f"{work}/done")
except ValueError as error:
    print(str(error).replace(f"in {work}/done ", ""))

# %%
at_scale.run(job, f"{work}/places", f"{work}/done", part=1, of=2)
again, places = at_scale.vectors_of(f"{work}/done")
same = np.allclose(again, vectors, atol=1e-5)
print("the same vectors:", same)
print("the same places:", np.array_equal(places, tiles.places))

# %% tags=["claim", "remove-cell"]
claim("Called again, the run ends with the vectors that we had", same and np.array_equal(places, tiles.places), "==",
      True)

# %% [markdown]
# Called again, the run ends with the vectors that we had. With Ray, `at_scale.with_ray(f"{work}/places", job)` hands
# the shards to many machines. A test draws a pyramid of 20,000 pixels a side, kills the run, and finds the same vectors
# after the second call.
#
# For studies with hundreds of slides there are programs that have met more scanners.
# [LazySlide](https://github.com/rendeirolab/LazySlide) finds tissue, cuts tiles, embeds them with many models, and
# keeps all of it in the tables of the *scverse*. [TRIDENT](https://github.com/mahmoodlab/TRIDENT) does the same for
# whole folders in one command. Ask of them what you asked here: micrometres, tissue, overlap, borders, and does the
# answer hold?
#
# (ask-the-slide)=
# ### Ask the slide
#
# On the site it stands here, to move, to enlarge, and to ask with words of your own:
#
# :::{live} slide
# :asked: benign skin
# :against: smooth muscle
# :::
#
# ## Exercises
#
# :::{exercise} The wrong size
# :label: ex-14-size
#
# A file has lost its size of a pixel, and somebody passes 0.25: `slide.open_slide(scan.path, mpp=0.25)`. Lay the grid
# of this page on it, with the same mask. Give the number of tiles, and the micrometres that each shows in truth.
# :::
#
# :::{solution-start} ex-14-size
# :class: dropdown
# :::

# %%
wrong = slide.open_slide(scan.path, mpp=0.25)
grid = slide.grid(wrong, pixels=pixels, mpp=112 / pixels,
                  step=pixels // 4, mask=mask)
answer = [len(grid), grid.side * scan.mpp]
print("{} tiles of {:.1f} micrometres".format(*answer))

# %% tags=["claim", "remove-cell"]
claim("A quarter of the tiles, each twice as wide", answer[0] / len(tiles), "about", 0.25, margin=0.03)
claim("A quarter of the tiles, each twice as wide", answer[1] / 112, "about", 2, margin=0.01)

# %% [markdown]
# A quarter of the tiles, each twice as wide, and no error anywhere. So the package refuses a slide that does not tell
# its size, unless you say it.
#
# :::{solution-end}
# :::
#
# :::{exercise} The dyes of home
# :label: ex-14-dyes
#
# Give the tiles the dyes of the home laboratory: `stain_normalization.estimate` for `images` and for the first 150
# tiles of `artifacts.benchmark(track.benchmarks[0], "train")`, then `recoloured` (as in {doc}`16_another_laboratory`).
# What share of the answers out of 27 changes?
# :::
#
# :::{solution-start} ex-14-dyes
# :class: dropdown
# :::

# %%
from plip_tutorial.limits import stain_normalization

home = artifacts.benchmark(track.benchmarks[0], "train")
target = stain_normalization.estimate(home.select(range(150))["image"])
own = stain_normalization.estimate(images)
repaired = [stain_normalization.recoloured(one, own, target)
            for one in images]
now = (plip.encode_images(repaired) @ texts.T).argmax(1)
answer = np.mean(now != parts.argmax(1))
print(f"{answer:.0%}")

# %% tags=["claim", "remove-cell"]
claim("About a third of the answers change", answer, "about", 0.32, margin=0.035)

# %% [markdown]
# About a third of the answers change, and nothing tells whether for the better: there are no labels.
#
# :::{solution-end}
# :::
#
# :::{exercise} A glowing map
# :label: ex-14-map
#
# A colleague shows you one heat map, for "carcinoma", on one slide. A corner of it glows. "The model has found the
# tumour." In three or four sentences: what do you ask for before you believe it?
# :::
#
# :::{solution-start} ex-14-map
# :class: dropdown
# :::
#
# Each map has a brightest corner, also one for "a bicycle". I ask for the scale of the colours, and for maps of other
# sentences. Does the corner stay if tiles move by two micrometres, and how much of the map do colour and glass explain?
# Which micrometres had a tile, and which the training? Then a pathologist has to outline tumours on several slides
# without seeing the map, and we score that.
#
# :::{solution-end}
# :::
#
# ## Summary
#
# - A tile is a place, a size and micrometres per pixel; a heat map is the mean of the tiles that cover a place.
# - A map always shows something. Baselines and harmless changes doubt it without labels; so does distance to drawings.
# - A slide of any size is a table of places in shards: constant memory, any number of machines, no work done twice.
#
# ## What comes next
#
# Does the model read the words that we write? {doc}`Does it read? <15_does_it_read>`
#
# ## References
#
# :::{bibliography}
# :filter: docname in docnames
# :::
