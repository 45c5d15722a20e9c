"""The peers' side of compare_curvature.py: the tasks of bench_curvature by PyTorch, torch.func,
curvlinops, BackPACK and pyDVL.

Each peer is a function that is given a Setup, prepares what need not be timed, and returns the work to
time; the work returns its result as a flat tensor. The objective is the mean cross-entropy. Its l2
term, which costs nothing, is left out here; training has it as weight decay.

As a program it holds the results against each other on one batch:

    python experiments/bench/curvature_peers.py --data FOLDER --model mlp
"""

import argparse
import copy
import importlib.metadata
import pathlib
import warnings

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

import train_pytorch

warnings.filterwarnings("ignore")  # the peers' own deprecations

DISTRIBUTIONS = ("torch", "curvlinops-for-pytorch", "backpack-for-pytorch", "pyDVL", "numpy")
COLUMNS = 8
CG_ITERATIONS = 20
GGN_DAMPING = 1e-3
# Past the most negative eigenvalue of the Hessian, at which a solve would rightly end.
HESSIAN_DAMPING = {"logistic": 1.0, "mlp": 1.0, "lenet5": 10.0, "gpt": 10.0}
KFAC_DAMPING = 1e-3
LOOP_EXAMPLES = 100  # of the loop over single examples; its time is scaled up to the whole set
L2 = 1e-3


def versions():
    found = {}
    for name in DISTRIBUTIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


class TokenScores(nn.Module):
    """A decoder with scores [b, words, positions], by attention that has second derivatives."""

    def __init__(self):
        super().__init__()
        self.gpt = train_pytorch.Gpt()

    def forward(self, tokens):
        with sdpa_kernel(SDPBackend.MATH):
            return self.gpt(tokens).transpose(1, 2)


def build(model):
    if model == "gpt":
        return TokenScores()
    if model == "logistic":
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    if model == "mlp":
        return train_pytorch.build(model)
    # Pooling before ReLU, as oubli has it: the same function, with less to rectify.
    layers = list(train_pytorch.build(model))
    for i, layer in enumerate(layers):
        if isinstance(layer, nn.MaxPool2d):
            layers[i - 1], layers[i] = layers[i], layers[i - 1]
    return nn.Sequential(*layers)


class Setup:
    """A trained model and the batches that tasks visit."""

    def __init__(self, model, batches, hessian_damping):
        self.model = model
        self.batches = batches
        self.hessian_damping = hessian_damping
        self.params = list(model.parameters())
        self.n = sum(len(y) for _, y in batches)
        start = torch.Generator().manual_seed(0)
        self.v = torch.randn(sum(p.numel() for p in self.params), COLUMNS, generator=start)
        self.gradient = gradient(self)()

    def first(self, examples):
        images, labels = self.batches[0]
        batches = [(images[:examples], labels[:examples])]
        return Setup(self.model, batches, self.hessian_damping)

    def like_params(self, flat):
        parts = flat.split([p.numel() for p in self.params])
        return [part.view_as(p) for part, p in zip(parts, self.params)]

    def loss(self, images, labels):
        """A batch's share of the objective."""
        return nn.functional.cross_entropy(self.model(images), labels, reduction="sum") / self.n


def train(model, images, labels, epochs):
    if isinstance(model, TokenScores):
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
        for _ in range(epochs):
            train_pytorch.train_language_epoch(model.gpt, optimizer, images, labels)
        return
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=L2)
    for _ in range(epochs):
        train_pytorch.train_epoch(model, optimizer, images, labels)


def make_setup(data, model, threads, examples=10000, batch_size=500, epochs=2):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    if model == "gpt":
        tokens = train_pytorch.random_sentences()
        images, labels = tokens[:, :-1], tokens[:, 1:]
    else:
        images, labels = train_pytorch.load(pathlib.Path(data), "train")
    images, labels = images[:examples].clone(), labels[:examples].clone()
    network = build(model)
    train(network, images, labels, epochs)
    batches = list(zip(images.split(batch_size), labels.split(batch_size)))
    return Setup(network, batches, HESSIAN_DAMPING[model])


def flatten(tensors):
    return torch.cat([t.detach().reshape(-1) for t in tensors])


def add_to(sums, tensors):
    for total, tensor in zip(sums, tensors):
        total += tensor


def zeros(setup):
    return [torch.zeros_like(p) for p in setup.params]


# ---- the peers ------------------------------------------------------------------------------------

