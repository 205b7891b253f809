"""What chapters 3 and 4 draw from files belongs to the code of today."""

import pytest

from plip_tutorial import cache, provenance, recipe

CODE = {
    "real_filter": (*recipe.WORLD, *recipe.TRAINING, *recipe.CURATION),
}


@pytest.mark.parametrize("name", CODE)
def test_a_results_file_is_not_older_than_its_code(name: str) -> None:
    stored = provenance.load(name)
    assert stored.provenance.code == cache.code_key(*CODE[name]), f"run: python benchmarks/{name}.py"
