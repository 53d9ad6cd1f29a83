"""Optimisers.

Fill in the functions, then run: backcheck check optimisers.py
"""

import numpy as np


# --- Mini-batches ---


def minibatches(order, *, batch_size=2):
    """Cut an epoch's order of samples into batches.

    Args:
        order: (S,) int, the samples' numbers, shuffled.
        batch_size: samples a batch, at least 1.
    Returns:
        batches: list of int vectors, in the order given; the last has what is left.
    Raises:
        ValueError: order is not a vector, or batch_size is less than 1.
    Source: USTC slides, algorithm 4.1; Goodfellow et al. 2016, section 8.1.3.
    """
    raise NotImplementedError


# --- Gradient descent ---


def sgd_init(params):
    """The state of gradient descent before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for sgd_update.
    Source: Robbins & Monro 1951; Goodfellow et al. 2016, algorithm 8.1.
    """
    raise NotImplementedError


def sgd_update(params, grads, state, *, lr):
    """One update of gradient descent: theta <- theta - lr g.

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from sgd_init or the update before; it is not changed.
        lr: step size.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: the gradient is that of the mean over the batch; whether the batch is all data or one sample is
        not the update's affair.
    Source: Robbins & Monro 1951; Goodfellow et al. 2016, algorithm 8.1.
    """
    raise NotImplementedError


# --- Momentum ---


def momentum_init(params):
    """The state of gradient descent with momentum before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for momentum_update.
    Source: Polyak 1964; USTC slides, momentum; Goodfellow et al. 2016, algorithm 8.2.
    """
    raise NotImplementedError


def momentum_update(params, grads, state, *, lr, momentum=0.9):
    """One update of gradient descent with momentum: v <- momentum v - lr g, theta <- theta + v.

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from momentum_init or the update before; it is not changed.
        lr: step size.
        momentum: mu, share of the velocity that is kept; it may change from update to update.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: the step size is inside the velocity, which starts at 0 (torch: v <- mu v + g, theta - lr v; the
        Beihang slides start at the first gradient).
    Source: Polyak 1964; USTC slides, momentum; Goodfellow et al. 2016, algorithm 8.2.
    """
    raise NotImplementedError


# --- Nesterov's method ---


def nesterov_init(params):
    """The state of Nesterov's method before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for nesterov_lookahead and nesterov_update.
    Source: Nesterov 1983; Sutskever et al. 2013.
    """
    raise NotImplementedError


def nesterov_lookahead(params, state, *, momentum=0.9):
    """Where the gradient of the next update is to be taken: theta + momentum v.

    Args:
        params: list of float arrays.
        state: from nesterov_init or the update before.
        momentum: mu, share of the velocity that is kept.
    Returns:
        ahead: list of arrays in the shapes of params.
    Source: Sutskever et al. 2013, equation 3; USTC slides, Nesterov momentum.
    """
    raise NotImplementedError


def nesterov_update(params, grads, state, *, lr, momentum=0.9):
    """One update of Nesterov's method by its definition.

    v <- momentum v - lr g(theta + momentum v), theta <- theta + v.

    Args:
        params: list of float arrays, theta.
        grads: list of float arrays, the gradients at nesterov_lookahead(params, state).
        state: from nesterov_init or the update before; it is not changed.
        lr: step size.
        momentum: mu, share of the velocity that is kept.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: the parameters are theta, not the point ahead where the gradient is taken.
    Source: Sutskever et al. 2013, equations 3-4; USTC slides, Nesterov momentum.
    """
    raise NotImplementedError


# --- Nesterov's method, simplified ---


def nesterov_simplified_init(params):
    """The state of Nesterov's method in the variable Theta = theta + momentum v before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for nesterov_simplified_update.
    Source: Bengio et al. 2012, equation 7; USTC slides, simplified Nesterov.
    """
    raise NotImplementedError


def nesterov_simplified_update(params, grads, state, *, lr, momentum=0.9):
    """One update of Nesterov's method in the variable Theta = theta + momentum v.

    v' = momentum v - lr g(Theta), Theta <- Theta - momentum v + (1 + momentum) v'.

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from nesterov_simplified_init or the update before; it is not changed.
        lr: step size.
        momentum: mu, share of the velocity that is kept.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: params are Theta, where the gradient is taken: no look-ahead is needed.
    Source: Bengio et al. 2012, equation 7; USTC slides, simplified Nesterov.
    """
    raise NotImplementedError


