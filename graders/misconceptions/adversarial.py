"""Unit 13: what the two players of a GAN minimise, and what their game is about."""

from __future__ import annotations

from graders.misconceptions.variant import chaff, known

IN_PLACE = known("it writes into an array that was handed in")
SUMMED = known("it sums over the samples: the mean is meant")
LABELS_SWAPPED = known("real and generated samples are exchanged")
NO_FAKE = known("the generated samples are left out")
NO_REAL = known("the real samples are left out")
HALVED = known("it is halved: the two means are added, not averaged")
ONE_MEAN = known("there is one mean over all samples, not one over the real and one over the generated ones")
LOG2 = known("the logarithm has base 2")
OVERFLOW = known("log(1 + e^x) overflows for large logits")
LOG_OF_ZERO = known("the logarithm is taken of a probability that has become 0")
SLOPE_OVERFLOW = known("e^x / (1 + e^x) is inf / inf for large logits")
EPSILON = known("a small constant is added inside the logarithm: the value is off by it")
UPSTREAM_IGNORED = known("the upstream gradient is taken to be 1")
NOT_DIVIDED = known("the gradient is not divided by the number of samples")
PROBABILITIES = known("the logits are squashed to probabilities twice")
SLOPE_AGAIN = known("the slope a (1 - a) of the sigmoid is multiplied in once more")
ONE_ELEMENT = known("the result is a vector of one element, not a number")
COLUMN = known("the gradient is a column, not a vector")
COMPUTED_FLOAT32 = known("it computes in float32")
FLOAT64 = known("it computes in float64, whatever the dtype of the input")
GRADIENT_FLOAT64 = known("gradients are collected in a float64 array, whatever the dtype of the input")
ONE_OF_TWO = known("both averages divide by the number of real samples")
TERMS_KEPT = known("the terms are returned one by one, not their sum")
MEAN_OF_TERMS = known("it is the mean of the terms, not their sum")
KL_REVERSED = known("the two distributions are exchanged: it is KL(q || p)")
NO_LOG_4 = known("log 4 is left out")
LOG_2 = known("log 2 is subtracted, not log 4")
LOG_4_ADDED = known("log 4 is added, not subtracted")
ONE_JS = known("the divergence is counted once, not twice")

VALUE = "return xp.mean(xp.log(d_real)) + xp.mean(xp.log1p(-d_fake))"
D_LOSS = "loss = xp.mean(softplus_forward(-real)[0]) + xp.mean(softplus_forward(fake)[0])"
D_REAL = "dreal = -dloss * sigmoid_forward(-real)[0] / real.shape[0]"
D_FAKE = "dloss * sigmoid_forward(fake)[0] / fake.shape[0]"
D_SCALAR = 'dloss = array_namespace(real).asarray(dloss, dtype=real.dtype)\n    require_shape("dloss", dloss, ())'
G_LOSS = "return sign * xp.mean(softplus_forward(-sign * fake)[0]), (fake, sign)"
G_GRADIENT = "return -dloss * sigmoid_forward(-sign * fake)[0] / fake.shape[0]"
G_SCALAR = 'dloss = array_namespace(fake).asarray(dloss, dtype=fake.dtype)\n    require_shape("dloss", dloss, ())'
SIGN_OF_KIND = 'sign = 1 if kind == "non-saturating" else -1'
BEST = "return xp.where(total > 0, p_data / xp.where(total > 0, total, 1), 0.5 * xp.ones_like(total))"
KL = "return xp.sum(p * xp.log(ratio))"
MIDDLE = "middle = (p + q) / 2"
JS = "return (kl_divergence(p, middle) + kl_divergence(q, middle)) / 2"
CRITERION = "return 2 * js_divergence(p_data, p_model) - log(4)"

