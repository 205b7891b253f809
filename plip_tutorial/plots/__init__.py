"""The book's figures: one style, one colour a model, an interval wherever there is one.

Each function returns a `matplotlib` figure, which a notebook shows when it is the last line of a cell. Figures bring
their own light ground, so they read the same in print and in dark mode. Colours are those of Okabe and Ito, which
colour-blind readers tell apart; a hatch or a marker says the same once more. Text stays legible on a phone.

`style` holds colours and sizes; `pictures` shows tiles, `slides` what is seen on a slide, `scores`, `tables` and
`coordinates` numbers, `process` a funnel and a training; `markup` writes drawings that move.

>>> confusion_matrix([[8, 2], [0, 9]], ["fat", "mucus"]).get_axes()[0].get_ylabel()
'actual'
"""

from plip_tutorial.plots.coordinates import parallel_coordinates
from plip_tutorial.plots.pictures import gallery, gallery_rows, stills
from plip_tutorial.plots.process import funnel, history
from plip_tutorial.plots.scores import bars, label_efficiency, lines, reliability, spread
from plip_tutorial.plots.slides import over_slide
from plip_tutorial.plots.style import LOOKS, OKABE_ITO, STYLE, WIDTH, Look, in_book, use_style
from plip_tutorial.plots.tables import confusion, confusion_matrix, heatmap

__all__ = [
    "LOOKS", "OKABE_ITO", "STYLE", "WIDTH", "Look", "bars", "confusion", "confusion_matrix", "funnel", "gallery",
    "gallery_rows", "heatmap", "history", "in_book", "label_efficiency", "lines", "over_slide",
    "parallel_coordinates", "reliability", "spread", "stills", "use_style",
]  # fmt: skip
