"""What tests of several steps share: a way through Ray, which a busy machine may not start."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest

from plip_tutorial.at_scale import ray_data


@pytest.fixture
def through_ray() -> Iterator[Callable[..., pa.Table]]:
    """`ray_data.with_ray`, and all that comes out of it as one table."""
    ray = pytest.importorskip("ray", reason="Ray is the optional extra scale")

    def table(*arguments: object, **options: object) -> pa.Table:
        try:
            return pa.concat_tables(ray.get(ray_data.with_ray(*arguments, **options).to_arrow_refs()))
        except Exception as error:
            if "timed out during startup" not in str(error):
                raise
            pytest.skip(f"Ray could not start here: {error}")

    yield table
    ray.shutdown()
