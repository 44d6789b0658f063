"""PyTorch's frozen values: whole, small, and of the inputs that their script has."""

import importlib.util
from pathlib import Path

import numpy as np
from helpers import ACTIVATIONS, LOSSES, PYTORCH, pytorch_cases

FOLDER = Path(__file__).parent / "reference"


def script():
    """The module that makes the values; it needs PyTorch only where it is run."""
    spec = importlib.util.spec_from_file_location("script", FOLDER / "make_pytorch.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_file_is_small_and_says_which_version_made_it():
    assert (FOLDER / "pytorch.npz").stat().st_size < 300_000
    assert str(PYTORCH["torch version"])[0].isdigit()


def test_the_inputs_are_those_of_the_script():
    inputs = script().make_inputs()
    assert {f"input|{name}" for name in inputs} == {
        key for key in PYTORCH if key.startswith("input|")
    }
    for name, value in inputs.items():
        assert np.array_equal(PYTORCH[f"input|{name}"], value)


def test_the_cases_are_those_of_the_script():
    module = script()
    assert set(ACTIVATIONS) == set(module.ACTIVATIONS)
    assert set(pytorch_cases("optimizer")) == set(module.OPTIMIZERS)
    assert {float(norm) for norm in pytorch_cases("clip")} == set(module.MAX_NORMS)
    of_classes = {"BCELoss()", "BCEWithLogitsLoss()", "CrossEntropyLoss()"}
    assert set(LOSSES) == {*module.NUMBER_LOSSES, *of_classes}
