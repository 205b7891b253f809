"""The picture filter on pictures that no program drew; the unit on what does not belong shows the table.

    python benchmarks/real_filter.py [folder of the sets, default ../shared/data]

It writes ``plip_tutorial/data/real_filter.json`` with its provenance. Nothing is trained on these pictures. The
numbers that the filter looks at were chosen with a look at the first and the last of the sets.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

import numpy as np

from plip_tutorial import clean
from plip_tutorial.sources.picture_files import find_pictures
from plip_tutorial.studies import canary, provenance

SETS = {
    "nct_crc_mini": "tiles of NCT-CRC-HE",
    "kather2016_mini": "tiles of Kather et al. (2016)",
    "negatives": "real pictures that are no H&E",
}
EMPTY = {"BACK", "08_EMPTY"}


def main(data: Path) -> None:
    """Measure, print, write."""
    start, rows = perf_counter(), []
    for name, words in SETS.items():
        paths = sorted(data / name / file for file in find_pictures(data / name).files)
        paths = [path for path in paths if path.parent.name not in EMPTY]
        if not paths:
            raise SystemExit(f"{data / name} holds no pictures.")
        keep = clean.is_pathology(paths)
        rows.append({"pictures": words, "n": len(paths), "kept": round(float(np.mean(keep)), 4)})
        print(
            rows[-1], "wrong:", sorted({p.name for p, k in zip(paths, keep, strict=True) if k == (name == "negatives")})
        )
    note = provenance.Provenance.now(canary=canary.take(), seconds=perf_counter() - start)
    print(provenance.save("real_filter", rows, note))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "../shared/data")
