"""The microcosm: a small world of pathology whose truth is known.

Every picture, post and tile is drawn by this package, so every step of the recipe can be graded. Columns that begin
with ``truth_`` hold what the PLIP authors could not know.

A tile: `noise` on a `canvas` makes `fibres_and_vessels` and `cells_and_glands`; of these are `connective` and
`unformed` tissue, `lymphoid` organs, `gut`, `lung`, `breast` and `skin`, all in `tissues`. A laboratory's `stain`
colours them, `artefacts` come on top, and `tiles` shows one. What is no tissue: `brushes` draw `paper`, `charts`,
`drawings`, `scenes`, pictures of the `clinic` and what is `stained_otherwise`; `everyday` knows them all, `dressing`
adds what people add. A post: its words are `captions`, `threads` puts them together, `posts`, `web` and `benchmarks`
are tables of them. `pictures` stores each picture as its recipe, `seeding` makes item i the same in any order.

>>> render_tile("adipose", seed=1).shape
(64, 64, 3)
"""

from plip_tutorial.microcosm.benchmarks import BENCHMARKS, NAMES, PHRASES, TEMPLATES, benchmark
from plip_tutorial.microcosm.everyday import KINDS, LOOKALIKES, render_everyday
from plip_tutorial.microcosm.posts import posts
from plip_tutorial.microcosm.stain import LABS, TRAINING_LABS, UNSEEN_LABS, Lab
from plip_tutorial.microcosm.tiles import render_tile
from plip_tutorial.microcosm.tissues import TISSUES, Tissue
from plip_tutorial.microcosm.web import everyday_pairs, web_pool

__all__ = [
    "BENCHMARKS", "KINDS", "LABS", "LOOKALIKES", "NAMES", "PHRASES", "TEMPLATES", "TISSUES", "TRAINING_LABS",
    "UNSEEN_LABS", "Lab", "Tissue", "benchmark", "everyday_pairs", "posts", "render_everyday", "render_tile",
    "web_pool",
]  # fmt: skip
