"""Unit 07: convolution, filters, pooling, flatten."""

from __future__ import annotations

from graders.misconceptions.variant import chaff, known

BIAS_FORGOTTEN = known("the bias is not added")
CHANNELS_MEAN = known("the channels are averaged, not summed")
CORRELATION = known("the filter is not turned: it is cross-correlation, not convolution")
CLIPPED = known("the gradient is clipped: the backward should be linear in dout")
CROP_BY_NEGATIVE = known("the padding is cut off by [p:-p], which is empty for p = 0")
DW_FLAT = known("dw is left as a matrix, not in the shape of w")
DW_NOT_TURNED = known("dw is not turned back after a forward with the filter turned")
DX_NOT_TURNED = known("dx is computed with the filter turned the wrong way")
EDGE_PADDING = known("the border repeats the outermost values, it should be zeros")
FILTER_IN_PLACE = known("the filter is turned in place: the caller's array changes")
FIRST_SAMPLE = known("only the first sample of the batch counts in dw")
FLOAT64_ZEROS = known("np.zeros without a dtype makes everything float64")
GLOBAL_CACHE = known("what the backward needs is kept in a global, not in the cache")
IN_PLACE = known("it writes into an array that was handed in")
OVERLAPS = known("where windows overlap, gradients are overwritten, not summed")
SAME_IN_FRONT = known("for an even kernel, 'same' puts the odd zero in front, not behind")
SQUEEZED = known("squeeze without an axis drops every axis of size 1")
STRIDE_FORGOTTEN = known("the backward takes the stride to be 1")

OUTPUT = "return room // stride + 1"
ROOM = "room = size + before + after - kernel"
SAME = "return (kernel - 1) // 2, kernel // 2"
SAME_SWAPPED = (SAME, "return kernel // 2, (kernel - 1) // 2")
PADDED = "    padded[:, :, top : top + height, left : left + width] = x"
PADDED_BY_EDGE = "    padded[...] = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), mode='edge')"
ZEROS = "padded = xp.zeros(shape, dtype=x.dtype, device=x.device)"
CROPPED = "return padded[:, :, top : top + height, left : left + width]"
SUM_OF_OVERLAPS = "stride] += dwindows["
TAPS_TURNED = "    w = xp.flip(w, axis=2)"
TAPS_DW = "return dx[:, :, 0, :], xp.flip(dw, axis=2) if flip else dw, xp.sum(dout, axis=(0, 2))"
TAPS_DWINDOWS = "dwindows = rows.T @ dout"
TAPS_PRODUCTS = "dw = xp.reshape(xp.sum(dout @ xp.matrix_transpose(columns), axis=0), w_shape)"
TAPS_RETURN = "    return z, (images.shape, w.shape, columns, rows, stride, zeros, flip, z.shape)"
TAPS_UNPACKED = "images_shape, w_shape, columns, rows, stride, zeros, flip, out_shape = cache"
NO_BIAS = "no_bias = xp.zeros((1,), dtype=x.dtype, device=x.device)"
IMAGES_TURNED = "    w = xp.flip(w, axis=(2, 3))"
IMAGES_DW = "return dx, xp.flip(dw, axis=(2, 3)) if flip else dw, xp.sum(dout, axis=(0, 2, 3))"
IMAGES_DWINDOWS = "dwindows = xp.matrix_transpose(rows) @ upstream"
IMAGES_PRODUCTS = "dw = xp.reshape(xp.sum(upstream @ xp.matrix_transpose(columns), axis=0), w_shape)"
IMAGES_RETURN = "    return z, (x.shape, w.shape, columns, rows, stride, zeros, flip, z.shape)"
IMAGES_UNPACKED = "x_shape, w_shape, columns, rows, stride, zeros, flip, out_shape = cache"
FILTER_ROWS = "rows = xp.reshape(w, (groups, filters // groups, channels * prod(kernel)))"
MAX_MASKED = "dout[:, :, None, :, :] * in_dtype_of(is_winner, dout)"
MAX_RETURN = "return xp.max(windows, axis=2), (x.shape, winner == elements, kernel, stride)"
MEAN_RETURN = "return array_namespace(x).mean(windows, axis=2), (x.shape, windows.shape, kernel, stride)"
MEAN_SHARE = "dout[:, :, None, :, :] / kernel**2"
ADDED = "return add_windows(share, shape, (kernel, kernel), stride)"
FLAT = "return array_namespace(x).reshape(x, (x.shape[0], prod(x.shape[1:]))), x.shape"
UNFLAT = "return array_namespace(dout).reshape(dout, shape)"
CONVOLVED = "return conv2d_forward(x[:, None, :, :], w[None, None, :, :], no_bias, flip=True)[0][:, 0, :, :]"
FILTERED = 'return conv2d_forward(images, filters, no_bias, padding="same", flip=True)[0][:, 0, :, :]'

