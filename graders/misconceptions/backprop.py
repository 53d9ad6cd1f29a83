"""Unit 03: the chain rule, error terms, a network's gradients and one step of training."""

from __future__ import annotations

from graders.misconceptions.variant import chaff, known

IN_PLACE = known("it writes into an array that was handed in")
UPSTREAM_IGNORED = known("the upstream gradient is left out: the backward returns the same whatever it is")
COSINE_FLIPPED = known("the derivative of the sine is taken to be minus the cosine")
BIAS_FORGOTTEN = known("the bias is not added")
DW_MEAN = known("dw is averaged over the batch, not summed")
DB_MEAN = known("db is averaged over the batch, not summed")
DB_KEEPDIMS = known("db has shape (1, M), not (M,)")
DELTA_MEAN = known("the error term is divided by N, but every sample has its own")
FLIPPED_ERROR = known("the error is y - a, not a - y")
SLOPE_FORGOTTEN = known("the slope a (1 - a) of the sigmoid is left out")
SLOPE_OF_A = known("the sigmoid is applied once more in its derivative")
SLOPE_OF_TANH = known("the slope is that of tanh, 1 - a squared")
RESHAPED = known("the weights are reshaped, not transposed")
ZEROS = known("an array of np.zeros is float64 and makes the result float64 for float32 inputs")
IN_FLOAT64 = known("it computes in float64 whatever the dtype of its inputs")
SQUEEZED = known("squeeze drops axes of size 1")
COLUMN = known("the gradient is a column of shape (N, 1), not (N,)")
GLOBAL = known("what the backward needs is kept in a global, not in the cache: the next forward overwrites it")

NUMPY = ("Array = Any\n", "Array = Any\nimport numpy as np\n")
CHAIN = "return array_namespace(x).sin(u), (x, u)"
CHAIN_DU = "du = dout * array_namespace(u).cos(u)"
CHAIN_DX = "return du * 2 * x"
INPUTS = "z = x * w\n    return array_namespace(z).sin(z)"
INPUTS_DZ = "dz = dout * array_namespace(z).cos(z)"
INPUTS_GRADIENTS = "return dz * w, dz * x"
PATHS = "return x * y, (s, x, y)"
PATHS_DS = "return dx * 2 * s + dy * array_namespace(s).cos(s)"
AFFINE = "return x @ w + b, (x, w)"
AFFINE_DX = "dx = dout @ w.T"
AFFINE_DW = "dw = x.T @ dout"
AFFINE_DB = "db = array_namespace(dout).sum(dout, axis=0)"
OUTPUT_DELTA = "return (a - in_dtype_of(y, a)) * (a * (1 - a))"
HIDDEN_DELTA = "return (delta_next @ w_next.T) * (a * (1 - a))"
HIDDEN_SHAPES = 'require_shape("w_next", w_next, (a.shape[1], delta_next.shape[1]))'
LAYER = "a, _ = sigmoid_forward(activations[-1] @ w + b)"
SLOPE = "return dout * (a * (1 - a))"
LAST_DELTA = "last_delta = sigmoid_backward(dout, activations[-1])"
NETWORK_DX = "dx = deltas[0] @ weights[0].T"
DWEIGHTS = "dweights = [a.T @ delta for a, delta in zip(activations[:-1], deltas, strict=True)]"
DBIASES = "dbiases = [array_namespace(delta).sum(delta, axis=0) for delta in deltas]"
GRADIENTS = "return dweights, dbiases"
NETWORK_CACHE = "activations, weights = cache"
DELTAS = "return _propagate(output_delta(a, y), activations, weights)"
NEW_WEIGHTS = "new_weights = [w - lr * (dw / samples + l2 * w) for w, dw in zip(weights, dweights, strict=True)]"
NEW_BIASES = "new_biases = [b - lr * db / samples for b, db in zip(biases, dbiases, strict=True)]"
IMPROVED = "if errors[epoch] < errors[best_epoch]:"
PATIENCE = "elif epoch - best_epoch >= patience:"
STOPPED = "return best_epoch, epoch\n"
ENDED = "return best_epoch, epochs - 1"
STEP_BY_STEP = """
def network_step(x, y, weights, biases, *, lr, l2):
    a, (activations, _) = network_forward(x, weights, biases)
    new_weights, new_biases = list(weights), list(biases)
    delta = output_delta(a, y)
    for layer in reversed(range(len(weights))):
        below = activations[layer]
        new_weights[layer] = weights[layer] - lr * (below.T @ delta / len(x) + l2 * weights[layer])
        new_biases[layer] = biases[layer] - lr * delta.sum(axis=0) / len(x)
        if layer:
            delta = hidden_delta(delta, new_weights[layer], below)
    return new_weights, new_biases
"""

