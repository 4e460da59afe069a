"""`python -m ml_workers.evaluate IMAGES captions.csv --encoder NAME`: recall both ways, with n."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ml_workers.captions_table import MalformedTable, read_captions
from ml_workers.encoders.protocol import EncoderUnavailable
from ml_workers.encoders.registry import load_encoder
from ml_workers.evaluation import Evaluation, evaluate
from ml_workers.model_cache import default_model_cache

SHOWN_SKIPS = 20


def argument_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(
        prog="evaluate", description="Retrieval figures of an encoder, both ways."
    )
    parser.add_argument("images", type=Path, help="folder of images")
    parser.add_argument(
        "captions", type=Path, help="CSV file with the columns image, caption and perhaps split"
    )
    parser.add_argument("--encoder", default="shipped:lite2", help="such as shipped:lite2 or ViT-B-32/openai")
    parser.add_argument("--architecture", default="", help="of the checkpoint file that --encoder names")
    parser.add_argument("--split", default="", help="only the rows of this split (default: all rows)")
    parser.add_argument("--device", default="", help="cpu or cuda (default: cuda where there is one)")
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--seed", type=int, default=0, help="for the bootstrap intervals")
    parser.add_argument("--cache", type=Path, default=None, help="folder for assembled and downloaded models")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    return parser


def described(result: Evaluation) -> str:
    """The result in lines for a person."""
    lines = [
        f"{result.encoder} ({result.source})",
        f"{result.images} images, {result.captions} captions, {len(result.skipped)} rows skipped",
    ]
    for name, figures in (("image to text", result.image_to_text), ("text to image", result.text_to_image)):
        recalls = "  ".join(
            f"R@{k} {100 * share:.1f}% [{100 * figures.recall_interval[k][0]:.1f}, "
            f"{100 * figures.recall_interval[k][1]:.1f}]"
            for k, share in figures.recall.items()
        )
        lines.append(f"{name}: {recalls}  (n = {figures.n_queries}, gallery {figures.n_gallery})")
    lines += [f"line {row.line}: {row.image} {row.reason}" for row in result.skipped[:SHOWN_SKIPS]]
    if len(result.skipped) > SHOWN_SKIPS:
        lines.append(f"... and {len(result.skipped) - SHOWN_SKIPS} more; --json lists all")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 2 with a sentence on stderr where it cannot be done."""
    options = argument_parser().parse_args(argv)
    try:
        table = read_captions(options.captions, options.images, split=options.split)
        encoder = load_encoder(
            options.encoder, cache=options.cache or default_model_cache(), architecture=options.architecture,
            device=options.device, precision=options.precision,
        )  # fmt: skip
        result = evaluate(encoder, table, options.images, seed=options.seed)
    except (EncoderUnavailable, MalformedTable, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    text = json.dumps(result.as_json(), indent=2, ensure_ascii=False) if options.json else described(result)
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
