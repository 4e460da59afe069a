"""`python -m ml_workers.align IMAGES captions.csv --layers 2 --out DIR`: align a text side with what images show."""

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from ml_workers.alignment.aligned_card import aligned_card, aligned_config
from ml_workers.alignment.aligning import Aligned, Material, align
from ml_workers.alignment.before_and_after import (
    AlignmentFigures,
    alignment_figures,
    change_json,
    figures_json,
    overlap_change,
)
from ml_workers.alignment.corpus import CaptionedImages, Corpus, read_corpus
from ml_workers.alignment.heads import project_images, project_texts
from ml_workers.alignment.recipe import AlignmentRecipe, Losses, TextTower
from ml_workers.alignment.text_sides import Texts, token_states, tokenized
from ml_workers.alignment.tower_features import image_features, text_features
from ml_workers.captions_table import MalformedTable
from ml_workers.encoders.shipped import (
    CARD_FILE,
    CONFIG_FILE,
    HEAD_FILE,
    Heads,
    assemble,
    shipped_heads,
    shipped_variants,
    text_tower_layers,
)
from ml_workers.encoders.towers import tower_hashes
from ml_workers.model_cache import default_model_cache

Report = Callable[[str], None]

# What --compare trains one after the other, so that their table stands on the same features.
COMPARED = (
    *(AlignmentRecipe(layers=layers, losses=losses) for losses in Losses for layers in (0, 2, 4, 6)),
    *(AlignmentRecipe(text_tower=TextTower.FINETUNED, losses=losses) for losses in Losses),
)


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments; every number of the recipe is one of them."""
    parser = argparse.ArgumentParser(prog="align", description=__doc__)
    parser.add_argument("images", type=Path, help="folder of images")
    parser.add_argument(
        "captions", type=Path, help="CSV file with the columns image, caption and perhaps split"
    )
    parser.add_argument("--base", default="lite2", help="shipped variant, or a folder of trained heads")
    parser.add_argument("--train-split", default="train")
    parser.add_argument("--dev-split", default="dev")
    parser.add_argument(
        "--views", type=int, default=2, help="of each training image: 2 adds its mirror image"
    )
    parser.add_argument("--data-name", default="a user's images and captions")
    parser.add_argument("--data-terms", default="Their terms were not stated.")
    parser.add_argument("--cache", type=Path, default=None, help="folder for tower features")
    parser.add_argument("--out", type=Path, default=None, help="folder for the trained model")
    parser.add_argument("--compare", action="store_true", help="train all variants and print a table of them")
    for one in fields(AlignmentRecipe):
        name = f"--{one.name.replace('_', '-')}"
        kind = type(one.default)
        if kind is bool:
            parser.add_argument(name, action=argparse.BooleanOptionalAction, default=one.default)
            continue
        choices = [str(member) for member in kind] if issubclass(kind, StrEnum) else None
        parser.add_argument(name, type=kind, default=one.default, choices=choices)
    return parser


@dataclass(frozen=True)
class Prepared:
    """What variants are trained on: the corpus, its features, the base model and its figures."""

    corpus: Corpus
    heads: Heads
    train: Material
    dev: Material
    before: AlignmentFigures


def _base(name: str) -> Heads:
    if name in shipped_variants():
        return shipped_heads(name)
    if not (Path(name) / CONFIG_FILE).is_file():
        raise ValueError(
            f"{name} is neither one of {', '.join(shipped_variants())} nor a folder of trained heads."
        )
    return Heads(Path(name))


def _material(
    part: CaptionedImages, heads: Heads, options: argparse.Namespace, views: int, *, states: bool
) -> Material:
    cache = options.cache or default_model_cache() / "tower-features"
    tokens = tokenized(part.captions)
    stacked = [
        image_features(part.images, variant=heads.variant, view=view, seed=options.seed, cache=cache)
        for view in range(views)
    ]
    return Material(
        torch.from_numpy(np.stack(stacked)),
        Texts(
            tokens,
            torch.from_numpy(text_features(part.captions, variant=heads.variant, cache=cache)),
            token_states(tokens, cache=cache, tower_hash=tower_hashes(heads.variant)["text"])
            if states
            else None,
        ),
        part.owner,
    )


def prepare(options: argparse.Namespace, report: Report) -> Prepared:
    """Read the corpus, compute what the frozen towers make of it, and measure the base model on its dev part."""
    heads = _base(options.base)
    if heads.config.get("appended_layers") or heads.config.get("finetuned"):
        raise ValueError(f"{options.base} was aligned already: start from heads over locked towers.")
    corpus = read_corpus(
        options.captions, options.images, train=options.train_split, dev=options.dev_split, seed=options.seed
    )
    report(f"{len(corpus.train.images):,} images for training, {len(corpus.dev.images):,} to look at")
    for row in corpus.skipped[:20]:
        report(f"  line {row.line} left out: {row.image} {row.reason}")
    states = bool(options.compare or options.layers)
    train = _material(corpus.train, heads, options, options.views, states=states)
    dev = _material(corpus.dev, heads, options, 1, states=states)
    base = heads.weights
    with torch.inference_mode():
        images, texts = project_images(base, dev.views[0]), project_texts(base, dev.texts.features)
    before = alignment_figures(images.numpy(), texts.numpy(), corpus.dev.owner, seed=options.seed)
    return Prepared(corpus, heads, train, dev, before)


def train_variant(
    prepared: Prepared, recipe: AlignmentRecipe, report: Report
) -> tuple[Aligned, AlignmentFigures]:
    """Train one variant and measure it on the dev part."""
    report(recipe.name)
    aligned = align(
        prepared.train,
        prepared.dev,
        prepared.heads.weights,
        recipe,
        frozen_layers=text_tower_layers(),
        progress=lambda epoch, loss: report(f"  epoch {epoch}: loss {loss:.3f}"),
    )
    after = alignment_figures(
        aligned.images.numpy(), aligned.texts.numpy(), prepared.corpus.dev.owner, seed=recipe.seed
    )
    return aligned, after


def recipe_of(options: argparse.Namespace) -> AlignmentRecipe:
    """The recipe that the options ask for. Raises ValueError for numbers that make no sense."""
    return AlignmentRecipe(**{one.name: getattr(options, one.name) for one in fields(AlignmentRecipe)})


def _command(options: argparse.Namespace, recipe: AlignmentRecipe) -> str:
    """The command that makes this model again, with every number that is not the default and without paths."""
    words = ["python", "-m", "ml_workers.align", "IMAGES", "captions.csv", "--base", Path(options.base).name]
    words += ["--out", "DIR", "--views", str(options.views)]
    for one in fields(AlignmentRecipe):
        value = getattr(recipe, one.name)
        if isinstance(value, bool):
            words += [] if value is one.default else [f"--no-{one.name.replace('_', '-')}"]
        elif value != one.default or one.name == "seed":
            words += [f"--{one.name.replace('_', '-')}", str(value)]
    return shlex.join(words)


def config_of(
    options: argparse.Namespace, prepared: Prepared, recipe: AlignmentRecipe, after: AlignmentFigures
) -> dict[str, Any]:
    """What config.json says of a trained variant: towers, data, recipe, before and after, the command."""
    corpus = prepared.corpus
    config = aligned_config(
        prepared.heads.config,
        recipe,
        base=Path(options.base).name,
        views=options.views,
        training_data={
            "name": options.data_name,
            "terms": options.data_terms,
            "train_images": len(corpus.train.images),
            "train_captions": len(corpus.train.captions),
            "dev_images": len(corpus.dev.images),
            "dev_captions": len(corpus.dev.captions),
            "dev_origin": corpus.dev_origin,
            "skipped": len(corpus.skipped),
        },
        command=_command(options, recipe),
    )
    return config | {
        "before": figures_json(prepared.before),
        "after": figures_json(after),
        "change": change_json(prepared.before, after, seed=recipe.seed),
    }


def write(out: Path, aligned: Aligned, config: dict[str, Any]) -> Path:
    """Write weights, config.json and model card, and the whole model beside them; returns the model's folder."""
    out.mkdir(parents=True, exist_ok=True)
    save_file(aligned.tensors, out / HEAD_FILE)
    (out / HEAD_FILE).chmod(0o644)
    (out / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (out / CARD_FILE).write_text(aligned_card(config), encoding="utf-8")
    return assemble(Heads(out), out)


def _table_row(name: str, figures: AlignmentFigures, before: AlignmentFigures | None = None) -> str:
    retrieval = figures.retrieval
    recalls = [100 * retrieval.text_to_image.recall[k] for k in (1, 5, 10)]
    recalls += [100 * retrieval.image_to_text.recall[k] for k in (1, 5, 10)]
    cells = [f"{value:.1f}" for value in recalls]
    for estimate in (figures.average_overlap, figures.jaccard):
        ends = f"{100 * estimate.interval.low:.1f}, {100 * estimate.interval.high:.1f}"
        cells.append(f"{100 * estimate.value:.1f} [{ends}]")
    change = "" if before is None else _change(before, figures)
    return f"| {name} | {' | '.join(cells)} | {change} |"


def _change(before: AlignmentFigures, after: AlignmentFigures) -> str:
    change = overlap_change(before, after)
    return f"{100 * change.value:+.1f} [{100 * change.interval.low:+.1f}, {100 * change.interval.high:+.1f}]"


def compare(options: argparse.Namespace, prepared: Prepared, report: Report) -> str:
    """Train every variant with the given numbers and return their table in Markdown, the base model first."""
    given = recipe_of(options)
    overlaps = f"AO@{prepared.before.k} | JS@{prepared.before.k}"
    lines = [
        f"| variant | text to image R@1 | R@5 | R@10 | image to text R@1 | R@5 | R@10 | {overlaps} | change of AO |",
        "|---|---|---|---|---|---|---|---|---|---|",
        _table_row(f"before ({Path(options.base).name})", prepared.before),
    ]
    for one in COMPARED:
        recipe = replace(given, layers=one.layers, text_tower=one.text_tower, losses=one.losses)
        lines.append(_table_row(recipe.name, train_variant(prepared, recipe, report)[1], prepared.before))
        report(lines[-1])
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 2 with a sentence on stderr where it cannot be done."""
    options = argument_parser().parse_args(argv)

    def report(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    try:
        recipe = recipe_of(options)
        prepared = prepare(options, report)
        if options.compare:
            sys.stdout.write(compare(options, prepared, report) + "\n")
            return 0
        aligned, after = train_variant(prepared, recipe, report)
        config = config_of(options, prepared, recipe, after)
        if options.out:
            report(f"The model: local-dir:{write(options.out, aligned, config)}")
    except (MalformedTable, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(
        json.dumps({name: config[name] for name in ("before", "after", "change")}, indent=2) + "\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
