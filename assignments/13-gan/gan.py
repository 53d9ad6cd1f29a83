"""Generative adversarial networks.

Fill in the functions, then run: backcheck check gan.py
"""

import numpy as np


# --- Given, with their helpers: sigmoid, softplus, adam. Use them as they are. ---


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


def softplus_forward(x):
    """Softplus, a = log(1 + e^x), finite for every finite x.

    Args:
        x: any shape, float.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for softplus_backward.
    Source: Goodfellow et al. 2016, equation 3.31.
    """
    xp = array_namespace(x)
    # log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), whose exponential never exceeds 1.
    a = xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))
    return a, x


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
    x = cache
    require_shape("dout", dout, x.shape)
    slope, _ = sigmoid_forward(x)
    return dout * slope


def require_gradients(params, grads):
    """Raise ValueError unless there is a gradient for each parameter, in its shape."""
    require(len(grads) == len(params), "grads", f"{len(grads)} arrays", f"{len(params)}, one a parameter")
    for index, (param, grad) in enumerate(zip(params, grads, strict=True)):
        require_shape(f"grads[{index}]", grad, tuple(param.shape))


def zeros_for(params):
    """A zero for every parameter."""
    return [array_namespace(param).zeros_like(param) for param in params]


def adam_init(params):
    """The state of Adam before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for adam_update.
    Source: Kingma & Ba 2015, algorithm 1.
    """
    return (0, zeros_for(params), zeros_for(params))


def adam_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """One update of Adam.

    m and s decaying means of g and g^2, theta <- theta - lr m^ / (sqrt(s^) + eps), m^ = m / (1 - beta1^t), s^ = s
    / (1 - beta2^t).

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from adam_init or the update before; it is not changed.
        lr: step size.
        beta1: decay of the mean gradient.
        beta2: decay of the mean squared gradient.
        eps: added outside the root.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: both means are corrected, t counts from 1, eps outside the root. The Beihang slides misprint all three.
    Source: Kingma & Ba 2015, algorithm 1.
    """
    require_gradients(params, grads)
    step, means, squares = state
    step = step + 1
    means = [beta1 * m + (1 - beta1) * g for m, g in zip(means, grads, strict=True)]
    squares = [beta2 * s + (1 - beta2) * (g * g) for s, g in zip(squares, grads, strict=True)]
    c1, c2 = 1 - beta1**step, 1 - beta2**step
    new = [p - lr * scaled(m / c1, s / c2, eps) for p, m, s in zip(params, means, squares, strict=True)]
    return new, (step, means, squares)


def root(x):
    """The square root, elementwise."""
    return array_namespace(x).sqrt(x)


def scaled(direction, square, eps):
    """Direction / (sqrt(square) + eps)."""
    return direction / (root(square) + eps)


# --- Its value ---


def game_value(d_real, d_fake):
    """The value of the game, V(G, D) = mean log D(x) + mean log(1 - D(G(z))), from probabilities.

    Args:
        d_real: (N,) float in (0, 1), D of real samples.
        d_fake: (M,) float in (0, 1), D of generated ones.
    Returns:
        value: (), dtype of d_real; -log 4 where D is 1/2 everywhere.
    Raises:
        ValueError: an argument is not a vector, is empty, or has a value outside (0, 1).
    Source: Goodfellow et al. 2014, equation 1.
    """
    raise NotImplementedError


# --- The discriminator's loss ---


def discriminator_loss_forward(real, fake):
    """What the discriminator minimises, -mean log D(x) - mean log(1 - D(G(z))), from logits.

    Args:
        real: (N,) float, the discriminator's logits of real samples, D = sigmoid(logit).
        fake: (M,) float, its logits of generated ones.
    Returns:
        loss: (), dtype of real; minus the value V(G, D) of the game.
        cache: opaque, for discriminator_loss_backward.
    Raises:
        ValueError: real or fake is not a vector, or is empty.
    Source: Goodfellow et al. 2014, equation 1; Beihang slides, GAN.
    """
    raise NotImplementedError


def discriminator_loss_backward(dloss, cache):
    """Gradients of discriminator_loss_forward.

    Args:
        dloss: (), gradient with respect to loss.
        cache: from discriminator_loss_forward.
    Returns:
        dreal: (N,).
        dfake: (M,).
    Raises:
        ValueError: dloss does not have the shape of loss.
    """
    raise NotImplementedError


