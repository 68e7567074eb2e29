// Schedules that cannot be placed are refused, with the task at fault.
// RUN: orchestra-opt %s --orchestra-schedule -split-input-file -verify-diagnostics

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}
func.func @barrier(%x: f32) -> f32 {
  %0 = orchestra.schedule on @m -> (f32) {
    %1 = orchestra.task -> (f32) target = {arch = "x86_64"} {
      orchestra.yield %x : f32
    }
    // expected-error @+1 {{a schedule to be placed holds tasks and transfers only, not 'orchestra.barrier' [cannot-place]}}
    orchestra.barrier
    orchestra.yield %1 : f32
  }
  return %0 : f32
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}
func.func @measured(%x: f32) -> f32 {
  %0 = orchestra.schedule on @m -> (f32) {
    // expected-error @+1 {{'orchestra.measured' must map architectures to seconds above 0, but is 3.000000e+00 : f64 [cannot-place]}}
    %1 = orchestra.task -> (f32) target = {arch = "x86_64"} attributes {orchestra.measured = 3.0 : f64} {
      orchestra.yield %x : f32
    }
    // expected-error @+1 {{'orchestra.measured' must map architectures to seconds above 0, but is {x86_64 = 0.000000e+00 : f64} [cannot-place]}}
    %2 = orchestra.task -> (f32) target = {arch = "x86_64"} attributes {orchestra.measured = {x86_64 = 0.0}} {
      orchestra.yield %x : f32
    }
    orchestra.yield %1 : f32
  }
  return %0 : f32
}

// -----

// A scalar cannot be moved, but these two must be apart.
orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}
func.func @scalar(%x: f32) -> f32 {
  %0 = orchestra.schedule on @m -> (f32) {
    // expected-error @+1 {{a result of type 'f32' is needed on 'cpu0' but made on 'cpu1'; only shaped values can be moved [cannot-place]}}
    %1 = orchestra.task -> (f32) target = {arch = "x86_64"} attributes {orchestra.place = "cpu1"} {
      %n = arith.negf %x : f32
      orchestra.yield %n : f32
    }
    orchestra.yield %1 : f32
  }
  return %0 : f32
}

// -----

// An architecture that cannot compute in a type cannot be given the task.
orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
  orchestra.device @tpu0 {arch = "google_tpu_v5e"}
  orchestra.link @cpu0, @tpu0 {bandwidth = 1.0e10, latency = 1.0e-6}
}
func.func @no_arithmetic(%x: tensor<4xf64>) -> tensor<4xf64> {
  %0 = orchestra.schedule on @m -> (tensor<4xf64>) {
    // expected-error @+1 {{'tpu0' cannot run 'Add_1', which is pinned to it [cannot-place]}}
    %1 = orchestra.task -> (tensor<4xf64>) target = {arch = "x86_64"} attributes {orchestra.place = "tpu0"} {
      %e = tensor.empty() : tensor<4xf64>
      %n = linalg.add ins(%x, %x : tensor<4xf64>, tensor<4xf64>) outs(%e : tensor<4xf64>) -> tensor<4xf64> loc("Add_1")
      orchestra.yield %n : tensor<4xf64>
    }
    orchestra.yield %1 : tensor<4xf64>
  }
  return %0 : tensor<4xf64>
}

// -----

// expected-error @+1 {{gpu0}}
orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
  orchestra.device @gpu0 {arch = "nvidia_hopper"}
}
func.func @no_way(%x: f32) -> f32 {
  return %x : f32
}
