"""Back-propagation.

Fill in the functions, then run: backcheck check backprop.py
"""

import numpy as np


# --- Given, with their helpers: sigmoid, softmax, cross_entropy. Use them as they are. ---


def array_namespace(*arrays):
    """The namespace (`xp`) of the library that `arrays` belong to.

    Args:
        arrays: at least one array; NumPy scalars count as NumPy's.
    Returns:
        xp: a module that follows the array API standard.
    Raises:
        TypeError: one of them is no array, or they belong to different libraries.
    Source: Python array API standard, version 2024.12.
    """
    for array in arrays:
        if not isinstance(array, (np.ndarray, np.generic)):
            break
    else:
        return np
    # Only other libraries need the compatibility layer: where there is NumPy alone, it is never missed.
    from array_api_compat import array_namespace as namespace_of

    return namespace_of(*arrays)


def in_dtype_of(array, like):
    """`array` in the dtype of `like`; `array` itself where it has that dtype already."""
    if array.dtype == like.dtype:
        return array
    return array_namespace(array).astype(array, like.dtype)


def require(holds, name, got, wanted):
    """Raise ValueError("<name> is <got>, but should be <wanted>") unless `holds`."""
    if not holds:
        raise ValueError(f"{name} is {got}, but should be {wanted}")


def require_shape(name, array, axes):
    """Raise ValueError unless `array` has the shape `axes`, in which a letter stands for any size."""
    shape = tuple(array.shape)
    if shape == axes:
        return
    fits = len(shape) == len(axes) and all(
        isinstance(wanted, str) or size == wanted for size, wanted in zip(shape, axes, strict=True)
    )
    if not fits:
        wanted = ", ".join(map(str, axes)) + ("," if len(axes) == 1 else "")
        raise ValueError(f"{name} has shape {shape}, but should be ({wanted})")


def require_values(name, holds, wanted):
    """Raise ValueError unless the boolean array `holds` is true everywhere."""
    if not bool(array_namespace(holds).all(holds)):
        raise ValueError(f"{name} has values that are not {wanted}")


def require_labels(labels, num_classes, samples="N"):
    """Raise ValueError unless `labels` is `samples` integers in 0 .. num_classes - 1."""
    require_shape("labels", labels, (samples,))
    integral = array_namespace(labels).isdtype(labels.dtype, "integral")
    require(integral, "labels", f"of dtype {labels.dtype}", "of an integer dtype")
    require_values("labels", (labels >= 0) & (labels < num_classes), f"in 0 .. {num_classes - 1}")


def sigmoid_forward(x):
    """Logistic sigmoid, a = 1 / (1 + e^-x), accurate on both tails.

    Args:
        x: any shape, float.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for sigmoid_backward.
    Source: Goodfellow et al. 2016, equation 3.30.
    """
    xp = array_namespace(x)
    # Both exponents are at most 0: nothing overflows, and a small a keeps all its digits.
    a = xp.exp(xp.minimum(x, 0)) / (1 + xp.exp(-xp.abs(x)))
    return a, a


def sigmoid_backward(dout, cache):
    """Gradient of sigmoid_forward.

    Args:
        dout: shape of x, gradient with respect to a.
        cache: from sigmoid_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    a = cache
    require_shape("dout", dout, a.shape)
    return dout * (a * (1 - a))


def label_mask(labels, num_classes):
    """(N, C) bool: true in row n at column labels[n] only. The labels are in range."""
    xp = array_namespace(labels)
    return labels[:, None] == xp.arange(num_classes, device=labels.device)[None, :]


def at_labels(scores, labels):
    """(N,) the score of each row's own label, scores[n, labels[n]]. The labels are in range."""
    rows = array_namespace(labels).arange(labels.shape[0], device=labels.device)
    return scores[rows, labels]


def reduce_losses(losses, reduction):
    """The mean (), the sum (), or, for "none", the (N,) losses themselves."""
    if reduction == "none":
        return losses
    total = array_namespace(losses).sum(losses)
    if reduction == "sum":
        return total
    require(reduction == "mean", "reduction", repr(reduction), '"mean", "sum" or "none"')
    samples = losses.shape[0]
    require(samples > 0, "N", samples, "at least 1 for a mean")
    return total / samples


def upstream_per_sample(dloss, reduction, like):
    """(N,) gradient with respect to each sample's loss, N and dtype as in `like`, of N rows."""
    xp = array_namespace(like)
    samples = like.shape[0]
    dloss = xp.asarray(dloss, dtype=like.dtype)
    require_shape("dloss", dloss, (samples,) if reduction == "none" else ())
    if reduction == "mean":
        dloss = dloss / samples
    return xp.broadcast_to(dloss, (samples,))


