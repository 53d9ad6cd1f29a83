"""Two jobs that need a memory: parity with weights set by hand, and the slots of a sentence."""

import numpy as np

from reference.bptt import sequence_loss_backward, sequence_loss_forward
from reference.encoding import one_hot
from reference.namespace import Array
from reference.srn import srn_backward, srn_forward


def parity_weights() -> tuple[Array, Array, Array, Array, Array]:
    """Weights, set by hand, of a simple recurrent network whose last output tells the parity of a bit string.

    Returns:
        wx: (1, H), wh: (H, H), b: (H,), v: (H, 1), c: (1,), float64, for any H.
    Convention: h_t = tanh(x_t wx + h_{t-1} wh + b) from h_0 = 0, x_t the bit 0 or 1; the parity after the last
        step is odd where h_T v + c > 0.
    Source: USTC slides, a recurrent network as a finite automaton.
    """
    # Two units count the ones in (state, bit): the first is on from one, the second from two. The state is the
    # difference of the two; 20 is steep enough for tanh to be a switch. At h_0 = 0 both count as half on: their
    # difference is no ones, as it should be.
    steep = 20.0
    wx = np.array([[steep, steep]])
    wh = np.array([[steep / 2, steep / 2], [-steep / 2, -steep / 2]])
    b = np.array([-0.5 * steep, -1.5 * steep])
    v = np.array([[1.0], [-1.0]])
    c = np.array([-1.0])
    return wx, wh, b, v, c


def train_slot_filling(
    tokens: Array,
    labels: Array,
    test_tokens: Array,
    *,
    vocabulary: int,
    num_labels: int,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
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
    hidden, epochs, batch, lr = 24, 25, 20, 0.02
    params = [
        rng.standard_normal((vocabulary, hidden)) / np.sqrt(hidden),
        rng.standard_normal((hidden, hidden)) / np.sqrt(hidden),
        np.zeros(hidden),
        rng.standard_normal((hidden, num_labels)) / np.sqrt(hidden),
        np.zeros(num_labels),
    ]
    squares = [np.zeros_like(param) for param in params]
    history = []
    for _ in range(epochs):
        losses = []
        for chosen in np.array_split(rng.permutation(len(tokens)), max(len(tokens) // batch, 1)):
            loss, grads = slot_gradients(params, tokens[chosen], labels[chosen], vocabulary)
            losses.append(loss)
            for i, grad in enumerate(grads):  # RMSProp
                squares[i] = 0.9 * squares[i] + 0.1 * grad * grad
                params[i] = params[i] - lr * grad / (np.sqrt(squares[i]) + 1e-6)
        history.append(float(np.mean(losses)))
    logits, _ = slot_logits(params, test_tokens, vocabulary)
    return np.argmax(logits, axis=-1), np.array(history)


def slot_logits(params: list[Array], tokens: Array, vocabulary: int) -> tuple[Array, Array]:
    """(N, T, labels) scores of every word, and the cache of the recurrent layer with its states."""
    wx, wh, b, v, c = params
    x = one_hot(tokens.reshape(-1), vocabulary).reshape(*tokens.shape, vocabulary)
    h, cache = srn_forward(x, np.zeros((len(tokens), len(wh))), wx, wh, b)
    return h @ v + c, (h, cache)


def slot_gradients(params: list[Array], tokens: Array, labels: Array, vocabulary: int) -> tuple[float, list[Array]]:
    """The mean loss of a batch, and its gradients in the order of the parameters."""
    logits, (h, cache) = slot_logits(params, tokens, vocabulary)
    lengths = np.full(len(tokens), tokens.shape[1])
    loss, loss_cache = sequence_loss_forward(logits, labels, lengths)
    dlogits = sequence_loss_backward(1.0, loss_cache)
    dv = np.einsum("nth,ntc->hc", h, dlogits)
    _, _, dwx, dwh, db = srn_backward(dlogits @ params[3].T, cache)
    return float(loss), [dwx, dwh, db, dv, dlogits.sum((0, 1))]
