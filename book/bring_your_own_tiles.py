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
# # Bring your own tiles
#
# The units in the table at the end of this page run on pictures of your own. Two forms are understood: a folder with one sub-folder a class, and a table with a picture and a caption in each row. Here both are
# shown on real pictures that come with an installed package, so that this page runs on your machine too.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% [markdown]
# ## A real picture
#
# scikit-image carries one real pathology picture: colon, with one protein stained brown and nuclei stained blue. It is immunohistochemistry, not {term}`H&E`. We know of no real H&E picture
# among the data of the packages that this book installs. We cut the picture into tiles and write them to disk, as you might have them.

# %%
import tempfile
from pathlib import Path

import numpy as np
import skimage
from PIL import Image

picture = skimage.data.immunohistochemistry()
folder = Path(tempfile.mkdtemp())
for top in range(0, 512, 128):
    for left in range(0, 512, 128):
        tile = picture[top : top + 128, left : left + 128]
        red, _, blue = tile.mean((0, 1))
        kind = "brown" if red - blue > 8 else "blue"
        (folder / kind).mkdir(exist_ok=True)
        file = folder / kind / f"{top // 128}{left // 128}.png"
        Image.fromarray(tile).save(file)

# %% [markdown]
# ## A folder: `class/file`
#
# The name of a sub-folder is the label. If there is a folder between class and file, it is the {term}`slide`.

# %%
from plip_tutorial import artifacts, plots, tracks, zero_shot
from plip_tutorial.sources import own_tiles
from plip_tutorial.plip import PLIP

tiles = own_tiles.read_folder(folder)
print(tiles)
print("classes:", tiles.features["label"].names)

# %% mystnb={"image": {"alt": "Eight square tiles cut from a real picture of colonic glands, brown and blue."}, "figure": {"caption": "The first eight tiles. Real tissue: FHL2 protein in brown, nuclei in blue (scikit-image, no known copyright restrictions).", "name": "fig-own-tiles"}}
names = tiles.features["label"].names
plots.gallery(tiles["image"][:8], [names[i] for i in tiles["label"][:8]])

# %% [markdown]
# From here on everything is as in {doc}`11_zero_shot`: embed, compare with words, score. Our tiny model has never seen real tissue, let alone in this stain. Do not expect much.

# %%
plip = PLIP(artifacts.checkpoint(tracks.current().plip))
vectors = plip.encode_images(tiles["image"])
words = ["normal colon mucosa", "smooth muscle", "adipose tissue",
         "lymphocytes"]
classes = zero_shot.classifier(plip, words, "An H&E image of {}")
found, _ = zero_shot.predict(vectors, classes)
for i, word in enumerate(words):
    print(f"{(found == i).sum():2} of {len(found)} are called {word}")

# %% [markdown]
# All tiles show normal colon mucosa. Whatever else is counted here is wrong, and how much that is you see at once: blue nuclei on a pale ground look like fat, and brown strands like muscle, to a model that learned its tissue from drawn H&E.
# This is what a first look at your own tiles is for.
#
# ## A table of pictures and captions
#
# For {doc}`07_fine_tuning` you need pairs. A CSV, JSONL or Parquet file with two columns is enough. Empty captions, and then missing or damaged files, are named before anything starts.

# %%
table = folder / "pairs.csv"
lines = [f"{path.relative_to(folder)},{path.parent.name} tile of a colon"
         for path in sorted(folder.glob("*/*.png"))]
table.write_text("image,caption\n" + "\n".join(lines) + "\n")
pairs = own_tiles.read_csv(table)
print(pairs)

# %% [markdown]
# And this is what you see when the table has a fault:

# %%
from textwrap import fill

good = lines[0].split(",")[0]
for text in ("", "a tile"):
    rows = f"image,caption\n{good},{text}\nnowhere.png,a tile\n"
    table.write_text(rows)
    try:
        own_tiles.read_csv(table)
    except (ValueError, FileNotFoundError) as error:
        print(fill(str(error).replace(str(folder), "FOLDER"), 78))

# %% [markdown]
# ## Which unit takes what
#
# | unit | takes | replace |
# | --- | --- | --- |
# | {doc}`11_zero_shot`, {doc}`12_linear_probing` | a folder | the table called `test` by `own_tiles.read_folder(...)` |
# | {doc}`07_fine_tuning` | pairs | `pairs` by `own_tiles.read_csv(...)` |
# | {doc}`13_retrieval` | either | the pictures and captions that are indexed |
#
# Keep patients apart: tiles of one patient belong either to training or to the test, never to both.
