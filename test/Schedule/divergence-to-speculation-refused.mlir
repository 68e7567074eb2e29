// What is left alone, and why.
// RUN: orchestra-opt %s --divergence-to-speculation --remarks-filter=schedule 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: orchestra-opt %s --divergence-to-speculation | FileCheck %s

// Nothing changes.
// CHECK-NOT: orchestra.commit
// CHECK-NOT: orchestra.speculate

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64", device_id = 0, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1, memory_bytes = 1000000000, memory_bandwidth = 1.0e10, peak_flops = {f32 = 1.0e11}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0e10, latency = 1.0e-6}
}

func.func private @ask(tensor<256x256xf32>) -> tensor<256x256xf32>

// REMARK-DAG: loc("effects"): [Missed] Speculation {{.*}}Reason="a branch has effects: 'func.call'
func.func @effects(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %exp = func.call @ask(%x) : (tensor<256x256xf32>) -> tensor<256x256xf32>
        scf.yield %exp : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("effects")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// REMARK-DAG: loc("writes"): [Missed] Speculation {{.*}}Reason="a branch has effects: 'memref.store' of node 'Store_1'
func.func @writes(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>, %m: memref<8xf32>) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        memref.store %zero, %m[%c0] : memref<8xf32> loc("Store_1")
        scf.yield %x : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("writes")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// REMARK-DAG: loc("else_effects"): [Missed] Speculation {{.*}}Reason="a branch has effects: 'memref.store'
func.func @else_effects(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>, %m: memref<8xf32>) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %exp = linalg.exp ins(%x : tensor<256x256xf32>) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
        scf.yield %exp : tensor<256x256xf32>
      } else {
        memref.store %zero, %m[%c0] : memref<8xf32>
        scf.yield %x : tensor<256x256xf32>
      } loc("else_effects")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// REMARK-DAG: loc("divides"): [Missed] Speculation {{.*}}Reason="a branch may trap: 'arith.divsi'