CHAFFS = (
    chaff("true_convolution", "correlation", CORRELATION, "forward", ("padding=mode, flip=True)", "padding=mode, flip=False)"), also="gradient dx, gradient dw"),
    chaff("true_convolution", "one_late", known("y is one step late: w_1 should meet x_t, not x_{t-1}"), "forward",
          ("conv1d_forward(x[:, None, :], w", "conv1d_forward(np.pad(x, ((0, 0), (1, 0)))[:, None, :-1], w"), also="gradient dw"),
    chaff("true_convolution", "same_in_front", SAME_IN_FRONT, "forward", SAME_SWAPPED, also="gradient dx, gradient dw"),
    chaff("true_convolution", "wide_by_kernel", known("'wide' adds m zeros on each side, not m - 1"), "forward",
          ('"wide": kernel - 1', '"wide": kernel'), also="gradient dx, gradient dw"),
    chaff("true_convolution", "edge_padding", EDGE_PADDING, "forward", (PADDED, PADDED_BY_EDGE), also="gradient dw"),
    chaff("true_convolution", "dw_not_turned", DW_NOT_TURNED, "gradient dw",
          (TAPS_DW, "return dx[:, :, 0, :], dw, xp.sum(dout, axis=(0, 2))")),
    chaff("true_convolution", "dx_not_turned", DX_NOT_TURNED, "gradient dx",
          (TAPS_DWINDOWS, "dwindows = rows[:, ::-1].T @ dout")),
    chaff("true_convolution", "dx_overwritten", OVERLAPS, "gradient dx", (SUM_OF_OVERLAPS, "stride] = dwindows[")),
    chaff("true_convolution", "dw_mean", known("dw is averaged over the batch, not summed"), "gradient dw",
          ("xp.sum(dout @", "xp.mean(dout @"), also="batch"),
    chaff("true_convolution", "dw_of_first_sample", FIRST_SAMPLE, "gradient dw",
          ("xp.sum(dout @ xp.matrix_transpose(columns), axis=0)", "xp.sum(dout[:1] @ xp.matrix_transpose(columns[:1]), axis=0)"), also="batch"),
    chaff("true_convolution", "filter_in_place", FILTER_IN_PLACE, "purity", (TAPS_TURNED, "    w[:] = xp.flip(w, axis=2)")),
    chaff("true_convolution", "float64_zeros", FLOAT64_ZEROS, "float32", (NO_BIAS, "no_bias = np.zeros(1)")),
    chaff("true_convolution", "squeezed", SQUEEZED, "shape", ("return y[:, 0, :], cache", "return np.squeeze(y), cache")),
    chaff("true_convolution", "dx_clipped", CLIPPED, "linearity",
          ("return dx[:, 0, :], dw[0, 0, :]", "return np.clip(dx[:, 0, :], -1, 1), dw[0, 0, :]"), also="gradient dx"),
    chaff("convolve_images", "correlation", CORRELATION, "forward", ("no_bias, flip=True)", "no_bias)")),
    chaff("convolve_images", "turned_about_one_axis", known("the filter is mirrored about one axis, not turned by 180 degrees"), "forward",
          (IMAGES_TURNED, "    w = xp.flip(w, axis=2)")),
    chaff("convolve_images", "transposed", known("the filter is transposed, not turned by 180 degrees"), "forward",
          ("w[None, None, :, :], no_bias, flip=True", "w.T[None, None, :, :], no_bias"), also="shape"),
    chaff("convolve_images", "size_kept", known("a border of zeros is added: narrow convolution has none"), "forward",
          ("no_bias, flip=True)", "no_bias, flip=True, padding='same')"), also="shape"),
    chaff("convolve_images", "positive_only", known("negative results are set to 0"), "forward",
          (CONVOLVED, CONVOLVED.replace("return ", "return np.maximum(0, ") + ")")),
    chaff("convolve_images", "absolute", known("it returns absolute values"), "forward",
          (CONVOLVED, CONVOLVED.replace("return ", "return np.abs(") + ")")),
    chaff("convolve_images", "filter_in_place", FILTER_IN_PLACE, "purity", (IMAGES_TURNED, "    w[:] = xp.flip(w, axis=(2, 3))")),
    chaff("convolve_images", "float64_zeros", FLOAT64_ZEROS, "float32",
          ("no_bias = array_namespace(x).zeros((1,), dtype=x.dtype, device=x.device)", "no_bias = np.zeros(1)")),
    chaff("convolve_images", "squeezed", SQUEEZED, "shape",
          (CONVOLVED, "return np.squeeze(" + CONVOLVED.removeprefix("return ").removesuffix("[:, 0, :, :]") + ")")),
    chaff("filter_images", "correlation", CORRELATION, "forward", ('padding="same", flip=True)', 'padding="same")')),
    chaff("filter_images", "laplacian_sign", known("the middle of the Laplacian is 4, it should be -4"), "forward",
          ("(1.0, -4.0, 1.0)", "(1.0, 4.0, 1.0)")),
    chaff("filter_images", "laplacian_of_eight", known("the Laplacian counts the corners as well"), "forward",
          ("((0.0, 1.0, 0.0), (1.0, -4.0, 1.0), (0.0, 1.0, 0.0))", "((1.0, 1.0, 1.0), (1.0, -8.0, 1.0), (1.0, 1.0, 1.0))")),
    chaff("filter_images", "not_divided", known("the Gaussian's weights are not divided by 16: they do not add up to 1"), "forward",
          ("w = xp.asarray(IMAGE_FILTERS[kind], dtype", "w = (16 if kind == 'gaussian' else 1) * xp.asarray(IMAGE_FILTERS[kind], dtype")),
    chaff("filter_images", "mean_for_gaussian", known("the Gaussian is a plain mean of nine pixels"), "forward",
          ("((1 / 16, 1 / 8, 1 / 16), (1 / 8, 1 / 4, 1 / 8), (1 / 16, 1 / 8, 1 / 16))", "((1 / 9,) * 3,) * 3")),
    chaff("filter_images", "kind_ignored", known("the filter is the Gaussian, whatever kind is"), "forward",
          ("IMAGE_FILTERS[kind]", 'IMAGE_FILTERS["gaussian"]')),
    chaff("filter_images", "edge_padding", EDGE_PADDING, "forward", (PADDED, PADDED_BY_EDGE)),
    chaff("filter_images", "border_lost", known("no border of zeros is added: images lose a pixel on every side"), "shape",
          ('padding="same", flip=True)[0]', "padding=0, flip=True)[0]"), also="forward"),
    chaff("filter_images", "stretched", known("results are divided by the largest of the batch"), "batch",
          (FILTERED, FILTERED.replace("return", "y =") + "\n    return y / (np.abs(y).max(initial=0) or 1)"), also="forward"),
    chaff("filter_images", "float64_filter", known("the filter is float64, so that float32 images become float64"), "float32",
          ("IMAGE_FILTERS[kind], dtype=x.dtype, device=x.device)", "IMAGE_FILTERS[kind])")),
    chaff("conv_output_size", "one_missing", known("the first position is not counted: + 1 is missing"), "forward",
          (OUTPUT, "return room // stride")),
    chaff("conv_output_size", "rounded_up", known("the quotient is rounded up, not down"), "forward",
          (OUTPUT, "return -(-room // stride) + 1")),
    chaff("conv_output_size", "rounded", known("the quotient is rounded to the nearest, not down"), "forward",
          (OUTPUT, "return int(room / stride + 0.5) + 1")),
    chaff("conv_output_size", "not_whole", known("the quotient is not rounded down: sizes are whole numbers"), "shape",
          (OUTPUT, "return room / stride + 1"), also="forward"),
    chaff("conv_output_size", "float_result", known("the size is a float, not an integer"), "shape",
          (OUTPUT, "return float(room // stride + 1)")),
    chaff("conv_output_size", "size_by_stride", known("the kernel is left out: it is the size divided by the stride"), "forward",
          (OUTPUT, "return size // stride")),
    chaff("conv_output_size", "stride_ignored", known("the stride is not taken into account"), "forward",
          (OUTPUT, "return room + 1")),
    chaff("conv_output_size", "padding_once", known("the padding is counted on one side only"), "forward",
          (ROOM, "room = max(0, size + before - kernel)")),
    chaff("conv_output_size", "wide_by_kernel", known("'wide' adds m zeros on each side, not m - 1"), "forward",
          ('"wide": kernel - 1', '"wide": kernel')),
    chaff("conv_output_size", "same_by_half", known("'same' adds floor(m/2) zeros on each side: one too many for even m"), "forward",
          (SAME, "return kernel // 2, kernel // 2")),
    chaff("conv_output_size", "same_is_size", known("'same' gives the input's size, whatever the stride"), "forward",
          (OUTPUT, 'return size if padding == "same" else room // stride + 1')),
    chaff("conv1d", "filter_in_place", FILTER_IN_PLACE, "purity", (TAPS_TURNED, "    w[:] = xp.flip(w, axis=2)")),
    chaff("conv1d", "always_turned", known("the filter is always turned, whatever flip is"), "forward",
          ("    if flip:", "    flip = True\n    if flip:"), also="gradient dx, gradient dw"),
    chaff("conv1d", "flip_ignored", known("flip is ignored: the filter is never turned"), "forward",
          ("    if flip:", "    flip = False\n    if flip:"), also="gradient dx, gradient dw"),
    chaff("conv1d", "bias_forgotten", BIAS_FORGOTTEN, "forward", ("@ columns + b[:, None]", "@ columns + 0 * b[:, None]")),
    chaff("conv1d", "bias_of_last", known("only the last filter gets its bias"), "forward",
          ("+ b[:, None]", "+ (b * (np.arange(len(b)) == len(b) - 1))[:, None]")),
    chaff("conv1d", "channels_mean", CHANNELS_MEAN, "forward", ("z = rows @ columns +", "z = rows @ columns / x.shape[1] +")),
    chaff("conv1d", "channels_first_summed", known("channels are summed before they meet their weights"), "forward",
          ("images = xp.expand_dims(x, axis=2)", "images = xp.expand_dims(xp.sum(x, axis=1, keepdims=True) + 0 * x, axis=2)"), also="gradient dw"),
    chaff("conv1d", "same_in_front", SAME_IN_FRONT, "forward", SAME_SWAPPED, also="gradient dx, gradient dw"),
    chaff("conv1d", "edge_padding", EDGE_PADDING, "forward", (PADDED, PADDED_BY_EDGE), also="gradient dw"),
    chaff("conv1d", "dx_not_turned", DX_NOT_TURNED, "gradient dx",
          (TAPS_DWINDOWS, "dwindows = rows.reshape(w_shape)[:, :, ::-1].reshape(rows.shape).T @ dout")),
    chaff("conv1d", "dx_stride_forgotten", STRIDE_FORGOTTEN, "gradient dx", ("(1, out_shape[2]), stride, zeros)", "(1, out_shape[2]), 1, zeros)")),
    chaff("conv1d", "dx_overwritten", OVERLAPS, "gradient dx", (SUM_OF_OVERLAPS, "stride] = dwindows[")),
    chaff("conv1d", "dx_cropped_by_negative", CROP_BY_NEGATIVE, "gradient dx", (CROPPED, "return padded[:, :, :, left:-right]"), also="shape"),
    chaff("conv1d", "dx_padded", known("dx keeps the padding, it should have the shape of x"), "shape", (CROPPED, "return padded"), also="gradient dx"),
    chaff("conv1d", "dx_cropped_in_front", known("all the padding is cut off at the end of dx, not half of it in front"), "gradient dx",
          (CROPPED, "return padded[:, :, :height, :width]")),
    chaff("conv1d", "dw_not_turned", DW_NOT_TURNED, "gradient dw",
          (TAPS_DW, "return dx[:, :, 0, :], dw, xp.sum(dout, axis=(0, 2))")),
    chaff("conv1d", "dw_mean", known("dw is averaged over the batch, not summed"), "gradient dw", ("xp.sum(dout @", "xp.mean(dout @"), also="batch"),
    chaff("conv1d", "dw_of_first_sample", FIRST_SAMPLE, "gradient dw",
          ("xp.sum(dout @ xp.matrix_transpose(columns), axis=0)", "xp.sum(dout[:1] @ xp.matrix_transpose(columns[:1]), axis=0)"), also="batch"),
    chaff("conv1d", "dw_flat", DW_FLAT, "shape", (TAPS_PRODUCTS, "dw = xp.sum(dout @ xp.matrix_transpose(columns), axis=0)"), ("xp.flip(dw, axis=2)", "xp.flip(dw, axis=1)"), also="gradient dw"),
    chaff("conv1d", "db_of_batch_only", known("db is summed over the batch only, not over the positions"), "gradient db",
          ("xp.sum(dout, axis=(0, 2))", "xp.sum(dout, axis=0)"), also="shape"),
    chaff("conv1d", "db_of_everything", known("db is one sum over everything, filters too"), "gradient db",
          ("xp.sum(dout, axis=(0, 2))", "xp.sum(dout)"), also="shape"),
    chaff("conv1d", "db_mean", known("db is averaged over samples and positions, not summed"), "gradient db",
          ("xp.sum(dout, axis=(0, 2))", "xp.sum(dout, axis=(0, 2)) / max(1, dout.shape[0] * dout.shape[2])"), also="batch"),
    chaff("conv1d", "db_keepdims", known("db keeps axes of size 1, it should have the shape of b"), "shape",
          ("xp.sum(dout, axis=(0, 2))", "xp.sum(dout, axis=(0, 2), keepdims=True)")),
    chaff("conv1d", "global_cache", GLOBAL_CACHE, "purity",
          (TAPS_RETURN, "    global _kept\n    _kept = " + TAPS_RETURN.removeprefix("    return z, ") + "\n    return z, None"),
          (TAPS_UNPACKED, TAPS_UNPACKED.replace("cache", "_kept"))),
    chaff("conv1d", "float64_zeros", FLOAT64_ZEROS, "float32", (ZEROS, "padded = np.zeros(shape)")),
    chaff("conv1d", "dx_squeezed", SQUEEZED, "edges", (TAPS_DW, TAPS_DW.replace("dx[:, :, 0, :]", "np.squeeze(dx)"))),
    chaff("conv1d", "dx_clipped", CLIPPED, "linearity", (TAPS_DW, TAPS_DW.replace("dx[:, :, 0, :]", "np.clip(dx[:, :, 0, :], -1, 1)")), also="gradient dx"),
    chaff("conv2d", "filter_in_place", FILTER_IN_PLACE, "purity", (IMAGES_TURNED, "    w[:] = xp.flip(w, axis=(2, 3))")),
    chaff("conv2d", "always_turned", known("the filter is always turned, whatever flip is"), "forward",
          ("    if flip:", "    flip = True\n    if flip:"), also="gradient dx, gradient dw"),
    chaff("conv2d", "flip_ignored", known("flip is ignored: the filter is never turned"), "forward",
          ("    if flip:", "    flip = False\n    if flip:"), also="gradient dx, gradient dw"),
    chaff("conv2d", "turned_about_one_axis", known("the filter is mirrored about one axis, not turned by 180 degrees"), "forward",
          (IMAGES_TURNED, "    w = xp.flip(w, axis=2)"), ("xp.flip(dw, axis=(2, 3))", "xp.flip(dw, axis=2)"), also="gradient dx, gradient dw"),
    chaff("conv2d", "bias_forgotten", BIAS_FORGOTTEN, "forward", ("+ b[:, None, None]", "+ 0 * b[:, None, None]")),
    chaff("conv2d", "bias_of_last", known("only the last filter gets its bias"), "forward",
          ("+ b[:, None, None]", "+ (b * (np.arange(len(b)) == len(b) - 1))[:, None, None]")),
    chaff("conv2d", "channels_mean", CHANNELS_MEAN, "forward", ("xp.reshape(rows @ columns,", "xp.reshape(rows @ columns / channels,")),
    chaff("conv2d", "first_channel_only", known("only the first channel is seen"), "forward",
          ("windows, out_shape = _windows(x, kernel", "windows, out_shape = _windows(x * (np.arange(x.shape[1]) % channels == 0)[:, None, None], kernel"), also="gradient dw"),
    chaff("conv2d", "channels_last_weights", known("w is flattened in the order K L C, the windows in the order C K L"), "forward",
          (FILTER_ROWS, FILTER_ROWS.replace("xp.reshape(w,", "xp.reshape(xp.permute_dims(w, (0, 2, 3, 1)),")), also="gradient dx"),
    chaff("conv2d", "first_group_only", known("every group of filters sees the channels of the first group"), "forward",
          (FILTER_ROWS, "columns = columns[:, :1]\n    " + FILTER_ROWS), also="gradient dw"),
    chaff("conv2d", "same_in_front", SAME_IN_FRONT, "forward", SAME_SWAPPED, also="gradient dx, gradient dw"),
    chaff("conv2d", "edge_padding", EDGE_PADDING, "forward", (PADDED, PADDED_BY_EDGE), also="gradient dw"),
    chaff("conv2d", "width_from_height", known("the width of the output is computed from the height of the image"), "forward",
          ("conv_output_size(width + left + right, kernel[1], stride=stride)", "conv_output_size(height + top + bottom, kernel[0], stride=stride)"), also="gradient dx, gradient dw, gradient db"),
    chaff("conv2d", "zeros_from_height", known("the zeros left and right are counted by the filter's height"), "forward",
          ("padding_zeros(kernel[0], padding), padding_zeros(kernel[1], padding)", "padding_zeros(kernel[0], padding), padding_zeros(kernel[0], padding)"), also="gradient dx, gradient dw, gradient db"),
    chaff("conv2d", "dx_not_turned", DX_NOT_TURNED, "gradient dx",
          (IMAGES_DWINDOWS, "dwindows = xp.matrix_transpose(rows.reshape(w_shape)[:, :, ::-1, ::-1].reshape(rows.shape)) @ upstream")),
    chaff("conv2d", "dx_turned_about_one_axis", known("dx is computed with the filter mirrored about one axis only"), "gradient dx",
          (IMAGES_DWINDOWS, "dwindows = xp.matrix_transpose(rows.reshape(w_shape)[:, :, :, ::-1].reshape(rows.shape)) @ upstream")),
    chaff("conv2d", "dx_stride_forgotten", STRIDE_FORGOTTEN, "gradient dx", ("out_shape[2:], stride, zeros)", "out_shape[2:], 1, zeros)")),
    chaff("conv2d", "dx_overwritten", OVERLAPS, "gradient dx", (SUM_OF_OVERLAPS, "stride] = dwindows[")),
    chaff("conv2d", "dx_cropped_by_negative", CROP_BY_NEGATIVE, "gradient dx", (CROPPED, "return padded[:, :, top:-bottom, left:-right]"), also="shape"),
    chaff("conv2d", "dx_cropped_by_one", known("one pixel is always cut off dx, whatever the padding"), "gradient dx",
          (CROPPED, "return padded[:, :, 1 : 1 + height, 1 : 1 + width]"), also="shape"),
    chaff("conv2d", "dx_padded", known("dx keeps the padding, it should have the shape of x"), "shape", (CROPPED, "return padded"), also="gradient dx"),
    chaff("conv2d", "dw_not_turned", DW_NOT_TURNED, "gradient dw", (IMAGES_DW, "return dx, dw, xp.sum(dout, axis=(0, 2, 3))")),
    chaff("conv2d", "dw_mean", known("dw is averaged over the batch, not summed"), "gradient dw", ("xp.sum(upstream @", "xp.mean(upstream @"), also="batch"),
    chaff("conv2d", "dw_of_first_sample", FIRST_SAMPLE, "gradient dw",
          ("xp.sum(upstream @ xp.matrix_transpose(columns), axis=0)", "xp.sum(upstream[:1] @ xp.matrix_transpose(columns[:1]), axis=0)"), also="batch"),
    chaff("conv2d", "db_of_batch_only", known("db is summed over the batch only, not over the positions"), "gradient db",
          ("xp.sum(dout, axis=(0, 2, 3))", "xp.sum(dout, axis=0)"), also="shape"),
    chaff("conv2d", "db_of_everything", known("db is one sum over everything, filters too"), "gradient db",
          ("xp.sum(dout, axis=(0, 2, 3))", "xp.sum(dout)"), also="shape"),
    chaff("conv2d", "db_mean_of_positions", known("db is averaged over the positions, not summed"), "gradient db",
          ("xp.sum(dout, axis=(0, 2, 3))", "xp.sum(xp.mean(dout, axis=(2, 3)), axis=0)")),
    chaff("conv2d", "db_keepdims", known("db keeps axes of size 1, it should have the shape of b"), "shape",
          ("xp.sum(dout, axis=(0, 2, 3))", "xp.sum(dout, axis=(0, 2, 3), keepdims=True)")),
    chaff("conv2d", "global_cache", GLOBAL_CACHE, "purity",
          (IMAGES_RETURN, "    global _kept\n    _kept = " + IMAGES_RETURN.removeprefix("    return z, ") + "\n    return z, None"),
          (IMAGES_UNPACKED, IMAGES_UNPACKED.replace("cache", "_kept"))),
    chaff("conv2d", "float64_zeros", FLOAT64_ZEROS, "float32", (ZEROS, "padded = np.zeros(shape)")),
    chaff("conv2d", "dw_squeezed", SQUEEZED, "edges", (IMAGES_DW, "dw = xp.flip(dw, axis=(2, 3)) if flip else dw\n    return dx, np.squeeze(dw), xp.sum(dout, axis=(0, 2, 3))")),
    chaff("conv2d", "dw_clipped", CLIPPED, "linearity", (IMAGES_PRODUCTS, IMAGES_PRODUCTS + "\n    dw = np.clip(dw, -1, 1)"), also="gradient dw, batch"),
    chaff("max_pool2d", "all_ties", known("all that are equally large get the whole gradient"), "gradient dx",
          ("winner == elements, kernel", "windows == xp.max(windows, axis=2, keepdims=True), kernel")),
    chaff("max_pool2d", "from_zero", known("the maximum starts from 0: windows of negative values give 0"), "forward",
          (MAX_RETURN, MAX_RETURN.replace("xp.max(windows, axis=2)", "xp.max(windows, axis=2, initial=0)"))),
    chaff("max_pool2d", "by_absolute_value", known("the largest is chosen by absolute value"), "forward",
          ("winner = xp.argmax(windows", "winner = xp.argmax(xp.abs(windows)"),
          (MAX_RETURN, MAX_RETURN.replace("xp.max(windows, axis=2)", "xp.take_along_axis(windows, winner, axis=2)[:, :, 0]")), also="gradient dx"),
    chaff("max_pool2d", "mean", known("it is the mean of the window, not the largest"), "forward",
          (MAX_RETURN, MAX_RETURN.replace("xp.max(windows, axis=2)", "xp.mean(windows, axis=2)"))),
    chaff("max_pool2d", "spread", known("the gradient is spread over the window, it should go to the largest"), "gradient dx",
          (MAX_MASKED, "dout[:, :, None, :, :] * np.full(is_winner.shape, 1 / kernel**2, dout.dtype)")),
    chaff("max_pool2d", "to_all", known("every pixel of the window gets the gradient, not the largest alone"), "gradient dx",
          (MAX_MASKED, "dout[:, :, None, :, :] * np.ones(is_winner.shape, dout.dtype)")),
    chaff("max_pool2d", "overwritten", OVERLAPS, "gradient dx", (SUM_OF_OVERLAPS, "stride] = dwindows[")),
    chaff("max_pool2d", "times_largest", known("the gradient is multiplied by the largest value"), "gradient dx",
          ("(x.shape, winner == elements, kernel", "(x.shape, xp.max(windows, axis=2, keepdims=True) * (winner == elements), kernel")),
    chaff("max_pool2d", "to_the_smallest", known("the smallest pixel gets the gradient, not the largest"), "gradient dx",
          ("winner = xp.argmax(windows", "winner = xp.argmin(windows")),
    chaff("max_pool2d", "stride_forgotten", STRIDE_FORGOTTEN, "gradient dx", ("(kernel, kernel), stride)\n\n\ndef", "(kernel, kernel), 1)\n\n\ndef")),
    chaff("max_pool2d", "clipped", CLIPPED, "linearity", (MAX_MASKED, MAX_MASKED.replace("dout[:, :, None, :, :]", "np.clip(dout, -1, 1)[:, :, None, :, :]")), also="gradient dx"),
    chaff("max_pool2d", "one_missing", known("the last window of every row and column is left out: + 1 is missing"), "forward",
          ("(conv_output_size(size, kernel, stride=stride) for", "(max(1, conv_output_size(size, kernel, stride=stride) - 1) for"), also="gradient dx"),
    chaff("max_pool2d", "global_cache", GLOBAL_CACHE, "purity",
          (MAX_RETURN, "global _kept\n    _kept = " + MAX_RETURN.removeprefix("return xp.max(windows, axis=2), ") + "\n    return xp.max(windows, axis=2), None"),
          ("shape, is_winner, kernel, stride = cache", "shape, is_winner, kernel, stride = _kept")),
    chaff("max_pool2d", "float64_mask", known("the mask is float64, so that float32 gradients become float64"), "float32",
          ("in_dtype_of(is_winner, dout)", "np.where(is_winner, 1.0, 0.0)")),
    chaff("max_pool2d", "squeezed", SQUEEZED, "shape", (MAX_RETURN, MAX_RETURN.replace("xp.max(windows, axis=2)", "np.squeeze(xp.max(windows, axis=2))"))),
    chaff("mean_pool2d", "sum", known("the sum is not divided by the number of pixels"), "forward",
          (MEAN_RETURN, MEAN_RETURN.replace("mean(", "sum("))),
    chaff("mean_pool2d", "largest", known("it is the largest of the window, not the mean"), "forward",
          (MEAN_RETURN, MEAN_RETURN.replace("mean(", "max("))),
    chaff("mean_pool2d", "median", known("it is the median of the window, not the mean"), "forward",
          (MEAN_RETURN, MEAN_RETURN.replace("array_namespace(x).mean(", "np.median("))),
    chaff("mean_pool2d", "by_side", known("it is divided by the side of the window, not by its area"), "forward",
          (MEAN_RETURN, MEAN_RETURN.replace("mean(windows, axis=2)", "sum(windows, axis=2) / kernel")),
          (MEAN_SHARE, "dout[:, :, None, :, :] / kernel"), also="gradient dx"),
    chaff("mean_pool2d", "gradient_not_divided", known("the gradient is not divided by the number of pixels"), "gradient dx",
          (MEAN_SHARE, "dout[:, :, None, :, :]")),
    chaff("mean_pool2d", "to_the_first", known("the gradient goes to one pixel of the window, not to all"), "gradient dx",
          (ADDED, "share = share * (np.arange(kernel**2) == 0)[:, None, None] * kernel**2\n    " + ADDED)),
    chaff("mean_pool2d", "by_positions", known("the gradient is divided by the number of windows, not of pixels"), "gradient dx",
          (MEAN_SHARE, "dout[:, :, None, :, :] / (windows[3] * windows[4])")),
    chaff("mean_pool2d", "overwritten", OVERLAPS, "gradient dx", (SUM_OF_OVERLAPS, "stride] = dwindows[")),
    chaff("mean_pool2d", "by_overlaps", known("the gradient is divided by how many windows a pixel stands in"), "gradient dx",
          (ADDED, "times = add_windows(np.ones_like(share), shape, (kernel, kernel), stride)\n    return add_windows(share, shape, (kernel, kernel), stride) / np.maximum(times, 1)")),
    chaff("mean_pool2d", "stride_forgotten", STRIDE_FORGOTTEN, "gradient dx", (ADDED, ADDED.replace("stride)", "1)"))),
    chaff("mean_pool2d", "upstream_in_place", IN_PLACE, "purity",
          ("share = array_namespace", "dout /= kernel**2\n    share = array_namespace"), (MEAN_SHARE, "dout[:, :, None, :, :]")),
    chaff("mean_pool2d", "clipped", CLIPPED, "linearity", (MEAN_SHARE, "np.clip(dout, -1, 1)[:, :, None, :, :] / kernel**2"), also="gradient dx"),
    chaff("mean_pool2d", "float64_zeros", FLOAT64_ZEROS, "float32",
          ("array_namespace(dwindows).zeros(shape, dtype=dwindows.dtype, device=dwindows.device)", "np.zeros(shape)")),
    chaff("mean_pool2d", "squeezed", SQUEEZED, "edges", (ADDED, ADDED.replace("return ", "return np.squeeze(") + ")")),
    chaff("flatten", "channels_last", known("channels come last in the flat order, they should come first"), "forward",
          (FLAT, "return np.moveaxis(x, 1, 3).reshape(x.shape[0], prod(x.shape[1:])), x.shape"),
          (UNFLAT, "n, c, h, w = shape\n    return np.moveaxis(dout.reshape(n, h, w, c), 3, 1)"), also="gradient dx"),
    chaff("flatten", "columns_first", known("the order is column-major, it should be row-major"), "forward",
          (FLAT, "return x.reshape((x.shape[0], prod(x.shape[1:])), order='F'), x.shape"), (UNFLAT, "return dout.reshape(shape, order='F')"), also="gradient dx"),
    chaff("flatten", "samples_mixed", known("samples are mixed: it reshapes to (features, N) and transposes"), "batch",
          (FLAT, "return x.reshape(prod(x.shape[1:]), x.shape[0]).T, x.shape"), (UNFLAT, "return dout.T.reshape(shape)"), also="forward, gradient dx"),
    chaff("flatten", "transposed", known("samples are columns, not rows"), "shape",
          (FLAT, "return x.reshape(x.shape[0], prod(x.shape[1:])).T, x.shape"), also="forward"),
    chaff("flatten", "gradient_channels_last", known("the gradient is unfolded with the channels last"), "gradient dx",
          (UNFLAT, "n, c, h, w = shape\n    return np.moveaxis(dout.reshape(n, h, w, c), 3, 1)")),
    chaff("flatten", "gradient_width_first", known("the gradient is unfolded with height and width exchanged"), "gradient dx",
          (UNFLAT, "n, c, h, w = shape\n    return np.swapaxes(dout.reshape(n, c, w, h), 2, 3)")),
    chaff("flatten", "gradient_flat", known("the gradient stays flat, it should have the shape of x"), "gradient dx", (UNFLAT, "return dout"), also="shape"),
    chaff("flatten", "minus_one", known("reshape(N, -1) fails for an empty batch: the size should be computed"), "edges",
          (FLAT, "return x.reshape(x.shape[0], -1), x.shape")),
    chaff("flatten", "float64", known("it makes everything float64, it should keep the dtype"), "float32",
          (FLAT, FLAT.replace("array_namespace(x).reshape(x,", "np.reshape(x.astype(np.float64),"))),
)  # fmt: skip
