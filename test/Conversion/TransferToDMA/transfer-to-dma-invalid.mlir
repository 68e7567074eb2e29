// RUN: orchestra-opt %s --orchestra-transfer-to-dma -split-input-file -verify-diagnostics

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}
// A number that a task reads from what it made is not there when tasks are
// enqueued.
func.func @scalar(%x: memref<4xf32>) -> f32 attributes {orchestra.entry} {
  %r = orchestra.schedule on @m -> (f32) {
    // expected-error @+1 {{a result of type 'f32' is known only when the task has run; on several devices only buffers can be [cannot-place]}}
    %a = orchestra.task -> (f32) target = {arch = "x86_64", device_id = 0} {
      %c0 = arith.constant 0 : index
      %0 = memref.alloc() : memref<4xf32>
      memref.copy %x, %0 : memref<4xf32> to memref<4xf32>
      %1 = memref.load %0[%c0] : memref<4xf32>
      orchestra.yield %1 : f32
    }
    orchestra.yield %a : f32
  }
  return %r : f32
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}
func.func @strided(%x: memref<4xf32, strided<[2]>>) -> memref<4xf32> attributes {orchestra.entry} {
  %r = orchestra.schedule on @m -> (memref<4xf32>) {
    // expected-error @+1 {{cannot be copied as a block of memory [cannot-place]}}
    %a = orchestra.transfer %x from @cpu0 to @cpu1 : memref<4xf32, strided<[2]>> to memref<4xf32>
    orchestra.yield %a : memref<4xf32>
  }
  return %r : memref<4xf32>
}

// -----

func.func @nowhere(%x: memref<4xf32>) -> memref<4xf32> attributes {orchestra.entry} {
  // expected-error @+1 {{a host program has one schedule, for the devices of a topology [cannot-place]}}
  %r = orchestra.schedule -> (memref<4xf32>) {
    orchestra.yield %x : memref<4xf32>
  }
  return %r : memref<4xf32>
}
