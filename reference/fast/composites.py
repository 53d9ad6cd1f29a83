"""What is made of other functions: the plain form's own source, with fast parts where there are any."""

from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

from reference import convnets, depth, network, sequence_models, transformer
from reference.fast import activations, attention, convolution, embedding, linear, normalisation, pooling, recurrent


def with_fast_parts(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """The module's functions, to which the fast forms stand for the plain ones."""
    fast = {
        name: value
        for part in (activations, attention, convolution, embedding, linear, normalisation, pooling, recurrent)
        for name, value in vars(part).items()
        if name.endswith(("_forward", "_backward"))
    }
    names = {**vars(module), **fast}
    for name, value in vars(module).items():
        if isinstance(value, FunctionType) and value.__module__ == module.__name__ and name not in fast:
            made = FunctionType(value.__code__, names, name, value.__defaults__, value.__closure__)
            made.__kwdefaults__ = value.__kwdefaults__
            made.__doc__ = value.__doc__
            names[name] = made
    return names


_transformer = with_fast_parts(transformer)
add_norm_forward, add_norm_backward = _transformer["add_norm_forward"], _transformer["add_norm_backward"]
pre_norm_ffn_forward = _transformer["pre_norm_ffn_forward"]
pre_norm_ffn_backward = _transformer["pre_norm_ffn_backward"]
encoder_layer_forward = _transformer["encoder_layer_forward"]
encoder_layer_backward = _transformer["encoder_layer_backward"]
decoder_layer_forward = _transformer["decoder_layer_forward"]
decoder_layer_backward = _transformer["decoder_layer_backward"]
transformer_forward, transformer_backward = _transformer["transformer_forward"], _transformer["transformer_backward"]

_sequence_models = with_fast_parts(sequence_models)
stacked_srn_forward, stacked_srn_backward = (
    _sequence_models["stacked_srn_forward"],
    _sequence_models["stacked_srn_backward"],
)
bidirectional_srn_forward = _sequence_models["bidirectional_srn_forward"]
bidirectional_srn_backward = _sequence_models["bidirectional_srn_backward"]

_convnets = with_fast_parts(convnets)
lenet_keras_forward, lenet_keras_backward = _convnets["lenet_keras_forward"], _convnets["lenet_keras_backward"]

_depth = with_fast_parts(depth)
residual_block_forward, residual_block_backward = _depth["residual_block_forward"], _depth["residual_block_backward"]

_network = with_fast_parts(network)
network_forward, network_backward = _network["network_forward"], _network["network_backward"]
