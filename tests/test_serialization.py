"""Weights on disk: they come back bit for bit, or not at all."""

import json
import os
import signal
import struct
import subprocess
import sys
import time

import numpy as np
import pytest
from helpers import quick, rng_of
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load_file, save_file

from nnlib import Linear, Sequential, Tanh, load_weights, mlp, save_weights
from nnlib import serialization as on_disk


def network(seed=0, sizes=(3, 4, 2), dtype=np.float32):
    return mlp(sizes, rng=rng_of(seed), dtype=dtype)


def weights(model):
    return {name: p.data.copy() for name, p in model.named_parameters()}


def same(first, second):
    return first.keys() == second.keys() and all(
        np.array_equal(first[name], second[name], equal_nan=True) for name in first
    )


def assert_refused(path, message, model=None):
    """Loading raises a ValueError that names the file, and changes nothing."""
    model = network(9) if model is None else model
    before = weights(model)
    with pytest.raises(ValueError, match=message) as caught:
        load_weights(model, path)
    assert path.name in str(caught.value)
    assert same(weights(model), before)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.safetensors"


# ---- there and back -----------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_weights_come_back_bit_for_bit(path, dtype):
    model, other = network(1, dtype=dtype), network(2, dtype=dtype)
    save_weights(model, path)
    load_weights(other, path)
    assert same(weights(model), weights(other))


@pytest.fixture(scope="module")
def shared_path(tmp_path_factory):
    return tmp_path_factory.mktemp("arrays") / "arrays.safetensors"


@quick
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8).filter(lambda name: name != "__metadata__"),
        hnp.arrays(
            st.sampled_from(["<f2", "<f4", "<f8", "<i8"]),
            hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
        ),
        max_size=4,
    )
)
def test_arrays_of_every_shape_and_name_come_back_bit_for_bit(shared_path, arrays):
    on_disk.write_arrays(shared_path, arrays, {"some": "text ✓"})
    found, text = on_disk.read_arrays(shared_path)
    assert text == {"some": "text ✓"}
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def test_memory_that_is_not_in_order_is_written_in_order(path):
    base = rng_of(0).standard_normal((4, 6))
    arrays = {
        "transposed": base.T,
        "strided": base[::2, 1::2],
        "big": base.astype(">f8"),
    }
    on_disk.write_arrays(path, arrays)
    found, _ = on_disk.read_arrays(path)
    assert same(found, {name: a.astype("<f8") for name, a in arrays.items()})


def test_loading_writes_into_the_arrays_that_are_there(path):
    model = network()
    save_weights(model, path)
    places = [p.data for p in model.parameters()]
    load_weights(model, path)
    assert all(
        p.data is place for p, place in zip(model.parameters(), places, strict=True)
    )


def test_the_file_is_plain_safetensors_with_the_names_of_the_parameters(path):
    model = network()
    save_weights(model, path)
    assert list(load_file(path)) == ["0.bias", "0.weight", "2.bias", "2.weight"]
    assert same(load_file(path), weights(model))


def test_a_file_that_another_program_wrote_is_read(path):
    model = network(3)
    save_file(weights(network(4)), path, {"format": "pt"})
    load_weights(model, path)
    assert same(weights(model), weights(network(4)))


def test_a_model_without_parameters_has_an_empty_file(path):
    save_weights(Tanh(), path)
    load_weights(Tanh(), path)
    assert_refused(path, "0.weight is missing")


def test_a_path_may_be_text(path):
    save_weights(network(), str(path))
    load_weights(network(1), str(path))


# ---- what does not fit --------------------------------------------------------------


