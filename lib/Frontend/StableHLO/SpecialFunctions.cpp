//===- SpecialFunctions.cpp - Gamma, Bessel and error functions -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each in the precision of its operand, f32 or f64 (narrower ones are computed
// as f32): lgamma and digamma by Lanczos' approximation (g = 7, nine terms)
// with Euler's reflection below 1/2; the inverse error function by Giles'
// polynomials
// ("Approximating the erfinv function", 2012); the scaled Bessel function I1 by
// the Chebyshev series of Moshier's Cephes; the inverse tangent as in Cephes.
//
//===----------------------------------------------------------------------===//
#include "Importer.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace orchestra::stablehlo::frontend {
namespace {

using Coefficients = ArrayRef<double>;

constexpr double kGamma = 7; // Lanczos' g
constexpr double kPi = llvm::numbers::pi;
constexpr double kLanczosBase = 0.99999999999980993227684700473478;
constexpr double kLanczos[] = {
    676.520368121885098567009190444019, -1259.13921672240287047156078755283,
    771.3234287776530788486528258894,   -176.61502916214059906584551354,
    12.507343278686904814458936853,     -0.13857109526572011689554707,
    9.984369578019570859563e-6,         1.50563273514931155834e-7};

constexpr double kErfInvNear32[] = {
    2.81022636e-08,  3.43273939e-07, -3.5233877e-06,
    -4.39150654e-06, 0.00021858087,  -0.00125372503,
    -0.00417768164,  0.246640727,    1.50140941};
constexpr double kErfInvFar32[] = {
    -0.000200214257, 0.000100950558, 0.00134934322,
    -0.00367342844,  0.00573950773,  -0.0076224613,
    0.00943887047,   1.00167406,     2.83297682};
constexpr double kErfInvNear64[] = {
    -3.6444120640178196996e-21, -1.685059138182016589e-19,
    1.2858480715256400167e-18,  1.115787767802518096e-17,
    -1.333171662854620906e-16,  2.0972767875968561637e-17,
    6.6376381343583238325e-15,  -4.0545662729752068639e-14,
    -8.1519341976054721522e-14, 2.6335093153082322977e-12,
    -1.2975133253453532498e-11, -5.4154120542946279317e-11,
    1.051212273321532285e-09,   -4.1126339803469836976e-09,
    -2.9070369957882005086e-08, 4.2347877827932403518e-07,
    -1.3654692000834678645e-06, -1.3882523362786468719e-05,
    0.0001867342080340571352,   -0.00074070253416626697512,
    -0.0060336708714301490533,  0.24015818242558961693,
    1.6536545626831027356};
constexpr double kErfInvMiddle64[] = {
    2.2137376921775787049e-09,  9.0756561938885390979e-08,
    -2.7517406297064545428e-07, 1.8239629214389227755e-08,
    1.5027403968909827627e-06,  -4.013867526981545969e-06,
    2.9234449089955446044e-06,  1.2475304481671778723e-05,
    -4.7318229009055733981e-05, 6.8284851459573175448e-05,
    2.4031110387097893999e-05,  -0.0003550375203628474796,
    0.00095328937973738049703,  -0.0016882755560235047313,
    0.0024914420961078508066,   -0.0037512085075692412107,
    0.005370914553590063617,    1.0052589676941592334,
    3.0838856104922207635};
constexpr double kErfInvFar64[] = {
    -2.7109920616438573243e-11, -2.5556418169965252055e-10,
    1.5076572693500548083e-09,  -3.7894654401267369937e-09,
    7.6157012080783393804e-09,  -1.4960026627149240478e-08,
    2.9147953450901080826e-08,  -6.7711997758452339498e-08,
    2.2900482228026654717e-07,  -9.9298272942317002539e-07,
    4.5260625972231537039e-06,  -1.9681778105531670567e-05,
    7.5995277030017761139e-05,  -0.00021503011930044477347,
    -0.00013871931833623122026, 1.0103004648645343977,
    4.8499064014085844221};

constexpr double kBesselNear[] = {
    2.77791411276104639959E-18, -2.11142121435816608115E-17,
    1.55363195773620046921E-16, -1.10559694773538630805E-15,
    7.60068429473540693410E-15, -5.04218550472791168711E-14,
    3.22379336594557470981E-13, -1.98397439776494371520E-12,
    1.17361862988909016308E-11, -6.66348972350202774223E-11,
    3.62559028155211703701E-10, -1.88724975172282928790E-9,
    9.38153738649577178388E-9,  -4.44505912879632808065E-8,
    2.00329475355213526229E-7,  -8.56872026469545474066E-7,
    3.47025130813767847674E-6,  -1.32731636560394358279E-5,
    4.78156510755005422638E-5,  -1.61760815825896745588E-4,
    5.12285956168575772895E-4,  -1.51357245063125314899E-3,
    4.15642294431288815669E-3,  -1.05640848946261981558E-2,
    2.47264490306265168283E-2,  -5.29459812080949914269E-2,
    1.02643658689847095384E-1,  -1.76416518357834055153E-1,
    2.52587186443633654823E-1};
constexpr double kBesselFar[] = {
    7.51729631084210481353E-18,  4.41434832307170791151E-18,
    -4.65030536848935832153E-17, -3.20952592199342395980E-17,
    2.96262899764595013876E-16,  3.30820231092092828324E-16,
    -1.88035477551078244854E-15, -3.81440307243700780478E-15,
    1.04202769841288027642E-14,  4.27244001671195135429E-14,
    -2.10154184277266431302E-14, -4.08355111109219731823E-13,
    -7.19855177624590851209E-13, 2.03562854414708950722E-12,
    1.41258074366137813316E-11,  3.25260358301548823856E-11,
    -1.89749581235054123450E-11, -5.58974346219658380687E-10,
    -3.83538038596423702205E-9,  -2.63146884688951950684E-8,
    -2.51223623787020892529E-7,  -3.88256480887769039346E-6,
    -1.10588938762623716291E-4,  -9.76109749136146840777E-3,
    7.78576235018280120474E-1};

bool isDouble(Num x) { return x.type().isF64(); }

Num polynomial(Num x, Coefficients coefficients) {
  Num sum = x.constant(coefficients.front());
  for (double coefficient : coefficients.drop_front())
    sum = sum * x + coefficient;
  return sum;
}

/// Clenshaw's sum; the first coefficient has the highest degree.
Num chebyshev(Num x, Coefficients coefficients) {
  Num b0 = x.constant(0), b1 = b0, b2 = b0;
  for (double coefficient : coefficients) {
    b2 = b1;
    b1 = b0;
    b0 = x * b1 - b2 + coefficient;
  }
  return (b0 - b2) * 0.5;
}

Num log1p(Num x) { return x.unary<math::Log1pOp>(); }

Num copySign(Num x, Num sign) {
  return {x.b(), math::CopySignOp::create(x.b(), x, sign)};
}

/// log(g + 1/2 + z), exact for small z.
Num logOfBase(Num z) {
  constexpr double base = kGamma + 0.5;
  return log1p(z / base) + std::log(base);
}

} // namespace

