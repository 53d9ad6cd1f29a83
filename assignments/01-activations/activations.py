"""Activations.

Fill in the functions, then run: backcheck check activations.py
"""

import numpy as np


# --- A neuron ---


def neuron_forward(x, w, b):
    """One sigmoid neuron, z = sum_k x_k w_k + b, a = sigmoid(z), on every sample.

    Args:
        x: (N, D) float, inputs.
        w: (D,) float, weights.
        b: () float, bias.
    Returns:
        a: (N,), dtype of x.
        cache: opaque, for neuron_backward.
    Raises:
        ValueError: x is not a matrix, w not one weight an input, or b not a single number.
    Source: USTC lectures, the artificial neuron.
    """
    raise NotImplementedError


def neuron_backward(dout, cache):
    """Gradients of neuron_forward.

    Args:
        dout: (N,), gradient with respect to a.
        cache: from neuron_forward.
    Returns:
        dx: (N, D), dtype of x.
        dw: (D,), dtype of w.
        db: (), dtype of b.
    Raises:
        ValueError: dout does not have the shape of a.
    """
    raise NotImplementedError


# --- One-hot codes ---


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
    raise NotImplementedError


# --- Scaling pixels ---


def scale_pixels(pixels):
    """Scale 8-bit pixels to [0, 1], pixels / 255.

    Args:
        pixels: (N, D) uint8.
    Returns:
        scaled: (N, D) float64; 0 stays 0, and 255 becomes 1.
    Raises:
        ValueError: pixels is not of dtype uint8.
    Source: USTC lectures, data for a first network.
    """
    raise NotImplementedError


# --- Sigmoid ---


def sigmoid_forward(x):
    """Logistic sigmoid, a = 1 / (1 + e^-x), accurate on both tails.

    Args:
        x: any shape, float.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for sigmoid_backward.
    Source: Goodfellow et al. 2016, equation 3.30.
    """
    raise NotImplementedError


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
    raise NotImplementedError


# --- Hyperbolic tangent ---


def tanh_forward(x):
    """Hyperbolic tangent, a = (e^x - e^-x) / (e^x + e^-x), accurate near 0 and on both tails.

    Args:
        x: any shape, float.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for tanh_backward.
    Source: LeCun et al. 1998, Efficient BackProp, section 4.4.
    """
    raise NotImplementedError


def tanh_backward(dout, cache):
    """Gradient of tanh_forward.

    Args:
        dout: shape of x, gradient with respect to a.
        cache: from tanh_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    raise NotImplementedError


# --- ReLU ---


def relu_forward(x):
    """Rectified linear unit, a = max(0, x).

    Args:
        x: any shape, float.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for relu_backward.
    Source: Nair & Hinton 2010, section 2; Goodfellow et al. 2016, section 6.3.1.
    """
    raise NotImplementedError


def relu_backward(dout, cache):
    """Gradient of relu_forward.

    Args:
        dout: shape of x, gradient with respect to a.
        cache: from relu_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    Convention: at x = 0 any slope in [0, 1] is a subgradient; ours is 0.
    """
    raise NotImplementedError


# --- Softplus ---


def softplus_forward(x):
    """Softplus, a = log(1 + e^x), finite for every finite x.

    Args:
        x: any shape, float.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for softplus_backward.
    Source: Goodfellow et al. 2016, equation 3.31.
    """
    raise NotImplementedError


def softplus_backward(dout, cache):
    """Gradient of softplus_forward.

    Args:
        dout: shape of x, gradient with respect to a.
        cache: from softplus_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    raise NotImplementedError


# --- Leaky ReLU ---


def leaky_relu_forward(x, *, gamma=0.01):
    """Leaky rectifier, a = max(0, x) + gamma min(0, x).

    Args:
        x: any shape, float.
        gamma: slope below 0, fixed.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for leaky_relu_backward.
    Source: Maas, Hannun & Ng 2013, section 2.
    """
    raise NotImplementedError


def leaky_relu_backward(dout, cache):
    """Gradient of leaky_relu_forward.

    Args:
        dout: shape of x, gradient with respect to a.
        cache: from leaky_relu_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    Convention: at x = 0 any slope between gamma and 1 passes; ours is gamma.
    """
    raise NotImplementedError


# --- PReLU ---