CHAFFS = (
    # --- game_value ---
    chaff("game_value", "log_of_fake", known("the second term is log D of the generated samples, not log (1 - D)"), "forward", ("xp.log1p(-d_fake)", "xp.log(d_fake)")),
    chaff("game_value", "exchanged", LABELS_SWAPPED, "forward", (VALUE, "return xp.mean(xp.log(d_fake)) + xp.mean(xp.log1p(-d_real))")),
    chaff("game_value", "only_real", NO_FAKE, "forward", (VALUE, "return xp.mean(xp.log(d_real))")),
    chaff("game_value", "only_fake", NO_REAL, "forward", (VALUE, "return xp.mean(xp.log1p(-d_fake))")),
    chaff("game_value", "negative", known("it is the discriminator's loss, minus the value"), "forward", (VALUE, "return -xp.mean(xp.log(d_real)) - xp.mean(xp.log1p(-d_fake))")),
    chaff("game_value", "summed", SUMMED, "forward", (VALUE, "return xp.sum(xp.log(d_real)) + xp.sum(xp.log1p(-d_fake))")),
    chaff("game_value", "halved", HALVED, "forward", (VALUE, "return (xp.mean(xp.log(d_real)) + xp.mean(xp.log1p(-d_fake))) / 2")),
    chaff("game_value", "one_mean", ONE_MEAN, "forward", (VALUE, "return 2 * xp.mean(xp.concat([xp.log(d_real), xp.log1p(-d_fake)]))")),
    chaff("game_value", "one_count", ONE_OF_TWO, "forward", (VALUE, "return (xp.sum(xp.log(d_real)) + xp.sum(xp.log1p(-d_fake))) / len(d_real)")),
    chaff("game_value", "log_of_mean", known("the mean is taken before the logarithm, not after it"), "forward", (VALUE, "return xp.log(xp.mean(d_real)) + xp.log(xp.mean(1 - d_fake))")),
    chaff("game_value", "one_minus_log", known("the second term is 1 - log D, not log (1 - D)"), "forward", ("xp.log1p(-d_fake)", "1 - xp.log(d_fake)")),
    chaff("game_value", "log2", LOG2, "forward", (VALUE, "return xp.mean(xp.log2(d_real)) + xp.mean(xp.log2(1 - d_fake))")),
    chaff("game_value", "epsilon", EPSILON, "forward", (VALUE, "return xp.mean(xp.log(d_real + 1e-8)) + xp.mean(xp.log(1 - d_fake + 1e-8))")),
    chaff("game_value", "zipped", known("samples are taken in pairs: the longer array is cut"), "forward", (VALUE, "n = min(len(d_real), len(d_fake))\n    return xp.mean(xp.log(d_real[:n]) + xp.log1p(-d_fake[:n]))")),
    chaff("game_value", "one_element", ONE_ELEMENT, "shape", (VALUE, "return np.reshape(xp.mean(xp.log(d_real)) + xp.mean(xp.log1p(-d_fake)), (1,))")),
    chaff("game_value", "float32", COMPUTED_FLOAT32, "shape",
          (VALUE, "kind, d_real, d_fake = d_real.dtype, d_real.astype(np.float32), d_fake.astype(np.float32)\n    return (xp.mean(xp.log(d_real)) + xp.mean(xp.log1p(-d_fake))).astype(kind)")),
    chaff("game_value", "in_place", IN_PLACE, "purity", (VALUE, "return xp.mean(np.log(d_real, out=d_real)) + xp.mean(xp.log1p(-d_fake))")),
    chaff("game_value", "float64", FLOAT64, "float32", (VALUE, "return np.mean(np.log(d_real), dtype=np.float64) + xp.mean(xp.log1p(-d_fake))")),
    # --- discriminator_loss ---
    chaff("discriminator_loss", "exchanged", LABELS_SWAPPED, "forward", (D_LOSS, "loss = xp.mean(softplus_forward(real)[0]) + xp.mean(softplus_forward(-fake)[0])")),
    chaff("discriminator_loss", "only_real", NO_FAKE, "forward", (D_LOSS, "loss = xp.mean(softplus_forward(-real)[0])")),
    chaff("discriminator_loss", "minus_forgotten", known("it is the value of the game, not minus the value"), "forward", (D_LOSS, "loss = -xp.mean(softplus_forward(-real)[0]) - xp.mean(softplus_forward(fake)[0])")),
    chaff("discriminator_loss", "squashed_twice", PROBABILITIES, "forward", (D_LOSS, "loss = xp.mean(softplus_forward(-sigmoid_forward(real)[0])[0]) + xp.mean(softplus_forward(sigmoid_forward(fake)[0])[0])")),
    chaff("discriminator_loss", "summed", SUMMED, "forward", (D_LOSS, "loss = xp.sum(softplus_forward(-real)[0]) + xp.sum(softplus_forward(fake)[0])")),
    chaff("discriminator_loss", "halved", HALVED, "forward", (D_LOSS, D_LOSS.replace("loss = ", "loss = 0.5 * (") + ")")),
    chaff("discriminator_loss", "one_mean", ONE_MEAN, "forward", (D_LOSS, "loss = 2 * xp.mean(softplus_forward(xp.concat([-real, fake]))[0])")),
    chaff("discriminator_loss", "smoothed", known("the labels of the real samples are smoothed to 0.9, not 1"), "forward", (D_LOSS, D_LOSS + " + 0.1 * xp.mean(real)")),
    chaff("discriminator_loss", "epsilon", EPSILON, "forward", (D_LOSS, "loss = -xp.mean(xp.log(sigmoid_forward(real)[0] + 1e-8)) - xp.mean(xp.log(1 - sigmoid_forward(fake)[0] + 1e-8))")),
    chaff("discriminator_loss", "overflow", OVERFLOW, "stability", (D_LOSS, "loss = xp.mean(xp.log1p(xp.exp(-real))) + xp.mean(xp.log1p(xp.exp(fake)))")),
    chaff("discriminator_loss", "log_of_probability", LOG_OF_ZERO, "stability",
          (D_LOSS, "loss = -xp.mean(xp.log(sigmoid_forward(real)[0])) - xp.mean(xp.log(1 - sigmoid_forward(fake)[0]))")),
    chaff("discriminator_loss", "slope_overflow", SLOPE_OVERFLOW, "stability", (D_FAKE, "dloss * np.exp(fake) / (1 + np.exp(fake)) / fake.shape[0]")),
    chaff("discriminator_loss", "one_count", ONE_OF_TWO, "gradient dfake", (D_FAKE, "dloss * sigmoid_forward(fake)[0] / real.shape[0]")),
    chaff("discriminator_loss", "not_divided", NOT_DIVIDED, "gradient dreal", (D_REAL, "dreal = -dloss * sigmoid_forward(-real)[0]"), (D_FAKE, "dloss * sigmoid_forward(fake)[0]"), also="gradient dfake"),
    chaff("discriminator_loss", "over_both", known("the gradient is divided by the number of all samples"), "gradient dreal",
          (D_REAL, "count = real.shape[0] + fake.shape[0]\n    dreal = -dloss * sigmoid_forward(-real)[0] / count"), (D_FAKE, "dloss * sigmoid_forward(fake)[0] / count"), also="gradient dfake"),
    chaff("discriminator_loss", "dreal_of_fake", known("dreal is D, not D - 1: it is the gradient of a generated sample"), "gradient dreal", (D_REAL, "dreal = dloss * sigmoid_forward(real)[0] / real.shape[0]")),
    chaff("discriminator_loss", "dreal_sign", known("dreal has the wrong sign: it should be D - 1"), "gradient dreal", (D_REAL, D_REAL.replace("-dloss", "dloss"))),
    chaff("discriminator_loss", "dfake_label", known("dfake is D - 1, not D: it is the gradient of a real sample"), "gradient dfake", (D_FAKE, "dloss * (sigmoid_forward(fake)[0] - 1) / fake.shape[0]")),
    chaff("discriminator_loss", "by_probability", known("the gradient is taken with respect to D, not to the logit"), "gradient dfake",
          (D_REAL, "dreal = -dloss / sigmoid_forward(real)[0] / real.shape[0]"), (D_FAKE, "dloss / sigmoid_forward(-fake)[0] / fake.shape[0]"), also="gradient dreal"),
    chaff("discriminator_loss", "slope_again", SLOPE_AGAIN, "gradient dfake", (D_FAKE, "dloss * sigmoid_forward(fake)[0] ** 2 * sigmoid_forward(-fake)[0] / fake.shape[0]")),
    chaff("discriminator_loss", "real_fixed", known("the real samples get no gradient"), "gradient dreal", (D_REAL, "dreal = 0 * real")),
    chaff("discriminator_loss", "swapped", known("dreal and dfake are returned in the wrong order"), "gradient dreal", ("return dreal, " + D_FAKE, "return " + D_FAKE + ", dreal"), also="gradient dfake, shape"),
    chaff("discriminator_loss", "upstream_ignored", UPSTREAM_IGNORED, "linearity", (D_SCALAR, "dloss = 1"), also="gradient dreal, gradient dfake"),
    chaff("discriminator_loss", "column", COLUMN, "shape", (D_REAL, D_REAL + "\n    dreal = dreal[:, None]")),
    chaff("discriminator_loss", "one_element", ONE_ELEMENT, "shape", (D_LOSS, D_LOSS + "\n    loss = np.reshape(loss, (1,))")),
    chaff("discriminator_loss", "in_place", IN_PLACE, "purity", (D_LOSS, "kept = real.copy()\n    real *= -1\n    loss = xp.mean(softplus_forward(real)[0]) + xp.mean(softplus_forward(fake)[0])\n    real = kept")),
    chaff("discriminator_loss", "float64", GRADIENT_FLOAT64, "float32", (D_REAL, "dreal = np.zeros(real.shape)\n    dreal += -dloss * sigmoid_forward(-real)[0] / real.shape[0]")),
    chaff("discriminator_loss", "squeezed", known("axes of size 1 are removed"), "edges", (D_REAL, D_REAL + "\n    dreal = np.squeeze(dreal)")),
    # --- generator_loss ---
    chaff("generator_loss", "minimax_overflow", OVERFLOW, "stability",
          (G_LOSS, "if sign == -1:\n        return -xp.mean(xp.log1p(xp.exp(fake))), (fake, sign)\n    " + G_LOSS)),
    chaff("generator_loss", "kind_ignored", known("the loss is the non-saturating one, whatever kind says"), "forward", (SIGN_OF_KIND, "sign = 1"), also="gradient dfake"),
    chaff("generator_loss", "always_minimax", known("the loss is the minimax one, whatever kind says"), "forward", (SIGN_OF_KIND, "sign = -1"), also="gradient dfake"),
    chaff("generator_loss", "kinds_exchanged", known("the two kinds are exchanged"), "forward", (SIGN_OF_KIND, 'sign = -1 if kind == "non-saturating" else 1'), also="gradient dfake"),
    chaff("generator_loss", "minimax_sign", known("the minimax loss has the wrong sign: it is mean log(1 - D), at most 0"), "forward", (G_LOSS, "return xp.mean(softplus_forward(-sign * fake)[0]), (fake, sign)")),
    chaff("generator_loss", "ascends", known("mean log D is minimised, where it should be maximised"), "forward", (G_LOSS, "return -xp.mean(softplus_forward(-fake)[0]) if sign == 1 else -xp.mean(softplus_forward(fake)[0]), (fake, sign)")),
    chaff("generator_loss", "of_discriminator", known("it is the discriminator's loss of the generated samples"), "forward", (G_LOSS, "return xp.mean(softplus_forward(fake)[0]), (fake, sign)")),
    chaff("generator_loss", "summed", SUMMED, "forward", (G_LOSS, G_LOSS.replace("xp.mean", "xp.sum"))),
    chaff("generator_loss", "squashed_twice", PROBABILITIES, "forward", (G_LOSS, "return sign * xp.mean(softplus_forward(-sign * sigmoid_forward(fake)[0])[0]), (fake, sign)")),
    chaff("generator_loss", "epsilon", EPSILON, "forward", (G_LOSS, "return -sign * xp.mean(xp.log(sigmoid_forward(sign * fake)[0] + 1e-8)), (fake, sign)")),
    chaff("generator_loss", "log_of_mean", known("the mean is taken before the logarithm, not after it"), "forward", (G_LOSS, "return -sign * xp.log(xp.mean(sigmoid_forward(sign * fake)[0])), (fake, sign)")),
    chaff("generator_loss", "overflow", OVERFLOW, "stability", (G_LOSS, "return sign * xp.mean(xp.log(1 + xp.exp(-sign * fake))), (fake, sign)")),
    chaff("generator_loss", "log_of_probability", LOG_OF_ZERO, "stability", (G_LOSS, "return -sign * xp.mean(xp.log(sigmoid_forward(sign * fake)[0])), (fake, sign)")),
    chaff("generator_loss", "slope_overflow", SLOPE_OVERFLOW, "stability", (G_GRADIENT, "e = np.exp(-sign * fake)\n    return -dloss * e / (1 + e) / fake.shape[0]")),
    chaff("generator_loss", "backward_sign", known("the backward has the wrong sign: the generator is pushed away"), "gradient dfake", (G_GRADIENT, G_GRADIENT.replace("-dloss", "dloss"))),
    chaff("generator_loss", "sign_outside", known("the backward of the minimax loss has the wrong sign: the minus of the loss is left out"), "gradient dfake", (G_GRADIENT, G_GRADIENT.replace("-dloss", "-dloss * sign"))),
    chaff("generator_loss", "backward_minimax", known("the backward is that of the minimax loss, whatever kind says"), "gradient dfake", (G_GRADIENT, "return -dloss * sigmoid_forward(fake)[0] / fake.shape[0]")),
    chaff("generator_loss", "backward_non_saturating", known("the backward is that of the non-saturating loss, whatever kind says"), "gradient dfake", (G_GRADIENT, "return -dloss * sigmoid_forward(-fake)[0] / fake.shape[0]")),
    chaff("generator_loss", "not_divided", NOT_DIVIDED, "gradient dfake", (" / fake.shape[0]", "")),
    chaff("generator_loss", "by_probability", known("the gradient is taken with respect to D, not to the logit"), "gradient dfake", (G_GRADIENT, "return -dloss / sigmoid_forward(sign * fake)[0] / fake.shape[0]")),
    chaff("generator_loss", "slope_again", SLOPE_AGAIN, "gradient dfake", (G_GRADIENT, "a = sigmoid_forward(-sign * fake)[0]\n    return -dloss * a * a * (1 - a) / fake.shape[0]")),
    chaff("generator_loss", "upstream_ignored", UPSTREAM_IGNORED, "linearity", (G_SCALAR, "dloss = 1"), also="gradient dfake"),
    chaff("generator_loss", "column", COLUMN, "shape", (G_GRADIENT, "return (-dloss * sigmoid_forward(-sign * fake)[0] / fake.shape[0])[:, None]")),
    chaff("generator_loss", "in_place", IN_PLACE, "purity", (G_GRADIENT, "a = sigmoid_forward(-sign * fake)[0]\n    fake[:] = -dloss * a / fake.shape[0]\n    return fake.copy()")),
    chaff("generator_loss", "float64", GRADIENT_FLOAT64, "float32", (G_GRADIENT, "return -dloss * sigmoid_forward(-sign * fake)[0] * np.full(fake.shape, 1 / fake.shape[0])")),
    chaff("generator_loss", "squeezed", known("axes of size 1 are removed"), "edges", (G_GRADIENT, "return np.squeeze(-dloss * sigmoid_forward(-sign * fake)[0] / fake.shape[0])")),
    # --- optimal_discriminator ---
    chaff("optimal_discriminator", "of_the_model", known("it is the generator's share, p_model / (p_data + p_model), not the data's"), "forward", ("p_data / xp.where", "p_model / xp.where")),
    chaff("optimal_discriminator", "zero_by_zero", known("0 is divided by 0 where both densities are 0"), "forward", (BEST, "return p_data / total")),
    chaff("optimal_discriminator", "zero_where_both", known("it is 0 where both densities are 0, not 1/2"), "forward", ("0.5 * xp.ones_like(total)", "xp.zeros_like(total)")),
    chaff("optimal_discriminator", "epsilon", known("a small constant is added to the denominator"), "forward", (BEST, "return p_data / (total + 1e-8)")),
    chaff("optimal_discriminator", "half_everywhere", known("it is 1/2 everywhere, which holds only for p_model = p_data"), "forward", (BEST, "return 0.5 * xp.ones_like(total)")),
    chaff("optimal_discriminator", "hard", known("it decides for the larger density, instead of giving a share"), "forward", (BEST, "return xp.where(p_data > p_model, 1.0, xp.where(p_data < p_model, 0.0, 0.5)).astype(p_data.dtype)")),
    chaff("optimal_discriminator", "ratio", known("it is the ratio of the densities, not the data's share of their sum"), "forward", (BEST, "return xp.where(p_model > 0, p_data / xp.where(p_model > 0, p_model, 1), 0.5 * xp.ones_like(total))")),
    chaff("optimal_discriminator", "over_the_grid", known("it is divided by the sum over the grid, not by the sum at the point"), "forward", ("total = p_data + p_model", "total = (p_data + p_model) * 0 + xp.sum(p_data + p_model)")),
    chaff("optimal_discriminator", "column", known("the result is a column, not a vector"), "shape", (BEST, BEST + "[:, None]")),
    chaff("optimal_discriminator", "in_place", IN_PLACE, "purity", ("total = p_data + p_model", "total = p_model\n    total += p_data")),
    chaff("optimal_discriminator", "half_float64", FLOAT64, "float32", ("0.5 * xp.ones_like(total)", "np.full(len(total), 0.5)")),
    chaff("optimal_discriminator", "squeezed", known("axes of size 1 are removed"), "edges", (BEST, BEST.replace("return", "d =") + "\n    return np.squeeze(d)")),
    # --- kl_divergence ---
    chaff("kl_divergence", "reversed", KL_REVERSED, "forward", (KL, "return xp.sum(xp.where(p > 0, q, 0) * -xp.log(ratio))")),
    chaff("kl_divergence", "weighted_by_q", known("the logarithm is weighted by q, not by p"), "forward", (KL, "return xp.sum(q * xp.log(ratio))")),
    chaff("kl_divergence", "sign", known("the divergence has the wrong sign: it should be at least 0"), "forward", (KL, "return -xp.sum(p * xp.log(ratio))")),
    chaff("kl_divergence", "mean", MEAN_OF_TERMS, "forward", (KL, "return xp.mean(p * xp.log(ratio))")),
    chaff("kl_divergence", "not_weighted", known("the logarithms are summed without the weights p"), "forward", (KL, "return xp.sum(xp.log(ratio))")),
    chaff("kl_divergence", "cross_entropy", known("it is the cross-entropy: the entropy of p is not subtracted"), "forward", (KL, "return -xp.sum(p * xp.log(q))")),
    chaff("kl_divergence", "log2", LOG2, "forward", (KL, "return xp.sum(p * xp.log2(ratio))")),
    chaff("kl_divergence", "zero_log_zero", known("0 log 0 is NaN, where it should be 0"), "forward", ("ratio = xp.where(p > 0, p, 1) / xp.where(p > 0, q, 1)", "ratio = p / q")),
    chaff("kl_divergence", "zero_over_zero", known("0 / 0 is NaN where both are 0: such a term is 0"), "forward",
          ("/ xp.where(p > 0, q, 1)", "/ q")),
    chaff("kl_divergence", "epsilon", EPSILON, "forward", ("ratio = xp.where(p > 0, p, 1) / xp.where(p > 0, q, 1)", "ratio = (p + 1e-8) / (q + 1e-8)")),
    chaff("kl_divergence", "absolute", known("the terms have absolute values: those below 0 count as above"), "forward", (KL, "return xp.sum(xp.abs(p * xp.log(ratio)))")),
    chaff("kl_divergence", "not_summed", TERMS_KEPT, "forward", (KL, "return p * xp.log(ratio)"), also="shape"),
    chaff("kl_divergence", "one_element", ONE_ELEMENT, "shape", (KL, "return xp.sum(p * xp.log(ratio), axis=0, keepdims=True)")),
    chaff("kl_divergence", "in_place", IN_PLACE, "purity", (KL, "p *= xp.log(ratio)\n    return xp.sum(p)")),
    chaff("kl_divergence", "clipped_in_place", IN_PLACE, "purity", ("    ratio =", "    p[p == 0] = 1e-300\n    ratio ="), also="forward"),
    chaff("kl_divergence", "float64", FLOAT64, "float32", (KL, "return np.sum(p * xp.log(ratio), dtype=np.float64)")),
    chaff("kl_divergence", "float32", COMPUTED_FLOAT32, "shape", ("    ratio =", "    kind, p, q = p.dtype, p.astype(np.float32), q.astype(np.float32)\n    ratio ="), (KL, KL + ".astype(kind)")),
    # --- js_divergence ---
    chaff("js_divergence", "not_halved", known("the two divergences are added, not averaged"), "forward", (JS, "return kl_divergence(p, middle) + kl_divergence(q, middle)")),
    chaff("js_divergence", "one_side", known("only p is compared with the mean of the two, not q as well"), "forward", (JS, "return kl_divergence(p, middle)")),
    chaff("js_divergence", "sum_not_mean", known("p and q are compared with their sum, not with their mean"), "forward", (MIDDLE, "middle = p + q")),
    chaff("js_divergence", "geometric", known("the mean in the middle is the geometric one, not (p + q) / 2"), "forward",
          (MIDDLE, "middle = np.sqrt(p * q) + (p == 0) * q + (q == 0) * p")),
    chaff("js_divergence", "same_twice", known("p is compared twice, q never"), "forward", (JS, "return (kl_divergence(p, middle) + kl_divergence(p, middle)) / 2")),
    chaff("js_divergence", "reversed", known("the mean is compared with p and q: the arguments of both divergences are exchanged"), "forward",
          (JS, "m = middle * (p > 0), middle * (q > 0)\n    return (kl_divergence(m[0], p) + kl_divergence(m[1], q)) / 2")),
    chaff("js_divergence", "distance", known("it is the root of the divergence, the distance"), "forward", (JS, "return np.sqrt(np.maximum(" + JS.removeprefix("return ") + ", 0))")),
    chaff("js_divergence", "bits", LOG2, "forward", (JS, JS + " / 0.6931471805599453")),
    chaff("js_divergence", "epsilon", EPSILON, "forward", (MIDDLE, "p, q = p + 1e-8, q + 1e-8\n    " + MIDDLE)),
    chaff("js_divergence", "one_element", ONE_ELEMENT, "shape", (JS, "return np.reshape(" + JS.removeprefix("return ") + ", (1,))")),
    chaff("js_divergence", "terms", TERMS_KEPT, "forward", ("return xp.sum(p * xp.log(ratio))", "return p * xp.log(ratio)"), also="shape"),
    chaff("js_divergence", "in_place", IN_PLACE, "purity", (MIDDLE, "p[p == 0], q[q == 0] = 1e-300, 1e-300\n    " + MIDDLE)),
    chaff("js_divergence", "float64", FLOAT64, "float32", (MIDDLE, "middle = np.mean([p, q], axis=0, dtype=np.float64)")),
    # --- generator_criterion ---
    chaff("generator_criterion", "no_log_4", NO_LOG_4, "forward", (CRITERION, "return 2 * js_divergence(p_data, p_model)")),
    chaff("generator_criterion", "log_2", LOG_2, "forward", (CRITERION, "return 2 * js_divergence(p_data, p_model) - log(2)")),
    chaff("generator_criterion", "log_4_added", LOG_4_ADDED, "forward", (CRITERION, "return 2 * js_divergence(p_data, p_model) + log(4)")),
    chaff("generator_criterion", "once", ONE_JS, "forward", (CRITERION, "return js_divergence(p_data, p_model) - log(4)")),
    chaff("generator_criterion", "sign", known("the criterion has the wrong sign: it should be 2 JS - log 4"), "forward", (CRITERION, "return log(4) - 2 * js_divergence(p_data, p_model)")),
    chaff("generator_criterion", "kl", known("it is the Kullback-Leibler divergence of the data from the mean, not the Jensen-Shannon divergence"), "forward", (CRITERION, "return 2 * kl_divergence(p_data, (p_data + p_model) / 2) - log(4)")),
    chaff("generator_criterion", "both_not_halved", known("the two divergences are added, not averaged"), "forward", (JS, "return kl_divergence(p, middle) + kl_divergence(q, middle)")),
    chaff("generator_criterion", "log10", known("log 4 is taken in base 10, not e"), "forward", (CRITERION, "return 2 * js_divergence(p_data, p_model) - float(np.log10(4))")),
    chaff("generator_criterion", "one_element", ONE_ELEMENT, "shape", (CRITERION, "return np.reshape(2 * js_divergence(p_data, p_model) - log(4), (1,))")),
    chaff("generator_criterion", "in_place", IN_PLACE, "purity", (MIDDLE, "p_kept = p.copy()\n    p += q\n    p /= 2\n    middle, p = p, p_kept")),
    chaff("generator_criterion", "float64", FLOAT64, "float32", (CRITERION, "return 2 * js_divergence(p_data, p_model) - np.log(np.array(4.0))")),
    chaff("generator_criterion", "fake_term_only", known("only the term of the generated samples is kept, not that of the data as well"), "forward",
          (CRITERION, "return kl_divergence(p_model, (p_data + p_model) / 2) - log(2)")),
)  # fmt: skip
