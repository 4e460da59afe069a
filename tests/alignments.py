"""What a finished alignment says of itself, with figures made for tests."""


def _figures(recall: float) -> dict[str, object]:
    way = {f"R@{k}": recall + k for k in (1, 5, 10)} | {
        f"R@{k} interval": [recall + k - 2.5, recall + k + 2.5] for k in (1, 5, 10)
    }
    overlap = {"value": recall, "interval": [recall - 1, recall + 1], "n": 40, "images": 4}
    return {
        "text_to_image": way | {"n": 20},
        "image_to_text": way | {"n": 4},
        "AO@10": overlap,
        "JS@10": overlap,
    }


def alignment_config() -> dict[str, object]:
    """Return the config of a model with two appended layers that gained 1.25 points."""
    return {
        "base": "shipped:lite2",
        "appended_layers": 2,
        "finetuned": False,
        "recipe": {"losses": "paraphrases", "seed": 7, "epochs": 3},
        "training_data": {
            "train_images": 36,
            "train_captions": 180,
            "dev_images": 4,
            "dev_captions": 20,
            "skipped": 1,
        },
        "before": _figures(30.0),
        "after": _figures(31.25),
        "change": {"AO@10": {"value": 1.25, "interval": [0.5, 2.0], "n": 40, "images": 4}},
    }
