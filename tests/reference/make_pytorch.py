"""Write pytorch.npz beside this file: what PyTorch gives for the cases below.

Run it with an interpreter that has PyTorch; the tests read the file and need none.
A case is named by the expression that makes it, such as ``ELU(alpha=0.5)``, which
means the same in PyTorch and in nnlib, so a test evaluates it with nnlib's names.
"""

from pathlib import Path

import numpy as np

DTYPES = ("float32", "float64")

ACTIVATIONS = (
    "Sigmoid()",
    "Tanh()",
    "ReLU()",
    "LeakyReLU()",
    "LeakyReLU(negative_slope=0.2)",
    "LeakyReLU(negative_slope=1.5)",
    "ELU()",
    "ELU(alpha=0.5)",
    "SiLU()",
    "GELU()",
    "GELU(approximate='tanh')",
    "Softmax()",
)

NUMBER_LOSSES = ("MSELoss()", "MAELoss()", "HuberLoss()", "HuberLoss(delta=0.3)")

OPTIMIZERS = (
    "SGD(params, lr=0.1)",
    "SGD(params, lr=0.1, weight_decay=0.3)",
    "SGD(params, lr=0.1, momentum=0.9)",
    "SGD(params, lr=0.1, momentum=0.9, weight_decay=0.3)",
    "SGD(params, lr=0.1, momentum=0.9, nesterov=True)",
    "SGD(params, lr=0.1, momentum=0.6, nesterov=True, weight_decay=0.3)",
    "Adam(params)",
    "Adam(params, lr=0.1)",
    "Adam(params, lr=0.1, betas=(0.6, 0.7))",
    "Adam(params, lr=0.1, betas=(0.0, 0.0))",
    "Adam(params, lr=0.1, eps=0.5)",
    "Adam(params, lr=0.1, weight_decay=0.3)",
    "AdamW(params)",
    "AdamW(params, lr=0.1, weight_decay=0.3)",
    "AdamW(params, lr=0.1, betas=(0.5, 0.9), eps=1e-3, weight_decay=0.0)",
)

#: Steps of every optimiser; the parameters are kept after these.
STEPS = 100
KEPT_STEPS = (*range(1, 11), *range(20, STEPS + 1, 10))

MAX_NORMS = (0.1, 3.0, 300.0, 1e6)

inf = np.inf
EXTREMES = [0.0, 1e-30, 1e-5, 20.0, 40.0, 88.0, 110.0, 750.0, 1e4, 1e15, 1e30, inf]
EXTREME_ROWS = [
    [1000.0, 0.0, 0.0],
    [30.0, 0.0, 0.0],
    [0.0, 1e4, -1e4],
    [-2e6, -2e6, -2e6],
    [-2e6, 0.0, 2e6],
    [1e30, 1e30, -1e30],
    [1e-30, 0.0, -1e-30],
    [-inf, 0.0, 1.0],
    [-inf, -inf, 1.0],
    [inf, 0.0, 1.0],
    [inf, -inf, 1.0],
    [inf, inf, 1.0],
    [-inf, -inf, -inf],
]
EXTREME_P = [0.0, 1e-30, 1e-10, 0.5, 1 - 1e-7, 1.0]


def make_inputs():
    """Every input, by name, in float64; the cases also use them in float32."""
    rng = np.random.default_rng(2024)
    signed = np.concatenate([-np.array(EXTREMES), EXTREMES])
    pairs = np.meshgrid(EXTREME_P, [0.0, 0.3, 1.0], indexing="ij")
    logit_pairs = np.meshgrid(signed, [0.0, 0.3, 1.0], indexing="ij")
    return {
        "x": 3 * rng.standard_normal((7, 5)),
        "upstream": rng.standard_normal((7, 5)),
        "target": 3 * rng.standard_normal((7, 5)),
        "p": rng.uniform(0.01, 0.99, (7, 5)),
        "share": rng.uniform(0, 1, (7, 5)),
        "extreme": signed,
        "extreme upstream": rng.standard_normal(signed.shape),
        "extreme rows": np.array(EXTREME_ROWS),
        "extreme rows upstream": rng.standard_normal((len(EXTREME_ROWS), 3)),
        "extreme p": pairs[0].ravel(),
        "extreme p target": pairs[1].ravel(),
        "extreme logit": logit_pairs[0].ravel(),
        "extreme logit target": logit_pairs[1].ravel(),
        "weight": rng.standard_normal((5, 3)),
        "bias": rng.standard_normal(3),
        "upstream of 3": rng.standard_normal((7, 3)),
        "start of 2": rng.standard_normal((3, 2)),
        "start of 1": rng.standard_normal(4),
        # Gradients of a hundred steps, of every scale; some are 0.
        "gradients of 2": rng.standard_normal((STEPS, 3, 2)) * [1.0, 1e-6],
        "gradients of 1": rng.standard_normal((STEPS, 4)) * [1.0, 0.0, 1e3, 1e-12],
    }