PEERS = {}  # task: {peer: function}
SCALED = {}  # (task, peer): the examples that it visits instead of all
APPROXIMATE = set()  # (task, peer) whose results need not agree to rounding


def peer(task, name, examples=None, approximate=False):
    def register(function):
        PEERS.setdefault(task, {})[name] = function
        if examples is not None:
            SCALED[task, name] = examples
        if approximate:
            APPROXIMATE.add((task, name))
        return function

    return register


def gradient(setup):
    def work():
        sums = zeros(setup)
        for images, labels in setup.batches:
            add_to(sums, torch.autograd.grad(setup.loss(images, labels), setup.params))
        return flatten(sums)

    return work


# Hessian products.


def differentiable_gradients(setup):
    """For each batch its gradient with a graph of its own."""
    for images, labels in setup.batches:
        yield torch.autograd.grad(setup.loss(images, labels), setup.params, create_graph=True)


def kept_hessian(setup):
    kept = list(differentiable_gradients(setup))

    def product(v):
        v, sums = setup.like_params(v), zeros(setup)
        for g in kept:
            add_to(sums, torch.autograd.grad(g, setup.params, v, retain_graph=True))
        return flatten(sums)

    return product


@peer("hessian_kept", "PyTorch")
def hessian_kept_pytorch(setup):
    product = kept_hessian(setup)
    return lambda: product(setup.v[:, 0])


def functional(setup):
    parameters = {name: p.detach() for name, p in setup.model.named_parameters()}

    def outputs(parameters, images):
        return functional_call(setup.model, parameters, (images,))

    def loss(parameters, images, labels):
        return nn.functional.cross_entropy(outputs(parameters, images), labels, reduction="sum")

    return parameters, outputs, loss


@peer("hessian_kept", "torch.func")
def hessian_kept_linearize(setup):
    parameters, _, loss = functional(setup)
    kept = [
        torch.func.linearize(torch.func.grad(lambda p: loss(p, images, labels) / setup.n), parameters)[1]
        for images, labels in setup.batches
    ]

    def work():
        v, sums = dict(zip(parameters, setup.like_params(setup.v[:, 0]))), zeros(setup)
        for product in kept:
            add_to(sums, product(v).values())
        return flatten(sums)

    return work


def curvlinops_operator(setup, name):
    import curvlinops

    operator = getattr(curvlinops, name)
    loss = nn.CrossEntropyLoss()
    return operator(
        setup.model, loss, setup.params, setup.batches, check_deterministic=False, num_data=setup.n
    )


def curvlinops_product(name, columns):
    def prepare(setup):
        operator = curvlinops_operator(setup, name)
        v = setup.v[:, 0].contiguous() if columns == 1 else setup.v
        return lambda: (operator @ v).detach().flatten()

    return prepare


peer("hessian_kept", "curvlinops")(curvlinops_product("HessianLinearOperator", 1))
peer("hessian_streamed_8", "curvlinops")(curvlinops_product("HessianLinearOperator", COLUMNS))
peer("ggn_kept", "curvlinops")(curvlinops_product("GGNLinearOperator", 1))
peer("ggn_streamed_8", "curvlinops")(curvlinops_product("GGNLinearOperator", COLUMNS))


def pydvl_hessian(setup):
    from pydvl.influence.torch.operator import HessianOperator

    return HessianOperator(setup.model, nn.functional.cross_entropy, setup.batches)


@peer("hessian_kept", "pyDVL")
def hessian_kept_pydvl(setup):
    operator = pydvl_hessian(setup)
    return lambda: operator.apply(setup.v[:, 0])


@peer("hessian_streamed_8", "pyDVL")
def hessian_streamed_pydvl(setup):
    operator = pydvl_hessian(setup)
    return lambda: operator.apply(setup.v.T.contiguous()).T.flatten()


@peer("hessian_streamed_8", "PyTorch")
def hessian_streamed_pytorch(setup):
    def work():
        columns = [setup.like_params(v) for v in setup.v.unbind(1)]
        sums = [zeros(setup) for _ in columns]
        for g in differentiable_gradients(setup):
            for v, total in zip(columns, sums):
                add_to(total, torch.autograd.grad(g, setup.params, v, retain_graph=True))
        return torch.stack([flatten(total) for total in sums], 1).flatten()

    return work


# Gauss-Newton products by the double-backward trick: J' u is linear in u, so that its derivative along
# v is J v.


