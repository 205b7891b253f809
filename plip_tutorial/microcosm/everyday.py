"""Pictures that are not pathology: what a general model knows, and what comes along by mistake.

Half of them are drawn to be told apart easily (charts, text, shapes). The `LOOKALIKES` share the colours or the texture
of stained tissue, as the fractals and fabrics did that the PLIP authors found in their k-NN results, and as other
stains do. One kind is cut from real photographs: the motorcycles and the small faces that scikit-image carries in its
wheel.

>>> render_everyday("chart", seed=3).shape
(64, 64, 3)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from plip_tutorial.microcosm import charts, clinic, drawings, paper, scenes, stained_otherwise
from plip_tutorial.microcosm.brushes import Generator, Picture
from plip_tutorial.microcosm.seeding import rng

Renderer = Callable[[Generator, int], Picture]
_PHRASES: dict[Renderer, str] = {
    drawings.shapes: "flat shapes on a plain ground",
    charts.chart: "a chart with axes",
    charts.line_plot: "a plot with thin lines",
    charts.survival_curve: "a Kaplan-Meier curve",
    charts.heat_map: "a heat map with a colour bar",
    charts.scatter_plot: "a scatter plot",
    charts.error_bars: "a bar chart with error bars",
    paper.text_page: "a page of text",
    paper.report: "a letter with a table",
    paper.screenshot: "a screenshot of a program",
    paper.title_slide: "a slide with a title and bullet points",
    drawings.fractal: "a fractal",
    drawings.cartoon: "a cartoon figure",
    drawings.flow_diagram: "a diagram of boxes and arrows",
    drawings.histology_drawing: "a drawing of cells and glands",
    scenes.group_photo: "a group photo",
    scenes.portrait: "a portrait of a person",
    scenes.landscape: "a landscape with hills",
    scenes.flowers: "pink flowers in a meadow",
    scenes.foliage: "green leaves",
    scenes.fur: "the fur of an animal",
    scenes.meal: "food on a plate",
    scenes.marble: "marble with veins",
    scenes.masonry: "a wall of bricks or tiles",
    scenes.fabric: "a woven fabric in pink and purple",
    scenes.photo: "a photograph",
    clinic.x_ray: "an X-ray",
    clinic.ct_slice: "a CT slice",
    clinic.mri: "an MRI scan",
    clinic.ultrasound: "an ultrasound image",
    clinic.endoscopy: "an endoscopy picture",
    clinic.dermatoscopy: "a mole seen through a dermatoscope",
    clinic.gross_specimen: "a gross specimen on a board",
    stained_otherwise.blood_smear: "a blood smear",
    stained_otherwise.white_cell: "a white blood cell among red ones",
    stained_otherwise.micrograph: "a fluorescence micrograph",
    stained_otherwise.ihc: "an immunostain with brown cells",
    stained_otherwise.cytology: "a Pap smear",
    stained_otherwise.bacteria: "bacteria in a Gram stain",
    stained_otherwise.electron_micrograph: "an electron micrograph",
    stained_otherwise.special_stain: "a trichrome or silver stain",
}
_RENDERERS = {render.__name__: render for render in _PHRASES}
KINDS: dict[str, str] = {render.__name__: phrase for render, phrase in _PHRASES.items()}  # name -> what one would say
LOOKALIKES: tuple[str, ...] = (
    "fractal", "fabric", "blood_smear", "flowers", "marble", "micrograph", "histology_drawing", "endoscopy", "ihc",
    "white_cell", "cytology", "bacteria", "special_stain",
)  # fmt: skip
CHARTS, PAPERS, CLINIC, STAINED_OTHERWISE = (
    tuple(render.__name__ for render in _PHRASES if render.__module__ == theme.__name__)
    for theme in (charts, paper, clinic, stained_otherwise)
)


def render_everyday(kind: str, *, seed: int, size: int = 64) -> NDArray[np.uint8]:
    """Draw one picture that is not pathology; a pure function of its arguments.

    Args:
        kind: a key of `KINDS`.
        seed: which picture.
        size: pixels a side, 16 or more.

    Returns:
        uint8 array, (size, size, 3).

    Raises:
        ValueError: unknown kind, or a size below 16.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}. Choose one of: {', '.join(KINDS)}.")
    if size < 16:
        raise ValueError(f"size is {size} pixels; a picture needs at least 16.")
    draw = rng("everyday", kind, seed)
    picture = _RENDERERS[kind](draw, size)
    noise = draw.standard_normal(picture.shape, np.float32) * draw.uniform(0, 5)
    return np.clip(picture * 255 + noise + 0.5, 0, 255).astype(np.uint8)
