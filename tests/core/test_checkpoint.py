"""A checkpoint comes back as it was written, or it is refused by name."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load

from curvegan_core.config.train import TrainConfig
from curvegan_core.engines import State
from curvegan_core.errors import CheckpointRefused
from curvegan_core.networks import init_weights
from curvegan_core.records.checkpoint import Checkpoint
from curvegan_core.records.loss_curve import LossCurve

CONFIG = TrainConfig(points=7, latent=3, hidden_g=5, hidden_d=4, batch_size=5)


def a_checkpoint(config: TrainConfig = CONFIG) -> Checkpoint:
    weights = init_weights(config)
    moments = {name: tensor**2 for name, tensor in weights.items()}
    record = LossCurve(np.array([130]), *(np.array([v], np.float32) for v in (0.1, 1.4, 0.5, 1 / 3, 1e-7)))
    return Checkpoint(config.hash, 137, "torch", "2.13.0", weights, weights, moments, record)


def test_comes_back_bit_for_bit() -> None:
    checkpoint = a_checkpoint()
    back = Checkpoint.from_bytes(checkpoint.to_bytes(), CONFIG)
    assert back == checkpoint
    assert (back.step, back.engine, back.engine_version, back.config_hash) == (137, "torch", "2.13.0", CONFIG.hash)
    assert back.record == checkpoint.record
    for name, tensor in checkpoint.adam_v.items():
        np.testing.assert_array_equal(back.adam_v[name], tensor)


def test_without_a_record_comes_back_too() -> None:
    checkpoint = replace(a_checkpoint(), step=0, record=LossCurve.empty())
    assert Checkpoint.from_bytes(checkpoint.to_bytes()) == checkpoint


def test_a_person_can_read_it_with_safetensors() -> None:
    checkpoint = a_checkpoint()
    tensors = load(checkpoint.to_bytes())
    np.testing.assert_array_equal(tensors["generator.0.weight"], checkpoint.weights["generator.0.weight"])
    assert tensors["adam_m.discriminator.2.bias"].shape == (1,)


def test_every_flipped_byte_is_refused() -> None:
    data = a_checkpoint().to_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    for index in [*range(header), *range(header, len(data), 7), len(data) - 1]:
        for flip in (0x01, 0x20, 0x80):
            damaged = data[:index] + bytes([data[index] ^ flip]) + data[index + 1 :]
            with pytest.raises(CheckpointRefused, match="refused"):
                Checkpoint.from_bytes(damaged, CONFIG)


def test_every_truncation_and_any_appendix_is_refused() -> None:
    data = a_checkpoint().to_bytes()
    for size in [*range(0, 600), *range(600, len(data), 11), len(data) - 1]:
        with pytest.raises(CheckpointRefused, match="damaged or no checkpoint"):
            Checkpoint.from_bytes(data[:size])
    with pytest.raises(CheckpointRefused, match="checksum"):
        Checkpoint.from_bytes(data + b"\0")


def test_newer_format_is_refused_by_name() -> None:
    data = a_checkpoint().to_bytes()
    newer = data.replace(rb"\"format\": 1", rb"\"format\": 9", 1)
    assert newer != data
    with pytest.raises(CheckpointRefused, match="format 9, this curvegan reads up to 1"):
        Checkpoint.from_bytes(newer)


def test_other_config_is_refused_by_name() -> None:
    data = a_checkpoint().to_bytes()
    other = CONFIG.model_copy(update={"lr_g": 2e-4})
    with pytest.raises(CheckpointRefused, match="another config"):
        Checkpoint.from_bytes(data, other)


def test_tensors_of_other_shapes_are_refused() -> None:
    other = CONFIG.model_copy(update={"hidden_g": 6})
    forged = replace(a_checkpoint(), config_hash=other.hash)
    with pytest.raises(CheckpointRefused, match="shapes"):
        Checkpoint.from_bytes(forged.to_bytes(), other)


def test_longer_training_of_the_same_config_may_resume() -> None:
    longer = CONFIG.model_copy(update={"steps": 20_000, "record_every": 7, "device": "cpu"})
    assert Checkpoint.from_bytes(a_checkpoint().to_bytes(), longer).step == 137


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("a checkpoint was unpickled",))


@pytest.mark.parametrize("data", [pickle.dumps(Bomb()), b"", b"{}", bytes(8), b"\2" + bytes(7) + b"{}", bytes(4096)])
def test_a_pickle_and_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(CheckpointRefused, match="damaged or no checkpoint"):
        Checkpoint.from_bytes(data)


def test_a_missing_tensor_is_refused() -> None:
    checkpoint = a_checkpoint()
    fewer = {name: tensor for name, tensor in checkpoint.weights.items() if name != "generator.2.bias"}
    with pytest.raises(CheckpointRefused, match="shapes"):
        Checkpoint.from_bytes(replace(checkpoint, weights=fewer).to_bytes(), CONFIG)


def test_numbers_that_are_none_are_told() -> None:
    checkpoint = a_checkpoint()
    assert checkpoint.finite
    broken = {name: tensor.copy() for name, tensor in checkpoint.adam_v.items()}
    broken["generator.0.bias"][0] = np.inf
    assert not replace(checkpoint, adam_v=broken).finite


def test_header_is_one_json_text() -> None:
    data = a_checkpoint().to_bytes()
    outer = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    header = json.loads(outer["__metadata__"]["curvegan"])
    assert header["format"] == 1
    assert header["config_hash"] == CONFIG.hash
    assert len(header["sha256"]) == 64


def test_what_each_optimiser_keeps_and_running_statistics_have_their_own_names() -> None:
    values = {"optimiser_g": "sgd", "optimiser_d": "oadam", "norm_g": "batch", "norm_d": "layer"}
    config = TrainConfig.parse(values)
    state = State.initial(config)
    facts = (config.hash, 0, "torch", "2.13.0")
    stored = Checkpoint(
        *facts, state.weights, state.adam_m, state.adam_v, oadam_step=state.oadam_step, momentum=state.momentum
    )
    names = load(stored.to_bytes())
    assert {
        "generator.1.running_mean",
        "momentum.generator.0.weight",
        "oadam_step.discriminator.3.bias",
    } <= names.keys()
    assert not {"adam_m.generator.0.weight", "momentum.generator.1.running_var"} & names.keys()
    assert Checkpoint.from_bytes(stored.to_bytes(), config) == stored
    for broken in (replace(stored, momentum={}), replace(stored, oadam_step={}), replace(stored, adam_v={})):
        with pytest.raises(CheckpointRefused, match="shapes"):
            Checkpoint.from_bytes(broken.to_bytes(), config)


def test_a_generator_without_latents_has_a_checkpoint() -> None:
    config = TrainConfig.parse({"latent": 0, "layers_g": 0, "points": 1})
    state = State.initial(config)
    stored = Checkpoint(config.hash, 0, "torch", "2.13.0", state.weights, state.adam_m, state.adam_v)
    assert Checkpoint.from_bytes(stored.to_bytes(), config).weights["generator.0.weight"].shape == (1, 0)
