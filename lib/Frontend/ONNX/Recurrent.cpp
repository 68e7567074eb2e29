//===- Recurrent.cpp - RNN, GRU, LSTM -------------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The product of the inputs with their weights is one, for all steps; the loop
// adds the product of the last state with its own.
//
//===----------------------------------------------------------------------===//
#include "Loops.h"
#include "Sizes.h"
#include "Table.h"

using namespace mlir;

namespace orchestra::onnx {
namespace {

struct Activation {
  std::string name;
  float alpha, beta;
};

std::optional<Activation> findActivation(const std::string &name) {
  static const Activation known[] = {{"affine", 1, 0},
                                     {"elu", 1, 0},
                                     {"hardsigmoid", 0.2f, 0.5f},
                                     {"leakyrelu", 0.01f, 0},
                                     {"relu", 0, 0},
                                     {"scaledtanh", 1, 1},
                                     {"sigmoid", 0, 0},
                                     {"softplus", 0, 0},
                                     {"softsign", 0, 0},
                                     {"tanh", 0, 0},
                                     {"thresholdedrelu", 1, 0}};
  std::string lower = llvm::StringRef(name).lower();
  for (const Activation &activation : known)
    if (activation.name == lower)
      return activation;
  return std::nullopt;
}

Num apply(const Activation &f, Num x) {
  const std::string &name = f.name;
  Num zero = x.constant(0), one = x.constant(1);
  if (name == "affine")
    return x * f.alpha + f.beta;
  if (name == "elu")
    return (x < 0.0).choose((x.exp() - 1.0) * f.alpha, x);
  if (name == "hardsigmoid")
    return (x * f.alpha + f.beta).max(0).min(1);
  if (name == "leakyrelu")
    return (x < 0.0).choose(x * f.alpha, x);
  if (name == "relu")
    return (x < 0.0).choose(zero, x);
  if (name == "scaledtanh")
    return (x * f.beta).tanh() * f.alpha;
  if (name == "sigmoid")
    return one / ((zero - x).exp() + 1.0);
  if (name == "softplus") // without overflow of the power
    return x.max(0) + ((zero - x.abs()).exp() + 1.0).log();
  if (name == "softsign")
    return x / (x.abs() + 1.0);
  if (name == "tanh")
    return x.tanh();
  return (x >= static_cast<double>(f.alpha)).choose(x, zero);
}

/// One network: what its inputs and attributes say, for all directions.
struct Network {
  unsigned gates;
  int64_t hidden = 0;
  bool batchFirst = false;
  std::optional<float> clip;
  llvm::SmallVector<Activation> activations; // for each direction in turn
  unsigned perDirection = 0;
  llvm::SmallVector<bool> reversed; // a direction each
  ElementType type, stateType;
  Data x; // steps x batch x input
  Data w, r;
  std::optional<Data> bias, lengths, peepholes;
  llvm::SmallVector<Data> initial; // directions x batch x hidden
};

Data part(Op &op, const Data &x, int64_t axis, const Dim &from,
          const Dim &size) {
  Shape offsets(x.rank(), Dim(0)), sizes = x.shape;
  offsets[axis] = from;
  sizes[axis] = size;
  llvm::SmallVector<int64_t> steps(x.rank(), 1);
  return slice(op, x, offsets, sizes, steps);
}

std::optional<Data> map(Op &op, llvm::ArrayRef<Data> inputs,
                        llvm::function_ref<Num(llvm::ArrayRef<Num>)> formula) {
  return elementwise(op, inputs, inputs[0].type,
                     [&](Num::Builder &b, ValueRange v) -> Value {
                       return formula(numbers(b, v));
                     });
}

std::optional<Data> add(Op &op, const std::optional<Data> &a,
                        const std::optional<Data> &b) {
  if (!a || !b)
    return std::nullopt;
  return map(op, {*a, *b}, [](llvm::ArrayRef<Num> v) { return v[0] + v[1]; });
}

bool readActivations(Op &op, Network &net,
                     llvm::ArrayRef<const char *> defaults) {
  auto names = op.stringsAttr("activations");
  auto alpha = op.floatsAttr("activation_alpha"),
       beta = op.floatsAttr("activation_beta");
  net.perDirection = defaults.size();
  if (names.empty())
    for (size_t i = 0; i < net.reversed.size(); ++i)
      names.insert(names.end(), defaults.begin(), defaults.end());
  // The schema's own default is one for both directions.
  if (names.size() < defaults.size() * net.reversed.size()) {
    (void)op.fail("invalid-attribute",
                  op.node.op + ": activations has the wrong length");
    return false;
  }
  names.resize(defaults.size() * net.reversed.size());
  for (const auto &[i, name] : llvm::enumerate(names)) {
    auto activation = findActivation(name);
    if (!activation) {
      (void)op.fail("invalid-attribute",
                    op.node.op + ": there is no activation '" + name + "'");
      return false;
    }
    if (i < alpha.size())
      activation->alpha = alpha[i];
    if (i < beta.size())
      activation->beta = beta[i];
    net.activations.push_back(*activation);
  }
  return true;
}

std::optional<Network> readNetwork(Op &op, unsigned gates, unsigned states,
                                   llvm::ArrayRef<const char *> defaults) {
  Network net;
  net.gates = gates;
  const Data &x = op.in(0);
  Data w = op.in(1), r = op.in(2);
  if (!op.expectType(x, isFloat(x.type), "X") || !op.sameType(x, w) ||
      !op.sameType(x, r))
    return std::nullopt;
  std::string direction = op.stringAttr("direction", "forward");
  if (direction == "bidirectional")
    net.reversed = {false, true};
  else if (direction == "forward" || direction == "reverse")
    net.reversed = {direction == "reverse"};
  else
    (void)op.fail("invalid-attribute",
                  op.node.op + ": direction is '" + direction + "'");
  int64_t count = net.reversed.size();
  bool fits = x.rank() == 3 && w.rank() == 3 && r.rank() == 3;
  auto hidden = fits ? r.shape[2].constant() : std::nullopt;
  if (fits && !hidden && op.hasAttr("hidden_size"))
    hidden = op.intAttr("hidden_size", 0);
  if (fits && !hidden) {
    (void)op.unsupported("weights of unknown size");
    return std::nullopt;
  }
  if (fits) {
    Dim gated(*hidden * gates);
    w = withShape(op, w, {Dim(count), gated, x.shape[2]}, "sizes of W");
    r = withShape(op, r, {Dim(count), gated, Dim(*hidden)}, "sizes of R");
  }
  fits = fits && op.intAttr("hidden_size", hidden) == *hidden;
  if (!fits && !op.failed())
    (void)op.fail("shape-mismatch",
                  op.node.op + ": operand shapes do not agree",
                  {"X is " + op.text(x.shape) + ", W is " + op.text(w.shape) +
                   ", R is " + op.text(r.shape)});
  if (op.failed() || !readActivations(op, net, defaults))
    return std::nullopt;
  net.hidden = *hidden;
  net.type = x.type;
  net.stateType = x.type == ElementType::Double ? x.type : ElementType::Float;
  net.batchFirst = op.intAttr("layout", 0) != 0;
  if (op.hasAttr("clip"))
    net.clip = op.floatAttr("clip");
  auto wide = [&](const Data &data) {
    return convert(op, data, net.stateType);
  };
  auto wideX = wide(x), wideW = wide(w), wideR = wide(r);
  if (!wideX || !wideW || !wideR)
    return std::nullopt;
  net.x = net.batchFirst ? transpose(op, *wideX, {1, 0, 2}) : *wideX;
  net.w = *wideW;
  net.r = *wideR;
  if (op.has(3) && op.in(3).rank() == 2)
    net.bias = wide(withShape(
        op, op.in(3), {Dim(count), Dim(2 * gates * *hidden)}, "sizes of B"));
  else if (op.has(3))
    net.bias = wide(op.in(3));
  if (op.has(4))
    net.lengths = op.in(4);
  Shape shape{Dim(count), net.x.shape[1], Dim(net.hidden)};
  for (unsigned i = 0; i < states; ++i) {
    if (!op.has(5 + i)) {
      Data zero;
      zero.type = net.stateType;
      zero.shape = shape;
      zero.value = zeros(op, shape, net.stateType);
      net.initial.push_back(zero);
      continue;
    }
    auto given = wide(op.in(5 + i));
    if (!given)
      return std::nullopt;
    Data state = net.batchFirst ? transpose(op, *given, {1, 0, 2}) : *given;
    if (state.rank() == 3)
      state = withShape(op, state, shape, "sizes of an initial state");
    if (state.rank() != 3 || !state.shape[2].is(net.hidden)) {
      (void)op.fail("shape-mismatch",
                    op.node.op + ": an initial state does not fit",
                    {"it is " + op.text(op.in(5 + i).shape)});
      return std::nullopt;
    }
    state.shape[0] = Dim(count);
    shape[1] = state.shape[1];
    net.initial.push_back(state);
  }
  // A constant state tells the size of the batch, which rounds of the loop then
  // need not compare.
  if (!(shape[1] == net.x.shape[1])) {
    const char *what = "sizes of the batch";
    net.x =
        withShape(op, net.x, {net.x.shape[0], shape[1], net.x.shape[2]}, what);
    if (net.lengths && net.lengths->rank() == 1)
      net.lengths = withShape(op, *net.lengths, {shape[1]}, what);
    for (Data &state : net.initial)
      state = withShape(op, state, shape, what);
  }
  if (op.has(7) && gates == 4)
    net.peepholes = wide(op.in(7));
  return op.failed() ? std::nullopt : std::optional<Network>(net);
}

/// One direction of a network at one step.
struct Step {
  Op &op;
  const Network &net;
  unsigned direction;
  Data r;                        // hidden x gates * hidden
  std::optional<Data> recurrent; // its bias

