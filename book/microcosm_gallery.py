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
# # Appendix: a walk through the microcosm
#
# The {term}`microcosm` is the small world that this book draws for itself. Here you see all of it: every tissue in several laboratories, what a {term}`slide` changes, and the pictures that are not pathology.
# All tissue is drawn by a program. It borrows the patterns of real tissue; it is no material for diagnosis, nor for learning diagnosis.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% [markdown]
# ## Every tissue, in six laboratories
#
# A laboratory is a stain protocol and a scanner. The last two of each row are laboratories that no training picture comes from.

# %%
from plip_tutorial import microcosm, plots

labs = ["A", "C", "E", "G", *microcosm.UNSEEN_LABS[:2]]
rows = [[microcosm.render_tile(name, seed=i, lab=lab, size=96) for i, lab in enumerate(labs)] for name in microcosm.TISSUES]

# %% mystnb={"image": {"alt": "One row of six drawn tiles for each tissue of the microcosm, as six laboratories would show it, from pale pink to dark purple."}, "figure": {"caption": "The tissues of the microcosm. Columns: laboratories A, C, E, G, and two that are never trained on.", "name": "fig-gallery-tissues"}}
plots.gallery_rows(rows, [tissue.phrase for tissue in microcosm.TISSUES.values()])

# %% [markdown]
# Colour tells little here. The same tissue is pale in one laboratory and dark in the next, and different tissues share a colour. Look at the architecture: walls, fibres, rings, sheets.
#
# ## What a slide changes
#
# Tiles of one slide share the thickness of the section, the strength of both stains and the focus. Each row below is one slide of the same laboratory.

# %% mystnb={"image": {"alt": "Three rows of six tiles of stroma; tiles within a row share their colour, the rows differ."}, "figure": {"caption": "Three slides of one laboratory, six tiles of stroma each.", "name": "fig-gallery-slides"}}
slides = [[microcosm.render_tile("stroma", seed=i, lab="A", slide=slide, size=96) for i in range(6)] for slide in (1, 2, 3)]
plots.gallery_rows(slides, ["slide 1", "slide 2", "slide 3"])

# %% [markdown]
# A model that has seen one tile of a slide has an easier time with the next. This is the root of {term}`leakage`, see {doc}`04_cleaning_the_corpus`.
#
# ## Not pathology
#
# What comes along from conferences and from the web. The {term}`lookalikes <lookalike>` share the colours or the texture of stained tissue.

# %% mystnb={"image": {"alt": "Forty-one rows of six pictures that are not pathology: drawings, charts, pages, screens, photographs, clinical images, and microscopy with other stains."}, "figure": {"caption": "The everyday world.", "name": "fig-gallery-everyday"}}
everyday = [[microcosm.render_everyday(kind, seed=i, size=96) for i in range(6)] for kind in microcosm.KINDS]
plots.gallery_rows(everyday, [f"{phrase}{' (lookalike)' if kind in microcosm.LOOKALIKES else ''}" for kind, phrase in microcosm.KINDS.items()])

# %% [markdown]
# ## Four labelled sets
#
# They mimic the sets of the paper; see {doc}`data_cards`. Training tiles come from the laboratories of the posts, test tiles from laboratories never seen.

# %%
for name in microcosm.NAMES:
    tiles = microcosm.benchmark(name, "test", 60)
    print(name, tiles.features["label"].names, f"labs {sorted(set(tiles['lab']))}, {len(set(tiles['slide']))} slides")