# --- The generator's two losses ---


def generator_loss_forward(fake, *, kind="non-saturating"):
    """What the generator minimises, from the discriminator's logits of its samples.

    Args:
        fake: (N,) float, logits, D = sigmoid(logit).
        kind: "minimax" for mean log(1 - D(G(z))), "non-saturating" for -mean log D(G(z)).
    Returns:
        loss: (), dtype of fake.
        cache: opaque, for generator_loss_backward.
    Raises:
        ValueError: fake is not a vector or is empty, or the kind is unknown.
    Convention: both have the same fixed point; where D is sure that a sample is fake, the first has hardly any slope.
    Source: Goodfellow et al. 2014, equation 1 and section 3; Beihang slides, GAN.
    """
    raise NotImplementedError


def generator_loss_backward(dloss, cache):
    """Gradient of generator_loss_forward.

    Args:
        dloss: (), gradient with respect to loss.
        cache: from generator_loss_forward.
    Returns:
        dfake: (N,), dtype of fake.
    Raises:
        ValueError: dloss does not have the shape of loss.
    """
    raise NotImplementedError


# --- The best discriminator ---


def optimal_discriminator(p_data, p_model):
    """The best discriminator there is, D* = p_data / (p_data + p_g), on a grid.

    Args:
        p_data: (G,) float, the data's density at each point of a grid, at least 0.
        p_model: (G,) float, the generator's, at least 0.
    Returns:
        d: (G,), dtype of p_data; 1/2 where both are 0 and nothing can be said.
    Raises:
        ValueError: the shapes differ, or a density is negative.
    Source: Goodfellow et al. 2014, proposition 1; Beihang slides, GAN.
    """
    raise NotImplementedError


# --- Kullback-Leibler ---


def kl_divergence(p, q):
    """The Kullback-Leibler divergence, KL(p || q) = sum p log(p / q).

    Args:
        p: (G,) float, a distribution, at least 0.
        q: (G,) float, another; more than 0 wherever p is.
    Returns:
        divergence: (), dtype of p, in nats.
    Raises:
        ValueError: the shapes differ, a probability is negative, or q is 0 where p is not.
    Convention: 0 log 0 = 0. Fitting by maximum likelihood is minimising this with p the data and q the model.
    Source: Kullback & Leibler 1951; Goodfellow et al. 2016, equation 3.50.
    """
    raise NotImplementedError


# --- Jensen-Shannon ---


def js_divergence(p, q):
    """The Jensen-Shannon divergence, JS = KL(p || m) / 2 + KL(q || m) / 2 with m = (p + q) / 2.

    Args:
        p: (G,) float, a distribution, at least 0.
        q: (G,) float, another, at least 0.
    Returns:
        divergence: (), dtype of p, in nats; from 0 to log 2.
    Raises:
        ValueError: the shapes differ, or a probability is negative.
    Source: Lin 1991; Goodfellow et al. 2014, equation 6.
    """
    raise NotImplementedError


# --- What the generator minimises ---


def generator_criterion(p_data, p_model):
    """What the generator minimises against the best discriminator, C(G) = -log 4 + 2 JS(p_data || p_g).

    Args:
        p_data: (G,) float, a distribution, at least 0.
        p_model: (G,) float, the generator's, at least 0.
    Returns:
        value: (), dtype of p_data; -log 4 at its least.
    Raises:
        ValueError: the shapes differ, or a probability is negative.
    Source: Goodfellow et al. 2014, theorem 1; Beihang slides, GAN.
    """
    raise NotImplementedError


# --- Alternate training ---


def train_gan(data, *, samples, rng):
    """Train a generator on numbers, alternating with a discriminator, and draw from it.

    Args:
        data: (N,) float, samples of the distribution to imitate.
        samples: how many numbers to draw in the end.
        rng: source of chance.
    Returns:
        drawn: (samples,) float64, from the trained generator.
        history: (steps,) float64, the discriminator's loss.
    Convention: any generator and discriminator; one step of the one, then one of the other.
    Source: Goodfellow et al. 2014, algorithm 1; Beihang slides, alternate training.
    """
    raise NotImplementedError
