//===- Matrix.cpp - Matrix instructions of a subgroup of 32 lanes ---------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: products of small matrices whose elements are spread over the lanes,
//   and loads of such matrices from shared memory.
// How: each lane gives its part to all, waits for the others, and computes its
//   own part of the result. Sums are in the type of the result, in order of k;
//   hardware may sum otherwise.
// Layout (PTX ISA, "Matrix Fragments for mma"): a lane holds registers of 32
//   bits, each with consecutive elements of a row. Lane l is in group l / 4, is
//   number l % 4 of it.
//
//===----------------------------------------------------------------------===//
#include "Elements.h"
#include "Group.h"

#include <cstring>

using namespace orchestra::emulated;

namespace {

using Item = orch_emulated_item;

constexpr int64_t kMatrixLanes = 32;
constexpr int64_t kMaxFragment = kMaxExchange / 2;

/// A matrix over all lanes: which lane has an element, and where.
struct Fragment {
  const Item *lanes; ///< of the subgroup
  int32_t turn;      ///< of the exchange; lanes that run ahead are in the next
  int64_t offset;    ///< of the matrix in what the lanes gave
  int32_t type;

  double read(int64_t lane, int64_t element) const {
    const char *given = lanes[lane].given[turn];
    return readElement(given + offset + element * bytesOf(type), type);
  }
  /// Elements of a register.
  int64_t packed() const { return bytesOf(type) < 4 ? 4 / bytesOf(type) : 1; }
};

/// Element (row, k) of the left matrix, of 16 or 8 rows.
double readLeft(const Fragment &left, int64_t row, int64_t k) {
  int64_t packed = left.packed();
  int64_t reg = row / 8 + 2 * (k / (4 * packed));
  int64_t lane = row % 8 * 4 + k % (4 * packed) / packed;
  return left.read(lane, reg * packed + k % packed);
}

/// Element (k, column) of the right matrix, of 8 columns.
double readRight(const Fragment &right, int64_t k, int64_t column) {
  int64_t packed = right.packed();
  int64_t lane = column * 4 + k % (4 * packed) / packed;
  return right.read(lane, k / (4 * packed) * packed + k % packed);
}

/// One element of the result, in the arithmetic of its type.
void multiply(const Fragment &left, const Fragment &right, int64_t row,
              int64_t column, int64_t k, const char *c, char *d,
              int32_t resultType) {
  double start = readElement(c, resultType);
  if (resultType == ORCH_EMULATED_I32) {
    int64_t sum = int64_t(start);
    for (int64_t i = 0; i < k; ++i)
      sum += int64_t(readLeft(left, row, i) * readRight(right, i, column));
    uint32_t wrapped = uint32_t(sum);
    memcpy(d, &wrapped, sizeof(wrapped));
  } else if (resultType == ORCH_EMULATED_F64) {
    for (int64_t i = 0; i < k; ++i)
      start += readLeft(left, row, i) * readRight(right, i, column);
    memcpy(d, &start, sizeof(start));
  } else {
    // Products of two short floats are exact in f32.
    float sum = float(start);
    for (int64_t i = 0; i < k; ++i)
      sum += float(readLeft(left, row, i)) * float(readRight(right, i, column));
    uint16_t half = floatToHalf(sum);
    if (resultType == ORCH_EMULATED_F16)
      memcpy(d, &half, sizeof(half));
    else
      memcpy(d, &sum, sizeof(sum));
  }
}

/// The subgroup's first item; it must have all lanes.
const Item *findSubgroup(Item *item, const char *place) {
  const Launch &launch = *item->group->launch;
  int64_t first = item->number / kMatrixLanes * kMatrixLanes;
  orch_emulated_require(item,
                        launch.subgroupSize == kMatrixLanes &&
                            first + kMatrixLanes <= launch.numItems,
                        "a matrix instruction takes a whole subgroup of 32 "
                        "lanes",
                        place);
  return item->group->items + first;
}

} // namespace

void orch_emulated_mma(Item *item, const void *a, const void *b, const void *c,
                       void *d, int64_t m, int64_t n, int64_t k, int32_t type,
                       int32_t resultType, const char *place) {
  const Item *lanes = findSubgroup(item, place);
  int64_t leftBytes = m * k * bytesOf(type) / kMatrixLanes;
  int64_t rightBytes = n * k * bytesOf(type) / kMatrixLanes;
  orch_emulated_require(
      item,
      n == 8 && (m == 8 || m == 16) && leftBytes <= kMaxFragment &&
          rightBytes <= kMaxFragment,
      "a matrix instruction has one of the device's shapes", place);
  char given[kMaxExchange] = {};
  memcpy(given, a, size_t(leftBytes));
  memcpy(given + kMaxFragment, b, size_t(rightBytes));
  exchange(item, given, place);
  Fragment left = {lanes, item->turn, 0, type};
  Fragment right = {lanes, item->turn, kMaxFragment, type};
  int64_t lane = item->number % kMatrixLanes;
  int64_t bytes = bytesOf(resultType);
  for (int64_t i = 0; i < m * n / kMatrixLanes; ++i)
    multiply(left, right, lane / 4 + i / 2 * 8, lane % 4 * 2 + i % 2, k,
             static_cast<const char *>(c) + i * bytes,
             static_cast<char *>(d) + i * bytes, resultType);
}

void orch_emulated_ldmatrix(Item *item, const void *row, int64_t tiles,
                            int32_t transpose, void *values,
                            const char *place) {
  const Item *lanes = findSubgroup(item, place);
  int64_t lane = item->number % kMatrixLanes;
  if (lane < 8 * tiles) { // The others' rows are not read.
    orch_emulated_check(item, row, 16, 0, place);
    orch_emulated_require(item, reinterpret_cast<uintptr_t>(row) % 16 == 0,
                          "a row of a matrix in shared memory starts at a "
                          "multiple of 16 bytes",
                          place);
  }
  char given[kMaxExchange] = {};
  memcpy(given, &row, sizeof(row));
  exchange(item, given, place);
  char *to = static_cast<char *>(values);
  for (int64_t tile = 0; tile < tiles; ++tile)
    for (int64_t i = 0; i < 2; ++i) {
      int64_t from = transpose ? lane % 4 * 2 + i : lane / 4;
      int64_t column = transpose ? lane / 4 : lane % 4 * 2 + i;
      const char *bytes;
      memcpy(&bytes, lanes[tile * 8 + from].given[item->turn], sizeof(bytes));
      memcpy(to + (tile * 2 + i) * 2, bytes + column * 2, 2);
    }
}

void orch_emulated_stmatrix(Item *item, void *row, int64_t tiles,
                            int32_t transpose, const void *values,
                            const char *place) {
  const Item *lanes = findSubgroup(item, place);
  int64_t lane = item->number % kMatrixLanes;
  char given[kMaxExchange] = {};
  memcpy(given, values, size_t(tiles * 4));
  exchange(item, given, place);
  if (lane >= 8 * tiles) // The others' rows are not written.
    return;
  orch_emulated_check(item, row, 16, 1, place);
  orch_emulated_require(item, reinterpret_cast<uintptr_t>(row) % 16 == 0,
                        "a row of a matrix in shared memory starts at a "
                        "multiple of 16 bytes",
                        place);
  char *to = static_cast<char *>(row);
  for (int64_t column = 0; column < 8; ++column) {
    int64_t from = transpose ? column : lane % 8;
    int64_t at = transpose ? lane % 8 : column;
    const char *given = lanes[from * 4 + at / 2].given[item->turn];
    memcpy(to + column * 2, given + lane / 8 * 4 + at % 2 * 2, 2);
  }
}
