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

// -----

func.func @nested_task() {
  orchestra.task target = {arch = "x86_64"} {
    // expected-error @+1 {{'orchestra.task' op is in another task; tasks do not nest}}
    orchestra.task target = {arch = "x86_64"} {
    }
  }
  return
}

// -----

func.func @schedule_in_task() {
  orchestra.task target = {arch = "x86_64"} {
    // expected-error @+1 {{'orchestra.schedule' op is in a task; a task runs on one device}}
    orchestra.schedule {
    }
  }
  return
}

// -----

func.func @stray_barrier() {
  // expected-error @+1 {{'orchestra.barrier' op expects parent op 'orchestra.schedule'}}
  orchestra.barrier
  return
}

// -----

func.func @task_on_no_machine() {
  // expected-error @+1 {{'orchestra.schedule' op is on @nowhere, which is no topology}}
  orchestra.schedule on @nowhere {
    orchestra.task target = {arch = "x86_64"} {
    }
  }
  return
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.device @gpu {arch = "amd_cdna3", device_id = 3}
}

func.func @unknown_device() {
  orchestra.schedule on @m {
    // expected-error @+1 {{'orchestra.task' op is placed on device 0 of 'amd_cdna3', which 'm' does not have; it has 0 of 'x86_64', 1 of 'x86_64', 3 of 'amd_cdna3'}}
    orchestra.task target = {arch = "amd_cdna3"} {
    }
  }
  return
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0, latency = 0.0}
}

func.func @forgotten_transfer(%x: tensor<4xf32>) {
  orchestra.schedule on @m {
    // expected-note @+1 {{the value}}
    %a = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
      %0 = arith.negf %x : tensor<4xf32>
      orchestra.yield %0 : tensor<4xf32>
    }
    orchestra.task target = {arch = "x86_64", device_id = 1} {
      // expected-error @+1 {{runs on device 'cpu1' but uses a value that is on device 'cpu0'; it needs an orchestra.transfer}}
      %0 = arith.negf %a : tensor<4xf32>
    }
  }
  return
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0, latency = 0.0}
}

func.func @wrong_source(%x: tensor<4xf32>) {
  orchestra.schedule on @m {
    // expected-note @+1 {{the value}}
    %a = orchestra.transfer %x from @cpu0 to @cpu1 : tensor<4xf32>
    // expected-error @+1 {{'orchestra.transfer' op moves a value from 'cpu0', but it is on device 'cpu1'}}
    %b = orchestra.transfer %a from @cpu0 to @cpu1 : tensor<4xf32>
  }
  return
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0, latency = 0.0}
}

func.func @commit_of_two_devices(%c: i1, %x: tensor<4xf32>) {
  orchestra.schedule on @m {
    %a = orchestra.transfer %x from @cpu0 to @cpu1 : tensor<4xf32>
    %b = orchestra.transfer %a from @cpu1 to @cpu0 : tensor<4xf32>
    // expected-error @+1 {{'orchestra.commit' op chooses between values on devices 'cpu1' and 'cpu0'; they must be on one}}
    %r = orchestra.commit %c then(%a) else(%b) : tensor<4xf32>
  }
  return
}

// -----

func.func @transfer_type(%x: tensor<4xf32>) {
  // expected-error @+1 {{'orchestra.transfer' op gives 'tensor<8xf32>' for 'tensor<4xf32>'; the types must match}}
  %0 = orchestra.transfer %x from @a to @b : tensor<4xf32> to tensor<8xf32>
  return
}

// -----

func.func @transfer_kind(%x: tensor<4xf32>) {
  // expected-error @+1 {{'orchestra.transfer' op gives 'memref<4xf32>' for 'tensor<4xf32>'; the types must match}}
  %0 = orchestra.transfer %x from @a to @b : tensor<4xf32> to memref<4xf32>
  return
}

// -----

func.func @transfer_shape(%x: memref<4xf32>) {
  // expected-error @+1 {{'orchestra.transfer' op gives 'memref<?xf32, 1>' for 'memref<4xf32>'; shapes and element types must match}}
  %0 = orchestra.transfer %x from @a to @b : memref<4xf32> to memref<?xf32, 1>
  return
}

// -----

func.func @transfer_element(%x: memref<*xf32>) {
  // expected-error @+1 {{'orchestra.transfer' op gives 'memref<*xf16>' for 'memref<*xf32>'; shapes and element types must match}}
  %0 = orchestra.transfer %x from @a to @b : memref<*xf32> to memref<*xf16>
  return
}

// -----

func.func @transfer_scalar(%x: f32) {
  // expected-error @+1 {{'orchestra.transfer' op operand #0 must be shaped of any type values, but got 'f32'}}
  %0 = orchestra.transfer %x from @a to @b : f32
  return
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
}

