"""Unit 13: generative adversarial networks, written other ways."""

from graders.misconceptions.variant import Variant

GAME = (
    Variant(
        "game_value",
        "averages_by_hand",
        source="""
import numpy as np


def game_value(d_real, d_fake):
    real, fake = np.log(d_real), np.log(1 - d_fake)
    return real.sum() / len(real) + fake.sum() / len(fake)
""",
    ),
    Variant(
        "game_value",
        "sample_by_sample",
        source="""
import math

import numpy as np


def game_value(d_real, d_fake):
    value = math.fsum(math.log(d) for d in d_real.tolist()) / d_real.size
    value += math.fsum(math.log1p(-d) for d in d_fake.tolist()) / d_fake.size
    return d_real.dtype.type(value)
""",
    ),
    Variant(
        "game_value",
        "weighted_dot",
        source="""
import numpy as np


def game_value(d_real, d_fake):
    logs = np.concatenate([np.log(d_real), np.log1p(-d_fake)])
    weights = np.r_[np.full_like(d_real, 1 / d_real.size), np.full_like(d_fake, 1 / d_fake.size)]
    return np.dot(weights, logs)
""",
    ),
)

DISCRIMINATOR = (
    Variant(
        "discriminator_loss",
        "logaddexp",
        source="""
import numpy as np


def discriminator_loss_forward(real, fake):
    return np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean(), (real, fake)


def discriminator_loss_backward(dloss, cache):
    real, fake = cache
    dreal = -np.exp(-np.logaddexp(0, real)) * dloss / len(real)
    return dreal, np.exp(-np.logaddexp(0, -fake)) * dloss / len(fake)
""",
    ),
    Variant(
        "discriminator_loss",
        "sample_by_sample",
        source="""
import math

import numpy as np


def softplus(z):
    return z + math.log1p(math.exp(-z)) if z > 0 else math.log1p(math.exp(z))


def sigmoid(z):
    return 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))


def discriminator_loss_forward(real, fake):
    loss = sum(softplus(-z) for z in real.tolist()) / len(real)
    for z in fake.tolist():
        loss += softplus(z) / len(fake)
    return np.asarray(loss, dtype=real.dtype), {"real": real, "fake": fake}


def discriminator_loss_backward(dloss, cache):
    real, fake = cache["real"], cache["fake"]
    dreal, dfake = np.zeros_like(real), np.zeros_like(fake)
    for n, z in enumerate(real.tolist()):
        dreal[n] = -float(dloss) * sigmoid(-z) / len(real)
    for n, z in enumerate(fake.tolist()):
        dfake[n] = float(dloss) * sigmoid(z) / len(fake)
    return dreal, dfake
""",
    ),
    Variant(
        "discriminator_loss",
        "signed_logits_together",
        source="""
import numpy as np


def discriminator_loss_forward(real, fake):
    wrong = np.concatenate([-real, fake])
    weights = np.repeat(np.array([1 / len(real), 1 / len(fake)], dtype=real.dtype), [len(real), len(fake)])
    small = np.exp(-np.abs(wrong))
    losses = np.where(wrong > 0, wrong, 0) + np.log1p(small)
    slope = np.where(wrong > 0, 1, small) / (1 + small) * weights
    slope[: len(real)] *= -1
    return np.dot(losses, weights), (slope, len(real))


def discriminator_loss_backward(dloss, cache):
    slope, split = cache
    dreal, dfake = np.split(slope * dloss, [split])
    return dreal, dfake
""",
    ),
)

