"""Asking the hub: what is waited for and how long, what is tried again, and what is said when it fails for good.

A hub can be absent, refuse, send something else than it promised, or send it so slowly that no single read ever times
out. Each of these ends here, in one error that names what was asked for, the address and the remedy.

>>> ask("a sum", lambda: 1 + 1)
2
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import Any, TypeVar

from huggingface_hub import close_session, constants, errors

from plip_tutorial import tracks
from plip_tutorial.sources import network

_T = TypeVar("_T")
TRIES, WAIT, LONGEST_WAIT = 3, 2.0, 60.0  # seconds
PATIENCE = 120.0  # seconds without progress; the client writes pieces of 10 MB, so a line of 100 kB/s is fast enough
FAREWELL = 10.0  # seconds that a thread which is given up gets to end
TINY = (
    f"Or take the tiny track, which needs no network: set {tracks.VARIABLE}=tiny before Python starts "
    f"(in a notebook: %env {tracks.VARIABLE}=tiny in the first cell, after a restart)."
)
HTTPError: type[Exception] = errors.HTTPError  # type: ignore[attr-defined] # of the client's own HTTP library


class HubError(OSError):
    """The hub could not give what was asked for; the message says why and what to do."""


class BadContentError(Exception):
    """Something has arrived whole, and yet is not what it has to be."""


class OddAnswerError(Exception):
    """The hub's client made nothing of an answer, or the answer does not fit the question."""


class SlowError(Exception):
    """Nothing has come for `PATIENCE` seconds, or next to nothing."""


@dataclass
class Progress:
    """What has come so far, and whether somebody still waits for it.

    Attributes:
        measure: gives a number that grows as long as something comes; by default it is ``come``.
        come: what `add` has counted.
        given_up: set when nobody waits any more.
    """

    measure: Callable[[], int] | None = None
    come: int = 0
    given_up: bool = False

    def __call__(self) -> int:
        """The number."""
        return self.measure() if self.measure else self.come

    def add(self, n: int = 1) -> None:
        """Count something that has come.

        Raises:
            SlowError: if nobody waits for it any more.
        """
        if self.given_up:
            raise SlowError("nobody waits for it any more")
        self.come += n


def ask(what: str, call: Callable[[], _T], *, progress: Progress | None = None, tries: int = TRIES) -> _T:
    """Do ``call``, which asks the hub for something; again after a pause where that may help.

    Args:
        what: name of what is asked for, for the message.
        call: leaves nothing half done behind when it fails.
        progress: if it stays the same for `PATIENCE` seconds, the hub is given up. None: nothing is known about it, and
            the call may take as long as it takes.
        tries: how often it is tried at most.

    Raises:
        HubError: if it failed for good. Errors that are not the hub's pass unchanged.
    """
    for left in reversed(range(tries)):
        try:
            return call() if progress is None else _patiently(call, progress)
        except HubError:  # of a question within
            raise
        except Exception as error:
            cause = cause_of(error)
            if cause is None:
                raise
            if not left or not _may_pass(cause):
                raise HubError(advice(what, cause)) from error
            time.sleep(_pause(cause, tries - left))
    raise AssertionError("not reached")


def _patiently(call: Callable[[], _T], progress: Progress) -> _T:
    """Do ``call`` in a thread of its own: a read cannot be cut short, but a thread can be left behind."""
    outcome: Future[_T] = Future()
    thread = Thread(target=_settle, args=(outcome, call), daemon=True)
    thread.start()
    seen, since = progress(), time.monotonic()
    try:
        while True:
            try:
                return outcome.result(timeout=min(1.0, PATIENCE))
            except TimeoutError:
                if outcome.done():  # it is the call's own
                    raise
            if (now := progress()) != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since >= PATIENCE:
                raise SlowError(f"next to nothing came for {PATIENCE:g} s")
    finally:
        if not outcome.done():  # given up, or somebody has pressed Ctrl-C
            progress.given_up = True
            close_session()  # the next read of the thread fails
            thread.join(FAREWELL)


def _settle(outcome: Future[Any], call: Callable[[], Any]) -> None:
    try:
        outcome.set_result(call())
    except BaseException as error:  # it is raised again where the result is waited for
        outcome.set_exception(error)


def cause_of(error: BaseException) -> Exception | None:
    """The failure of the hub that stands behind ``error``; None if it is something else."""
    kinds = (HTTPError, errors.OfflineModeIsEnabled, BadContentError, OddAnswerError, SlowError)
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
    place, modules = error.__traceback__, []
    while place is not None:
        modules.append(str(place.tb_frame.f_globals.get("__name__", "")))
        place = place.tb_next
    return any(module.startswith("huggingface_hub.") for module in modules)


def _status(error: Exception) -> int:
    return int(getattr(getattr(error, "response", None), "status_code", 0))


def _may_pass(error: Exception) -> bool:
    if isinstance(error, errors.HfHubHTTPError):
        return _status(error) in (408, 429) or _status(error) >= 500
    return not isinstance(error, (errors.OfflineModeIsEnabled, SlowError))


def _pause(error: Exception, tried: int) -> float:
    """Seconds: what the hub asks for, up to a minute; else, or if what it says is no time, twice as many each time."""
    response: Any = getattr(error, "response", None)
    try:
        asked = float(response.headers.get("Retry-After", "")) if response is not None else -1.0
    except ValueError:
        asked = -1.0
    return min(LONGEST_WAIT, asked) if asked >= 0 else WAIT * 2 ** (tried - 1)


def advice(what: str, error: Exception) -> str:
    """What failed, why, and what to do: for a `HubError`.

    Args:
        what: name of what was asked for.
        error: from `cause_of`.
    """
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
        how = str(error) if isinstance(error, SlowError) else type(error).__name__
        way = f"the network, the proxy (HTTPS_PROXY: {network.proxy()}) and the address (HF_ENDPOINT)"
        why = f"{hub} cannot be reached, or is too slow ({how}). Check {way}, and try again."
    return f"{what}: {why} {TINY}"