Value erfInverse(ImplicitLocOpBuilder &b, Value operand) {
  Num x(b, operand);
  Num w = x.constant(0) - log1p(x * (x.constant(0) - x));
  Num p;
  if (isDouble(x)) {
    Num root = w.sqrt();
    Num far = (w < 16.0).choose(polynomial(root - 3.25, kErfInvMiddle64),
                                polynomial(root - 5.0, kErfInvFar64));
    p = (w < 6.25).choose(polynomial(w - 3.125, kErfInvNear64), far);
  } else {
    p = (w < 5.0).choose(polynomial(w - 2.5, kErfInvNear32),
                         polynomial(w.sqrt() - 3.0, kErfInvFar32));
  }
  Num infinite = x * INFINITY;
  return (x.abs() == 1.0).choose(infinite, p * x);
}

Value logGamma(ImplicitLocOpBuilder &b, Value operand) {
  Num x(b, operand), zero = x.constant(0);
  Num reflects = x < 0.5;
  Num z = reflects.choose(zero - x, x - 1.0);
  Num sum = x.constant(kLanczosBase);
  for (auto [i, coefficient] : llvm::enumerate(kLanczos))
    sum = sum + x.constant(coefficient) / (z + double(i + 1));
  Num log = logOfBase(z);
  Num direct = (z + 0.5 - (z + kGamma + 0.5) / log) * log +
               std::log(std::sqrt(2 * kPi)) + sum.log();
  // Near a pole, sin(pi x) by the distance from it.
  Num fraction = x.abs() - x.abs().floor();
  Num distance = (fraction > 0.5).choose(x.constant(1) - fraction, fraction);
  Num denominator = (distance * kPi).sin().log();
  Num finite = denominator.abs() < INFINITY;
  Num reflected = finite.choose(
      x.constant(std::log(kPi)) - denominator - direct, zero - denominator);
  Num infinite = x.abs() == INFINITY;
  return infinite.choose(x.constant(INFINITY),
                         reflects.choose(reflected, direct));
}