GENERATOR = (
    Variant(
        "generator_loss",
        "two_branches",
        source="""
import numpy as np


def generator_loss_forward(fake, *, kind="non-saturating"):
    if kind == "minimax":
        return -np.logaddexp(0, fake).mean(), (fake, kind)
    return np.logaddexp(0, -fake).mean(), (fake, kind)


def generator_loss_backward(dloss, cache):
    fake, kind = cache
    if kind == "minimax":
        fake = -fake
    small = np.exp(-np.abs(fake))
    return -np.where(fake < 0, 1, small) / (1 + small) * (dloss / len(fake))
""",
    ),
    Variant(
        "generator_loss",
        "sample_by_sample",
        source="""
import math

import numpy as np


def generator_loss_forward(fake, *, kind="non-saturating"):
    loss, slopes = 0.0, []
    for z in fake.astype(float):
        if kind == "non-saturating":
            z = -z
        e = math.exp(-abs(z))
        softplus = max(z, 0) + math.log1p(e)
        loss += softplus if kind == "non-saturating" else -softplus
        slopes.append((1 if z > 0 else e) / (1 + e))
    return fake.dtype.type(loss / len(fake)), np.array(slopes, dtype=fake.dtype)


def generator_loss_backward(dloss, cache):
    return np.negative(cache) * dloss / cache.size
""",
    ),
    Variant(
        "generator_loss",
        "closure",
        source="""
import numpy as np


def generator_loss_forward(fake, *, kind="non-saturating"):
    sign = {"non-saturating": -1, "minimax": 1}[kind]
    z = sign * fake
    log_other = -np.logaddexp(0, z)  # log(1 - sigmoid(z))

    def backward(dloss):
        return -dloss * np.exp(z + log_other) / len(z)

    return sign * np.average(log_other), backward


def generator_loss_backward(dloss, cache):
    return cache(dloss)
""",
    ),
)

DENSITIES = (
    Variant(
        "optimal_discriminator",
        "divide_where",
        source="""
import numpy as np


def optimal_discriminator(p_data, p_model):
    total = p_data + p_model
    return np.divide(p_data, total, out=np.full_like(total, 0.5), where=total != 0)
""",
    ),
    Variant(
        "optimal_discriminator",
        "point_by_point",
        source="""
import numpy as np


def optimal_discriminator(p_data, p_model):
    d = np.zeros_like(p_data)
    for k, (p, q) in enumerate(zip(p_data, p_model)):
        d[k] = p / (p + q) if p + q > 0 else 0.5
    return d
""",
    ),
    Variant(
        "optimal_discriminator",
        "from_the_ratio",
        source="""
import numpy as np


def optimal_discriminator(p_data, p_model):
    with np.errstate(all="ignore"):
        d = 1 / (1 + p_model / p_data)
    d[(p_data == 0) & (p_model == 0)] = 0.5
    return d
""",
    ),
    Variant(
        "optimal_discriminator",
        "nan_to_num",
        source="""
import numpy as np


def optimal_discriminator(p_data, p_model):
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(p_data / (p_data + p_model), nan=0.5)
""",
    ),
    Variant(
        "kl_divergence",
        "only_where_p",
        source="""
import numpy as np


def kl_divergence(p, q):
    p, q = p[p > 0], q[p > 0]
    return np.dot(p, np.log(p / q))
""",
    ),
    Variant(
        "kl_divergence",
        "cross_entropy_less_entropy",
        source="""
import numpy as np


def kl_divergence(p, q):
    own = np.sum(p * np.log(np.where(p > 0, p, 1)))
    cross = np.sum(p * np.log(np.where(q > 0, q, 1)))
    return own - cross
""",
    ),
    Variant(
        "kl_divergence",
        "point_by_point",
        source="""
import math

import numpy as np


def kl_divergence(p, q):
    terms = (float(a) * (math.log(a) - math.log(b)) for a, b in zip(p, q) if a)
    return np.array(sum(terms), dtype=p.dtype)
""",
    ),
    Variant(
        "js_divergence",
        "entropies",
        source="""
import numpy as np


def entropy(p):
    return -np.sum(p * np.log(p, where=p > 0, out=np.zeros_like(p)))


def js_divergence(p, q):
    return entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2
""",
    ),
    Variant(
        "js_divergence",
        "log_two_taken_out",
        source="""
import numpy as np


def part(p, total):
    ratio = np.ones_like(p)
    np.divide(2 * p, total, out=ratio, where=p > 0)
    return np.einsum("g,g->", p, np.log(ratio))


def js_divergence(p, q):
    return 0.5 * part(p, p + q) + 0.5 * part(q, p + q)
""",
    ),
    Variant(
        "js_divergence",
        "point_by_point",
        source="""
import numpy as np


def js_divergence(p, q):
    total = p.dtype.type(0)
    for a, b in zip(p, q):
        m = (a + b) / 2
        if a > 0:
            total += a * np.log(a / m) / 2
        if b > 0:
            total += b * np.log(b / m) / 2
    return total
""",
    ),
    Variant(
        "generator_criterion",
        "value_of_the_game",
        source="""
import numpy as np


def generator_criterion(p_data, p_model):
    total = p_data + p_model
    d = np.divide(p_data, total, out=np.full_like(total, 0.5), where=total > 0)
    other = np.divide(p_model, total, out=np.full_like(total, 0.5), where=total > 0)
    real = p_data[p_data > 0] * np.log(d[p_data > 0])
    fake = p_model[p_model > 0] * np.log(other[p_model > 0])
    return real.sum() + fake.sum()
""",
    ),
    Variant(
        "generator_criterion",
        "one_less_d",
        source="""
import numpy as np


def generator_criterion(p_data, p_model):
    with np.errstate(divide="ignore", invalid="ignore"):
        d = p_data / (p_data + p_model)
        terms = p_data * np.log(d), p_model * np.log(1 - d)
    return sum(np.where(np.isfinite(term), term, 0).sum() for term in terms)
""",
    ),
    Variant(
        "generator_criterion",
        "three_entropies",
        source="""
import numpy as np


def x_log_x(x):
    return x * np.log(np.maximum(x, np.finfo(x.dtype).tiny))


def generator_criterion(p_data, p_model):
    return np.sum(x_log_x(p_data) + x_log_x(p_model) - x_log_x(p_data + p_model))
""",
    ),
    Variant(
        "generator_criterion",
        "point_by_point",
        source="""
import math

import numpy as np


def generator_criterion(p_data, p_model):
    value = 0.0
    for p, q in zip(p_data.tolist(), p_model.tolist()):
        for mass in (p, q):
            if mass > 0:
                value += mass * (math.log(mass) - math.log(p + q))
    return np.asarray(value, p_data.dtype)
""",
    ),
)