def vjp_graph(setup, images):
    outputs = setup.model(images)
    u = torch.zeros_like(outputs, requires_grad=True)
    backward = torch.autograd.grad(outputs, setup.params, u, create_graph=True)
    return outputs, u, backward, outputs.detach().softmax(1)


def ggn_product(setup, graph, v):
    outputs, u, backward, p = graph
    (jv,) = torch.autograd.grad(backward, u, v, retain_graph=True)
    ajv = p * (jv - (p * jv).sum(1, keepdim=True)) / setup.n
    return torch.autograd.grad(outputs, setup.params, ajv, retain_graph=True)


def kept_ggn(setup):
    kept = [vjp_graph(setup, images) for images, _ in setup.batches]

    def product(v):
        v, sums = setup.like_params(v), zeros(setup)
        for graph in kept:
            add_to(sums, ggn_product(setup, graph, v))
        return flatten(sums)

    return product


@peer("ggn_kept", "PyTorch")
def ggn_kept_pytorch(setup):
    product = kept_ggn(setup)
    return lambda: product(setup.v[:, 0])


@peer("ggn_kept", "torch.func")
def ggn_kept_linearize(setup):
    parameters, outputs, _ = functional(setup)
    kept = []
    for images, _ in setup.batches:
        f = lambda p, images=images: outputs(p, images)
        scores, forward = torch.func.linearize(f, parameters)
        kept.append((scores.softmax(1), forward, torch.func.vjp(f, parameters)[1]))

    def work():
        v, sums = dict(zip(parameters, setup.like_params(setup.v[:, 0]))), zeros(setup)
        for p, forward, backward in kept:
            jv = forward(v)
            ajv = p * (jv - (p * jv).sum(1, keepdim=True)) / setup.n
            add_to(sums, backward(ajv)[0].values())
        return flatten(sums)

    return work


@peer("ggn_streamed_8", "PyTorch")
def ggn_streamed_pytorch(setup):
    def work():
        columns = [setup.like_params(v) for v in setup.v.unbind(1)]
        sums = [zeros(setup) for _ in columns]
        for images, _ in setup.batches:
            graph = vjp_graph(setup, images)
            for v, total in zip(columns, sums):
                add_to(total, ggn_product(setup, graph, v))
        return torch.stack([flatten(total) for total in sums], 1).flatten()

    return work


# Diagonals of Fisher matrices.


def backpack_diagonal(extension, result):
    def prepare(setup):
        import backpack
        import backpack.extensions

        model = backpack.extend(copy.deepcopy(setup.model))
        loss = backpack.extend(nn.CrossEntropyLoss(reduction="sum"))
        params = list(model.parameters())

        def work():
            sums = zeros(setup)
            for images, labels in setup.batches:
                model.zero_grad()
                with backpack.backpack(getattr(backpack.extensions, extension)()):
                    loss(model(images), labels).backward()
                add_to(sums, [getattr(p, result) for p in params])
            return flatten(sums) / setup.n

        return work

    return prepare


peer("fisher_empirical", "BackPACK")(backpack_diagonal("SumGradSquared", "sum_grad_squared"))
peer("fisher_expected", "BackPACK")(backpack_diagonal("DiagGGNExact", "diag_ggn_exact"))


@peer("fisher_empirical", "torch.func")
def fisher_empirical_vmap(setup):
    parameters, _, loss = functional(setup)
    one = lambda p, image, label: loss(p, image[None], label[None])
    of_each = torch.func.vmap(torch.func.grad(one), in_dims=(None, 0, 0))

    def work():
        sums = zeros(setup)
        for images, labels in setup.batches:
            add_to(sums, [g.square_().sum(0) for g in of_each(parameters, images, labels).values()])
        return flatten(sums) / setup.n

    return work


@peer("fisher_expected", "PyTorch", examples=LOOP_EXAMPLES)
def fisher_expected_loop(setup):
    """The loop over single examples that unlearning repositories have: a backward pass for each class."""

    images = torch.cat([images for images, _ in setup.batches])[:LOOP_EXAMPLES]

    def work():
        sums = zeros(setup)
        for image in images:
            log_p = setup.model(image[None]).log_softmax(1)[0]
            for value in log_p:
                g = torch.autograd.grad(value, setup.params, retain_graph=True)
                weight = value.detach().exp()
                for total, part in zip(sums, g):
                    total.addcmul_(part, part * weight)
        return flatten(sums) / len(images)

    return work


# K-FAC and solves.