def test_a_file_cut_short_at_any_length_is_refused(path):
    save_weights(network(), path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert_refused(path, "is not a whole safetensors file")


def test_a_file_that_is_too_long_is_refused(path):
    save_weights(network(), path)
    with path.open("ab") as file:
        file.write(b"\0")
    assert_refused(path, "is not a whole safetensors file")


def test_a_header_changed_at_any_byte_is_read_or_refused_and_never_half_read(path):
    save_weights(network(), path)
    whole = path.read_bytes()
    header = 8 + struct.unpack("<Q", whole[:8])[0]
    expected = weights(network())
    for i in range(header):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        model = network(9)
        before = weights(model)
        try:
            load_weights(model, path)
        except ValueError as error:
            named = path.name in str(error)
            assert named
            assert same(weights(model), before)
        else:  # two arrays of one shape that swapped names, or a space
            assert not same(weights(model), before)
            assert weights(model).keys() == expected.keys()


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\3\4" * 100, b"\x93NUMPY" * 50, b"\xff" * 64]
)
def test_a_foreign_file_is_refused(path, content):
    path.write_bytes(content)
    assert_refused(path, "is not a whole safetensors file")


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3"])
def test_a_type_that_numpy_lacks_is_refused_by_name(path, dtype):
    size = {"BF16": 2, "F8_E4M3": 1}[dtype]
    entry = {"dtype": dtype, "shape": [1], "data_offsets": [0, size]}
    header = json.dumps({"0.bias": entry}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(size))
    assert_refused(path, f"holds 0.bias as {dtype}, a type that NumPy does not have")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("0.bias"), "0.bias is missing"),
        (
            lambda w: w.update(extra=np.zeros(1, np.float32)),
            "extra is not in the model",
        ),
        (
            lambda w: w.update({"0.weight": w["0.weight"].T.copy()}),
            r"0.weight should be \(3, 4\) of float32, is \(4, 3\) of float32",
        ),
        (
            lambda w: w.update({"2.bias": w["2.bias"].astype(np.float64)}),
            r"2.bias should be \(2,\) of float32, is \(2,\) of float64",
        ),
        (
            lambda w: w.update({"2.bias": np.zeros(2, np.int64)}),
            r"2.bias should be \(2,\) of float32, is \(2,\) of int64",
        ),
        (
            lambda w: (w.pop("0.bias"), w.update({"2.bias": np.zeros((), "f4")})),
            r"0.bias is missing; 2.bias should be \(2,\) of float32, is \(\)",
        ),
    ],
)
def test_what_does_not_fit_the_model_is_named_with_its_shape(path, change, message):
    arrays = weights(network())
    change(arrays)
    save_file(arrays, path)
    assert_refused(path, f"does not fit the model: {message}")


def test_the_weights_of_another_network_are_refused(path):
    save_weights(network(sizes=(3, 5, 2)), path)
    assert_refused(path, r"0.weight should be \(3, 4\) of float32, is \(3, 5\)")
    save_weights(Linear(3, 4, rng=rng_of(0)), path)
    assert_refused(path, "0.weight is missing.*weight is not in the model")


def test_a_model_that_nests_otherwise_is_refused(path):
    model = network()
    save_weights(Sequential(*model), path)
    assert_refused(path, "0.0.weight is missing", Sequential(model))


# ---- errors of the file system ------------------------------------------------------


def test_a_file_that_is_not_there_is_an_error_that_names_it(path):
    with pytest.raises(
        FileNotFoundError, match=r"there is no file of weights at .*weigh"
    ):
        load_weights(network(), path)


def test_a_folder_in_place_of_a_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(IsADirectoryError, match=f"{tmp_path.name} is a folder"):
        save_weights(network(), tmp_path)
    with pytest.raises(FileNotFoundError, match=tmp_path.name):
        load_weights(network(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"there is no folder .*nowhere to write"
    ):
        save_weights(network(), tmp_path / "nowhere" / "weights.safetensors")


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_a_save_that_fails_leaves_the_old_file_and_no_other(
    path, monkeypatch, step, error
):
    save_weights(network(1), path)

    def fail(*arguments):
        raise error

    monkeypatch.setattr(on_disk.os, step, fail)
    with pytest.raises(type(error)):
        save_weights(network(2), path)
    monkeypatch.undo()
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    model = network(3)
    load_weights(model, path)
    assert same(weights(model), weights(network(1)))


def test_a_file_is_replaced_by_the_newer(path):
    save_weights(network(1), path)
    save_weights(network(2, sizes=(3, 9, 2)), path)
    model = network(3, sizes=(3, 9, 2))
    load_weights(model, path)
    assert same(weights(model), weights(network(2, sizes=(3, 9, 2))))
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.skipif(os.name == "nt", reason="there are no such rights on Windows")
def test_a_file_gets_the_rights_that_new_files_get(path):
    old = os.umask(0o027)
    try:
        save_weights(network(), path)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_process_killed_while_it_saves_leaves_a_whole_file(path):
    program = (
        "import sys, numpy as np\n"
        "from nnlib import Linear, save_weights\n"
        "layer = Linear(200, 300, rng=np.random.default_rng(0))\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    layer.weight.data[...] = n\n"
        "    layer.bias.data[...] = n\n"
        "    save_weights(layer, sys.argv[1])\n"
    )
    layer = Linear(200, 300, rng=rng_of(0))
    for delay in (0.0, 0.013, 0.021):
        process = subprocess.Popen([sys.executable, "-c", program, str(path)])
        deadline = time.monotonic() + 30
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        load_weights(layer, path)
        number = layer.bias.data[0]
        assert (layer.weight.data == number).all()
        assert (layer.bias.data == number).all()