CHAFFS = (
    chaff("chain", "inner_forgotten", known("the inner derivative 2 x is left out, as in one update on the UCAS slides"), "gradient dx", (CHAIN_DX, "return du")),
    chaff("chain", "outer_at_x", known("the outer derivative is taken at x, not at u"), "gradient dx",
          (CHAIN_DU, "du = dout * np.cos(x)")),
    chaff("chain", "outer_forgotten", known("the outer derivative cos u is left out"), "gradient dx", (CHAIN_DU, "du = dout")),
    chaff("chain", "two_forgotten", known("the derivative of x squared is taken to be x: the factor 2 is missing"), "gradient dx",
          (CHAIN_DX, "return du * x")),
    chaff("chain", "cosine_flipped", COSINE_FLIPPED, "gradient dx", (CHAIN_DU, "du = -dout * np.cos(u)")),
    chaff("chain", "sine_squared", known("it is the square of the sine, not the sine of the square"), "forward",
          (CHAIN, "return np.sin(x) ** 2, (x, u)")),
    chaff("chain", "upstream_ignored", UPSTREAM_IGNORED, "linearity", (CHAIN_DU, "du = np.cos(u)"), also="gradient dx"),
    chaff("chain", "column", COLUMN, "shape", (CHAIN_DX, "return (du * 2 * x)[:, None]")),
    chaff("chain", "upstream_in_place", IN_PLACE, "purity", (CHAIN_DU, "dout *= np.cos(u); du = dout")),
    chaff("chain", "zeros", ZEROS, "float32", (CHAIN_DX, "dx = np.zeros(len(x)); dx += du * 2 * x; return dx")),
    chaff("chain", "squeezed", SQUEEZED, "edges", (CHAIN, "return np.squeeze(np.sin(u)), (x, u)")),
    chaff("chain", "sum_over_batch", known("the upstream gradient is summed over the samples"), "batch",
          (CHAIN_DU, "du = dout.sum() * np.cos(u)"), also="gradient dx"),
    chaff("chain_inputs", "swapped", known("dx and dw are exchanged: each has the other's factor"), "gradient dx",
          (INPUTS_GRADIENTS, "return dz * x, dz * w"), also="gradient dw"),
    chaff("chain_inputs", "outer_forgotten", known("the outer derivative cos z is left out"), "gradient dx", (INPUTS_DZ, "dz = dout"), also="gradient dw"),
    chaff("chain_inputs", "outer_at_x", known("the outer derivative is taken at x, not at z"), "gradient dx",
          (INPUTS_DZ, "dz = dout * np.cos(x)"), also="gradient dw"),
    chaff("chain_inputs", "cosine_flipped", COSINE_FLIPPED, "gradient dx", (INPUTS_DZ, "dz = -dout * np.cos(z)"), also="gradient dw"),
    chaff("chain_inputs", "added", known("the inputs are added, not multiplied"), "forward",
          (INPUTS, "z = x + w\n    return np.sin(z)"), (INPUTS_GRADIENTS, "return dz, dz"), also="gradient dx, gradient dw"),
    chaff("chain_inputs", "dw_summed", known("dw is summed over the samples, but every sample has its own w"), "gradient dw",
          (INPUTS_GRADIENTS, "return dz * w, np.sum(dz * x)"), also="shape"),
    chaff("chain_inputs", "dw_without_outer", known("the outer derivative is missing in dw"), "gradient dw",
          (INPUTS_GRADIENTS, "return dz * w, dout * x")),
    chaff("chain_inputs", "dw_after_dx", known("dw takes dx for dz: the factor w is in it as well"), "gradient dw",
          (INPUTS_GRADIENTS, "dz *= w; return dz, dz * x")),
    chaff("chain_inputs", "upstream_ignored", UPSTREAM_IGNORED, "linearity", (INPUTS_DZ, "dz = np.cos(z)"), also="gradient dx, gradient dw"),
    chaff("chain_inputs", "in_place", IN_PLACE, "purity", (INPUTS_GRADIENTS, "dx = dz * w; x *= dz; return dx, x")),
    chaff("chain_inputs", "global_z", GLOBAL, "purity",
          (INPUTS, INPUTS.replace("return", "chain_inputs_forward.z = z; return")),
          ("x, w, z = cache", "x, w, _ = cache; z = chain_inputs_forward.z")),
    chaff("chain_inputs", "in_float64", IN_FLOAT64, "float32", ("z = x * w", "z = np.asarray(x, dtype=np.float64) * w")),
    chaff("chain_paths", "one_path_x", known("only the path through x is followed"), "gradient ds", (PATHS_DS, "return dx * 2 * s")),
    chaff("chain_paths", "one_path_y", known("only the path through y is followed"), "gradient ds",
          (PATHS_DS, "return dy * np.cos(s)")),
    chaff("chain_paths", "multiplied", known("the two paths are multiplied, not added"), "gradient ds",
          (PATHS_DS, "return dx * 2 * s * dy * np.cos(s)"), also="linearity"),
    chaff("chain_paths", "subtracted", known("the two paths are subtracted, not added"), "gradient ds",
          (PATHS_DS, "return dx * 2 * s - dy * np.cos(s)")),
    chaff("chain_paths", "averaged", known("the two paths are averaged, not added"), "gradient ds",
          (PATHS_DS, "return (dx * 2 * s + dy * np.cos(s)) / 2")),
    chaff("chain_paths", "factors_swapped", known("dx and dy are exchanged: in a product each factor's rate is the other factor"), "gradient ds",
          ("dx = dout * y", "dx = dout * x"), ("dy = dout * x", "dy = dout * y")),
    chaff("chain_paths", "added", known("x and y are added, not multiplied"), "forward",
          (PATHS, "return x + y, (s, x, y)"), ("dx = dout * y", "dx = dout"), ("dy = dout * x", "dy = dout"), also="gradient ds"),
    chaff("chain_paths", "sine_of_x", known("the sine is taken of x, not of s"), "forward",
          ("y = array_namespace(s).sin(s)", "y = np.sin(x)"), also="gradient ds"),
    chaff("chain_paths", "upstream_once", known("the upstream gradient is missing on one of the two paths"), "linearity",
          ("dy = dout * x", "dy = x"), also="gradient ds"),
    chaff("chain_paths", "upstream_in_place", IN_PLACE, "purity",
          ("dx = dout * y\n    dy = dout * x", "dy = dout * x\n    dout *= y\n    dx = dout")),
    chaff("chain_paths", "column", COLUMN, "shape", (PATHS_DS, "return (dx * 2 * s + dy * np.cos(s)).reshape(-1, 1)")),
    chaff("chain_paths", "zeros", ZEROS, "float32",
          (PATHS_DS, "ds = np.zeros(s.shape); ds += dx * 2 * s; ds += dy * np.cos(s); return ds")),
    chaff("affine", "bias_forgotten", BIAS_FORGOTTEN, "forward", (AFFINE, "return x @ w, (x, w)")),
    chaff("affine", "bias_twice", known("the bias is added twice"), "forward", (AFFINE, "return x @ w + b + b, (x, w)")),
    chaff("affine", "weights_reshaped", RESHAPED, "gradient dx", (AFFINE_DX, "dx = dout @ w.reshape(w.shape[::-1])")),
    chaff("affine", "dw_transposed", known("dw is transposed"), "gradient dw", (AFFINE_DW, "dw = dout.T @ x"), also="shape"),
    chaff("affine", "x_reshaped", known("x is reshaped, not transposed"), "gradient dw", (AFFINE_DW, "dw = x.reshape(x.shape[::-1]) @ dout"), also="batch"),
    chaff("affine", "dw_mean", DW_MEAN, "gradient dw", (AFFINE_DW, "dw = x.T @ dout / max(len(x), 1)"), also="batch"),
    chaff("affine", "db_mean", DB_MEAN, "batch", (AFFINE_DB, "db = dout.sum(axis=0) / max(len(x), 1)"), also="gradient db"),
    chaff("affine", "db_keepdims", DB_KEEPDIMS, "shape", (AFFINE_DB, "db = dout.sum(axis=0, keepdims=True)")),
    chaff("affine", "db_per_sample", known("db is not summed over the batch"), "gradient db", (AFFINE_DB, "db = dout"), also="shape"),
    chaff("affine", "db_over_outputs", known("db is summed over the outputs, not over the samples"), "gradient db",
          (AFFINE_DB, "db = dout.sum(axis=1)"), also="shape"),
    chaff("affine", "db_one_number", known("db is summed over everything to one number"), "gradient db",
          (AFFINE_DB, "db = np.full_like(dout, dout.sum(), shape=dout.shape[1:])")),
    chaff("affine", "clipped", known("the upstream gradient is clipped to [-1, 1]"), "linearity",
          (AFFINE_DX, "dout = np.clip(dout, -1, 1); " + AFFINE_DX), also="gradient dx, gradient dw, gradient db"),
    chaff("affine", "step_in_backward", known("the backward updates the weights that were handed in"), "purity",
          (AFFINE_DW, AFFINE_DW + "; w -= 0.1 * dw")),
    chaff("affine", "accumulated", known("dw is added to that of the call before: it never starts from zero"), "purity",
          (AFFINE, "return x @ w + b, (x, w, np.zeros_like(w))"), ("x, w = cache", "x, w, dw = cache"),
          (AFFINE_DW, "dw += x.T @ dout")),
    chaff("affine", "squeezed", SQUEEZED, "edges", (AFFINE, "return np.squeeze(x @ w + b), (x, w)")),
    chaff("affine", "sum_of_rows", known("Python's sum over no rows at all is the number 0, not an array"), "edges",
          (AFFINE_DB, "db = sum(dout)")),
    chaff("affine", "zeros", ZEROS, "float32", (AFFINE_DB, "db = np.zeros(w.shape[1]); db += dout.sum(axis=0)")),
    chaff("output_delta", "slope_forgotten", SLOPE_FORGOTTEN, "forward", (OUTPUT_DELTA, "return a - y")),
    chaff("output_delta", "flipped", FLIPPED_ERROR, "forward", (OUTPUT_DELTA, "return (y - a) * (a * (1 - a))")),
    chaff("output_delta", "doubled", known("there is a factor 2, which the half in the cost cancels"), "forward",
          (OUTPUT_DELTA, "return 2 * (a - y) * (a * (1 - a))")),
    chaff("output_delta", "slope_of_a", SLOPE_OF_A, "forward",
          (OUTPUT_DELTA, "s = 1 / (1 + np.exp(-a)); return (a - y) * (s * (1 - s))")),
    chaff("output_delta", "slope_of_tanh", SLOPE_OF_TANH, "forward", (OUTPUT_DELTA, "return (a - y) * (1 - a * a)")),
    chaff("output_delta", "slope_at_target", known("the slope is taken at the target, not at the output"), "forward",
          (OUTPUT_DELTA, "return (a - y) * (y * (1 - y))")),
    chaff("output_delta", "mean", DELTA_MEAN, "batch", (OUTPUT_DELTA, "return (a - y) * (a * (1 - a)) / max(len(a), 1)"), also="forward"),
    chaff("output_delta", "cost", known("it is the cost of each sample, not its error term"), "shape",
          (OUTPUT_DELTA, "return 0.5 * np.sum((a - y) ** 2, axis=1)"), also="forward"),
    chaff("output_delta", "in_place", IN_PLACE, "purity", (OUTPUT_DELTA, "slope = a * (1 - a); a -= y; return a * slope")),
    chaff("output_delta", "in_float64", IN_FLOAT64, "float32",
          (OUTPUT_DELTA, "a = np.array(a, dtype=np.float64); return (a - y) * (a * (1 - a))")),
    chaff("output_delta", "squeezed", SQUEEZED, "edges", (OUTPUT_DELTA, "return np.squeeze((a - y) * (a * (1 - a)))")),
    chaff("hidden_delta", "slope_forgotten", SLOPE_FORGOTTEN, "forward", (HIDDEN_DELTA, "return delta_next @ w_next.T")),
    chaff("hidden_delta", "slope_of_a", SLOPE_OF_A, "forward",
          NUMPY, (HIDDEN_DELTA, "s = 1 / (1 + np.exp(-a)); return (delta_next @ w_next.T) * (s * (1 - s))")),
    chaff("hidden_delta", "slope_of_tanh", SLOPE_OF_TANH, "forward", (HIDDEN_DELTA, "return (delta_next @ w_next.T) * (1 - a * a)")),
    chaff("hidden_delta", "slope_without_a", known("the derivative is 1 - a: the factor a is missing"), "forward",
          (HIDDEN_DELTA, "return (delta_next @ w_next.T) * (1 - a)")),
    chaff("hidden_delta", "weights_reshaped", RESHAPED, "forward",
          (HIDDEN_DELTA, "return (delta_next @ w_next.reshape(w_next.shape[::-1])) * (a * (1 - a))")),
    chaff("hidden_delta", "over_units", known("it is averaged over the next layer's units, not summed"), "forward",
          (HIDDEN_DELTA, "return (delta_next @ w_next.T) * (a * (1 - a)) / w_next.shape[1]")),
    chaff("hidden_delta", "mean", DELTA_MEAN, "batch", (HIDDEN_DELTA, "return (delta_next @ w_next.T) * (a * (1 - a)) / max(len(a), 1)"), also="forward"),
    chaff("hidden_delta", "inner_product", known("the product with the slope is summed over the units: it is elementwise, though the USTC slides call it a dot product"),
          "shape", NUMPY, (HIDDEN_DELTA, "return np.sum((delta_next @ w_next.T) * (a * (1 - a)), axis=1)"), also="forward"),
    chaff("hidden_delta", "first_unit", known("only the first unit of the next layer is followed, not all"), "forward",
          (HIDDEN_DELTA, "return (delta_next[:, :1] @ w_next[:, :1].T) * (a * (1 - a))")),
    chaff("hidden_delta", "in_place", IN_PLACE, "purity", (HIDDEN_DELTA, "a *= 1 - a; return (delta_next @ w_next.T) * a")),
    chaff("hidden_delta", "zeros", ZEROS, "float32",
          NUMPY, (HIDDEN_DELTA, "delta = np.zeros(a.shape); delta += delta_next @ w_next.T; return delta * (a * (1 - a))")),
    chaff("hidden_delta", "squeezed", SQUEEZED, "edges", NUMPY, (HIDDEN_DELTA, "return np.squeeze((delta_next @ w_next.T) * (a * (1 - a)))")),
    chaff("network", "linear_output", known("the last layer has no sigmoid"), "forward",
          (LAYER, "z = activations[-1] @ w + b; last = len(activations) == len(weights)\n"
                  "        a = z if last else sigmoid_forward(z)[0]"), (LAST_DELTA, "last_delta = dout"), also="gradient dx, gradient dweights, gradient dbiases"),
    chaff("network", "linear_hidden", known("only the last layer has a sigmoid"), "forward",
          (LAYER, "z = activations[-1] @ w + b; last = len(activations) == len(weights)\n"
                  "        a = sigmoid_forward(z)[0] if last else z"),
          (HIDDEN_DELTA, "return delta_next @ w_next.T"), also="gradient dx, gradient dweights, gradient dbiases"),
    chaff("network", "tanh", known("it is tanh, not the sigmoid"), "forward",
          (LAYER, "a = np.tanh(activations[-1] @ w + b)"), (SLOPE, "return dout * (1 - a * a)"),
          (HIDDEN_DELTA, "return (delta_next @ w_next.T) * (1 - a * a)"), also="gradient dx, gradient dweights, gradient dbiases"),
    chaff("network", "bias_forgotten", BIAS_FORGOTTEN, "forward", (LAYER, "a, _ = sigmoid_forward(activations[-1] @ w + 0 * b)"), also="gradient dx, gradient dweights, gradient dbiases"),
    chaff("network", "hidden_slope_forgotten", known("the slope of the sigmoid is left out in the hidden layers"), "gradient dx",
          (HIDDEN_DELTA, "return delta_next @ w_next.T"), also="gradient dweights, gradient dbiases"),
    chaff("network", "last_slope_forgotten", known("the slope of the last layer's sigmoid is left out"), "gradient dx",
          (LAST_DELTA, "last_delta = dout"), also="gradient dweights, gradient dbiases"),
    chaff("network", "slope_of_a", SLOPE_OF_A, "gradient dweights",
          (HIDDEN_DELTA, "s, _ = sigmoid_forward(a); return (delta_next @ w_next.T) * (s * (1 - s))"), also="gradient dx, gradient dbiases"),
    chaff("network", "upstream_is_target", known("the upstream gradient is taken for a target: a - dout"), "linearity",
          (LAST_DELTA, "last_delta = sigmoid_backward(activations[-1] - dout, activations[-1])"), also="gradient dx, gradient dweights, gradient dbiases"),
    chaff("network", "dx_stops", known("dx is the first layer's error term: it is not sent back through the weights"), "gradient dx",
          (NETWORK_DX, "dx = deltas[0]"), also="shape"),
    chaff("network", "own_activation", known("dweights has the layer's own activation, not that of the layer below"), "gradient dweights",
          (DWEIGHTS, DWEIGHTS.replace("activations[:-1]", "activations[1:]")), also="shape"),
    chaff("network", "dweights_transposed", known("dweights is transposed"), "gradient dweights",
          (DWEIGHTS, DWEIGHTS.replace("a.T @ delta", "delta.T @ a")), also="shape"),
    chaff("network", "dweights_mean", known("dweights is averaged over the batch, not summed"), "gradient dweights",
          (DWEIGHTS, DWEIGHTS.replace("a.T @ delta", "a.T @ delta / max(len(a), 1)")), also="batch"),
    chaff("network", "dbiases_mean", known("dbiases is averaged over the batch, not summed"), "batch",
          (DBIASES, "dbiases = [delta.sum(axis=0) / max(len(delta), 1) for delta in deltas]"), also="gradient dbiases"),
    chaff("network", "dbiases_keepdims", known("dbiases are rows of shape (1, M), not (M,)"), "shape",
          (DBIASES, "dbiases = [delta.sum(axis=0, keepdims=True) for delta in deltas]")),
    chaff("network", "dbiases_per_sample", known("dbiases is not summed over the batch"), "gradient dbiases", (DBIASES, "dbiases = deltas"), also="shape"),
    chaff("network", "backwards", known("the lists of gradients begin with the last layer"), "gradient dweights",
          (GRADIENTS, "return dweights[::-1], dbiases[::-1]"), also="gradient dbiases, shape"),
    chaff("network", "last_layer_only", known("only the last layer's bias gets a gradient"), "gradient dbiases",
          (GRADIENTS, "return dweights, [*(0 * db for db in dbiases[:-1]), dbiases[-1]]")),
    chaff("network", "global_cache", GLOBAL, "purity",
          ("activations = [x]", "activations = network_forward.activations = [x]"),
          (NETWORK_CACHE, "_, weights = cache; activations = network_forward.activations")),
    chaff("network", "upstream_in_place", IN_PLACE, "purity",
          (LAST_DELTA, "dout *= activations[-1] * (1 - activations[-1]); last_delta = dout")),
    chaff("network", "zeros", ZEROS, "float32", (DBIASES, "dbiases = [np.zeros(delta.shape[1]) + delta.sum(axis=0) for delta in deltas]")),
    chaff("network", "squeezed", SQUEEZED, "edges", (DWEIGHTS, DWEIGHTS.replace("a.T @ delta", "np.squeeze(a.T @ delta)"))),
    chaff("network_deltas", "backwards", known("the list begins with the last layer"), "forward", (DELTAS, f"{DELTAS}[::-1]"), also="shape"),
    chaff("network_deltas", "last_slope_forgotten", known("the slope of the last layer's sigmoid is left out"), "forward",
          (OUTPUT_DELTA, "return a - y")),
    chaff("network_deltas", "hidden_slope_forgotten", known("the slope of the sigmoid is left out in the hidden layers"), "forward",
          (HIDDEN_DELTA, "return delta_next @ w_next.T")),
    chaff("network_deltas", "flipped", FLIPPED_ERROR, "forward", (OUTPUT_DELTA, "return (y - a) * (a * (1 - a))")),
    chaff("network_deltas", "slope_of_a", SLOPE_OF_A, "forward",
          (HIDDEN_DELTA, "s, _ = sigmoid_forward(a); return (delta_next @ w_next.T) * (s * (1 - s))")),
    chaff("network_deltas", "mean", DELTA_MEAN, "batch",
          (DELTAS, "return _propagate(output_delta(a, y) / max(len(y), 1), activations, weights)"), also="forward"),
    chaff("network_deltas", "bias_forgotten", BIAS_FORGOTTEN, "forward", (LAYER, "a, _ = sigmoid_forward(activations[-1] @ w)")),
    chaff("network_deltas", "hidden_only", known("the last layer's error term is missing in the list"), "forward", (DELTAS, f"{DELTAS}[:-1]"), also="shape"),
    chaff("network_deltas", "over_samples", known("the error terms are summed over the samples, but every sample has its own"), "shape",
          (DELTAS, f"return [delta.sum(axis=0) for delta in {DELTAS.removeprefix('return ')}]"), also="forward"),
    chaff("network_deltas", "in_place", IN_PLACE, "purity", (DELTAS, "y -= a; return _propagate(-y * (a * (1 - a)), activations, weights)")),
    chaff("network_deltas", "zeros", ZEROS, "float32",
          (HIDDEN_DELTA, "delta = np.zeros(a.shape); delta += delta_next @ w_next.T; return delta * (a * (1 - a))")),
    chaff("network_deltas", "squeezed", SQUEEZED, "edges",
          (DELTAS, f"return [np.squeeze(delta) for delta in {DELTAS.removeprefix('return ')}]")),
    chaff("network_step", "sum", known("the gradient is summed over the batch, not averaged"), "forward",
          (NEW_WEIGHTS, NEW_WEIGHTS.replace("dw / samples", "dw")), (NEW_BIASES, NEW_BIASES.replace("db / samples", "db"))),
    chaff("network_step", "biases_by_sum", known("the biases' gradient is summed over the batch, not averaged"), "forward",
          (NEW_BIASES, NEW_BIASES.replace("db / samples", "db"))),
    chaff("network_step", "decay_without_rate", known("the weights lose l2 W without the learning rate, as on one of the USTC slides"), "forward",
          (NEW_WEIGHTS, NEW_WEIGHTS.replace("lr * (dw / samples + l2 * w)", "lr * dw / samples - l2 * w"))),
    chaff("network_step", "decay_averaged", known("the penalty's gradient is divided by N too"), "forward",
          (NEW_WEIGHTS, NEW_WEIGHTS.replace("(dw / samples + l2 * w)", "(dw + l2 * w) / samples"))),
    chaff("network_step", "decay_per_sample", known("the penalty is applied once per sample, as on the USTC slides, not once"), "forward",
          (NEW_WEIGHTS, NEW_WEIGHTS.replace("l2 * w", "samples * l2 * w"))),
    chaff("network_step", "decay_doubled", known("the gradient of the penalty has a factor 2, which the 1/2 has cancelled"), "forward",
          (NEW_WEIGHTS, NEW_WEIGHTS.replace("l2 * w", "2 * l2 * w"))),
    chaff("network_step", "decay_forgotten", known("the penalty on the weights is left out"), "forward",
          (NEW_WEIGHTS, NEW_WEIGHTS.replace(" + l2 * w", ""))),
    chaff("network_step", "biases_decayed", known("the penalty is applied to the biases too"), "forward",
          (NEW_BIASES, NEW_BIASES.replace("lr * db / samples", "lr * (db / samples + l2 * b)"))),
    chaff("network_step", "uphill", known("the step goes up the gradient: it is added, not subtracted"), "forward",
          (NEW_WEIGHTS, NEW_WEIGHTS.replace("w - lr", "w + lr")), (NEW_BIASES, NEW_BIASES.replace("b - lr", "b + lr"))),
    chaff("network_step", "biases_kept", known("the biases are not updated"), "forward", (NEW_BIASES, "new_biases = [b.copy() for b in biases]")),
    chaff("network_step", "after_the_update", known("error terms go back through weights that are updated already"), "forward", source=STEP_BY_STEP),
    chaff("network_step", "over_outputs", known("the cost is averaged over the outputs too, not only over the samples"), "forward",
          ("deltas = _propagate(output_delta(a, y),", "deltas = _propagate(output_delta(a, y) / a.shape[1],")),
    chaff("network_step", "doubled", known("there is a factor 2, which the half in the cost cancels"), "forward",
          (OUTPUT_DELTA, "return 2 * (a - y) * (a * (1 - a))")),
    chaff("network_step", "gradients", known("it returns the gradients, not the new parameters"), "forward",
          (NEW_WEIGHTS, "new_weights = [dw / samples + l2 * w for w, dw in zip(weights, dweights)]"),
          (NEW_BIASES, "new_biases = [db / samples for db in dbiases]")),
    chaff("network_step", "biases_keepdims", known("the new biases are rows of shape (1, M), not (M,)"), "shape",
          (DBIASES, "dbiases = [delta.sum(axis=0, keepdims=True) for delta in deltas]")),
    chaff("network_step", "in_place", IN_PLACE, "purity",
          ("    return new_weights, new_biases",
           "    for old, new in zip([*weights, *biases], [*new_weights, *new_biases]):\n        old[...] = new\n"
           "    return weights, biases")),
    chaff("network_step", "zeros", ZEROS, "float32", (DWEIGHTS, DWEIGHTS.replace("a.T @ delta", "np.zeros((a.shape[1], delta.shape[1])) + a.T @ delta"))),
    chaff("network_step", "squeezed", SQUEEZED, "edges", (NEW_WEIGHTS, NEW_WEIGHTS.replace("[w - lr * (dw / samples + l2 * w)", "[np.squeeze(w - lr * (dw / samples + l2 * w))"))),
    chaff("early_stopping", "not_strict", known("an equal error counts as an improvement"), "forward", (IMPROVED, IMPROVED.replace("<", "<="))),
    chaff("early_stopping", "patience_by_one", known("it waits one epoch too long"), "forward", (PATIENCE, PATIENCE.replace(">=", ">"))),
    chaff("early_stopping", "impatient", known("it stops one epoch too early"), "forward", (PATIENCE, PATIENCE.replace(">= patience", ">= patience - 1"))),
    chaff("early_stopping", "patience_ignored", known("it stops at the first epoch without improvement, whatever the patience"), "forward",
          (PATIENCE, "else:")),
    chaff("early_stopping", "previous_epoch", known("an epoch is compared with the one before, not with the best"), "forward",
          (IMPROVED, "if errors[epoch] < errors[epoch - 1]:")),
    chaff("early_stopping", "overall_best", known("the best epoch is looked for after the end of training too"), "forward",
          NUMPY, (STOPPED, "return int(np.argmin(errors)), epoch\n")),
    chaff("early_stopping", "from_one", known("epochs are counted from 1"), "forward",
          (STOPPED, "return best_epoch + 1, epoch + 1\n"), (ENDED, "return best_epoch + 1, epochs")),
    chaff("early_stopping", "number_of_epochs", known("the stop is the number of epochs, not the last epoch's number"), "forward",
          (STOPPED, "return best_epoch, epoch + 1\n"), (ENDED, "return best_epoch, epochs")),
    chaff("early_stopping", "beyond_the_end", known("the stop lies beyond the last epoch when patience never runs out"), "forward",
          (ENDED, "return best_epoch, best_epoch + patience")),
    chaff("early_stopping", "current_epoch", known("the parameters kept are those of the stop, not those of the best epoch"), "forward",
          (STOPPED, "return epoch, epoch\n"), (ENDED, "return epochs - 1, epochs - 1")),
    chaff("early_stopping", "never_stops", known("it never stops early"), "forward", (PATIENCE, "elif False:")),
    chaff("early_stopping", "not_in_a_row", known("bad epochs are counted altogether, not in a row"), "forward",
          ("best_epoch = 0\n", "best_epoch = bad = 0\n"), (PATIENCE, "elif (bad := bad + 1) >= patience:")),
    chaff("early_stopping", "floats", known("the epochs are floats, not integers"), "shape",
          (STOPPED, "return float(best_epoch), float(epoch)\n"), (ENDED, "return float(best_epoch), float(epochs - 1)")),
    chaff("early_stopping", "in_place", IN_PLACE, "purity", NUMPY, ("best_epoch = 0\n", "best_epoch = 0; np.minimum.accumulate(errors, out=errors)\n")),
    chaff("early_stopping", "one_epoch", known("a single epoch is not handled: the loop variable is used after a loop that never ran"), "edges",
          (ENDED, "return best_epoch, epoch")),
)  # fmt: skip
