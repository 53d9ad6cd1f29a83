"""What a Transformer is trained for: the next token, or a token that was covered; and a task to learn."""

from collections.abc import Iterator

import numpy as np

from reference.adaptive_optimisers import adam_init, adam_update
from reference.checks import require_shape
from reference.embedding import embedding_backward, embedding_forward, require_tokens
from reference.encoding import at_labels, label_mask
from reference.namespace import Array, Cache, array_namespace, in_dtype_of
from reference.softmax import log_softmax_forward
from reference.transformer import encoder_layer_backward, encoder_layer_forward


def next_token_loss_forward(scores: Array, tokens: Array) -> tuple[Array, Cache]:
    """The causal objective (GPT): the scores at step t are for the token at step t + 1.

    Args:
        scores: (N, T, V) float.
        tokens: (N, T) int, in 0 .. V - 1, T at least 2.
    Returns:
        loss: (), the mean cross-entropy over samples and the steps 0 .. T - 2; dtype of scores.
        cache: opaque, for next_token_loss_backward.
    Raises:
        ValueError: a shape or token does not fit, or nothing is scored.
    Source: Radford et al. 2018, equation 1; USTC slides, GPT.
    """
    xp = array_namespace(scores, tokens)
    require_shape("scores", scores, ("N", "T", "V"))
    require_shape("tokens", tokens, tuple(scores.shape[:2]))
    nothing = xp.zeros((tokens.shape[0], 1), dtype=xp.bool, device=tokens.device)
    scored = xp.concat([xp.ones_like(tokens[:, 1:], dtype=xp.bool), nothing], axis=1)
    following = xp.concat([tokens[:, 1:], tokens[:, :1]], axis=1)
    return cloze_loss_forward(scores, following, scored)


def next_token_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """Gradient of next_token_loss_forward.

    Args:
        dloss: (), gradient with respect to loss.
        cache: from next_token_loss_forward.
    Returns:
        dscores: (N, T, V), dtype of scores; 0 at the last step.
    Raises:
        ValueError: dloss does not have the shape of loss.
    """
    return cloze_loss_backward(dloss, cache)


def cloze_loss_forward(scores: Array, tokens: Array, covered: Array) -> tuple[Array, Cache]:
    """The cloze objective (BERT): the scores at a covered step are for the token that stood there.

    Args:
        scores: (N, T, V) float.
        tokens: (N, T) int, in 0 .. V - 1, what stood there.
        covered: (N, T) bool, which steps were covered.
    Returns:
        loss: (), the mean cross-entropy over the covered steps of all samples, 0 if there are none; dtype of scores.
        cache: opaque, for cloze_loss_backward.
    Raises:
        ValueError: a shape or token does not fit.
    Source: Devlin et al. 2019, section 3.1; USTC slides, BERT.
    """
    xp = array_namespace(scores, tokens)
    require_shape("scores", scores, ("N", "T", "V"))
    require_shape("tokens", tokens, tuple(scores.shape[:2]))
    require_shape("covered", covered, tuple(scores.shape[:2]))
    require_tokens("tokens", tokens, scores.shape[2])
    log_probs, _ = log_softmax_forward(xp.reshape(scores, (-1, scores.shape[2])))
    flat = xp.reshape(tokens, (-1,))
    weights = in_dtype_of(xp.reshape(covered, (-1,)), scores)
    count = xp.sum(weights)
    weights = weights / xp.where(count > 0, count, 1)
    loss = -xp.sum(weights * at_labels(log_probs, flat))
    return loss, (log_probs, flat, weights, scores.shape)


def cloze_loss_backward(dloss: Array | float, cache: Cache) -> Array:
    """Gradient of cloze_loss_forward.

    Args:
        dloss: (), gradient with respect to loss.
        cache: from cloze_loss_forward.
    Returns:
        dscores: (N, T, V), dtype of scores; 0 where nothing was covered.
    Raises:
        ValueError: dloss does not have the shape of loss.
    """
    log_probs, flat, weights, shape = cache
    xp = array_namespace(log_probs)
    dloss = xp.asarray(dloss, dtype=log_probs.dtype)
    require_shape("dloss", dloss, ())
    difference = xp.exp(log_probs) - in_dtype_of(label_mask(flat, shape[2]), log_probs)
    return xp.reshape(dloss * weights[:, None] * difference, shape)


