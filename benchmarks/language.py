"""Is it English? This package beside py3langid as it comes and beside lingua: right answers, time, memory.

    pip install lingua-language-detector==2.1.1         # for this comparison only; without it two rows are missing
    python benchmarks/language.py [rounds, default 3]

The 300 captions in eight languages of the tests, each way in a process of its own and in turns. Memory is the peak of
the whole process, Python included; times are for the captions alone, the model being loaded, best of the rounds.
"""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

LIST = Path(__file__).parents[1] / "tests/data/captions_languages.csv"
REPEATS = 5
Judge = Callable[[list[str]], list[bool]]


def ours() -> Judge:
    from plip_tutorial.language import is_english

    return lambda texts: is_english(texts).tolist()


def langid() -> Judge:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    return lambda texts: [identifier.classify(text)[0] == "en" for text in texts]


def lingua_every() -> Judge:
    from lingua import Language, LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_languages().build()
    return lambda texts: [detector.detect_language_of(text) == Language.ENGLISH for text in texts]


def lingua_eight() -> Judge:
    from lingua import IsoCode639_1, Language, LanguageDetectorBuilder

    from plip_tutorial.language import LANGUAGES

    codes = [getattr(IsoCode639_1, code.upper()) for code in LANGUAGES]
    detector = LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()
    return lambda texts: [detector.detect_language_of(text) == Language.ENGLISH for text in texts]


WAYS: dict[str, Callable[[], Judge]] = {
    "is_english": ours,
    "py3langid as it comes": langid,
    "lingua, eight languages": lingua_eight,
    "lingua, every language": lingua_every,
}


def one(name: str) -> None:
    """Measure one way in this process."""
    rows = list(csv.DictReader(LIST.open(encoding="utf-8")))
    texts, english = [row["text"] for row in rows], [row["language"] == "en" for row in rows]
    judge = WAYS[name]()
    told = judge(texts)  # loads what is loaded lazily
    start = perf_counter()
    for _ in range(REPEATS):
        judge(texts)
    seconds = (perf_counter() - start) / REPEATS / len(texts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    right = sum(a == b for a, b in zip(told, english, strict=True)) / len(texts)
    print(json.dumps({"seconds": seconds, "megabytes": peak / 1e6, "accuracy": right}))


def main(rounds: int) -> None:
    """Print a table and the ratios."""
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(rounds):
        for name in WAYS:
            call = [sys.executable, __file__, "--one", name]
            done = subprocess.run(call, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                found.setdefault(name, []).append(json.loads(done.stdout))
            elif "No module named 'lingua'" not in done.stderr:
                raise RuntimeError(done.stderr)
    mine = min(told["seconds"] for told in found["is_english"])
    for name, told in found.items():
        seconds, memory = min(t["seconds"] for t in told), max(t["megabytes"] for t in told)
        print(
            f"{name:<24} accuracy {told[0]['accuracy']:.3f}, {1e6 * seconds:7.0f} microseconds a caption "
            f"({seconds / mine:5.1f} times ours), peak {memory:4.0f} MB"
        )


if __name__ == "__main__":
    one(sys.argv[2]) if sys.argv[1:2] == ["--one"] else main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
