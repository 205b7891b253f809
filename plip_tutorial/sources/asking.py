"""Asking the hub: what is tried again, and what is said when it fails for good.

A hub can be absent, refuse, or send something else than it promised. Its client waits and tries again by itself where
that may help; what it gives up ends here, in one error that names what was asked for, the address and the remedy.

>>> ask("a sum", lambda: 1 + 1)
2
"""

from __future__ import annotations

import json
import time
import traceback
import urllib.request
from collections.abc import Callable, Mapping
from multiprocessing.pool import ThreadPool
from typing import TypeVar

from huggingface_hub import constants, errors, get_session

_T = TypeVar("_T")
TRIES, WAIT = 3, 2.0  # seconds before the second try; twice as many before the third
SECONDS = 10.0  # for all questions of `obstacle` together
MOST = 8 * 1024**2  # bytes of an answer that `fetch` reads
TINY = (
    "Or take the tiny track, which needs no network: set PLIP_TUTORIAL_TRACK=tiny before Python starts "
    "(in a notebook: %env PLIP_TUTORIAL_TRACK=tiny in the first cell, after a restart)."
)
HTTPError: type[Exception] = errors.HTTPError  # type: ignore[attr-defined] # of the client's own HTTP library


class HubError(OSError):
    """The hub could not give what was asked for; the message says why and what to do."""


class BadContentError(Exception):
    """Something has arrived whole, and yet is not what it has to be."""


class OddAnswerError(Exception):
    """The hub's client made nothing of an answer, or the answer does not fit the question."""


def ask(what: str, call: Callable[[], _T]) -> _T:
    """Do ``call``, which asks the hub for ``what``; again after a pause where that may help.

    Raises:
        HubError: if it failed for good. Errors that are not the hub's pass unchanged.
    """
    for tried in range(1, TRIES + 1):
        try:
            return call()
        except HubError:  # of a question within
            raise
        except Exception as error:
            cause = cause_of(error)
            if cause is None:
                raise
            passes = not isinstance(cause, errors.OfflineModeIsEnabled)
            if isinstance(cause, errors.HfHubHTTPError):
                passes = _status(cause) in (408, 429) or _status(cause) >= 500
            if tried == TRIES or not passes:
                raise HubError(advice(what, cause)) from error
            time.sleep(WAIT * 2 ** (tried - 1))
    raise AssertionError("not reached")


def fetch(address: str, seconds: float) -> tuple[int, bytes]:
    """Status and beginning of what an address answers; no token is sent.

    Raises:
        HubError: nothing whole came within so many seconds for everything together.
    """

    def attempt() -> tuple[int, bytes]:
        content = bytearray()
        with get_session().stream("GET", address, timeout=seconds) as answer:
            for piece in answer.iter_bytes(2**16):
                content += piece
                if len(content) >= MOST:
                    break
            return answer.status_code, bytes(content[:MOST])

    with ThreadPool(1) as pool:
        outcome = pool.apply_async(attempt)
        outcome.wait(seconds)
        if not outcome.ready():
            raise HubError(f"no whole answer within {seconds:g} s")
        try:
            return outcome.get()
        except Exception as error:  # of sockets, of the protocol, of an odd address: it is all the same to who asks
            raise HubError(str(error) or type(error).__name__) from error


def obstacle(lacking: Mapping[str, str]) -> str:
    """Why the hub cannot give what is lacking; empty if it can. All are asked for at once.

    Args:
        lacking: names of models and sets, each with the address that tells about it, below ``HF_ENDPOINT/api/``.
    """
    hub = constants.ENDPOINT

    def refusal(name: str, address: str) -> str:
        try:
            status, content = fetch(f"{hub}/api/{address}", SECONDS)
            if status != 200:
                return f"{name}: {hub} answers with {status}"
            json.loads(content)
        except HubError as error:
            return f"{hub} cannot be reached ({error})"
        except ValueError:
            return f"something else answers in the place of {hub}; does the network want you to log in?"
        return ""

    if lacking and constants.is_offline_mode():
        return f"{next(iter(lacking))} was never fetched, and HF_HUB_OFFLINE is set"
    with ThreadPool(max(1, len(lacking))) as pool:
        return next(filter(None, pool.starmap(refusal, lacking.items())), "")


def cause_of(error: BaseException) -> Exception | None:
    """The failure of the hub that stands behind ``error``; None if it is something else."""
    kinds = (HTTPError, errors.OfflineModeIsEnabled, BadContentError, OddAnswerError)
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen:
        seen.append(link)
        if isinstance(link, kinds):
            return link
        if isinstance(link, ConnectionError) and "on the Hub (" in str(link):  # datasets keeps the cause's name alone
            return errors.OfflineModeIsEnabled(str(link)) if "(OfflineMode" in str(link) else link
        link = link.__cause__ or link.__context__
    return next((OddAnswerError(f"{type(link).__name__}: {link}") for link in seen if _is_odd(link)), None)


def _is_odd(error: BaseException) -> bool:
    """Whether the hub's client stumbled over an answer; a full disk below it is not the hub's doing."""
    if isinstance(error, (json.JSONDecodeError, errors.FileMetadataError)):
        return True
    if isinstance(error, (OSError, errors.HFValidationError)) or not isinstance(error, Exception):
        return False
    frames = traceback.walk_tb(error.__traceback__)
    return any(str(frame.f_globals.get("__name__")).startswith("huggingface_hub.") for frame, _ in frames)


def _status(error: Exception) -> int:
    return int(getattr(getattr(error, "response", None), "status_code", 0))


def advice(what: str, error: Exception) -> str:
    """What failed, why, and what to do: for a `HubError`; ``error`` comes from `cause_of`."""
    status, hub = _status(error), constants.ENDPOINT
    if isinstance(error, BadContentError):
        why = f"{error}. It was removed and fetched {TRIES} times from {hub}. Try another network, or later."
    elif isinstance(error, OddAnswerError):
        why = (
            f"what {hub} answers makes no sense ({error}). A proxy, or a network that wants you to log in, may have "
            "answered in its place: open the address in a browser. If it is not the hub's, mend HF_ENDPOINT."
        )
    elif isinstance(error, errors.OfflineModeIsEnabled):
        why = "it was never fetched, and HF_HUB_OFFLINE is set. Unset it once, with a network."
    elif isinstance(error, errors.GatedRepoError) or status == 403:
        why = f"its owner wants to know who reads it ({status}). Accept the terms on {hub}/{what}, then: hf auth login."
    elif isinstance(error, errors.RevisionNotFoundError):
        why = f"the version that this book was written for is gone from {hub} (404). Is there a newer book?"
    elif status in (401, 404):
        why = f"{hub} does not have it, or not for everybody ({status}). Is the name right? Was it moved or closed?"
    elif status == 429:
        why = f"{hub} asks for fewer requests (429). Wait some minutes; who has logged in (hf auth login) may ask more."
    elif status:
        why = f"{hub} has a problem of its own ({status}). Try again later."
    else:
        why = f"{hub} cannot be reached, or is too slow ({type(error).__name__}). Check {way()}, and try again."
    return f"{what}: {why} {TINY}"


def way() -> str:
    """What lies between here and the hub, for a message; without the password that the proxy's address may hold."""
    scheme, _, rest = urllib.request.getproxies().get("https", "").rpartition("://")
    proxy = f"{scheme or 'http'}://{rest.rpartition('@')[2]}" if rest else "none"
    return f"the network, the proxy (HTTPS_PROXY: {proxy}) and the address (HF_ENDPOINT)"
