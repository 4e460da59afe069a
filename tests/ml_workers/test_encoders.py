"""The shipped models through open_clip itself and through the encoder, and what happens when a name is wrong."""

import csv
import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from ml_workers.encoders import torchvision_shim
from ml_workers.encoders.batching import ShrinkingBatch, prepared_ahead, prepared_between
from ml_workers.encoders.protocol import EncoderUnavailable, ImageTextEncoder
from ml_workers.encoders.registry import load_encoder
from ml_workers.encoders.shipped import (
    OPEN_CLIP_CONFIG,
    WEIGHTS_FILE,
    assemble,
    shipped_heads,
    shipped_variants,
)
from ml_workers.evaluate import main as evaluate_main
from ml_workers.sentences import SentenceEncoder

import open_clip  # isort: skip

TEXTS = ["A yellow and pink flower in close view.", "An old temple building with a roof among trees."]
SMALLEST = "lite0"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def images():
    return [Image.fromarray(load_sample_image(name)) for name in ("flower.jpg", "china.jpg")]


@pytest.fixture(scope="module")
def encoder(cache):
    return load_encoder(f"shipped:{SMALLEST}", cache=cache, device="cpu")


@pytest.fixture
def picture_files(tmp_path, images):
    for name, image in zip(("flower.jpg", "china.jpg"), images, strict=True):
        image.save(tmp_path / name)
    (tmp_path / "broken.jpg").write_bytes((tmp_path / "china.jpg").read_bytes()[:2_000])
    return tmp_path


def test_the_missing_operators_are_defined_once_and_a_second_call_does_nothing():
    assert torchvision_shim.define_missing_operators() == ()


def test_the_heads_of_all_variants_together_stay_under_ten_megabytes():
    folder = Path(torchvision_shim.__file__).parent / "heads"
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) <= 10_000_000


