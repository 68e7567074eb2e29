//===- Sampler.cpp - Elements between elements ----------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Dialect/LinalgExt/Sampler.h"

using namespace mlir;

namespace orchestra::linalg_ext {

namespace {

/// One element that takes part along one dimension.
struct Tap {
  Num index;  // within the dimension
  Num inside; // whether it is there; none: it is
  Num weight; // none: 1
};

struct Borders {
  Num low, high;
};

/// The distance beyond a border goes back inside, to and fro.
Num reflect(Num x, const Borders &borders) {
  Num range = borders.high - borders.low;
  Num below = x<borders.low, above = x> borders.high;
  Num beyond = below.choose(borders.low - x, x - borders.high).max(0);
  Num single = range <= 0;
  Num turns = (beyond / single.choose(range.constant(1), range)).floor();
  Num rest = beyond - turns * range;
  Num even = (turns - (turns * 0.5).floor() * 2.0) == 0;
  // From the border it crossed, or from the other one.
  Num fromLow = (below & even) | (!below & !even);
  Num inside = fromLow.choose(borders.low + rest, borders.high - rest);
  inside = single.choose(borders.low, inside);
  return (below | above).choose(inside, x);
}

Tap tapAt(const Sampler &sampler, Num index, Num length, const Borders &borders,
          Num weight) {
  Tap tap;
  tap.weight = weight;
  Num last = length - 1;
  if (sampler.padding == Padding::Zeros)
    tap.inside = (index >= 0) & (index <= last);
  else if (sampler.padding == Padding::Reflection)
    index = reflect(index.toFloat(borders.low.type()), borders).toIndex();
  tap.index = index.max(0).min(last);
  return tap;
}

/// Weights of the four elements around, at distance t in [0, 1) of the second.
std::array<Num, 4> cubicWeights(Num t) {
  constexpr double a = -0.75;
  auto far = [&](Num x) { // 1 <= x < 2
    return ((x * a - 5 * a) * x + 8 * a) * x - 4 * a;
  };
  auto near = [&](Num x) { // 0 <= x < 1
    return (x * (a + 2) - (a + 3)) * x * x + 1;
  };
  Num rest = t.constant(1) - t;
  return {far(t + 1), near(t), near(rest), far(rest + 1)};
}

} // namespace

Num Sampler::read(Num::Builder &b, Value image, llvm::ArrayRef<Num> lead,
                  llvm::ArrayRef<Num> places,
                  llvm::ArrayRef<Num> lengths) const {
  Type type = places[0].type();
  llvm::SmallVector<llvm::SmallVector<Tap, 4>> taps;
  for (const auto &[place, length] : llvm::zip(places, lengths)) {
    Num size = length.toFloat(type), x = place;
    Borders borders{size.constant(alignCorners ? 0 : -0.5),
                    size - (alignCorners ? 1 : 0.5)};
    if (mode == Interpolation::Nearest)
      x = x.roundEven();
    if (padding == Padding::Border)
      x = x.max(0).min(size - 1);
    else if (padding == Padding::Reflection)
      x = reflect(x, borders);
    Num base = x.floor(), t = x - base;
    Num first = base.toIndex();
    auto &list = taps.emplace_back();
    if (mode == Interpolation::Nearest) {
      list.push_back(tapAt(*this, first, length, borders, {}));
    } else if (mode == Interpolation::Linear) {
      list.push_back(tapAt(*this, first, length, borders, t.constant(1) - t));
      list.push_back(tapAt(*this, first + 1, length, borders, t));
    } else {
      auto weights = cubicWeights(t);
      for (int i = 0; i < 4; ++i)
        list.push_back(
            tapAt(*this, first + (i - 1), length, borders, weights[i]));
    }
  }
  // All combinations of the dimensions' elements.
  Num sum;
  llvm::SmallVector<size_t> which(taps.size(), 0);
  while (true) {
    llvm::SmallVector<Num> indices(lead);
    Num inside, weight;
    for (const auto &[list, i] : llvm::zip(taps, which)) {
      const Tap &tap = list[i];
      indices.push_back(tap.index);
      if (tap.inside)
        inside = inside ? inside & tap.inside : tap.inside;
      if (tap.weight)
        weight = weight ? weight * tap.weight : tap.weight;
    }
    Num element = at(b, image, indices);
    if (weight && element.isFloat())
      element = element.resize(type);
    if (inside)
      element = inside.choose(element, element.constant(0));
    if (weight)
      element = element * weight;
    sum = sum ? sum + element : element;
    size_t d = taps.size();
    while (d > 0 && ++which[d - 1] == taps[d - 1].size())
      which[--d] = 0;
    if (d == 0)
      return sum;
  }
}

} // namespace orchestra::linalg_ext
