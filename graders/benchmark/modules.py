"""Torch's recurrent and Transformer modules, their parameters filled with ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from graders.benchmark.workload import TorchSide, leaves_of

Options = Mapping[str, Any]
Grads = Sequence[Tensor]


def _recurrent(kind: Callable[..., Any], states: int, biases: int) -> Callable[[Sequence[Any], Options], TorchSide]:
    """A layer over a sequence: x, the first states, wx, wh and one bias or two (of one, torch's second is 0)."""

    def build(tensors: Sequence[Any], options: Options) -> TorchSide:
        x, *rest = tensors
        first, (wx, wh, *b) = rest[:states], rest[states:]
        parameters = [wx, wh, *b] if biases == 2 else [wx, wh, *b, torch.zeros_like(b[0])]
        module = _filled(kind(wx.shape[1], wh.shape[1], batch_first=True), parameters)
        own = dict(module.named_parameters())
        leaves = [x, *first, *own.values()]
        start = tuple(state[None] for state in first)

        def call() -> Any:
            out, last = module(x, start if states == 2 else start[0])
            return (out, last[1][0]) if states == 2 else out

        return TorchSide(call, leaves[: 1 + states + 2 + biases], _turned(1 + states, 2))

    return build


def _cell(kind: Callable[..., Any], states: int, biases: int) -> Callable[[Sequence[Any], Options], TorchSide]:
    """One step of the same."""

    def build(tensors: Sequence[Any], options: Options) -> TorchSide:
        x, *rest = tensors
        first, (wx, wh, *b) = rest[:states], rest[states:]
        parameters = [wx, wh, *b] if biases == 2 else [wx, wh, *b, torch.zeros_like(b[0])]
        module = _filled(kind(wx.shape[1], wh.shape[1]), parameters)
        leaves = [x, *first, *module.parameters()]

        def call() -> Any:
            return module(x, tuple(first) if states == 2 else first[0])

        return TorchSide(call, leaves[: 1 + states + 2 + biases], _turned(1 + states, 2))

    return build


def _filled(module: nn.Module, parameters: Sequence[Tensor]) -> nn.Module:
    """The module, where the tensors are, holding them in their order."""
    module.to(parameters[0].device, parameters[0].dtype)
    with torch.no_grad():
        for own, given in zip(module.parameters(), parameters, strict=True):
            own.copy_(given)
    return module


def _turned(start: int, count: int) -> Callable[[Grads], list[Tensor]]:
    """Gradients with those from `start` on, `count` of them, transposed."""
    return lambda grads: [
        grad.transpose(0, 1) if start <= index < start + count else grad for index, grad in enumerate(grads)
    ]


rnn, lstm, gru = _recurrent(nn.RNN, 1, 1), _recurrent(nn.LSTM, 2, 1), _recurrent(nn.GRU, 1, 2)
rnn_cell, lstm_cell, gru_cell = _cell(nn.RNNCell, 1, 1), _cell(nn.LSTMCell, 2, 1), _cell(nn.GRUCell, 1, 2)


def stacked_rnn(tensors: Sequence[Any], options: Options) -> TorchSide:
    """Two layers that begin in the same state."""
    x, h0, wx, wh, b = tensors
    by_layer = [[wx[k], wh[k], b[k], torch.zeros_like(b[k])] for k in range(len(wx))]
    kind = nn.RNN(wx[0].shape[1], wh[0].shape[1], len(wx), batch_first=True)
    module = _filled(kind, [array for layer in by_layer for array in layer])
    own = list(module.parameters())
    kept = [own[4 * k + part] for part in range(3) for k in range(len(wx))]
    start = 2
    return TorchSide(
        lambda: module(x, h0[None].expand(len(wx), -1, -1).contiguous())[0],
        [x, h0, *kept],
        _turned(start, 2 * len(wx)),
    )


def bidirectional_rnn(tensors: Sequence[Any], options: Options) -> TorchSide:
    """One layer forward and one backward."""
    x, h0, wx, wh, b, h0_back, wx_back, wh_back, b_back = tensors
    kind = nn.RNN(wx.shape[1], wh.shape[1], batch_first=True, bidirectional=True)
    zero = torch.zeros_like(b)
    module = _filled(kind, [wx, wh, b, zero, wx_back, wh_back, b_back, zero])
    own = list(module.parameters())

    def ordered(grads: Grads) -> list[Tensor]:
        dx, dh0, dback, dwx, dwh, db, dwx_back, dwh_back, db_back = grads
        return [dx, dh0, dwx.T, dwh.T, db, dback, dwx_back.T, dwh_back.T, db_back]

    return TorchSide(lambda: module(x, torch.stack([h0, h0_back]))[0], [x, h0, h0_back, *own[:3], *own[4:7]], ordered)


def _attention_weights(module: nn.MultiheadAttention, wq: Tensor, wk: Tensor, wv: Tensor, wo: Tensor) -> None:
    """Ours are (in, out) and three; torch's (out, in) and stacked."""
    with torch.no_grad():
        module.in_proj_weight.copy_(torch.cat([wq.T, wk.T, wv.T]))
        module.out_proj.weight.copy_(wo.T)


def _attention_gradients(packed: Tensor, out: Tensor) -> list[Tensor]:
    return [*(part.T for part in packed.chunk(3)), out.T]


def multi_head(tensors: Sequence[Any], options: Options) -> TorchSide:
    """Attention from x to the memory; torch's mask is True where one may not look."""
    x, memory, mask, wq, wk, wv, wo = tensors
    module = nn.MultiheadAttention(x.shape[2], options["heads"], bias=False, batch_first=True)
    module.to(x.device, x.dtype)
    _attention_weights(module, wq, wk, wv, wo)
    hidden = ~mask[0]

    def ordered(grads: Grads) -> list[Tensor]:
        return [*grads[:2], *_attention_gradients(*grads[2:])]

    return TorchSide(
        lambda: module(x, memory, memory, attn_mask=hidden, need_weights=False)[0],
        [x, memory, module.in_proj_weight, module.out_proj.weight],
        ordered,
    )


def encoder_layer(tensors: Sequence[Any], options: Options) -> TorchSide:
    """Self-attention and a feed-forward network; torch's biases of the attention are 0 and get no gradient."""
    x, mask, params = tensors
    module = nn.TransformerEncoderLayer(x.shape[2], options["heads"], params[7].shape[0], 0.0, batch_first=True)
    module.to(x.device, x.dtype)
    rest = [*_sublayer(module.norm1), *_dense(module), *_sublayer(module.norm2)]
    own = _fill_attention(module.self_attn, params[:4]) + _fill(rest, params[4:])
    hidden = ~mask[0]

    def ordered(grads: Grads) -> list[Tensor]:
        return [grads[0], *_attention_gradients(*grads[1:3]), *_rest(grads[3:])]

    return TorchSide(lambda: module(x, src_mask=hidden), [x, *own], ordered)


def decoder_layer(tensors: Sequence[Any], options: Options) -> TorchSide:
    """Self-attention, attention to the memory, and a feed-forward network."""
    y, memory, mask, memory_mask, params = tensors
    module = nn.TransformerDecoderLayer(y.shape[2], options["heads"], params[13].shape[0], 0.0, batch_first=True)
    module.to(y.device, y.dtype)
    own = [
        *_fill_attention(module.self_attn, params[:4]),
        *_fill(_sublayer(module.norm1), params[4:6]),
        *_fill_attention(module.multihead_attn, params[6:10]),
        *_fill(_sublayer(module.norm2), params[10:12]),
        *_fill([*_dense(module), *_sublayer(module.norm3)], params[12:]),
    ]
    hidden, hidden_memory = ~mask[0], ~memory_mask[0]

    def ordered(grads: Grads) -> list[Tensor]:
        ours = list(grads[:2])
        for start in (2, 6):
            ours += [*_attention_gradients(*grads[start : start + 2]), *grads[start + 2 : start + 4]]
        return ours + _rest(grads[10:])

    return TorchSide(lambda: module(y, memory, tgt_mask=hidden, memory_mask=hidden_memory), [y, memory, *own], ordered)


def _sublayer(norm: nn.LayerNorm) -> list[Tensor]:
    return [norm.weight, norm.bias]


def _dense(module: Any) -> list[Tensor]:
    return [module.linear1.weight, module.linear1.bias, module.linear2.weight, module.linear2.bias]


def _fill_attention(module: nn.MultiheadAttention, weights: Sequence[Tensor]) -> list[Tensor]:
    _attention_weights(module, *weights)
    with torch.no_grad():
        module.in_proj_bias.zero_()
        module.out_proj.bias.zero_()
    for bias in (module.in_proj_bias, module.out_proj.bias):
        bias.requires_grad_(False)
    return [module.in_proj_weight, module.out_proj.weight]


def _fill(own: Sequence[Tensor], given: Sequence[Tensor]) -> list[Tensor]:
    with torch.no_grad():
        for parameter, values in zip(own, leaves_of(given), strict=True):
            parameter.copy_(values.T if values.ndim == 2 else values)
    return list(own)


def _rest(grads: Grads) -> list[Tensor]:
    """Those of matrices transposed."""
    return [grad.T if grad.ndim == 2 else grad for grad in grads]
