"""The command line trains, evaluates and predicts, and a mistake costs one line."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from nnlib import __main__ as command_line
from nnlib import _mnist_files, load_digits, mlp, save_weights

TRAIN = ("train", "--data", "digits")


@pytest.fixture(autouse=True)
def _no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("NNLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(_mnist_files, "MIRRORS", ("http://127.0.0.1:9/",))


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """Weights trained on the digits by the default recipe."""
    path = tmp_path_factory.mktemp("weights") / "digits.safetensors"
    assert command_line.main([*TRAIN, "--out", str(path)]) == 0
    return path


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    code = command_line.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def start(*arguments: object, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "nnlib", *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def images_of(tmp_path: Path, digits: np.ndarray) -> list[Path]:
    """Write digits as a person would: dark on white, in images of 280x280."""
    paths = []
    for number, digit in enumerate(digits):
        image = Image.fromarray(np.round(255 * (1 - digit)).astype(np.uint8))
        paths.append(tmp_path / f"{number}.png")
        image.resize((280, 280), Image.Resampling.BICUBIC).save(paths[-1])
    return paths


# Doing what they are for


def test_the_default_recipe_reads_97_percent_of_the_digits_and_more_of_mnist(
    tmp_path, capsys
):
    source = "auto" if os.environ.get("NNLIB_DATA") else "digits"
    out = tmp_path / "weights.safetensors"
    code, text, _ = run(capsys, "train", "--data", source, "--out", out)
    accuracy = float(re.search(r"Test loss .*, accuracy (.*)%", text)[1])
    assert code == 0
    assert accuracy >= (97.5 if source == "auto" else 95)
    assert "784-128-64-10, 109,386 parameters" in text
    assert ("MNIST: 55,000 images to train on" in text) == (source == "auto")
    assert ("digits (not MNIST): 1,322 images" in text) == (source == "digits")
    assert (
        len(re.findall(r"^ +\d+ +\d\.\d{4} +\d\.\d{4} +\d+\.\d\d%", text, re.M)) == 10
    )


def test_a_seed_gives_the_same_weights_to_the_bit(tmp_path, capsys):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(capsys, *TRAIN, "--epochs", 1, "--seed", seed, "--out", tmp_path / name)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c


def test_training_stopped_and_gone_on_with_gives_the_same_weights(tmp_path, capsys):
    options = (*TRAIN, "--hidden", 16, "--epochs", 60)
    checkpoint = ("--checkpoint", tmp_path / "checkpoint")
    process = start(*options, *checkpoint, "--out", "never", cwd=tmp_path)
    while not (tmp_path / "checkpoint").exists():
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert not (tmp_path / "never").exists()
    code, text, _ = run(capsys, *options, *checkpoint, "--out", tmp_path / "gone_on")
    assert code == 0
    assert text.count("%") == 60 + 1  # an accuracy per epoch, and the test's
    run(capsys, *options, "--out", tmp_path / "whole")
    gone_on, whole = (tmp_path / name for name in ("gone_on", "whole"))
    assert gone_on.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    ("hidden", "shape"),
    [([], "784-10"), ([5], "784-5-10"), ([9, 8, 7], "784-9-8-7-10")],
)
def test_sizes_are_read_from_the_weights(tmp_path, capsys, hidden, shape):
    out = tmp_path / "weights"
    run(capsys, *TRAIN, "--epochs", 1, "--hidden", *hidden, "--out", out)
    code, text, _ = run(capsys, "evaluate", out, "--data", "digits")
    assert code == 0
    assert f"Network: {shape}, " in text


def test_a_network_of_many_layers_is_put_together_in_order(tmp_path, capsys):
    sizes = [784, *range(20, 12, -1), 10]
    save_weights(mlp(sizes, rng=np.random.default_rng(0)), tmp_path / "deep")
    code, text, _ = run(capsys, "evaluate", tmp_path / "deep", "--data", "digits")
    assert code == 0
    assert "-".join(map(str, sizes)) in text


def test_evaluate_counts_every_test_image(trained, capsys):
    code, text, errors = run(capsys, "evaluate", trained, "--data", "digits")
    assert (code, errors) == (0, "")
    assert "355 test images" in text
    accuracy = float(re.search(r"accuracy (.*)%", text)[1]) / 100
    matrix = np.array([line.split()[1:] for line in text.splitlines()[-10:]], dtype=int)
    assert matrix.shape == (10, 10)
    assert matrix.sum() == 355
    assert np.trace(matrix) / 355 == pytest.approx(accuracy, abs=1e-4)
    shares = [float(share) for share in re.findall(r"^  \d +(.*)%$", text, re.M)]
    recall = 100 * np.diag(matrix) / matrix.sum(axis=1)
    np.testing.assert_allclose(shares, recall, atol=0.01)


def test_predict_reads_most_images_of_digits(trained, tmp_path, capsys):
    _, (x, y) = load_digits(flatten=False)
    paths = images_of(tmp_path, x[:30, 0])
    code, text, errors = run(capsys, "predict", trained, *paths)
    assert (code, errors) == (0, "")
    lines = text.splitlines()
    assert len(lines) == 30
    found = [
        re.fullmatch(r"(.*): (\d) \((.*)%\), then \d \(.*%\), \d \(.*%\)", s)
        for s in lines
    ]
    assert [match[1] for match in found] == [str(path) for path in paths]
    assert np.mean([int(match[2]) for match in found] == y[:30]) >= 0.9
    assert all(33 < float(match[3]) <= 100 for match in found)


def test_predict_shows_what_the_network_sees(trained, tmp_path, capsys):
    _, (x, _) = load_digits(flatten=False)
    (path,) = images_of(tmp_path, x[:1, 0])
    _, text, _ = run(capsys, "predict", trained, path, "--show")
    drawing = text.splitlines()[1:]
    assert len(drawing) == 28
    assert {len(line) for line in drawing} == {56}
    assert drawing[0].isspace()
    assert "@" in text


def test_without_mnist_and_network_the_digits_serve_and_it_is_said(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.delenv("NNLIB_DATA", raising=False)
    code, text, _ = run(capsys, "train", "--epochs", 1, "--out", tmp_path / "w")
    assert code == 0
    assert "MNIST is not at hand" in text
    assert "scikit-learn's digits (not MNIST)" in text


# Mistakes


def assert_is_one_line_of_error(result: tuple[int, str, str], message: str) -> None:
    code, _, errors = result
    assert code == 2
    assert re.fullmatch(r"nnlib: error: .*\n", errors), errors
    assert re.search(message, errors), errors


@pytest.mark.parametrize("name", ["nothing.png", "folder", "text.png", "blank.png"])
def test_predict_goes_on_after_an_image_that_is_none(trained, tmp_path, capsys, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.png").write_text("seven")
    Image.new("L", (50, 50), 255).save(tmp_path / "blank.png")
    _, (x, _) = load_digits(flatten=False)
    (good,) = images_of(tmp_path, x[:1, 0])
    result = run(capsys, "predict", trained, tmp_path / name, good)
    assert_is_one_line_of_error(result, name)
    assert f"{good}: " in result[1]


@pytest.mark.parametrize("command", ["evaluate", "predict"])
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (None, "no file of weights"),
        (b"", "not a whole safetensors file"),
        (b"seven" * 100, "not a whole safetensors file"),
        ({}, "does not hold a network"),
        ({"0.bias": np.zeros(10)}, "does not hold a network"),
        ({"0.weight": np.zeros(784)}, "does not hold a network"),
        ({"0.weight": np.zeros((784, 9))}, r"784 pixels to 10 digits.*\(784, 9\)"),
        ({"0.weight": np.zeros((8, 1, 5, 5))}, r"\(8, 1, 5, 5\)"),
        ({"0.weight": np.zeros((784, 10))}, "0.bias"),
        (
            {
                "0.weight": np.zeros((784, 5), np.float32),
                "0.bias": np.zeros(5, np.float32),
                "2.weight": np.zeros((6, 10), np.float32),
                "2.bias": np.zeros(10, np.float32),
            },
            r"2.weight should be \(5, 10\)",
        ),
        ({"0.weight": np.zeros((784, 0)), "2.weight": np.zeros((0, 10))}, "w.st does"),
    ],
)
def test_weights_that_do_not_fit_are_an_error(
    tmp_path, capsys, command, weights, message
):
    path = tmp_path / "w.st"
    if isinstance(weights, bytes):
        path.write_bytes(weights)
    elif weights is not None:
        save_file(weights, path)
    more = ["image.png"] if command == "predict" else ["--data", "digits"]
    assert_is_one_line_of_error(run(capsys, command, path, *more), message)


def test_weights_cut_anywhere_are_an_error(trained, tmp_path, capsys):
    content, path = trained.read_bytes(), tmp_path / "cut"
    for length in (1, 8, 100, 1000, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        assert_is_one_line_of_error(run(capsys, "evaluate", path), "cut")


def test_missing_or_bad_data_is_an_error(trained, tmp_path, monkeypatch, capsys):
    result = run(capsys, "evaluate", trained, "--data", tmp_path / "nowhere")
    assert_is_one_line_of_error(result, "nowhere")
    result = run(capsys, "evaluate", trained, "--data", tmp_path)
    assert_is_one_line_of_error(result, "train-images-idx3-ubyte")
    monkeypatch.delenv("NNLIB_DATA", raising=False)
    result = run(capsys, "evaluate", trained, "--data", "mnist")
    assert_is_one_line_of_error(result, "not at hand")


@pytest.mark.parametrize("out", ["nowhere/w.safetensors", "."])
def test_weights_without_a_place_are_an_error_before_the_training(
    tmp_path, monkeypatch, capsys, out
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command_line, "load_mnist", None)
    assert_is_one_line_of_error(run(capsys, *TRAIN, "--out", out), "--out")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--lr", -1, "lr"),
        ("--lr", "nan", "lr"),
        ("--momentum", 1.5, "momentum"),
        ("--seed", -1, "non-negative"),
    ],
)
def test_numbers_out_of_range_are_an_error(tmp_path, capsys, option, value, message):
    result = run(capsys, *TRAIN, "--out", tmp_path / "w", option, value)
    assert_is_one_line_of_error(result, message)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["learn"],
        ["train"],
        ["train", "--out", "w", "--epochs", "0"],
        ["train", "--out", "w", "--batch-size", "-3"],
        ["train", "--out", "w", "--hidden", "many"],
        ["evaluate"],
        ["predict", "w"],
    ],
)
def test_arguments_that_make_no_sense_end_with_the_usage(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        command_line.main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m nnlib" in capsys.readouterr().err


# Being stopped


def test_ctrl_c_ends_quietly_and_writes_nothing(tmp_path):
    options = ("--epochs", 100_000, "--checkpoint", "checkpoint")
    process = start(*TRAIN, *options, "--out", "w", cwd=tmp_path)
    while not (tmp_path / "checkpoint").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert errors.endswith("Stopped.\n")
    assert not (tmp_path / "w").exists()


SAVE = """
import sys, numpy as np, nnlib
models = [nnlib.mlp([784, 300, 10], rng=np.random.default_rng(s)) for s in (0, 1)]
for model in models:
    for p in model.parameters():
        p.data[...] = models.index(model)
print("ready", flush=True)
while True:
    for model in models:
        nnlib.save_weights(model, sys.argv[1])
"""


def test_weights_are_whole_whenever_the_process_is_killed(tmp_path):
    path = tmp_path / "w.safetensors"
    rng = np.random.default_rng(0)
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", SAVE, str(path)], stdout=subprocess.PIPE, text=True
        )
        process.stdout.readline()
        while not path.exists():
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.communicate()
        arrays = load_file(path)
        assert {name: array.shape for name, array in arrays.items()} == {
            "0.weight": (784, 300),
            "0.bias": (300,),
            "2.weight": (300, 10),
            "2.bias": (10,),
        }
        assert (
            len({value for array in arrays.values() for value in np.unique(array)}) == 1
        )


def test_a_training_that_is_killed_leaves_the_weights_that_were_there(
    trained, tmp_path
):
    out = tmp_path / "w.safetensors"
    out.write_bytes(trained.read_bytes())
    options = ("--epochs", 100_000, "--checkpoint", "checkpoint")
    process = start(*TRAIN, *options, "--out", out, cwd=tmp_path)
    while not (tmp_path / "checkpoint").exists():
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert out.read_bytes() == trained.read_bytes()