def softmax_forward(x):
    """Softmax over the last axis, a_i = e^{x_i} / sum_j e^{x_j}.

    Args:
        x: (N, C) float, C at least 1.
    Returns:
        a: (N, C), dtype of x; each row sums to 1.
        cache: opaque, for softmax_backward.
    Source: Goodfellow et al. 2016, equation 4.1; Blanchard, Higham & Higham 2021.
    """
    xp = array_namespace(x)
    # Shifting a row does not change it, and exp overflows above 709 (88 in float32).
    exponentials = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
    a = exponentials / xp.sum(exponentials, axis=-1, keepdims=True)
    return a, a


def softmax_backward(dout, cache):
    """Gradient of softmax_forward.

    Args:
        dout: (N, C), gradient with respect to a.
        cache: from softmax_forward.
    Returns:
        dx: (N, C), dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    a = cache
    require_shape("dout", dout, a.shape)
    mean = array_namespace(a).sum(dout * a, axis=-1, keepdims=True)
    return a * (dout - mean)


def log_softmax_forward(x):
    """Logarithm of softmax over the last axis, y_i = x_i - log sum_j e^{x_j}.

    Args:
        x: (N, C) float, C at least 1.
    Returns:
        y: (N, C), dtype of x.
        cache: opaque, for log_softmax_backward.
    Source: Blanchard, Higham & Higham 2021, The log-sum-exp and softmax functions.
    """
    xp = array_namespace(x)
    shifted = x - xp.max(x, axis=-1, keepdims=True)
    y = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    return y, y


def nll_loss_forward(log_probs, labels, *, reduction="mean"):
    """Negative log-likelihood, l_n = -log_probs[n, label_n].

    Args:
        log_probs: (N, C) float, logarithms of probabilities.
        labels: (N,) int, true classes in 0 .. C - 1.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of log_probs.
        cache: opaque, for nll_loss_backward.
    Raises:
        ValueError: labels are not N integers in range, the reduction is unknown, or a mean has N = 0.
    Source: Goodfellow et al. 2016, section 5.5.
    """
    require_shape("log_probs", log_probs, ("N", "C"))
    samples, num_classes = log_probs.shape
    require_labels(labels, num_classes, samples)
    losses = -at_labels(log_probs, labels)
    return reduce_losses(losses, reduction), (log_probs, labels, reduction)


def cross_entropy_forward(logits, labels, *, reduction="mean"):
    """Cross-entropy of softmax(logits) with class labels, l_n = -log softmax(logits_n)[label_n].

    Args:
        logits: (N, C) float.
        labels: (N,) int, true classes in 0 .. C - 1.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of logits; finite for finite logits.
        cache: opaque, for cross_entropy_backward.
    Raises:
        ValueError: labels are not N integers in range, the reduction is unknown, or a mean has N = 0.
    Source: Goodfellow et al. 2016, sections 5.5 and 6.2.2.3.
    """
    require_shape("logits", logits, ("N", "C"))
    log_probs, _ = log_softmax_forward(logits)
    return nll_loss_forward(log_probs, labels, reduction=reduction)


def cross_entropy_backward(dloss, cache):
    """Gradient of cross_entropy_forward.

    Args:
        dloss: (), or (N,) for "none", gradient with respect to the loss.
        cache: from cross_entropy_forward.
    Returns:
        dlogits: (N, C), dtype of logits.
    Raises:
        ValueError: dloss does not have the shape of the loss.
    """
    log_probs, labels, reduction = cache
    xp = array_namespace(log_probs)
    upstream = upstream_per_sample(dloss, reduction, log_probs)
    one_hot_labels = in_dtype_of(label_mask(labels, log_probs.shape[1]), log_probs)
    return (xp.exp(log_probs) - one_hot_labels) * upstream[:, None]


# --- One chain ---


def chain_forward(x):
    """One chain, u = x^2, y = sin u, on each element.

    Args:
        x: (N,) float.
    Returns:
        y: (N,), dtype of x.
        cache: opaque, for chain_backward.
    Source: UCAS lectures, the chain rule, first case.
    """
    raise NotImplementedError


def chain_backward(dout, cache):
    """Gradient of chain_forward.

    Args:
        dout: (N,), gradient with respect to y.
        cache: from chain_forward.
    Returns:
        dx: (N,), dtype of x.
    Raises:
        ValueError: dout does not have the shape of y.
    """
    raise NotImplementedError


# --- Several inputs ---


def chain_inputs_forward(x, w):
    """One chain from two inputs, z = x w, y = sin z, on each element.

    Args:
        x: (N,) float.
        w: (N,) float.
    Returns:
        y: (N,), dtype of x.
        cache: opaque, for chain_inputs_backward.
    Raises:
        ValueError: x and w differ in shape.
    Source: UCAS lectures, the chain rule, second case.
    """
    raise NotImplementedError


def chain_inputs_backward(dout, cache):
    """Gradients of chain_inputs_forward.

    Args:
        dout: (N,), gradient with respect to y.
        cache: from chain_inputs_forward.
    Returns:
        dx: (N,), dtype of x.
        dw: (N,), dtype of w.
    Raises:
        ValueError: dout does not have the shape of y.
    """
    raise NotImplementedError


# --- Several paths ---


def chain_paths_forward(s):
    """Two paths from one input, x = s^2, y = sin s, z = x y, on each element.

    Args:
        s: (N,) float.
    Returns:
        z: (N,), dtype of s.
        cache: opaque, for chain_paths_backward.
    Source: UCAS lectures, the chain rule, third case.
    """
    raise NotImplementedError


def chain_paths_backward(dout, cache):
    """Gradient of chain_paths_forward, summed over the two paths.

    Args:
        dout: (N,), gradient with respect to z.
        cache: from chain_paths_forward.
    Returns:
        ds: (N,), dtype of s.
    Raises:
        ValueError: dout does not have the shape of z.
    """
    raise NotImplementedError


# --- The affine layer ---


def affine_forward(x, w, b):
    """Affine map, out = x w + b.

    Args:
        x: (N, D) float, inputs.
        w: (D, M) float, weights.
        b: (M,) float, bias.
    Returns:
        out: (N, M), dtype of x.
        cache: opaque, for affine_backward.
    Raises:
        ValueError: x is not a matrix, or w or b does not fit it.
    Convention: samples are rows, and w is (D, M); torch.nn.Linear stores (M, D), and the lectures write
        z = W a + b on columns.
    Source: Goodfellow et al. 2016, section 6.5.
    """
    raise NotImplementedError


def affine_backward(dout, cache):
    """Gradients of affine_forward.

    Args:
        dout: (N, M), gradient with respect to out.
        cache: from affine_forward.
    Returns:
        dx: (N, D), dtype of x.
        dw: (D, M), dtype of w.
        db: (M,), dtype of b.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    raise NotImplementedError


