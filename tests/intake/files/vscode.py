# %% [markdown]
# # Back-propagation

# %%
get_ipython().run_line_magic('pip', 'install -q numpy')
import numpy as np
import matplotlib.pyplot as plt
get_ipython().run_line_magic('matplotlib', 'inline')

# %%
def chain_forward(x):
    return np.sin(x**2), x


def chain_backward(dout, cache):
    return dout * 2 * cache * np.cos(cache**2)


# %%
def affine_forward(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(0)


# %%
plt.plot(np.arange(3))
get_ipython().system('ls')
