"""`python -m ml_workers.train_heads IMAGES captions.csv --variant lite0 --out DIR`: heads for locked towers."""

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from measures.retrieval import retrieval_figures
from ml_workers.alignment.corpus import CaptionedImages, Corpus, read_corpus
from ml_workers.alignment.heads import project_images, project_texts
from ml_workers.alignment.model_card import LICENCE, SOURCE, model_card
from ml_workers.alignment.tower_features import Features, image_features, text_features
from ml_workers.alignment.training import TowerFeatures, TrainingRecipe, train_heads
from ml_workers.calibration import BATCH_SIZE, calibrate
from ml_workers.captions_table import MalformedTable
from ml_workers.encoders.shipped import CARD_FILE, CONFIG_FILE, HEAD_FILE
from ml_workers.encoders.towers import IMAGE_TOWERS, TEXT_PACKAGE, package_versions, tower_hashes
from ml_workers.evaluation import direction_json
from ml_workers.model_cache import default_model_cache

Report = Callable[[str], None]


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments; every number of the recipe is one of them."""
    parser = argparse.ArgumentParser(prog="train_heads", description=__doc__)
    parser.add_argument("images", type=Path, help="folder of images")
    parser.add_argument(
        "captions", type=Path, help="CSV file with the columns image, caption and perhaps split"
    )
    parser.add_argument("--variant", choices=sorted(IMAGE_TOWERS), default="lite2")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for heads, config.json and MODEL_CARD.md"
    )
    parser.add_argument("--train-split", default="train")
    parser.add_argument("--dev-split", default="dev")
    parser.add_argument(
        "--views", type=int, default=2, help="of each training image: 2 adds its mirror image"
    )
    parser.add_argument("--data-name", default="a user's images and captions")
    parser.add_argument("--data-terms", default="Their terms were not stated.")
    parser.add_argument("--cache", type=Path, default=None, help="folder for tower features")
    for one in fields(TrainingRecipe):
        name = f"--{one.name.replace('_', '-')}"
        if isinstance(one.default, bool):
            parser.add_argument(name, action=argparse.BooleanOptionalAction, default=one.default)
        else:
            parser.add_argument(name, type=type(one.default), default=one.default)
    return parser


def _recipe(options: argparse.Namespace) -> TrainingRecipe:
    return TrainingRecipe(**{one.name: getattr(options, one.name) for one in fields(TrainingRecipe)})


def _command(options: argparse.Namespace) -> str:
    """The command that makes these heads again, with every number and without anybody's paths."""
    words = ["python", "-m", "ml_workers.train_heads", "IMAGES", "captions.csv", "--variant", options.variant]
    words += ["--out", "DIR", "--views", str(options.views)]
    for one in fields(TrainingRecipe):
        value, name = getattr(options, one.name), one.name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{'' if value else 'no-'}{name}")
        elif value != one.default or one.name == "seed":
            words += [f"--{name}", str(value)]
    return shlex.join(words)


def _every_thousand(report: Report, what: str, total: int, done: int) -> None:
    if done % 1_000 < 16 or done == total:
        report(f"  {what}: {done:,} of {total:,}")


def _tower_features(
    part: CaptionedImages, options: argparse.Namespace, views: int, report: Report
) -> TowerFeatures:
    cache = options.cache or default_model_cache() / "tower-features"
    stacked: list[Features] = []
    for view in range(views):
        shown = partial(_every_thousand, report, f"images, view {view}", len(part.images))
        stacked.append(
            image_features(
                part.images,
                variant=options.variant,
                view=view,
                seed=options.seed,
                cache=cache,
                progress=shown,
            )
        )
    texts = text_features(part.captions, variant=options.variant, cache=cache)
    return TowerFeatures(torch.from_numpy(np.stack(stacked)), torch.from_numpy(texts), part.owner)


def dev_measures(tensors: dict[str, torch.Tensor], dev: TowerFeatures, keys: Sequence[str]) -> dict[str, Any]:
    """Retrieval figures and the best-F1 threshold of trained heads on the dev features."""
    with torch.inference_mode():
        images = project_images(tensors, dev.views[0]).numpy()
        texts = project_texts(tensors, dev.texts).numpy()
    figures = retrieval_figures(images, texts, dev.owner)
    calibration = asdict(
        calibrate(
            images[dev.owner],
            texts,
            image_keys=list(dev.owner),
            text_keys=keys,
            batch_size=BATCH_SIZE,
            seed=0,
        )
    )
    calibration.pop("curve")
    return {
        "dev": {
            "image_to_text": direction_json(figures.image_to_text),
            "text_to_image": direction_json(figures.text_to_image),
        },
        "threshold": calibration,
    }


def _config(
    options: argparse.Namespace, corpus: Corpus, tensors: dict[str, torch.Tensor], measured: dict[str, Any]
) -> dict[str, Any]:
    tower, hashes = IMAGE_TOWERS[options.variant], tower_hashes(options.variant)
    versions = package_versions(options.variant)
    return {
        "variant": options.variant,
        "is_shipped": options.out.resolve().parent.name == "heads",
        "embed_dim": options.embed_dim,
        "parameters": sum(one.numel() for one in tensors.values()),
        "source": SOURCE,
        "licence": LICENCE,
        "towers": {
            "image": {
                "package": f"{tower.package} {versions[tower.package]}",
                "architecture": tower.architecture,
                "image_size": tower.image_size,
                "sha256": hashes["image"],
            },
            "text": {"package": f"{TEXT_PACKAGE} {versions[TEXT_PACKAGE]}", "sha256": hashes["text"]},
        },
        "training_data": {
            "name": options.data_name,
            "terms": options.data_terms,
            "train_images": len(corpus.train.images),
            "train_captions": len(corpus.train.captions),
            "dev_images": len(corpus.dev.images),
            "dev_captions": len(corpus.dev.captions),
            "dev_origin": corpus.dev_origin,
            "skipped": len(corpus.skipped),
        },
        "recipe": asdict(_recipe(options)) | {"views": options.views},
        **measured,
        "command": _command(options),
    }


def _write(out: Path, tensors: dict[str, torch.Tensor], config: dict[str, Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    save_file(tensors, out / HEAD_FILE)
    (out / HEAD_FILE).chmod(0o644)
    (out / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    (out / CARD_FILE).write_text(model_card(config), encoding="utf-8")


def train(options: argparse.Namespace, report: Report) -> dict[str, Any]:
    """Train heads and write them to `options.out`; returns the content of config.json."""
    corpus = read_corpus(
        options.captions, options.images, train=options.train_split, dev=options.dev_split, seed=options.seed
    )
    report(f"{len(corpus.train.images):,} images for training, {len(corpus.dev.images):,} to look at")
    for row in corpus.skipped[:20]:
        report(f"  line {row.line} left out: {row.image} {row.reason}")
    features = _tower_features(corpus.train, options, options.views, report)
    dev = _tower_features(corpus.dev, options, 1, report)
    trained = train_heads(
        features, _recipe(options), progress=lambda epoch, loss: report(f"  epoch {epoch}: loss {loss:.3f}")
    )
    config = _config(
        options, corpus, trained.tensors, dev_measures(trained.tensors, dev, corpus.dev.captions)
    )
    _write(options.out, trained.tensors, config)
    return config


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 2 with a sentence on stderr where it cannot be done."""
    options = argument_parser().parse_args(argv)
    try:
        config = train(options, lambda line: print(line, file=sys.stderr, flush=True))
    except (MalformedTable, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps({"dev": config["dev"], "threshold": config["threshold"]}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
