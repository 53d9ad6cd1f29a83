"""From token numbers to vectors, and the same affine map at every step."""

from reference.affine import affine_backward, affine_forward
from reference.checks import require, require_shape, require_values
from reference.encoding import label_mask
from reference.namespace import Array, Cache, array_namespace, in_dtype_of


def embedding_forward(tokens: Array, table: Array) -> tuple[Array, Cache]:
    """Look each token up, out_nt = table[tokens_nt].

    Args:
        tokens: (N, T) int, in 0 .. V - 1.
        table: (V, E) float, a vector for each word of the vocabulary.
    Returns:
        out: (N, T, E), dtype of table.
        cache: opaque, for embedding_backward.
    Raises:
        ValueError: tokens is not a matrix of integers below V, or table not a matrix.
    Convention: the same as one_hot(tokens) @ table. Tokens have no gradient: the backward returns dtable alone.
    Source: Bengio et al. 2003, section 2, the matrix C.
    """
    xp = array_namespace(tokens, table)
    require_shape("tokens", tokens, ("N", "T"))
    require_shape("table", table, ("V", "E"))
    require_tokens("tokens", tokens, table.shape[0])
    steps = xp.reshape(tokens, (-1,))
    out = xp.take(table, steps, axis=0)
    return xp.reshape(out, (*tokens.shape, table.shape[1])), (tokens, table.shape)


def embedding_backward(dout: Array, cache: Cache) -> Array:
    """Gradient of embedding_forward.

    Args:
        dout: (N, T, E), gradient with respect to out.
        cache: from embedding_forward.
    Returns:
        dtable: (V, E), dtype of dout.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    tokens, shape = cache
    xp = array_namespace(dout)
    require_shape("dout", dout, (*tokens.shape, shape[1]))
    # A word that stands at several places collects from all of them: a product with the one-hot matrix adds them up.
    chosen = in_dtype_of(label_mask(xp.reshape(tokens, (-1,)), shape[0]), dout)
    return chosen.T @ xp.reshape(dout, (-1, shape[1]))


def require_tokens(name: str, tokens: Array, words: int) -> None:
    """Raise ValueError unless `tokens` are integers in 0 .. words - 1."""
    integral = array_namespace(tokens).isdtype(tokens.dtype, "integral")
    require(integral, name, f"of dtype {tokens.dtype}", "of an integer dtype")
    require_values(name, (tokens >= 0) & (tokens < words), f"in 0 .. {words - 1}")


def time_distributed_forward(x: Array, w: Array, b: Array) -> tuple[Array, Cache]:
    """The same affine map at every step, out_t = x_t w + b.

    Args:
        x: (N, T, D) float, inputs.
        w: (D, M) float, weights.
        b: (M,) float, bias.
    Returns:
        out: (N, T, M), dtype of x.
        cache: opaque, for time_distributed_backward.
    Raises:
        ValueError: x does not have three axes, or w or b does not fit it.
    Source: Keras, TimeDistributed; USTC slides, the word model.
    """
    xp = array_namespace(x)
    require_shape("x", x, ("N", "T", "D"))
    out, cache = affine_forward(xp.reshape(x, (-1, x.shape[2])), w, b)
    return xp.reshape(out, (*x.shape[:2], w.shape[1])), (cache, x.shape, w.shape[1])


def time_distributed_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Gradients of time_distributed_forward.

    Args:
        dout: (N, T, M), gradient with respect to out.
        cache: from time_distributed_forward.
    Returns:
        dx: (N, T, D), dtype of x.
        dw: (D, M), dtype of w; the sum over samples and steps.
        db: (M,), dtype of b; likewise.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    affine_cache, shape, outputs = cache
    xp = array_namespace(dout)
    require_shape("dout", dout, (*shape[:2], outputs))
    dx, dw, db = affine_backward(xp.reshape(dout, (-1, outputs)), affine_cache)
    return xp.reshape(dx, shape), dw, db
