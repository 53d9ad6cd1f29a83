"""Generative adversarial networks: what the two players minimise, and what their game is about."""

from collections.abc import Iterator
from math import log, sqrt

import numpy as np

from reference.activations import sigmoid_forward, softplus_forward
from reference.adaptive_optimisers import adam_init, adam_update
from reference.checks import require, require_shape, require_values
from reference.namespace import Array, Cache, array_namespace


def discriminator_loss_forward(real: Array, fake: Array) -> tuple[Array, Cache]:
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
    xp = array_namespace(real, fake)
    for name, logits in (("real", real), ("fake", fake)):
        require_shape(name, logits, ("N",))
        require(logits.shape[0] >= 1, name, "empty", "one sample at least")
    loss = xp.mean(softplus_forward(-real)[0]) + xp.mean(softplus_forward(fake)[0])
    return loss, (real, fake)


def discriminator_loss_backward(dloss: Array | float, cache: Cache) -> tuple[Array, Array]:
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
    real, fake = cache
    dloss = array_namespace(real).asarray(dloss, dtype=real.dtype)
    require_shape("dloss", dloss, ())
    dreal = -dloss * sigmoid_forward(-real)[0] / real.shape[0]
    return dreal, dloss * sigmoid_forward(fake)[0] / fake.shape[0]


def generator_loss_forward(fake: Array, *, kind: str = "non-saturating") -> tuple[Array, Cache]:
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
    xp = array_namespace(fake)
    require_shape("fake", fake, ("N",))
    require(fake.shape[0] >= 1, "fake", "empty", "one sample at least")
    require(kind in ("minimax", "non-saturating"), "kind", repr(kind), '"minimax" or "non-saturating"')
    sign = 1 if kind == "non-saturating" else -1
    return sign * xp.mean(softplus_forward(-sign * fake)[0]), (fake, sign)


def generator_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """Gradient of generator_loss_forward.

    Args:
        dloss: (), gradient with respect to loss.
        cache: from generator_loss_forward.
    Returns:
        dfake: (N,), dtype of fake.
    Raises:
        ValueError: dloss does not have the shape of loss.
    """
    fake, sign = cache
    dloss = array_namespace(fake).asarray(dloss, dtype=fake.dtype)
    require_shape("dloss", dloss, ())
    return -dloss * sigmoid_forward(-sign * fake)[0] / fake.shape[0]


def game_value(d_real: Array, d_fake: Array) -> Array:
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
    xp = array_namespace(d_real, d_fake)
    for name, d in (("d_real", d_real), ("d_fake", d_fake)):
        require_shape(name, d, ("N",))
        require(d.shape[0] >= 1, name, "empty", "one sample at least")
        require_values(name, (d > 0) & (d < 1), "in (0, 1)")
    return xp.mean(xp.log(d_real)) + xp.mean(xp.log1p(-d_fake))


def optimal_discriminator(p_data: Array, p_model: Array) -> Array:
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
    xp = array_namespace(p_data, p_model)
    _require_densities(p_data, p_model)
    total = p_data + p_model
    return xp.where(total > 0, p_data / xp.where(total > 0, total, 1), 0.5 * xp.ones_like(total))


def kl_divergence(p: Array, q: Array) -> Array:
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
    xp = array_namespace(p, q)
    _require_densities(p, q)
    require_values("q", (q > 0) | (p == 0), "more than 0 where p is")
    ratio = xp.where(p > 0, p, 1) / xp.where(p > 0, q, 1)
    return xp.sum(p * xp.log(ratio))


def js_divergence(p: Array, q: Array) -> Array:
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
    middle = (p + q) / 2
    return (kl_divergence(p, middle) + kl_divergence(q, middle)) / 2


def generator_criterion(p_data: Array, p_model: Array) -> Array:
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
    return 2 * js_divergence(p_data, p_model) - log(4)