Value digamma(ImplicitLocOpBuilder &b, Value operand) {
  Num x(b, operand), zero = x.constant(0);
  Num reflects = x < 0.5;
  Num z = reflects.choose(zero - x, x - 1.0);
  Num sum = x.constant(kLanczosBase), slope = zero;
  for (auto [i, coefficient] : llvm::enumerate(kLanczos)) {
    Num place = z + double(i + 1);
    slope = slope - x.constant(coefficient) / (place * place);
    sum = sum + x.constant(coefficient) / place;
  }
  Num direct =
      logOfBase(z) + slope / sum - x.constant(kGamma) / (z + kGamma + 0.5);
  Num angle = (x + (x + 0.5).floor().abs()) * kPi;
  Num reflected = direct - angle.cos() * kPi / angle.sin();
  Num pole = (x <= 0.0) & (x == x.floor());
  return pole.choose(x.constant(NAN), reflects.choose(reflected, direct));
}

Value besselI1Scaled(ImplicitLocOpBuilder &b, Value operand) {
  Num x(b, operand);
  Num z = x.abs();
  // What f32 does not see of the series is left out.
  Coefficients near(kBesselNear), far(kBesselFar);
  if (!isDouble(x)) {
    near = near.drop_front(12);
    far = far.drop_front(18);
  }
  Num low = chebyshev(z * 0.5 - 2.0, near) * z;
  Num high = chebyshev(z.constant(32) / z - 2.0, far) / z.sqrt();
  return copySign((z <= 8.0).choose(low, high), x);
}

Value arcTangent(ImplicitLocOpBuilder &b, Value operand) {
  Num x(b, operand);
  if (!x.type().isF32())
    return x.unary<math::AtanOp>();
  Num size = x.abs();
  Num large = size > 2.414213562373095, medium = size > 0.4142135623730950;
  Num reduced = large.choose(x.constant(-1) / size,
                             medium.choose((size - 1.0) / (size + 1.0), size));
  Num base = large.choose(x.constant(kPi / 2),
                          medium.choose(x.constant(kPi / 4), x.constant(0)));
  Num square = reduced * reduced;
  Num rest = polynomial(square, {8.05374449538e-2, -1.38776856032e-1,
                                 1.99777106478e-1, -3.33329491539e-1});
  return copySign(base + (rest * square * reduced + reduced), x);
}

Value arcTangent2(ImplicitLocOpBuilder &b, Value y, Value x) {
  if (!y.getType().isF32())
    return math::Atan2Op::create(b, y, x);
  Num rise(b, y), run(b, x), zero = rise.constant(0);
  Num height = rise.abs(), width = run.abs();
  // The quotient is at most one, and 0/0 and inf/inf have angles as well.
  Num steep = height > width;
  Num small = steep.choose(width, height), great = steep.choose(height, width);
  Num equal = height == width;
  Num ratio = equal.choose((height == 0.0).choose(zero, rise.constant(1)),
                           small / great);
  Num angle(b, arcTangent(b, ratio));
  angle = steep.choose(rise.constant(kPi / 2) - angle, angle);
  // The sign of a zero counts.
  Num left = copySign(rise.constant(1), run) < 0.0;
  angle = left.choose(rise.constant(kPi) - angle, angle);
  Num unordered = (rise != rise) | (run != run);
  return unordered.choose(rise + run, copySign(angle, rise));
}

} // namespace orchestra::stablehlo::frontend
