// Each device has an arena; buffers share memory only if queues and events say
// that one is over before the other starts.
// RUN: orchestra-opt %s --orchestra-plan-memory --canonicalize --cse -split-input-file | FileCheck %s

// cpu1 copies from %a, which cpu0 wrote: cpu1 waits. %c may not have the place of
// %a, as cpu0 does not know that the copy is over; %e may, because cpu0 waited
// for what came after it.
// CHECK:       module attributes {orchestra.devices = [
// CHECK-SAME:    {arch = "x86_64", commands = 7 : i64, fullest_task = 2 : i64, name = "cpu0"}
// CHECK-SAME:    {arch = "x86_64", commands = 4 : i64, fullest_task = 3 : i64, name = "cpu1"}
// CHECK-SAME:    orchestra.events = 2 : i64
// CHECK-SAME:    orchestra.tasks = [{copy = false, device = 0 : i64, loc = #loc{{.*}}}, {copy = true, device = 1 : i64
// CHECK-LABEL: func.func @orch_shapes
// CHECK-SAME:    (%{{.*}}: memref<64xf32>) -> (index, index, index)
// CHECK:         return %c512, %c512, %c64
// CHECK-LABEL: func.func @main
// CHECK-SAME:    (%[[X:.*]]: memref<64xf32>, %[[Y:.*]]: memref<64xf32>{{.*}}, %[[ARENA0:.*]]: memref<?xi8>, %[[ARENA1:.*]]: memref<?xi8>, %{{.*}}: memref<?xi8>)
// CHECK:         %[[A:.*]] = memref.view %[[ARENA0]][%c0][]
// CHECK:         orchestra.task {{.*}}orchestra.device = 0 : i64, orchestra.event = 0 : i64}
// CHECK:         %[[B:.*]] = memref.view %[[ARENA1]][%c0][]
// CHECK:         orchestra.task {{.*}}orchestra.device = 1 : i64, orchestra.waits = array<i64: 0>}
// CHECK-NEXT:      memref.copy %[[A]], %[[B]]
// CHECK:         %[[C:.*]] = memref.view %[[ARENA0]][%c256][]
// CHECK:         orchestra.task
// CHECK-NEXT:      orchestra.dispatch @k(%[[X]] : memref<64xf32>) outs(%[[C]] : memref<64xf32>)
// CHECK:         %[[D:.*]] = memref.view %[[ARENA1]][%c256][]
// CHECK:         orchestra.task {{.*}}orchestra.device = 1 : i64, orchestra.event = 1 : i64}
// CHECK:         orchestra.task {{.*}}orchestra.device = 0 : i64, orchestra.waits = array<i64: 1>}
// CHECK-NEXT:      memref.copy %[[D]], %[[A]]
// CHECK:         orchestra.task
// CHECK-NEXT:      orchestra.dispatch @k(%[[A]] : memref<64xf32>) outs(%[[Y]] : memref<64xf32>)
module attributes {orchestra.devices = [{arch = "x86_64", name = "cpu0"}, {arch = "x86_64", name = "cpu1"}]} {
  func.func private @k()
  func.func @main(%x: memref<64xf32>) -> memref<64xf32> attributes {orchestra.entry} {
    %a = memref.alloc() {orchestra.device = 0 : i64} : memref<64xf32>
    orchestra.task target = {arch = "x86_64", device_id = 0} attributes {orchestra.device = 0 : i64} {
      orchestra.dispatch @k(%x : memref<64xf32>) outs(%a : memref<64xf32>)
    }
    %b = memref.alloc() {orchestra.device = 1 : i64} : memref<64xf32>
    orchestra.task target = {arch = "x86_64", device_id = 1} attributes {orchestra.copy, orchestra.device = 1 : i64} {
      memref.copy %a, %b : memref<64xf32> to memref<64xf32>
    }
    %c = memref.alloc() {orchestra.device = 0 : i64} : memref<64xf32>
    orchestra.task target = {arch = "x86_64", device_id = 0} attributes {orchestra.device = 0 : i64} {
      orchestra.dispatch @k(%x : memref<64xf32>) outs(%c : memref<64xf32>)
    }
    %d = memref.alloc() {orchestra.device = 1 : i64} : memref<64xf32>
    orchestra.task target = {arch = "x86_64", device_id = 1} attributes {orchestra.device = 1 : i64} {
      orchestra.dispatch @k(%b : memref<64xf32>) outs(%d : memref<64xf32>)
    }
    %e = memref.alloc() {orchestra.device = 0 : i64} : memref<64xf32>
    orchestra.task target = {arch = "x86_64", device_id = 0} attributes {orchestra.copy, orchestra.device = 0 : i64} {
      memref.copy %d, %e : memref<64xf32> to memref<64xf32>
    }
    %y = memref.alloc() {orchestra.device = 0 : i64} : memref<64xf32>
    orchestra.task target = {arch = "x86_64", device_id = 0} attributes {orchestra.device = 0 : i64} {
      orchestra.dispatch @k(%e : memref<64xf32>) outs(%y : memref<64xf32>)
    }
    orchestra.task target = {arch = "x86_64", device_id = 0} attributes {orchestra.device = 0 : i64} {
      orchestra.dispatch @k(%e : memref<64xf32>) outs(%c : memref<64xf32>)
    }
    return %y : memref<64xf32>
  }
}