# --- The error term of the output layer ---


def output_delta(a, y):
    """Error term of the last layer, delta^L = (a - y) * a (1 - a), the gradient of C with respect to z^L.

    Here C = 1/2 ||a - y||^2 for each sample, and a = sigmoid(z^L).

    Args:
        a: (N, M) float, the last layer's activations.
        y: (N, M), targets.
    Returns:
        delta: (N, M), dtype of a.
    Raises:
        ValueError: a and y differ in shape.
    Source: USTC lectures, the error term; Nielsen 2015, equation BP1.
    """
    raise NotImplementedError


# --- The error term of a hidden layer ---


def hidden_delta(delta_next, w_next, a):
    """Error term of a hidden layer from the next one's, delta^l = (delta^{l+1} (W^{l+1})^T) * a (1 - a).

    Args:
        delta_next: (N, M) float, the next layer's error term.
        w_next: (H, M) float, the next layer's weights.
        a: (N, H) float, this layer's activations, a = sigmoid(z^l).
    Returns:
        delta: (N, H), dtype of a.
    Raises:
        ValueError: the shapes do not fit.
    Convention: * is the elementwise product, which the lectures call a dot product.
    Source: USTC lectures, the error term; Nielsen 2015, equation BP2.
    """
    raise NotImplementedError


# --- A network of any depth ---


def network_forward(x, weights, biases):
    """Network of L sigmoid layers, a^0 = x, z^l = a^{l-1} W^l + b^l, a^l = sigmoid(z^l).

    Args:
        x: (N, n_0) float, inputs.
        weights: list of L matrices, W^l of (n_{l-1}, n_l).
        biases: list of L vectors, b^l of (n_l,).
    Returns:
        a: (N, n_L), the last layer's activations, dtype of x.
        cache: opaque, for network_backward.
    Raises:
        ValueError: there is no layer, or a layer does not fit the one before it.
    Source: USTC lectures, feed-forward networks.
    """
    raise NotImplementedError


def network_backward(dout, cache):
    """Gradients of network_forward.

    Args:
        dout: (N, n_L), gradient with respect to a.
        cache: from network_forward.
    Returns:
        dx: (N, n_0), dtype of x.
        dweights: list of L matrices, in the shapes of the weights.
        dbiases: list of L vectors, in the shapes of the biases.
    Raises:
        ValueError: dout does not have the shape of a.
    """
    raise NotImplementedError


# --- The error terms of all layers ---


