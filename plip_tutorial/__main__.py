"""Command line: ``python -m plip_tutorial doctor | prepare | models | report | sweep | finetune | embed | demo``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plip_tutorial.commands import command_line
from plip_tutorial.commands.command_line import TRACEBACK, count, folder, given, parquet, run_folder
from plip_tutorial.sources.tables import ENDINGS

NAME = "python -m plip_tutorial"
PRECISIONS = ("auto", "bfloat16", "float16", "float32")  # those of `devices`, whose import needs torch
# What stays after Ctrl-C, and how to go on.
KEPT = {
    "doctor": "Nothing was changed.",
    "prepare": "The steps that are done are kept; the same command goes on after them.",
    "models": "The committed models are what they were.",
    "report": "The models that were built are kept; the scores are measured anew by the next call.",
    "sweep": "The runs that are done are kept; the same command goes on after them.",
    "finetune": "Checkpoints that were written are kept in {output}; the same command goes on from the last.",
    "embed": "Shards that were finished are kept in {output}.parts; the same command goes on after them.",
    "demo": "The server is shut down, and nothing had to be kept.",
}
BASES = {"tiny": "tiny-clip", "tiny-plip": "tiny-plip"}


def number_or_auto(text: str) -> float | None:
    """None for "auto", which leaves a number open."""
    try:
        return None if text == "auto" else int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor auto") from None


NUMBERS: dict[str, tuple[Any, Any, str]] = {
    "epochs": (float, 10.0, "passes over the pairs"),
    "batch-size": (int, 128, "pairs compared with each other in a step"),
    "chunk-size": (int, 0, "pairs that go through the model at once; 0: all. Lower it when the memory is full"),
    "learning-rate": (number_or_auto, "auto", "highest rate; auto: 1e-3 for tiny and 1e-5 for others"),
    "warmup-steps": (number_or_auto, "auto", "steps until it is reached; auto: a sixth of the run, at most 50"),
    "validate-every": (number_or_auto, "auto", "steps between two looks at held-out pairs; auto: eight looks or more"),
    "save-every": (int, 100, "steps between two checkpoints"),
    "seed": (int, 0, "of order, variations and dropout"),
}


def _prepare(arguments: argparse.Namespace) -> None:
    """Build or fetch everything that the pages share."""
    from plip_tutorial import tracks
    from plip_tutorial.artifacts import prepare

    prepare.prepare(tracks.TRACKS[arguments.track] if arguments.track else None, backwards=arguments.backwards)


def _models(arguments: argparse.Namespace) -> None:
    """Make the models again, and say by its exit code whether they score as the committed ones do."""
    from plip_tutorial.studies import models

    if not models.run(replace=arguments.replace):
        raise SystemExit(1)


def _report(arguments: argparse.Namespace) -> None:
    from plip_tutorial.sources.picture_files import demand_pictures
    from plip_tutorial.studies import report, scoring

    scoring.check_real(arguments.real)  # now, not after ten minutes
    if arguments.negatives:
        demand_pictures(arguments.negatives)
    if arguments.save:
        _demand_writable_results()
    report.run(arguments.seeds, arguments.real, arguments.negatives, save=arguments.save)


def _demand_writable_results() -> None:
    from plip_tutorial.studies import provenance

    if reason := command_line.unwritable(provenance.FOLDER):  # now, not after the first run
        hint = "Work in a clone of the repository, installed with pip install --editable ."
        raise ValueError(f"the results belong into {provenance.FOLDER}: {reason}. {hint}")


def _sweep(_: argparse.Namespace) -> None:
    from plip_tutorial.studies import provenance, sweep

    _demand_writable_results()
    print(f"{len(sweep.run().results)} runs in {provenance.FOLDER / sweep.NAME}.json")


def _doctor(_: argparse.Namespace) -> None:
    from plip_tutorial.commands import doctor

    findings = doctor.examine()
    print(doctor.text(findings))
    if any(finding.stops for finding in findings):
        raise SystemExit(1)


def _finetune(arguments: argparse.Namespace) -> None:
    import numpy as np

    from plip_tutorial import artifacts
    from plip_tutorial.finetune import validation
    from plip_tutorial.finetune.config import TrainConfig
    from plip_tutorial.finetune.run import finetune
    from plip_tutorial.sources import own_tiles

    columns = {"image": arguments.image_column, "caption": arguments.caption_column}
    pairs = own_tiles.read_pairs(arguments.pairs, folder=arguments.images, **columns)
    held, how = validation.hold_out(pairs, arguments.validation)
    train, judges = (pairs.select(np.flatnonzero(mask)) for mask in (~held, held))
    print(f"{len(train)} pairs to learn from, {how}")
    options = {name: getattr(arguments, name) for name in (number.replace("-", "_") for number in NUMBERS)}
    if options["learning_rate"] is None:
        options["learning_rate"] = 1e-3 if arguments.base in BASES else 1e-5
    config = TrainConfig(**options, trackers=tuple(arguments.trackers))
    base = artifacts.checkpoint(BASES.get(arguments.base, arguments.base))
    judged = judges if held.any() else None
    resume = not arguments.anew
    model, history = finetune(base, train, config, output=arguments.output, validation=judged, resume=resume)
    if history:
        print(f"loss {history[0]['loss']:.3f} -> {history[-1]['loss']:.3f} in {len(history)} steps")
    print(f"the model is in {model}")


def _embed(arguments: argparse.Namespace) -> None:
    from plip_tutorial import artifacts
    from plip_tutorial.at_scale.embedder import embed_folder
    from plip_tutorial.plip.model import PLIP
    from plip_tutorial.sources.picture_files import demand_pictures

    files = demand_pictures(arguments.folder, warn=False)
    if arguments.output.exists() and (holds := _worth_keeping(arguments.output, files)):
        raise ValueError(f"{arguments.output} exists and holds {holds}, so it is not replaced. Name another output.")
    plip = PLIP(artifacts.checkpoint(BASES.get(arguments.model, arguments.model)), precision=arguments.precision)
    print(embed_folder(plip, arguments.folder, arguments.output, batch_size=arguments.batch_size))


def _worth_keeping(output: Path, files: list[str]) -> str:
    """What a file holds that its replacement would not; empty if it holds nothing but older embeddings of the same."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = pq.read_schema(output).names
    except pa.ArrowInvalid:
        names = []
    if "embedding" not in names:
        return "no embeddings"
    if others := set(names) - {"file", "embedding", "problem"}:
        return f"columns that would be lost ({', '.join(sorted(others))})"
    known = pq.read_table(output, columns=["file"])["file"].to_pylist() if "file" in names else files
    return "embeddings of other files" if set(files).isdisjoint(known) else ""


