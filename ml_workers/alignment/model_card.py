"""What a person has to know before using trained heads, written beside them."""

from typing import Any

SOURCE = "EfficientNet-Lite and MiniLM, locked, under two heads trained by polyannot"
LICENCE = "towers Apache-2.0; heads: see the terms of their training data in MODEL_CARD.md"

TEMPLATE = """# {title}

Two locked towers with two trained heads, as in LiT (Zhai et al. 2022). It is a small image-text model for
trying the program and for research, far below CLIP; no figure of a paper should rest on it.

| | |
|---|---|
| Image tower | {architecture} at {image_size} px, ImageNet weights, frozen; package {image_package} |
| Text tower | all-MiniLM-L6-v2, mean of the token states, frozen; package {text_package} |
| Heads | an MLP each, {embed_dim} dimensions, {parameters:,} parameters in half precision |
| Loss | InfoNCE both ways; captions of one image are never each other's negatives |
| Seed | {seed} |

## Licences

- The image tower's weights are Google's EfficientNet-Lite (TensorFlow TPU models, Apache-2.0), trained on
  ImageNet. The package's metadata names no licence; the licence file in it is Apache-2.0.
- The text tower is sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0). The package that carries it
  declares MIT for itself.
- Neither package's weights are part of this folder.
- Training data of the heads: {data_name}.
  {data_terms}

## Training data

Trained on {train_images:,} images with {train_captions:,} captions. Looked at, never trained on:
{dev_images:,} images with {dev_captions:,} captions ({dev_origin}). Rows left out: {skipped:,}.

## Figures on the {dev_images:,} dev images and {dev_captions:,} captions

| | R@1 | R@5 | R@10 | n |
|---|---|---|---|---|
{rows}

Recall in percent with 95% intervals (bootstrap over images). Image to text counts an image as found when any
of its captions is among the first K. The settings were chosen by looking at such figures, so expect a little
less on images that nobody looked at.

A pair counts as matching from a cosine of {threshold:.4f}, the best F1 ({f1:.3f}) over batches of
{batch_size:,} dev pairs ({n_positive:,} positive and {n_negative:,} negative entries, seed {threshold_seed}).
The threshold belongs to that batch size and to that data; calibrate again for yours.

## Made by

    {command}
"""


def _row(name: str, figures: dict[str, Any]) -> str:
    cells = [
        f"{figures[f'R@{k}']:.1f} [{figures[f'R@{k} interval'][0]:.1f}, {figures[f'R@{k} interval'][1]:.1f}]"
        for k in (1, 5, 10)
    ]
    return f"| {name} | {' | '.join(cells)} | {figures['n']:,} |"


def model_card(config: dict[str, Any]) -> str:
    """The model card in Markdown from the config.json that lies beside it."""
    towers, corpus, threshold = config["towers"], config["training_data"], config["threshold"]
    rows = [_row("image to text", config["dev"]["image_to_text"])]
    rows.append(_row("text to image", config["dev"]["text_to_image"]))
    return TEMPLATE.format(
        title=f"shipped:{config['variant']}" if config["is_shipped"] else f"Heads for {config['variant']}",
        architecture=towers["image"]["architecture"],
        image_size=towers["image"]["image_size"],
        image_package=towers["image"]["package"],
        text_package=towers["text"]["package"],
        embed_dim=config["embed_dim"],
        parameters=config["parameters"],
        seed=config["recipe"]["seed"],
        data_name=corpus["name"],
        data_terms=corpus["terms"],
        train_images=corpus["train_images"],
        train_captions=corpus["train_captions"],
        dev_images=corpus["dev_images"],
        dev_captions=corpus["dev_captions"],
        dev_origin=corpus["dev_origin"],
        skipped=corpus["skipped"],
        rows="\n".join(rows),
        threshold=threshold["threshold"],
        f1=threshold["f1"],
        batch_size=threshold["batch_size"],
        n_positive=threshold["n_positive"],
        n_negative=threshold["n_negative"],
        threshold_seed=threshold["seed"],
        command=config["command"],
    )
