"""Unit 14: layers of a framework, and the model that lines them up."""

from __future__ import annotations

from graders.misconceptions.variant import chaff, known

SQUEEZED = known("axes of size 1 are squeezed away")
FLOAT64 = known("a float64 array joins the computation: float32 in gives float64 out")
CLASS_CACHE = known("the cache is kept on the class: another layer's forward overwrites it")
WEIGHTS_CHANGED = known("the backward changes the weights itself: that is for the optimiser")
GRADS_ORDER = known("the gradients do not stand in the order of the parameters")
BIAS_FORGOTTEN = known("the bias is not added")
DB_MEAN = known("db is averaged over the batch, not summed")
DW_MEAN = known("dw is averaged over the batch, not summed")
NOT_THROUGH_TIME = known("no gradient is carried back from the step after")
LAST_STEP_WEIGHTS = known("weight gradients come from the last step alone, not from all of them")
ALL_ZERO = known("build makes all weights zero: every unit then stays like all the others")
SHAPE_KEPT = known("build returns the shape of the input, not that of the output")
BUILT_TRANSPOSED = known("build makes the weights the other way round")
STEPS_FORGOTTEN = known("build leaves out the steps from the shape of the output")
STEPS_FOR_WIDTH = known("build counts the steps where it should count the features of one")
OPTION_FORGOTTEN = known("build counts on stride 1, whatever the stride is")
ONE_SHAPE = known("build returns the shape of the last output though return_sequences is True")
OVERWRITTEN = known("a word that occurs twice keeps one of its gradients, not their sum")

DENSE_OUT = "return affine_forward(x, *params)"
DENSE_GRADS = "return dx, [dw, db]"
AFFINE_DB = "db = array_namespace(dout).sum(dout, axis=0)"
ACTIVATED = "return LAYER_ACTIVATIONS[self.name][0](x)"
ACTIVATED_BACK = "return LAYER_ACTIVATIONS[self.name][1](dout, cache), []"
FLAT = "return array_namespace(x).reshape(x, (x.shape[0], size)), x.shape"
FLAT_BACK = "return array_namespace(dout).reshape(dout, cache), []"
CONV = "return conv2d_forward(x, *params, stride=self.stride, padding=self.padding)"
CONV_GRADS = "return dx, [dw, db]"
POOLED = "return max_pool2d_forward(x, kernel=self.size, stride=self.size)"
POOL_MAX = "return xp.max(windows, axis=2), (x.shape, winner == elements, kernel, stride)"
POOL_BACK = "return add_windows(dout[:, :, None, :, :] * in_dtype_of(is_winner, dout), shape, (kernel, kernel), stride)"
EMBEDDED = "return embedding_forward(x, *params)"
EMBEDDED_BACK = "return None, [embedding_backward(dout, cache)]"
DTABLE = "return chosen.T @ xp.reshape(dout, (-1, shape[1]))"
ONE_OUT = "return (h if self.return_sequences else h[:, -1, :]), (cache, tuple(h.shape))"
SILENT = "return xp.concat([silent, dlast[:, None, :]], axis=1)"
START = "start = xp.zeros((x.shape[0], self.units), dtype=params[0].dtype, device=x.device)"
SRN_DZ = "dz = (dh[:, t, :] + carried) * (1 - h * h)"
LSTM_BLOCKS = "z_i, z_f, z_g, z_o = blocks(z, 4)"
LSTM_DC = "dc = dc + dh * o * (1 - a * a)"
LSTM_SUM = "totals = [total + grad for total, grad in zip(totals, grads, strict=True)] if totals else grads"
LSTM_STEP = "dx, carried, dc, *grads = step_backward(dh[:, t, :] + carried, dc, caches[t])"
TIMED = "return xp.reshape(out, (*x.shape[:2], *out.shape[1:])), (cache, tuple(x.shape))"
TIMED_BACK = "return xp.reshape(dx, shape), grads"
PARTS = "parts = [x[start : min(start + batch_size, samples), ...] for start in range(0, samples, batch_size)]"
EVALUATION = "return array_namespace(out).asarray(self._score(out, y), dtype=out.dtype)"
BATCHES = "for start in range(0, samples, batch_size):\n                chosen"
STATE_KEPT = "weights, self.state = update(self.get_weights(), flat, self.state, lr=self.lr)"
FLAT_GRADS = "flat = [grad for own in grads for grad in own]"
HITS = "return float(xp.mean(xp.astype(hits, xp.float64)))"
ORDER = "order = self.rng.permutation(samples) if shuffle else np.arange(samples)"
HELD_OUT = "row += self._score(self.predict(validation_data[0]), validation_data[1])"
EPOCH_TOTAL = "total = [sum_ + score * chosen.shape[0] for sum_, score in zip(total, scores, strict=True)]"
ADAM_C = "c1, c2 = 1 - beta1**step, 1 - beta2**step"
LOAD_WEIGHTS = 'model.set_weights([saved[f"weight_{index}"] for index in range(len(model.get_weights()))])'
SAVED_LAYERS = "layers = [(type(layer).__name__, layer_options(layer)) for layer in self.layers]"

DENSE_BUILT = (
    "return [glorot_uniform(rng, shape[0], self.units, (shape[0], self.units)), np.zeros(self.units)], (self.units,)"
)
CONV_BUILT = "return [w, np.zeros(self.filters)], (self.filters, height, width)"
CONV_SIZES = "conv_output_size(size, self.kernel, stride=self.stride, padding=self.padding) for size in shape[1:]"
EMBEDDING_BUILT = "return [rng.uniform(-0.05, 0.05, (self.words, self.width))], (shape[0], self.width)"
RECURRENT_BUILT = "return params, (shape[0], self.units) if self.return_sequences else (self.units,)"
WX_BUILT = "glorot_uniform(rng, shape[1], wide, (shape[1], wide)),"
WH_BUILT = "glorot_uniform(rng, self.units, wide, (self.units, wide)),"
HEARD = "dh = dout if self.return_sequences else at_last_step(dout, shape)"