// -----

// A result that is an input is the host's to copy; one on another device cannot
// be written there, and is copied, too. Two waits for one queue: the later event
// is enough.
// CHECK-LABEL: func.func @results
// CHECK-SAME:    (%[[X:.*]]: memref<64xf32>, %[[Y:.*]]: memref<64xf32>{{.*}}, %[[Z:.*]]: memref<64xf32>{{.*}}, %[[ARENA0:.*]]: memref<?xi8>, %[[ARENA1:.*]]: memref<?xi8>, %{{.*}}: memref<?xi8>)
// CHECK:         %[[A:.*]] = memref.view %[[ARENA1]]
// CHECK:         orchestra.task {{.*}}{orchestra.device = 1 : i64}
// CHECK:         orchestra.task {{.*}}{orchestra.device = 1 : i64, orchestra.event = 0 : i64}
// CHECK:         orchestra.task {{.*}}{orchestra.device = 0 : i64}
// CHECK-NEXT:      memref.copy %[[X]], %[[Y]]
// CHECK:         orchestra.task {{.*}}{orchestra.device = 0 : i64, orchestra.waits = array<i64: 0>}
// CHECK-NEXT:      memref.copy %[[A]], %[[Z]]
module attributes {orchestra.devices = [{arch = "x86_64", name = "cpu0"}, {arch = "x86_64", name = "cpu1"}]} {
  func.func private @k()
  func.func @results(%x: memref<64xf32>) -> (memref<64xf32>, memref<64xf32>) attributes {orchestra.entry} {
    %a = memref.alloc() {orchestra.device = 1 : i64} : memref<64xf32>
    orchestra.task target = {arch = "x86_64", device_id = 1} attributes {orchestra.device = 1 : i64} {
      orchestra.dispatch @k(%x : memref<64xf32>) outs(%a : memref<64xf32>)
    }
    orchestra.task target = {arch = "x86_64", device_id = 1} attributes {orchestra.device = 1 : i64} {
      orchestra.dispatch @k() outs(%a : memref<64xf32>)
    }
    return %x, %a : memref<64xf32>, memref<64xf32>
  }
}

// -----

// After a barrier, each device waits for all.
// CHECK-LABEL: func.func @barrier
// CHECK:         orchestra.task {{.*}}{orchestra.device = 0 : i64, orchestra.event = 1 : i64}
// CHECK:         orchestra.task {{.*}}{orchestra.device = 1 : i64, orchestra.event = 0 : i64}
// CHECK:         orchestra.task {{.*}}{orchestra.after_barrier, orchestra.device = 0 : i64, orchestra.waits = array<i64: 0>}
// CHECK:         orchestra.task {{.*}}{orchestra.device = 1 : i64, orchestra.waits = array<i64: 1>}
module attributes {orchestra.devices = [{arch = "x86_64", name = "cpu0"}, {arch = "x86_64", name = "cpu1"}]} {
  func.func private @k()
  func.func @barrier(%x: memref<64xf32>) attributes {orchestra.entry} {
    %a = memref.alloc() {orchestra.device = 0 : i64} : memref<64xf32>
    %b = memref.alloc() {orchestra.device = 1 : i64} : memref<64xf32>
    orchestra.task target = {arch = "x86_64", device_id = 0} attributes {orchestra.device = 0 : i64} {
      orchestra.dispatch @k(%x : memref<64xf32>) outs(%a : memref<64xf32>)
    }
    orchestra.task target = {arch = "x86_64", device_id = 1} attributes {orchestra.device = 1 : i64} {
      orchestra.dispatch @k(%x : memref<64xf32>) outs(%b : memref<64xf32>)
    }
    orchestra.task target = {arch = "x86_64", device_id = 0} attributes {orchestra.after_barrier, orchestra.device = 0 : i64} {
      orchestra.dispatch @k(%x : memref<64xf32>) outs(%a : memref<64xf32>)
    }
    orchestra.task target = {arch = "x86_64", device_id = 1} attributes {orchestra.device = 1 : i64} {
      orchestra.dispatch @k(%x : memref<64xf32>) outs(%b : memref<64xf32>)
    }
    return
  }
}
