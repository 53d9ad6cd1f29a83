"""Recurrent networks and BPTT.

Fill in the functions, then run: backcheck check bptt.py
"""

import numpy as np


# --- Given, with their helpers: sigmoid, softmax, log_softmax, one_hot. Use them as they are. ---


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


def one_hot(labels, num_classes):
    """One-hot encoding: row n is all 0 but for a 1 at column labels[n].

    Args:
        labels: (N,) int, in 0 .. num_classes - 1.
        num_classes: C, at least 1.
    Returns:
        encoded: (N, C) float64.
    Raises:
        ValueError: num_classes is less than 1, or labels is not a vector of integers in range.
    Convention: classes count from 0, so that label 3 of 9 is [0, 0, 0, 1, 0, 0, 0, 0, 0].
    Source: USTC lectures, data for a first network.
    """
    xp = array_namespace(labels)
    require(num_classes >= 1, "num_classes", num_classes, "at least 1")
    require_labels(labels, num_classes)
    return xp.astype(label_mask(labels, num_classes), xp.float64)


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


def log_softmax_backward(dout, cache):
    """Gradient of log_softmax_forward.

    Args:
        dout: (N, C), gradient with respect to y.
        cache: from log_softmax_forward.
    Returns:
        dx: (N, C), dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    y = cache
    xp = array_namespace(y)
    require_shape("dout", dout, y.shape)
    return dout - xp.exp(y) * xp.sum(dout, axis=-1, keepdims=True)


# --- One step ---


def srn_step_forward(x, h_prev, wx, wh, b):
    """One step of a simple recurrent network, h = tanh(x wx + h_prev wh + b).

    Args:
        x: (N, D) float, the step's input.
        h_prev: (N, H) float, the state before.
        wx: (D, H) float, weights from the input.
        wh: (H, H) float, weights from the state.
        b: (H,) float, bias.
    Returns:
        h: (N, H), the new state, dtype of x.
        cache: opaque, for srn_step_backward.
    Raises:
        ValueError: a shape does not fit.
    Convention: samples are rows; the USTC slides write U for wh and W for wx, the Soochow slides the reverse.
    Source: Elman 1990; Goodfellow et al. 2016, equations 10.8-10.9.
    """
    raise NotImplementedError


def srn_step_backward(dh, cache):
    """Gradients of srn_step_forward.

    Args:
        dh: (N, H), gradient with respect to h.
        cache: from srn_step_forward.
    Returns:
        dx, dh_prev, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    raise NotImplementedError


# --- A whole sequence, and BPTT ---


def srn_forward(x, h0, wx, wh, b, *, truncate=None):
    """A simple recurrent network over a sequence, h_t = tanh(x_t wx + h_{t-1} wh + b).

    Args:
        x: (N, T, D) float, inputs.
        h0: (N, H) float, the state before the first step.
        wx: (D, H) float.
        wh: (H, H) float.
        b: (H,) float.
        truncate: how many steps the gradient of each h_t goes back through, its own counted; None for all.
    Returns:
        h: (N, T, H), every state, dtype of x.
        cache: opaque, for srn_backward.
    Raises:
        ValueError: a shape does not fit, T is 0, or truncate is not at least 1.
    Convention: the values do not depend on truncate; only the backward does: with truncate = k the gradient with
        respect to h_t reaches the inputs of the steps t-k+1 .. t, and h0 where that goes so far.
    Source: Werbos 1990; Williams & Zipser 1995, truncated BPTT(k, 1).
    """
    raise NotImplementedError


def srn_backward(dh, cache):
    """Gradients of srn_forward: back-propagation through time, full or truncated.

    Args:
        dh: (N, T, H), gradient with respect to every h_t.
        cache: from srn_forward.
    Returns:
        dx, dh0, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    raise NotImplementedError


# --- The pre-activation form ---


def preactivation_srn_forward(x, h0, wx, wh, b):
    """The recurrence with the activation before the weights, h_t = tanh(h_{t-1}) wh + x_t wx + b.

    Args:
        x: (N, T, D) float.
        h0: (N, H) float.
        wx: (D, H) float.
        wh: (H, H) float.
        b: (H,) float.
    Returns:
        h: (N, T, H), every state, not passed through tanh; dtype of x.
        cache: opaque, for preactivation_srn_backward.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Source: Pascanu et al. 2013, equation 2; Beihang slides, recurrent networks.
    """
    raise NotImplementedError


def preactivation_srn_backward(dh, cache):
    """Gradients of preactivation_srn_forward.

    Args:
        dh: (N, T, H), gradient with respect to every h_t.
        cache: from preactivation_srn_forward.
    Returns:
        dx, dh0, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    raise NotImplementedError


