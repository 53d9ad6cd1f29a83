"""Unit 12: attention, masks, heads, and the Transformer built from them."""

from __future__ import annotations

from graders.misconceptions.variant import chaff, known

# --- messages that several rows share ---
NOT_SCALED = known("the scores are not divided by sqrt(E)")
FLOAT64_SCALE = known("np.sqrt of an integer is a float64: it turns float32 into float64")
FLOAT64_ZEROS = known("np.zeros is float64 unless told otherwise: it turns float32 into float64")
SQUEEZED = known("squeeze drops every axis of size 1, not only the one it was meant for")
WEIGHTS_OVERWRITTEN = known("the backward overwrites the weights that the cache keeps")
MASK_IGNORED = known("the mask is not used")
MASK_INVERTED = known("True in the mask is taken to mean hidden, but it means visible")
MASK_OF_FIRST = known("every sample gets the mask of the first")
HEADS_IGNORED = known("the number of heads is taken to be 2, whatever heads is")
ONE_HEAD = known("there is only one head, whatever heads is")
HEADS_RESHAPED = known("heads are cut by a reshape alone: steps and features are mixed, the axes must be exchanged")
HEADS_INTERLEAVED = known("a head takes every A-th feature, not E/A neighbouring ones")
MERGE_RESHAPED = known("heads are merged by a reshape alone: the axes must be exchanged first")
MASK_TILED = known("masks are repeated in another order than the heads: a head gets the mask of another sample")
MASK_BY_DOUT = known("relu masks by the upstream gradient, not by its input")
RELU_MISSING = known("there is no relu between the two maps")
RELU_SKIPPED = known("the backward goes past the relu")
NORM_OVER_ROWS = known("it normalises over the samples and steps, not over the features")
NORM_KEPT_AXIS = known("dgamma and dbeta keep an axis of size 1")
UNBIASED = known("the variance is divided by E - 1, not by E")
EPS_OUTSIDE = known("eps is added outside the root, not to the variance")
EPS_IGNORED = known("eps is 1e-5, whatever is asked for")
X_IN_PLACE = known("the residual is added to x in place: the caller's array changes")
DMEMORY_VALUES = known("dmemory has the part through the values only, not that through the keys")
PRE_NORM = known("it is pre-norm: the norm must come after the addition")
DLOSS_IGNORED = known("the upstream gradient dloss is left out")
NOT_DIVIDED = known("the gradient is not divided by the number of steps that count")
ONE_HOT_MISSING = known("the gradient is the softmax alone: 1 is not taken off at the token")
SOFTMAX_MISSING = known("the gradient is -1 at the token, without the softmax")
SIGN = known("the loss has the wrong sign")
SUMMED = known("the loss is the sum over the steps, not their mean")
SOFTMAX_OVER_STEPS = known("the softmax goes over the steps, not over the vocabulary")
LOSS_KEPT_AXIS = known("the loss is an array of one element, not a scalar")
ONE_HOT_FLOAT64 = known("np.eye is float64: it turns float32 into float64")
PROBABILITIES_IN_PLACE = known("the backward overwrites the log-probabilities that the cache keeps")
SCORES_IN_PLACE = known("the largest score is subtracted in place: the caller's scores change")

# --- places in the reference ---
SCALE = ("/ sqrt(q.shape[2])\n    weights =", "/ np.sqrt(q.shape[2])\n    weights =")
SOFTMAX = "weights = masked_softmax(scores, mask)"
DSCORES = "dscores = weights * (dweights - xp.sum(dweights * weights, axis=-1, keepdims=True)) / sqrt(q.shape[2])"
DQ_DK_DV = "return dscores @ k, xp.matrix_transpose(dscores) @ q, dv"
OVERWRITTEN = (
    DSCORES,
    "weights *= dweights - xp.sum(dweights * weights, axis=-1, keepdims=True)\n    dscores = weights / sqrt(q.shape[2])",
)
SPLIT = "xp.permute_dims(xp.reshape(x, (samples, steps, heads, width // heads)), (0, 2, 1, 3))"
SPLIT_RESHAPED = (SPLIT, "xp.reshape(x, (samples, heads, steps, width // heads))")
SPLIT_INTERLEAVED = (SPLIT, "xp.permute_dims(xp.reshape(x, (samples, steps, width // heads, heads)), (0, 3, 1, 2))")
MERGE = "xp.reshape(xp.permute_dims(parts, (0, 2, 1, 3)), (samples, steps, heads * width))"
MERGE_EDIT = (MERGE, "xp.reshape(parts, (samples, steps, heads * width))")
TILED = ("xp.repeat(mask, heads, axis=0)", "xp.tile(mask, (heads, 1, 1))")
OUTER = "return xp.reshape(x, (-1, x.shape[-1])).T @ xp.reshape(dout, (-1, dout.shape[-1]))"
RELU_BY_DOUT = ("return dout * is_positive(x)", "return dout * is_positive(dout)")
ZEROS_WHERE = ("return array_namespace(x).maximum(x, 0), x", "return np.where(x > 0, x, np.zeros(x.shape)), x")
ROWS_STANDARDISED = (
    ("standardise(x, (1,), eps)", "standardise(x, (0,), eps)"),
    ("normal, inverse, (1,))", "normal, inverse, (0,))"),
)
VARIANCE = "inverse = 1 / xp.sqrt(xp.mean(centred * centred, axis=axes, keepdims=True) + eps)"
GRADIENT_OF_NORM = "return inverse * (dnormal - by_mean - by_variance)"
GAMMA_AND_BETA = "return dx, xp.sum(dout * normal, axis=0), xp.sum(dout, axis=0)"
NORM_KEEPS_AXIS = (
    GAMMA_AND_BETA,
    "return dx, xp.sum(dout * normal, axis=0, keepdims=True), xp.sum(dout, axis=0, keepdims=True)",
)
IN_PLACE_SUM = (
    "rows, cache = layer_norm_forward(xp.reshape(x + f, ",
    "x += f\n    rows, cache = layer_norm_forward(xp.reshape(x, ",
)
DMEMORY = "dmemory = dk @ wk.T + dv @ wv.T"
ENCODER_FORWARD = """    attended, attention = multi_head_forward(x, x, mask, *params[:4], heads=heads)
    h, first = add_norm_forward(x, attended, *params[4:6])
    f, ffn = ffn_forward(h, *params[6:10])
    out, second = add_norm_forward(h, f, *params[10:])
    return out, (attention, first, ffn, second)"""
ENCODER_FORWARD_PRE = """    nothing = array_namespace(x).zeros_like(x)
    normed, first = add_norm_forward(x, nothing, *params[4:6])
    attended, attention = multi_head_forward(normed, normed, mask, *params[:4], heads=heads)
    h = x + attended
    normed, second = add_norm_forward(h, nothing, *params[10:])
    f, ffn = ffn_forward(normed, *params[6:10])
    return h + f, (attention, first, ffn, second)"""
ENCODER_BACKWARD = """    dh, df, *dnorm2 = add_norm_backward(dout, second)
    through, *dffn = ffn_backward(df, ffn)
    dx, dattended, *dnorm1 = add_norm_backward(dh + through, first)
    by_query, by_memory, *dweights = multi_head_backward(dattended, attention)
    return dx + by_query + by_memory, ["""
ENCODER_BACKWARD_PRE = """    through, *dffn = ffn_backward(dout, ffn)
    dh, _, *dnorm2 = add_norm_backward(through, second)
    dh = dh + dout
    by_query, by_memory, *dweights = multi_head_backward(dh, attention)
    dx, _, *dnorm1 = add_norm_backward(by_query + by_memory, first)
    return dx + dh, ["""
ENCODER_DX = "return dx + by_query + by_memory, ["
DECODER_DY = "return dy + by_own_query + by_own_memory, dmemory, ["
DECODER_DPARAMS = "[*down, *dnorm1, *dcross, *dnorm2, *dffn, *dnorm3]"
EMBEDDED = "return out * sqrt(table.shape[1]) + positional_encoding(out), cache"
CHOSEN = "return chosen.T @ xp.reshape(dout, (-1, shape[1]))"
NEXT = "following = xp.concat([tokens[:, 1:], tokens[:, :1]], axis=1)"
NEXT_SCORED = "scored = xp.concat([xp.ones_like(tokens[:, 1:], dtype=xp.bool), nothing], axis=1)"
COUNT = "weights = weights / xp.where(count > 0, count, 1)"
LOSS = "loss = -xp.sum(weights * at_labels(log_probs, flat))"
DIFFERENCE = "difference = xp.exp(log_probs) - in_dtype_of(label_mask(flat, shape[2]), log_probs)"
DSCORES_OF_LOSS = "return xp.reshape(dloss * weights[:, None] * difference, shape)"
LOG_PROBS = "log_probs, _ = log_softmax_forward(xp.reshape(scores, (-1, scores.shape[2])))"
OVERWRITTEN_PROBS = (
    DIFFERENCE,
    "difference = np.exp(log_probs, out=log_probs) - in_dtype_of(label_mask(flat, shape[2]), log_probs)",
)
SHIFTED_IN_PLACE = (LOG_PROBS, "scores -= xp.max(scores, axis=-1, keepdims=True)\n    " + LOG_PROBS)
ONE_HOT_EYE = (DIFFERENCE, "difference = xp.exp(log_probs) - np.eye(shape[2])[flat]")

