import numpy as np


class GreedySearchDecoder(object):
    def __init__(self, symbol_set):
        self.symbol_set = symbol_set

    def decode(self, y_probs):
        path_prob, path, last = 1, [], None
        for t in range(y_probs.shape[1]):
            best = np.argmax(y_probs[:, t, 0])
            path_prob *= y_probs[best, t, 0]
            if best != last and best != 0:
                path.append(self.symbol_set[best - 1])
            last = best
        return "".join(path), path_prob


class BeamSearchDecoder(object):
    def __init__(self, symbol_set, beam_width):
        self.symbol_set, self.beam_width = symbol_set, beam_width

    def decode(self, y_probs):
        blank, symbol = {"": y_probs[0, 0, 0]}, {s: y_probs[i + 1, 0, 0] for i, s in enumerate(self.symbol_set)}
        for t in range(1, y_probs.shape[1]):
            scores = sorted([*blank.values(), *symbol.values()], reverse=True)[: self.beam_width]
            blank = {p: v for p, v in blank.items() if v >= scores[-1]}
            symbol = {p: v for p, v in symbol.items() if v >= scores[-1]}
            new_blank, new_symbol = {}, {}
            for p, v in [*blank.items(), *symbol.items()]:
                new_blank[p] = new_blank.get(p, 0) + v * y_probs[0, t, 0]
            for i, s in enumerate(self.symbol_set):
                for p, v in blank.items():
                    new_symbol[p + s] = new_symbol.get(p + s, 0) + v * y_probs[i + 1, t, 0]
                for p, v in symbol.items():
                    q = p if p[-1] == s else p + s
                    new_symbol[q] = new_symbol.get(q, 0) + v * y_probs[i + 1, t, 0]
            blank, symbol = new_blank, new_symbol
        merged = dict(symbol)
        for p, v in blank.items():
            merged[p] = merged.get(p, 0) + v
        return max(merged, key=merged.get), merged
