"""The steps of `steps` through Ray Data, an engine for several machines.

Ray takes the same functions as `shards.run`, hands the shards to whoever is free, and passes tables on in memory:

    with_ray("pool", Embed("vinid/plip"), Fingerprint()).write_parquet("done")
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pyarrow as pa

from plip_tutorial.at_scale.shards import Folder, Step, files_in, read_shard


def with_ray(folder: Folder, *steps: Step, workers: int | None = None) -> Any:
    """Do steps one after the other, without files between them.

    A session of Ray that runs already is used; otherwise one is started on this machine, without dashboard and without
    reports to anybody.

    Args:
        folder: shards of `shards.write_shards`, or the output of `shards.run`; every worker has to see it.
        steps: what `shards.run` takes.
        workers: processes of a session that has to be started; None for one on each core.

    Returns:
        A lazy `ray.data.Dataset` in the order of the shards. Nothing happens until it is read or written.

    Raises:
        ModuleNotFoundError: Ray is not installed.
    """
    try:
        import ray.data
    except ModuleNotFoundError as error:
        hint = "this way needs Ray: pip install 'plip-tutorial[scale]'. shards.run works without it."
        raise ModuleNotFoundError(hint) from error
    engine: Any = ray
    if not engine.is_initialized():
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        engine.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, logging_level="warning")
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    context = engine.data.DataContext.get_current()
    context.execution_options.preserve_order, context.enable_progress_bars = True, False
    files = [{"file": str(file.absolute())} for file in files_in(folder)[0]]
    data = engine.data.from_items(files, override_num_blocks=len(files))  # a block is a shard, so a batch is one, too
    for step in (_tables, *steps):
        data = data.map_batches(step, batch_size=None, batch_format="pyarrow")
    return data


def _tables(names: pa.Table) -> pa.Table:
    return pa.concat_tables([read_shard(Path(file)) for file in names["file"].to_pylist()])
