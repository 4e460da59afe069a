"""The model card of an aligned model, written beside it."""

from dataclasses import asdict
from typing import Any

from ml_workers.alignment.recipe import AlignmentRecipe, TextTower

SOURCE = "EfficientNet-Lite and MiniLM, aligned by polyannot"

TEMPLATE = """# {base}, aligned

{variant}: a small image-text model for trying alignment strategies, far below CLIP; no figure of a paper should rest
on it alone.

| | |
|---|---|
| Image tower | {architecture}, frozen; package {image_package} |
| Text tower | all-MiniLM-L6-v2, {text_tower}; package {text_package} |
| Appended layers | {layers} |
| Losses | {losses} |
| Trained from | the heads of {base} |
| Seed | {seed} |

## Data

{name}. {terms}
Trained on {train_images:,} images with {train_captions:,} captions; looked at, never trained on: {dev_images:,} images
with {dev_captions:,} captions ({dev_origin}). Rows left out: {skipped:,}. The base model was trained on: {base_name}.
{base_terms}

## Before and after, on the dev images

| | text to image R@1 | R@5 | R@10 | image to text R@1 | R@5 | R@10 | {overlaps} |
|---|---|---|---|---|---|---|---|---|
{rows}

All in percent, n = {dev_captions:,} captions and {dev_images:,} images. The overlaps are of the images that
{pairs:,} pairs of captions of one image find, which paraphrase each other only loosely; their 95% intervals draw
whole images.

## Made by

    {command}
"""


def _overlaps(figures: dict[str, Any]) -> list[str]:
    return [name for name in figures if name.startswith(("AO@", "JS@"))]


def _row(name: str, figures: dict[str, Any]) -> str:
    cells = [
        f"{figures[way][f'R@{k}']:.1f}" for way in ("text_to_image", "image_to_text") for k in (1, 5, 10)
    ]
    for one in _overlaps(figures):
        ends = ", ".join(f"{end:.1f}" for end in figures[one]["interval"] or ())
        cells.append(f"{figures[one]['value']:.1f}{f' [{ends}]' if ends else ''}")
    return f"| {name} | {' | '.join(cells)} |"


def aligned_card(config: dict[str, Any]) -> str:
    """The model card in Markdown from the config.json that lies beside it."""
    towers, corpus, base, recipe = (
        config["towers"],
        config["training_data"],
        config["base_data"],
        config["recipe"],
    )
    names = _overlaps(config["after"])
    finetuned = config["finetuned"]
    return TEMPLATE.format(
        base=config["base"],
        variant="Text tower finetuned" if finetuned else "Locked towers",
        architecture=towers["image"]["architecture"],
        image_package=towers["image"]["package"],
        text_tower="finetuned" if finetuned else "frozen",
        text_package=towers["text"]["package"],
        layers=config["appended_layers"],
        losses=recipe["losses"],
        seed=recipe["seed"],
        name=corpus["name"],
        terms=corpus["terms"],
        base_name=base["name"],
        base_terms=base["terms"],
        overlaps=" | ".join(names) or "overlaps: no image has two captions",
        pairs=config["after"][names[0]]["n"] if names else 0,
        rows="\n".join([_row("before", config["before"]), _row("after", config["after"])]),
        command=config["command"],
        **{key: corpus[key] for key in ("train_images", "train_captions", "dev_images", "dev_captions")},
        dev_origin=corpus["dev_origin"],
        skipped=corpus["skipped"],
    )


def aligned_config(
    base_config: dict[str, Any],
    recipe: AlignmentRecipe,
    *,
    base: str,
    views: int,
    training_data: dict[str, Any],
    command: str,
) -> dict[str, Any]:
    """What config.json says of a model that was aligned from `base`, without its figures before and after."""
    kept = ("variant", "embed_dim", "licence", "towers")
    return {
        **{name: base_config[name] for name in kept},
        "is_shipped": False,
        "source": SOURCE,
        "appended_layers": recipe.layers,
        "finetuned": recipe.text_tower is TextTower.FINETUNED,
        "training_data": training_data,
        "base": base,
        "base_data": base_config["training_data"],
        "recipe": asdict(recipe) | {"views": views},
        "command": command,
    }
