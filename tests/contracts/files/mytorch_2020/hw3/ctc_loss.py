import numpy as np
from ctc import *


class CTCLoss(object):
    def __init__(self, BLANK=0):
        self.BLANK = BLANK

    def __call__(self, logits, target, input_lengths, target_lengths):
        return self.forward(logits, target, input_lengths, target_lengths)

    def forward(self, logits, target, input_lengths, target_lengths):
        self.dY = np.zeros(logits.shape)
        B, _ = target.shape
        losses = np.zeros(B)
        ctc = CTC(self.BLANK)
        for b in range(B):
            y = logits[: input_lengths[b], b]
            symbols, skips = ctc.targetWithBlank(target[b, : target_lengths[b]])
            gamma = ctc.postProb(ctc.forwardProb(y, symbols, skips), ctc.backwardProb(y, symbols, skips))
            losses[b] = -np.sum(gamma * np.log(y[:, symbols]))
            for r, symbol in enumerate(symbols):
                self.dY[: len(y), b, symbol] -= gamma[:, r] / y[:, symbol]
        return losses.mean()

    def backward(self):
        return self.dY