CHAFFS = (
    chaff("attention", "not_scaled", NOT_SCALED, "forward",
          ("/ sqrt(q.shape[2])\n    weights", "\n    weights"), (DSCORES, DSCORES.removesuffix(" / sqrt(q.shape[2])")), also="gradient dq, gradient dk, gradient dv"),
    chaff("attention", "scaled_without_root", known("the scores are divided by E, not by its root"), "forward",
          ("/ sqrt(q.shape[2])\n    weights", "/ q.shape[2]\n    weights"), (DSCORES, DSCORES.replace("sqrt(q.shape[2])", "q.shape[2]")), also="gradient dq, gradient dk, gradient dv"),
    chaff("attention", "scaled_by_values", known("the scores are divided by the root of the values' size, not of the keys'"), "forward",
          ("/ sqrt(q.shape[2])\n    weights", "/ sqrt(v.shape[2])\n    weights"), (DSCORES, DSCORES.replace("q.shape[2]", "v.shape[2]")), also="gradient dq, gradient dk, gradient dv"),
    chaff("attention", "softmax_over_queries", known("the softmax goes over the queries, not over the keys"), "forward",
          ("xp.where(mask, scores, -xp.inf), axis=-1", "xp.where(mask, scores, -xp.inf), axis=-2"),
          ("xp.sum(exponentials, axis=-1", "xp.sum(exponentials, axis=-2"), also="gradient dq, gradient dk, gradient dv"),
    chaff("attention", "mask_ignored", MASK_IGNORED, "forward", (SOFTMAX, "weights = masked_softmax(scores, xp.ones_like(mask))"), also="gradient dq, gradient dk, gradient dv"),
    chaff("attention", "mask_inverted", MASK_INVERTED, "forward", (SOFTMAX, "weights = masked_softmax(scores, ~mask)"), also="gradient dq, gradient dk, gradient dv"),
    chaff("attention", "masked_after_softmax", known("masked weights are dropped after the softmax: those that are left do not sum to 1"), "forward",
          (SOFTMAX, "weights = masked_softmax(scores, xp.ones_like(mask)) * mask"), also="gradient dq, gradient dk, gradient dv"),
    chaff("attention", "masked_score_zero", known("a masked score is set to 0, which does not make its weight 0"), "forward",
          (SOFTMAX, "weights = masked_softmax(scores * mask, xp.ones_like(mask))"), also="gradient dq, gradient dk, gradient dv"),
    chaff("attention", "empty_row_uniform", known("a query that may look nowhere gets the mean of all values, not 0"), "forward",
          (SOFTMAX, "weights = masked_softmax(xp.where(mask, scores, -1e9), xp.ones_like(mask))"), also="gradient dq, gradient dk, gradient dv"),
    chaff("attention", "mask_of_first", MASK_OF_FIRST, "batch", (SOFTMAX, "weights = masked_softmax(scores, xp.broadcast_to(mask[:1], mask.shape))"), also="forward, gradient dq, gradient dk, gradient dv"),
    chaff("attention", "backward_not_scaled", known("the backward leaves out the division by sqrt(E)"), "gradient dq",
          (DSCORES, DSCORES.removesuffix(" / sqrt(q.shape[2])")), also="gradient dk"),
    chaff("attention", "row_sum_forgotten", known("the sum over the keys is left out of the softmax's backward"), "gradient dq",
          (DSCORES, "dscores = weights * dweights / sqrt(q.shape[2])"), also="gradient dk"),
    chaff("attention", "diagonal", known("the softmax's Jacobian is taken to be diagonal, a (1 - a)"), "gradient dk",
          (DSCORES, "dscores = weights * (1 - weights) * dweights / sqrt(q.shape[2])"), also="gradient dq"),
    chaff("attention", "dk_swapped_with_dq", known("dq and dk are returned in the wrong order"), "gradient dk",
          (DQ_DK_DV, "return xp.matrix_transpose(dscores) @ q, dscores @ k, dv"), also="gradient dq, shape"),
    chaff("attention", "dk_scaled_twice", known("dk is divided by sqrt(E) once more"), "gradient dk",
          (DQ_DK_DV, "return dscores @ k, xp.matrix_transpose(dscores) @ q / sqrt(q.shape[2]), dv")),
    chaff("attention", "dv_mean", known("dv is averaged over the queries, not summed"), "gradient dv",
          ("dv = xp.matrix_transpose(weights) @ dout", "dv = xp.matrix_transpose(weights) @ dout / q.shape[1]")),
    chaff("attention", "dv_from_dscores", known("dv is taken with the gradient of the weights, not with the weights"), "gradient dv",
          (DQ_DK_DV, "return dscores @ k, xp.matrix_transpose(dscores) @ q, xp.matrix_transpose(dscores) @ dout"), also="linearity"),
    chaff("attention", "upstream_normalised", known("the upstream gradient is scaled to length 1 first"), "linearity",
          ("dv = xp.matrix_transpose(weights) @ dout", "dout = dout / (np.sqrt((dout * dout).sum()) + 1e-12)\n    dv = xp.matrix_transpose(weights) @ dout"), also="gradient dq, gradient dk, gradient dv, batch"),
    chaff("attention", "float64_scale", FLOAT64_SCALE, "float32", SCALE),
    chaff("attention", "shift_forgotten", known("the largest score is not subtracted before exp: it overflows"), "stability",
          ("xp.exp(xp.where(mask, scores - largest, 0))", "xp.exp(xp.where(mask, scores, 0))"), also="float32"),
    chaff("attention", "shift_of_all", known("the largest of all scores is subtracted, not that of each query: small rows vanish"), "stability",
          ("xp.max(xp.where(mask, scores, -xp.inf), axis=-1, keepdims=True)", "xp.max(scores, initial=-1e30)"), also="float32"),
    chaff("attention", "shift_by_masked", known("the largest score that is subtracted may be a masked one: the others vanish"), "stability",
          ("xp.max(xp.where(mask, scores, -xp.inf), axis=-1, keepdims=True)", "xp.max(scores, axis=-1, keepdims=True)"), also="float32"),
    chaff("attention", "empty_row_nan", known("a query that may look nowhere gets nan, not 0"), "forward",
          ("return exponentials / xp.where(total > 0, total, 1)", "return exponentials / total"), also="gradient dq, gradient dk, gradient dv"),
    chaff("attention", "squeezed", SQUEEZED, "edges", ("return weights @ v, (", "return (weights @ v).squeeze(), (")),
    chaff("attention", "weights_overwritten", WEIGHTS_OVERWRITTEN, "purity", OVERWRITTEN),
    chaff("attention", "cache_global", known("what the backward needs is kept in a global: the next forward overwrites it"), "purity",
          ("return weights @ v, (q, k, v, weights)", "global LAST\n    LAST = (q, k, v, weights)\n    return weights @ v, ()"),
          ("q, k, v, weights = cache", "q, k, v, weights = LAST")),
    chaff("attention", "transposed_output", known("the result has the features before the steps"), "shape",
          ("return weights @ v, (", "return xp.matrix_transpose(weights @ v), ("), also="forward"),
    chaff("causal_mask", "strict", known("a step may not look at itself, but it should"), "forward",
          ("places[None, :] <= places[:, None]", "places[None, :] < places[:, None]")),
    chaff("causal_mask", "one_ahead", known("a step may look one step ahead"), "forward",
          ("places[None, :] <= places[:, None]", "places[None, :] <= places[:, None] + 1")),
    chaff("causal_mask", "future_only", known("a step may look ahead, not back: the triangle is the wrong one"), "forward",
          ("places[None, :] <= places[:, None]", "places[None, :] >= places[:, None]")),
    chaff("causal_mask", "inverted", MASK_INVERTED, "forward", ("places[None, :] <= places[:, None]", "places[None, :] > places[:, None]")),
    chaff("causal_mask", "itself_only", known("a step may look at itself only"), "forward",
          ("places[None, :] <= places[:, None]", "places[None, :] == places[:, None]")),
    chaff("causal_mask", "no_batch_axis", known("the mask has no batch axis"), "shape",
          ("return xp.broadcast_to(places[None, :] <= places[:, None], (*like.shape, like.shape[1]))", "return places[None, :] <= places[:, None]"), also="forward"),
    chaff("causal_mask", "numbers", known("the mask holds numbers, not booleans"), "shape",
          ("return xp.broadcast_to(places[None, :] <= places[:, None], (*like.shape, like.shape[1]))",
           "return np.tril(np.ones((*like.shape, like.shape[1])))")),
    chaff("causal_mask", "additive", known("the mask holds 0 and -inf, to be added to the scores, not booleans"), "forward",
          ("return xp.broadcast_to(places[None, :] <= places[:, None], (*like.shape, like.shape[1]))",
           "return np.where(np.tril(np.ones((*like.shape, like.shape[1]))) == 1, 0.0, -np.inf)"), also="shape"),
    chaff("causal_mask", "squeezed", SQUEEZED, "edges", ("(*like.shape, like.shape[1]))", "(*like.shape, like.shape[1])).squeeze()")),

    chaff("padding_mask", "one_too_many", known("the first step of the padding counts as inside"), "forward", ("[None, :] < lengths[:, None]", "[None, :] <= lengths[:, None]")),
    chaff("padding_mask", "one_too_few", known("the last step inside counts as padding"), "forward", ("[None, :] < lengths[:, None]", "[None, :] < lengths[:, None] - 1")),
    chaff("padding_mask", "padded_in_front", known("the padding is taken to come first, not last"), "forward",
          ("[None, :] < lengths[:, None]", "[None, :] >= like.shape[1] - lengths[:, None]")),
    chaff("padding_mask", "inverted", MASK_INVERTED, "forward", ("[None, :] < lengths[:, None]", "[None, :] >= lengths[:, None]")),
    chaff("padding_mask", "queries_masked", known("it hides the queries in the padding, not the keys"), "forward", ("inside[:, None, :]", "inside[:, :, None]")),
    chaff("padding_mask", "queries_masked_too", known("it hides the queries in the padding as well, not only the keys"), "forward",
          ("inside[:, None, :]", "inside[:, None, :] & inside[:, :, None]")),
    chaff("padding_mask", "causal_too", known("it is causal as well"), "forward",
          ("inside[:, None, :]", "inside[:, None, :] & np.tri(like.shape[1], dtype=bool)")),
    chaff("padding_mask", "numbers", known("the mask holds numbers, not booleans"), "shape",
          ("[None, :] < lengths[:, None]\n", "[None, :] < lengths[:, None]\n    inside = xp.astype(inside, xp.float64)\n")),
    chaff("padding_mask", "query_axis_missing", known("the mask has one row for all queries, not one for each"), "shape",
          ("xp.broadcast_to(inside[:, None, :], (*like.shape, like.shape[1]))", "inside[:, None, :]"), also="forward"),
    chaff("padding_mask", "lengths_in_place", known("the lengths are lowered in place: the caller's array changes"), "purity",
          ("    inside = ", "    lengths -= 1\n    inside = "), ("[None, :] < lengths[:, None]", "[None, :] <= lengths[:, None]")),
    chaff("padding_mask", "longest_of_batch", known("every sample gets the length of the longest"), "batch",
          ("[None, :] < lengths[:, None]", "[None, :] < 0 * lengths[:, None] + np.max(lengths, initial=0)"), also="forward"),
    chaff("padding_mask", "squeezed", SQUEEZED, "edges", ("(*like.shape, like.shape[1]))", "(*like.shape, like.shape[1])).squeeze()")),

    chaff("split_heads", "reshaped", HEADS_RESHAPED, "forward", SPLIT_RESHAPED),
    chaff("split_heads", "interleaved", HEADS_INTERLEAVED, "forward", SPLIT_INTERLEAVED),
    chaff("split_heads", "heads_after_steps", known("the heads come after the steps, not before"), "shape",
          (SPLIT, "xp.reshape(x, (samples, steps, heads, width // heads))"), also="forward"),
    chaff("split_heads", "heads_first", known("the heads come before the samples, not after"), "shape", (SPLIT, SPLIT.replace("(0, 2, 1, 3)", "(2, 0, 1, 3)")), also="forward"),
    chaff("split_heads", "features_before_steps", known("the features come before the steps, as of transposed keys"), "shape",
          (SPLIT, SPLIT.replace("(0, 2, 1, 3)", "(0, 2, 3, 1)")), also="forward"),
    chaff("split_heads", "backwards", known("the heads are in reverse order"), "forward", (SPLIT, SPLIT + "[:, ::-1]")),
    chaff("split_heads", "heads_ignored", HEADS_IGNORED, "forward", ("samples, steps, width = x.shape", "samples, steps, width = x.shape\n    heads = 2"), also="shape"),
    chaff("split_heads", "float64_zeros", FLOAT64_ZEROS, "float32",
          ("return " + SPLIT, "parts = np.zeros((samples, heads, steps, width // heads))\n    parts[...] = " + SPLIT + "\n    return parts")),
    chaff("split_heads", "squeezed", SQUEEZED, "shape", (SPLIT, SPLIT + ".squeeze()")),
    chaff("split_heads", "single_sample", known("the batch axis is dropped when there is one sample"), "edges",
          ("return " + SPLIT, "parts = " + SPLIT + "\n    return parts[0] if samples == 1 else parts")),
    chaff("split_heads", "samples_mixed", known("samples and steps are mixed"), "batch",
          (SPLIT, "xp.permute_dims(xp.reshape(x, (steps, samples, heads, width // heads)), (1, 2, 0, 3))"), also="forward"),
    chaff("merge_heads", "reshaped", MERGE_RESHAPED, "forward", MERGE_EDIT),
    chaff("merge_heads", "interleaved", known("the features of the heads alternate, but each head's belong side by side"), "forward",
          (MERGE, MERGE.replace("(0, 2, 1, 3)", "(0, 2, 3, 1)"))),
    chaff("merge_heads", "summed", known("the heads are summed, not put side by side"), "shape", (MERGE, "xp.sum(parts, axis=1)"), also="forward"),
    chaff("merge_heads", "backwards", known("the heads are in reverse order"), "forward", (MERGE, MERGE.replace("(parts, ", "(parts[:, ::-1], "))),
    chaff("merge_heads", "samples_mixed", known("samples and steps are mixed"), "batch", (MERGE, MERGE.replace("(0, 2, 1, 3)", "(2, 0, 1, 3)")), also="forward"),
    chaff("merge_heads", "flattened", known("samples and steps are flattened into one axis"), "shape",
          (MERGE, MERGE.replace("(samples, steps, heads * width)", "(samples * steps, heads * width)")), also="forward"),
    chaff("merge_heads", "float64_zeros", FLOAT64_ZEROS, "float32",
          ("return " + MERGE, "x = np.zeros((samples, steps, heads * width))\n    x[...] = " + MERGE + "\n    return x")),
    chaff("merge_heads", "squeezed", SQUEEZED, "edges", (MERGE, MERGE + ".squeeze()")),

    chaff("multi_head", "wo_missing", known("the merged heads are not mapped by wo"), "forward", ("return merged @ wo, (", "return merged, (")),
    chaff("multi_head", "scaled_by_width", known("the scores are divided by the root of E, not of a head's size E/A"), "forward",
          ("every_head = xp", "q = q / sqrt(heads)\n    every_head = xp"), ("dx = dq @ wq.T", "dq = dq / sqrt(heads)\n    dx = dq @ wq.T"), also="gradient dx, gradient dmemory, gradient dwq, gradient dwk, gradient dwv, gradient dwo"),
    chaff("multi_head", "not_scaled", NOT_SCALED, "forward",
          ("/ sqrt(q.shape[2])\n    weights", "\n    weights"), (DSCORES, DSCORES.removesuffix(" / sqrt(q.shape[2])")), also="gradient dx, gradient dmemory, gradient dwq, gradient dwk, gradient dwv, gradient dwo"),
    chaff("multi_head", "reshaped", HEADS_RESHAPED, "forward", SPLIT_RESHAPED, also="gradient dx, gradient dmemory, gradient dwq, gradient dwk, gradient dwv, gradient dwo"),
    chaff("multi_head", "merged_by_reshape", MERGE_RESHAPED, "forward", MERGE_EDIT, also="gradient dx, gradient dmemory, gradient dwq, gradient dwk, gradient dwv, gradient dwo"),
    chaff("multi_head", "one_head", ONE_HEAD, "forward", ('    require_shape("x", x, ("N", "T", "E"))\n    samples, steps, width = x.shape\n    require_shape("memory"', '    heads = 1\n    samples, steps, width = x.shape\n    require_shape("memory"'), also="gradient dx, gradient dmemory, gradient dwq, gradient dwk, gradient dwv, gradient dwo"),
    chaff("multi_head", "values_by_wk", known("the values are mapped by wk, not by wv"), "forward", ("memory @ wk, memory @ wv)", "memory @ wk, memory @ wk)"), also="gradient dx, gradient dmemory, gradient dwq, gradient dwk, gradient dwo"),
    chaff("multi_head", "values_unmapped", known("the values are the memory itself, not mapped by wv"), "forward", ("memory @ wk, memory @ wv)", "memory @ wk, memory)"), also="gradient dx, gradient dmemory, gradient dwq, gradient dwk, gradient dwo"),
    chaff("multi_head", "mask_ignored", MASK_IGNORED, "forward", ("xp.repeat(mask, heads, axis=0)", "xp.repeat(xp.ones_like(mask), heads, axis=0)"), also="gradient dx, gradient dmemory, gradient dwq, gradient dwk, gradient dwv, gradient dwo"),
    chaff("multi_head", "mask_tiled", MASK_TILED, "batch", TILED, also="forward, gradient dx, gradient dmemory, gradient dwq, gradient dwk, gradient dwv, gradient dwo"),
    chaff("multi_head", "dx_not_transposed", known("dx is multiplied by wq, not by its transpose"), "gradient dx", ("dx = dq @ wq.T", "dx = dq @ wq")),
    chaff("multi_head", "dx_residual", known("dx has the part of a residual path, which is not here"), "gradient dx", ("dx = dq @ wq.T", "dx = dq @ wq.T + dout")),
    chaff("multi_head", "wo_forgotten_in_backward", known("the backward goes past wo"), "gradient dx", ("split_heads(dout @ wo.T, ", "split_heads(dout, "), also="gradient dmemory, gradient dwq, gradient dwk, gradient dwv"),
    chaff("multi_head", "dmemory_values_only", DMEMORY_VALUES, "gradient dmemory", (DMEMORY, "dmemory = dv @ wv.T")),
    chaff("multi_head", "dmemory_keys_only", known("dmemory has the part through the keys only, not that through the values"), "gradient dmemory",
          (DMEMORY, "dmemory = dk @ wk.T")),
    chaff("multi_head", "dwq_first_sample", known("dwq takes the first sample only"), "gradient dwq", ("summed_outer(x, dq)", "summed_outer(x[:1], dq[:1])"), also="batch"),
    chaff("multi_head", "dwk_transposed", known("dwk is transposed"), "gradient dwk", ("summed_outer(memory, dk)", "summed_outer(dk, memory)")),
    chaff("multi_head", "dwv_from_dk", known("dwv is taken from the gradient of the keys"), "gradient dwv", ("summed_outer(memory, dv)", "summed_outer(memory, dk)")),
    chaff("multi_head", "dwo_after_wo", known("dwo is taken with the gradient that has already gone through wo"), "gradient dwo",
          ("summed_outer(merged, dout)", "summed_outer(merged, dout @ wo.T)")),
    chaff("multi_head", "weights_mean", known("the gradients of the weights are averaged over samples and steps, not summed"), "gradient dwo",
          (OUTER, OUTER + " / (x.shape[0] * x.shape[1])"), also="gradient dwq, gradient dwk, gradient dwv, batch"),
    chaff("multi_head", "row_sum_forgotten", known("the sum over the keys is left out of the softmax's backward"), "gradient dwk",
          (DSCORES, "dscores = weights * dweights / sqrt(q.shape[2])"), also="gradient dx, gradient dmemory, gradient dwq"),
    chaff("multi_head", "float64_scale", FLOAT64_SCALE, "float32", SCALE),
    chaff("multi_head", "squeezed", SQUEEZED, "edges", ("return merged @ wo, (", "return (merged @ wo).squeeze(), (")),
    chaff("multi_head", "weights_overwritten", WEIGHTS_OVERWRITTEN, "purity", OVERWRITTEN),

    chaff("heads_one_by_one", "last_head_only", known("the heads overwrite one another: only the last is left"), "forward",
          ("out = attended @ wo[part, :] if out is None else out + attended @ wo[part, :]", "out = attended @ wo[part, :]")),
    chaff("heads_one_by_one", "averaged", known("the heads are averaged, not summed"), "forward", ("    return out\n", "    return out / heads\n")),
    chaff("heads_one_by_one", "wo_of_first", known("every head is mapped by the rows of wo that belong to the first"), "forward",
          ("else out + attended @ wo[part, :]", "else out + attended @ wo[:size, :]")),
    chaff("heads_one_by_one", "rows_of_wq", known("a head takes its rows of wq, not its columns"), "forward", ("x @ wq[:, part]", "x @ wq[part, :].T")),
    chaff("heads_one_by_one", "interleaved", HEADS_INTERLEAVED, "forward", ("slice(a * size, (a + 1) * size)", "slice(a, None, heads)")),
    chaff("heads_one_by_one", "scaled_by_width", known("the scores are divided by the root of E, not of a head's size E/A"), "forward",
          ("x @ wq[:, part]", "x @ wq[:, part] / sqrt(heads)")),
    chaff("heads_one_by_one", "first_head_masked", known("only the first head is masked"), "forward",
          ("memory @ wv[:, part], mask)", "memory @ wv[:, part], mask | (a > 0))")),
    chaff("heads_one_by_one", "mask_of_first", MASK_OF_FIRST, "batch",
          ("memory @ wv[:, part], mask)", "memory @ wv[:, part], np.broadcast_to(mask[:1], mask.shape))"), also="forward"),
    chaff("heads_one_by_one", "side_by_side", known("the mapped heads are put side by side, not summed"), "shape",
          ("else out + attended @ wo[part, :]", "else np.concatenate([out, attended @ wo[part, :]], axis=-1)"), also="forward"),
    chaff("heads_one_by_one", "float64_zeros", FLOAT64_ZEROS, "float32", ("    out = None\n", "    out = np.zeros(x.shape)\n")),
    chaff("heads_one_by_one", "squeezed", SQUEEZED, "edges", ("    return out\n", "    return out.squeeze()\n")),

    chaff("positional_encoding", "halves", known("sines stand in the first half and cosines in the second, but they should alternate"), "forward",
          ("even = xp.astype(column - column % 2, xp.float64)", "half = (width + 1) // 2\n    even = xp.astype(2 * (column % half), xp.float64)"),
          ("xp.where(column % 2 == 0, ", "xp.where(column < half, ")),
    chaff("positional_encoding", "wavelength_each", known("every column has a wavelength of its own, but a sine and its cosine share one"), "forward",
          ("column - column % 2, xp.float64", "column, xp.float64")),
    chaff("positional_encoding", "exponent_halved", known("the exponent is i/E, not 2i/E"), "forward", ("column - column % 2, xp.float64", "column // 2, xp.float64")),
    chaff("positional_encoding", "exponent_doubled", known("the exponent is 2j/E with the column j, but column 2i belongs to 2i/E"), "forward",
          ("column - column % 2, xp.float64", "2 * column, xp.float64")),
    chaff("positional_encoding", "from_one", known("positions are counted from 1, not from 0"), "forward", ("place = xp.arange(steps, dtype", "place = 1 + xp.arange(steps, dtype")),
    chaff("positional_encoding", "cosine_first", known("sine and cosine are exchanged"), "forward", ("xp.sin(angle), xp.cos(angle)", "xp.cos(angle), xp.sin(angle)")),
    chaff("positional_encoding", "multiplied", known("the position is multiplied by the power of 10000, not divided"), "forward", ("angle = place / 10000.0", "angle = place * 10000.0")),
    chaff("positional_encoding", "whole_exponent", known("the division in the exponent drops the fraction"), "forward", ("(even / max(width, 1))", "(even // max(width, 1))")),
    chaff("positional_encoding", "last_column_zero", known("the last column stays 0 when E is odd"), "forward", ("xp.cos(angle)), like.dtype)", "xp.cos(angle)) * (column < width // 2 * 2), like.dtype)")),
    chaff("positional_encoding", "even_width", known("the last column is missing when E is odd"), "shape", ("xp.cos(angle)), like.dtype)", "xp.cos(angle)), like.dtype)[:, : width // 2 * 2]"), also="forward"),
    chaff("positional_encoding", "batch_axis", known("the encoding has a batch axis"), "shape", ("xp.cos(angle)), like.dtype)", "xp.cos(angle)), like.dtype)[None]")),
    chaff("positional_encoding", "added", known("the encoding is already added to the input"), "shape", ("xp.cos(angle)), like.dtype)", "xp.cos(angle)), like.dtype) + like"), also="forward"),
    chaff("positional_encoding", "added_in_place", known("the encoding is added to the caller's array"), "purity",
          ("return xp.astype(xp.where(column % 2 == 0, xp.sin(angle), xp.cos(angle)), like.dtype)",
           "encoding = xp.astype(xp.where(column % 2 == 0, xp.sin(angle), xp.cos(angle)), like.dtype)\n    like += encoding\n    return encoding")),
    chaff("positional_encoding", "float64", known("the result is float64, whatever the dtype of the input"), "float32",
          ("xp.cos(angle)), like.dtype)", "xp.cos(angle)), xp.float64)")),
    chaff("positional_encoding", "float32_inside", known("it computes in float32"), "shape",
          ("angle = place / 10000.0", "angle = place.astype(np.float32) / np.float32(10000)"), ("column - column % 2, xp.float64", "column - column % 2, xp.float32")),
    chaff("positional_encoding", "squeezed", SQUEEZED, "edges", ("xp.cos(angle)), like.dtype)", "xp.cos(angle)), like.dtype).squeeze()")),

    chaff("ffn", "relu_missing", RELU_MISSING, "forward", ("array_namespace(x).maximum(x, 0), x", "x, x"), ("return dout * is_positive(x)", "return dout"), also="gradient dx, gradient dw1, gradient db1, gradient dw2"),
    chaff("ffn", "relu_last", known("relu comes after the second map as well"), "forward", ("return active @ w2 + b2, (", "return np.maximum(active @ w2 + b2, 0), (")),
    chaff("ffn", "tanh", known("it is tanh between the two maps, not relu"), "forward",
          ("array_namespace(x).maximum(x, 0), x", "np.tanh(x), x"), ("return dout * is_positive(x)", "return dout * (1 - np.tanh(x) ** 2)"), also="gradient dx, gradient dw1, gradient db1, gradient dw2"),
    chaff("ffn", "b1_forgotten", known("b1 is not added"), "forward", ("x @ w1 + b1)", "x @ w1)"), also="gradient dx, gradient dw1, gradient db1, gradient dw2"),
    chaff("ffn", "b2_forgotten", known("b2 is not added"), "forward", ("return active @ w2 + b2, (", "return active @ w2, (")),
    chaff("ffn", "residual_inside", known("x is added already here, but that is for add_norm to do"), "forward",
          ("return active @ w2 + b2, (", "return x + active @ w2 + b2, ("), ("return dhidden @ w1.T, ", "return dout + dhidden @ w1.T, "), also="gradient dx"),
    chaff("ffn", "mask_by_dout", MASK_BY_DOUT, "linearity", RELU_BY_DOUT, also="gradient dx, gradient dw1, gradient db1"),
    chaff("ffn", "relu_skipped", RELU_SKIPPED, "gradient dx", ("return dout * is_positive(x)", "return dout"), also="gradient dw1, gradient db1"),
    chaff("ffn", "mask_at_input", known("the relu's backward masks by what comes out of the second map, not by what goes into relu"), "gradient dx",
          ("dhidden = relu_backward(dout @ w2.T, rectified)", "dhidden = (dout * (active @ w2 > 0)) @ w2.T"), also="gradient dw1, gradient db1"),
    chaff("ffn", "dx_mean", known("dx is averaged over the batch"), "gradient dx", ("return dhidden @ w1.T, ", "return dhidden @ w1.T / x.shape[0], "), also="batch"),
    chaff("ffn", "dw1_before_relu", known("dw1 is taken with the gradient before it has gone through relu"), "gradient dw1",
          ("summed_outer(x, dhidden)", "summed_outer(x, dout @ w2.T)")),
    chaff("ffn", "dw1_last_step", known("dw1 takes the last step only"), "gradient dw1", ("summed_outer(x, dhidden)", "summed_outer(x[:, -1:], dhidden[:, -1:])")),
    chaff("ffn", "db1_mean", known("db1 is averaged over samples and steps, not summed"), "gradient db1", ("xp.sum(dhidden, axis=(0, 1))", "xp.mean(dhidden, axis=(0, 1))"), also="batch"),
    chaff("ffn", "dw2_before_relu", known("dw2 is taken with what goes into relu, not with what comes out"), "gradient dw2",
          ("summed_outer(active, dout)", "summed_outer(rectified, dout)")),
    chaff("ffn", "dw2_mean", known("dw2 is averaged over the batch, not summed"), "gradient dw2", ("summed_outer(active, dout)", "summed_outer(active, dout) / x.shape[0]"), also="batch"),
    chaff("ffn", "db2_mean_of_steps", known("db2 is averaged over the steps, not summed"), "gradient db2",
          ("xp.sum(dout, axis=(0, 1))", "xp.sum(dout, axis=(0, 1)) / x.shape[1]")),
    chaff("ffn", "db2_per_step", known("db2 is summed over the samples only, not over the steps"), "shape", ("xp.sum(dout, axis=(0, 1))", "xp.sum(dout, axis=0)"), also="gradient db2"),
    chaff("ffn", "db2_piles_up", known("a gradient is added to that of the call before"), "purity",
          ("(x, w1, w2, active, rectified)\n", "(x, w1, w2, active, rectified, 0 * b2)\n"), ("x, w1, w2, active, rectified = cache", "x, w1, w2, active, rectified, total = cache"),
          ("    return dhidden @ w1.T, ", "    total += db2\n    db2 = total.copy()\n    return dhidden @ w1.T, ")),
    chaff("ffn", "float64_zeros", FLOAT64_ZEROS, "float32", ZEROS_WHERE),
    chaff("ffn", "squeezed", SQUEEZED, "edges", ("return active @ w2 + b2, (", "return (active @ w2 + b2).squeeze(), (")),

    chaff("add_norm", "pre_norm", known("the sublayer's output is normalised before it is added, not the sum"), "forward",
          ("xp.reshape(x + f, ", "xp.reshape(f, "), ("return xp.reshape(rows, x.shape), (", "return x + xp.reshape(rows, x.shape), ("),
          ("return dsum, xp.asarray(dsum, copy=True)", "return dout, xp.asarray(dsum, copy=True)"), also="gradient dx, gradient df, gradient dgamma"),
    chaff("add_norm", "residual_forgotten", known("x is not added: there is no residual path"), "forward",
          ("xp.reshape(x + f, ", "xp.reshape(f, "), ("return dsum, xp.asarray(dsum, copy=True)", "return 0 * dsum, xp.asarray(dsum, copy=True)"), also="gradient dx, gradient df, gradient dgamma"),
    chaff("add_norm", "over_the_rows", NORM_OVER_ROWS, "batch", *ROWS_STANDARDISED, also="forward, gradient dx, gradient df, gradient dgamma"),
    chaff("add_norm", "unbiased", UNBIASED, "forward", (VARIANCE, VARIANCE.replace(" + eps", " * x.shape[-1] / (x.shape[-1] - 1) + eps")), also="gradient dx, gradient df, gradient dgamma"),
    chaff("add_norm", "eps_outside", EPS_OUTSIDE, "forward", (VARIANCE, VARIANCE.replace(" + eps)", ") + eps)").replace("1 / xp", "1 / (xp")), also="gradient dx, gradient df, gradient dgamma"),
    chaff("add_norm", "eps_ignored", EPS_IGNORED, "forward", ("gamma, beta, eps=eps)\n    return xp.reshape(rows, x.shape)", "gamma, beta)\n    return xp.reshape(rows, x.shape)"), also="gradient dx, gradient df, gradient dgamma"),
    chaff("add_norm", "not_centred", known("the mean is not subtracted"), "forward", ("centred = x - xp.mean(x, axis=axes, keepdims=True)", "centred = x"), also="gradient dx, gradient df, gradient dgamma"),
    chaff("add_norm", "beta_forgotten", known("beta is not added"), "forward", ("return gamma * normal + beta, (", "return gamma * normal, (")),
    chaff("add_norm", "dx_skips_norm", known("dx takes the upstream gradient past the norm, but the residual path goes through it"), "gradient dx",
          ("return dsum, xp.asarray(dsum, copy=True)", "return dout, xp.asarray(dsum, copy=True)")),
    chaff("add_norm", "mean_path_forgotten", known("the part of the gradient through the mean is left out"), "gradient dx", (GRADIENT_OF_NORM, "return inverse * (dnormal - by_variance)"), also="gradient df"),
    chaff("add_norm", "variance_path_forgotten", known("the part of the gradient through the variance is left out"), "gradient df", (GRADIENT_OF_NORM, "return inverse * (dnormal - by_mean)"), also="gradient dx"),
    chaff("add_norm", "times_deviation", known("the backward multiplies by the standard deviation, where it should divide"), "gradient df", (GRADIENT_OF_NORM, "return (dnormal - by_mean - by_variance) / inverse"), also="gradient dx"),
    chaff("add_norm", "gamma_forgotten", known("gamma is left out of the gradient of the input"), "gradient dx", ("standardise_gradient(dout * gamma, ", "standardise_gradient(dout, "), also="gradient df"),
    chaff("add_norm", "df_halved", known("the gradient is split between x and f, but each gets all of it"), "gradient df",
          ("return dsum, xp.asarray(dsum, copy=True)", "return dsum / 2, dsum / 2"), also="gradient dx"),
    chaff("add_norm", "df_zero", known("f gets no gradient"), "gradient df", ("return dsum, xp.asarray(dsum, copy=True)", "return dsum, 0 * dsum")),
    chaff("add_norm", "dgamma_not_normalised", known("dgamma takes the centred input, not the normalised one"), "gradient dgamma", (GAMMA_AND_BETA, GAMMA_AND_BETA.replace("dout * normal", "dout * normal / inverse"))),
    chaff("add_norm", "dgamma_mean", known("dgamma is averaged over samples and steps, not summed"), "gradient dgamma", (GAMMA_AND_BETA, GAMMA_AND_BETA.replace("xp.sum(dout * normal", "xp.mean(dout * normal")), also="batch"),
    chaff("add_norm", "dbeta_with_gamma", known("dbeta is multiplied by gamma"), "gradient dbeta", (GAMMA_AND_BETA, GAMMA_AND_BETA.replace("xp.sum(dout, axis=0)", "gamma * xp.sum(dout, axis=0)"))),
    chaff("add_norm", "dbeta_last_step", known("dbeta takes the last step only"), "gradient dbeta", ("return dsum, xp.asarray(dsum, copy=True), dgamma, dbeta", "return dsum, xp.asarray(dsum, copy=True), dgamma, xp.sum(dout[:, -1], axis=0)")),
    chaff("add_norm", "kept_axis", NORM_KEPT_AXIS, "shape", NORM_KEEPS_AXIS),
    chaff("add_norm", "x_in_place", X_IN_PLACE, "purity", IN_PLACE_SUM),
    chaff("add_norm", "cancelling_variance", known("the variance is the mean of squares less the squared mean: its digits cancel"), "stability",
          (VARIANCE, "inverse = 1 / xp.sqrt(xp.mean(x * x, axis=axes, keepdims=True) - xp.mean(x, axis=axes, keepdims=True) ** 2 + eps)")),
    chaff("add_norm", "float64_mean", known("the mean is taken in float64: it turns float32 into float64"), "float32",
          ("centred = x - xp.mean(x, axis=axes, keepdims=True)", "centred = x - np.mean(x, axis=axes, keepdims=True, dtype=np.float64)")),
    chaff("add_norm", "squeezed", SQUEEZED, "edges", ("return xp.reshape(rows, x.shape), (", "return xp.reshape(rows, x.shape).squeeze(), (")),

    chaff("pre_norm_ffn", "residual_normed", known("the residual path carries the normalised input, not x itself"), "forward",
          ("return x + out, (norm, ffn)", "return normed + out, (norm, ffn)"), ("dnormed, *dffn = ffn_backward(dout, ffn)", "dnormed, *dffn = ffn_backward(dout, ffn)\n    dnormed = dnormed + dout"),
          ("return dout + dx, dgamma", "return dx, dgamma"), also="gradient dx, gradient dgamma, gradient dbeta"),
    chaff("pre_norm_ffn", "residual_forgotten", known("x is not added: there is no residual path"), "forward",
          ("return x + out, (norm, ffn)", "return out, (norm, ffn)"), ("return dout + dx, dgamma", "return dx, dgamma"), also="gradient dx"),
    chaff("pre_norm_ffn", "post_norm", known("it is post-norm: the norm must come before the feed-forward"), "forward",
          ("    normed, norm = add_norm_forward(x, array_namespace(x).zeros_like(x), gamma, beta, eps=eps)\n    out, ffn = ffn_forward(normed, w1, b1, w2, b2)\n    return x + out, (norm, ffn)",
           "    f, ffn = ffn_forward(x, w1, b1, w2, b2)\n    out, norm = add_norm_forward(x, f, gamma, beta, eps=eps)\n    return out, (norm, ffn)"),
          ("    dnormed, *dffn = ffn_backward(dout, ffn)\n    dx, _, dgamma, dbeta = add_norm_backward(dnormed, norm)\n    return dout + dx, dgamma",
           "    dsum, _, dgamma, dbeta = add_norm_backward(dout, norm)\n    dx, *dffn = ffn_backward(dsum, ffn)\n    return dsum + dx, dgamma"), also="gradient dx, gradient dgamma, gradient dbeta, gradient dw1, gradient db1, gradient dw2, gradient db2"),
    chaff("pre_norm_ffn", "x_not_normed", known("the feed-forward reads x, not the normalised x"), "forward", ("ffn_forward(normed, w1, ", "ffn_forward(x, w1, "), also="gradient dx, gradient dgamma, gradient dbeta, gradient dw1, gradient db1, gradient dw2"),
    chaff("pre_norm_ffn", "x_added_twice", known("x is added before the norm as well: it is counted twice"), "forward",
          ("add_norm_forward(x, array_namespace(x).zeros_like(x), ", "add_norm_forward(x, x, "), ("dx, _, dgamma, dbeta = add_norm_backward(dnormed, norm)", "dx, again, dgamma, dbeta = add_norm_backward(dnormed, norm)\n    dx = dx + again"), also="gradient dx, gradient dgamma, gradient dbeta, gradient dw1, gradient db1, gradient dw2"),
    chaff("pre_norm_ffn", "eps_ignored", EPS_IGNORED, "forward", ("zeros_like(x), gamma, beta, eps=eps)", "zeros_like(x), gamma, beta)"), also="gradient dx, gradient dgamma, gradient dbeta, gradient dw1, gradient db1, gradient dw2"),
    chaff("pre_norm_ffn", "over_the_rows", NORM_OVER_ROWS, "batch", *ROWS_STANDARDISED, also="forward, gradient dx, gradient dgamma, gradient dbeta, gradient dw1, gradient db1, gradient dw2"),
    chaff("pre_norm_ffn", "dx_residual_forgotten", known("dx leaves out the residual path"), "gradient dx", ("return dout + dx, dgamma", "return dx, dgamma")),
    chaff("pre_norm_ffn", "dx_residual_only", known("dx is the residual path's alone"), "gradient dx", ("return dout + dx, dgamma", "return dout, dgamma")),
    chaff("pre_norm_ffn", "norm_skipped", known("dx goes past the norm"), "gradient dx", ("return dout + dx, dgamma", "return dout + dnormed, dgamma")),
    chaff("pre_norm_ffn", "wrong_upstream", known("the norm's backward gets the upstream gradient as it is, not what came through the feed-forward"), "gradient dgamma",
          ("add_norm_backward(dnormed, norm)", "add_norm_backward(dout, norm)"), also="gradient dx, gradient dbeta"),
    chaff("pre_norm_ffn", "residual_into_norm", known("the residual's gradient is sent through the norm as well"), "gradient dbeta",
          ("add_norm_backward(dnormed, norm)", "add_norm_backward(dnormed + dout, norm)"), also="gradient dx, gradient dgamma"),
    chaff("pre_norm_ffn", "gamma_beta_exchanged", known("dgamma and dbeta are returned in the wrong order"), "gradient dbeta", ("return dout + dx, dgamma, dbeta, *dffn", "return dout + dx, dbeta, dgamma, *dffn"), also="gradient dgamma"),
    chaff("pre_norm_ffn", "relu_missing", RELU_MISSING, "forward", ("array_namespace(x).maximum(x, 0), x", "x, x"), ("return dout * is_positive(x)", "return dout"), also="gradient dx, gradient dgamma, gradient dbeta, gradient dw1, gradient db1, gradient dw2"),
    chaff("pre_norm_ffn", "relu_skipped", RELU_SKIPPED, "gradient dw1", ("return dout * is_positive(x)", "return dout"), also="gradient dx, gradient dgamma, gradient dbeta, gradient db1"),
    chaff("pre_norm_ffn", "db1_mean", known("db1 is averaged over samples and steps, not summed"), "gradient db1", ("xp.sum(dhidden, axis=(0, 1))", "xp.mean(dhidden, axis=(0, 1))"), also="batch"),
    chaff("pre_norm_ffn", "dw2_before_relu", known("dw2 is taken with what goes into relu, not with what comes out"), "gradient dw2",
          ("summed_outer(active, dout)", "summed_outer(rectified, dout)")),
    chaff("pre_norm_ffn", "db2_zero", known("b2 gets no gradient"), "gradient db2", ("xp.sum(dout, axis=(0, 1))", "0 * xp.sum(dout, axis=(0, 1))")),
    chaff("pre_norm_ffn", "mask_by_dout", MASK_BY_DOUT, "linearity", RELU_BY_DOUT, also="gradient dx, gradient dgamma, gradient dbeta, gradient dw1, gradient db1"),
    chaff("pre_norm_ffn", "kept_axis", NORM_KEPT_AXIS, "shape", NORM_KEEPS_AXIS),
    chaff("pre_norm_ffn", "x_in_place", X_IN_PLACE, "purity", ("return x + out, (norm, ffn)", "x += out\n    return x, (norm, ffn)")),
    chaff("pre_norm_ffn", "float64_zeros", FLOAT64_ZEROS, "float32", ("array_namespace(x).zeros_like(x), ", "np.zeros(x.shape), ")),
    chaff("pre_norm_ffn", "squeezed", SQUEEZED, "edges", ("return x + out, (norm, ffn)", "return (x + out).squeeze(), (norm, ffn)")),

    chaff("encoder_layer", "pre_norm", PRE_NORM, "forward", (ENCODER_FORWARD, ENCODER_FORWARD_PRE), (ENCODER_BACKWARD, ENCODER_BACKWARD_PRE), also="gradient dx, gradient dparams"),
    chaff("encoder_layer", "ffn_reads_x", known("the feed-forward reads x, not what comes out of the first norm"), "forward", ("ffn_forward(h, *params[6:10])", "ffn_forward(x, *params[6:10])"), also="gradient dx, gradient dparams"),
    chaff("encoder_layer", "second_residual_from_x", known("the second residual path starts at x, not at what comes out of the first norm"), "forward",
          ("add_norm_forward(h, f, ", "add_norm_forward(x, f, "), also="gradient dx, gradient dparams"),
    chaff("encoder_layer", "norm_shared", known("both norms use the gamma and beta of the first"), "forward", ("add_norm_forward(h, f, *params[10:])", "add_norm_forward(h, f, *params[4:6])"), also="gradient dx, gradient dparams"),
    chaff("encoder_layer", "mask_ignored", MASK_IGNORED, "forward", ("multi_head_forward(x, x, mask, ", "multi_head_forward(x, x, mask | True, "), also="gradient dx, gradient dparams"),
    chaff("encoder_layer", "one_head", ONE_HEAD, "forward", ("multi_head_forward(x, x, mask, *params[:4], heads=heads)", "multi_head_forward(x, x, mask, *params[:4], heads=1)"), also="gradient dx, gradient dparams"),
    chaff("encoder_layer", "not_scaled", NOT_SCALED, "forward",
          ("/ sqrt(q.shape[2])\n    weights", "\n    weights"), (DSCORES, DSCORES.removesuffix(" / sqrt(q.shape[2])")), also="gradient dx, gradient dparams"),
    chaff("encoder_layer", "mask_tiled", MASK_TILED, "batch", TILED, also="forward, gradient dx, gradient dparams"),
    chaff("encoder_layer", "memory_part_forgotten", known("x is queries, keys and values at once: the gradient through keys and values is left out"), "gradient dx",
          (ENCODER_DX, "return dx + by_query, [")),
    chaff("encoder_layer", "first_residual_forgotten", known("the gradient of the first residual path is left out"), "gradient dx", (ENCODER_DX, "return by_query + by_memory, [")),
    chaff("encoder_layer", "second_residual_forgotten", known("the gradient of the second residual path is left out"), "gradient dparams",
          ("add_norm_backward(dh + through, first)", "add_norm_backward(through, first)"), also="gradient dx"),
    chaff("encoder_layer", "through_ffn_forgotten", known("the gradient through the feed-forward does not reach what comes before it"), "gradient dparams",
          ("add_norm_backward(dh + through, first)", "add_norm_backward(dh, first)"), also="gradient dx"),
    chaff("encoder_layer", "second_norm_skipped", known("the feed-forward's backward gets the gradient past the second norm"), "gradient dparams",
          ("ffn_backward(df, ffn)", "ffn_backward(dout, ffn)"), also="gradient dx"),
    chaff("encoder_layer", "norms_exchanged", known("the gradients of the two norms are exchanged"), "gradient dparams",
          ("[*dweights, *dnorm1, *dffn, *dnorm2]", "[*dweights, *dnorm2, *dffn, *dnorm1]")),
    chaff("encoder_layer", "dwq_dwk_exchanged", known("dwq and dwk are returned in the wrong order"), "gradient dparams",
          ("[*dweights, *dnorm1, *dffn, *dnorm2]", "[dweights[1], dweights[0], *dweights[2:], *dnorm1, *dffn, *dnorm2]")),
    chaff("encoder_layer", "mask_by_dout", MASK_BY_DOUT, "linearity", RELU_BY_DOUT, also="gradient dx, gradient dparams"),
    chaff("encoder_layer", "kept_axis", NORM_KEPT_AXIS, "shape", NORM_KEEPS_AXIS),
    chaff("encoder_layer", "x_in_place", X_IN_PLACE, "purity", ("h, first = add_norm_forward(x, attended, *params[4:6])", "x += attended\n    h, first = add_norm_forward(x, 0 * x, *params[4:6])"),
          ("multi_head_forward(x, x, mask, ", "multi_head_forward(x.copy(), x.copy(), mask, ")),
    chaff("encoder_layer", "float64_scale", FLOAT64_SCALE, "float32", SCALE),
    chaff("encoder_layer", "squeezed", SQUEEZED, "edges", ("return out, (attention, first, ffn, second)", "return out.squeeze(), (attention, first, ffn, second)")),

    chaff("decoder_layer", "queries_from_y", known("the cross-attention's queries come from y, not from what comes out of the first norm"), "forward",
          ("multi_head_forward(h1, memory, memory_mask, ", "multi_head_forward(y, memory, memory_mask, "), also="gradient dy, gradient dmemory, gradient dparams"),
    chaff("decoder_layer", "attention_shared", known("both attentions use the matrices of the first"), "forward", ("memory_mask, *params[6:10], heads=heads)", "memory_mask, *params[:4], heads=heads)"), also="gradient dy, gradient dmemory, gradient dparams"),
    chaff("decoder_layer", "causal_mask_ignored", known("the mask of the self-attention is not used"), "forward", ("multi_head_forward(y, y, mask, ", "multi_head_forward(y, y, mask | True, "), also="gradient dy, gradient dmemory, gradient dparams"),
    chaff("decoder_layer", "memory_mask_ignored", known("the mask of the cross-attention is not used"), "forward",
          ("multi_head_forward(h1, memory, memory_mask, ", "multi_head_forward(h1, memory, memory_mask | True, "), also="gradient dy, gradient dmemory, gradient dparams"),
    chaff("decoder_layer", "cross_residual_from_y", known("the cross-attention's residual path starts at y, not at what comes out of the first norm"), "forward",
          ("add_norm_forward(h1, looked_up, ", "add_norm_forward(y, looked_up, "), also="gradient dy, gradient dmemory, gradient dparams"),
    chaff("decoder_layer", "ffn_residual_from_h1", known("the feed-forward's residual path skips the cross-attention"), "forward", ("add_norm_forward(h2, f, ", "add_norm_forward(h1, f, "), also="gradient dy, gradient dmemory, gradient dparams"),
    chaff("decoder_layer", "ffn_reads_h1", known("the feed-forward reads what comes before the cross-attention, not what comes after"), "forward",
          ("ffn_forward(h2, *params[12:16])", "ffn_forward(h1, *params[12:16])"), also="gradient dy, gradient dmemory, gradient dparams"),
    chaff("decoder_layer", "norm_of_first", known("the norm after the cross-attention uses the gamma and beta of the first"), "forward",
          ("add_norm_forward(h1, looked_up, *params[10:12])", "add_norm_forward(h1, looked_up, *params[4:6])"), also="gradient dy, gradient dmemory, gradient dparams"),
    chaff("decoder_layer", "one_head_in_cross", known("the cross-attention has only one head, whatever heads is"), "forward", ("memory_mask, *params[6:10], heads=heads)", "memory_mask, *params[6:10], heads=1)"), also="gradient dy, gradient dmemory, gradient dparams"),
    chaff("decoder_layer", "mask_tiled", MASK_TILED, "batch", TILED, also="forward, gradient dy, gradient dmemory, gradient dparams"),
    chaff("decoder_layer", "own_memory_forgotten", known("y is queries, keys and values of the self-attention: the gradient through keys and values is left out"), "gradient dy",
          (DECODER_DY, "return dy + by_own_query, dmemory, [")),
    chaff("decoder_layer", "own_residual_forgotten", known("the gradient of the first residual path is left out"), "gradient dy", (DECODER_DY, "return by_own_query + by_own_memory, dmemory, [")),
    chaff("decoder_layer", "cross_query_forgotten", known("the gradient through the cross-attention's queries is left out"), "gradient dparams",
          ("add_norm_backward(dh1 + by_query, first)", "add_norm_backward(dh1, first)"), also="gradient dy"),
    chaff("decoder_layer", "through_ffn_forgotten", known("the gradient through the feed-forward does not reach what comes before it"), "gradient dparams",
          ("add_norm_backward(dh2 + through, second)", "add_norm_backward(dh2, second)"), also="gradient dy, gradient dmemory"),
    chaff("decoder_layer", "dmemory_values_only", DMEMORY_VALUES, "gradient dmemory", (DMEMORY, "dmemory = dv @ wv.T"), also="gradient dy"),
    chaff("decoder_layer", "dmemory_zero", known("memory gets no gradient"), "gradient dmemory", (DECODER_DY, DECODER_DY.replace("dmemory", "0 * dmemory"))),
    chaff("decoder_layer", "norms_exchanged", known("the gradients of the first two norms are exchanged"), "gradient dparams",
          (DECODER_DPARAMS, "[*down, *dnorm2, *dcross, *dnorm1, *dffn, *dnorm3]")),
    chaff("decoder_layer", "attentions_exchanged", known("the gradients of the two attentions are exchanged"), "gradient dparams",
          (DECODER_DPARAMS, "[*dcross, *dnorm1, *down, *dnorm2, *dffn, *dnorm3]")),
    chaff("decoder_layer", "mask_by_dout", MASK_BY_DOUT, "linearity", RELU_BY_DOUT, also="gradient dy, gradient dmemory, gradient dparams"),
    chaff("decoder_layer", "kept_axis", NORM_KEPT_AXIS, "shape", NORM_KEEPS_AXIS),
    chaff("decoder_layer", "weights_overwritten", WEIGHTS_OVERWRITTEN, "purity", OVERWRITTEN),
    chaff("decoder_layer", "float64_scale", FLOAT64_SCALE, "float32", SCALE),
    chaff("decoder_layer", "squeezed", SQUEEZED, "edges", ("return out, (own, first, cross, ", "return out.squeeze(), (own, first, cross, ")),

    chaff("transformer", "embeddings_not_scaled", known("the embeddings are not multiplied by sqrt(E)"), "forward",
          (EMBEDDED, "return out + positional_encoding(out), cache"), ("    scale = sqrt(y.shape[2])\n", "    scale = 1\n"), also="gradient dparams"),
    chaff("transformer", "positions_scaled", known("sqrt(E) multiplies the positions as well, not only the embeddings"), "forward",
          (EMBEDDED, "return (out + positional_encoding(out)) * sqrt(table.shape[1]), cache"), also="gradient dparams"),
    chaff("transformer", "positions_missing", known("the positional encoding is not added"), "forward", (EMBEDDED, "return out * sqrt(table.shape[1]), cache"), also="gradient dparams"),
    chaff("transformer", "table_shared", known("the target is embedded with the source's table"), "forward", ("_embedded(target, params[1])", "_embedded(target, params[0])"), also="gradient dparams"),
    chaff("transformer", "not_causal", known("the decoder looks ahead in the target: the causal mask is missing"), "forward",
          ("causal_mask(target), memory_mask", "causal_mask(target) | True, memory_mask"), also="gradient dparams"),
    chaff("transformer", "encoder_causal", known("the encoder is causal, but it may look at the whole source"), "forward",
          ("mask = padding_mask(source, source_lengths)", "mask = padding_mask(source, source_lengths) & causal_mask(source)"),
          ("mask[:, :1, :], (*target.shape", "mask[:, -1:, :], (*target.shape"), also="gradient dparams"),
    chaff("transformer", "source_padding_seen", known("the encoder looks at padding"), "forward", ("encoder_layer_forward(x, mask, own, ", "encoder_layer_forward(x, mask | True, own, "), also="gradient dparams"),
    chaff("transformer", "memory_padding_seen", known("the decoder looks at the source's padding"), "forward", ("causal_mask(target), memory_mask, own", "causal_mask(target), memory_mask | True, own"), also="gradient dparams"),
    chaff("transformer", "mask_of_first", MASK_OF_FIRST, "batch", ("xp.broadcast_to(mask[:, :1, :], ", "xp.broadcast_to(mask[:1, :1, :], "), also="forward, gradient dparams"),
    chaff("transformer", "layers_shared", known("every encoder layer uses the parameters of the first"), "forward",
          ("own = params[2 + ENCODER_ARRAYS * layer : 2 + ENCODER_ARRAYS * (layer + 1)]", "own = params[2 : 2 + ENCODER_ARRAYS]"), also="gradient dparams"),
    chaff("transformer", "probabilities", known("the result is the softmax of the scores, but it should be the scores"), "forward",
          ("return y @ w + b, (source_embedding", "scores = np.exp(y @ w + b)\n    return scores / scores.sum(-1, keepdims=True), (source_embedding")),
    chaff("transformer", "bias_forgotten", known("the bias of the last map is not added"), "forward", ("return y @ w + b, (source_embedding", "return y @ w, (source_embedding")),
    chaff("transformer", "memory_from_last_only", known("the memory gets the gradient of one decoder layer only, but every layer looks at it"), "gradient dparams",
          ("dmemory = own_memory if dmemory is None else dmemory + own_memory", "dmemory = own_memory")),
    chaff("transformer", "scale_forgotten_in_backward", known("the backward leaves out the sqrt(E) of the embeddings"), "gradient dparams", ("    scale = sqrt(y.shape[2])\n", "    scale = 1\n")),
    chaff("transformer", "repeated_token_once", known("a token that stands at several places gets the gradient of one of them, not the sum"), "gradient dparams",
          (CHOSEN, "dtable = xp.zeros(shape, dtype=dout.dtype)\n    dtable[xp.reshape(tokens, (-1,))] += xp.reshape(dout, (-1, shape[1]))\n    return dtable"), also="batch"),
    chaff("transformer", "layers_backwards", known("the gradients of the layers are in reverse order"), "gradient dparams", ("by_encoder = [*own, *by_encoder]", "by_encoder = [*by_encoder, *own]")),
    chaff("transformer", "tables_exchanged", known("the gradients of the two embeddings are exchanged"), "gradient dparams",
          ("return [*tables, *by_encoder", "return [*tables[::-1], *by_encoder")),
    chaff("transformer", "last_bias_mean", known("the last bias gets the mean over samples and steps, not the sum"), "gradient dparams",
          ("last = [summed_outer(y, dscores), xp.sum(dscores, axis=(0, 1))]", "last = [summed_outer(y, dscores), xp.mean(dscores, axis=(0, 1))]"), also="batch"),
    chaff("transformer", "last_bias_kept_axes", known("the gradient of the last bias keeps axes of size 1"), "shape",
          ("last = [summed_outer(y, dscores), xp.sum(dscores, axis=(0, 1))]", "last = [summed_outer(y, dscores), xp.sum(dscores, axis=(0, 1), keepdims=True)]")),
    chaff("transformer", "mask_by_dout", MASK_BY_DOUT, "linearity", RELU_BY_DOUT, also="gradient dparams"),
    chaff("transformer", "weights_overwritten", WEIGHTS_OVERWRITTEN, "purity", OVERWRITTEN),
    chaff("transformer", "float64_positions", known("the positional encoding is float64: it turns float32 into float64"), "float32",
          ("return xp.astype(xp.where(column % 2 == 0, xp.sin(angle), xp.cos(angle)), like.dtype)", "return xp.where(column % 2 == 0, xp.sin(angle), xp.cos(angle))")),
    chaff("transformer", "squeezed", SQUEEZED, "edges", ("return y @ w + b, (source_embedding", "return (y @ w + b).squeeze(), (source_embedding")),

    chaff("next_token_loss", "not_shifted", known("the scores of step t are judged by token t, not by token t + 1"), "forward", (NEXT, "following = tokens"), also="gradient dscores"),
    chaff("next_token_loss", "shifted_back", known("the scores of step t are judged by token t - 1, not by token t + 1"), "forward",
          (NEXT, "following = xp.concat([tokens[:, -1:], tokens[:, :-1]], axis=1)"), (NEXT_SCORED, "scored = xp.concat([nothing, xp.ones_like(tokens[:, 1:], dtype=xp.bool)], axis=1)"), also="gradient dscores"),
    chaff("next_token_loss", "last_step_wraps", known("the last step is judged as well, by the first token"), "forward", (NEXT_SCORED, "scored = xp.ones_like(tokens, dtype=xp.bool)"), also="gradient dscores"),
    chaff("next_token_loss", "mean_of_all_steps", known("the mean is over T steps, but the last one has no next token: there are T - 1"), "forward", (COUNT, "weights = weights / max(weights.shape[0], 1)"), also="gradient dscores"),
    chaff("next_token_loss", "summed", SUMMED, "forward", (COUNT, "weights = weights + 0 * count"), also="gradient dscores"),
    chaff("next_token_loss", "summed_over_steps", known("the loss is summed over the steps and averaged over the samples only"), "forward", (COUNT, "weights = weights / scores.shape[0]"), also="gradient dscores"),
    chaff("next_token_loss", "sign", SIGN, "forward", (LOSS, LOSS.replace("-xp", "xp")), (DSCORES_OF_LOSS, DSCORES_OF_LOSS.replace("* difference", "* -difference")), also="gradient dscores"),
    chaff("next_token_loss", "softmax_over_steps", SOFTMAX_OVER_STEPS, "forward",
          ("shifted = x - xp.max(x, axis=-1, keepdims=True)", "shifted = x - xp.max(x, axis=0, keepdims=True)"), ("xp.exp(shifted), axis=-1, keepdims=True", "xp.exp(shifted), axis=0, keepdims=True"), also="gradient dscores"),
    chaff("next_token_loss", "clipped_logarithm", known("the logarithm is taken of p + 1e-5: the loss is too small"), "forward",
          ("loss = -xp.sum(weights * at_labels(log_probs, flat))", "loss = -xp.sum(weights * xp.log(xp.exp(at_labels(log_probs, flat)) + 1e-5))")),
    chaff("next_token_loss", "not_divided", NOT_DIVIDED, "gradient dscores", (DSCORES_OF_LOSS, DSCORES_OF_LOSS.replace("weights[:, None]", "(weights[:, None] > 0)"))),
    chaff("next_token_loss", "one_hot_missing", ONE_HOT_MISSING, "gradient dscores", (DIFFERENCE, "difference = xp.exp(log_probs)")),
    chaff("next_token_loss", "softmax_missing", SOFTMAX_MISSING, "gradient dscores", (DIFFERENCE, DIFFERENCE.replace("xp.exp(log_probs) -", "0 * log_probs -"))),
    chaff("next_token_loss", "last_step_gets_gradient", known("the last step gets a gradient, but nothing is asked of it"), "gradient dscores",
          (DSCORES_OF_LOSS, DSCORES_OF_LOSS.replace("weights[:, None]", "xp.max(weights)"))),
    chaff("next_token_loss", "dloss_ignored", DLOSS_IGNORED, "linearity", (DSCORES_OF_LOSS, DSCORES_OF_LOSS.replace("dloss * ", "")), also="gradient dscores"),
    chaff("next_token_loss", "kept_axis", LOSS_KEPT_AXIS, "shape", (LOSS, LOSS + "\n    loss = xp.reshape(loss, (1,))")),
    chaff("next_token_loss", "probabilities_in_place", PROBABILITIES_IN_PLACE, "purity", OVERWRITTEN_PROBS),
    chaff("next_token_loss", "scores_in_place", SCORES_IN_PLACE, "purity", SHIFTED_IN_PLACE),
    chaff("next_token_loss", "shift_forgotten", known("the largest score is not subtracted before exp: it overflows"), "stability",
          ("shifted = x - xp.max(x, axis=-1, keepdims=True)", "shifted = x")),
    chaff("next_token_loss", "logarithm_of_zero", known("the logarithm is taken of the softmax, which may be 0"), "stability",
          ("y = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))",
           "exponentials = xp.exp(shifted)\n    y = xp.log(exponentials / xp.sum(exponentials, axis=-1, keepdims=True))")),
    chaff("next_token_loss", "float64_one_hot", ONE_HOT_FLOAT64, "float32", ONE_HOT_EYE),
    chaff("next_token_loss", "squeezed", SQUEEZED, "edges", (DSCORES_OF_LOSS, DSCORES_OF_LOSS + ".squeeze()")),

    chaff("cloze_loss", "covered_ignored", known("every step counts, not only the covered ones"), "forward", ("weights = in_dtype_of(xp.reshape(covered, (-1,)), scores)", "weights = xp.ones_like(log_probs[:, 0])"), also="gradient dscores"),
    chaff("cloze_loss", "uncovered", known("the steps that are not covered count, and the covered ones do not"), "forward", ("xp.reshape(covered, (-1,)), scores)", "xp.reshape(~covered, (-1,)), scores)"), also="gradient dscores"),
    chaff("cloze_loss", "mean_of_all_steps", known("the sum is divided by all steps, not by the number of covered ones"), "forward", (COUNT, "weights = weights / max(weights.shape[0], 1)"), also="gradient dscores"),
    chaff("cloze_loss", "mean_of_means", known("it is the mean of the samples' means: steps of a sample with few covered ones count for more"), "forward",
          (COUNT, "count = xp.sum(covered, axis=1, keepdims=True)\n    weights = xp.reshape(in_dtype_of(covered, scores) / in_dtype_of(xp.where(count > 0, count, 1), scores), (-1,)) / covered.shape[0]"), also="gradient dscores"),
    chaff("cloze_loss", "summed", SUMMED, "forward", (COUNT, "weights = weights + 0 * count"), also="gradient dscores"),
    chaff("cloze_loss", "next_token", known("the scores of step t are judged by token t + 1, but a cloze asks for the covered token itself"), "forward",
          ("flat = xp.reshape(tokens, (-1,))", "flat = xp.reshape(xp.roll(tokens, -1, axis=1), (-1,))"), also="gradient dscores"),
    chaff("cloze_loss", "sign", SIGN, "forward", (LOSS, LOSS.replace("-xp", "xp")), (DSCORES_OF_LOSS, DSCORES_OF_LOSS.replace("* difference", "* -difference")), also="gradient dscores"),
    chaff("cloze_loss", "softmax_over_steps", SOFTMAX_OVER_STEPS, "forward",
          ("shifted = x - xp.max(x, axis=-1, keepdims=True)", "shifted = x - xp.max(x, axis=0, keepdims=True)"), ("xp.exp(shifted), axis=-1, keepdims=True", "xp.exp(shifted), axis=0, keepdims=True"), also="gradient dscores"),
    chaff("cloze_loss", "uncovered_get_gradient", known("steps that are not covered get a gradient"), "gradient dscores", (DSCORES_OF_LOSS, DSCORES_OF_LOSS.replace("weights[:, None]", "xp.max(weights)"))),
    chaff("cloze_loss", "not_divided", NOT_DIVIDED, "gradient dscores", (DSCORES_OF_LOSS, DSCORES_OF_LOSS.replace("weights[:, None]", "(weights[:, None] > 0)"))),
    chaff("cloze_loss", "one_hot_missing", ONE_HOT_MISSING, "gradient dscores", (DIFFERENCE, "difference = xp.exp(log_probs)")),
    chaff("cloze_loss", "softmax_missing", SOFTMAX_MISSING, "gradient dscores", (DIFFERENCE, DIFFERENCE.replace("xp.exp(log_probs) -", "0 * log_probs -"))),
    chaff("cloze_loss", "dloss_ignored", DLOSS_IGNORED, "linearity", (DSCORES_OF_LOSS, DSCORES_OF_LOSS.replace("dloss * ", "")), also="gradient dscores"),
    chaff("cloze_loss", "kept_axis", LOSS_KEPT_AXIS, "shape", (LOSS, LOSS + "\n    loss = xp.reshape(loss, (1,))")),
    chaff("cloze_loss", "probabilities_in_place", PROBABILITIES_IN_PLACE, "purity", OVERWRITTEN_PROBS),
    chaff("cloze_loss", "float64_one_hot", ONE_HOT_FLOAT64, "float32", ONE_HOT_EYE),
    chaff("cloze_loss", "unshifted", known("the largest score is not subtracted before the exponential: it overflows"), "stability",
          ("shifted = x - xp.max(x, axis=-1, keepdims=True)", "shifted = x")),
    chaff("cloze_loss", "nothing_covered", known("where nothing is covered, it is 0 / 0, where it should be 0"), "forward",
          (COUNT, "weights = weights / count"), also="gradient dscores"),
    chaff("cloze_loss", "squeezed", SQUEEZED, "edges", (DSCORES_OF_LOSS, DSCORES_OF_LOSS + ".squeeze()")),
)  # fmt: skip
