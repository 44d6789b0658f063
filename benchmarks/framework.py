"""A framework as they are often first written: functions of local and global gradients.

A function keeps its local gradient at each forward, a float array of the size of its
output or its operands themselves; backward multiplies it by the gradient from above,
its global gradient. Everything is float64, which is what NumPy gives who asks for
nothing else, and every layer computes the gradient of its input, the first one too.
Nothing here is wrong, and all of it is what the library does without: the benchmark
shows what that costs.
"""

import numpy as np


class Function:
    def __call__(self, x):
        self.cache = x
        self.local = self.local_gradient(x)
        return self.forward(x)

    def backward(self, upstream):
        return upstream * self.local


class ReLU(Function):
    def forward(self, x):
        return x * (x > 0)

    def local_gradient(self, x):
        return np.where(x > 0, 1.0, 0.0)


class Linear(Function):
    def __init__(self, inputs, outputs, rng):
        self.weight = rng.standard_normal((inputs, outputs)) * np.sqrt(2 / inputs)
        self.bias = np.zeros((1, outputs))

    def forward(self, x):
        return x @ self.weight + self.bias

    def local_gradient(self, x):
        return {"x": self.weight.T, "weight": x.T, "bias": np.ones((1, len(x)))}

    def backward(self, upstream):
        self.gradient = {
            "weight": self.local["weight"] @ upstream,
            "bias": self.local["bias"] @ upstream,
        }
        return upstream @ self.local["x"]

    def update(self, lr):
        self.weight = self.weight - lr * self.gradient["weight"]
        self.bias = self.bias - lr * self.gradient["bias"]


class CrossEntropy(Function):
    def __call__(self, x, target):
        exp = np.exp(x - x.max(axis=1, keepdims=True))
        probability = exp / exp.sum(axis=1, keepdims=True)
        one_hot = np.eye(x.shape[1])[target]
        self.local = (probability - one_hot) / len(x)
        return -np.mean(np.log(np.sum(probability * one_hot, axis=1)))

    def backward(self):
        return self.local


class Net:
    def __init__(self, layers):
        self.layers = layers

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def backward(self, upstream):
        for layer in reversed(self.layers):
            upstream = layer.backward(upstream)

    def update(self, lr):
        for layer in self.layers:
            if isinstance(layer, Linear):
                layer.update(lr)