def train_gan(data: Array, *, samples: int, rng: np.random.Generator) -> tuple[Array, Array]:
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
    history, generator = [], []
    for loss, averaged in gan_training(data, steps=700, rng=rng):
        history.append(loss)
        generator = averaged
    drawn, _ = gan_network(rng.standard_normal(samples), generator)
    return float(data.mean()) + float(data.std()) * drawn, np.array(history)


def gan_training(data: Array, *, steps: int, rng: np.random.Generator) -> Iterator[tuple[float, list[Array]]]:
    """Alternate training: after each step the discriminator's loss, and the generator averaged over the last steps.

    The networks work on the data less their mean, over their standard deviation.
    """
    batch, hidden = 128, 24
    centre, spread = float(data.mean()), float(data.std())
    generator, discriminator = gan_parameters(rng, hidden), gan_parameters(rng, hidden)
    g_state, d_state = adam_init(generator), adam_init(discriminator)
    averaged = [np.array(p) for p in generator]
    for step in range(steps):
        real = (rng.choice(data, batch) - centre) / spread
        fake, _ = gan_network(rng.standard_normal(batch), generator)
        logits_real, cache_real = gan_network(real, discriminator)
        logits_fake, cache_fake = gan_network(fake, discriminator)
        loss, cache = discriminator_loss_forward(logits_real, logits_fake)
        dreal, dfake = discriminator_loss_backward(1.0, cache)
        _, by_real = gan_gradients(dreal, cache_real)
        _, by_fake = gan_gradients(dfake, cache_fake)
        grads = [a + b for a, b in zip(by_real, by_fake, strict=True)]
        discriminator, d_state = adam_update(discriminator, grads, d_state, lr=0.005, beta1=0.5)

        fake, g_cache = gan_network(rng.standard_normal(batch), generator)
        logits, d_cache = gan_network(fake, discriminator)
        _, cache = generator_loss_forward(logits)
        dfake, _ = gan_gradients(generator_loss_backward(1.0, cache), d_cache)
        _, grads = gan_gradients(dfake, g_cache)
        generator, g_state = adam_update(generator, grads, g_state, lr=0.002, beta1=0.5)
        # The players circle around the solution; the mean of the generator's parameters does not.
        share = 1 / min(step + 1, 300)
        averaged = [(1 - share) * mean + share * p for mean, p in zip(averaged, generator, strict=True)]
        yield float(loss), averaged


def gan_parameters(rng: np.random.Generator, hidden: int) -> list[Array]:
    """Of a network with two hidden layers that turns numbers into numbers."""
    sizes = ((1, hidden), (hidden, hidden), (hidden, 1))
    weights = [rng.standard_normal(size) / sqrt(size[0]) for size in sizes]
    return [array for w in weights for array in (w, np.zeros(w.shape[1]))]


def gan_network(x: Array, params: list[Array]) -> tuple[Array, Cache]:
    """(N,) the network of each number: tanh in both hidden layers."""
    w1, b1, w2, b2, w3, b3 = params
    column = x[:, None]
    h1 = np.tanh(column @ w1 + b1)
    h2 = np.tanh(h1 @ w2 + b2)
    return (h2 @ w3 + b3)[:, 0], (column, h1, h2, params)


def gan_gradients(dout: Array, cache: Cache) -> tuple[Array, list[Array]]:
    """The gradient of the numbers, and of the parameters."""
    x, h1, h2, (w1, _, w2, _, w3, _) = cache
    dz3 = dout[:, None]
    dz2 = (dz3 @ w3.T) * (1 - h2 * h2)
    dz1 = (dz2 @ w2.T) * (1 - h1 * h1)
    grads = [x.T @ dz1, dz1.sum(0), h1.T @ dz2, dz2.sum(0), h2.T @ dz3, dz3.sum(0)]
    return (dz1 @ w1.T)[:, 0], grads


def _require_densities(p: Array, q: Array) -> None:
    require_shape("p", p, ("G",))
    require_shape("q", q, tuple(p.shape))
    require_values("p", p >= 0, "at least 0")
    require_values("q", q >= 0, "at least 0")
