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
# # A walk through the microcosm
#
# The {term}`microcosm` is the small world that this book draws for itself. Here you see all of it: every tissue in several laboratories, what a {term}`slide` changes, and the pictures that are not pathology.
# All tissue is drawn by a program. It borrows the patterns of real tissue; it is no material for diagnosis, nor for learning diagnosis.

# %% tags=["remove-cell"]
# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook.

# %% [markdown]
# ## Every tissue, in six laboratories
#
# A laboratory is a stain protocol and a scanner. The last two of each row are laboratories that no training picture comes from. First the nine tissues of the set `micro-kather`.

# %%
from plip_tutorial import microcosm, plots
from plip_tutorial.microcosm import everyday

labs = ["A", "C", "E", "G", *microcosm.UNSEEN_LABS[:2]]

def show(names):
    """A row of six tiles for each tissue, one from each laboratory."""
    draw = microcosm.render_tile
    rows = [[draw(name, seed=i, lab=lab, size=96)
             for i, lab in enumerate(labs)] for name in names]
    phrases = [microcosm.TISSUES[name].phrase for name in names]
    return plots.gallery_rows(rows, phrases)

# %%
organs = {name: t.organ for name, t in microcosm.TISSUES.items()}
nine = [name for name, t in microcosm.TISSUES.items() if t.code]
others = [name for name in organs if name not in nine]
later = [name for name in others
         if organs[name] in ("skin", "stomach", "lymph node")]

# %% mystnb={"image": {"alt": "Nine rows of six drawn tiles, from adipose tissue to colorectal adenocarcinoma: each tissue as six laboratories would show it, pink, purple, greenish or yellowish, at several magnifications."}, "figure": {"caption": "Nine tissues, mostly of the colon. Columns: laboratories A, C, E, G, and two that are never trained on.", "name": "fig-gallery-tissues"}}
show(nine)

# %% [markdown]
# Next bone, two more states of the colon, the lung and the breast.

# %% mystnb={"image": {"alt": "Ten rows of six drawn tiles: bone, inflamed colon and adenoma, then benign, inflamed, overgrown and malignant tissue of lung and breast."}, "figure": {"caption": "Bone, colon, lung and breast, from the same six laboratories.", "name": "fig-gallery-lung-breast"}}
show([name for name in others if name not in later])

# %% [markdown]
# And the skin, the stomach and the lymph node.

# %% mystnb={"image": {"alt": "Eight rows of six drawn tiles: skin, naevus and melanoma, the stomach in three states, and a lymph node without and with a metastasis."}, "figure": {"caption": "Skin, stomach and lymph node, from the same six laboratories.", "name": "fig-gallery-skin-stomach"}}
show(later)

# %% [markdown]
# Colour tells little here. The same tissue is pale in one laboratory and dark in the next, and different tissues share a colour. Magnification and focus change from tile to tile, too. Look at the architecture: walls, fibres, rings, sheets.
#
# ## Drawn and real
#
# Here is drawn skin beside real tissue. The order is the same: pink fibres, a layer of crowded cells, sheets that come off. What does the drawing lack?
#
# :::{figure} pictures/real_beside_drawn.webp
# :alt: Two squares side by side. Left, drawn: pink fibres, an even violet layer of round cells, parallel smooth sheets. Right, real: loose fibres with thin dark nuclei, a layer whose cells grow flat and sparse towards dark sheets, and sheets that fray and curl.
# :name: fig-gallery-real
# :class: dark-light
# :width: 408px
#
# Left drawn (benign skin, laboratory A), right real, both 0.2 millimetres wide. Slide: CMU-1-Small-Region, test data of OpenSlide, in the public domain (CC0). Its source names no organ; it stands beside skin because it looks alike.
# :::
#
# In the real layer the nuclei are crowded at the fibres and sparse at the sheets, and they become flat on the way. In the drawn layer they are alike everywhere. Real fibres have cracks between them and cells of several kinds, real sheets fray and curl, and nothing is parallel. The drawing has the parts and their order; how one part passes into the next it does not have. That is one reason why a score on drawn tiles says little about real ones ({doc}`data_cards`).
#
# ## What a slide changes
#
# Tiles of one slide share the thickness of the section, the strength of both stains and the focus. Each row below is one slide of the same laboratory.