def prelu_forward(x, gamma):
    """Parametric rectifier, a_i = max(0, x_i) + gamma_i min(0, x_i), gamma learned, one a channel.

    Args:
        x: (N, C) float, channels last.
        gamma: (C,) float, slope below 0 of each channel.
    Returns:
        a: (N, C), dtype of x.
        cache: opaque, for prelu_backward.
    Raises:
        ValueError: x is not a matrix, or gamma is not one number a channel.
    Source: He et al. 2015, Delving Deep into Rectifiers, equation 1.
    """
    raise NotImplementedError


def prelu_backward(dout, cache):
    """Gradients of prelu_forward.

    Args:
        dout: (N, C), gradient with respect to a.
        cache: from prelu_forward.
    Returns:
        dx: (N, C), dtype of x.
        dgamma: (C,), dtype of gamma.
    Raises:
        ValueError: dout does not have the shape of x.
    Convention: at x_i = 0 any slope between gamma_i and 1 passes; ours is gamma_i.
    """
    raise NotImplementedError


# --- ELU ---


def elu_forward(x, *, gamma=1.0):
    """Exponential linear unit, a = max(0, x) + min(0, gamma (e^x - 1)), gamma > 0.

    Args:
        x: any shape, float.
        gamma: a tends to -gamma far below 0; positive.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for elu_backward.
    Source: Clevert, Unterthiner & Hochreiter 2016, section 3.
    """
    raise NotImplementedError


def elu_backward(dout, cache):
    """Gradient of elu_forward.

    Args:
        dout: shape of x, gradient with respect to a.
        cache: from elu_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    Convention: at x = 0 any slope between gamma and 1 passes; ours is gamma.
    """
    raise NotImplementedError


# --- Maxout ---


def maxout_forward(x, w, b):
    """Maxout, a = max_k (x w_k + b_k), the largest of K affine maps, for each output on its own.

    Args:
        x: (N, D) float, inputs.
        w: (K, D, M) float, weights of the K pieces.
        b: (K, M) float, their biases.
    Returns:
        a: (N, M), dtype of x.
        cache: opaque, for maxout_backward.
    Raises:
        ValueError: the shapes of x, w and b do not fit.
    Source: Goodfellow et al. 2013, Maxout Networks, section 2.
    """
    raise NotImplementedError


def maxout_backward(dout, cache):
    """Gradients of maxout_forward.

    Args:
        dout: (N, M), gradient with respect to a.
        cache: from maxout_forward.
    Returns:
        dx: (N, D), dtype of x.
        dw: (K, D, M), dtype of w.
        db: (K, M), dtype of b.
    Raises:
        ValueError: dout does not have the shape of a.
    Convention: where pieces tie, any split of the gradient among them passes; ours gives it to the first.
    """
    raise NotImplementedError


# --- Softmax ---


def softmax_forward(x):
    """Softmax over the last axis, a_i = e^{x_i} / sum_j e^{x_j}.

    Args:
        x: (N, C) float, C at least 1.
    Returns:
        a: (N, C), dtype of x; each row sums to 1.
        cache: opaque, for softmax_backward.
    Source: Goodfellow et al. 2016, equation 4.1; Blanchard, Higham & Higham 2021.
    """
    raise NotImplementedError


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
    raise NotImplementedError


# --- Log-softmax ---


def log_softmax_forward(x):
    """Logarithm of softmax over the last axis, y_i = x_i - log sum_j e^{x_j}.

    Args:
        x: (N, C) float, C at least 1.
    Returns:
        y: (N, C), dtype of x.
        cache: opaque, for log_softmax_backward.
    Source: Blanchard, Higham & Higham 2021, The log-sum-exp and softmax functions.
    """
    raise NotImplementedError


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
    raise NotImplementedError


# --- Log-sum-exp ---


def logsumexp_forward(x):
    """Log-sum-exp over the last axis, y = log sum_j e^{x_j}.

    Args:
        x: (N, C) float, C at least 1.
    Returns:
        y: (N,), dtype of x.
        cache: opaque, for logsumexp_backward.
    Source: Blanchard, Higham & Higham 2021, The log-sum-exp and softmax functions.
    """
    raise NotImplementedError


def logsumexp_backward(dout, cache):
    """Gradient of logsumexp_forward.

    Args:
        dout: (N,), gradient with respect to y.
        cache: from logsumexp_forward.
    Returns:
        dx: (N, C), dtype of x.
    Raises:
        ValueError: dout does not have the shape of y.
    """
    raise NotImplementedError
