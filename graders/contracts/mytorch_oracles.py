"""What torch says of the layers, losses and searches of CMU 11-785, in that course's shapes and conventions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from graders.specs.activations import log_softmax, softmax

EPS = 1e-8
"""Of batch normalisation, as the course sets it."""


def averaged(parameter: Tensor, count: int) -> Tensor:
    """The same values, with a gradient divided by `count`."""
    return parameter.detach() + (parameter - parameter.detach()) / count


def with_gradient_of(value: Tensor, other: Tensor) -> Tensor:
    """One expression's value with another's gradient: a course may report one and differentiate the other."""
    return value.detach() + (other - other.detach())


# --- layers ---


def linear(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """X w^T + b."""
    return x @ w.T + b


def linear_mean(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """The same; the layer divides its parameters' gradients by the size of the batch."""
    return linear(x, averaged(w, len(x)), averaged(b, len(x)))


def gelu(x: Tensor) -> Tensor:
    """X times the normal distribution function."""
    return x * (1 + torch.erf(x / 2**0.5)) / 2


def swish(x: Tensor, beta: Tensor) -> Tensor:
    """X sigmoid(beta x)."""
    return x * torch.sigmoid(beta * x)


def softmax_along(x: Tensor, *, axis: int) -> Tensor:
    """Softmax along any axis."""
    return softmax(x.movedim(axis, -1)).movedim(-1, axis)


def batch_norm(axes: tuple[int, ...]) -> Callable[..., tuple[Tensor, ...]]:
    """Over all axes but the channels': the training batch, one in test mode, and the running statistics."""

    def oracle(
        x: Tensor, gamma: Tensor, beta: Tensor, mean0: Tensor, var0: Tensor, test: Tensor, *, alpha: float
    ) -> tuple[Tensor, ...]:
        mean = x.mean(axes, keepdim=True)
        var = ((x - mean) ** 2).mean(axes, keepdim=True)
        out = gamma * ((x - mean) / torch.sqrt(var + EPS)) + beta
        tested = gamma * ((test - mean0) / torch.sqrt(var0 + EPS)) + beta
        return out, tested, alpha * mean0 + (1 - alpha) * mean, alpha * var0 + (1 - alpha) * var

    return oracle


def dropout(x: Tensor, *, p: float) -> tuple[Tensor, Tensor, Tensor]:
    """What every kept element becomes; that the share kept is right; test mode."""
    return x / (1 - p), torch.ones((), dtype=x.dtype), x


# --- convolution ---


def conv1d(x: Tensor, w: Tensor, b: Tensor, *, stride: int = 1, padding: int = 0) -> Tensor:
    """Cross-correlation."""
    windows = pad(x, (padding, padding)).unfold(2, w.shape[2], stride)
    return torch.einsum("nctk,fck->nft", windows, w) + b[:, None]


