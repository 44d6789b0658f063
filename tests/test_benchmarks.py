"""The benchmarks: they compare like with like, and tell when something got slower."""

import importlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

from nnlib import CrossEntropyLoss, mlp

FOLDER = ROOT / "benchmarks"


@pytest.fixture(scope="module")
def module():
    """Return a function that imports a file of the benchmarks' folder."""
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module
    sys.path.remove(str(FOLDER))


def test_the_framework_of_local_gradients_computes_the_gradients_of_nnlib(module):
    framework = module("framework")
    rng = np.random.default_rng(0)
    layers = [
        framework.Linear(7, 5, rng),
        framework.ReLU(),
        framework.Linear(5, 3, rng),
    ]
    net, criterion = framework.Net(layers), framework.CrossEntropy()
    ours = mlp([7, 5, 3], rng=rng, dtype=np.float64)
    for other, layer in ((layers[0], ours[0]), (layers[2], ours[2])):
        layer.weight.data[:], layer.bias.data[:] = other.weight, other.bias[0]
    x, y = rng.standard_normal((4, 7)), np.array([0, 2, 1, 2])

    loss = CrossEntropyLoss()
    assert criterion(net(x), y) == pytest.approx(loss(ours(x), y))
    net.backward(criterion.backward())
    ours.backward(loss.backward())
    for other, layer in ((layers[0], ours[0]), (layers[2], ours[2])):
        assert np.allclose(other.gradient["weight"], layer.weight.grad)
        assert np.allclose(other.gradient["bias"], layer.bias.grad)

    before = layers[0].weight.copy()
    net.update(0.1)
    step = layers[0].weight - before
    assert np.allclose(step, -0.1 * ours[0].weight.grad)


def test_ratios_are_taken_within_a_round(module):
    seconds = {
        "nnlib": [1.0, 2.0],
        "nnlib, Adam": [2.0, 5.0],
        "PyTorch eager": [2.0, 8.0],
    }
    assert module("epoch").ratios_of(seconds) == {
        "nnlib, Adam / nnlib": [2.0, 2.5],
        "nnlib / PyTorch eager": [0.5, 0.25],
    }


def test_a_promise_that_does_not_hold_is_named(module):
    epoch = module("epoch")
    assert epoch.broken_promises({"nnlib / PyTorch eager": [0.7, 0.74, 2.0]}) == []
    (line,) = epoch.broken_promises({"nnlib / PyTorch eager": [0.7, 0.76, 2.0]})
    assert "NOT KEPT: nnlib / PyTorch eager is 0.76, promised 0.75" in line


def test_what_takes_a_tenth_more_than_the_record_got_slower(module):
    epoch = module("epoch")
    record = {"nnlib / PyTorch eager": 0.5, "nnlib / what is not here": 0.1}
    assert epoch.slower({"nnlib / PyTorch eager": [0.54]}, record) == []
    (line,) = epoch.slower({"nnlib / PyTorch eager": [0.56]}, record)
    assert "SLOWER: nnlib / PyTorch eager is 0.56, committed 0.50" in line


def test_the_committed_ratios_keep_the_promises_but_for_one(module):
    epoch = module("epoch")
    for record in json.loads(epoch.RECORD.read_text()).values():
        assert {f"nnlib / {name}" for name in epoch.PROMISES} <= set(record)
        broken = epoch.broken_promises({name: [r] for name, r in record.items()})
        assert all("nnlib / the products alone" in line for line in broken)
        # Where it was measured, bare NumPy without a library hardly keeps it either.
        bare = record["nnlib / the products alone"]
        assert bare / record["nnlib / twenty lines of NumPy"] > 1.3


@pytest.mark.parametrize("known", [True, False])
def test_ratios_are_held_against_those_of_the_same_processor(
    module, monkeypatch, tmp_path, capsys, known
):
    epoch = module("epoch")
    monkeypatch.setattr(epoch, "RECORD", tmp_path / "ratios.json")
    monkeypatch.setattr(epoch, "contestants", lambda folder: {"nnlib": None})
    took = {"nnlib": [1.0], "nnlib, Adam": [1.2]}
    monkeypatch.setattr(epoch, "measure", lambda found, rounds: took)
    monkeypatch.setattr(sys, "argv", ["epoch.py", "--out", str(tmp_path / "out")])
    name = epoch.processor() if known else "another"
    epoch.RECORD.write_text(json.dumps({name: {"nnlib, Adam / nnlib": 1.0}}))
    assert epoch.main() == known
    said = "SLOWER: nnlib, Adam" if known else "no ratios of this processor"
    assert said in capsys.readouterr().out


def test_a_claim_about_mnist_that_does_not_hold_is_named(module):
    claims = module("claims")
    good = {"test": [0.987, 0.9895], "seconds": [30.0, 59.0]}
    assert claims.broken(good) == []
    assert len(claims.broken(good | {"test": [0.987, 0.988]})) == 1
    assert len(claims.broken(good | {"seconds": [30.0, 61.0]})) == 1


def test_the_recorded_claims_hold_and_are_of_the_chapters_functions(module):
    claims = module("claims")
    record = json.loads(claims.RECORD.read_text())
    chapter = claims.chapter()
    assert claims.broken(record) == []
    assert list(record["sizes"]) == [str(n) for n in chapter["SIZES"]]
    assert list(record["validation"]) == list(chapter["RECIPES"])
    means = {name: np.mean(v) for name, v in record["validation"].items()}
    assert record["chosen"] == max(means, key=means.get)
    assert len(record["test"]) == 5


def test_a_nudge_changes_last_bits_and_no_more():
    """As the kernel of a notebook does it: before anything else is run."""
    made = "nnlib.Linear(30, 20, rng=np.random.default_rng(0)).weight.data.tolist()"

    def weights(*first):
        lines = [
            *first,
            "import json, numpy as np, nnlib",
            f"print(json.dumps({made}))",
        ]
        ran = subprocess.run(
            [sys.executable, "-c", "\n".join(lines)],
            env=os.environ | {"NNLIB_NUDGE": "2"},
            capture_output=True,
            check=True,
        )
        return np.float32(json.loads(ran.stdout))

    path = str(FOLDER / "nudge.py")
    plain, nudged = weights(), weights("import runpy", f"runpy.run_path({path!r})")
    assert np.mean(plain != nudged) > 0.9
    assert np.allclose(plain, nudged, rtol=5e-7, atol=0)


def test_elsewhere_runs_other_kernels_and_other_last_bits(module, monkeypatch, capsys):
    elsewhere = module("elsewhere")
    given, codes = [], iter([0, 1, *[0] * 20])

    def run(command, *, cwd, env, check):
        given.append(env)
        assert (command[-1], cwd) == ("book/start.ipynb", ROOT)
        return subprocess.CompletedProcess(command, next(codes))

    monkeypatch.setattr(elsewhere.subprocess, "run", run)
    assert elsewhere.main(["book/start.ipynb"]) == 1
    assert "Something differs on: Sandybridge\n" in capsys.readouterr().out
    assert len({env.get("OPENBLAS_CORETYPE") for env in given}) == 4
    assert len({env.get("NNLIB_NUDGE") for env in given}) == 1 + elsewhere.NUDGES