SMALL_GRADIENTS = (
    Variant(
        "discriminator_loss",
        "probability_less_one",
        source="""
import numpy as np


def probability(logits):
    return np.exp(np.minimum(logits, 0)) / (1 + np.exp(-np.abs(logits)))


def discriminator_loss_forward(real, fake):
    losses = np.logaddexp(0, -real), np.logaddexp(0, fake)
    return np.mean(losses[0]) + np.mean(losses[1]), (probability(real), probability(fake))


def discriminator_loss_backward(dloss, cache):
    d_real, d_fake = cache
    return dloss * (d_real - 1) / d_real.size, dloss * d_fake / d_fake.size
""",
    ),
    Variant(
        "discriminator_loss",
        "tanh_sigmoid",
        source="""
import numpy as np


def discriminator_loss_forward(real, fake):
    return np.mean(np.logaddexp(0, -real)) + np.mean(np.logaddexp(0, fake)), (real, fake)


def discriminator_loss_backward(dloss, cache):
    real, fake = cache
    dreal = (np.tanh(real / 2) - 1) / 2
    dfake = (np.tanh(fake / 2) + 1) / 2
    return dloss * dreal / len(real), dloss * dfake / len(fake)
""",
    ),
    Variant(
        "generator_loss",
        "tanh_sigmoid",
        source="""
import numpy as np


def generator_loss_forward(fake, *, kind="non-saturating"):
    minimax = kind == "minimax"
    loss = -np.logaddexp(0, fake).mean() if minimax else np.logaddexp(0, -fake).mean()
    return loss, (np.tanh(fake / 2) / 2, minimax)


def generator_loss_backward(dloss, cache):
    half, minimax = cache
    return dloss * (-0.5 - half if minimax else half - 0.5) / len(half)
""",
    ),
)

WHEATS = (*GAME, *DISCRIMINATOR, *GENERATOR, *DENSITIES, *SMALL_GRADIENTS)
