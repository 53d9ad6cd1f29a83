from .layers import *
from .fast_layers import *

def affine_relu_forward(x, w, b):
    a, fc = affine_forward(x, w, b)
    out, r = relu_forward(a)
    return out, (fc, r)

def affine_relu_backward(dout, cache):
    fc, r = cache
    return affine_backward(relu_backward(dout, r), fc)

def conv_relu_forward(x, w, b, conv_param):
    a, fc = conv_forward_fast(x, w, b, conv_param)
    out, r = relu_forward(a)
    return out, (fc, r)

def conv_relu_backward(dout, cache):
    fc, r = cache
    return conv_backward_fast(relu_backward(dout, r), fc)

def conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param):
    a, fc = conv_forward_fast(x, w, b, conv_param)
    n, bn = spatial_batchnorm_forward(a, gamma, beta, bn_param)
    out, r = relu_forward(n)
    return out, (fc, bn, r)

def conv_bn_relu_backward(dout, cache):
    fc, bn, r = cache
    d, dg, db = spatial_batchnorm_backward(relu_backward(dout, r), bn)
    return (*conv_backward_fast(d, fc), dg, db)

def conv_relu_pool_forward(x, w, b, conv_param, pool_param):
    a, fc = conv_forward_fast(x, w, b, conv_param)
    s, r = relu_forward(a)
    out, p = max_pool_forward_fast(s, pool_param)
    return out, (fc, r, p)

def conv_relu_pool_backward(dout, cache):
    fc, r, p = cache
    return conv_backward_fast(relu_backward(max_pool_backward_fast(dout, p), r), fc)

def affine_bn_relu_forward(x, w, b, gamma, beta, bn_param):
    a, fc = affine_forward(x, w, b)
    n, bn = batchnorm_forward(a, gamma, beta, bn_param)
    out, r = relu_forward(n)
    return out, (fc, bn, r)

def affine_bn_relu_backward(dout, cache):
    fc, bn, r = cache
    d, dg, db = batchnorm_backward(relu_backward(dout, r), bn)
    return (*affine_backward(d, fc), dg, db)
