"""Aligned models learn what paraphrases share, start where their base stands, and load as any open_clip model."""

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from ml_workers.align import argument_parser, config_of, main, prepare, recipe_of, train_variant, write
from ml_workers.alignment.aligning import Alignment, Material, align, alignment_loss, drawn_triples, infonce
from ml_workers.alignment.before_and_after import (
    alignment_figures,
    caption_pairs,
    change_json,
    figures_json,
)
from ml_workers.alignment.heads import project_images, project_texts
from ml_workers.alignment.recipe import AlignmentRecipe, Losses, TextTower
from ml_workers.alignment.text_sides import Appended, Texts, TokenStates, tokenized
from ml_workers.encoders.registry import load_encoder

FEW = 12


def rows(count, width, seed):
    return torch.nn.functional.normalize(
        torch.randn((count, width), generator=torch.Generator().manual_seed(seed)), dim=1
    )


def learnable(images=96, captions=3, seed=0):
    """Image and text features of the same hidden columns; texts vary in as many columns of their own beside them."""
    draw = torch.Generator().manual_seed(seed)
    mixing = torch.Generator().manual_seed(99)
    hidden = torch.randn((images, 16), generator=draw)
    owner = np.repeat(np.arange(images), captions)
    words = torch.cat([hidden[owner], torch.randn((len(owner), 16), generator=draw)], dim=1)
    pictures = hidden @ torch.randn((16, 1280), generator=mixing)
    texts = Texts(
        tokenized([f"text {n}" for n in range(len(owner))]),
        words @ torch.randn((32, 384), generator=mixing),
        None,
    )
    return Material(pictures[None], texts, owner)


