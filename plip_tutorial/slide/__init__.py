"""A whole slide: opened, its tissue found, cut into tiles, and what a sentence sees in it laid upon it.

A slide has billions of pixels and no file of it fits into memory. So it is read tile by tile, and every place is told
in pixels of its finest level, whatever the level that was read. `opened` opens one and reads squares of it, `tissue`
finds what is no glass, `tiles` lays the grid, and `heat` brings the numbers of tiles back to their places::

    slide = open_slide("case.svs")
    tiles = grid(slide, pixels=224, mpp=0.5, step=112, mask=find_tissue(slide))
    vectors = plip.encode_images(tiles)                  # one batch of pictures in memory at a time
    seen = heat_map(tiles, vectors @ plip.encode_text(["a hair follicle"])[0])

For millions of tiles: `at_scale.slide_tiles`.
"""

from plip_tutorial.slide.heat import heat_map, shares
from plip_tutorial.slide.opened import Slide, SlideError, open_slide
from plip_tutorial.slide.tiles import Tiles, grid
from plip_tutorial.slide.tissue import Mask, find_tissue

__all__ = ["Mask", "Slide", "SlideError", "Tiles", "find_tissue", "grid", "heat_map", "open_slide", "shares"]