def network_deltas(x, y, weights, biases):
    """Error terms of every layer: delta^l is the gradient of C with respect to z^l.

    Here C = 1/2 ||a^L - y||^2 for each sample.

    Args:
        x: (N, n_0) float, inputs.
        y: (N, n_L), targets.
        weights: list of L matrices, W^l of (n_{l-1}, n_l).
        biases: list of L vectors, b^l of (n_l,).
    Returns:
        deltas: list of L matrices, delta^l of (N, n_l), first layer first, dtype of x.
    Raises:
        ValueError: a layer does not fit the one before it, or y not the last.
    Convention: each sample's own error term, not divided by N.
    Source: USTC lectures, back-propagation.
    """
    raise NotImplementedError


# --- One step of gradient descent ---


def network_step(x, y, weights, biases, *, lr, l2):
    """One step of gradient descent on J = 1/N sum_n 1/2 ||a^L_n - y_n||^2 + l2/2 sum_l ||W^l||_F^2.

    Args:
        x: (N, n_0) float, inputs, N at least 1.
        y: (N, n_L), targets.
        weights: list of L matrices, W^l of (n_{l-1}, n_l); left as they are.
        biases: list of L vectors, b^l of (n_l,); left as they are.
        lr: learning rate, alpha in the lectures.
        l2: strength of the penalty, lambda in the lectures.
    Returns:
        new_weights: list of L new matrices.
        new_biases: list of L new vectors.
    Raises:
        ValueError: a layer does not fit the one before it, y not the last, or there is no sample.
    Convention: W <- W - lr (dC/dW + l2 W), as in algorithm 4.1; biases are not decayed.
    Source: USTC lectures, algorithm 4.1, lines 6 to 13.
    """
    raise NotImplementedError


# --- When to stop ---


def early_stopping(errors, *, patience):
    """When training stops, and whose parameters it keeps.

    Training stops after the first epoch at which `patience` epochs in a row brought no new strict minimum.

    Args:
        errors: (T,) float, validation error after each epoch, T at least 1.
        patience: how many such epochs are waited for, at least 1.
    Returns:
        best_epoch: int, the first minimum among errors[: stop_epoch + 1].
        stop_epoch: int, the last epoch trained; T - 1 if patience never ran out.
    Raises:
        ValueError: errors is not a vector or is empty, or patience is less than 1.
    Convention: epochs count from 0.
    Source: USTC lectures, algorithm 4.1, line 15; Goodfellow et al. 2016, algorithm 7.1.
    """
    raise NotImplementedError


# --- Algorithm 4.1 ---


def train_network(x, y, x_val, y_val, sizes, *, lr, l2, batch_size, epochs, patience, rng):
    """Train a network of sigmoid layers by algorithm 4.1 on mini-batches, with early stopping.

    From random weights; in each epoch shuffle the samples, take one network_step on each mini-batch (the last
    may be smaller), then measure the validation error, the mean over samples of 1/2 ||a^L - y||^2. Stop as
    early_stopping says, or after `epochs` epochs.

    Args:
        x: (N, n_0) float, training inputs, N at least 1.
        y: (N, n_L), training targets.
        x_val: (V, n_0), validation inputs, V at least 1.
        y_val: (V, n_L), validation targets.
        sizes: (n_0, ..., n_L), features in each layer.
        lr: learning rate.
        l2: strength of the penalty on the weights.
        batch_size: samples in a mini-batch, at least 1.
        epochs: how many epochs at most, at least 1.
        patience: epochs in a row without a new strict minimum of the validation error, before stopping.
        rng: source of chance.
    Returns:
        weights: list of L matrices (n_{l-1}, n_l), those after the epoch of the smallest validation error.
        biases: list of L vectors (n_l,), of the same epoch.
        history: (epochs run,) float64, validation error after each epoch.
    Raises:
        ValueError: shapes and sizes do not fit, or batch_size, epochs or patience is less than 1.
    Source: USTC lectures, algorithm 4.1.
    """
    raise NotImplementedError


# --- Iris ---


def train_iris(x, labels, *, rng):
    """Train a 4-6-3 network on iris: sigmoid hidden layer, softmax output, cross-entropy.

    The class of a flower is the largest of sigmoid(x w1 + b1) w2 + b2, on x as it comes.

    Args:
        x: (N, 4) float, N at least 1; 120 flowers in the lectures.
        labels: (N,) int, 0, 1 or 2.
        rng: source of chance.
    Returns:
        w1: (4, 6), weights of the hidden layer.
        b1: (6,), its biases.
        w2: (6, 3), weights of the output layer.
        b2: (3,), its biases.
        history: (epochs,) float64, mean training loss of each epoch.
    Raises:
        ValueError: x or labels does not have its shape, or a label is out of range.
    Source: UCAS lectures, the iris example.
    """
    raise NotImplementedError