func.func @divides(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>, %a: i32, %b: i32) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %q = arith.divsi %a, %b : i32
        %f = arith.sitofp %q : i32 to f32
        %exp = linalg.fill ins(%f : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
        scf.yield %exp : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("divides")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// REMARK-DAG: loc("reads_anywhere"): [Missed] Speculation {{.*}}Reason="a branch may trap: 'tensor.extract'
func.func @reads_anywhere(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>, %i: index) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %f = tensor.extract %x[%i, %i] : tensor<256x256xf32>
        %exp = linalg.fill ins(%f : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
        scf.yield %exp : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("reads_anywhere")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// REMARK-DAG: loc("writes_anywhere"): [Missed] Speculation {{.*}}Reason="a branch may trap: 'tensor.insert'
func.func @writes_anywhere(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>, %i: index) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %exp = tensor.insert %zero into %x[%i, %i] : tensor<256x256xf32>
        scf.yield %exp : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("writes_anywhere")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// REMARK-DAG: loc("slices_anywhere"): [Missed] Speculation {{.*}}Reason="a branch may trap: 'tensor.extract_slice'
func.func @slices_anywhere(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>, %i: index) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %s = tensor.extract_slice %x[%i, 0] [8, 256] [1, 1] : tensor<256x256xf32> to tensor<8x256xf32>
        %exp = tensor.insert_slice %s into %x[0, 0] [8, 256] [1, 1] : tensor<8x256xf32> into tensor<256x256xf32>
        scf.yield %exp : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("slices_anywhere")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// REMARK-DAG: loc("assumes_a_size"): [Missed] Speculation {{.*}}Reason="a branch may trap: 'tensor.cast'
func.func @assumes_a_size(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>, %d: tensor<?x256xf32>) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %exp = tensor.cast %d : tensor<?x256xf32> to tensor<256x256xf32>
        scf.yield %exp : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("assumes_a_size")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// REMARK-DAG: loc("assumes_equal_sizes"): [Missed] Speculation {{.*}}Reason="a branch may trap: 'linalg.add'
func.func @assumes_equal_sizes(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>, %i: index, %p: tensor<?xf32>, %q: tensor<?xf32>) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %e = tensor.empty(%i) : tensor<?xf32>
        %s = linalg.add ins(%p, %q : tensor<?xf32>, tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
        %f = tensor.dim %s, %c0 : tensor<?xf32>
        %g = arith.index_cast %f : index to i32
        %h = arith.sitofp %g : i32 to f32
        %exp = linalg.fill ins(%h : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
        scf.yield %exp : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("assumes_equal_sizes")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// REMARK-DAG: loc("divides_elements"): [Missed] Speculation {{.*}}Reason="a branch may trap: 'arith.remsi'
func.func @divides_elements(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>, %n: tensor<256x256xi32>) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %exp = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%n : tensor<256x256xi32>) outs(%empty : tensor<256x256xf32>) {
        ^bb0(%a: i32, %o: f32):
          %q = arith.remsi %a, %a : i32
          %f = arith.sitofp %q : i32 to f32
          linalg.yield %f : f32
        } -> tensor<256x256xf32>
        scf.yield %exp : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("divides_elements")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// REMARK-DAG: loc("never_ends"): [Missed] Speculation {{.*}}Reason="a branch may never end: 'scf.while'
func.func @never_ends(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %exp = scf.while (%v = %x) : (tensor<256x256xf32>) -> tensor<256x256xf32> {
          scf.condition(%condition) %v : tensor<256x256xf32>
        } do {
        ^bb0(%v: tensor<256x256xf32>):
          scf.yield %v : tensor<256x256xf32>
        }
        scf.yield %exp : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("never_ends")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// REMARK-DAG: loc("unknown_step"): [Missed] Speculation {{.*}}Reason="a branch may never end: 'scf.for'
func.func @unknown_step(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>, %i: index) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %exp = scf.for %k = %c0 to %c8 step %i iter_args(%v = %x) -> (tensor<256x256xf32>) {
          scf.yield %v : tensor<256x256xf32>
        }
        scf.yield %exp : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("unknown_step")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// REMARK-DAG: loc("loop_with_effects"): [Missed] Speculation {{.*}}Reason="a branch has effects: 'memref.store'
func.func @loop_with_effects(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>, %i: index, %m: memref<8xf32>) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %exp = scf.for %k = %c0 to %c8 step %i iter_args(%v = %x) -> (tensor<256x256xf32>) {
          memref.store %zero, %m[%k] : memref<8xf32>
          scf.yield %v : tensor<256x256xf32>
        }
        scf.yield %exp : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("loop_with_effects")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// REMARK-DAG: loc("gains_nothing"): [Missed] Speculation {{.*}}Reason="waiting for the condition takes {{[0-9]+}} ns, speculating {{[0-9]+}} ns
func.func @gains_nothing(%x: tensor<256x256xf32>, %w: tensor<256x256xf32>) -> tensor<256x256xf32> {
  %0 = orchestra.schedule on @m -> (tensor<256x256xf32>) {
    %1 = orchestra.task -> (tensor<256x256xf32>) target = {arch = "x86_64", device_id = 0} {
      %zero = arith.constant 0.0 : f32
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %empty = tensor.empty() : tensor<256x256xf32>
      %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<256x256xf32>) -> tensor<256x256xf32>
      %gate = linalg.matmul ins(%x, %w : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
      %first = tensor.extract %gate[%c0, %c0] : tensor<256x256xf32>
      %condition = arith.cmpf ogt, %first, %zero : f32
      %chosen = scf.if %condition -> (tensor<256x256xf32>) {
        %pp = linalg.matmul ins(%gate, %x : tensor<256x256xf32>, tensor<256x256xf32>) outs(%init : tensor<256x256xf32>) -> tensor<256x256xf32>
        scf.yield %pp : tensor<256x256xf32>
      } else {
        scf.yield %x : tensor<256x256xf32>
      } loc("gains_nothing")
      orchestra.yield %chosen : tensor<256x256xf32>
    }
    orchestra.yield %1 : tensor<256x256xf32>
  }
  return %0 : tensor<256x256xf32>
}

// REMARK-DAG: loc("in_loop"): [Missed] Speculation {{.*}}Reason="it is in a loop, which is not taken apart
func.func @in_loop(%x: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  %0 = orchestra.schedule on @m -> (tensor<4xf32>) {
    %1 = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64", device_id = 0} {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %loop = scf.for %i = %c0 to %c8 step %c1 iter_args(%v = %x) -> (tensor<4xf32>) {
        %chosen = scf.if %c -> (tensor<4xf32>) {
          %n = arith.negf %v : tensor<4xf32>
          scf.yield %n : tensor<4xf32>
        } else {
          scf.yield %v : tensor<4xf32>
        } loc("in_loop")
        scf.yield %chosen : tensor<4xf32>
      }
      orchestra.yield %loop : tensor<4xf32>
    }
    orchestra.yield %1 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}

// REMARK-DAG: loc("outside"): [Missed] Speculation {{.*}}Reason="it is in no schedule
// REMARK-DAG: loc("nested"): [Missed] Speculation {{.*}}Reason="it is in a branch of another conditional
func.func @outside(%x: tensor<4xf32>, %c: i1, %d: i1) -> tensor<4xf32> {
  %chosen = scf.if %c -> (tensor<4xf32>) {
    %inner = scf.if %d -> (tensor<4xf32>) {
      %n = arith.negf %x : tensor<4xf32>
      scf.yield %n : tensor<4xf32>
    } else {
      scf.yield %x : tensor<4xf32>
    } loc("nested")
    scf.yield %inner : tensor<4xf32>
  } else {
    scf.yield %x : tensor<4xf32>
  } loc("outside")
  return %chosen : tensor<4xf32>
}

// REMARK-DAG: loc("no_results"): [Missed] Speculation {{.*}}Reason="it has no results
// REMARK-DAG: loc("not_scheduled"): [Missed] Speculation {{.*}}Reason="its task is in no schedule
// REMARK-DAG: loc("by_hand"): [Missed] Speculation {{.*}}Reason="its task has a kernel written by hand
func.func @tasks(%x: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  %0 = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
    %chosen = scf.if %c -> (tensor<4xf32>) {
      %n = arith.negf %x : tensor<4xf32>
      scf.yield %n : tensor<4xf32>
    } else {
      scf.yield %x : tensor<4xf32>
    } loc("not_scheduled")
    orchestra.yield %chosen : tensor<4xf32>
  }
  %1 = orchestra.schedule -> (tensor<4xf32>) {
    %2 = orchestra.task -> (tensor<4xf32>) target = {arch = "nvidia_hopper"} attributes {ptx_source = "ret;"} {
      %chosen = scf.if %c -> (tensor<4xf32>) {
        scf.yield %x : tensor<4xf32>
      } else {
        scf.yield %0 : tensor<4xf32>
      } loc("by_hand")
      orchestra.yield %chosen : tensor<4xf32>
    }
    scf.if %c {
      %n = arith.negf %x : tensor<4xf32>
    } loc("no_results")
    orchestra.yield %2 : tensor<4xf32>
  }
  return %1 : tensor<4xf32>
}

// REMARK-DAG: loc("elsewhere"): [Missed] Speculation {{.*}}Reason="its condition is computed on another device"
func.func @elsewhere(%x: tensor<4xf32>, %f: f32) -> tensor<4xf32> {
  %0 = orchestra.schedule on @m -> (tensor<4xf32>) {
    %1 = orchestra.task -> (i1) target = {arch = "x86_64", device_id = 1} {
      %c = arith.cmpf ogt, %f, %f : f32
      orchestra.yield %c : i1
    }
    %chosen = scf.if %1 -> (tensor<4xf32>) {
      %n = arith.negf %x : tensor<4xf32>
      scf.yield %n : tensor<4xf32>
    } else {
      scf.yield %x : tensor<4xf32>
    } loc("elsewhere")
    orchestra.yield %chosen : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}
