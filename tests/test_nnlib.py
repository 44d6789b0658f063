"""The package as a whole: what importing it brings in, and what it leaves alone."""

import subprocess
import sys

import pytest

HEAVY = {
    "IPython",
    "PIL",
    "anywidget",
    "filelock",
    "ipywidgets",
    "matplotlib",
    "pooch",
    "requests",
    "scipy",
    "sklearn",
    "torch",
    "urllib3",
}


def run(program):
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def packages_after(program):
    """The packages that are imported once a program has run."""
    show = "\nimport sys\nprint(*{name.split('.')[0] for name in sys.modules})"
    return set(run(program + show))


def test_the_core_imports_numpy_and_small_helpers_only():
    assert not packages_after("import nnlib") & HEAVY


def test_the_core_imports_no_explorers_and_no_exercises():
    show = "\nimport sys\nprint(*[n for n in sys.modules if n.startswith('nnlib.')])"
    modules = run(f"import nnlib{show}")
    assert "nnlib.module" in modules
    assert not [n for n in modules if n.startswith(("nnlib.explorers", "nnlib.exerc"))]


def test_a_network_is_made_trained_and_checked_without_any_other_package():
    program = """
import numpy as np
import nnlib

rng = np.random.default_rng(0)
net = nnlib.mlp([3, 4, 2], nnlib.SiLU, rng=rng)
x, y = rng.standard_normal((9, 3)).astype("f4"), rng.integers(0, 2, 9)
optimizer = nnlib.Adam(net.parameters())
nnlib.fit(net, nnlib.CrossEntropyLoss(), optimizer, (x, y), epochs=1, batch_size=4,
          rng=rng, progress=False)
assert nnlib.check_gradients(nnlib.GELU("tanh"), x.astype(float), rng=rng)
"""
    assert not packages_after(program) & HEAVY


def test_the_exact_gelu_alone_asks_for_scipy():
    program = "import numpy as np, nnlib\nnnlib.GELU()(np.ones(2))"
    assert "scipy" in packages_after(program)


@pytest.mark.parametrize("call", ["import nnlib", "import nnlib.activations"])
def test_importing_draws_no_random_number_and_prints_nothing(call):
    program = (
        "import numpy as np\n"
        "np.random.seed(1)\n"
        "before = np.random.get_state()[2]\n"
        f"{call}\n"
        "assert np.random.get_state()[2] == before\n"
    )
    assert run(program) == []