# --- Adagrad ---


def adagrad_init(params):
    """The state of Adagrad before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for adagrad_update.
    Source: Duchi et al. 2011; Soochow slides, Adagrad.
    """
    raise NotImplementedError


def adagrad_update(params, grads, state, *, lr, eps=1e-8):
    """One update of Adagrad: s <- s + g^2, theta <- theta - lr g / (sqrt(s) + eps).

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from adagrad_init or the update before; it is not changed.
        lr: step size.
        eps: added to the denominator, outside the root.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: a sum, not a mean, and eps outside the root (Soochow slides: the mean; Beihang slides: eps inside;
        USTC slides: no eps).
    Source: Duchi et al. 2011; Soochow slides, Adagrad.
    """
    raise NotImplementedError


# --- RMSProp ---


def rmsprop_init(params):
    """The state of RMSProp before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for rmsprop_update.
    Source: Tieleman & Hinton 2012, lecture 6.5; Soochow slides, RMSProp.
    """
    raise NotImplementedError


def rmsprop_update(params, grads, state, *, lr, alpha=0.9, eps=1e-8):
    """One update of RMSProp: s <- alpha s + (1 - alpha) g^2, theta <- theta - lr g / (sqrt(s) + eps).

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from rmsprop_init or the update before; it is not changed.
        lr: step size.
        alpha: decay of the mean squared gradient.
        eps: added to the denominator, outside the root.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: s starts at 0 and is not corrected; eps outside the root (Beihang slides: inside).
    Source: Tieleman & Hinton 2012, lecture 6.5; Soochow slides, RMSProp.
    """
    raise NotImplementedError


# --- Adadelta ---


def adadelta_init(params):
    """The state of Adadelta before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for adadelta_update.
    Source: Zeiler 2012, algorithm 1.
    """
    raise NotImplementedError


def adadelta_update(params, grads, state, *, lr, rho=0.95, eps=1e-6):
    """One update of Adadelta: delta = -sqrt(w + eps) / sqrt(s + eps) g, theta <- theta + lr delta.

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from adadelta_init or the update before; it is not changed.
        lr: step size.
        rho: decay of both means of squares.
        eps: added inside both roots.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: RMS[x] = sqrt(E[x^2] + eps), in the numerator the RMS of the steps before this one; lr is 1 in the
        paper. The Beihang slides print sqrt(w) with eps outside the roots.
    Source: Zeiler 2012, algorithm 1.
    """
    raise NotImplementedError


# --- Adam ---


def adam_init(params):
    """The state of Adam before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for adam_update.
    Source: Kingma & Ba 2015, algorithm 1.
    """
    raise NotImplementedError


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
    raise NotImplementedError


# --- Adam with decoupled weight decay ---


def adamw_init(params):
    """The state of Adam with decoupled weight decay before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for adamw_update.
    Source: Loshchilov & Hutter 2019, algorithm 2.
    """
    raise NotImplementedError


def adamw_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.01):
    """One update of Adam with decoupled weight decay: theta <- theta - lr decay theta, and Adam's step.

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from adamw_init or the update before; it is not changed.
        lr: step size.
        beta1: decay of the mean gradient.
        beta2: decay of the mean squared gradient.
        eps: added outside the root.
        decay: weight decay, not scaled by Adam's denominator.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: the decay is taken of the old parameters and multiplied by lr; L2 in the loss would go through
        Adam's denominator.
    Source: Loshchilov & Hutter 2019, algorithm 2.
    """
    raise NotImplementedError


# --- Nadam ---


def nadam_init(params):
    """The state of Nadam before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for nadam_update.
    Source: Dozat 2016, algorithm 2 with a constant momentum.
    """
    raise NotImplementedError


