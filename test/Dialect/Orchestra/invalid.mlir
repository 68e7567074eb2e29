// Every refusal of the orchestra ops' verifiers.
// RUN: orchestra-opt %s -verify-diagnostics -split-input-file

func.func @schedule_type(%x: tensor<4xf32>) {
  // expected-error @+1 {{'orchestra.schedule' op yields values of types ('tensor<4xf32>') but has results of types ('tensor<8xf32>')}}
  %r = orchestra.schedule -> (tensor<8xf32>) {
    orchestra.yield %x : tensor<4xf32>
  }
  return
}

// -----

func.func @schedule_count(%x: tensor<4xf32>) {
  // expected-error @+1 {{'orchestra.schedule' op yields values of types ('tensor<4xf32>') but has results of types ()}}
  orchestra.schedule {
    orchestra.yield %x : tensor<4xf32>
  }
  return
}

// -----

func.func @task_type(%x: tensor<4xf32>) {
  // expected-error @+1 {{'orchestra.task' op yields values of types ('tensor<4xf32>') but has results of types ('tensor<4xf64>')}}
  %r = orchestra.task -> (tensor<4xf64>) target = {arch = "x86_64"} {
    orchestra.yield %x : tensor<4xf32>
  }
  return
}

// -----

// A forgotten yield is an implicit one that yields nothing.
func.func @task_no_yield(%x: tensor<4xf32>) {
  // expected-error @+1 {{'orchestra.task' op yields values of types () but has results of types ('tensor<4xf32>')}}
  %r = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
  }
  return
}

// -----

func.func @no_arch() {
  // expected-error @+1 {{'orchestra.task' op target has no 'arch'; it must name the architecture the task runs on, such as "x86_64"}}
  orchestra.task target = {device_id = 0} {
  }
  return
}

// -----

func.func @arch_type() {
  // expected-error @+1 {{'orchestra.task' op target's 'arch' must be a string, but is 86 : i64}}
  orchestra.task target = {arch = 86} {
  }
  return
}

// -----

func.func @stray_yield() {
  // expected-error @+1 {{'orchestra.yield' op expects parent op to be one of 'orchestra.task, orchestra.schedule'}}
  orchestra.yield
}

// -----

func.func private @kernel()

func.func @mixed(%t: tensor<4xf32>, %m: memref<4xf32>) {
  // expected-error @+1 {{'orchestra.dispatch' op destinations must be all tensors or all memrefs}}
  orchestra.dispatch @kernel() outs(%t, %m : tensor<4xf32>, memref<4xf32>)
  return
}

// -----

func.func private @kernel()

// An unranked tensor has no size to write into.
func.func @unranked(%t: tensor<*xf32>) {
  // expected-error @+1 {{'orchestra.dispatch' op destinations must be all tensors or all memrefs}}
  orchestra.dispatch @kernel() outs(%t : tensor<*xf32>)
  return
}

// -----

func.func private @kernel()

func.func @result_type(%t: tensor<4xf32>) {
  // expected-error @+1 {{'orchestra.dispatch' op has results of types ('tensor<8xf32>') but destinations of types ('tensor<4xf32>')}}
  %r = orchestra.dispatch @kernel() outs(%t : tensor<4xf32>) -> (tensor<8xf32>)
  return
}

// -----

func.func private @kernel()

func.func @no_result(%t: tensor<4xf32>) {
  // expected-error @+1 {{'orchestra.dispatch' op has results of types () but destinations of types ('tensor<4xf32>')}}
  orchestra.dispatch @kernel() outs(%t : tensor<4xf32>)
  return
}

// -----

func.func private @kernel()

func.func @memref_result(%m: memref<4xf32>) {
  // expected-error @+1 {{'orchestra.dispatch' op on memrefs has no results}}
  %r = orchestra.dispatch @kernel() outs(%m : memref<4xf32>) -> (tensor<4xf32>)
  return
}

// -----

func.func @unknown_kernel(%t: tensor<4xf32>) {
  // expected-error @+1 {{'orchestra.dispatch' op calls @nowhere, which is no function}}
  %r = orchestra.dispatch @nowhere() outs(%t : tensor<4xf32>) -> (tensor<4xf32>)
  return
}

// -----

memref.global @data : memref<4xf32>

func.func @not_a_function(%t: tensor<4xf32>) {
  // expected-error @+1 {{'orchestra.dispatch' op calls @data, which is no function}}
  %r = orchestra.dispatch @data() outs(%t : tensor<4xf32>) -> (tensor<4xf32>)
  return
}

// -----

func.func private @kernel(%a: tensor<4xf32>, %out: tensor<4xf32>) -> tensor<4xf32> {
  return %out : tensor<4xf32>
}

func.func @operand_count(%t: tensor<4xf32>) {
  // expected-error @+1 {{'orchestra.dispatch' op passes 1 operands to @kernel, which takes 2}}
  %r = orchestra.dispatch @kernel() outs(%t : tensor<4xf32>) -> (tensor<4xf32>)
  return
}
