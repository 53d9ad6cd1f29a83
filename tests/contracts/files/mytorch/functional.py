import numpy as np
from mytorch.autograd_engine import Autograd


def add_backward(grad_output, a, b):
    return grad_output * np.ones(a.shape), grad_output * np.ones(b.shape)


def sub_backward(grad_output, a, b):
    return grad_output, -grad_output


def mul_backward(grad_output, a, b):
    return [grad_output * b, grad_output * a]


def div_backward(grad_output, a, b):
    return grad_output / b, -grad_output * a / b**2


def matmul_backward(grad_output, a, b):
    return grad_output @ b.T, a.T @ grad_output


def log_backward(grad_output, a):
    return (grad_output / a,)


def exp_backward(grad_output, a):
    return grad_output * np.exp(a)
