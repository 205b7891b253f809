"""Whether the full track can be had here and now: asked once, in seconds, before a page begins.

What has been fetched is not asked for. For the rest the hub is asked about each model and each labelled set at its
pinned commit, all at once, so that one that was removed or closed is found as well as a network that is not there.

    obstacle(tracks.FULL)     # "" or "vinid/plip: https://huggingface.co answers with 404"
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from multiprocessing.pool import ThreadPool

from huggingface_hub import constants

from plip_tutorial import tracks
from plip_tutorial.sources import hub, hub_data, network

SECONDS = 10.0  # for all questions together


def obstacle(track: tracks.Track) -> str:
    """Why the models or sets of a track cannot be had; empty if they are here or can be fetched.

    Raises:
        CacheError: if the cache of the book cannot be made.
    """
    lacking = dict(_lacking(track))
    if not lacking:
        return ""
    if constants.is_offline_mode():
        return f"{next(iter(lacking))} was never fetched, and HF_HUB_OFFLINE is set"
    with ThreadPool(len(lacking)) as pool:
        return next(filter(None, pool.starmap(_asked, lacking.items())), "")


def _lacking(track: tracks.Track) -> Iterator[tuple[str, str]]:
    """Names of what has not been fetched, with the address that tells about it."""
    for model in (track.clip, track.plip, *track.others.values()):
        if not hub.is_here(model):
            yield model, f"models/{model}/revision/{hub.MODELS[model].revision}"
    for name in track.benchmarks:
        if not all(hub_data.is_here(name, split, n) for split, n in hub_data.TILES.items()):
            yield name, f"datasets/{name}/revision/{hub_data.SETS[name].revision}"


def _asked(name: str, address: str) -> str:
    """Why the hub does not have it; empty if it does."""
    try:
        status, content = network.fetch(f"{constants.ENDPOINT}/api/{address}", SECONDS)
    except network.NoAnswerError as error:
        return f"{constants.ENDPOINT} cannot be reached ({error})"
    if status != 200:
        return f"{name}: {constants.ENDPOINT} answers with {status}"
    try:
        json.loads(content)
    except ValueError:
        return f"something else answers in the place of {constants.ENDPOINT}; does the network want you to log in?"
    return ""
