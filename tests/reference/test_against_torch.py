"""The reference beside torch's own modules: a second opinion, independent of the oracles that the rows carry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.reference.local import function

RNG = np.random.default_rng(7)


def normal(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape)


def same(got: Any, wanted: torch.Tensor, rtol: float = 1e-9) -> None:
    np.testing.assert_allclose(got, wanted.detach().numpy(), rtol=rtol, atol=1e-2 * rtol)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", [0, 2])
def test_convolutions(stride: int, padding: int):
    x, w, b = normal(2, 4, 7, 6), normal(6, 2, 3, 3), normal(6)
    got, _ = function("conv2d_forward")(x, w, b, stride=stride, padding=padding)
    same(got, functional.conv2d(*map(torch.tensor, (x, w, b)), stride=stride, padding=padding, groups=2))
    x, w = normal(2, 3, 9), normal(4, 3, 2)
    got, _ = function("conv1d_forward")(x, w, b[:4], stride=stride, padding=padding)
    same(got, functional.conv1d(*map(torch.tensor, (x, w, b[:4])), stride=stride, padding=padding))


@pytest.mark.filterwarnings("ignore:Using padding")
def test_same_convolution_pads_as_torch_does():
    x, w = normal(1, 1, 8), normal(1, 1, 4)
    got, _ = function("conv1d_forward")(x, w, np.zeros(1), padding="same")
    assert got.shape == (1, 1, 8)
    same(got, functional.conv1d(torch.tensor(x), torch.tensor(w), padding="same"))


@pytest.mark.parametrize("mode", ["full", "valid"])
def test_true_convolution_is_numpys(mode: str):
    x, w = normal(1, 9), normal(4)
    got, _ = function("true_convolution_forward")(x, w, mode={"full": "wide", "valid": "narrow"}[mode])
    np.testing.assert_allclose(got[0], np.convolve(x[0], w, mode))


def test_pooling():
    x = normal(2, 3, 7, 6)
    same(function("max_pool2d_forward")(x, kernel=3, stride=2)[0], functional.max_pool2d(torch.tensor(x), 3, 2))
    same(function("mean_pool2d_forward")(x, kernel=2, stride=1)[0], functional.avg_pool2d(torch.tensor(x), 2, 1))


def test_norms():
    x, gamma, beta = normal(6, 4), normal(4), normal(4)
    mean, var = normal(4), RNG.uniform(1, 2, 4)
    t = torch.tensor
    out, _, _, _ = function("batch_norm_forward")(x, gamma, beta, mean, var)
    same(out, functional.batch_norm(t(x), None, None, t(gamma), t(beta), training=True))
    out, _, _, _ = function("batch_norm_forward")(x, gamma, beta, mean, var, training=False)
    same(out, functional.batch_norm(t(x), t(mean), t(var), t(gamma), t(beta)))
    same(function("layer_norm_forward")(x, gamma, beta)[0], functional.layer_norm(t(x), (4,), t(gamma), t(beta)))
    same(function("rms_norm_forward")(x, gamma)[0], functional.rms_norm(t(x), (4,), t(gamma), eps=1e-5))
    images = normal(2, 4, 3, 3)
    same(function("group_norm_forward")(images, gamma, beta)[0], functional.group_norm(t(images), 2, t(gamma), t(beta)))


def test_the_running_variance_is_biased_where_torchs_is_not():
    x, zero, one = normal(5, 3), np.zeros(3), np.ones(3)
    _, _, ours, _ = function("batch_norm_forward")(x, one, zero, zero, one, momentum=0.1)
    theirs = torch.ones(3, dtype=torch.float64)
    functional.batch_norm(torch.tensor(x), torch.zeros(3, dtype=torch.float64), theirs, training=True, momentum=0.1)
    np.testing.assert_allclose((theirs.numpy() - 0.9) * 4 / 5, ours - 0.9)


def transposed(module: nn.RNNBase) -> tuple[np.ndarray, ...]:
    """wx, wh and both biases of a one-layer module."""
    return tuple(
        p.detach().numpy().T for p in (module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0, module.bias_hh_l0)
    )


def test_recurrent_layers():
    x, h0, c0 = normal(2, 5, 3), normal(2, 4), normal(2, 4)
    tensors = torch.tensor(x), torch.tensor(h0)[None], torch.tensor(c0)[None]
    rnn = nn.RNN(3, 4, batch_first=True, dtype=torch.float64)
    wx, wh, bx, bh = transposed(rnn)
    same(function("srn_forward")(x, h0, wx, wh, bx + bh)[0], rnn(*tensors[:2])[0])
    lstm = nn.LSTM(3, 4, batch_first=True, dtype=torch.float64)
    wx, wh, bx, bh = transposed(lstm)
    h, c, _ = function("lstm_forward")(x, h0, c0, wx, wh, bx + bh)
    wanted, (_, last) = lstm(tensors[0], tensors[1:])
    same(h, wanted)
    same(c, last[0])
    gru = nn.GRU(3, 4, batch_first=True, dtype=torch.float64)
    wx, wh, bx, bh = transposed(gru)
    same(function("gru_reset_after_forward")(x, h0, wx, wh, bx, bh)[0], gru(*tensors[:2])[0])


def test_recurrent_parameters_are_counted_as_torch_does():
    for cell, module, biases in (("srn", nn.RNN, 1), ("lstm", nn.LSTM, 4), ("gru_reset_after", nn.GRU, 0)):
        theirs = sum(p.numel() for p in module(7, 5).parameters())
        assert function("recurrent_parameters")(7, 5, cell=cell) == theirs - 5 * biases  # theirs has two biases


def test_attention_and_the_layers_around_it():
    x, mask = normal(2, 4, 6), np.tril(np.ones((4, 4), bool))[None].repeat(2, 0)
    got, _ = function("attention_forward")(x, x, x, mask)
    t = torch.tensor(x)
    same(got, functional.scaled_dot_product_attention(t, t, t, is_causal=True))
    layer = nn.TransformerEncoderLayer(6, 2, 8, 0.0, batch_first=True, dtype=torch.float64).eval()
    for name, parameter in layer.named_parameters():
        if name.startswith("self_attn") and "bias" in name:
            nn.init.zeros_(parameter)
    attention = layer.self_attn
    wq, wk, wv = (w.detach().numpy().T for w in attention.in_proj_weight.chunk(3))
    norms = [[norm.weight.detach().numpy(), norm.bias.detach().numpy()] for norm in (layer.norm1, layer.norm2)]
    ffn = [layer.linear1.weight.T, layer.linear1.bias, layer.linear2.weight.T, layer.linear2.bias]
    arrays = [wq, wk, wv, attention.out_proj.weight.detach().numpy().T, *norms[0]]
    arrays += [p.detach().numpy() for p in ffn] + norms[1]
    got, _ = function("encoder_layer_forward")(x, mask, arrays, heads=2)
    same(got, layer(t, src_mask=~torch.tensor(mask[0])))


def test_ctc():
    logits, labels = normal(3, 6, 4), RNG.integers(1, 4, (3, 2))
    lengths, counts = np.array([6, 5, 6]), np.array([2, 1, 0])
    got, cache = function("ctc_loss_forward")(logits, labels, lengths, counts, reduction="sum")
    t = torch.tensor(logits, requires_grad=True)
    log_probs = t.log_softmax(-1).transpose(0, 1)
    wanted = functional.ctc_loss(log_probs, *map(torch.tensor, (labels, lengths, counts)), reduction="sum")
    wanted.backward()
    same(got, wanted)
    same(function("ctc_loss_backward")(1.0, cache), t.grad)


OPTIMISERS = {
    "sgd": (torch.optim.SGD, {"lr": 0.1}, {}),
    "adagrad": (torch.optim.Adagrad, {"lr": 0.1, "eps": 1e-8}, {}),
    "rmsprop": (torch.optim.RMSprop, {"lr": 0.1, "alpha": 0.9}, {}),
    "adadelta": (torch.optim.Adadelta, {"lr": 1.0, "rho": 0.95}, {}),
    "adam": (torch.optim.Adam, {"lr": 0.1}, {}),
    "adamw": (torch.optim.AdamW, {"lr": 0.1, "weight_decay": 0.01}, {}),
    "nadam_decay": (torch.optim.NAdam, {"lr": 0.1}, {}),
    "momentum": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}, {}),
    "nesterov_simplified": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}, {}),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_optimisers_at_a_constant_step_size(name: str):
    made, options, _ = OPTIMISERS[name]
    params = [normal(3, 2), normal(2)]
    tensors = [torch.tensor(p, requires_grad=True) for p in params]
    theirs, state = made(tensors, **options), function(f"{name}_init")(params)
    for _ in range(10):
        grads = [normal(3, 2), normal(2)]
        for tensor, grad in zip(tensors, grads, strict=True):
            tensor.grad = torch.tensor(grad)
        theirs.step()
        params, state = function(f"{name}_update")(params, grads, state, lr=options["lr"])
        for got, wanted in zip(params, tensors, strict=True):
            same(got, wanted, 1e-6 if name == "nadam_decay" else 1e-9)  # torch keeps a product in float32
