"""Unit 09: recurrent networks and back-propagation through time."""

from __future__ import annotations

from graders.misconceptions.variant import chaff, known

IN_PLACE = known("it writes into an array that was handed in")
DB_MEAN = known("db is averaged over the batch, not summed")
KEEPS_AXIS = known("db keeps an axis of size 1")
CLIPPED = known("gradients are clipped inside the backward")
SQUEEZED = known("axes of size 1 are squeezed away")
FLOAT64 = known("an array is created in float64, whatever the dtype of the inputs")
SLOPE_TWICE = known("tanh is applied once more in its derivative")
SLOPE_LINEAR = known("the derivative is 1 - h, without the square")
SLOPE_FORGOTTEN = known("the slope of the activation is left out of the backward")
LATER_STATE = known("dwh takes the step's own state, not the state before")
BIAS_FORGOTTEN = known("the bias is not added")
NOT_CARRIED = known("the gradient is not carried back to the steps before")
WH_TRANSPOSED = known("the gradient goes back through wh, not through its transpose")
LAST_GRADIENT_ONLY = known("the gradients of the weights are overwritten at every step, not summed")
STEP_MEAN_DB = known("db is averaged over the steps, not summed")
H0_IGNORED = known("the state starts at 0, whatever h0 is")
H0_SUM = known("dh0 is summed over the steps: only the first step's gradient reaches h0")
H0_WRAPS = known("dh0 also gets the upstream gradient of the last step, through the index -1")
DX_REVERSED = known("dx comes in the order of the backward, last step first")
TIME_FIRST = known("time is the first axis, not the second")
LAST_ONLY = known("every step shows the last output, not its own")
WITH_H0 = known("h0 is returned as the first state: the states are those after every step")
SAME_STATE = known("every step starts from h0, not from the state before")
PAST_LOST = known("the state before is not added")
FIRST_H0 = known("every sample starts from the h0 of the first")
MASK_LATE = known("a sequence ends one step late: the mask has <=, not <")
LENGTHS_IGNORED = known("the lengths are ignored: padding counts like any other step")
SHARED_LENGTH = known("every sequence ends where the longest does")
PER_STEP_MEAN = known("the loss is averaged over the steps, not summed")

STEP_H = "h = array_namespace(x).tanh(x @ wx + h_prev @ wh + b)"
STEP_DB = "db = array_namespace(dz).sum(dz, axis=0)"
SRN_STEP = "states.append(xp.tanh(x[:, t, :] @ wx + states[-1] @ wh + b))"
SRN_STACKED = "return xp.stack(states[1:], axis=1), (x, wx, wh, states, truncate)"
FULL_DZ = "dz = (dh[:, t, :] + carried) * (1 - h * h)"
FULL_CARRIED = "carried = dz @ wh.T\n        dzs.insert(0, dz)\n    return dzs, carried"
CUT_DZ = "dz = carried * (1 - h * h)"
DX = "dx = xp.stack([dz @ wx.T for dz in dzs], axis=1)"
SUM_DWX = "dwx = sum(x[:, t, :].T @ dz for t, dz in enumerate(dzs))"
SUM_DWH = "dwh = sum(h_prev.T @ dz for h_prev, dz in zip(states, dzs, strict=False))"
SUM_DB = "db = sum(xp.sum(dz, axis=0) for dz in dzs)"
LOOP_DWH = "dwh = dwh + states[t].T @ dz"
ROWS = "return dz @ wx.T, dwx, xp.sum(rows, axis=0)"
DWX_OF_ROWS = "dwx = xp.reshape(x, (-1, wx.shape[0])).T @ rows"
STACKED = "xp.stack(states[1:], axis=1)"
SPECTRAL = "xp.linalg.matrix_norm(jacobian, ord=2)"

