"""Heads learn what there is to learn, the loss spares an image's own captions, and the command writes it all down."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from measures.retrieval import retrieval_figures
from ml_workers.alignment.heads import project_images, project_texts
from ml_workers.alignment.training import TowerFeatures, TrainingRecipe, multi_positive_loss, train_heads
from ml_workers.encoders.shipped import Heads, assemble
from ml_workers.train_heads import main

import open_clip  # isort: skip

QUICK = TrainingRecipe(embed_dim=32, epochs=12, images_a_batch=64, seed=3)


def learnable(images=128, captions=3, seed=0):
    """Both kinds of features come from the same hidden columns, as if the towers saw the same thing."""
    draw = torch.Generator().manual_seed(seed)
    hidden = torch.randn((images, 24), generator=draw)
    owner = np.repeat(np.arange(images), captions)
    pictures = hidden @ torch.randn((24, 1280), generator=draw)
    words = hidden[owner] + 0.3 * torch.randn((len(owner), 24), generator=draw)
    return TowerFeatures(pictures[None], words @ torch.randn((24, 384), generator=draw), owner)


def recalls(tensors, features):
    images = project_images(tensors, features.views[0]).numpy()
    figures = retrieval_figures(images, project_texts(tensors, features.texts).numpy(), features.owner)
    return figures.image_to_text.recall[1], figures.text_to_image.recall[1]


def test_trained_heads_find_what_chance_would_not():
    features = learnable()
    trained = train_heads(features, QUICK)
    assert min(recalls(trained.tensors, features)) > 0.5  # chance is 1 in 128
    assert trained.losses[-1] < trained.losses[0] / 2


def test_the_same_seed_gives_the_same_heads_and_another_seed_others():
    features = learnable(images=40)
    one, two = (train_heads(features, QUICK).tensors for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)
    other = train_heads(features, TrainingRecipe(embed_dim=32, epochs=12, images_a_batch=64, seed=4)).tensors
    assert not torch.equal(one["text.proj.2.weight"], other["text.proj.2.weight"])


def test_an_image_s_other_captions_never_raise_its_loss():
    images = torch.eye(2)
    owner = torch.tensor([0, 0, 1])
    scale = torch.tensor(10.0)
    same = torch.stack([images[0], images[0], images[1]])
    assert multi_positive_loss(images, same, owner, scale).item() < 1e-3
    one_caption = multi_positive_loss(images, images, torch.tensor([0, 1]), scale)
    assert multi_positive_loss(images, same, owner, scale).item() == pytest.approx(
        one_caption.item(), rel=0.5
    )


def test_with_one_caption_an_image_the_loss_is_plain_infonce():
    torch.manual_seed(0)
    images, texts = (torch.nn.functional.normalize(torch.randn(6, 4), dim=1) for _ in range(2))
    logits = 7 * images @ texts.T
    target = torch.arange(6)
    plain = (
        torch.nn.functional.cross_entropy(logits, target)
        + torch.nn.functional.cross_entropy(logits.T, target)
    ) / 2
    assert multi_positive_loss(images, texts, target, torch.tensor(7.0)).item() == pytest.approx(
        plain.item(), rel=1e-5
    )


def test_columns_that_never_change_get_no_weight_and_do_no_harm():
    features = learnable(images=40)
    features.texts[:, 7] = 1e-9 * torch.randn(len(features.texts))
    features.views[:, :, 5] = 3.0
    trained = train_heads(features, QUICK).tensors
    assert torch.all(trained["text.proj.0.weight"][:, 7] == 0)
    assert torch.all(trained["visual.head.mlp.fc1.weight"][:, 5] == 0)
    assert max(float(one.abs().max()) for one in trained.values()) < 100


def test_images_may_have_different_numbers_of_captions_but_not_none():
    features = learnable(images=40)
    uneven = TowerFeatures(features.views, features.texts[1:], features.owner[1:])
    assert train_heads(uneven, QUICK).losses
    without = TowerFeatures(features.views, features.texts[3:], features.owner[3:])
    with pytest.raises(ValueError, match="no caption"):
        train_heads(without, QUICK)


@pytest.mark.models
def test_the_command_trains_on_a_user_s_folder_and_the_result_is_an_open_clip_model(tmp_path, capsys):
    rng = np.random.default_rng(0)
    rows = ["image,caption"]
    for number in range(20):
        Image.fromarray(rng.integers(0, 255, (40, 50, 3), dtype=np.uint8)).save(tmp_path / f"{number}.png")
        rows += [f"{number}.png,noise number {number}", f"{number}.png,a picture of noise {number}"]
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "captions.csv").write_text("\n".join([*rows, "broken.png,gone", "too,many,fields"]))
    command = [
        str(tmp_path),
        str(tmp_path / "captions.csv"),
        "--variant",
        "lite0",
        "--out",
        str(tmp_path / "heads"),
    ]
    command += ["--epochs", "2", "--embed-dim", "16", "--views", "3", "--cache", str(tmp_path / "features")]
    assert main(command) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["dev"]["image_to_text"]["n"] == 2
    assert "line 42 left out: broken.png" in printed.err
    heads = Heads(tmp_path / "heads")
    assert heads.config["training_data"]["skipped"] == 2
    card = (tmp_path / "heads" / "MODEL_CARD.md").read_text()
    assert str(tmp_path) not in card
    assert "--embed-dim 16" in card
    folder = assemble(heads, tmp_path / "models")
    assert open_clip.create_model(f"local-dir:{folder}").visual.head.mlp.fc2.out_features == 16