def nadam_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """One update of Nadam.

    Adam with Nesterov's look-ahead, m^ = beta1 m / (1 - beta1^(t+1)) + (1 - beta1) g / (1 - beta1^t).

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from nadam_init or the update before; it is not changed.
        lr: step size.
        beta1: decay of the mean gradient.
        beta2: decay of the mean squared gradient.
        eps: added outside the root.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: a constant beta1; nadam_decay has the schedule.
    Source: Dozat 2016, algorithm 2 with a constant momentum.
    """
    raise NotImplementedError


# --- Nadam with a momentum schedule ---


def nadam_decay_init(params):
    """The state of Nadam with a momentum schedule before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for nadam_decay_update.
    Source: Dozat 2016, algorithm 2; torch.optim.NAdam.
    """
    raise NotImplementedError


def nadam_decay_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.004):
    """One update of Nadam with a momentum schedule.

    mu_t = beta1 (1 - 0.96^(decay t) / 2), m^ = mu_(t+1) m / (1 - prod_(t+1)) + (1 - mu_t) g / (1 - prod_t).

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from nadam_decay_init or the update before; it is not changed.
        lr: step size.
        beta1: decay of the mean gradient.
        beta2: decay of the mean squared gradient.
        eps: added outside the root.
        decay: how fast the momentum schedule rises.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: the mean itself decays by beta1, as in torch.optim.NAdam; prod_t is the product of mu_1 to mu_t.
    Source: Dozat 2016, algorithm 2; torch.optim.NAdam.
    """
    raise NotImplementedError


# --- vSGD ---


def vsgd_init(params):
    """The state of vSGD before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for vsgd_update.
    Source: Schaul et al. 2013, algorithm 1.
    """
    raise NotImplementedError


def vsgd_update(params, grads, state, *, curvature, slow_start=10.0, eps=1e-12):
    """One update of vSGD: theta <- theta - eta g with eta = E[g]^2 / (E[h] E[g^2]), for each parameter by itself.

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from vsgd_init or the update before; it is not changed.
        curvature: list of float arrays, an estimate of the second derivatives, in the shapes of params.
        slow_start: factor by which the first E[g^2] is overestimated.
        eps: added to both denominators.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params, grads and curvature differ in number or shape.
    Convention: the first update takes E[g] = g, E[g^2] = slow_start g^2, E[h] = |curvature| and memory tau = 2; later
        ones mix with weight 1/tau first, then set tau <- (1 - E[g]^2 / (E[g^2] + eps)) tau + 1 after the step size.
        The paper starts from several samples.
    Source: Schaul et al. 2013, algorithm 1 (vSGD-l), equations 7-9; USTC slides, adaptive step sizes.
    """
    raise NotImplementedError


# --- AdaSecant ---


def adasecant_init(params):
    """The state of AdaSecant before its first update.

    Args:
        params: list of float arrays.
    Returns:
        state: opaque, for adasecant_update.
    Source: Gulcehre et al. 2014, algorithm 1.
    """
    raise NotImplementedError


def adasecant_update(params, grads, state, *, eps=1e-4):
    """One update of AdaSecant: the step size is a secant estimate, eta = sqrt(E[d^2] / E[a^2]) - E[a d] / E[a^2].

    Args:
        params: list of float arrays.
        grads: list of float arrays, the gradients, in the shapes of params.
        state: from adasecant_init or the update before; it is not changed.
        eps: added to E[d^2] and E[a^2], inside the root and in both denominators.
    Returns:
        params: list of new arrays, dtypes kept.
        state: for the next update.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: d is the last step (0 before the first), a = g - g_prev (g_prev = 0 at first); every mean is mixed with
        weight 1/tau, tau = 2 at first; the step is -eta g; then tau <- (1 - E[d]^2 / (E[d^2] + eps)) tau + 1. The
        paper's normalisation by blocks, variance reduction and outlier test are left out.
    Source: Gulcehre et al. 2014, equations 8-14; USTC slides, adaptive step sizes.
    """
    raise NotImplementedError


# --- Falling with the root of time ---


def inverse_sqrt_schedule(step, *, lr=0.1):
    """A step size that falls with the root of time, lr / sqrt(step + 1).

    Args:
        step: from 0.
        lr: step size at step 0.
    Returns:
        value: a Python float.
    Raises:
        ValueError: step is negative.
    Convention: the USTC slides call it 1/t decay.
    Source: USTC and Soochow slides, schedules.
    """
    raise NotImplementedError