CHAFFS = (
    chaff("dense_layer", "bias_forgotten", BIAS_FORGOTTEN, "forward", (DENSE_OUT, "return affine_forward(x, params[0], 0 * params[1])")),
    chaff("dense_layer", "relu", known("the layer is linear: an activation is a layer of its own"), "forward",
          (DENSE_OUT, "z, cache = affine_forward(x, *params); return np.maximum(z, 0), cache")),
    chaff("dense_layer", "bias_first_unit", known("every unit gets the bias of the first"), "forward",
          (DENSE_OUT, "return affine_forward(x, params[0], 0 * params[1] + params[1][0])")),
    chaff("dense_layer", "grads_order", GRADS_ORDER, "gradients", (DENSE_GRADS, "return dx, [db, dw]"), also="shape"),
    chaff("dense_layer", "db_mean", DB_MEAN, "gradients", (AFFINE_DB, AFFINE_DB + " / max(len(dout), 1)")),
    chaff("dense_layer", "dw_mean", DW_MEAN, "gradients", ("dw = x.T @ dout", "dw = x.T @ dout / max(len(x), 1)")),
    chaff("dense_layer", "db_row", known("db is a matrix of one row: it should have the shape of b"), "shape",
          (AFFINE_DB, "db = dout.sum(axis=0, keepdims=True)")),
    chaff("dense_layer", "weights_changed", WEIGHTS_CHANGED, "purity", (DENSE_GRADS, "cache[1][...] -= 0.01 * dw; return dx, [dw, db]")),
    chaff("dense_layer", "class_cache", CLASS_CACHE, "purity",
          (DENSE_OUT, "out, Dense.kept = affine_forward(x, *params); return out, None"),
          ("affine_backward(dout, cache)\n", "affine_backward(dout, Dense.kept)\n")),
    chaff("dense_layer", "squeezed", SQUEEZED, "edges", (DENSE_OUT, "out, cache = affine_forward(x, *params); return out.squeeze(), cache")),
    chaff("dense_layer", "float64_zeros", FLOAT64, "float32",
          (DENSE_OUT, "out, cache = affine_forward(x, *params); return np.zeros(out.shape) + out, cache")),
    chaff("dense_layer", "zeros_built", ALL_ZERO, "build", (DENSE_BUILT, DENSE_BUILT.replace("[glorot_uniform(", "[0 * glorot_uniform("))),
    chaff("dense_layer", "built_transposed", BUILT_TRANSPOSED, "build", (DENSE_BUILT, DENSE_BUILT.replace("(shape[0], self.units)),", "(self.units, shape[0])),"))),
    chaff("dense_layer", "bias_row_built", known("build makes the bias a matrix of one row"), "build", (DENSE_BUILT, DENSE_BUILT.replace("np.zeros(self.units)", "np.zeros((1, self.units))"))),
    chaff("dense_layer", "bias_not_built", known("build makes no bias"), "build", (DENSE_BUILT, DENSE_BUILT.replace(", np.zeros(self.units)]", "]"))),
    chaff("dense_layer", "shape_kept", SHAPE_KEPT, "build", (DENSE_BUILT, DENSE_BUILT.replace("], (self.units,)", "], shape"))),
    chaff("activation_layer", "softmax_diagonal", known("the Jacobian of softmax is taken to be diagonal, a (1 - a)"), "gradients",
          ("return a * (dout - mean)", "return dout * a * (1 - a)")),
    chaff("activation_layer", "softmax_over_steps", known("softmax sums over the second axis, not over the last"), "forward",
          (ACTIVATED, 'if self.name == "softmax": e = np.exp(x - x.max(axis=1, keepdims=True)); a = e / e.sum(axis=1, keepdims=True); return a, a\n        ' + ACTIVATED)),
    chaff("activation_layer", "softmax_over_the_batch", known("softmax sums over the samples, not over the classes"), "forward",
          ("a = exponentials / xp.sum(exponentials, axis=-1, keepdims=True)", "a = exponentials / xp.sum(exponentials, axis=0, keepdims=True)")),
    chaff("activation_layer", "relu_mask_by_dout", known("it masks by the upstream gradient, not by the input"), "gradients",
          ("return dout * is_positive(x)", "return dout * is_positive(dout)")),
    chaff("activation_layer", "tanh_twice", known("tanh is applied once more in its derivative"), "gradients",
          ("return dout * (1 - a * a)", "return dout * (1 - np.tanh(a) ** 2)")),
    chaff("activation_layer", "sigmoid_slope_without_a", known("the derivative is 1 - a: the factor a is missing"), "gradients",
          ("dout * (a * (1 - a))", "dout * (1 - a)")),
    chaff("activation_layer", "sigmoid_for_tanh", known('"tanh" and "sigmoid" are exchanged'), "forward",
          ('"sigmoid": (sigmoid_forward, sigmoid_backward),', '"sigmoid": (tanh_forward, tanh_backward),'),
          ('"tanh": (tanh_forward, tanh_backward),', '"tanh": (sigmoid_forward, sigmoid_backward),')),
    chaff("activation_layer", "slope_forgotten", known("the slope of the activation is left out of the backward"), "gradients",
          (ACTIVATED_BACK, "return dout, []")),
    chaff("activation_layer", "squeezed", SQUEEZED, "edges", (ACTIVATED, "out, cache = LAYER_ACTIVATIONS[self.name][0](x); return out.squeeze(), cache")),
    chaff("activation_layer", "gradient_for_nothing", known("a layer without parameters returns a gradient for one"), "gradients",
          ("[1](dout, cache), []", "[1](dout, cache), [dout]"), also="shape"),
    chaff("activation_layer", "float64_zeros", FLOAT64, "float32",
          (ACTIVATED, "out, cache = LAYER_ACTIVATIONS[self.name][0](x); return np.zeros(x.shape) + out, cache")),
    chaff("activation_layer", "built_none", known("build returns None for no parameters, not []"), "build", ("return [], shape", "return None, shape")),
    chaff("activation_layer", "built_one_axis", known("build returns the last axis alone as the shape of the output"), "build", ("return [], shape", "return [], shape[-1:]")),
    chaff("flatten_layer", "columns_first", known("the elements are laid out column by column, not row by row"), "forward",
          (FLAT, "return x.reshape((x.shape[0], size), order='F'), x.shape")),
    chaff("flatten_layer", "channels_last", known("the channels are laid out last, not first"), "forward",
          (FLAT, "return np.moveaxis(x, 1, 3).reshape((x.shape[0], size)), x.shape")),
    chaff("flatten_layer", "batch_flattened", known("the batch is flattened too: every sample should keep its row"), "shape",
          (FLAT, "return x.reshape(-1), x.shape"), also="forward"),
    chaff("flatten_layer", "backward_columns_first", known("the backward lays the gradient out column by column, not row by row"), "gradients",
          (FLAT_BACK, "return dout.reshape(cache, order='F'), []")),
    chaff("flatten_layer", "dx_flat", known("dx stays flat: it should have the shape of x"), "shape", (FLAT_BACK, "return dout, []"), also="gradients"),
    chaff("flatten_layer", "no_samples", known("an empty batch fails: reshape cannot infer -1 from no elements"), "edges",
          (FLAT, "return x.reshape(x.shape[0], -1), x.shape")),
    chaff("flatten_layer", "gradient_for_nothing", known("a layer without parameters returns a gradient for one"), "gradients",
          ("reshape(dout, cache), []", "reshape(dout, cache), [dout]"), also="shape"),
    chaff("flatten_layer", "float64_zeros", FLOAT64, "float32", (FLAT, "out = np.zeros((x.shape[0], size)); out[...] = x.reshape(out.shape); return out, x.shape")),
    chaff("flatten_layer", "built_one_axis", known("build returns the last axis alone as the shape of the output"), "build", ("return [], (size,)", "return [], (shape[-1],)")),
    chaff("flatten_layer", "shape_kept", SHAPE_KEPT, "build", ("return [], (size,)", "return [], shape")),
    chaff("conv2d_layer", "flipped", known("the kernel is flipped: it should be a cross-correlation"), "forward",
          (CONV, CONV.replace("padding=self.padding", "padding=self.padding, flip=True"))),
    chaff("conv2d_layer", "bias_forgotten", BIAS_FORGOTTEN, "forward", ("*out_shape)) + b[:, None, None]", "*out_shape)) + 0 * b[:, None, None]")),
    chaff("conv2d_layer", "same_other_side", known('the odd zero of "same" stands before the image, not behind it'), "forward",
          ("return (kernel - 1) // 2, kernel // 2", "return kernel // 2, (kernel - 1) // 2")),
    chaff("conv2d_layer", "edge_repeated", known("the padding repeats the edge: it should be zeros"), "forward",
          ("padded[:, :, top : top + height, left : left + width] = x", "padded[...] = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), 'edge') if x.size else 0")),
    chaff("conv2d_layer", "grads_order", GRADS_ORDER, "gradients", (CONV_GRADS, "return dx, [db, dw]"), also="shape"),
    chaff("conv2d_layer", "dx_uncentred", known("dx is cut from the corner of the padded gradient, not from where the image stands"), "gradients",
          ("return padded[:, :, top : top + height, left : left + width]", "return padded[:, :, :height, :width]")),
    chaff("conv2d_layer", "overlap_overwritten", known("where windows overlap dx keeps one gradient, not their sum"), "gradients",
          ("j : j + stride * (columns - 1) + 1 : stride] += dwindows[", "j : j + stride * (columns - 1) + 1 : stride] = dwindows[")),
    chaff("conv2d_layer", "dw_transposed", known("rows and columns of dw are exchanged"), "gradients", (CONV_GRADS, "return dx, [dw.swapaxes(2, 3), db]")),
    chaff("conv2d_layer", "dw_mean", DW_MEAN, "gradients", (CONV_GRADS, "return dx, [dw / max(len(dx), 1), db]")),
    chaff("conv2d_layer", "db_not_over_places", known("db is summed over the batch but not over the places"), "shape",
          (CONV_GRADS, "return dx, [dw, dout.sum(axis=0)]"), also="gradients"),
    chaff("conv2d_layer", "weights_changed", WEIGHTS_CHANGED, "purity",
          (CONV, "out, cache = conv2d_forward(x, *params, stride=self.stride, padding=self.padding); return out, (cache, params[0])"),
          ("dx, dw, db = conv2d_backward(dout, cache)", "dx, dw, db = conv2d_backward(dout, cache[0]); cache[1][...] -= 0.01 * dw")),
    chaff("conv2d_layer", "squeezed", SQUEEZED, "edges", (CONV, CONV.replace("return", "out, cache =") + "; return out.squeeze(), cache")),
    chaff("conv2d_layer", "float64_padding", FLOAT64, "float32", ("padded = xp.zeros(shape, dtype=x.dtype, device=x.device)", "padded = np.zeros(shape)")),
    chaff("conv2d_layer", "stride_ignored", known("it moves by one pixel, whatever the stride is"), "forward", (CONV, CONV.replace("stride=self.stride", "stride=1")), also="shape"),
    chaff("conv2d_layer", "never_padded", known("it is narrow, whatever the padding is"), "forward", (CONV, CONV.replace("padding=self.padding", "padding='narrow'")), also="shape"),
    chaff("conv2d_layer", "zeros_built", ALL_ZERO, "build", (CONV_BUILT, CONV_BUILT.replace("[w,", "[0 * w,"))),
    chaff("conv2d_layer", "built_without_stride", OPTION_FORGOTTEN, "build", (CONV_SIZES, CONV_SIZES.replace("stride=self.stride", "stride=1"))),
    chaff("conv2d_layer", "built_without_padding", known("build counts on no padding, whatever the padding is"), "build", (CONV_SIZES, CONV_SIZES.replace("padding=self.padding", "padding='narrow'"))),
    chaff("conv2d_layer", "channels_and_filters_built", known("build exchanges channels and filters in the weights"), "build",
          ("(self.filters, shape[0], self.kernel, self.kernel)", "(shape[0], self.filters, self.kernel, self.kernel)")),
    chaff("conv2d_layer", "channels_kept", known("build returns the input's channels, not the filters, in the shape of the output"), "build",
          (CONV_BUILT, CONV_BUILT.replace("(self.filters, height", "(shape[0], height"))),
    chaff("max_pool2d_layer", "mean", known("it is the mean of the window, not the largest"), "forward", (POOL_MAX, POOL_MAX.replace("xp.max", "xp.mean"))),
    chaff("max_pool2d_layer", "starts_at_zero", known("the largest starts at 0: a window of negative numbers gives 0"), "forward",
          (POOL_MAX, POOL_MAX.replace("xp.max(windows, axis=2)", "np.maximum(xp.max(windows, axis=2), 0)"))),
    chaff("max_pool2d_layer", "all_get_gradient", known("every element of the window gets the gradient, not the largest alone"), "gradients",
          (POOL_BACK, POOL_BACK.replace("is_winner, dout)", "is_winner | True, dout)"))),
    chaff("max_pool2d_layer", "mean_in_backward", known("the gradient is shared by the window, as for the mean"), "gradients",
          (POOL_BACK, POOL_BACK.replace("is_winner, dout)", "is_winner | True, dout) / kernel**2"))),
    chaff("max_pool2d_layer", "first_gets_gradient", known("the gradient goes to the window's first element, not to its largest"), "gradients",
          (POOL_MAX, POOL_MAX.replace("winner ==", "0 * winner =="))),
    chaff("max_pool2d_layer", "rows_and_columns", known("rows and columns of the window are exchanged in the backward"), "gradients",
          ("i, j = divmod(element, kernel[1])", "j, i = divmod(element, kernel[1])")),
    chaff("max_pool2d_layer", "class_cache", CLASS_CACHE, "purity",
          (POOLED, "out, MaxPool2D.kept = max_pool2d_forward(x, kernel=self.size, stride=self.size); return out, None"),
          ("return max_pool2d_backward(dout, cache), []", "return max_pool2d_backward(dout, MaxPool2D.kept), []")),
    chaff("max_pool2d_layer", "squeezed", SQUEEZED, "edges", (POOLED, POOLED.replace("return", "out, cache =") + "; return out.squeeze(), cache")),
    chaff("max_pool2d_layer", "float64_zeros", FLOAT64, "float32", ("dx = array_namespace(dwindows).zeros(shape, dtype=dwindows.dtype, device=dwindows.device)", "dx = np.zeros(shape)")),
    chaff("max_pool2d_layer", "two_by_two", known("windows are 2 by 2, whatever the size is"), "forward", (POOLED, POOLED.replace("self.size", "2")), also="shape"),
    chaff("max_pool2d_layer", "overlapping", known("windows move by one pixel: they should not overlap"), "forward", (POOLED, POOLED.replace("stride=self.size", "stride=1")), also="shape"),
    chaff("max_pool2d_layer", "shape_kept", SHAPE_KEPT, "build", ("return [], (shape[0], height, width)", "return [], shape")),
    chaff("max_pool2d_layer", "channels_pooled", known("build divides the channels too by the size of the window"), "build",
          ("return [], (shape[0], height, width)", "return [], (max(shape[0] // self.size, 1), height, width)")),
    chaff("embedding_layer", "repeated_word_overwritten", OVERWRITTEN, "gradients",
          (DTABLE, "dtable = 0 * (chosen.T @ xp.reshape(dout, (-1, shape[1]))); dtable[tokens] += dout; return dtable")),
    chaff("embedding_layer", "counted_from_one", known("words are counted from 1, not from 0"), "forward", ("out = xp.take(table, steps, axis=0)", "out = xp.take(table, steps - 1, axis=0)")),
    chaff("embedding_layer", "zero_is_padding", known("word 0 is taken for padding: its vector is zero"), "forward",
          (EMBEDDED, "out, cache = embedding_forward(x, *params); return out * (x > 0)[:, :, None].astype(out.dtype), cache")),
    chaff("embedding_layer", "dtable_mean", known("dtable is averaged over the batch, not summed"), "gradients", (DTABLE, DTABLE + " / max(len(tokens), 1)")),
    chaff("embedding_layer", "not_a_list", known("the gradient is not in a list: there should be one for each parameter"), "shape",
          (EMBEDDED_BACK, "return None, embedding_backward(dout, cache)"), also="gradients"),
    chaff("embedding_layer", "class_cache", CLASS_CACHE, "purity",
          (EMBEDDED, "out, Embedding.kept = embedding_forward(x, *params); return out, None"),
          (EMBEDDED_BACK, EMBEDDED_BACK.replace("cache", "Embedding.kept"))),
    chaff("embedding_layer", "squeezed", SQUEEZED, "edges", (EMBEDDED, "out, cache = embedding_forward(x, *params); return out.squeeze(), cache")),
    chaff("embedding_layer", "float64_one_hot", FLOAT64, "float32",
          ("chosen = in_dtype_of(label_mask(xp.reshape(tokens, (-1,)), shape[0]), dout)", "chosen = np.eye(shape[0])[tokens.reshape(-1)]")),
    chaff("embedding_layer", "steps_forgotten", STEPS_FORGOTTEN, "build", (EMBEDDING_BUILT, EMBEDDING_BUILT.replace("(shape[0], self.width)", "(self.width,)"))),
    chaff("embedding_layer", "built_transposed", BUILT_TRANSPOSED, "build", (EMBEDDING_BUILT, EMBEDDING_BUILT.replace("(self.words, self.width)", "(self.width, self.words)"))),
    chaff("simple_rnn_layer", "first_output", known("it returns the output of the first step, not of the last"), "forward", (ONE_OUT, ONE_OUT.replace("-1", "0"))),
    chaff("simple_rnn_layer", "mean_output", known("it returns the mean of the outputs, not the last"), "forward", (ONE_OUT, ONE_OUT.replace("h[:, -1, :]", "h.mean(axis=1)"))),
    chaff("simple_rnn_layer", "every_output", known("it returns every output though return_sequences is False"), "shape",
          (ONE_OUT, "return h, (cache, tuple(h.shape))"), also="forward"),
    chaff("simple_rnn_layer", "every_step_heard", known("every step gets the upstream gradient: only the last output is returned"), "gradients",
          (SILENT, "return xp.concat([0 * silent + dlast[:, None, :], dlast[:, None, :]], axis=1)")),
    chaff("simple_rnn_layer", "first_step_heard", known("the upstream gradient goes to the first step, not to the last"), "gradients",
          (SILENT, "return xp.concat([dlast[:, None, :], silent], axis=1)")),
    chaff("simple_rnn_layer", "not_through_time", NOT_THROUGH_TIME, "gradients", (SRN_DZ, "dz = dh[:, t, :] * (1 - h * h)")),
    chaff("simple_rnn_layer", "tanh_twice", known("tanh is applied once more in its derivative"), "gradients", (SRN_DZ, "dz = (dh[:, t, :] + carried) * (1 - np.tanh(h) ** 2)")),
    chaff("simple_rnn_layer", "dwh_new_state", known("dwh multiplies by the new state, not by the one before"), "gradients", ("zip(states, dzs, strict=False)", "zip(states[1:], dzs, strict=False)")),
    chaff("simple_rnn_layer", "dwx_last_step", LAST_STEP_WEIGHTS, "gradients", ("dwx = sum(x[:, t, :].T @ dz for t, dz in enumerate(dzs))", "dwx = x[:, -1, :].T @ dzs[-1]")),
    chaff("simple_rnn_layer", "class_cache", CLASS_CACHE, "purity",
          (ONE_OUT, "SimpleRNN.kept = cache, tuple(h.shape); return (h if self.return_sequences else h[:, -1, :]), None"),
          ("steps, shape = cache", "steps, shape = SimpleRNN.kept")),
    chaff("simple_rnn_layer", "squeezed", SQUEEZED, "edges", (ONE_OUT, ONE_OUT.replace("h[:, -1, :])", "h[:, -1, :].squeeze())"))),
    chaff("simple_rnn_layer", "float64_start", FLOAT64, "float32", (START, "start = np.zeros((x.shape[0], self.units))")),
    chaff("simple_rnn_layer", "last_step_heard_alone", known("only the last step gets its upstream gradient though every output is returned"), "gradients",
          (HEARD, "dh = at_last_step(dout[:, -1], shape) if self.return_sequences else at_last_step(dout, shape)")),
    chaff("simple_rnn_layer", "one_shape", ONE_SHAPE, "build", (RECURRENT_BUILT, "return params, (self.units,)")),
    chaff("simple_rnn_layer", "steps_for_width", STEPS_FOR_WIDTH, "build", (WX_BUILT, WX_BUILT.replace("shape[1]", "shape[0]"))),
    chaff("simple_rnn_layer", "bias_not_built", known("build makes no bias"), "build", ("            np.zeros(wide),\n", "")),
    chaff("lstm_layer", "last_output", known("it returns the last output alone though return_sequences is True"), "shape",
          (ONE_OUT, "return h[:, -1, :], (cache, tuple(h.shape))"), also="forward"),
    chaff("lstm_layer", "gate_order", known("the gates' blocks stand in the order i, f, o, g, not i, f, g, o"), "forward", (LSTM_BLOCKS, "z_i, z_f, z_o, z_g = blocks(z, 4)")),
    chaff("lstm_layer", "hard_sigmoid", known("the gates use the hard sigmoid, 0.2 z + 0.5 cut to [0, 1], not the sigmoid"), "forward",
          ("i, f, o = (sigmoid_forward(gate)[0] for gate in (z_i, z_f, z_o))", "i, f, o = (np.clip(0.2 * gate + 0.5, 0, 1) for gate in (z_i, z_f, z_o))")),
    chaff("lstm_layer", "forget_bias", known("1 is added to the forget gate's bias: only its initial value may be 1"), "forward",
          (LSTM_BLOCKS, LSTM_BLOCKS + "; z_f = z_f + 1")),
    chaff("lstm_layer", "tanh_of_cell_forgotten", known("the output is o times c, without the tanh"), "forward", ("a = array_namespace(c).tanh(c)", "a = c")),
    chaff("lstm_layer", "cell_gradient_lost", known("the gradient that comes back through the cell state is left out"), "gradients", (LSTM_DC, LSTM_DC.replace("dc + ", ""))),
    chaff("lstm_layer", "state_gradient_lost", NOT_THROUGH_TIME, "gradients", (LSTM_STEP, LSTM_STEP.replace(" + carried", ""))),
    chaff("lstm_layer", "forget_by_candidate", known("the forget gate's gradient multiplies by the candidate, not by the cell state before"), "gradients",
          ("dc * c_prev * f * (1 - f)", "dc * g * f * (1 - f)")),
    chaff("lstm_layer", "one_bias_gradient", known("every gate's bias gets the forget gate's gradient"), "gradients",
          ("array_namespace(dz).sum(dz, axis=0)", "np.tile(dz[:, dz.shape[1] // 4 : dz.shape[1] // 2].sum(axis=0), 4)")),
    chaff("lstm_layer", "last_step_weights", LAST_STEP_WEIGHTS, "gradients", (LSTM_SUM, "totals = totals or grads")),
    chaff("lstm_layer", "dout_in_place", known("it adds to the upstream gradient in place, which is the caller's array"), "purity",
          (LSTM_STEP, "dh[:, t, :] += carried; " + LSTM_STEP.replace(" + carried", ""))),
    chaff("lstm_layer", "squeezed", SQUEEZED, "edges", (ONE_OUT, ONE_OUT.replace("(h if", "(h.squeeze() if"))),
    chaff("lstm_layer", "float64_start", FLOAT64, "float32", (START, "start = np.zeros((x.shape[0], self.units))")),
    chaff("lstm_layer", "first_output", known("it returns the output of the first step, not of the last"), "forward", (ONE_OUT, ONE_OUT.replace("-1", "0"))),
    chaff("lstm_layer", "every_step_heard", known("every step gets the upstream gradient: only the last output is returned"), "gradients",
          (SILENT, "return xp.concat([0 * silent + dlast[:, None, :], dlast[:, None, :]], axis=1)")),
    chaff("lstm_layer", "one_shape", ONE_SHAPE, "build", (RECURRENT_BUILT, "return params, (self.units,)")),
    chaff("lstm_layer", "one_gate_built", known("build makes the weights of one gate, not of four"), "build", ("wide = 4 * self.units", "wide = self.units")),
    chaff("lstm_layer", "four_gates_shown", known("build counts four gates in the shape of the output: it is as wide as the units"), "build",
          (RECURRENT_BUILT, "return params, (shape[0], wide) if self.return_sequences else (wide,)")),
    chaff("lstm_layer", "wh_by_features", known("build makes the weights of the state as high as the input: they take the state"), "build", (WH_BUILT, WH_BUILT.replace("(self.units, wide)", "(shape[1], wide)"))),
    chaff("time_distributed_layer", "steps_and_samples", known("samples and steps are exchanged when the result is laid out again"), "forward",
          (TIMED, "return out.reshape((x.shape[1], x.shape[0], *out.shape[1:])).swapaxes(0, 1), (cache, tuple(x.shape))")),
    chaff("time_distributed_layer", "dx_steps_and_samples", known("samples and steps of dx are exchanged when it is laid out again"), "gradients",
          (TIMED_BACK, "return dx.reshape((shape[1], shape[0], *shape[2:])).swapaxes(0, 1), grads")),
    chaff("time_distributed_layer", "grads_time_mean", known("the weight gradients are averaged over the steps, not summed"), "gradients",
          (TIMED_BACK, "return xp.reshape(dx, shape), [grad / max(shape[1], 1) for grad in grads]")),
    chaff("time_distributed_layer", "last_step_weights", LAST_STEP_WEIGHTS, "gradients",
          (TIMED_BACK, "return xp.reshape(dx, shape), self.layer.backward(dout[:, -1], (inner[0].reshape(shape)[:, -1], inner[1]))[1]")),
    chaff("time_distributed_layer", "bias_every_step", known("the bias is added once a step, again and again along the sequence"), "forward",
          (TIMED, TIMED.replace("*out.shape[1:])),", "*out.shape[1:])) + params[1] * np.arange(x.shape[1], dtype=x.dtype)[:, None],"))),
    chaff("time_distributed_layer", "dx_flat", known("dx stays flat: it should have the shape of x"), "shape", (TIMED_BACK, "return dx, grads"), also="gradients"),
    chaff("time_distributed_layer", "no_samples", known("an empty batch fails: reshape cannot infer -1 from no elements"), "edges",
          (TIMED, TIMED.replace("*out.shape[1:])", "-1)"))),
    chaff("time_distributed_layer", "class_cache", CLASS_CACHE, "purity",
          (TIMED, "TimeDistributed.kept = cache, tuple(x.shape); return xp.reshape(out, (*x.shape[:2], *out.shape[1:])), None"),
          ("inner, shape = cache", "inner, shape = TimeDistributed.kept")),
    chaff("time_distributed_layer", "float64_zeros", FLOAT64, "float32",
          (TIMED, TIMED.replace("return xp", "return np.zeros((*x.shape[:2], *out.shape[1:])) + xp"))),
    chaff("time_distributed_layer", "steps_forgotten", STEPS_FORGOTTEN, "build", ("return params, (shape[0], *inner)", "return params, inner")),
    chaff("time_distributed_layer", "steps_for_width", STEPS_FOR_WIDTH, "build", ("self.layer.build(shape[1:], rng)", "self.layer.build(shape[:1], rng)")),
    chaff("sequential", "arrays_counted", known("it counts the arrays of parameters, not the numbers in them"), "predict",
          ("return sum(math.prod(array.shape) for array in self.get_weights())", "return len(self.get_weights())")),
    chaff("sequential", "biases_not_counted", known("the biases are not counted among the parameters"), "predict",
          ("return sum(math.prod(array.shape) for array in self.get_weights())", "return sum(a.size for a in self.get_weights() if a.ndim > 1)")),
    chaff("sequential", "dropout_at_test", known("predict drops out as in training"), "dropout",
          ("outs = [self._forward(part, training=False)[0]", "outs = [self._forward(part, training=True)[0]")),
    chaff("sequential", "softmax_over_the_batch", known("softmax sums over the samples, not over the classes"), "predict",
          ("a = exponentials / xp.sum(exponentials, axis=-1, keepdims=True)", "a = exponentials / xp.sum(exponentials, axis=0, keepdims=True)")),
    chaff("sequential", "classes_predicted", known("predict returns classes, not the network's output"), "predict",
          ("return array_namespace(x, outs[0]).concat(outs, axis=0)\n", "return np.eye(outs[0].shape[-1], dtype=x.dtype)[np.concatenate(outs).argmax(axis=-1)]\n")),
    chaff("sequential", "mean_of_batches", known("evaluate averages over batches of unequal size as if they were equal"), "evaluate",
          (EVALUATION, "batches = [slice(start, start + batch_size) for start in range(0, len(x), batch_size)]; "
           "return np.mean([self._score(out[part], y[part]) for part in batches], axis=0).astype(out.dtype)")),
    chaff("sequential", "mse_by_samples", known("the squares are averaged over the samples, but summed over the outputs"), "evaluate",
          ("count = math.prod(out.shape)", "count = out.shape[0]")),
    chaff("sequential", "mse_slope", known("the gradient of the mean square lacks the factor 2"), "train on batch",
          ("2 * difference / count", "difference / count")),
    chaff("sequential", "percent", known("the accuracy is in percent, not a share of 1"), "evaluate", (HITS, HITS.replace("float(", "100 * float("))),
    chaff("sequential", "hits_counted", known("the accuracy is the number of hits, not their share"), "evaluate", (HITS, "return float(hits.sum())")),
    chaff("sequential", "eps_in_log", known("1e-7 is added inside the logarithm: every loss is a little off"), "evaluate", ("xp.log(probs), axis=1)", "xp.log(probs + 1e-7), axis=1)")),
    chaff("sequential", "loss_summed", known("the loss is summed over the batch, not averaged"), "evaluate",
          ("return total / samples", "return total")),
    chaff("sequential", "no_accuracy", known("the metrics are not returned beside the loss"), "shape",
          (EVALUATION, "return np.asarray(self._score(out, y)[:1], dtype=out.dtype)"), also="evaluate"),
    chaff("sequential", "softmax_twice", known("the loss's gradient is out - y already, and softmax's backward comes on top"), "train on batch",
          ("return loss, xp.reshape(cross_entropy_from_probs_backward(1.0, cache), out.shape)", "return loss, (out - y) / len(out)")),
    chaff("sequential", "gradient_summed", known("the gradient of the mean is not divided by the number of samples"), "train on batch", ("dloss = dloss / samples", "dloss = dloss / 1")),
    chaff("sequential", "loss_after_update", known("the loss returned is that after the update, not before it"), "train on batch",
          ("return [float(loss), *(model_accuracy(out, y) for _ in self.metrics)]", "return self._score(self.predict(x), y)")),
    chaff("sequential", "ascent", known("the gradient is added to the parameters, not subtracted"), "train on batch",
          ("return [p - lr * g for p, g in zip(params, grads, strict=True)], state", "return [p + lr * g for p, g in zip(params, grads, strict=True)], state")),
    chaff("sequential", "lr_ignored", known("the step size is 0.01, whatever lr is"), "train on batch", (STATE_KEPT, STATE_KEPT.replace("lr=self.lr", "lr=0.01"))),
    chaff("sequential", "adam_uncorrected", known("Adam's averages are not corrected for their start at zero"), "train on batch", (ADAM_C, "c1, c2 = 1, 1")),
    chaff("sequential", "adam_step_late", known("Adam's correction counts one update too many"), "train on batch", (ADAM_C, ADAM_C.replace("**step", "**(step + 1)"))),
    chaff("sequential", "rmsprop_decay", known("RMSProp's decay is 0.99, not 0.9"), "train on batch", ("alpha: float = 0.9, eps", "alpha: float = 0.99, eps")),
    chaff("sequential", "top_layer_only", known("only the last layer with parameters is trained"), "train on batch",
          (FLAT_GRADS, "flat = [grad for own in grads for grad in own]; flat = [0 * grad for grad in flat[:-2]] + flat[-2:]")),
    chaff("sequential", "state_lost", known("the optimiser forgets its state after every update"), "fit",
          (STATE_KEPT, STATE_KEPT.replace("weights, self.state", "weights, _state"))),
    chaff("sequential", "state_lost_each_epoch", known("the optimiser starts anew every epoch"), "fit",
          (ORDER, ORDER + "; self.state = MODEL_OPTIMISERS[self.optimizer][0](self.get_weights())")),
    chaff("sequential", "never_zeroed", known("the gradient adds to that of the batch before: it is never set to zero"), "fit",
          (FLAT_GRADS, FLAT_GRADS + "; flat = self.sums = [a + b for a, b in zip(flat, getattr(self, 'sums', [0] * len(flat)))]")),
    chaff("sequential", "gradients_misplaced", known("the gradients are not collected in the order of the layers"), "train on batch",
          ("grads.insert(0, own)", "grads.insert(1, own)")),
    chaff("sequential", "targets_not_shuffled", known("fit shuffles the samples, but not their targets with them"), "fit",
          ("scores = self._train(xp.take(x, chosen, axis=0), xp.take(y, chosen, axis=0))",
           "scores = self._train(xp.take(x, chosen, axis=0), y[start : start + batch_size])")),
    chaff("sequential", "always_shuffled", known("fit shuffles though shuffle is False"), "fit", (ORDER, "order = self.rng.permutation(samples)")),
    chaff("sequential", "rest_dropped", known("the last batch is dropped when it is not full"), "fit",
          (BATCHES, BATCHES.replace("(0, samples,", "(0, max(samples - samples % batch_size, 1),"))),
    chaff("sequential", "history_mean_of_batches", known("the history averages over batches of unequal size as if they were equal"), "fit",
          (EPOCH_TOTAL, EPOCH_TOTAL.replace("score * chosen.shape[0]", "score * samples / -(-samples // batch_size)"))),
    chaff("sequential", "history_last_batch", known("the history has the score of the last batch, not of the whole epoch"), "fit",
          (EPOCH_TOTAL, "total = [score * samples for score in scores]")),
    chaff("sequential", "validated_before", known("the validation score is that before the epoch, not after it"), "fit",
          (ORDER, "held_out = self._score(self.predict(validation_data[0]), validation_data[1]) if validation_data else []; " + ORDER),
          (HELD_OUT, "row += held_out")),
    chaff("sequential", "one_epoch", known("it trains one epoch, however many are asked for"), "shape", ("for epoch in range(epochs):", "for epoch in range(1):"), also="fit"),
    chaff("sequential", "not_validated", known("the history leaves out the scores on the validation data"), "shape", (HELD_OUT, "pass"), also="fit"),
    chaff("sequential", "weights_not_loaded", known("the loaded model has fresh weights, not the saved ones"), "save and load", (LOAD_WEIGHTS, "pass")),
    chaff("sequential", "biases_not_saved", known("the biases are not saved: the loaded model has zeros"), "save and load",
          (LOAD_WEIGHTS, LOAD_WEIGHTS + "; model.set_weights([w if w.ndim > 1 else 0 * w for w in model.get_weights()])")),
    chaff("sequential", "activations_not_saved", known("layers without parameters are not saved"), "save and load",
          (SAVED_LAYERS, SAVED_LAYERS.replace("in self.layers]", "in self.layers if self.params[self.layers.index(layer)]]"))),
    chaff("sequential", "saved_in_single_precision", known("the weights are saved in float32: half of their digits are lost"), "save and load",
          ('{f"weight_{index}": np.asarray(array) for', '{f"weight_{index}": np.asarray(array, np.float32) for')),
    chaff("sequential", "updated_in_place", known("training changes the arrays that set_weights was given: they are the caller's"), "purity",
          ("self.set_weights(weights)\n        return [float(loss)", "for mine, new in zip(self.get_weights(), weights):\n            mine[...] = new\n        return [float(loss)")),
    chaff("sequential", "squeezed", SQUEEZED, "edges",
          ("return array_namespace(x, outs[0]).concat(outs, axis=0)\n", "return np.concatenate(outs, axis=0).squeeze()\n")),
    chaff("sequential", "float64_weights", FLOAT64, "float32", ("arrays = iter(weights)", "arrays = iter([np.asarray(w, np.float64) for w in weights])")),
    chaff("sequential", "nothing_dropped", known("training drops nothing out: it runs as at test time"), "dropout",
          ("out, caches = self._forward(x, training=True)", "out, caches = self._forward(x, training=False)")),
    chaff("sequential", "softmax_over_steps", known("softmax sums over the second axis, not over the last"), "predict",
          ("a = exponentials / xp.sum(exponentials, axis=-1, keepdims=True)", "a = exponentials / xp.sum(exponentials, axis=1, keepdims=True)")),
    chaff("sequential", "steps_summed", known("the loss is summed over the steps, not averaged"), "evaluate",
          ("return loss, xp.reshape(cross_entropy_from_probs_backward(1.0, cache), out.shape)",
           "steps = math.prod(out.shape[1:-1]); return loss * steps, xp.reshape(cross_entropy_from_probs_backward(1.0, cache), out.shape) * steps")),
    chaff("sequential", "accuracy_by_sequence", known("a sequence counts as right only where every step of it is"), "evaluate",
          (HITS, HITS.replace("xp.astype(hits, xp.float64)", "xp.astype(hits.reshape(len(hits), -1).all(axis=1), xp.float64)"))),
    chaff("sequential", "accuracy_unasked", known("the accuracy is returned though no metric is asked for"), "shape",
          ("self.lr, self.metrics = loss, optimizer, lr, tuple(metrics)", 'self.lr, self.metrics = loss, optimizer, lr, ("accuracy",)'), also="evaluate"),
    chaff("sequential", "inner_layer_saved", known("TimeDistributed is saved as the layer inside it"), "save and load",
          (SAVED_LAYERS, 'inner = [getattr(layer, "layer", layer) for layer in self.layers]; ' + SAVED_LAYERS.replace("self.layers", "inner"))),
)  # fmt: skip