def _demo(arguments: argparse.Namespace) -> None:
    from plip_tutorial.commands import app

    app.run([str(arguments.folder)] if arguments.folder else [])


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    whole = argparse.ArgumentParser(
        prog=NAME,
        description="The PLIP tutorial: look at a machine, build what the pages share, train, embed, measure, show.",
        epilog=f"Options of a command: {NAME} embed --help. {TRACEBACK}=1 shows where an error comes from.",
    )
    commands = whole.add_subparsers(required=True, metavar="command", dest="command")

    def add(run: Any, name: str, text: str) -> Any:
        this = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        this.set_defaults(run=run)

        def option(name: str, text: str, **settings: Any) -> None:
            told = "; default: %(default)s" if settings.get("default") not in (None, []) else ""
            this.add_argument(name, help=text + told, **settings)

        return option

    add(_doctor, "doctor", "look at Python, packages, GPU, memory, disk, caches and the hub")

    option = add(_prepare, "prepare", "compute or fetch, ahead of a class, all that the pages share; resumes")
    option("--track", "the track of the class; by default the current one", choices=("tiny", "full"))
    option("--backwards", "begin at the end, so that a second process halves the time", action="store_true")

    text = "make the tiny models and their corpus again, and compare their scores with the committed ones (an hour)"
    option = add(_models, "models", text)
    option("--replace", "put them in the place of the committed ones", action="store_true")

    text = (
        "measure and print the project's numbers, beside what was aimed at (minutes, and a training for each new seed)"
    )
    option = add(_report, "report", text)
    option("--seeds", "models of each kind, averaged", type=count, default=3, metavar="N")
    text = "folders class/file of real H&E tiles, measured as well"
    option("--real", text, type=folder, nargs="+", default=[], metavar="DIR")
    option("--negatives", "a folder of pictures that are no H&E, for the filter", type=folder, metavar="DIR")
    option("--save", "write the numbers to report.json in the package", action="store_true")

    add(_sweep, "sweep", "compare many short trainings (half an hour on a free core; resumes)")

    option = add(_finetune, "finetune", "train a CLIP on your own pairs of picture and caption")
    option("--pairs", f"a file ({', '.join(ENDINGS)}), or a data set on the hub", type=given, required=True)
    option("--images", "where relative paths of pictures start", type=folder, metavar="DIR")
    option("--base", "tiny, openai/clip-vit-base-patch32, or the directory of a CLIP", type=given, default="tiny")
    option("--output", "folder of the run; it is resumed", type=run_folder, required=True, metavar="DIR")
    option("--anew", "throw away the run that is in the folder", action="store_true")
    option("--image-column", "column of picture paths", default="image")
    option("--caption-column", "column of captions", default="caption")
    option("--validation", "share of the pairs that is held out", type=float, default=0.1)
    for name, (kind, value, text) in NUMBERS.items():
        option(f"--{name}", text, type=kind, default=value)
    option("--trackers", "tensorboard, comet_ml, ...", nargs="*", default=[])

    option = add(_embed, "embed", "embed a folder of tiles into a Parquet file; resumes where it stopped")
    option("folder", "searched with all its sub-folders", type=folder, metavar="DIR")
    text = "ends in .parquet; columns file, embedding, problem"
    option("--output", text, type=parquet, required=True, metavar="FILE")
    option("--model", "tiny-plip, vinid/plip, or the directory of a CLIP", type=given, default="tiny-plip")
    text = "tiles in one forward pass; lower it when the memory is full"
    option("--batch-size", text, type=count, default=64, metavar="N")
    option("--precision", "of the model; auto is fast and safe", choices=PRECISIONS, default="auto")

    option = add(_demo, "demo", "search tiles by words or by picture, in the browser, on this machine only")
    text = "tiles of your own, DIR/class/file; by default the book's"
    option("folder", text, type=folder, nargs="?", metavar="DIR")
    return whole


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command."""
    arguments = parser().parse_args(argv)
    with command_line.plainly(f"{NAME} {arguments.command}", KEPT[arguments.command].format(**vars(arguments))):
        arguments.run(arguments)


if __name__ == "__main__":
    main()
