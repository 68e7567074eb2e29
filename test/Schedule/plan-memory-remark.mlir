// The planner says what sharing saved.
// RUN: orchestra-opt %s --orchestra-plan-memory --remarks-filter=orchestra-plan-memory 2>&1 | FileCheck %s

func.func private @k()

// CHECK: [Analysis] Arena
// CHECK-SAME: buffers=3
// CHECK-SAME: bytes=512
// CHECK-SAME: bytes without sharing=768
func.func @main(%x: memref<64xf32>) -> memref<64xf32> attributes {orchestra.entry} {
  %a = memref.alloc() : memref<64xf32>
  orchestra.dispatch @k(%x : memref<64xf32>) outs(%a : memref<64xf32>)
  %b = memref.alloc() : memref<64xf32>
  orchestra.dispatch @k(%a : memref<64xf32>) outs(%b : memref<64xf32>)
  %c = memref.alloc() : memref<64xf32>
  orchestra.dispatch @k(%b : memref<64xf32>) outs(%c : memref<64xf32>)
  %y = memref.alloc() : memref<64xf32>
  orchestra.dispatch @k(%c : memref<64xf32>) outs(%y : memref<64xf32>)
  return %y : memref<64xf32>
}