  Data gate(const Data &all, unsigned which) const {
    return part(op, all, all.rank() - 1, Dim(net.hidden * which),
                Dim(net.hidden));
  }
  Num f(unsigned which, Num x) const {
    if (net.clip)
      x = x.max(-*net.clip).min(*net.clip);
    return apply(net.activations[direction * net.perDirection + which], x);
  }
  /// h times the weights of gates from..to, with their bias
  std::optional<Data> product(const Data &h, unsigned from, unsigned to) const {
    Dim at(net.hidden * from), size(net.hidden * (to - from));
    auto result = matmul(op, h, part(op, r, 1, at, size));
    if (!recurrent)
      return result;
    return add(op, result, part(op, *recurrent, 0, at, size));
  }
  std::optional<Data> peephole(unsigned which) const {
    if (!net.peepholes)
      return std::nullopt;
    return part(op, rowOf(op, *net.peepholes, 0, Dim(direction)), 0,
                Dim(net.hidden * which), Dim(net.hidden));
  }
};

using Cell = llvm::function_ref<std::optional<llvm::SmallVector<Data>>(
    const Step &, const Data &x, llvm::ArrayRef<Data> states)>;

/// What a state is after a step that some sequences are too short for.
std::optional<Data> masked(Op &op, const Network &net, const Dim &step,
                           const Data &next, const std::optional<Data> &last) {
  Value now = op.dims.materialize(step, op.b, op.b.getLoc());
  Data lengths = reshape(op, *net.lengths, {net.lengths->shape[0], Dim(1)});
  llvm::SmallVector<Data> inputs{next, lengths};
  if (last)
    inputs.push_back(*last);
  return elementwise(
      op, inputs, next.type, [&](Num::Builder &b, ValueRange v) -> Value {
        Num going = Num(b, now) < Num(b, v[1]).asIndex();
        Num value(b, v[0]);
        return going.choose(value, last ? Num(b, v[2]) : value.constant(0));
      });
}

/// The stacked first states and the last of all, of one direction.
std::optional<Round> runDirection(Op &op, const Network &net,
                                  unsigned direction, size_t weight,
                                  Cell cell) {
  Dim which(direction), width(net.hidden * net.gates);
  Data w = transpose(op, rowOf(op, net.w, 0, which), {1, 0});
  Step step{op, net, direction,
            transpose(op, rowOf(op, net.r, 0, which), {1, 0}), std::nullopt};
  auto inputs = matmul(op, net.x, w);
  if (net.bias) {
    Data bias = rowOf(op, *net.bias, 0, which);
    inputs = add(op, inputs, part(op, bias, 0, Dim(0), width));
    step.recurrent = part(op, bias, 0, width, width);
  }
  if (!inputs)
    return std::nullopt;
  llvm::SmallVector<Data> states;
  for (const Data &all : net.initial)
    states.push_back(rowOf(op, all, 0, which));
  LoopPlan plan;
  plan.trips = net.x.shape[0];
  plan.weight = weight;
  plan.backwards = {net.reversed[direction]};
  return repeat(
      op, plan, states,
      [&](const Dim &index, llvm::ArrayRef<Data> now) -> std::optional<Round> {
        Dim at = net.reversed[direction] ? *plan.trips - Dim(1) - index : index;
        auto next = cell(step, rowOf(op, *inputs, 0, at), now);
        if (!next)
          return std::nullopt;
        Round round;
        round.rows.push_back(next->front());
        if (net.lengths) {
          auto row = masked(op, net, at, next->front(), std::nullopt);
          if (!row)
            return std::nullopt;
          round.rows[0] = *row;
          for (const auto &[state, last] : llvm::zip(*next, now)) {
            auto kept = masked(op, net, at, state, last);
            if (!kept)
              return std::nullopt;
            state = *kept;
          }
        }
        // Broadcasts may have lost what is known of the batch.
        for (const auto &[state, last] : llvm::zip(*next, now))
          if (state.shape != last.shape)
            state = reshape(op, state, last.shape);
        round.states = *next;
        return round;
      });
}

/// Y is steps x directions x batch x hidden, the last states lack the steps
LogicalResult lowerRecurrent(Op &op, unsigned gates, unsigned states,
                             llvm::ArrayRef<const char *> defaults,
                             size_t weight, Cell cell) {
  auto net = readNetwork(op, gates, states, defaults);
  if (!net)
    return failure();
  llvm::SmallVector<llvm::SmallVector<Data>> outputs(1 + states);
  for (unsigned direction = 0; direction < net->reversed.size(); ++direction) {
    auto run = runDirection(op, *net, direction, weight, cell);
    if (!run || op.failed())
      return failure();
    Data rows = run->rows[0];
    Shape shape = rows.shape;
    shape.insert(shape.begin() + 1, Dim(1));
    outputs[0].push_back(reshape(op, rows, shape));
    for (unsigned i = 0; i < states; ++i) {
      Shape one = run->states[i].shape;
      one.insert(one.begin(), Dim(1));
      outputs[1 + i].push_back(reshape(op, run->states[i], one));
    }
  }
  for (unsigned i = 0; i <= states; ++i) {
    if (!op.wants(i))
      continue;
    Data all = concat(op, outputs[i], i == 0 ? 1 : 0);
    auto narrow = convert(op, all, net->type);
    if (!narrow)
      return failure();
    if (net->batchFirst)
      narrow = i == 0 ? transpose(op, *narrow, {2, 0, 1, 3})
                      : transpose(op, *narrow, {1, 0, 2});
    if (failed(op.set(i, *narrow)))
      return failure();
  }
  return success();
}

/// h' = f(x W + h R + b)
LogicalResult lowerRNN(Op &op) {
  return lowerRecurrent(
      op, 1, 1, {"Tanh"}, 4,
      [](const Step &step, const Data &x, llvm::ArrayRef<Data> states)
          -> std::optional<llvm::SmallVector<Data>> {
        auto sum = add(step.op, x, step.product(states[0], 0, 1));
        if (!sum)
          return std::nullopt;
        auto h = map(step.op, *sum,
                     [&](llvm::ArrayRef<Num> v) { return step.f(0, v[0]); });
        if (!h)
          return std::nullopt;
        return llvm::SmallVector<Data>{*h};
      });
}

/// z, r = f(..); h' = (1 - z) g(x W + (r h) R + b) + z h
LogicalResult lowerGRU(Op &op) {
  bool resetAfter = op.intAttr("linear_before_reset", 0) != 0;
  return lowerRecurrent(
      op, 3, 1, {"Sigmoid", "Tanh"}, 10,
      [&](const Step &step, const Data &x, llvm::ArrayRef<Data> states)
          -> std::optional<llvm::SmallVector<Data>> {
        const Data &h = states[0];
        auto both = step.product(h, 0, 2);
        if (!both)
          return std::nullopt;
        auto open = [&](unsigned which) {
          return map(
              step.op, {step.gate(x, which), step.gate(*both, which)},
              [&](llvm::ArrayRef<Num> v) { return step.f(0, v[0] + v[1]); });
        };
        auto z = open(0), r = open(1);
        if (!z || !r)
          return std::nullopt;
        std::optional<Data> old;
        auto times = [](llvm::ArrayRef<Num> v) { return v[0] * v[1]; };
        if (resetAfter) {
          auto all = step.product(h, 2, 3);
          old = all ? map(step.op, {*all, *r}, times) : std::nullopt;
        } else {
          auto reset = map(step.op, {h, *r}, times);
          old = reset ? step.product(*reset, 2, 3) : std::nullopt;
        }
        if (!old)
          return std::nullopt;
        auto next =
            map(step.op, {step.gate(x, 2), *old, *z, h},
                [&](llvm::ArrayRef<Num> v) {
                  Num fresh = step.f(1, v[0] + v[1]);
                  return (v[2].constant(1) - v[2]) * fresh + v[2] * v[3];
                });
        if (!next)
          return std::nullopt;
        return llvm::SmallVector<Data>{*next};
      });
}

/// i, o, f = f(..), c' = f c + i g(..), h' = o h(c')
LogicalResult lowerLSTM(Op &op) {
  bool coupled = op.intAttr("input_forget", 0) != 0;
  return lowerRecurrent(
      op, 4, 2, {"Sigmoid", "Tanh", "Tanh"}, 10,
      [&](const Step &step, const Data &x, llvm::ArrayRef<Data> states)
          -> std::optional<llvm::SmallVector<Data>> {
        const Data &c = states[1];
        auto sum = add(step.op, x, step.product(states[0], 0, 4));
        if (!sum)
          return std::nullopt;
        // The gates stand in the order i, o, f, c; peepholes i, o, f.
        llvm::SmallVector<Data> inputs{step.gate(*sum, 0), step.gate(*sum, 2),
                                       step.gate(*sum, 3), c};
        auto seesIn = step.peephole(0), seesForget = step.peephole(2),
             seesOut = step.peephole(1);
        if (seesIn) {
          inputs.push_back(*seesIn);
          inputs.push_back(*seesForget);
        }
        auto cell = map(step.op, inputs, [&](llvm::ArrayRef<Num> v) {
          Num in = v[0], forget = v[1];
          if (seesIn) {
            in = in + v[4] * v[3];
            forget = forget + v[5] * v[3];
          }
          in = step.f(0, in);
          forget = coupled ? in.constant(1) - in : step.f(0, forget);
          return forget * v[3] + in * step.f(1, v[2]);
        });
        if (!cell)
          return std::nullopt;
        llvm::SmallVector<Data> last{step.gate(*sum, 1), *cell};
        if (seesOut)
          last.push_back(*seesOut);
        auto h = map(step.op, last, [&](llvm::ArrayRef<Num> v) {
          Num out = seesOut ? v[0] + v[2] * v[1] : v[0];
          return step.f(0, out) *
                 apply(step.net
                           .activations[step.direction * step.net.perDirection +
                                        2],
                       v[1]);
        });
        if (!h)
          return std::nullopt;
        return llvm::SmallVector<Data>{*h, *cell};
      });
}

} // namespace

void addRecurrent(Table &table) {
  const char *limits = "weights of unknown size";
  table.op("GRU", {3, limits}, lowerGRU);
  table.op("LSTM", {1, limits}, lowerLSTM);
  table.op("RNN", {1, limits}, lowerRNN);
}

} // namespace orchestra::onnx
