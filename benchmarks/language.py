"""Is it English? This package beside py3langid as it comes and beside lingua: right answers, time, memory.

    pip install lingua-language-detector==2.1.1         # for this comparison only; without it two rows are missing
    python benchmarks/language.py [rounds, default 3]

Two lists of the tests: 300 captions in eight languages, and 200 diagnoses and short captions in ten. The second was
written before its rules; they were tuned on one half of it, and the other half was opened when they stood. What it
showed then (0.94) led to two more rules, so today neither half is unseen. Each way runs in a process of its own and in
turns. Memory is the peak of the whole process, Python included; times are for the captions alone, the model being
loaded, best of the rounds.
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
from typing import Any

DATA = Path(__file__).parents[1] / "tests/data"
LISTS = {"300 captions": "captions_languages.csv", "200 diagnoses": "diagnoses_languages.csv"}
REPEATS = 5
Judge = Callable[[list[str]], list[bool]]


def ours() -> Judge:
    from plip_tutorial.collect.language import is_english

    return lambda texts: is_english(texts).tolist()


def langid() -> Judge:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    return lambda texts: [identifier.classify(text)[0] == "en" for text in texts]


def lingua_every() -> Judge:
    from lingua import Language, LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_languages().build()
    return lambda texts: [detector.detect_language_of(text) == Language.ENGLISH for text in texts]


def lingua_ours() -> Judge:
    from lingua import IsoCode639_1, Language, LanguageDetectorBuilder

    from plip_tutorial.collect.language import LANGUAGES

    codes = [getattr(IsoCode639_1, code.upper()) for code in LANGUAGES]
    detector = LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()
    return lambda texts: [detector.detect_language_of(text) == Language.ENGLISH for text in texts]


WAYS: dict[str, Callable[[], Judge]] = {
    "is_english": ours,
    "py3langid as it comes": langid,
    "lingua, our languages": lingua_ours,
    "lingua, every language": lingua_every,
}


def rows_of(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((DATA / LISTS[name]).open(encoding="utf-8")))


def accuracy(told: list[bool], rows: list[dict[str, str]]) -> float:
    return sum(a == (row["language"] == "en") for a, row in zip(told, rows, strict=True)) / len(rows)


def one(name: str) -> None:
    """Measure one way in this process."""
    judge, scores = WAYS[name](), {}
    texts: list[str] = []
    for which in LISTS:
        rows = rows_of(which)
        told = judge([row["text"] for row in rows])
        scores[which] = accuracy(told, rows)
        for half in sorted({row["half"] for row in rows if "half" in row}):
            part = [i for i, row in enumerate(rows) if row["half"] == half]
            scores[f"of them {half}"] = accuracy([told[i] for i in part], [rows[i] for i in part])
        texts += [row["text"] for row in rows]
    start = perf_counter()
    for _ in range(REPEATS):
        judge(texts)
    seconds = (perf_counter() - start) / REPEATS / len(texts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"seconds": seconds, "megabytes": peak / 1e6, "accuracy": scores}))


def main(rounds: int) -> None:
    """Print a table and the ratios."""
    found: dict[str, list[dict[str, Any]]] = {}
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
            f"{name:<24} {1e6 * seconds:7.0f} microseconds a caption ({seconds / mine:5.1f} times ours), "
            f"peak {memory:4.0f} MB"
        )
        print("    accuracy on", ", ".join(f"{which}: {right:.3f}" for which, right in told[0]["accuracy"].items()))


if __name__ == "__main__":
    one(sys.argv[2]) if sys.argv[1:2] == ["--one"] else main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
