import numpy as np


def GreedySearch(SymbolSets, y_probs):
    best = np.argmax(y_probs[:, :, 0], axis=0)
    prob = np.max(y_probs[:, :, 0], axis=0).prod()
    path = [s for t, s in enumerate(best) if s != 0 and (t == 0 or best[t - 1] != s)]
    return "".join(SymbolSets[s - 1] for s in path), prob