def conv2d(x: Tensor, w: Tensor, b: Tensor, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> Tensor:
    """Cross-correlation with a square kernel."""
    reach = (w.shape[2] - 1) * dilation + 1
    padded = pad(x, (padding, padding, padding, padding))
    windows = padded.unfold(2, reach, stride).unfold(3, reach, stride)[..., ::dilation, ::dilation]
    return torch.einsum("nchwkl,fckl->nfhw", windows, w) + b[:, None, None]


def upsample(axes: int) -> Callable[..., Tensor]:
    """Factor - 1 zeros between neighbours, along the last `axes` axes."""

    def oracle(x: Tensor, *, factor: int) -> Tensor:
        for axis in range(-axes, 0):
            spread = torch.stack([x, *[torch.zeros_like(x)] * (factor - 1)], axis).flatten(axis - 1, axis)
            x = spread.narrow(axis, 0, spread.shape[axis] - factor + 1)
        return x

    return oracle


def downsample(axes: int) -> Callable[..., Tensor]:
    """Every factor-th element along the last `axes` axes, the first included."""

    def oracle(x: Tensor, *, factor: int) -> Tensor:
        return x[..., ::factor] if axes == 1 else x[..., ::factor, ::factor]

    return oracle


def conv_transpose1d(x: Tensor, w: Tensor, b: Tensor, *, factor: int) -> Tensor:
    """The course's: upsampled, then correlated; nothing is padded."""
    return conv1d(upsample(1)(x, factor=factor), w, b)


def conv_transpose2d(x: Tensor, w: Tensor, b: Tensor, *, factor: int) -> Tensor:
    """The same in the plane."""
    return conv2d(upsample(2)(x, factor=factor), w, b)


def max_pool(x: Tensor, *, kernel: int, stride: int = 1) -> Tensor:
    """The largest of every window."""
    return x.unfold(2, kernel, stride).unfold(3, kernel, stride).amax((-2, -1))


def mean_pool(x: Tensor, *, kernel: int, stride: int = 1) -> Tensor:
    """The mean of every window."""
    return x.unfold(2, kernel, stride).unfold(3, kernel, stride).mean((-2, -1))


def flatten(x: Tensor) -> Tensor:
    """Row-major."""
    return x.reshape(x.shape[0], x.shape[1] * x.shape[2])


# --- losses ---


def squared_error(x: Tensor, target: Tensor) -> Tensor:
    """Mean over samples and classes."""
    return ((x - target) ** 2).mean()


def half_squared_error(x: Tensor, target: Tensor) -> Tensor:
    """Half of it."""
    return squared_error(x, target) / 2


def undivided_squared_error(x: Tensor, target: Tensor) -> Tensor:
    """The mean, with x - target for a gradient."""
    return with_gradient_of(squared_error(x, target), ((x - target) ** 2).sum() / 2)


def sample_entropies(x: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of every sample, from logits."""
    return -(target * log_softmax(x)).sum(-1)


def mean_entropy(x: Tensor, target: Tensor) -> Tensor:
    """Their mean."""
    return sample_entropies(x, target).mean()


def undivided_mean_entropy(x: Tensor, target: Tensor) -> Tensor:
    """Their mean, with the gradient of their sum."""
    entropies = sample_entropies(x, target)
    return with_gradient_of(entropies.mean(), entropies.sum())


# --- recurrent cells ---


def rnn_cell(x: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
    """tanh(W_ih x + b_ih + W_hh h + b_hh); parameters' gradients are means over the batch."""
    w_ih, w_hh, b_ih, b_hh = (averaged(one, len(x)) for one in (w_ih, w_hh, b_ih, b_hh))
    return torch.tanh(x @ w_ih.T + b_ih + h @ w_hh.T + b_hh)


def rnn_classifier(x: Tensor, h: Tensor, *parameters: Tensor) -> Tensor:
    """Two cells over time, the last state through a linear layer; all gradients are means over the batch."""
    states = list(averaged(h, len(x)).unbind())
    cells = [averaged(one, len(x)) for one in parameters[:8]]
    for step in x.unbind(1):
        below = step
        for layer in range(2):
            w_ih, w_hh, b_ih, b_hh = cells[4 * layer : 4 * layer + 4]
            below = states[layer] = torch.tanh(below @ w_ih.T + b_ih + states[layer] @ w_hh.T + b_hh)
    w, b = parameters[8:]
    return linear(states[-1], w, b)


def gru_cell(x: Tensor, h: Tensor, *parameters: Tensor) -> Tensor:
    """H = (1 - z) n + z h, n = tanh(W_nx x + b_nx + r (W_nh h + b_nh)): one sample, as torch.nn.GRUCell has it."""
    wrx, wzx, wnx, wrh, wzh, wnh, brx, bzx, bnx, brh, bzh, bnh = parameters
    r = torch.sigmoid(wrx @ x + brx + wrh @ h + brh)
    z = torch.sigmoid(wzx @ x + bzx + wzh @ h + bzh)
    n = torch.tanh(wnx @ x + bnx + r * (wnh @ h + bnh))
    return (1 - z) * n + z * h


def old_gru_cell(x: Tensor, h: Tensor, *parameters: Tensor) -> Tensor:
    """H = (1 - z) h + z tanh(W_x x + W_h (r h)), without biases: the form of the first years."""
    wzh, wrh, wh, wzx, wrx, wx = parameters
    z = torch.sigmoid(wzh @ h + wzx @ x)
    r = torch.sigmoid(wrh @ h + wrx @ x)
    return (1 - z) * h + z * torch.tanh(wh @ (r * h) + wx @ x)


# --- connectionist temporal classification; the symbol 0 is the blank, probabilities are not logarithms ---


def extended(target: Tensor) -> tuple[Tensor, Tensor]:
    """The symbols with blanks around each, and where a blank before one may be skipped."""
    symbols = torch.zeros(2 * len(target) + 1, dtype=torch.int64)
    skips = torch.zeros_like(symbols)
    symbols[1::2] = target
    skips[3::2] = (target[1:] != target[:-1]).long()
    return symbols, skips


def shifted(row: Tensor, by: int) -> Tensor:
    """The row moved right, zeros behind it; left where `by` is negative."""
    length = len(row)
    return pad(row, (by, 0))[:length] if by > 0 else pad(row, (0, -by))[-by:]


def forward_probabilities(probs: Tensor, target: Tensor) -> Tensor:
    """alpha_t(s), y_t included."""
    symbols, skips = extended(target)
    y = probs[:, symbols]
    start = torch.zeros_like(y[0])
    start[:2] = 1
    rows = [start * y[0]]
    for step in y[1:]:
        last = rows[-1]
        rows.append((last + shifted(last, 1) + skips * shifted(last, 2)) * step)
    return torch.stack(rows)


def backward_probabilities(probs: Tensor, target: Tensor) -> Tensor:
    """beta_t(s), y_t not included."""
    symbols, skips = extended(target)
    y = probs[:, symbols]
    end = torch.zeros_like(y[0])
    end[-2:] = 1
    rows = [end]
    for step in y.flip(0)[:-1]:
        seen = rows[-1] * step
        rows.append(seen + shifted(seen, -1) + shifted(skips * seen, -2))
    return torch.stack(rows[::-1])


def posteriors(alpha: Tensor, beta: Tensor) -> Tensor:
    """Alpha beta, normalised at every step."""
    product = alpha * beta
    return product / product.sum(1, keepdim=True)


Lengths = tuple[Tensor, Tensor, Tensor, Tensor]


def per_sample(score: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """A score of every sample, each cut to its lengths."""

    def scores(probs: Tensor, target: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        return torch.stack([score(probs[: inputs[b], b], target[b, : targets[b]]) for b in range(len(target))])

    return scores


@per_sample
def negative_log_likelihoods(probs: Tensor, target: Tensor) -> Tensor:
    """-log P(target)."""
    return -torch.log(forward_probabilities(probs, target)[-1, -2:].sum())


@per_sample
def divergences(probs: Tensor, target: Tensor) -> Tensor:
    """-sum gamma log y: what the course calls the loss."""
    gamma = posteriors(forward_probabilities(probs, target), backward_probabilities(probs, target))
    return -(gamma * torch.log(probs[:, extended(target)[0]])).sum()


def ctc_loss(reported: Callable[..., Tensor], *, by_length: bool, mean_gradient: bool) -> Callable[..., Tensor]:
    """A mean over the batch, with the gradient -gamma / y of the likelihoods, of their mean or their sum."""

    def oracle(probs: Tensor, target: Tensor, inputs: Tensor, targets: Tensor) -> Tensor:
        lengths = targets if by_length else torch.ones_like(targets)
        value = (reported(probs, target, inputs, targets) / lengths).mean()
        likelihoods = negative_log_likelihoods(probs, target, inputs, targets)
        return with_gradient_of(value, likelihoods.mean() if mean_gradient else likelihoods.sum())

    return oracle


def greedy_search(probs: Tensor) -> tuple[Tensor, Tensor]:
    """The likeliest symbol of every step, repeats and then blanks removed, padded with -1; its probability."""
    best, symbols = probs.max(0)
    kept = [s for t, s in enumerate(symbols.tolist()) if s and (not t or symbols[t - 1] != s)]
    return padded(kept, probs.shape[1]), best.prod()


def beam_search(probs: Tensor, *, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """The best path, its score, and the scores of all merged paths from the largest on.

    A path is its symbols and whether a blank came last; before every step but the first the `width` best are kept.
    """
    paths: dict[tuple[tuple[int, ...], bool], float] = {((), True): 1.0}
    for t, step in enumerate(probs.T.tolist()):
        if t:
            paths = dict(sorted(paths.items(), key=lambda entry: -entry[1])[:width])
        grown: dict[tuple[tuple[int, ...], bool], float] = {}
        for (path, blank), score in paths.items():
            for symbol, probability in enumerate(step):
                same = symbol == 0 or (not blank and path[-1] == symbol)
                key = (path if same else (*path, symbol), symbol == 0)
                grown[key] = grown.get(key, 0.0) + score * probability
        paths = grown
    merged: dict[tuple[int, ...], float] = {}
    for (path, _), score in paths.items():
        merged[path] = merged.get(path, 0.0) + score
    best = max(merged, key=lambda path: merged[path])
    scores = torch.tensor(sorted(merged.values(), reverse=True), dtype=probs.dtype)
    return padded(list(best), probs.shape[1]), scores[0], scores


def padded(path: list[int], length: int) -> Tensor:
    """As many numbers as there are steps."""
    return torch.tensor(path + [-1] * (length - len(path)))


# --- attention ---


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(E)) v; positions where the mask is True are ignored."""
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    return softmax(scores.masked_fill(mask, -torch.inf)) @ v


def multi_head_attention(
    query: Tensor, key: Tensor, value: Tensor, padding: Tensor, future: Tensor, *parameters: Tensor, heads: int
) -> Tensor:
    """Projected, split into heads, attended, joined, projected."""
    wq, bq, wk, bk, wv, bv, wo, bo = parameters

    def split(x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], heads, x.shape[-1] // heads).transpose(1, 2)

    mask = padding[:, None, None, :] | future[None, None]
    out = attention(split(query @ wq.T + bq), split(key @ wk.T + bk), split(value @ wv.T + bv), mask)
    return out.transpose(1, 2).flatten(2) @ wo.T + bo


# --- optimisers: parameters after every step ---

Rule = Callable[..., tuple[Tensor, dict[str, Tensor]]]


def sgd(p: Tensor, g: Tensor, s: dict[str, Tensor], t: int, lr: float, momentum: float) -> Any:
    """V = mu v + g, p - lr v."""
    v = momentum * s["v"] + g if s else g
    return p - lr * v, {"v": v}


def adam(
    p: Tensor, g: Tensor, s: dict[str, Tensor], t: int, lr: float, beta1: float, beta2: float, eps: float, inside: bool
) -> Any:
    """Adam with eps inside the root, or outside."""
    m = beta1 * s.get("m", torch.zeros_like(p)) + (1 - beta1) * g
    v = beta2 * s.get("v", torch.zeros_like(p)) + (1 - beta2) * g**2
    root = v / (1 - beta2**t)
    below = torch.sqrt(root + eps) if inside else torch.sqrt(root) + eps
    return p - lr * (m / (1 - beta1**t)) / below, {"m": m, "v": v}


def adamw(
    p: Tensor,
    g: Tensor,
    s: dict[str, Tensor],
    t: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    decay: float,
    inside: bool,
) -> Any:
    """The decay of the old parameters beside Adam's step."""
    new, slots = adam(p, g, s, t, lr, beta1, beta2, eps, inside)
    return new - lr * decay * p, slots


def optimiser(rule: Rule, steps: int, **fixed: Any) -> Callable[..., tuple[list[Tensor], ...]]:
    """The parameters after each of some steps."""

    def oracle(params: list[Tensor], grads: list[Tensor], **options: Any) -> tuple[list[Tensor], ...]:
        slots: list[dict[str, Tensor]] = [{} for _ in params]
        after: list[list[Tensor]] = []
        for t in range(steps):
            here = grads[t * len(params) : (t + 1) * len(params)]
            moved = [rule(p, g, s, t + 1, **options, **fixed) for p, g, s in zip(params, here, slots, strict=True)]
            params, slots = [p for p, _ in moved], [s for _, s in moved]
            after.append(params)
        return tuple(after)

    return oracle


# --- backward functions of the autograd homework ---


def pulled_back(function: Callable[..., Tensor]) -> Callable[..., Any]:
    """The gradients of a function of one or two arrays, for an upstream gradient that comes first."""

    def oracle(dout: Tensor, *inputs: Tensor) -> Any:
        with torch.enable_grad():
            leaves = [one.detach().requires_grad_() for one in inputs]
            grads = torch.autograd.grad(function(*leaves), leaves, dout)
        return grads if len(grads) > 1 else grads[0]

    return oracle
