"""Why a row is slower than torch at some size: a line each, for docs/performance.md."""

from __future__ import annotations

from collections.abc import Mapping

PASSES = "several passes in the cache beside one fused pass of torch"
BANDWIDTH = "bound by memory: ours writes a temporary piece between two passes, torch does both in one"
ROWS = "a product or sum with one number a row takes NumPy one pass more, and a maximum a row has no fast loop"
GEMM = "all time is in matrix products, where OpenBLAS is behind MKL at these sizes"
FUSED = (
    "torch's kernel reads and writes every array once and overwrites the parameters; ours makes about ten passes over "
    "pieces, and the contract asks for new parameters"
)
IMMEDIATE = "new parameters are written beside the old ones, as the contract asks; torch overwrites"
SMALL = "the mask is drawn with five calls of a generator in Python, torch's with one"

WHY: Mapping[str, str] = {
    name: reason
    for reason, names in {
        BANDWIDTH: "sigmoid tanh relu softplus leaky_relu prelu elu broadcast_add broadcast_multiply axis_sum "
        "hinge_loss absolute_loss nll_loss flatten squared_loss binary_cross_entropy discriminator_loss generator_loss",
        ROWS: "softmax log_softmax logsumexp cross_entropy soft_cross_entropy sequence_loss next_token_loss cloze_loss "
        "multiclass_hinge_loss",
        PASSES: "batch_norm batch_norm2d layer_norm rms_norm group_norm add_norm attention",
        GEMM: "neuron affine network matrix_product residual_block time_distributed ffn multi_head encoder_layer "
        "decoder_layer srn_step lstm_step gru_reset_after_step srn gru_reset_after stacked_srn bidirectional_srn",
        "as of layer_norm and ffn, of which it is made": "pre_norm_ffn",
        "the gates' products are OpenBLAS's, and every step has twenty calls where torch has a fused cell": "lstm",
        "windows are copied into columns before the product; torch's direct convolution copies nothing": "conv1d "
        "conv2d lenet_keras",
        "windows are strided views, and torch has one loop over them": "max_pool2d mean_pool2d",
        "rows are sorted by token before they are added up; torch adds them one after the other in C++": "embedding",
        "the classes are checked and written with three calls": "one_hot",
        SMALL: "dropout",
        "a loop over time with fourteen calls a step; torch's is C++": "ctc_loss",
        IMMEDIATE: " ".join(f"{row}@{kind}" for row in ("sgd", "momentum") for kind in ("foreach", "fused")),
        FUSED: "nesterov_simplified@fused adagrad@fused adam@fused adamw@fused",
        "as for the fused form, but torch makes as many passes as ours": "adagrad@foreach rmsprop@foreach "
        "adadelta@foreach adam@foreach adamw@foreach nadam_decay@foreach",
    }.items()
    for name in (word.replace("@", " (") + ")" if "@" in word else word for word in names.split())
}
