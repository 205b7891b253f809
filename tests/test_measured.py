"""What chapters 3 and 4 draw from files belongs to the code of today."""

import pytest

from plip_tutorial import cache, provenance, recipe

CODE = {
    "knn_growth": ("plip_tutorial.vector_index",),
    "real_filter": (*recipe.WORLD, *recipe.TRAINING, *recipe.CURATION),
}


@pytest.mark.parametrize("name", CODE)
def test_a_results_file_is_not_older_than_its_code(name: str) -> None:
    stored = provenance.load(name)
    assert stored.provenance.code == cache.code_key(*CODE[name]), f"run: python benchmarks/{name}.py"


def test_the_growth_curve_is_whole() -> None:
    """Each size was measured in each way; what is called exact found everything."""
    rows = provenance.load("knn_growth").results["rows"]
    sizes = sorted({row["pool"] for row in rows})
    assert sizes[0] == 1_000
    assert len(rows) == len(sizes) * len({row["index"] for row in rows})
    assert all(row["recall"] == 1 for row in rows if row["index"] == "exact")
    assert all(0 < row["recall"] <= 1 for row in rows)
