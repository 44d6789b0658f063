"""What a layer is: a function that remembers enough to give its own gradient."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, overload

import numpy as np

from nnlib._checks import check_floats
from nnlib._types import Array

__all__ = ["Module", "Parameter", "Sequential"]


class Parameter:
    """An array that training changes, and its gradient.

    Parameters
    ----------
    data : array of floats, any shape
        The first value; it is copied.

    Raises
    ------
    TypeError
        If `data` is no array of floats.

    Attributes
    ----------
    data : array of floats
        The value. An optimiser changes it in place.
    grad : array of floats, the shape and dtype of `data`
        The gradient of the loss with respect to `data`, assigned at each backward.

    Examples
    --------
    >>> p = Parameter(np.array([1.0, 2.0]))
    >>> p.grad
    array([0., 0.])
    """

    def __init__(self, data: Array) -> None:
        check_floats("Parameter", "data", data)
        self.data = np.array(data)
        self.grad = np.zeros_like(self.data)

    def __repr__(self) -> str:
        return f"Parameter(shape={self.data.shape}, dtype={self.data.dtype})"


class Cached:
    """One private cache, overwritten at each forward and read by backward."""

    _cache: Any = None

    def _cached(self) -> Any:
        if self._cache is None:
            name = type(self).__name__
            raise RuntimeError(
                f"{name}.backward needs a forward before it: call the "
                f"{name} with an input first"
            )
        return self._cache


class Module(Cached, ABC):
    """A function y = f(x) with parameters, and its gradient.

    A subclass writes `forward`, which keeps in ``self._cache`` what `backward`
    will need, and `backward`. Its parameters and the modules within it are the
    attributes that hold a `Parameter` or a `Module`.

    Gradients are assigned, not accumulated: one forward, one backward.

    Examples
    --------
    >>> class Double(Module):
    ...     def forward(self, x):
    ...         return 2 * x
    ...     def backward(self, grad_output):
    ...         return 2 * grad_output
    >>> Double()(np.array([[1.0, 3.0]]))
    array([[2., 6.]])
    """

    training: bool = True

    @abstractmethod
    def forward(self, x: Array) -> Array:
        """The output for a batch `x`, one sample per row."""

    @abstractmethod
    def backward(self, grad_output: Array) -> Array:
        """The gradient with respect to the input of the last forward.

        Parameters
        ----------
        grad_output : array
            The gradient of the loss with respect to the output, of its shape.

        Returns
        -------
        array
            The gradient of the loss with respect to the input, of its shape. The
            gradients of the parameters are assigned to their ``.grad``.

        Raises
        ------
        RuntimeError
            If no forward came before.
        """

    def backward_parameters(self, grad_output: Array) -> None:
        """Backward as far as the parameters, and no further.

        Training needs nothing of the gradient with respect to the network's input,
        which is a third of the work of a small network. A module that can leave it
        out says how; this one falls back on the whole `backward`.
        """
        self.backward(grad_output)

    def __call__(self, x: Array) -> Array:
        """Compute `forward`, as ``module(x)``."""
        return self.forward(x)

    def children(self) -> Iterator[tuple[str, Module]]:
        """The modules right within this one, each with its name."""
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield name, value

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its name, such as ``"0.weight"``, in order."""
        for name, value in vars(self).items():
            if isinstance(value, Parameter):
                yield name, value
        for child_name, child in self.children():
            for name, parameter in child.named_parameters():
                yield f"{child_name}.{name}", parameter

    def parameters(self) -> list[Parameter]:
        """Every parameter, of this module and of those within it, in order."""
        return [parameter for _, parameter in self.named_parameters()]

    def train(self) -> None:
        """Behave as in training, here and in every module within."""
        self._set_training(True)

    def eval(self) -> None:
        """Behave as in use, here and in every module within."""
        self._set_training(False)

    def _set_training(self, training: bool) -> None:
        self.training = training
        for _, child in self.children():
            child._set_training(training)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Sequential(Module):
    """Modules one after another: the output of each is the input of the next.

    Parameters
    ----------
    *modules : Module
        At least one. A Sequential is a module itself, so it nests.

    Raises
    ------
    TypeError, ValueError
        If anything but modules is given, none at all, or one of them twice.

    Examples
    --------
    >>> from nnlib import Linear, ReLU
    >>> rng = np.random.default_rng(0)
    >>> net = Sequential(Linear(4, 3, rng=rng), ReLU())
    >>> net
    Sequential(
      (0) Linear(4, 3)
      (1) ReLU()
    )
    >>> net(np.zeros((5, 4), dtype=np.float32)).shape
    (5, 3)
    """

    def __init__(self, *modules: Module) -> None:
        for module in modules:
            if not isinstance(module, Module):
                raise TypeError(f"Sequential expected modules, got {module!r}")
        if not modules:
            raise ValueError("Sequential expected at least one module, got none")
        if len(set(map(id, modules))) < len(modules):
            raise ValueError(
                "Sequential expected different modules, got one of them twice: "
                "a module remembers only its last forward"
            )
        self._modules = modules
        learning = (i for i, module in enumerate(modules) if module.parameters())
        self._first = next(learning, None)  # the first that has parameters

    def forward(self, x: Array) -> Array:
        """Apply every module in turn."""
        for module in self._modules:
            x = module(x)
        return x

    def backward(self, grad_output: Array) -> Array:
        """Go back through the modules, last to first."""
        for module in reversed(self._modules):
            grad_output = module.backward(grad_output)
        return grad_output

    def backward_parameters(self, grad_output: Array) -> None:
        """Backward as far as the first module that has parameters."""
        if self._first is None:
            return
        for module in reversed(self._modules[self._first + 1 :]):
            grad_output = module.backward(grad_output)
        self._modules[self._first].backward_parameters(grad_output)

    def children(self) -> Iterator[tuple[str, Module]]:
        """The modules, named by their place: ``"0"``, ``"1"``, ..."""
        for i, module in enumerate(self._modules):
            yield str(i), module

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules)

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    def __getitem__(self, index: int | slice) -> Module:
        if isinstance(index, slice):
            return Sequential(*self._modules[index])
        return self._modules[index]

    def __repr__(self) -> str:
        lines = [f"({name}) {child!r}" for name, child in self.children()]
        body = "\n".join(lines).replace("\n", "\n  ")
        return f"Sequential(\n  {body}\n)"