def train_copy(
    source: Array, target: Array, test_source: Array, *, vocabulary: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Learn to write a sequence down in another order, and do it for new ones.

    Args:
        source: (N, T) int, tokens in 0 .. vocabulary - 1.
        target: (N, T) int, the same tokens in an order that is the same for all samples, but not told.
        test_source: (P, T) int, sequences to write down.
        vocabulary: how many tokens there are.
        rng: source of chance.
    Returns:
        predicted: (P, T) int.
        history: (updates,) float64, the training loss of each update.
    Convention: a Transformer layer of any size; without attention a step knows its own token only.
    Source: Vaswani et al. 2017; Graves et al. 2014, the copy task.
    """
    history, params = [], []
    for loss, trained in copy_training(source, target, vocabulary=vocabulary, updates=100, rng=rng):
        history.append(loss)
        params = trained
    everywhere = np.ones((*test_source.shape, test_source.shape[1]), dtype=bool)
    scores, _ = copy_scores(params, test_source, everywhere)
    return np.argmax(scores, axis=-1), np.array(history)


def copy_training(
    source: Array, target: Array, *, vocabulary: int, updates: int, rng: np.random.Generator
) -> Iterator[tuple[float, list[Array]]]:
    """Adam on batches of 64: after each update the loss before it, and the parameters."""
    steps, width, hidden, batch = source.shape[1], 32, 64, 64
    params = copy_parameters(rng, vocabulary, steps, width, hidden)
    state = adam_init(params)
    mask = np.ones((batch, steps, steps), dtype=bool)
    for _ in range(updates):
        chosen = rng.integers(0, len(source), batch)
        scores, caches = copy_scores(params, source[chosen], mask)
        loss, cache = cloze_loss_forward(scores, target[chosen], np.ones((batch, steps), dtype=bool))
        dscores = cloze_loss_backward(1.0, cache)
        params, state = adam_update(params, copy_gradients(dscores, caches), state, lr=0.01)
        yield float(loss), params


def copy_parameters(rng: np.random.Generator, vocabulary: int, steps: int, width: int, hidden: int) -> list[Array]:
    """Embedding, learned places, an encoder layer, and the map to scores; matrices by Glorot's rule."""

    def matrix(rows: int, columns: int) -> Array:
        return rng.standard_normal((rows, columns)) * np.sqrt(2 / (rows + columns))

    square = [matrix(width, width) for _ in range(4)]
    norms = [np.ones(width), np.zeros(width)]
    ffn = [matrix(width, hidden), np.zeros(hidden), matrix(hidden, width), np.zeros(width)]
    embeddings = [rng.standard_normal((vocabulary, width)), rng.standard_normal((steps, width))]
    return [*embeddings, *square, *norms, *ffn, *norms, matrix(width, vocabulary), np.zeros(vocabulary)]


def copy_scores(params: list[Array], tokens: Array, mask: Array) -> tuple[Array, Cache]:
    """(N, T, V) scores, and what the gradients need."""
    embedded, lookup = embedding_forward(tokens, params[0])
    h, layer = encoder_layer_forward(embedded + params[1], mask, params[2:14], heads=2)
    return h @ params[14] + params[15], (lookup, layer, h, params[14])


def copy_gradients(dscores: Array, cache: Cache) -> list[Array]:
    """The gradients of copy_scores, in the order of its parameters."""
    lookup, layer, h, w = cache
    dw = np.einsum("nte,ntv->ev", h, dscores)
    dh, dlayer = encoder_layer_backward(dscores @ w.T, layer)
    return [embedding_backward(dh, lookup), dh.sum(0), *dlayer, dw, dscores.sum((0, 1))]