def main():
    import torch
    from torch import nn, optim

    inputs = make_inputs()
    labels = np.random.default_rng(7).integers(0, 5, 7)
    out = {"torch version": np.array(torch.__version__), "labels": labels}
    out["kept steps"] = np.array(KEPT_STEPS)
    out |= {f"input|{name}": value for name, value in inputs.items()}
    names = {
        **vars(nn),
        "MAELoss": nn.L1Loss,
        "Softmax": lambda: nn.Softmax(dim=-1),
    }

    def tensor(name, dtype, grad=False):
        value = torch.tensor(inputs[name], dtype=getattr(torch, dtype))
        return value.requires_grad_(grad)

    def keep(key, dtype, **values):
        for name, value in values.items():
            out[f"{key}|{dtype}|{name}"] = value.detach().numpy().copy()

    def record(key, dtype, function, x_name, upstream_name):
        x = tensor(x_name, dtype, grad=True)
        y = function(x)
        y.backward(tensor(upstream_name, dtype))
        keep(f"{key}|{x_name}", dtype, y=y, grad=x.grad)

    for dtype in DTYPES:
        for expression in ACTIVATIONS:
            function = eval(expression, names)
            record(f"activation|{expression}", dtype, function, "x", "upstream")
            extreme = "extreme rows" if "Softmax" in expression else "extreme"
            record(
                f"activation|{expression}",
                dtype,
                function,
                extreme,
                f"{extreme} upstream",
            )

        functions = {
            "sigmoid": torch.sigmoid,
            # Exact for every z, where torch's softplus turns into z above 20.
            "softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)),
            "softmax": lambda z: torch.softmax(z, -1),
            "log_softmax": lambda z: torch.log_softmax(z, -1),
            "logsumexp": lambda z: torch.logsumexp(z, -1, keepdim=True),
        }
        for name, function in functions.items():
            for x_name in ("x", "extreme rows"):
                y = function(tensor(x_name, dtype))
                keep(f"functional|{name}|{x_name}", dtype, y=y)

        def record_loss(expression, dtype, x_name, target):
            """The mean loss and its gradient; for extremes each element by itself."""
            x = tensor(x_name, dtype, grad=True)
            criterion = eval(expression, names)
            if x_name.startswith("extreme"):
                criterion.reduction = "none"
            loss = criterion(x, target)
            loss.sum().backward()
            keep(f"loss|{expression}|{x_name}", dtype, y=loss, grad=x.grad)

        target = tensor("target", dtype)
        for expression in NUMBER_LOSSES:
            record_loss(expression, dtype, "x", target)
            zeros = torch.zeros_like(tensor("extreme", dtype))
            record_loss(expression, dtype, "extreme", zeros)
        record_loss("BCELoss()", dtype, "p", tensor("share", dtype))
        target = tensor("extreme p target", dtype)
        record_loss("BCELoss()", dtype, "extreme p", target)
        record_loss("BCEWithLogitsLoss()", dtype, "x", tensor("share", dtype))
        target = tensor("extreme logit target", dtype)
        record_loss("BCEWithLogitsLoss()", dtype, "extreme logit", target)
        record_loss("CrossEntropyLoss()", dtype, "x", torch.tensor(labels))
        for label in range(3):
            x = tensor("extreme rows", dtype, grad=True)
            target = torch.full((len(x),), label)
            loss = nn.functional.cross_entropy(x, target, reduction="none")
            loss.sum().backward()
            keep(
                f"loss|CrossEntropyLoss()|extreme rows {label}",
                dtype,
                y=loss,
                grad=x.grad,
            )

        for bias in (True, False):
            layer = nn.Linear(5, 3, bias=bias, dtype=getattr(torch, dtype))
            layer.weight.data = tensor("weight", dtype).T.contiguous()
            if bias:
                layer.bias.data = tensor("bias", dtype)
            record(f"linear|bias={bias}", dtype, layer, "x", "upstream of 3")
            keep(f"linear|bias={bias}|x", dtype, weight=layer.weight.grad.T)
            if bias:
                keep(f"linear|bias={bias}|x", dtype, bias=layer.bias.grad)

        for expression in OPTIMIZERS:
            params = [
                nn.Parameter(tensor("start of 2", dtype)),
                nn.Parameter(tensor("start of 1", dtype)),
            ]
            optimizer = eval(expression, {**vars(optim), "params": params})
            path = []
            for step in range(1, STEPS + 1):
                for p, name in zip(params, ("2", "1"), strict=True):
                    p.grad = tensor(f"gradients of {name}", dtype)[step - 1]
                optimizer.step()
                if step in KEPT_STEPS:
                    path.append(torch.cat([p.data.ravel() for p in params]))
            keep(f"optimizer|{expression}", dtype, path=torch.stack(path))

        for max_norm in MAX_NORMS:
            params = [nn.Parameter(tensor(f"start of {n}", dtype)) for n in "21"]
            for p, name in zip(params, "21", strict=True):
                p.grad = tensor(f"gradients of {name}", dtype)[0]
            norm = nn.utils.clip_grad_norm_(params, max_norm)
            grads = torch.cat([p.grad.ravel() for p in params])
            keep(f"clip|{max_norm}", dtype, norm=norm, grads=grads)

    def rates(make):
        optimizer = optim.SGD([nn.Parameter(torch.ones(1))], lr=0.3)
        schedule = make(optimizer)
        seen = [optimizer.param_groups[0]["lr"]]
        for _ in range(10):
            optimizer.step()
            schedule.step()
            seen.append(optimizer.param_groups[0]["lr"])
        return np.array(seen)

    lr = optim.lr_scheduler
    out["schedule|StepLR(optimizer, 3, 0.5)"] = rates(lambda o: lr.StepLR(o, 3, 0.5))
    out["schedule|StepLR(optimizer, 4)"] = rates(lambda o: lr.StepLR(o, 4))
    for floor in (0.0, 0.05):
        out[f"schedule|CosineLR(optimizer, 10, {floor})"] = rates(
            lambda o, floor=floor: lr.CosineAnnealingLR(o, 10, floor)
        )

    path = Path(__file__).with_name("pytorch.npz")
    np.savez_compressed(path, **out)
    print(f"{len(out)} arrays, {path.stat().st_size / 1000:.0f} kB, in {path.name}")


if __name__ == "__main__":
    main()
