"""Command line: ``python -m plip_tutorial doctor | prepare | report | sweep | finetune | embed | demo``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plip_tutorial.own_tiles import LISTS

BASES = {"tiny": "tiny-clip", "tiny-plip": "tiny-plip"}
NUMBERS = (
    ("epochs", 10.0, "passes over the pairs"),
    ("batch-size", 128, "pairs compared with each other in a step"),
    ("chunk-size", 0, "pairs that go through the model at once; 0: all. Lower it when the memory is full"),
    ("warmup-steps", 50, "steps until it is reached"),
    ("validate-every", 50, "steps between two looks at the held-out pairs"),
    ("save-every", 100, "steps between two checkpoints"),
    ("seed", 0, "of order, variations and dropout"),
)


def _prepare(arguments: argparse.Namespace) -> None:
    """Build or fetch everything that the chapters share."""
    from plip_tutorial import prepare, tracks

    prepare.prepare(tracks.TRACKS[arguments.track] if arguments.track else None)


def _report(arguments: argparse.Namespace) -> None:
    """Print the project's numbers."""
    from plip_tutorial import report

    print(report.building().to_string(), end="\n\n")
    print("Zero-shot: weighted F1, probe: macro F1; mean over seeds, in brackets the 95% interval of the first seed.\n")
    print(report.benchmarks(arguments.seeds).to_string(), end="\n\n")
    if arguments.real:
        print(report.real_tiles(arguments.real, arguments.seeds).to_string())


def _sweep(_: argparse.Namespace) -> None:
    """Train many short runs side by side, and write the results into the package."""
    from plip_tutorial import provenance, sweep

    print(f"{len(sweep.run().results)} runs in {provenance.FOLDER / sweep.NAME}.json")


def _doctor(_: argparse.Namespace) -> None:
    """Say what this machine has and lacks."""
    from plip_tutorial import doctor

    findings = doctor.examine()
    print(doctor.text(findings))
    if any(finding.stops for finding in findings):
        raise SystemExit(1)


def _finetune(arguments: argparse.Namespace) -> None:
    """Train on a reader's own pairs."""
    import numpy as np

    from plip_tutorial import artifacts, own_tiles
    from plip_tutorial.finetune import TrainConfig, finetune

    columns = {"image": arguments.image_column, "caption": arguments.caption_column}
    if Path(arguments.pairs).suffix.lower() in own_tiles.LISTS:
        pairs = own_tiles.read_csv(arguments.pairs, folder=arguments.images, **columns)
    else:
        pairs = own_tiles.read_hub(arguments.pairs, **columns)
    held = own_tiles.hold_out(pairs["group_id"], arguments.validation)
    train, validation = (pairs.select(np.flatnonzero(mask)) for mask in (~held, held))
    print(f"{len(train)} pairs to learn from, {len(validation)} held out to choose the best checkpoint")
    config = TrainConfig(
        epochs=arguments.epochs,
        batch_size=arguments.batch_size,
        learning_rate=arguments.learning_rate or (1e-3 if arguments.base in BASES else 1e-5),
        chunk_size=arguments.chunk_size,
        warmup_steps=arguments.warmup_steps,
        validate_every=arguments.validate_every if len(validation) else 0,
        save_every=arguments.save_every,
        trackers=tuple(arguments.trackers),
        seed=arguments.seed,
    )
    base = artifacts.checkpoint(BASES.get(arguments.base, arguments.base))
    model, history = finetune(base, train, config, output=arguments.output, validation=validation)
    print(
        f"loss {history[0]['loss']:.3f} -> {history[-1]['loss']:.3f} in {len(history)} steps; the model is in {model}"
    )


def _embed(arguments: argparse.Namespace) -> None:
    """Embed a folder of tiles."""
    from plip_tutorial import artifacts
    from plip_tutorial.embed import embed_folder
    from plip_tutorial.plip import PLIP

    plip = PLIP(artifacts.checkpoint(BASES.get(arguments.model, arguments.model)), precision=arguments.precision)
    print(embed_folder(plip, arguments.folder, arguments.output, batch_size=arguments.batch_size))


def _demo(arguments: argparse.Namespace) -> None:
    """Open the Streamlit app in the browser."""
    from plip_tutorial import app

    app.run(arguments.rest)


def _add_finetune(commands: Any) -> None:
    this = commands.add_parser(
        "finetune",
        help="train a CLIP on your own pairs of picture and caption",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    this.set_defaults(run=_finetune)
    this.add_argument("--pairs", required=True, help=f"a file ({', '.join(sorted(LISTS))}), or a data set on the hub")
    this.add_argument("--images", type=Path, metavar="DIR", help="where relative paths of pictures start")
    this.add_argument("--base", default="tiny", help="tiny, openai/clip-vit-base-patch32, or the directory of a CLIP")
    this.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder of the run; it is resumed")
    this.add_argument("--image-column", default="image", help="column of picture paths")
    this.add_argument("--caption-column", default="caption", help="column of captions")
    this.add_argument("--validation", type=float, default=0.1, help="share of the pairs that is held out, by group")
    for name, value, text in NUMBERS:
        this.add_argument(f"--{name}", type=type(value), default=value, help=text)
    this.add_argument("--learning-rate", type=float, help="highest rate; by default 1e-3 for tiny and 1e-5 for others")
    this.add_argument("--trackers", nargs="*", default=[], help="tensorboard, comet_ml, ...")


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    whole = argparse.ArgumentParser(prog="python -m plip_tutorial", description="The PLIP tutorial.")
    commands = whole.add_subparsers(required=True, metavar="command")
    doctor = commands.add_parser("doctor", help="look at Python, packages, GPU, memory, disk, caches and the hub")
    doctor.set_defaults(run=_doctor)
    prepare = commands.add_parser("prepare", help="build or fetch, ahead of a class, all that the chapters share")
    prepare.add_argument("--track", choices=("tiny", "full"), help="the track of the class; by default the current one")
    prepare.set_defaults(run=_prepare)
    report = commands.add_parser("report", help="measure and print the project's numbers (ten minutes the first time)")
    report.add_argument("--seeds", type=int, default=3, help="models of each kind that are trained and averaged")
    report.add_argument("--real", type=Path, nargs="*", metavar="DIR", help="folders class/file of real H&E tiles")
    report.set_defaults(run=_report)
    sweep = commands.add_parser(
        "sweep", help="compare many short trainings (three quarters of an hour on a free core; resumes)"
    )
    sweep.set_defaults(run=_sweep)
    _add_finetune(commands)
    embed = commands.add_parser("embed", help="embed a folder of tiles into a Parquet file; resumes where it stopped")
    embed.add_argument("folder", type=Path, metavar="DIR", help="searched with all its sub-folders")
    embed.add_argument("--output", type=Path, required=True, metavar="FILE", help="a Parquet file")
    embed.add_argument("--model", default="tiny-plip", help="tiny-plip, vinid/plip, or the directory of a CLIP")
    embed.add_argument("--batch-size", type=int, default=64, help="tiles in one forward pass")
    embed.add_argument("--precision", default="auto", help="auto, float32, bfloat16 or float16")
    embed.set_defaults(run=_embed)
    demo = commands.add_parser("demo", help="search tiles by words or by picture, in the browser")
    demo.add_argument("rest", nargs="*", help="a folder of tiles of your own")
    demo.set_defaults(run=_demo)
    return whole


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command."""
    arguments = parser().parse_args(argv)
    arguments.run(arguments)


if __name__ == "__main__":
    main()
