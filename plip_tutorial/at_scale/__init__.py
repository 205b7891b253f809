"""What millions of pictures need: work that goes on after an interruption, in shards, on several machines.

`shards` is the machine for it. `embedder` embeds a folder or a table of any length with it and opens the result as a
pool; `steps` are the steps of collecting, expanding and cleaning as functions of one shard; `ray_data` hands the same
steps to Ray. `slide_tiles` reads and embeds the tiles of a slide, a shard of places at a time. `embedding_columns`
keeps vectors of pictures of which some cannot be read.
"""

from plip_tutorial.at_scale.embedder import Pool, embed_folder, embed_pool, open_pool
from plip_tutorial.at_scale.ray_data import with_ray
from plip_tutorial.at_scale.shards import read, run, write_shards
from plip_tutorial.at_scale.slide_tiles import EmbedTiles, vectors_of

__all__ = [
    "EmbedTiles", "Pool", "embed_folder", "embed_pool", "open_pool", "read", "run", "vectors_of", "with_ray",
    "write_shards",
]  # fmt: skip
