"""Which part of a slide is tissue: Otsu's threshold on the optical density of an overview, without ink and specks.

Glass lets the light through, dyes do not. The mean optical density of red, green and blue has two heaps, and Otsu's
threshold (1979) parts them where the variance between the heaps is largest; it is held between `GLASS` and `DYED`, as
on a slide of glass alone, or of tissue alone, it would part what belongs together.

Haematoxylin and eosin take most from the green. Ink for margins and pens in blue or green take most from the red, a
black pen takes from all alike: what is not denser in green than in red by `DYE` is left out, and Otsu's threshold is
not led astray by it. A red pen passes, as eosin does. Specks go, and small holes are filled: the lumen of a gland
belongs to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu

from plip_tutorial.microcosm.stain import optical_density
from plip_tutorial.slide.opened import Slide

Bools = NDArray[np.bool_]
MPP = 8.0  # micrometres a pixel of the overview: a cell is a pixel
DYE = 1.03  # density in green over that in red, at least; of haematoxylin it is 1.08 and more, of eosin far more
GLASS, DYED = 0.05, 0.2  # mean optical density: less is glass for sure, more is tissue
SPECK, HOLE = 5_000.0, 2_500.0  # square micrometres: smaller pieces of tissue go, smaller holes in it are filled


@dataclass(frozen=True)
class Mask:
    """Where a slide is tissue.

    Attributes:
        tissue: (h, w), one value for each pixel of the overview.
        factor: pixels of level 0 that lie side by side in one of them.
        threshold: the mean optical density that parted glass and tissue.
    """

    tissue: Bools
    factor: int
    threshold: float

    @property
    def share(self) -> float:
        """Share of the slide that is tissue."""
        return float(self.tissue.mean())

    def share_of(self, x: int, y: int, side: int) -> float:
        """Share of tissue in a square of level 0, counted over the pixels of the overview whose centres lie in it."""
        left, right = inside(x, side, self.factor, self.tissue.shape[1])
        top, bottom = inside(y, side, self.factor, self.tissue.shape[0])
        part = self.tissue[top:bottom, left:right]
        return float(part.mean()) if part.size else 0.0


def inside(start: int, side: int, factor: int, n: int) -> tuple[int, int]:
    """First of ``n`` pixels, each of ``factor``, whose centre lies in a side, and the one after the last.

    >>> inside(0, 8, 4, 5), inside(1, 8, 4, 5), inside(2, 8, 4, 5), inside(3, 8, 4, 5)
    ((0, 2), (0, 2), (0, 2), (1, 3))
    """
    first, last = (-(-(2 * edge - factor) // (2 * factor)) for edge in (start, start + side))
    return max(first, 0), min(max(last, 0), n)


def find_tissue(slide: Slide, *, mpp: float = MPP, ink: bool = False) -> Mask:
    """Find tissue on a slide.

    Args:
        slide: the slide.
        mpp: micrometres a pixel of the overview that is looked at.
        ink: take ink and pens for tissue, too.
    """
    picture, factor = slide.overview(mpp=mpp), slide.factor(mpp)
    density = optical_density(picture.astype(np.float32))
    mean = density.mean(-1)
    dyed: Bools = (density[..., 1] > DYE * density[..., 0]) | (mean < GLASS) | ink
    varied = np.ptp(mean[dyed]) > 0 if dyed.any() else False
    threshold = float(np.clip(threshold_otsu(mean[dyed]), GLASS, DYED)) if varied else GLASS
    found: Bools = (mean > threshold) & dyed
    area = (factor * slide.mpp) ** 2
    found = _without_small(found, SPECK / area)
    return Mask(~_without_small(~found, HOLE / area), factor, threshold)


def _without_small(mask: Bools, least: float) -> Bools:
    """Only those connected parts that have at least so many pixels."""
    named, n = ndimage.label(mask)
    sizes: NDArray[Any] = np.bincount(named.ravel(), minlength=n + 1)
    return np.asarray(mask & (sizes >= least)[named])
