"""Run in a notebook's kernel as it starts: nudges last bits of pictures and weights."""


def _nudge():
    import os

    import numpy as np

    import nnlib
    from nnlib import data, layers

    units = int(os.environ["NNLIB_NUDGE"])  # in the last place
    load, init = data.load_mnist, layers.Linear.__init__

    def by(array):
        return 1 - units * np.finfo(array.dtype).eps

    def load_mnist(*arguments, **settings):
        (x, y), (x_test, y_test) = load(*arguments, **settings)
        factor = x.dtype.type(by(x))
        return (x * factor, y), (x_test * factor, y_test)

    def nudged(self, *arguments, **settings):
        init(self, *arguments, **settings)
        self.weight.data *= self.weight.data.dtype.type(by(self.weight.data))

    nnlib.load_mnist = data.load_mnist = load_mnist
    layers.Linear.__init__ = nudged


_nudge()
del _nudge
