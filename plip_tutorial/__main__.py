"""Command line: ``python -m plip_tutorial doctor | prepare | report | sweep | finetune | embed | demo``."""

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
    "report": "The models that were built are kept; the scores are measured anew by the next call.",
    "sweep": "The runs that are done are kept; the same command goes on after them.",
    "finetune": "Checkpoints that were written are kept in {output}; the same command goes on from the last.",
    "embed": "Shards that were finished are kept in {output}.parts; the same command goes on after them.",
    "demo": "The server is shut down, and nothing had to be kept.",
}
BASES = {"tiny": "tiny-clip", "tiny-plip": "tiny-plip"}
NUMBERS: tuple[tuple[str, float | str, str], ...] = (
    ("epochs", 10.0, "passes over the pairs"),
    ("batch-size", 128, "pairs compared with each other in a step"),
    ("chunk-size", 0, "pairs that go through the model at once; 0: all. Lower it when the memory is full"),
    ("learning-rate", "auto", "highest rate; auto: 1e-3 for tiny and 1e-5 for others"),
    ("warmup-steps", "auto", "steps until it is reached; auto: a sixth of the run, at most 50"),
    ("validate-every", "auto", "steps between two looks at the held-out pairs; auto: eight looks or more"),
    ("save-every", 100, "steps between two checkpoints"),
    ("seed", 0, "of order, variations and dropout"),
)


def number_or_auto(text: str) -> float | None:
    """None for "auto", which leaves a number open."""
    if text == "auto":
        return None
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor auto") from None


def _prepare(arguments: argparse.Namespace) -> None:
    """Build or fetch everything that the chapters share."""
    from plip_tutorial import prepare, tracks

    prepare.prepare(tracks.TRACKS[arguments.track] if arguments.track else None)


def _report(arguments: argparse.Namespace) -> None:
    """Print the project's numbers."""
    from plip_tutorial.studies import report

    if arguments.real:
        report.check_real(arguments.real)  # now, not after ten minutes
    print(report.building().to_string(), end="\n\n")
    print("Zero-shot: weighted F1, probe: macro F1; mean over seeds, in brackets the 95% interval of the first seed.\n")
    print(report.benchmarks(arguments.seeds).to_string(), end="\n\n")
    if arguments.real:
        print(report.real_tiles(arguments.real, arguments.seeds).to_string())


def _sweep(_: argparse.Namespace) -> None:
    """Train many short runs side by side, and write the results into the package."""
    from plip_tutorial.studies import provenance, sweep

    if reason := command_line.unwritable(provenance.FOLDER):  # now, not after the first run
        hint = "Work in a clone of the repository, installed with pip install --editable ."
        raise ValueError(f"the results belong into {provenance.FOLDER}: {reason}. {hint}")
    print(f"{len(sweep.run().results)} runs in {provenance.FOLDER / sweep.NAME}.json")


def _doctor(_: argparse.Namespace) -> None:
    """Say what this machine has and lacks."""
    from plip_tutorial.commands import doctor

    findings = doctor.examine()
    print(doctor.text(findings))
    if any(finding.stops for finding in findings):
        raise SystemExit(1)


def _finetune(arguments: argparse.Namespace) -> None:
    """Train on a reader's own pairs."""
    import numpy as np

    from plip_tutorial import artifacts
    from plip_tutorial.finetune import validation
    from plip_tutorial.finetune.loop import TrainConfig, finetune
    from plip_tutorial.sources import own_tiles

    columns = {"image": arguments.image_column, "caption": arguments.caption_column}
    pairs = own_tiles.read_pairs(arguments.pairs, folder=arguments.images, **columns)
    held, how = validation.hold_out(pairs, arguments.validation)
    train, judges = (pairs.select(np.flatnonzero(mask)) for mask in (~held, held))
    print(f"{len(train)} pairs to learn from, {how}")
    rate = (1e-3 if arguments.base in BASES else 1e-5) if arguments.learning_rate is None else arguments.learning_rate
    config = TrainConfig(
        epochs=arguments.epochs,
        batch_size=arguments.batch_size,
        learning_rate=rate,
        chunk_size=arguments.chunk_size,
        warmup_steps=arguments.warmup_steps,
        validate_every=arguments.validate_every,
        save_every=arguments.save_every,
        trackers=tuple(arguments.trackers),
        seed=arguments.seed,
    )
    base = artifacts.checkpoint(BASES.get(arguments.base, arguments.base))
    options: dict[str, Any] = {"validation": judges if held.any() else None, "resume": not arguments.anew}
    model, history = finetune(base, train, config, output=arguments.output, **options)
    if history:
        print(f"loss {history[0]['loss']:.3f} -> {history[-1]['loss']:.3f} in {len(history)} steps")
    print(f"the model is in {model}")


def _embed(arguments: argparse.Namespace) -> None:
    """Embed a folder of tiles."""
    from plip_tutorial import artifacts
    from plip_tutorial.at_scale.embed import embed_folder
    from plip_tutorial.plip.model import PLIP

    _check_embed(arguments.folder, arguments.output)
    plip = PLIP(artifacts.checkpoint(BASES.get(arguments.model, arguments.model)), precision=arguments.precision)
    print(embed_folder(plip, arguments.folder, arguments.output, batch_size=arguments.batch_size))