func.func @no_such_device(%x: tensor<4xf32>) {
  // expected-error @+1 {{'orchestra.transfer' op names @gpu0, which is no device; 'm' has 'cpu0', 'cpu1'}}
  %0 = orchestra.transfer %x from @cpu0 to @gpu0 : tensor<4xf32>
  return
}

// -----

func.func @no_such_machine(%x: tensor<4xf32>) {
  // expected-error @+1 {{'orchestra.transfer' op names @m::@cpu0, which is no device}}
  %0 = orchestra.transfer %x from @m::@cpu0 to @m::@gpu0 : tensor<4xf32>
  return
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
}

orchestra.topology @n {
  orchestra.device @cpu0 {arch = "x86_64"}
}

func.func @several_machines(%x: tensor<4xf32>) {
  // expected-error @+1 {{'orchestra.transfer' op names the device @cpu0, but the module has several topologies; write @machine::@cpu0}}
  %0 = orchestra.transfer %x from @cpu0 to @cpu0 : tensor<4xf32>
  return
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
}

orchestra.topology @n {
  orchestra.device @cpu0 {arch = "x86_64"}
}

func.func @between_machines(%x: tensor<4xf32>) {
  // expected-error @+1 {{'orchestra.transfer' op moves between two machines}}
  %0 = orchestra.transfer %x from @m::@cpu0 to @n::@cpu0 : tensor<4xf32>
  return
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
}

orchestra.topology @n {
  orchestra.device @cpu0 {arch = "x86_64"}
}

func.func @another_machine(%x: tensor<4xf32>) {
  orchestra.schedule on @m {
    // expected-error @+1 {{'orchestra.transfer' op moves on another machine than the schedule's}}
    %0 = orchestra.transfer %x from @n::@cpu0 to @n::@cpu0 : tensor<4xf32>
  }
  return
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  orchestra.device @gpu0 {arch = "amd_cdna3"}
  orchestra.device @gpu1 {arch = "amd_cdna3", device_id = 1}
  orchestra.link @cpu0, @gpu0 {bandwidth = 1.0, latency = 0.0}
  orchestra.link @gpu1, @cpu1 {bandwidth = 1.0, latency = 0.0}
}

func.func @no_way(%x: tensor<4xf32>) {
  // expected-error @+1 {{'orchestra.transfer' op has no way from 'cpu0' to 'gpu1': no links join them}}
  %0 = orchestra.transfer %x from @cpu0 to @gpu1 : tensor<4xf32>
  return
}

// -----

func.func @commit_counts(%c: i1, %x: index) {
  // expected-error @+1 {{'orchestra.commit' op has 1 values if the condition holds but 2 otherwise}}
  %0 = "orchestra.commit"(%c, %x, %x, %x) <{num_true = 1 : i32}> : (i1, index, index, index) -> index
  return
}

// -----

func.func @commit_num_true(%c: i1, %x: index) {
  // expected-error @+1 {{'orchestra.commit' op has 2 values, of which 'num_true' cannot choose 3}}
  %0 = "orchestra.commit"(%c, %x, %x) <{num_true = 3 : i32}> : (i1, index, index) -> index
  return
}

// -----

func.func @commit_negative(%c: i1) {
  // expected-error @+1 {{'orchestra.commit' op has 0 values, of which 'num_true' cannot choose -1}}
  "orchestra.commit"(%c) <{num_true = -1 : i32}> : (i1) -> ()
  return
}

// -----

func.func @commit_value_types(%c: i1, %x: index, %y: i32) {
  // expected-error @+1 {{'orchestra.commit' op chooses between values of types ('index') and ('i32')}}
  %0 = "orchestra.commit"(%c, %x, %y) <{num_true = 1 : i32}> : (i1, index, i32) -> index
  return
}

// -----

func.func @commit_result_types(%c: i1, %x: index) {
  // expected-error @+1 {{'orchestra.commit' op has results of types ('i32') but chooses between values of types ('index')}}
  %0 = "orchestra.commit"(%c, %x, %x) <{num_true = 1 : i32}> : (i1, index, index) -> i32
  return
}

// -----

func.func @commit_result_count(%c: i1, %x: index) {
  // expected-error @+1 {{'orchestra.commit' op has results of types () but chooses between values of types ('index')}}
  "orchestra.commit"(%c, %x, %x) <{num_true = 1 : i32}> : (i1, index, index) -> ()
  return
}

// -----

// The pretty form has one type for both.
func.func @commit_pretty(%c: i1, %x: index) {
  // expected-error @+1 {{number of operands and types do not match}}
  %0 = orchestra.commit %c then(%x) else(%x, %x) : index
  return
}