# --- Jordan's network ---


def jordan_forward(x, y0, wx, wy, b, v, c):
    """Jordan's network: the output comes back, h_t = tanh(x_t wx + y_{t-1} wy + b), y_t = sigmoid(h_t v + c).

    Args:
        x: (N, T, D) float, inputs.
        y0: (N, M) float, the output before the first step.
        wx: (D, H) float.
        wy: (M, H) float, weights from the last output.
        b: (H,) float.
        v: (H, M) float.
        c: (M,) float.
    Returns:
        y: (N, T, M), every output, dtype of x.
        cache: opaque, for jordan_backward.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Source: Jordan 1986; Tsinghua slides, recurrent networks.
    """
    raise NotImplementedError


def jordan_backward(dy, cache):
    """Gradients of jordan_forward.

    Args:
        dy: (N, T, M), gradient with respect to every y_t.
        cache: from jordan_forward.
    Returns:
        dx, dy0, dwx, dwy, db, dv, dc: each in the shape of its argument.
    Raises:
        ValueError: dy does not have the shape of y.
    """
    raise NotImplementedError


# --- A residual recurrence of the inputs ---


def residual_inputs_forward(x, h0, wx, b):
    """A residual recurrence whose step looks at the input only, h_t = h_{t-1} + tanh(x_t wx + b).

    Args:
        x: (N, T, D) float.
        h0: (N, H) float.
        wx: (D, H) float.
        b: (H,) float.
    Returns:
        h: (N, T, H), every state, dtype of x.
        cache: opaque, for residual_inputs_backward.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Source: USTC slides, easing the vanishing gradient of recurrent networks.
    """
    raise NotImplementedError


def residual_inputs_backward(dh, cache):
    """Gradients of residual_inputs_forward.

    Args:
        dh: (N, T, H), gradient with respect to every h_t.
        cache: from residual_inputs_forward.
    Returns:
        dx, dh0, dwx, db: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    raise NotImplementedError


# --- A residual recurrence with the state ---


def residual_srn_forward(x, h0, wx, wh, b):
    """A residual recurrence, h_t = h_{t-1} + tanh(x_t wx + h_{t-1} wh + b).

    Args:
        x: (N, T, D) float.
        h0: (N, H) float.
        wx: (D, H) float.
        wh: (H, H) float.
        b: (H,) float.
    Returns:
        h: (N, T, H), every state, dtype of x.
        cache: opaque, for residual_srn_backward.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Source: USTC slides, easing the vanishing gradient of recurrent networks.
    """
    raise NotImplementedError


def residual_srn_backward(dh, cache):
    """Gradients of residual_srn_forward.

    Args:
        dh: (N, T, H), gradient with respect to every h_t.
        cache: from residual_srn_forward.
    Returns:
        dx, dh0, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    raise NotImplementedError


# --- A batch of different lengths ---


def masked_srn_forward(x, h0, wx, wh, b, lengths):
    """A simple recurrent network over sequences of different lengths: past its end a sequence keeps its state.

    Args:
        x: (N, T, D) float, padded with anything behind each sequence.
        h0: (N, H) float.
        wx: (D, H) float.
        wh: (H, H) float.
        b: (H,) float.
        lengths: (N,) int, in 1 .. T.
    Returns:
        h: (N, T, H); h_t = tanh(x_t wx + h_{t-1} wh + b) for t < length, then h_t = h_{t-1}; dtype of x.
        cache: opaque, for masked_srn_backward.
    Raises:
        ValueError: a shape does not fit, or a length is not in 1 .. T.
    Convention: h[:, -1] is every sequence's own last state. Lengths have no gradient.
    Source: USTC slides, sequences of different lengths.
    """
    raise NotImplementedError


