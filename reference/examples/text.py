"""Worked examples on text and sequences: characters, words, a copy in another order, labels without alignment."""

import numpy as np

from reference.adaptive_optimisers import adam_init, adam_update, rmsprop_init, rmsprop_update
from reference.classification_losses import cross_entropy_backward, cross_entropy_forward
from reference.ctc import ctc_collapse, ctc_loss_backward, ctc_loss_forward
from reference.embedding import time_distributed_backward, time_distributed_forward
from reference.examples import data
from reference.examples.result import Result, Settings, Tick
from reference.language_models import (
    build_vocabulary,
    char_model_backward,
    char_model_forward,
    generate_text,
    text_windows,
    word_model_backward,
    word_model_forward,
)
from reference.lstm import lstm_backward, lstm_forward
from reference.namespace import Array
from reference.text_objectives import copy_scores, copy_training


def characters(settings: Settings, tick: Tick) -> Result:
    """The next character from a window of ten, 128 units, RMSProp; then text drawn from it (USTC slides)."""
    rng = np.random.default_rng(settings.seed)
    text = data.english(settings.pick(200_000, 8_000))
    alphabet, tokens = build_vocabulary(np.array([ord(character) for character in text]))
    x, y = text_windows(tokens, window=10)
    size, hidden, steps = len(alphabet), settings.pick(128, 32), settings.pick(1500, 120)
    split = len(x) * 9 // 10
    params = [*_lstm(rng, size, hidden), _matrix(rng, hidden, size), np.zeros(size)]
    state, losses = rmsprop_init(params), []
    for step in range(steps):
        chosen = rng.integers(0, split, 128)
        scores, cache = char_model_forward(x[chosen], *params)
        loss, loss_cache = cross_entropy_forward(scores, y[chosen])
        grads = list(char_model_backward(cross_entropy_backward(1.0, loss_cache), cache))
        params, state = rmsprop_update(params, grads, state, lr=0.003)
        losses.append(float(loss))
        tick(step + 1, steps, losses[-1])
    held = rng.integers(split, len(x), settings.pick(2000, 300))
    value = float(cross_entropy_forward(char_model_forward(x[held], *params)[0], y[held])[0])
    drawn = generate_text(x[split], rng.random(settings.pick(300, 80)), *params, temperature=0.7)
    begun = "".join(chr(code) for code in alphabet[x[split]])
    lines = [f"{begun!r} goes on:", "".join(chr(code) for code in alphabet[drawn])]
    return Result("nats a character, held out", value, {"batch": losses}, lines=lines)


def words(settings: Settings, tick: Tick) -> Result:
    """The next word at every step: embedding, two LSTMs, dropout, the same map at every step (USTC slides)."""
    rng = np.random.default_rng(settings.seed)
    found = data.english(settings.pick(300_000, 30_000)).lower().split()
    names, counts = np.unique(found, return_counts=True)
    common = names[np.argsort(-counts)[: settings.pick(600, 80)]]
    number = {word: index + 1 for index, word in enumerate(common)}  # 0 is any other word
    tokens = np.array([number.get(word, 0) for word in found])
    length, width, hidden, steps = 12, 32, settings.pick(96, 24), settings.pick(700, 60)
    split, size = len(tokens) * 9 // 10, len(common) + 1
    lstms = [*_lstm(rng, width, hidden), *_lstm(rng, hidden, hidden)]
    params = [0.1 * rng.standard_normal((size, width)), *lstms, _matrix(rng, hidden, size), np.zeros(size)]
    state, losses, p_drop = adam_init(params), [], 0.2
    for step in range(steps):
        starts = rng.integers(0, split - length - 1, 32)[:, None] + np.arange(length + 1)
        batch = tokens[starts]
        keep = rng.random((32, length, hidden)) >= p_drop
        scores, cache = word_model_forward(batch[:, :-1], keep, *params, p_drop=p_drop)
        loss, loss_cache = cross_entropy_forward(scores.reshape(-1, size), batch[:, 1:].reshape(-1))
        dscores = cross_entropy_backward(1.0, loss_cache).reshape(scores.shape)
        params, state = adam_update(params, list(word_model_backward(dscores, cache)), state, lr=0.004)
        losses.append(float(loss))
        tick(step + 1, steps, losses[-1])
    batch = tokens[rng.integers(split, len(tokens) - length - 1, 300)[:, None] + np.arange(length + 1)]
    scores, _ = word_model_forward(batch[:, :-1], np.ones((300, length, hidden), bool), *params, p_drop=0.0)
    loss, _ = cross_entropy_forward(scores.reshape(-1, size), batch[:, 1:].reshape(-1))
    return Result("perplexity, held out", float(np.exp(loss)), {"batch": losses})