@peer("kfac", "curvlinops")
def kfac_curvlinops(setup):
    import curvlinops

    def work():
        factors = curvlinops.KFACLinearOperator(
            setup.model,
            nn.CrossEntropyLoss(),
            setup.params,
            setup.batches,
            check_deterministic=False,
            num_data=setup.n,
            num_per_example_loss_terms=1,
            fisher_type=curvlinops.FisherType.MC,
            separate_weight_and_bias=False,
        )
        inverse = curvlinops.KFACInverseLinearOperator(
            factors, damping=KFAC_DAMPING, use_heuristic_damping=True
        )
        return inverse @ setup.gradient  # factors and inverses are made by the first product

    return work


def damped(operator, damping):
    """`operator` of curvlinops plus damping times the identity."""
    from curvlinops._torch_base import PyTorchLinearOperator

    class Damped(PyTorchLinearOperator):
        SELF_ADJOINT = True
        device = operator.device
        dtype = operator.dtype

        def _matmat(self, columns):
            return [product + damping * x for product, x in zip(operator._matmat(columns), columns)]

    return Damped(operator._in_shape, operator._out_shape)


CG_OPTIONS = {"max_iter": CG_ITERATIONS, "tolerance": 0.0}


def ggn_damping(setup):
    return GGN_DAMPING


def hessian_damping(setup):
    return setup.hessian_damping


def cg_curvlinops(name, damping):
    def prepare(setup):
        import curvlinops

        def work():
            operator = damped(curvlinops_operator(setup, name), damping(setup))
            return (curvlinops.CGInverseLinearOperator(operator, **CG_OPTIONS) @ setup.gradient).detach()

        return work

    return prepare


def cg_pytorch(kept, damping):
    """Kept double-backward products in the CG that curvlinops uses too."""

    def prepare(setup):
        from linear_operator.utils.linear_cg import linear_cg

        def work():
            product = kept(setup)
            matrix = lambda x: (product(x[:, 0]) + damping(setup) * x[:, 0])[:, None]
            return linear_cg(matrix, setup.gradient[:, None], **CG_OPTIONS)[:, 0]

        return work

    return prepare


peer("cg_20_ggn", "PyTorch", approximate=True)(cg_pytorch(kept_ggn, ggn_damping))
peer("cg_20_ggn", "curvlinops", approximate=True)(cg_curvlinops("GGNLinearOperator", ggn_damping))
peer("cg_20_hessian", "PyTorch", approximate=True)(cg_pytorch(kept_hessian, hessian_damping))
peer("cg_20_hessian", "curvlinops", approximate=True)(
    cg_curvlinops("HessianLinearOperator", hessian_damping)
)


@peer("cg_20_hessian", "pyDVL", approximate=True)
def cg_hessian_pydvl(setup):
    from pydvl.influence.torch.operator import CgOperator

    operator = CgOperator(
        pydvl_hessian(setup),
        regularization=setup.hessian_damping,
        rtol=0,
        atol=0,
        maxiter=CG_ITERATIONS,
        warn_on_max_iteration=False,
    )
    return lambda: operator.apply(setup.gradient).flatten()


# ---- checks ---------------------------------------------------------------------------------------


def check(setup, task, examples=200):
    """Runs a task's peers on a few examples: what each differs by from the first that ran, relatively,
    or why it cannot run. This also spares the first timed run what a first call costs."""
    small = setup.first(min(examples, LOOP_EXAMPLES) if task == "fisher_expected" else examples)
    reference, found = None, {}
    for name, prepare in PEERS[task].items():
        try:
            value = prepare(small)()
        except Exception as error:  # whatever it is, the others can still be measured
            found[name] = {"failed": f"{type(error).__name__}: {error}".splitlines()[0]}
            continue
        if reference is None:
            reference = value
        difference = ((value - reference).norm() / reference.norm()).item()
        found[name] = {"difference": difference}
        if not difference <= (0.1 if (task, name) in APPROXIMATE else 1e-3):
            found[name]["failed"] = f"differs from the other results by {difference:.1e}"
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of data sets, as for oubli --data")
    parser.add_argument("--model", choices=["mlp", "lenet5", "logistic"], default="mlp")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    setup = make_setup(arguments.data, arguments.model, arguments.threads)
    for task in PEERS:
        for name, found in check(setup, task).items():
            print(f"{task:<20} {name:<12} {found.get('failed') or format(found['difference'], '.1e')}")


if __name__ == "__main__":
    main()