# %% mystnb={"image": {"alt": "Three rows of six tiles of stroma; tiles within a row share their stain and its sharpness, the rows differ a little."}, "figure": {"caption": "Three slides of one laboratory, six tiles of stroma each.", "name": "fig-gallery-slides"}}
same = {"lab": "A", "size": 96}
slides = [[microcosm.render_tile("stroma", seed=i, slide=slide, **same)
           for i in range(6)] for slide in (1, 2, 3)]
plots.gallery_rows(slides, ["slide 1", "slide 2", "slide 3"])

# %% [markdown]
# A model that has seen one tile of a slide has an easier time with the next. This is the root of {term}`leakage`, see {doc}`06_copies_and_leaks`.
#
# ## Not pathology
#
# What comes along from conferences and from the web. The {term}`lookalikes <lookalike>` share the colours or the texture of stained tissue.

# Charts and pages first.

# %%
def show_kinds(kinds):
    """A row of six pictures for each kind; a lookalike is named as one."""
    draw = microcosm.render_everyday
    rows = [[draw(kind, seed=i, size=96) for i in range(6)]
            for kind in kinds]
    alike = {kind: " (lookalike)" for kind in microcosm.LOOKALIKES}
    names = [microcosm.KINDS[kind] + alike.get(kind, "") for kind in kinds]
    return plots.gallery_rows(rows, names)

on_paper = everyday.CHARTS + everyday.PAPERS
themed = on_paper + everyday.CLINIC + everyday.STAINED_OTHERWISE

# %% mystnb={"image": {"alt": "Rows of six drawn pictures: bar charts, curves, heat maps and scatter plots, then pages of text, letters, screenshots and title slides."}, "figure": {"caption": "Charts and pages.", "name": "fig-gallery-pages"}}
show_kinds(on_paper)

# %% [markdown]
# Drawings, and scenes of every day. One row is not drawn: the photographs are cut from real ones that come with scikit-image.

# %% mystnb={"image": {"alt": "Rows of six pictures: flat shapes, fractals, cartoons, diagrams and drawn cells, then people, landscapes, plants, fur, food, stone, fabric and photographs."}, "figure": {"caption": "Drawings and scenes.", "name": "fig-gallery-everyday"}}
show_kinds([kind for kind in microcosm.KINDS if kind not in themed])

# %% [markdown]
# The clinic: what a doctor photographs or images, but no microscope shows.

# %% mystnb={"image": {"alt": "Rows of six drawn pictures: X-rays, slices of CT and MRI, ultrasound, endoscopy, moles and gross specimens."}, "figure": {"caption": "Pictures of the clinic.", "name": "fig-gallery-clinic"}}
show_kinds(everyday.CLINIC)

# %% [markdown]
# And microscopy that is not {term}`H&E`.

# %% mystnb={"image": {"alt": "Rows of six drawn pictures from the microscope: blood, fluorescence, brown immunostains, Pap smears, bacteria, electron micrographs and special stains."}, "figure": {"caption": "Other stains, and microscopes of other kinds. Most are lookalikes.", "name": "fig-gallery-stains"}}
show_kinds(everyday.STAINED_OTHERWISE)

# %% [markdown]
# ## Four labelled sets
#
# They mimic the sets of the paper; see {doc}`data_cards`. Training tiles come from the laboratories of the posts, test tiles from laboratories never seen.

# %%
for name in microcosm.NAMES:
    tiles = microcosm.benchmark(name, "test", 60)
    slides = len(set(tiles["slide"]))
    print(name, f"labs {sorted(set(tiles['lab']))}, {slides} slides")
    print("   ", *tiles.features["label"].names)