def copy(settings: Settings, tick: Tick) -> Result:
    """A Transformer layer learns to write sequences down backwards."""
    rng = np.random.default_rng(settings.seed)
    source = rng.integers(0, 10, (2000, 8))
    target, updates, losses, params = source[:, ::-1], settings.pick(800, 250), [], []
    train = source[:1800], target[:1800]
    for loss, trained in copy_training(*train, vocabulary=10, updates=updates, rng=rng):
        losses.append(loss)
        params = trained
        tick(len(losses), updates, loss)
    scores, _ = copy_scores(params, source[1800:], np.ones((200, 8, 8), bool))
    right = np.argmax(scores, axis=-1) == target[1800:]
    return Result("tokens right, held out", float(right.mean()), {"batch": losses}, log=True)


def ctc(settings: Settings, tick: Tick) -> Result:
    """An LSTM hears which labels were said, never when: noisy frames of different lengths (Tsinghua slides, speech)."""
    rng = np.random.default_rng(settings.seed)
    classes, steps, labels = 5, 16, 4
    sounds = rng.standard_normal((classes, 6))
    hidden, updates = 32, settings.pick(600, 250)
    params = [*_lstm(rng, 6, hidden), _matrix(rng, hidden, classes), np.zeros(classes)]
    state, losses = adam_init(params), []
    for step in range(updates):
        x, y, lengths = _utterances(rng, sounds, 32, steps, labels)
        scores, caches = _heard(x, params)
        loss, cache = ctc_loss_forward(scores, y, np.full(32, steps), lengths)
        dh, dv, dc = time_distributed_backward(ctc_loss_backward(1.0, cache), caches[1])
        _, _, _, *grads = lstm_backward(dh, np.zeros((32, hidden)), caches[0])
        params, state = adam_update(params, [*grads, dv, dc], state, lr=0.01)
        losses.append(float(loss))
        tick(step + 1, updates, losses[-1])
    x, y, lengths = _utterances(rng, sounds, 300, steps, labels)
    found, counts = ctc_collapse(np.argmax(_heard(x, params)[0], axis=-1))
    right = [list(got[:n]) == list(wanted[:m]) for got, n, wanted, m in zip(found, counts, y, lengths, strict=True)]
    return Result("sequences heard without a mistake", float(np.mean(right)), {"batch": losses})


def _heard(x: Array, params: list[Array]) -> tuple[Array, tuple[object, object]]:
    wx, wh, b, v, c = params
    start = np.zeros((len(x), len(wh)))
    h, _, recurrent = lstm_forward(x, start, start, wx, wh, b)
    scores, out = time_distributed_forward(h, v, c)
    return scores, (recurrent, out)


def _utterances(
    rng: np.random.Generator, sounds: Array, count: int, steps: int, most: int
) -> tuple[Array, Array, Array]:
    """Frames, labels and how many: each label sounds for two or three frames, with silence now and then."""
    x = np.zeros((count, steps, sounds.shape[1]))
    y, lengths = np.ones((count, most), np.int64), rng.integers(1, most + 1, count)
    for n in range(count):
        said = rng.integers(1, len(sounds), lengths[n])
        at = 0
        for k, label in enumerate(said):
            at += int(rng.integers(0, 2)) + (k > 0 and said[k - 1] == label)  # equal labels need a pause
            long = int(rng.integers(2, 4))
            x[n, at : at + long] = sounds[label]
            at += long
        y[n, : lengths[n]] = said
    return x + 0.3 * rng.standard_normal(x.shape), y, lengths


def _matrix(rng: np.random.Generator, rows: int, columns: int) -> Array:
    return rng.standard_normal((rows, columns)) / np.sqrt(rows)


def _lstm(rng: np.random.Generator, inputs: int, hidden: int) -> list[Array]:
    """wx, wh, b; the forget gate begins open."""
    b = np.zeros(4 * hidden)
    b[hidden : 2 * hidden] = 1.0
    return [_matrix(rng, inputs, 4 * hidden), _matrix(rng, hidden, 4 * hidden), b]
