import numpy as np

def sgd(w, dw, config=None):
    if config is None: config = {}
    config.setdefault('learning_rate', 1e-2)
    w -= config['learning_rate'] * dw
    return w, config

def sgd_momentum(w, dw, config=None):
    if config is None: config = {}
    v = config.get('velocity', np.zeros_like(w))
    v = config['momentum'] * v + config['learning_rate'] * dw
    config['velocity'] = v
    return w - v, config

def rmsprop(x, dx, config=None):
    config.setdefault('cache', np.zeros_like(x))
    config['cache'] = config['decay_rate'] * config['cache'] + (1 - config['decay_rate']) * dx**2
    return x - config['learning_rate'] * dx / np.sqrt(config['cache'] + config['epsilon']), config

def adam(x, dx, config=None):
    config.setdefault('m', np.zeros_like(x)); config.setdefault('v', np.zeros_like(x)); config.setdefault('t', 1)
    b1, b2 = config['beta1'], config['beta2']
    config['t'] += 1
    config['m'] = b1 * config['m'] + (1 - b1) * dx
    config['v'] = b2 * config['v'] + (1 - b2) * dx**2
    mb = config['m'] / (1 - b1 ** config['t']); vb = config['v'] / (1 - b2 ** config['t'])
    return x - config['learning_rate'] * mb / (np.sqrt(vb) + config['epsilon']), config