@pytest.mark.parametrize("variant", shipped_variants())
def test_each_shipped_variant_states_towers_licence_figures_and_threshold(variant):
    heads = shipped_heads(variant)
    card = (heads.folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "Apache-2.0" in card
    assert "non-commercial research" in card
    assert heads.config["dev"]["image_to_text"]["n"] == 1_000
    assert heads.config["dev"]["text_to_image"]["n"] == 5_000
    assert heads.config["threshold"]["batch_size"] == 1_024
    assert 0 < heads.config["threshold"]["threshold"] < 1


@pytest.mark.models
def test_a_shipped_model_loads_through_open_clip_itself_with_the_features_of_the_encoder(
    cache, encoder, images
):
    folder = assemble(shipped_heads(SMALLEST), cache)
    model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    with torch.inference_mode():
        pictures = model.eval().encode_image(torch.stack([transform(one) for one in images]), normalize=True)
        words = model.encode_text(tokenizer(TEXTS), normalize=True)
    assert np.allclose(encoder.encode_images(images), pictures.numpy(), atol=1e-4)
    assert np.allclose(encoder.encode_texts(TEXTS), words.numpy(), atol=1e-4)
    config = json.loads((folder / OPEN_CLIP_CONFIG).read_text())
    assert config["model_cfg"]["text_cfg"]["hf_model_name"] == str(folder)


@pytest.mark.models
def test_matching_captions_are_nearer_than_mismatched_ones_on_the_demo_photographs(encoder):
    demo = Path(__file__).parents[2] / "demo"
    photographs = list(csv.DictReader((demo / "images.csv").open(encoding="utf-8")))
    every = csv.DictReader((demo / "captions.csv").open(encoding="utf-8"))
    plain = [row for row in every if row["expected"] == "good" and row["style"] == "plain"]
    pictures = encoder.encode_image_files([demo / row["file"] for row in photographs]).features
    words = encoder.encode_texts([row["text"] for row in plain])
    keys = np.array([row["key"] for row in photographs])
    own = keys[:, None] == np.array([row["image_key"] for row in plain])[None, :]
    cosines = pictures @ words.T
    assert cosines[own].mean() > cosines[~own].mean() + 0.1
    margins = [
        row[mine].mean() - row[~mine].mean() for row, mine in zip(cosines, own, strict=True) if mine.any()
    ]
    # Telescope and microscope pictures are nothing like the photographs that the heads were trained on.
    assert np.mean(np.array(margins) > 0) >= 0.8


@pytest.mark.models
def test_every_feature_has_length_one(encoder, images):
    pictures, words = encoder.encode_images(images), encoder.encode_texts(TEXTS)
    assert np.allclose(np.linalg.norm(pictures, axis=1), 1, atol=1e-5)
    assert np.allclose(np.linalg.norm(words, axis=1), 1, atol=1e-5)
    assert pictures.dtype == words.dtype == np.float32


@pytest.mark.models
def test_features_are_the_same_again_and_do_not_depend_on_the_company(encoder, images):
    assert np.array_equal(encoder.encode_images(images), encoder.encode_images(images))
    long = "a very long caption about nothing in particular " * 5
    among_others = encoder.encode_texts([long, *TEXTS])[1:]
    assert np.allclose(among_others, encoder.encode_texts(TEXTS), atol=1e-5)
    assert encoder.encode_texts([]).shape == (0, encoder.dimension)
    assert encoder.encode_images([]).shape == (0, encoder.dimension)


@pytest.mark.models
def test_an_encoder_names_itself_its_source_licence_dimension_and_weights(encoder):
    assert isinstance(encoder, ImageTextEncoder)
    assert encoder.dimension == 384
    assert len(encoder.weights_hash) == 64
    assert "224 px (bicubic), centre crop" in encoder.preprocessing
    assert "Apache-2.0" in encoder.licence


@pytest.mark.models
def test_files_that_cannot_be_read_are_listed_and_the_others_encoded_in_order(encoder, picture_files, images):
    names = ["flower.jpg", "broken.jpg", "missing.jpg", "china.jpg"]
    encoded = encoder.encode_image_files([picture_files / name for name in names])
    assert encoded.kept == [0, 3]
    assert sorted(encoded.failed) == [1, 2]
    assert "FileNotFoundError" in encoded.failed[2]
    assert encoded.features.shape == (2, 384)


@pytest.mark.models
def test_two_builders_at_once_give_one_whole_model_and_a_moved_one_is_built_again(tmp_path):
    heads = shipped_heads(SMALLEST)
    folders = []
    builders = [threading.Thread(target=lambda: folders.append(assemble(heads, tmp_path))) for _ in range(2)]
    for one in builders:
        one.start()
    for one in builders:
        one.join()
    assert folders[0] == folders[1]
    assert (folders[0] / WEIGHTS_FILE).is_file()
    assert [path.name for path in tmp_path.iterdir()] == [folders[0].name]
    moved = tmp_path / "elsewhere"
    folders[0].parent.joinpath(folders[0].name).rename(moved)
    (tmp_path / folders[0].name).mkdir()
    again = assemble(heads, tmp_path)
    assert (again / WEIGHTS_FILE).is_file()


@pytest.mark.models
def test_an_architecture_of_open_clip_runs_from_a_checkpoint_file_with_its_padding_trimmed(
    tmp_path, cache, images
):
    torch.manual_seed(0)
    model = open_clip.create_model("RN50", pretrained=None)
    torch.save(model.state_dict(), tmp_path / "checkpoint.pt")
    encoder = load_encoder(f"RN50@{tmp_path / 'checkpoint.pt'}", cache=cache, device="cpu")
    tokens = open_clip.get_tokenizer("RN50")(TEXTS)
    with torch.inference_mode():
        whole = model.eval().encode_text(tokens, normalize=True).numpy()
    assert np.allclose(encoder.encode_texts(TEXTS), whole, atol=1e-4)
    assert encoder.encode_images(images).shape == (2, encoder.dimension)


def test_names_that_lead_nowhere_say_what_happened_and_what_to_do(tmp_path):
    for name, words in (
        ("shipped:lite9", "lite0"),
        ("nothing", "shipped:VARIANT"),
        ("ViT-B-32/no-such-weights", "laion2b_s34b_b79k"),
        (f"local-dir:{tmp_path}", "open_clip_config.json"),
        (f"RN50@{tmp_path}/none.pt", "no checkpoint file"),
        (f"no-architecture@{tmp_path}/none.pt", "no architecture"),
    ):
        with pytest.raises(EncoderUnavailable, match=words):
            load_encoder(name, cache=tmp_path)


def test_a_checkpoint_that_is_none_is_refused_with_a_way_out(tmp_path):
    (tmp_path / "broken.safetensors").write_bytes(b"not weights")
    with pytest.raises(EncoderUnavailable, match=r"could not be loaded.*shipped:"):
        load_encoder(f"RN50@{tmp_path / 'broken.safetensors'}", cache=tmp_path)


def test_a_batch_that_does_not_fit_is_halved_until_it_does_and_stays_small():
    tried = []

    def forward(rows):
        tried.append(len(rows))
        if len(rows) > 3:
            raise torch.OutOfMemoryError("full")
        return rows * 2

    batch = ShrinkingBatch(16)
    rows = torch.arange(16.0)
    assert torch.equal(batch.run(forward, rows), rows * 2)
    assert tried[:4] == [16, 8, 4, 2]
    assert batch.size == 2
    with pytest.raises(RuntimeError, match="other"):
        batch.run(lambda rows: (_ for _ in ()).throw(RuntimeError("other")), rows)


@pytest.mark.models
def test_sentences_that_do_not_fit_into_memory_together_are_encoded_a_few_at_a_time():
    encoder = SentenceEncoder(device="cpu")
    texts = [f"A boat and {'two ' * number}oars" for number in range(9)]
    whole, tried = encoder.encode_texts(texts), []

    def crowded(module, _args, given):
        tried.append(len(given["input_ids"]))
        if tried[-1] > 3:
            raise torch.OutOfMemoryError("full")

    encoder.model.register_forward_pre_hook(crowded, with_kwargs=True)
    assert np.allclose(encoder.encode_texts(texts), whole, atol=1e-5)
    assert tried[:3] == [9, 4, 2]
    assert max(tried[2:]) == 2, "and it stays small"


def test_prepared_items_come_in_order_and_only_so_many_ahead():
    started: list[int] = []

    def squared(number: int) -> int:
        started.append(number)
        return number * number

    results = prepared_ahead(squared, range(50), threads=2, ahead=4)
    assert next(results) == 0
    assert max(started) <= 6
    assert list(results) == [n * n for n in range(1, 50)]


def test_items_prepared_between_come_in_order_and_nothing_goes_on_beside_the_caller():
    finished: list[int] = []

    def squared(number: int) -> int:
        finished.append(number)
        return number * number

    results = prepared_between(squared, range(10), threads=2, at_once=4)
    assert finished == []
    for number, result in enumerate(results):
        assert result == number * number
        # All of a piece is there with its first item, and of the next nothing is begun.
        assert len(finished) == min(10, (number // 4 + 1) * 4)


@pytest.mark.models
def test_evaluate_prints_recall_both_ways_with_n_and_lists_what_it_skipped(picture_files, cache, capsys):
    table = picture_files / "captions.csv"
    table.write_text(
        f'image,caption\nflower.jpg,"{TEXTS[0]}"\nchina.jpg,"{TEXTS[1]}"\nbroken.jpg,Broken\nnone.jpg,Gone\n'
    )
    command = [
        str(picture_files),
        str(table),
        "--encoder",
        f"shipped:{SMALLEST}",
        "--json",
        "--cache",
        str(cache),
    ]
    assert evaluate_main(command) == 0
    first = capsys.readouterr().out
    result = json.loads(first)
    assert (result["images"], result["captions"], result["n_skipped"]) == (2, 2, 2)
    assert [row["line"] for row in result["skipped"]] == [4, 5]
    for direction in ("image_to_text", "text_to_image"):
        assert result[direction]["n"] == 2
        assert result[direction]["R@1"] in (0.0, 50.0, 100.0)
        assert result[direction]["R@5"] == 100.0
    assert evaluate_main(command) == 0
    assert capsys.readouterr().out == first


@pytest.mark.models
def test_evaluate_on_a_part_of_flickr8k_finds_far_more_than_chance(tmp_path, cache, capsys):
    folder = Path(os.environ.get("FLICKR8K", "flickr8k"))
    if not (folder / "captions.csv").is_file():
        pytest.skip(
            "Flickr8k is not on this machine: set FLICKR8K to a folder with images/ and captions.csv."
        )
    lines = (folder / "captions.csv").read_text(encoding="utf-8").splitlines()
    dev = [line for line in lines[1:] if line.endswith(",dev")][:200]
    (tmp_path / "captions.csv").write_text("\n".join([lines[0], *dev]), encoding="utf-8")
    command = [str(folder / "images"), str(tmp_path / "captions.csv"), "--split", "dev", "--json"]
    assert evaluate_main([*command, "--encoder", f"shipped:{SMALLEST}", "--cache", str(cache)]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["images"], result["captions"], result["n_skipped"]) == (40, 200, 0)
    assert result["text_to_image"]["R@1"] > 30  # chance is 2.5
    assert result["image_to_text"]["R@5"] > 60


def test_evaluate_ends_with_a_sentence_where_it_cannot_run(tmp_path, capsys):
    assert evaluate_main([str(tmp_path), str(tmp_path / "none.csv")]) == 2
    assert "none.csv" in capsys.readouterr().err