# --- Falling in steps ---


def step_decay_schedule(step, *, lr=0.1, factor=0.5, every=10):
    """A step size that is multiplied every few steps, lr factor^floor(step / every).

    Args:
        step: from 0.
        lr: step size at step 0.
        factor: what it is multiplied by.
        every: steps from one multiplication to the next, at least 1.
    Returns:
        value: a Python float.
    Raises:
        ValueError: step is negative, or every is less than 1.
    Source: USTC slides, schedules.
    """
    raise NotImplementedError


# --- Warm-up, then down ---


def warmup_schedule(step, *, lr=0.1, warmup=10, total=40):
    """A step size that rises in a line, then falls in a line to 0.

    Args:
        step: from 0.
        lr: step size at its highest.
        warmup: steps of the rise: step s of them has lr (s + 1) / warmup; 0 for none.
        total: steps in all, more than warmup; from there on the value is 0.
    Returns:
        value: a Python float; lr (total - step) / (total - warmup) after the rise.
    Raises:
        ValueError: step or warmup is negative, or total is not more than warmup.
    Source: Soochow slides, warm-up; Goyal et al. 2017, section 2.2.
    """
    raise NotImplementedError


# --- The Transformer's schedule ---


def noam_schedule(step, *, width=512, warmup=10):
    """The Transformer's step size, width^-1/2 min((step + 1)^-1/2, (step + 1) warmup^-3/2).

    Args:
        step: from 0.
        width: of the model, at least 1.
        warmup: steps of the rise, at least 1.
    Returns:
        value: a Python float.
    Raises:
        ValueError: step is negative, or width or warmup is less than 1.
    Convention: the paper counts steps from 1.
    Source: Vaswani et al. 2017, equation 3.
    """
    raise NotImplementedError


# --- Weight decay ---


def weight_decay(params, grads, *, l2=0.01):
    """The gradients of the loss with l2/2 |theta|^2 added, g + l2 theta.

    Args:
        params: list of float arrays.
        grads: list of float arrays, in the shapes of params.
        l2: strength of the decay.
    Returns:
        grads: list of new arrays.
    Raises:
        ValueError: params and grads differ in number or shape.
    Convention: the optimiser multiplies it by its step size, which one USTC slide leaves out.
    Source: Goodfellow et al. 2016, equation 7.3.
    """
    raise NotImplementedError


# --- Clipping by value ---


def clip_by_value(grads, *, limit=1.0):
    """Every gradient cut to [-limit, limit], element by element.

    Args:
        grads: list of float arrays.
        limit: more than 0.
    Returns:
        grads: list of new arrays.
    Raises:
        ValueError: limit is not more than 0.
    Source: USTC slides, exploding gradients; Mikolov 2012.
    """
    raise NotImplementedError


# --- Clipping by the global norm ---


def clip_by_global_norm(grads, *, max_norm=1.0):
    """All gradients made smaller by one factor where their common norm is too large.

    Args:
        grads: list of float arrays, one at least.
        max_norm: the most the norm may be, more than 0.
    Returns:
        grads: list of new arrays, g min(1, max_norm / norm).
        norm: (), the norm before, over all arrays together.
    Raises:
        ValueError: there is no gradient, or max_norm is not more than 0.
    Convention: the norm of all arrays as one vector; clipping each by its own norm would turn the direction.
    Source: Pascanu et al. 2013, algorithm 1.
    """
    raise NotImplementedError


# --- What they all are ---


def summary_update(params, directions, sizes, *, rate=0.1):
    """The form all optimisers share, theta <- theta - (eta_t / sigma_t) m_t.

    Args:
        params: list of float arrays, theta.
        directions: list of float arrays, m_t: a gradient, or a mean of them.
        sizes: list of float arrays, sigma_t: positive, how large gradients have been.
        rate: eta_t, from a schedule.
    Returns:
        params: list of new arrays.
    Raises:
        ValueError: the lists differ in number or shape.
    Source: Soochow slides, summary of optimisers.
    """
    raise NotImplementedError