def base_heads(width=32):
    draw = torch.Generator().manual_seed(5)
    return {
        "visual.head.mlp.fc1.weight": torch.randn((2 * width, 1280), generator=draw) / 40,
        "visual.head.mlp.fc1.bias": torch.zeros(2 * width),
        "visual.head.mlp.fc2.weight": torch.randn((width, 2 * width), generator=draw) / 8,
        "text.proj.0.weight": torch.randn(((384 + width) // 2, 384), generator=draw) / 20,
        "text.proj.2.weight": torch.randn((width, (384 + width) // 2), generator=draw) / 14,
        "logit_scale": torch.tensor(20.0).log(),
    }


def before_of(material, base):
    images = project_images(base, material.views[0])
    return alignment_figures(
        images.numpy(), project_texts(base, material.texts.features).numpy(), material.owner
    )


def after_of(material, aligned):
    return alignment_figures(aligned.images.numpy(), aligned.texts.numpy(), material.owner)


def test_paraphrase_losses_bring_the_captions_of_an_image_to_the_same_images():
    train, dev, base = learnable(), learnable(images=48, seed=1), base_heads()
    recipe = AlignmentRecipe(
        epochs=25, images_a_batch=48, head_rate=2e-3, averaging=0.9, text_noise=0, dropout_hidden=0
    )
    aligned = align(train, dev, base, recipe, frozen_layers=6)
    before, after = before_of(dev, base), after_of(dev, aligned)
    assert after.average_overlap.value > before.average_overlap.value + 0.1
    assert after.retrieval.text_to_image.recall[5] > before.retrieval.text_to_image.recall[5] + 0.2
    assert aligned.losses[-1] < aligned.losses[0]
    assert after.pairs == after.average_overlap.n == 48 * 3


def test_figures_of_images_with_one_caption_each_are_plain_json_without_overlaps():
    rows = np.eye(12, dtype=np.float32)
    alone = alignment_figures(rows, rows, np.arange(12))
    told = figures_json(alone) | {"change": change_json(alone, alone)}
    assert "NaN" not in json.dumps(told)
    assert set(told) == {"image_to_text", "text_to_image", "change"}
    assert told["change"] == {}
    paired = alignment_figures(rows, np.repeat(rows, 2, axis=0), np.repeat(np.arange(12), 2))
    assert figures_json(paired)["AO@10"] == {"value": 100.0, "interval": None, "n": 12, "images": 12}


def test_training_starts_where_the_base_model_stands():
    train, dev, base = learnable(images=40), learnable(images=20, seed=1), base_heads()
    still = AlignmentRecipe(epochs=1, images_a_batch=40, head_rate=0.0)
    aligned = align(train, dev, base, still, frozen_layers=6)
    assert torch.allclose(aligned.images, project_images(base, dev.views[0]), atol=1e-4)
    assert torch.allclose(aligned.texts, project_texts(base, dev.texts.features), atol=1e-4)
    assert torch.allclose(project_images(aligned.tensors, dev.views[0]), aligned.images, atol=5e-3)


def test_the_same_seed_gives_the_same_model_and_another_seed_another():
    train, dev, base = learnable(images=30), learnable(images=10, seed=1), base_heads()
    one, two, other = (
        align(
            train, dev, base, AlignmentRecipe(epochs=1, images_a_batch=10, seed=seed), frozen_layers=6
        ).texts
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_a_training_that_was_put_down_after_an_epoch_ends_as_one_that_was_not():
    train, dev, base = learnable(images=30), learnable(images=10, seed=1), base_heads()
    recipe = AlignmentRecipe(epochs=2, images_a_batch=10, seed=3)
    whole = align(train, dev, base, recipe, frozen_layers=6)
    first = Alignment(train, base, recipe)
    first.epoch()
    kept = io.BytesIO()
    torch.save(first.state(), kept)
    torch.manual_seed(12345)
    second = Alignment(train, base, recipe)
    second.take_up(torch.load(io.BytesIO(kept.getvalue()), weights_only=True))
    second.epoch()
    assert second.losses == whole.losses
    assert torch.equal(second.features_of(dev)[1], whole.texts)


def test_the_three_losses_are_those_of_paraclip():
    images, captions, firsts, seconds = (rows(6, 8, seed) for seed in range(4))
    scale = torch.tensor(7.0)
    whole = alignment_loss(images, captions, firsts, seconds, scale)
    parts = [
        infonce(images, seconds, scale),
        infonce(captions, firsts, scale),
        infonce(firsts, seconds, scale),
    ]
    assert whole.item() == pytest.approx(sum(part.item() for part in parts), rel=1e-6)
    logits = (7 * images @ seconds.T).double().numpy()
    by_hand = -np.mean(np.diag(logits) - np.log(np.exp(logits).sum(1))) / 2
    by_hand -= np.mean(np.diag(logits) - np.log(np.exp(logits).sum(0))) / 2
    assert parts[0].item() == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize(("captions", "different"), [(5, 3), (3, 3), (2, 2), (1, 1)])
def test_an_image_gives_a_caption_and_two_paraphrases_as_different_as_it_has(captions, different):
    of_image = [np.arange(captions) + 10]
    for first, second, third in drawn_triples(of_image, [0] * 20, torch.Generator().manual_seed(0)):
        assert len({first, second, third}) == different
        assert first in of_image[0]
        assert (first != second and second != third) or captions == 1


def test_padding_changes_nothing_of_what_appended_layers_make_of_a_text():
    torch.manual_seed(0)
    lengths = [3, 9, 5]
    states = np.random.default_rng(0).normal(size=(sum(lengths), 384)).astype(np.float16)
    side = Appended(TokenStates(states, np.concatenate([[0], np.cumsum(lengths)])), 2).eval()
    with torch.inference_mode():
        together = side.pooled([0, 1, 2])
        alone = torch.cat([side.pooled([number]) for number in range(3)])
    assert torch.allclose(together, alone, atol=1e-5)


def test_pairs_of_captions_are_those_within_an_image():
    pairs, image = caption_pairs(np.array([1, 0, 1, 1]), 3)
    assert sorted(map(tuple, pairs.tolist())) == [(0, 2), (0, 3), (2, 3)]
    assert image.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "numbers",
    [{"layers": 13}, {"layers": 2, "text_tower": TextTower.FINETUNED}, {"epochs": 0}, {"images_a_batch": 1}],
)
def test_a_recipe_that_makes_no_sense_is_refused(numbers):
    with pytest.raises(ValueError, match=r"\w"):
        AlignmentRecipe(**numbers)
    assert AlignmentRecipe(losses=Losses.PAIRS).name == "text tower frozen, image-caption loss"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A user's folder: a few pictures of noise with two captions each."""
    place = tmp_path_factory.mktemp("captioned")
    rng = np.random.default_rng(0)
    table = ["image,caption"]
    for number in range(FEW):
        Image.fromarray(rng.integers(0, 255, (40, 50, 3), dtype=np.uint8)).save(place / f"{number}.png")
        table += [
            f"{number}.png,noise number {number}",
            f"{number}.png,a picture of noise {number} and no more",
        ]
    (place / "captions.csv").write_text("\n".join(table))
    return place


def command(folder, *more):
    """The command's words for a quick training on the user's folder."""
    words = [str(folder), str(folder / "captions.csv"), "--base", "lite0", "--epochs", "1", "--views", "1"]
    return [*words, "--images-a-batch", "6", "--cache", str(folder / "features"), *more]


@pytest.mark.models
@pytest.mark.parametrize(
    "variant", [["--layers", "1"], ["--text-tower", "finetuned"]], ids=["layers", "finetuned"]
)
def test_open_clip_makes_of_the_written_model_the_features_that_were_measured(folder, tmp_path, variant):
    options = argument_parser().parse_args(command(folder, *variant))
    prepared = prepare(options, lambda line: None)
    recipe = recipe_of(options)
    aligned, after = train_variant(prepared, recipe, lambda line: None)
    config = config_of(options, prepared, recipe, after)
    encoder = load_encoder(f"local-dir:{write(tmp_path, aligned, config)}", cache=tmp_path / "cache")
    dev = prepared.corpus.dev
    assert np.abs(encoder.encode_texts(dev.captions) - aligned.texts.numpy()).max() < 5e-3
    assert np.abs(encoder.encode_image_files(dev.images).features - aligned.images.numpy()).max() < 5e-3
    assert "| before |" in (tmp_path / "MODEL_CARD.md").read_text()
    with pytest.raises(ValueError, match="aligned already"):
        prepare(argument_parser().parse_args(command(folder, "--base", str(tmp_path))), lambda line: None)


@pytest.mark.models
def test_the_command_tells_before_and_after(folder, tmp_path, capsys):
    assert main(command(folder, "--out", str(tmp_path / "out"))) == 0
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert told["before"]["text_to_image"]["n"] == told["after"]["text_to_image"]["n"] == 2
    assert "The model: local-dir:" in printed.err


@pytest.mark.models
def test_the_command_says_what_is_wrong_with_a_base(folder, capsys):
    assert main([str(folder), str(folder / "captions.csv"), "--base", "nowhere"]) == 2
    assert "nowhere is neither" in capsys.readouterr().err