def masked_srn_backward(dh, cache):
    """Gradients of masked_srn_forward.

    Args:
        dh: (N, T, H), gradient with respect to every h_t, those behind a sequence's end included.
        cache: from masked_srn_forward.
    Returns:
        dx, dh0, dwx, dwh, db: each in the shape of its argument; dx is 0 behind a sequence's end.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    raise NotImplementedError


# --- Many to one ---


def last_step_forward(h, lengths):
    """Each sequence's state at its own last step: many to one.

    Args:
        h: (N, T, H) float, states.
        lengths: (N,) int, in 1 .. T.
    Returns:
        last: (N, H), h[n, lengths[n] - 1], dtype of h.
        cache: opaque, for last_step_backward.
    Raises:
        ValueError: a shape does not fit, or a length is not in 1 .. T.
    Source: Beihang slides, shapes of recurrent networks.
    """
    raise NotImplementedError


def last_step_backward(dlast, cache):
    """Gradient of last_step_forward.

    Args:
        dlast: (N, H), gradient with respect to last.
        cache: from last_step_forward.
    Returns:
        dh: (N, T, H), dtype of h.
    Raises:
        ValueError: dlast does not have the shape of last.
    """
    raise NotImplementedError


# --- A loss at every step ---


def sequence_loss_forward(logits, labels, lengths, *, reduction="mean"):
    """Cross-entropy at every step of every sequence, L = sum over the steps t < length of L_t.

    Args:
        logits: (N, T, C) float, scores at every step.
        labels: (N, T) int, in 0 .. C - 1; behind a sequence's end they count for nothing.
        lengths: (N,) int, in 1 .. T.
        reduction: "mean" or "sum" over the N sequences, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of logits.
        cache: opaque, for sequence_loss_backward.
    Raises:
        ValueError: a shape, label or length does not fit, the reduction is unknown, or a mean has N = 0.
    Convention: summed over a sequence's steps, not averaged, as the slides' L = sum_t L_t.
    Source: Goodfellow et al. 2016, equations 10.12-10.14.
    """
    raise NotImplementedError


def sequence_loss_backward(dloss, cache):
    """Gradient of sequence_loss_forward.

    Args:
        dloss: (), or (N,) for "none"; gradient with respect to loss.
        cache: from sequence_loss_forward.
    Returns:
        dlogits: (N, T, C), dtype of logits; 0 behind a sequence's end.
    Raises:
        ValueError: dloss does not have the shape of loss.
    """
    raise NotImplementedError


# --- Error terms through time ---


def srn_deltas(h, wh, dlast):
    """Error terms of the last step's loss in a simple recurrent network, delta_{T,k} = dL_T / dz_k for every k.

    Args:
        h: (N, T, H) float, the states h_k = tanh(z_k), T at least 1.
        wh: (H, H) float, weights from the state before.
        dlast: (N, H), gradient of L_T with respect to h_T.
    Returns:
        delta: (N, T, H), delta_{T,1} to delta_{T,T}, dtype of h.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Convention: rows, so delta_{T,k} = (delta_{T,k+1} wh^T) * f'(z_k). The USTC slides print
        delta_{t,k} = gamma^(t-k) delta_{t,t} as well, which is how large it can be, not what it is.
    Source: USTC slides, BPTT; Werbos 1990.
    """
    raise NotImplementedError


# --- How fast gradients vanish or explode ---


def gradient_norms(h, wh):
    """How much of a change of h_k arrives at h_T, and the most that can, for one sequence.

    Args:
        h: (T, H) float, the states h_k = tanh(z_k) of one sequence, T at least 1.
        wh: (H, H) float, weights from the state before.
    Returns:
        norms: (T,), the spectral norm of dh_T / dh_k for k = 1 .. T, dtype of h; 1 for k = T.
        bounds: (T,), (beta_w beta_h)^(T-k), beta_w the spectral norm of wh, beta_h the largest |f'(z)| of any step
            and unit; never less than norms.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Source: Pascanu et al. 2013, section 2.1; USTC and Soochow slides, vanishing and exploding gradients.
    """
    raise NotImplementedError


# --- Parity, by hand ---


def parity_weights():
    """Weights, set by hand, of a simple recurrent network whose last output tells the parity of a bit string.

    Returns:
        wx: (1, H), wh: (H, H), b: (H,), v: (H, 1), c: (1,), float64, for any H.
    Convention: h_t = tanh(x_t wx + h_{t-1} wh + b) from h_0 = 0, x_t the bit 0 or 1; the parity after the last
        step is odd where h_T v + c > 0.
    Source: USTC slides, a recurrent network as a finite automaton.
    """
    raise NotImplementedError


# --- Slot filling ---


def train_slot_filling(tokens, labels, test_tokens, *, vocabulary, num_labels, rng):
    """Learn to label every word of a sentence, and label those of new ones.

    Args:
        tokens: (N, T) int, words in 0 .. vocabulary - 1, all sentences of one length.
        labels: (N, T) int, in 0 .. num_labels - 1.
        test_tokens: (P, T) int, sentences to label.
        vocabulary: how many words there are.
        num_labels: how many labels there are.
        rng: source of chance.
    Returns:
        predicted: (P, T) int, a label for every word of test_tokens.
        history: (epochs,) float64, the mean training loss of each epoch.
    Convention: any network that reads from left to right and remembers will do; one that sees a word at a time
        cannot tell the city one leaves from the city one arrives at.
    Source: Soochow and USTC slides, slot filling; Mesnil et al. 2013.
    """
    raise NotImplementedError