def _check_embed(tiles: Path, output: Path) -> None:
    """Refuse, before a model is made or fetched, a folder without pictures and an output that would be a loss."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from plip_tutorial.sources.picture_files import demand_pictures

    files = demand_pictures(tiles, warn=False)
    if output.exists():
        try:
            names = pq.read_schema(output).names
        except pa.ArrowInvalid:
            names = []
        holds = "" if "embedding" in names else "no embeddings"
        if others := set(names) - {"file", "embedding", "problem"}:
            holds = holds or f"columns that would be lost ({', '.join(sorted(others))})"
        if (
            not holds
            and "file" in names
            and set(files).isdisjoint(pq.read_table(output, columns=["file"])["file"].to_pylist())
        ):
            holds = f"embeddings of other files than {tiles}"
        if holds:
            raise ValueError(f"{output} exists and holds {holds}, so it is not replaced. Name another output.")


def _demo(arguments: argparse.Namespace) -> None:
    """Open the Streamlit app in the browser."""
    from plip_tutorial.commands import app

    app.run([str(arguments.folder)] if arguments.folder else [])


def _add_finetune(commands: Any) -> None:
    this = commands.add_parser(
        "finetune",
        help="train a CLIP on your own pairs of picture and caption",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    this.set_defaults(run=_finetune)
    this.add_argument(
        "--pairs", type=given, required=True, help=f"a file ({', '.join(ENDINGS)}), or a data set on the hub"
    )
    this.add_argument("--images", type=folder, metavar="DIR", help="where relative paths of pictures start")
    this.add_argument(
        "--base", type=given, default="tiny", help="tiny, openai/clip-vit-base-patch32, or the directory of a CLIP"
    )
    this.add_argument(
        "--output", type=run_folder, required=True, metavar="DIR", help="folder of the run; it is resumed"
    )
    this.add_argument("--anew", action="store_true", help="throw away the run that is in the folder")
    this.add_argument("--image-column", default="image", help="column of picture paths")
    this.add_argument("--caption-column", default="caption", help="column of captions")
    this.add_argument("--validation", type=float, default=0.1, help="share of the pairs that is held out")
    for name, value, text in NUMBERS:
        this.add_argument(
            f"--{name}", type=number_or_auto if value == "auto" else type(value), default=value, help=text
        )
    this.add_argument("--trackers", nargs="*", default=[], help="tensorboard, comet_ml, ...")


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    whole = argparse.ArgumentParser(
        prog=NAME,
        description="The PLIP tutorial: look at a machine, build what the chapters share, train, embed, measure, show.",
        epilog=f"Options of a command: {NAME} embed --help. {TRACEBACK}=1 shows where an error comes from.",
    )
    commands = whole.add_subparsers(required=True, metavar="command", dest="command")
    _add(commands, _doctor, "doctor", "look at Python, packages, GPU, memory, disk, caches and the hub")
    prepare = _add(
        commands, _prepare, "prepare", "build or fetch, ahead of a class, all that the chapters share; resumes"
    )
    prepare.add_argument("--track", choices=("tiny", "full"), help="the track of the class; by default the current one")
    report = _add(commands, _report, "report", "measure and print the project's numbers (ten minutes the first time)")
    report.add_argument("--seeds", type=count, default=3, metavar="N", help="models of each kind, averaged; default 3")
    report.add_argument(
        "--real", type=folder, nargs="+", metavar="DIR", help="folders class/file of real H&E tiles, measured as well"
    )
    hint = "compare many short trainings (three quarters of an hour on a free core; resumes)"
    _add(commands, _sweep, "sweep", hint)
    _add_finetune(commands)
    embed = _add(commands, _embed, "embed", "embed a folder of tiles into a Parquet file; resumes where it stopped")
    embed.add_argument("folder", type=folder, metavar="DIR", help="searched with all its sub-folders")
    embed.add_argument(
        "--output",
        type=parquet,
        required=True,
        metavar="FILE",
        help="ends in .parquet; columns file, embedding, problem",
    )
    embed.add_argument(
        "--model", type=given, default="tiny-plip", help="tiny-plip, vinid/plip, or the directory of a CLIP"
    )
    embed.add_argument(
        "--batch-size",
        type=count,
        default=64,
        metavar="N",
        help="tiles in one forward pass; default 64. Lower it when the memory is full",
    )
    embed.add_argument("--precision", choices=PRECISIONS, default="auto", help="of the model; auto is fast and safe")
    demo = _add(commands, _demo, "demo", "search tiles by words or by picture, in the browser, on this machine only")
    demo.add_argument(
        "folder", type=folder, nargs="?", metavar="DIR", help="tiles of your own, DIR/class/file; by default the book's"
    )
    return whole


def _add(commands: Any, run: Any, name: str, text: str) -> Any:
    this = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    this.set_defaults(run=run)
    return this


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command."""
    arguments = parser().parse_args(argv)
    with command_line.plainly(f"{NAME} {arguments.command}", KEPT[arguments.command].format(**vars(arguments))):
        arguments.run(arguments)


if __name__ == "__main__":
    main()
