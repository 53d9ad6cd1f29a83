import numpy as np


class CTC(object):
    def __init__(self, BLANK=0):
        self.BLANK = BLANK

    def extend_target_with_blank(self, target):
        symbols = [self.BLANK]
        for s in target:
            symbols += [s, self.BLANK]
        skip = [0] * len(symbols)
        for i in range(3, len(symbols), 2):
            skip[i] = int(symbols[i] != symbols[i - 2])
        return np.array(symbols), np.array(skip)

    def get_forward_probs(self, logits, extended_symbols, skip_connect):
        S, T = len(extended_symbols), len(logits)
        alpha = np.zeros((T, S))
        alpha[0, 0] = logits[0, extended_symbols[0]]
        alpha[0, 1] = logits[0, extended_symbols[1]]
        for t in range(1, T):
            for s in range(S):
                a = alpha[t - 1, s]
                if s:
                    a += alpha[t - 1, s - 1]
                if s > 1 and skip_connect[s]:
                    a += alpha[t - 1, s - 2]
                alpha[t, s] = a * logits[t, extended_symbols[s]]
        return alpha

    def get_backward_probs(self, logits, extended_symbols, skip_connect):
        S, T = len(extended_symbols), len(logits)
        beta = np.zeros((T, S))
        beta[T - 1, S - 1] = beta[T - 1, S - 2] = 1
        for t in range(T - 2, -1, -1):
            for s in range(S):
                for j in (s, s + 1, s + 2):
                    if j < S and (j < s + 2 or skip_connect[j]):
                        beta[t, s] += beta[t + 1, j] * logits[t + 1, extended_symbols[j]]
        return beta

    def get_posterior_probs(self, alpha, beta):
        gamma = alpha * beta
        return gamma / gamma.sum(axis=1, keepdims=True)


class CTCLoss(object):
    def __init__(self, BLANK=0):
        self.ctc = CTC(BLANK)

    def __call__(self, *args):
        return self.forward(*args)

    def forward(self, logits, target, input_lengths, target_lengths):
        self.logits = logits
        self.target, self.input_lengths, self.target_lengths = target, input_lengths, target_lengths
        loss, self.gammas, self.extended = 0, [], []
        for b in range(len(target)):
            y = logits[:input_lengths[b], b]
            e, skip = self.ctc.extend_target_with_blank(target[b, :target_lengths[b]])
            alpha = self.ctc.get_forward_probs(y, e, skip)
            beta = self.ctc.get_backward_probs(y, e, skip)
            gamma = self.ctc.get_posterior_probs(alpha, beta)
            self.gammas.append(gamma)
            self.extended.append(e)
            loss -= np.sum(gamma * np.log(y[:, e]))
        return loss / len(target)

    def backward(self):
        dY = np.full_like(self.logits, 0)
        for b in range(len(self.target)):
            for t in range(self.input_lengths[b]):
                for i, s in enumerate(self.extended[b]):
                    dY[t, b, s] -= self.gammas[b][t, i] / self.logits[t, b, s]
        return dY
