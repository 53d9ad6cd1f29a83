import numpy as np
from past.builtins import xrange

class KNearestNeighbor(object):
    def __init__(self):
        pass

    def train(self, X, y):
        self.X_train, self.y_train = X, y

    def compute_distances_two_loops(self, X):
        dists = np.zeros((X.shape[0], self.X_train.shape[0]))
        for i in xrange(dists.shape[0]):
            for j in xrange(dists.shape[1]):
                dists[i, j] = np.sqrt(np.sum((X[i] - self.X_train[j]) ** 2))
        return dists

    def compute_distances_one_loop(self, X):
        return np.array([np.sqrt(((self.X_train - X[i]) ** 2).sum(1)) for i in xrange(len(X))])

    def compute_distances_no_loops(self, X):
        squares = (X ** 2).sum(1)[:, None] - 2 * X.dot(self.X_train.T) + (self.X_train ** 2).sum(1)
        return np.sqrt(np.maximum(squares, 0))

    def predict_labels(self, dists, k=1):
        y_pred = np.zeros(dists.shape[0])
        for i in xrange(len(y_pred)):
            closest = self.y_train[np.argsort(dists[i])[:k]]
            y_pred[i] = np.bincount(closest).argmax()
        return y_pred