CHAFFS = (
    chaff("srn_step", "bias_forgotten", BIAS_FORGOTTEN, "forward", (STEP_H, STEP_H.replace(" + b", "")), also="gradient dx, gradient dh_prev, gradient dwx, gradient dwh, gradient db"),
    chaff("srn_step", "past_lost", PAST_LOST, "forward", (STEP_H, STEP_H.replace("h_prev", "(0 * h_prev)")), also="gradient dx, gradient dh_prev, gradient dwx, gradient dwh, gradient db"),
    chaff("srn_step", "not_activated", known("the state is the weighted sum, not its tanh"), "forward", (STEP_H, "h = x @ wx + h_prev @ wh + b"), ("dz = dh * (1 - h * h)", "dz = dh"), also="gradient dx, gradient dh_prev, gradient dwx, gradient dwh, gradient db"),
    chaff("srn_step", "wh_transposed", known("the state before is multiplied by the transpose of wh"), "forward", (STEP_H, STEP_H.replace("@ wh", "@ wh.T")), also="gradient dx, gradient dh_prev, gradient dwx, gradient dwh, gradient db"),
    chaff("srn_step", "slope_twice", SLOPE_TWICE, "gradient dx", ("(1 - h * h)", "(1 - array_namespace(h).tanh(h) ** 2)"), also="gradient dh_prev, gradient dwx, gradient dwh, gradient db"),
    chaff("srn_step", "slope_linear", SLOPE_LINEAR, "gradient dwx", ("(1 - h * h)", "(1 - h)"), also="gradient dx, gradient dh_prev, gradient dwh, gradient db"),
    chaff("srn_step", "slope_forgotten", SLOPE_FORGOTTEN, "gradient db", ("dz = dh * (1 - h * h)", "dz = dh"), also="gradient dx, gradient dh_prev, gradient dwx, gradient dwh"),
    chaff("srn_step", "dh_prev_by_wh", WH_TRANSPOSED, "gradient dh_prev", ("dz @ wh.T", "dz @ wh")),
    chaff("srn_step", "later_state", LATER_STATE, "gradient dwh", ("h_prev.T @ dz, db", "h.T @ dz, db")),
    chaff("srn_step", "dwh_transposed", known("dwh is transposed"), "gradient dwh", ("h_prev.T @ dz, db", "dz.T @ h_prev, db")),
    chaff("srn_step", "dwx_mean", known("dwx is averaged over the batch, not summed"), "gradient dwx", ("x.T @ dz,", "x.T @ dz / x.shape[0],"), also="batch"),
    chaff("srn_step", "db_mean", DB_MEAN, "gradient db", (STEP_DB, "db = array_namespace(dz).mean(dz, axis=0)"), also="batch"),
    chaff("srn_step", "db_keeps_axis", KEEPS_AXIS, "shape", (STEP_DB, STEP_DB.replace("axis=0", "axis=0, keepdims=True"))),
    chaff("srn_step", "db_per_sample", known("db is not summed over the batch"), "gradient db", (STEP_DB, "db = dz"), also="shape"),
    chaff("srn_step", "in_place", IN_PLACE, "purity", ("dz = dh * (1 - h * h)", "dh *= 1 - h * h\n    dz = dh")),
    chaff("srn_step", "clipped", CLIPPED, "linearity", ("dz = dh * (1 - h * h)", "dz = np.clip(dh * (1 - h * h), -0.5, 0.5)"), also="gradient dx, gradient dh_prev, gradient dwx, gradient dwh, gradient db"),
    chaff("srn_step", "first_state", known("the state of the first sample is used for all samples"), "batch", (STEP_H, STEP_H.replace("h_prev", "h_prev[:1]")), also="forward, gradient dx, gradient dh_prev, gradient dwx, gradient dwh, gradient db"),
    chaff("srn_step", "squeezed", SQUEEZED, "edges", ("    return h, (x,", "    return np.squeeze(h), (x,")),
    chaff("srn_step", "float64", FLOAT64, "float32", (STEP_H, STEP_H.replace("x @ wx", "np.zeros(h_prev.shape) + x @ wx"))),

    chaff("srn", "not_carried", NOT_CARRIED, "gradient dx", (FULL_DZ, "dz = dh[:, t, :] * (1 - h * h)"), also="gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("srn", "h0_ignored", H0_IGNORED, "forward", ("states = [h0]", "states = [0 * h0]"), also="gradient dx, gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("srn", "same_state", SAME_STATE, "forward", (SRN_STEP, SRN_STEP.replace("states[-1]", "h0")), also="gradient dx, gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("srn", "bias_forgotten", BIAS_FORGOTTEN, "forward", (SRN_STEP, SRN_STEP.replace(" + b", "")), also="gradient dx, gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("srn", "dwx_last_step", known("dwx comes from the last step alone, not summed over the steps"), "gradient dwx", (SUM_DWX, "dwx = x[:, -1, :].T @ dzs[-1]")),
    chaff("srn", "dwh_last_step", known("dwh comes from the last step alone, not summed over the steps"), "gradient dwh", (SUM_DWH, "dwh = states[-2].T @ dzs[-1]")),
    chaff("srn", "db_step_mean", STEP_MEAN_DB, "gradient db", (SUM_DB, SUM_DB + " / len(dzs)")),
    chaff("srn", "later_state", known("dwh takes h_k where h_(k-1) belongs: the index is off by one"), "gradient dwh", (SUM_DWH, SUM_DWH.replace("zip(states,", "zip(states[1:],"))),
    chaff("srn", "wraps_to_last", known("the first step's state before is taken from the end, states[-1], not from h0"), "gradient dwh",
          (SUM_DWH, "dwh = sum(states[t if t else -1].T @ dz for t, dz in enumerate(dzs))")),
    chaff("srn", "wh_not_transposed", WH_TRANSPOSED, "gradient dh0", (FULL_CARRIED, FULL_CARRIED.replace("wh.T", "wh")), also="gradient dx, gradient dwx, gradient dwh, gradient db"),
    chaff("srn", "slope_twice", SLOPE_TWICE, "gradient dx", (FULL_DZ, FULL_DZ.replace("(1 - h * h)", "(1 - array_namespace(h).tanh(h) ** 2)")), (CUT_DZ, "dz = carried * (1 - xp.tanh(h) ** 2)"), also="gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("srn", "slope_before", known("the derivative is taken at the state before, not at the step's own"), "gradient dx", ("h = states[t + 1]", "h = states[t]"), ("h = states[k + 1]", "h = states[k]"), also="gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("srn", "dh0_sum", H0_SUM, "gradient dh0", (FULL_CARRIED, "carried = dz @ wh.T\n        dzs.insert(0, dz)\n    return dzs, sum(dz @ wh.T for dz in dzs)")),
    chaff("srn", "dh0_wraps", H0_WRAPS, "gradient dh0", (FULL_CARRIED, FULL_CARRIED + " + dh[:, -1, :]")),
    chaff("srn", "dx_reversed", DX_REVERSED, "gradient dx", (DX, DX.replace("in dzs]", "in dzs[::-1]]"))),
    chaff("srn", "not_truncated", known("truncate is ignored: the gradient goes back to the start"), "gradient dx", ("back_through = _bptt if truncate is None or truncate >= x.shape[1] else _truncated_bptt", "back_through = _bptt"), also="gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("srn", "truncated_late", known("the gradient goes back one step too far: t itself counts"), "gradient dwh", ("for k in range(t, max(t - truncate, -1), -1):", "for k in range(t, max(t - truncate - 1, -1), -1):"), also="gradient dx, gradient dwx, gradient db"),
    chaff("srn", "truncated_dh0", known("dh0 gets a gradient from steps further away than truncate"), "gradient dh0", ("        if t < truncate:\n            dh0", "        if True:\n            dh0")),
    chaff("srn", "truncated_in_blocks", known("the sequence is cut into blocks; every step should go back through its own last steps"), "gradient dwx",
          ("for k in range(t, max(t - truncate, -1), -1):", "for k in range(t, t // truncate * truncate - 1, -1):"), also="gradient dx, gradient dwh, gradient db"),
    chaff("srn", "time_first", TIME_FIRST, "shape", (SRN_STACKED, SRN_STACKED.replace("axis=1", "axis=0")), also="forward, batch"),
    chaff("srn", "last_output_repeated", LAST_ONLY, "forward", (SRN_STACKED, SRN_STACKED.replace("states[1:]", "states[-1:] * x.shape[1]"))),
    chaff("srn", "with_h0", WITH_H0, "forward", (SRN_STACKED, SRN_STACKED.replace("states[1:]", "states[:-1]"))),
    chaff("srn", "adds_to_upstream", IN_PLACE, "purity", (FULL_DZ, "dh[:, t, :] += carried\n        dz = dh[:, t, :] * (1 - h * h)")),
    chaff("srn", "clipped", CLIPPED, "linearity", (FULL_CARRIED, FULL_CARRIED.replace("dz @ wh.T", "np.clip(dz @ wh.T, -0.1, 0.1)")), also="gradient dx, gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("srn", "first_h0", FIRST_H0, "batch", ("states = [h0]", "states = [h0[:1] + 0 * h0]"), also="forward, gradient dx, gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("srn", "step_squeezed", SQUEEZED, "edges", (SRN_STEP, SRN_STEP.replace("x[:, t, :]", "np.squeeze(x[:, t, :])"))),
    chaff("srn", "second_step", known("sizes are read from the second step, which is not there when T is 1"), "edges",
          ("carried = array_namespace(dh).zeros_like(states[0])", "carried = array_namespace(dh).zeros_like(states[2])")),
    chaff("srn", "float64", FLOAT64, "float32", ("carried = array_namespace(dh).zeros_like(states[0])", "carried = np.zeros(states[0].shape)")),

    chaff("preactivation_srn", "activated_state", known("the state is returned through tanh"), "forward", (STACKED, "xp.tanh(xp.stack(states[1:], axis=1))")),
    chaff("preactivation_srn", "elman", known("tanh goes around the whole sum, not around the state before"), "forward",
          ("states.append(xp.tanh(states[-1]) @ wh + x[:, t, :] @ wx + b)", "states.append(xp.tanh(states[-1] @ wh + x[:, t, :] @ wx + b))"), also="gradient dx, gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("preactivation_srn", "no_tanh", known("the state before goes on without tanh"), "forward", ("xp.tanh(states[-1]) @ wh", "states[-1] @ wh"), also="gradient dx, gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("preactivation_srn", "slope_of_state", known("the derivative is 1 - h * h, but h is not a value of tanh here"), "gradient dx", ("(1 - a_prev * a_prev)", "(1 - states[t] * states[t])"), also="gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("preactivation_srn", "slope_at_own_step", known("the derivative is taken at the step's own state, not at the state before"), "gradient dh0",
          ("(1 - a_prev * a_prev)", "(1 - xp.tanh(states[t + 1]) ** 2)"), also="gradient dx, gradient dwx, gradient dwh, gradient db"),
    chaff("preactivation_srn", "slope_forgotten", SLOPE_FORGOTTEN, "gradient dh0", (" * (1 - a_prev * a_prev)", ""), also="gradient dx, gradient dwx, gradient dwh, gradient db"),
    chaff("preactivation_srn", "dwh_of_state", known("dwh takes the state before without its tanh"), "gradient dwh", ("a_prev.T @ here", "states[t].T @ here")),
    chaff("preactivation_srn", "not_carried", NOT_CARRIED, "gradient dwx", ("here = dh[:, t, :] + carried", "here = dh[:, t, :]"), also="gradient dx, gradient dh0, gradient dwh, gradient db"),
    chaff("preactivation_srn", "wh_not_transposed", WH_TRANSPOSED, "gradient dx", ("here @ wh.T", "here @ wh"), also="gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("preactivation_srn", "db_mean", known("db is averaged over batch and steps, not summed"), "gradient db", (ROWS, ROWS.replace("xp.sum", "xp.mean")), also="batch"),
    chaff("preactivation_srn", "dh0_sum", H0_SUM, "gradient dh0", ("dhs.insert(0, here)", "dhs.insert(0, here)\n        dh0 = carried + (dh0 if dhs[1:] else 0)"), ("return dx, carried, dwx, dwh, db", "return dx, dh0, dwx, dwh, db")),
    chaff("preactivation_srn", "adds_to_upstream", IN_PLACE, "purity", ("        here = dh[:, t, :] + carried", "        dh[:, t, :] += carried\n        here = dh[:, t, :]")),
    chaff("preactivation_srn", "float64", FLOAT64, "float32", ("carried, dwh = xp.zeros_like(states[0]), xp.zeros_like(wh)", "carried, dwh = np.zeros(states[0].shape), np.zeros(wh.shape)")),

    chaff("jordan", "hidden_comes_back", known("the sum before the sigmoid comes back, not the output"), "forward",
          ("outputs, hidden, activations = [y0], [], []", "outputs, hidden, activations = [y0], [], []\n    fed = y0"), ("outputs[-1] @ wy", "fed @ wy"),
          ("        outputs.append(y)", "        fed = hidden[-1] @ v + c\n        outputs.append(y)"), also="gradient dx, gradient dy0, gradient dwx, gradient dwy, gradient db, gradient dv, gradient dc"),
    chaff("jordan", "y0_every_step", known("every step gets y0, not the output before"), "forward", ("outputs[-1] @ wy", "y0 @ wy"), also="gradient dx, gradient dy0, gradient dwx, gradient dwy, gradient db, gradient dv, gradient dc"),
    chaff("jordan", "y0_ignored", known("the first step gets 0, whatever y0 is"), "forward", ("outputs, hidden, activations = [y0], [], []", "outputs, hidden, activations = [0 * y0], [], []"), also="gradient dx, gradient dy0, gradient dwx, gradient dwy, gradient db, gradient dv, gradient dc"),
    chaff("jordan", "not_activated", known("the output is not passed through the sigmoid"), "forward",
          ("        y, activation = sigmoid_forward(hidden[-1] @ v + c)", "        y, activation = hidden[-1] @ v + c, None"),
          ("ds = sigmoid_backward(dy[:, t, :] + carried, activations[t])", "ds = dy[:, t, :] + carried"), also="gradient dx, gradient dy0, gradient dwx, gradient dwy, gradient db, gradient dv, gradient dc"),
    chaff("jordan", "c_forgotten", known("the bias of the output is not added"), "forward", ("hidden[-1] @ v + c)", "hidden[-1] @ v)"), also="gradient dx, gradient dy0, gradient dwx, gradient dwy, gradient db, gradient dv, gradient dc"),
    chaff("jordan", "not_carried", NOT_CARRIED, "gradient dx", ("sigmoid_backward(dy[:, t, :] + carried,", "sigmoid_backward(dy[:, t, :],"), also="gradient dy0, gradient dwx, gradient dwy, gradient db, gradient dv, gradient dc"),
    chaff("jordan", "sigmoid_slope", known("the slope of the sigmoid is left out of the backward"), "gradient dv", ("ds = sigmoid_backward(dy[:, t, :] + carried, activations[t])", "ds = dy[:, t, :] + carried"), also="gradient dx, gradient dy0, gradient dwx, gradient dwy, gradient db, gradient dc"),
    chaff("jordan", "tanh_slope", known("the slope of tanh is left out of the backward"), "gradient dwx", (" * (1 - hidden[t] * hidden[t])", ""), also="gradient dx, gradient dy0, gradient dwy, gradient db, gradient dv, gradient dc"),
    chaff("jordan", "later_output", known("dwy takes the step's own output, not the output before"), "gradient dwy", ("outputs[t].T @ dz", "outputs[t + 1].T @ dz")),
    chaff("jordan", "dv_last_step", known("dv is overwritten at every step, not summed"), "gradient dv", ("dv = dv + hidden", "dv = hidden")),
    chaff("jordan", "dc_mean", known("dc is averaged over the batch, not summed"), "gradient dc", ("dc = dc + xp.sum(ds, axis=0)", "dc = dc + xp.mean(ds, axis=0)"), also="batch"),
    chaff("jordan", "dc_last_step", known("dc is overwritten at every step, not summed"), "gradient dc", ("dc = dc + xp", "dc = xp")),
    chaff("jordan", "dwy_last_step", known("dwy is overwritten at every step, not summed"), "gradient dwy", ("dwy = dwy + outputs", "dwy = outputs")),
    chaff("jordan", "dy0_wraps", known("dy0 also gets the upstream gradient of the last step, through the index -1"), "gradient dy0", ("return dx, carried, dwx, dwy, db, dv, dc", "return dx, carried + dy[:, -1, :], dwx, dwy, db, dv, dc")),
    chaff("jordan", "db_step_mean", STEP_MEAN_DB, "gradient db", ("return dx, carried, dwx, dwy, db, dv, dc", "return dx, carried, dwx, dwy, db / len(dzs), dv, dc")),
    chaff("jordan", "adds_to_upstream", IN_PLACE, "purity", ("        ds = sigmoid_backward(dy[:, t, :] + carried, activations[t])", "        dy[:, t, :] += carried\n        ds = sigmoid_backward(dy[:, t, :], activations[t])")),
    chaff("jordan", "float64", FLOAT64, "float32", ("    carried = xp.zeros_like(outputs[0])", "    carried = np.zeros(outputs[0].shape)")),
    chaff("jordan", "time_first", TIME_FIRST, "shape", ("xp.stack(outputs[1:], axis=1)", "xp.stack(outputs[1:], axis=0)"), also="forward, batch"),
    chaff("residual_inputs", "not_added", known("the state before is not added: the step replaces it"), "forward", ("h = h + steps[-1]", "h = steps[-1]")),
    chaff("residual_inputs", "tanh_outside", known("tanh goes around the sum with the state before"), "forward", ("steps.append(xp.tanh(x[:, t, :] @ wx + b))", "steps.append(xp.tanh(h + x[:, t, :] @ wx + b) - h)"), also="gradient dx, gradient dwx, gradient db"),
    chaff("residual_inputs", "h0_ignored", H0_IGNORED, "forward", ("h, states, steps = h0, [], []", "h, states, steps = 0 * h0, [], []")),
    chaff("residual_inputs", "slope_of_state", known("the derivative is taken at the state, not at the step that was added"), "gradient dx",
          ("        states.append(h)", "        states.append(h)\n        steps[-1] = h"), also="gradient dwx, gradient db"),
    chaff("residual_inputs", "not_carried", NOT_CARRIED, "gradient dh0", ("carried = carried + dh[:, t, :]", "carried = dh[:, t, :]"), also="gradient dx, gradient dwx, gradient db"),
    chaff("residual_inputs", "decays", known("the gradient is multiplied by the slope on its way back: the direct path adds, it does not multiply"), "gradient dh0",
          ("        dzs.insert(0, carried * (1 - steps[t] * steps[t]))", "        carried = carried * (1 - steps[t] * steps[t])\n        dzs.insert(0, carried)"), also="gradient dx, gradient dwx, gradient db"),
    chaff("residual_inputs", "slope_forgotten", SLOPE_FORGOTTEN, "gradient dwx", ("carried * (1 - steps[t] * steps[t])", "carried"), also="gradient dx, gradient db"),
    chaff("residual_inputs", "db_mean", known("db is averaged over batch and steps, not summed"), "gradient db", (ROWS, ROWS.replace("xp.sum", "xp.mean")), also="batch"),
    chaff("residual_inputs", "in_place", IN_PLACE, "purity", ("        h = h + steps[-1]\n        states.append(h)", "        h += steps[-1]\n        states.append(h.copy())")),
    chaff("residual_inputs", "same_array", known("every state is the same array, changed in place"), "forward", ("h, states, steps = h0, [], []", "h, states, steps = h0.copy(), [], []"), ("h = h + steps[-1]", "h += steps[-1]")),
    chaff("residual_inputs", "float64", FLOAT64, "float32", ("    carried = xp.zeros_like(steps[0])", "    carried = np.zeros(steps[0].shape)")),

    chaff("residual_srn", "not_added", known("the state before is not added: the step replaces it"), "forward", ("states.append(states[-1] + steps[-1])", "states.append(steps[-1])"), also="gradient dx, gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("residual_srn", "tanh_outside", known("tanh goes around the sum with the state before"), "forward", ("states.append(states[-1] + steps[-1])", "states.append(xp.tanh(states[-1] + x[:, t, :] @ wx + states[-1] @ wh + b))"), also="gradient dx, gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("residual_srn", "direct_path_lost", known("the gradient along the direct path is left out"), "gradient dh0", ("carried = here + dz @ wh.T", "carried = dz @ wh.T"), also="gradient dx, gradient dwx, gradient dwh, gradient db"),
    chaff("residual_srn", "recurrent_path_lost", known("the gradient through wh is left out"), "gradient dh0", ("carried = here + dz @ wh.T", "carried = here"), also="gradient dx, gradient dwx, gradient dwh, gradient db"),
    chaff("residual_srn", "slope_of_state", known("the derivative is taken at the state, not at the step that was added"), "gradient dx", ("(1 - steps[t] * steps[t])", "(1 - states[t + 1] * states[t + 1])"), also="gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("residual_srn", "later_state", LATER_STATE, "gradient dwh", (LOOP_DWH, LOOP_DWH.replace("states[t]", "states[t + 1]"))),
    chaff("residual_srn", "dwh_of_step", known("dwh takes the step that was added, not the state before"), "gradient dwh", (LOOP_DWH, LOOP_DWH.replace("states[t]", "steps[t]"))),
    chaff("residual_srn", "dwh_last_step", known("dwh is overwritten at every step, not summed"), "gradient dwh", (LOOP_DWH, "dwh = states[t].T @ dz")),
    chaff("residual_srn", "dwx_last_step", known("dwx comes from the last step alone, not summed over the steps"), "gradient dwx", (DWX_OF_ROWS, "dwx = x[:, -1, :].T @ dzs[-1]")),
    chaff("residual_srn", "db_step_mean", STEP_MEAN_DB, "gradient db", ("return dx, carried, dwx, dwh, db", "return dx, carried, dwx, dwh, db / len(dzs)")),
    chaff("residual_srn", "in_place", IN_PLACE, "purity", ("        states.append(states[-1] + steps[-1])", "        h0 += steps[-1]\n        states.append(h0.copy())"), ("states, steps = [h0], []", "states, steps = [h0.copy()], []")),
    chaff("residual_srn", "clipped", CLIPPED, "linearity", ("        here = carried + dh[:, t, :]", "        here = np.clip(carried + dh[:, t, :], -1, 1)"), also="gradient dx, gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("residual_srn", "float64", FLOAT64, "float32", ("carried, dwh = xp.zeros_like(states[0]), xp.zeros_like(wh)", "carried, dwh = np.zeros(states[0].shape), np.zeros(wh.shape)")),

    chaff("masked_srn", "lengths_ignored", LENGTHS_IGNORED, "forward", ("states.append(xp.where((t < lengths)[:, None], h, states[-1]))", "states.append(h)"), ("running = (t < lengths)[:, None]", "running = (t <= lengths + dh.shape[1])[:, None]"), also="gradient dx, gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("masked_srn", "zero_behind_end", known("behind its end a sequence is 0; it should keep its last state"), "forward", ("[:, None], h, states[-1]))", "[:, None], h, 0 * h))")),
    chaff("masked_srn", "one_step_late", MASK_LATE, "forward", ("xp.where((t < lengths)[:, None], h", "xp.where((t <= lengths)[:, None], h"), ("running = (t < lengths)", "running = (t <= lengths)"), also="gradient dx, gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("masked_srn", "longest", SHARED_LENGTH, "forward", ("xp.where((t < lengths)[:, None], h", "xp.where((t < 0 * lengths + lengths.max(initial=0))[:, None], h"), also="batch"),
    chaff("masked_srn", "padding_gets_gradient", known("padding steps get a gradient as if they had been computed"), "gradient dx", ("running = (t < lengths)[:, None]", "running = (t < lengths + len(states))[:, None]"), also="gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("masked_srn", "end_not_carried", known("the gradient of the states behind the end does not reach the last state"), "gradient dx", ("carried = xp.where(running, dz @ wh.T, here)", "carried = dz @ wh.T"), also="gradient dh0, gradient dwx, gradient dwh, gradient db"),
    chaff("masked_srn", "copies_not_summed", known("only one of the copies of the last state sends its gradient back"), "gradient dwh", ("carried = xp.where(running, dz @ wh.T, here)", "carried = xp.where(running, dz @ wh.T, dh[:, t, :])"), also="gradient dx, gradient dh0, gradient dwx, gradient db"),
    chaff("masked_srn", "not_carried", NOT_CARRIED, "gradient dh0", ("carried = xp.where(running, dz @ wh.T, here)", "carried = xp.where(running, 0, here)"), also="gradient dx, gradient dwx, gradient dwh, gradient db"),
    chaff("masked_srn", "later_state", LATER_STATE, "gradient dwh", (LOOP_DWH, LOOP_DWH.replace("states[t]", "states[t + 1]"))),
    chaff("masked_srn", "dwx_with_padding", known("dwx counts the padding steps as well"), "gradient dwx", ("        dzs.insert(0, dz)", "        dzs.insert(0, here * (1 - states[t + 1] * states[t + 1]))"), also="gradient dx, gradient db"),
    chaff("masked_srn", "db_mean", known("db is averaged over batch and steps, not summed"), "gradient db", (ROWS, ROWS.replace("xp.sum", "xp.mean")), also="batch"),
    chaff("masked_srn", "adds_to_upstream", IN_PLACE, "purity", ("        here = dh[:, t, :] + carried", "        dh[:, t, :] += carried\n        here = dh[:, t, :]")),
    chaff("masked_srn", "float64", FLOAT64, "float32", ("carried, dwh = xp.zeros_like(states[0]), xp.zeros_like(wh)", "carried, dwh = np.zeros(states[0].shape), np.zeros(wh.shape)")),

    chaff("last_step", "last_of_all", known("it is the state at T, padding or not, not the state at each length"), "forward", ("label_mask(lengths - 1, h.shape[1])", "label_mask(0 * lengths + h.shape[1] - 1, h.shape[1])"), also="gradient dh"),
    chaff("last_step", "one_late", known("it is the step after the last: the index is length - 1"), "forward", ("label_mask(lengths - 1,", "label_mask(np.minimum(lengths, h.shape[1] - 1),"), also="gradient dh"),
    chaff("last_step", "one_early", known("it is the step before the last"), "forward", ("label_mask(lengths - 1,", "label_mask(np.maximum(lengths - 2, 0),"), also="gradient dh"),
    chaff("last_step", "longest", SHARED_LENGTH, "forward", ("label_mask(lengths - 1,", "label_mask(0 * lengths + lengths.max(initial=1) - 1,"), also="gradient dh, batch"),
    chaff("last_step", "mean_over_steps", known("it is the mean over the steps, not the last one"), "forward", ("return xp.sum(h * is_last[:, :, None], axis=1), is_last", "return xp.mean(h, axis=1), is_last")),
    chaff("last_step", "gradient_at_every_step", known("every step gets the gradient, not the last one alone"), "gradient dh", ("return dlast[:, None, :] * is_last[:, :, None]", "return dlast[:, None, :] * (1 + 0 * is_last[:, :, None])")),
    chaff("last_step", "gradient_at_last_of_all", known("the gradient goes to the step at T, padding or not"), "gradient dh", ("return dlast[:, None, :] * is_last[:, :, None]", "dh = 0 * dlast[:, None, :] * is_last[:, :, None]\n    dh[:, -1, :] = dlast\n    return dh")),
    chaff("last_step", "keeps_time", known("the axis of time is kept with size 1"), "shape", ("is_last[:, :, None], axis=1)", "is_last[:, :, None], axis=1, keepdims=True)")),
    chaff("last_step", "squeezed", SQUEEZED, "edges", ("return xp.sum(h * is_last[:, :, None], axis=1), is_last", "return np.squeeze(xp.sum(h * is_last[:, :, None], axis=1)), is_last")),
    chaff("last_step", "float64", FLOAT64, "float32", ("is_last = in_dtype_of(label_mask(lengths - 1, h.shape[1]), h)", "is_last = label_mask(lengths - 1, h.shape[1]).astype(np.float64)")),

    chaff("sequence_loss", "lengths_ignored", LENGTHS_IGNORED, "forward", ("< lengths[:, None], logits)", "< 0 * lengths[:, None] + steps, logits)"), also="gradient dlogits"),
    chaff("sequence_loss", "one_step_late", MASK_LATE, "forward", ("< lengths[:, None], logits)", "<= lengths[:, None], logits)"), also="gradient dlogits"),
    chaff("sequence_loss", "mean_over_steps", PER_STEP_MEAN, "forward", ("    return reduce_losses(losses, reduction), (", "    steps_of = in_dtype_of(lengths, logits)\n    losses, inside = losses / steps_of, inside / steps_of[:, None]\n    return reduce_losses(losses, reduction), ("), also="gradient dlogits"),
    chaff("sequence_loss", "mean_over_all_steps", known("the loss is divided by N T, padding and all; it should be summed over the steps and averaged over the sequences"), "forward",
          ("    return reduce_losses(losses, reduction), (", '    if reduction == "mean":\n        losses, inside = losses / steps, inside / steps\n    return reduce_losses(losses, reduction), ('), also="gradient dlogits"),
    chaff("sequence_loss", "padding_gets_gradient", known("the steps behind the end get a gradient"), "gradient dlogits", ("return upstream[:, None, None] * inside[:, :, None] * xp", "return upstream[:, None, None] * xp")),
    chaff("sequence_loss", "not_averaged", known("the gradient of the mean is not divided by the batch size"), "gradient dlogits", ("dloss = dloss / samples", "dloss = dloss * 1")),
    chaff("sequence_loss", "upstream_ignored", known("the upstream gradient is taken to be 1"), "gradient dlogits", ("upstream = upstream_per_sample(dloss, reduction, inside)", "upstream = upstream_per_sample(0 * dloss + 1, reduction, inside)"), also="linearity"),
    chaff("sequence_loss", "one_hot_forgotten", known("the gradient is the softmax, without subtracting the one-hot labels"), "gradient dlogits", ("dlogits = xp.exp(log_probs) - in_dtype_of(label_mask(flat, shape[2]), log_probs)", "dlogits = xp.exp(log_probs)")),
    chaff("sequence_loss", "sign", known("the gradient has the wrong sign"), "gradient dlogits", ("return upstream[:, None, None]", "return -upstream[:, None, None]")),
    chaff("sequence_loss", "sum_is_mean", known('reduction="sum" gives the mean'), "forward", ('if reduction == "sum":\n        return total', 'if reduction == "sum":\n        return total / losses.shape[0]')),
    chaff("sequence_loss", "probabilities_expected", known("the logits go through softmax twice"), "forward", ("log_probs, _ = log_softmax_forward(xp.reshape(logits, (-1, classes)))", "log_probs, _ = log_softmax_forward(xp.exp(log_softmax_forward(xp.reshape(logits, (-1, classes)))[0]))"), also="gradient dlogits"),
    chaff("sequence_loss", "in_place", IN_PLACE, "purity", ("log_probs, _ = log_softmax_forward(xp.reshape(logits, (-1, classes)))", "logits -= xp.max(logits, axis=-1, keepdims=True)\n    log_probs, _ = log_softmax_forward(xp.reshape(logits, (-1, classes)))")),
    chaff("sequence_loss", "per_step", known('reduction="none" gives one loss a step, not one a sequence'), "shape", ("    return reduce_losses(losses, reduction), (", '    kept = inside * xp.reshape(-at_labels(log_probs, flat), (samples, steps)) if reduction == "none" else losses\n    return reduce_losses(kept, reduction), ('), also="forward"),
    chaff("sequence_loss", "float64", FLOAT64, "float32", ("in_dtype_of(xp.arange(steps, device=lengths.device) < lengths[:, None], logits)", "(np.arange(steps) < lengths[:, None]).astype(np.float64)")),

    chaff("srn_deltas", "wh_not_transposed", known("delta goes back through wh; for rows it is the transpose of wh"), "forward", ("deltas[0] @ wh.T", "deltas[0] @ wh")),
    chaff("srn_deltas", "slope_late", known("the slope is that of the step after, f'(z_(k+1)), not f'(z_k) (a misprint of the USTC slides)"), "forward", ("* slope[:, k, :])", "* slope[:, k + 1, :])")),
    chaff("srn_deltas", "slope_of_last_left_out", known("the last delta is dL/dh, without the slope f'(z_T)"), "forward", ("deltas = [dlast * slope[:, -1, :]]", "deltas = [dlast]")),
    chaff("srn_deltas", "slope_forgotten", SLOPE_FORGOTTEN, "forward", ("(deltas[0] @ wh.T) * slope[:, k, :]", "deltas[0] @ wh.T")),
    chaff("srn_deltas", "slope_twice", SLOPE_TWICE, "forward", ("slope = 1 - h * h", "slope = 1 - xp.tanh(h) ** 2")),
    chaff("srn_deltas", "slope_linear", SLOPE_LINEAR, "forward", ("slope = 1 - h * h", "slope = 1 - h")),
    chaff("srn_deltas", "power_of_gamma", known("every delta is a power of a number times the last one: that is a bound, which the USTC slides print as the value"), "forward",
          ("(deltas[0] @ wh.T) * slope[:, k, :]", "deltas[0] * np.linalg.norm(wh, 2) * slope.max()"), also="batch"),
    chaff("srn_deltas", "reversed", known("the deltas come in the order of the backward, last step first"), "forward", ("return xp.stack(deltas, axis=1)", "return xp.stack(deltas[::-1], axis=1)")),
    chaff("srn_deltas", "time_first", TIME_FIRST, "shape", ("return xp.stack(deltas, axis=1)", "return xp.stack(deltas, axis=0)"), also="forward"),
    chaff("srn_deltas", "in_place", IN_PLACE, "purity", ("    deltas = [dlast * slope[:, -1, :]]", "    dlast *= slope[:, -1, :]\n    deltas = [dlast]")),
    chaff("srn_deltas", "squeezed", SQUEEZED, "edges", ("return xp.stack(deltas, axis=1)", "return np.squeeze(xp.stack(deltas, axis=1))")),
    chaff("srn_deltas", "float64", FLOAT64, "float32", ("slope = 1 - h * h", "slope = np.ones(h.shape) - h * h")),

    chaff("gradient_norms", "frobenius", known("it is the Frobenius norm, not the spectral norm"), "forward", (SPECTRAL, SPECTRAL.replace(", ord=2", ""))),
    chaff("gradient_norms", "reversed", known("the norms come in the order of the backward, last step first"), "forward", ("jacobians.insert(0, jacobian)", "jacobians.append(jacobian)")),
    chaff("gradient_norms", "slope_on_rows", known("the slope multiplies the rows of wh; for rows it belongs to its columns"), "forward", ("(wh * slope[k, :]) @ jacobian", "(wh * slope[k, :, None]) @ jacobian")),
    chaff("gradient_norms", "wrong_order", known("the Jacobians are multiplied in the wrong order"), "forward", ("(wh * slope[k, :]) @ jacobian", "jacobian @ (wh * slope[k, :])")),
    chaff("gradient_norms", "slope_forgotten", SLOPE_FORGOTTEN, "forward", ("(wh * slope[k, :]) @ jacobian", "wh @ jacobian")),
    chaff("gradient_norms", "one_step_late", known("the norms are those of k = 0 .. T-1, not of k = 1 .. T"), "forward",
          ("        jacobians.insert(0, jacobian)\n", ""), ("jacobian = (wh * slope[k, :]) @ jacobian", "jacobian = (wh * slope[k, :]) @ jacobian\n        jacobians.insert(0, jacobian)")),
    chaff("gradient_norms", "bound_off_by_one", known("the bound has the power T - k + 1, not T - k"), "forward", ("factor ** (steps - 1 - k)", "factor ** (steps - k)")),
    chaff("gradient_norms", "bound_without_slope", known("the bound leaves out the largest slope"), "forward", (" * xp.max(slope)", "")),
    chaff("gradient_norms", "bound_by_mean", known("the bound takes the mean slope, not the largest"), "forward", ("xp.max(slope)", "xp.mean(slope)")),
    chaff("gradient_norms", "bound_frobenius", known("the bound takes the Frobenius norm of wh, not the spectral norm"), "forward", ("xp.linalg.matrix_norm(wh, ord=2)", "xp.linalg.matrix_norm(wh)")),
    chaff("gradient_norms", "spectral_radius", known("the bound takes the largest eigenvalue of wh, not its largest singular value"), "forward", ("xp.linalg.matrix_norm(wh, ord=2)", "np.abs(np.linalg.eigvals(wh)).max()")),
    chaff("gradient_norms", "swapped", known("the bounds come first, the norms after them"), "forward", ("return norms, bounds", "return bounds, norms")),
    chaff("gradient_norms", "float64", FLOAT64, "float32", ("jacobian = xp.eye(h.shape[1], dtype=h.dtype, device=h.device)", "jacobian = np.eye(h.shape[1])")),
)  # fmt: skip
