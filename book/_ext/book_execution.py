"""Notebooks run again when nnlib or the data has changed, and only then.

The cache of the notebooks' outputs knows the text of their cells alone, so its
folder is named after all else that the outputs come from.
"""

import hashlib
import os
import shutil
from pathlib import Path

from jupyter_client import KernelManager

import nnlib
from nnlib._mnist_files import cache_folder


def cache_key(library, data):
    """Return a short hash of the code below `library` and of MNIST's files in `data`.

    Files of data count by name and size: nnlib verifies their content itself. A
    folder without them, or none at all, stands for the digits that serve instead.
    """
    digest = hashlib.sha256()
    for path in sorted(library.rglob("*.py")):
        digest.update(f"{path.relative_to(library)}\0".encode())
        digest.update(path.read_bytes() + b"\0")
    for path in sorted(data.glob("*-ubyte*")):
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
    return digest.hexdigest()[:16]


def name_cache(app, config):
    """Choose the cache of this state of code and data, and remove the others."""
    data = Path(os.environ.get("NNLIB_DATA") or cache_folder())
    key = cache_key(Path(nnlib.__file__).parent, data)
    caches = Path(app.outdir).parent / ".jupyter_cache"
    for old in caches.glob("*"):
        if old.name != key:
            shutil.rmtree(old)
    config.nb_execution_cache_path = str(caches / key)


def setup(app):
    """Connect to Sphinx, and tell the kernels that they run for the book."""
    os.environ["NNLIB_BOOK"] = "1"
    os.environ["TQDM_DISABLE"] = "1"  # a page cannot show a bar that grows
    # Kernels that are encrypted start without a warning that they are not.
    KernelManager.transport_encryption.default_value = "auto"
    app.connect("config-inited", name_cache)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
