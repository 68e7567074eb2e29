// What the verifier of the ops on images and boxes refuses.
// RUN: orchestra-opt %s -verify-diagnostics -split-input-file

func.func @element(%a0: tensor<3x10xf32>, %a1: tensor<20x1xi64>, %o0: tensor<3x20xf64>) {
  // expected-error @+1 {{has a destination of 'f64' for an operand of 'f32'}}
  %r = linalg_ext.resize axis(1) ins(%a0, %a1 : tensor<3x10xf32>, tensor<20x1xi64>) outs(%o0 : tensor<3x20xf64>) -> tensor<3x20xf64>
  return
}

// -----

func.func @axis(%x: tensor<3x10xf32>, %p: tensor<20x1xi64>, %w: tensor<20x1xf32>, %y: tensor<3x20xf32>) {
  // expected-error @+1 {{has axis 2, but its operand has rank 2}}
  %r = linalg_ext.resize axis(2) ins(%x, %p : tensor<3x10xf32>, tensor<20x1xi64>) weights(%w : tensor<20x1xf32>) outs(%y : tensor<3x20xf32>) -> tensor<3x20xf32>
  return
}

// -----

func.func @weights(%a0: tensor<3x10xf32>, %a1: tensor<20x2xi64>, %o0: tensor<3x20xf32>) {
  // expected-error @+1 {{needs weights for positions other than one each}}
  %r = linalg_ext.resize axis(1) ins(%a0, %a1 : tensor<3x10xf32>, tensor<20x2xi64>) outs(%o0 : tensor<3x20xf32>) -> tensor<3x20xf32>
  return
}

// -----

func.func @integers(%x: tensor<3x10xi8>, %p: tensor<20x1xi64>, %w: tensor<20x1xf32>, %y: tensor<3x20xi8>) {
  // expected-error @+1 {{has weights for elements that are no floats}}
  %r = linalg_ext.resize axis(1) ins(%x, %p : tensor<3x10xi8>, tensor<20x1xi64>) weights(%w : tensor<20x1xf32>) outs(%y : tensor<3x20xi8>) -> tensor<3x20xi8>
  return
}

// -----

func.func @shape(%x: tensor<3x10xf32>, %p: tensor<20x1xi64>, %w: tensor<20x2xf32>, %y: tensor<3x20xf32>) {
  // expected-error @+1 {{has weights of another shape than positions}}
  %r = linalg_ext.resize axis(1) ins(%x, %p : tensor<3x10xf32>, tensor<20x1xi64>) weights(%w : tensor<20x2xf32>) outs(%y : tensor<3x20xf32>) -> tensor<3x20xf32>
  return
}

// -----

func.func @positions(%a0: tensor<3x10xf32>, %a1: tensor<20x1xi64>, %o0: tensor<3x21xf32>) {
  // expected-error @+1 {{has a destination whose dimension 1 is 21, but other operands say 20}}
  %r = linalg_ext.resize axis(1) ins(%a0, %a1 : tensor<3x10xf32>, tensor<20x1xi64>) outs(%o0 : tensor<3x21xf32>) -> tensor<3x21xf32>
  return
}

// -----

func.func @mode(%a0: tensor<2x3x8x8xf32>, %a1: tensor<2x5x6x2xf32>, %o0: tensor<2x3x5x6xf32>) {
  // expected-error @+1 {{has mode 'bicubic', which is none of 'nearest', 'linear', 'cubic'}}
  %r = linalg_ext.grid_sample mode("bicubic") padding("zeros") ins(%a0, %a1 : tensor<2x3x8x8xf32>, tensor<2x5x6x2xf32>) outs(%o0 : tensor<2x3x5x6xf32>) -> tensor<2x3x5x6xf32>
  return
}

// -----

func.func @padding(%a0: tensor<2x3x8x8xf32>, %a1: tensor<2x5x6x2xf32>, %o0: tensor<2x3x5x6xf32>) {
  // expected-error @+1 {{has padding 'none', which is none of 'zeros', 'border', 'reflection'}}
  %r = linalg_ext.grid_sample mode("cubic") padding("none") ins(%a0, %a1 : tensor<2x3x8x8xf32>, tensor<2x5x6x2xf32>) outs(%o0 : tensor<2x3x5x6xf32>) -> tensor<2x3x5x6xf32>
  return
}

// -----

func.func @sampled(%a0: tensor<2x3x8x8xi8>, %a1: tensor<2x5x6x2xf32>, %o0: tensor<2x3x5x6xi8>) {
  // expected-error @+1 {{interpolates between elements that are no floats}}
  %r = linalg_ext.grid_sample mode("linear") padding("zeros") ins(%a0, %a1 : tensor<2x3x8x8xi8>, tensor<2x5x6x2xf32>) outs(%o0 : tensor<2x3x5x6xi8>) -> tensor<2x3x5x6xi8>
  return
}

// -----

func.func @grid(%a0: tensor<2x3x8x8xf32>, %a1: tensor<2x5x6x3xf32>, %o0: tensor<2x3x5x6xf32>) {
  // expected-error @+1 {{has a grid of type 'tensor<2x5x6x3xf32>' for an operand of rank 4}}
  %r = linalg_ext.grid_sample mode("linear") padding("zeros") ins(%a0, %a1 : tensor<2x3x8x8xf32>, tensor<2x5x6x3xf32>) outs(%o0 : tensor<2x3x5x6xf32>) -> tensor<2x3x5x6xf32>
  return
}

// -----

func.func @batch(%a0: tensor<2x3x8x8xf32>, %a1: tensor<1x5x6x2xf32>, %o0: tensor<2x3x5x6xf32>) {
  // expected-error @+1 {{has a grid whose dimension 0 is 1, but other operands say 2}}
  %r = linalg_ext.grid_sample mode("linear") padding("zeros") ins(%a0, %a1 : tensor<2x3x8x8xf32>, tensor<1x5x6x2xf32>) outs(%o0 : tensor<2x3x5x6xf32>) -> tensor<2x3x5x6xf32>
  return
}

// -----

func.func @edges(%a0: tensor<2x3x8x8xf32>, %a1: tensor<4x5xf32>, %a2: tensor<4xi64>, %o0: tensor<4x3x5x5xf32>) {
  // expected-error @+1 {{has regions of type 'tensor<4x5xf32>', but each must have 4 edges}}
  %r = linalg_ext.roi_align sampling(2) scale(1.0) ins(%a0, %a1, %a2 : tensor<2x3x8x8xf32>, tensor<4x5xf32>, tensor<4xi64>) outs(%o0 : tensor<4x3x5x5xf32>) -> tensor<4x3x5x5xf32>
  return
}

// -----

func.func @batches(%a0: tensor<2x3x8x8xf32>, %a1: tensor<4x4xf32>, %a2: tensor<3xi64>, %o0: tensor<4x3x5x5xf32>) {
  // expected-error @+1 {{has a vector of batches whose dimension 0 is 3, but other operands say 4}}
  %r = linalg_ext.roi_align sampling(2) scale(1.0) ins(%a0, %a1, %a2 : tensor<2x3x8x8xf32>, tensor<4x4xf32>, tensor<3xi64>) outs(%o0 : tensor<4x3x5x5xf32>) -> tensor<4x3x5x5xf32>
  return
}

// -----

func.func @corners(%b: tensor<2x9x5xf32>, %s: tensor<2x3x9xf32>, %o: tensor<2x3x9xi64>, %p: f32, %q: f32, %y: tensor<2x3x?xi64>, %n: tensor<2x3xi64>) {
  // expected-error @+1 {{has boxes of type 'tensor<2x9x5xf32>', but each must have 4 numbers}}
  %r:2 = linalg_ext.non_max_suppression ins(%b, %s, %o : tensor<2x9x5xf32>, tensor<2x3x9xf32>, tensor<2x3x9xi64>) above(%p, %q : f32, f32) outs(%y, %n : tensor<2x3x?xi64>, tensor<2x3xi64>) -> tensor<2x3x?xi64>, tensor<2x3xi64>
  return
}

// -----

func.func @thresholds(%b: tensor<2x9x4xf32>, %s: tensor<2x3x9xf32>, %o: tensor<2x3x9xi64>, %p: f64, %q: f32, %y: tensor<2x3x?xi64>, %n: tensor<2x3xi64>) {
  // expected-error @+1 {{has thresholds of 'f64' and 'f32' for boxes and scores of 'f32' and 'f32'}}
  %r:2 = linalg_ext.non_max_suppression ins(%b, %s, %o : tensor<2x9x4xf32>, tensor<2x3x9xf32>, tensor<2x3x9xi64>) above(%p, %q : f64, f32) outs(%y, %n : tensor<2x3x?xi64>, tensor<2x3xi64>) -> tensor<2x3x?xi64>, tensor<2x3xi64>
  return
}

// -----

func.func @order(%b: tensor<2x9x4xf32>, %s: tensor<2x3x9xf32>, %o: tensor<2x3x8xi64>, %p: f32, %q: f32, %y: tensor<2x3x?xi64>, %n: tensor<2x3xi64>) {
  // expected-error @+1 {{has scores of type 'tensor<2x3x9xf32>' in an order of type 'tensor<2x3x8xi64>'}}
  %r:2 = linalg_ext.non_max_suppression ins(%b, %s, %o : tensor<2x9x4xf32>, tensor<2x3x9xf32>, tensor<2x3x8xi64>) above(%p, %q : f32, f32) outs(%y, %n : tensor<2x3x?xi64>, tensor<2x3xi64>) -> tensor<2x3x?xi64>, tensor<2x3xi64>
  return
}

// -----

func.func @classes(%b: tensor<2x9x4xf32>, %s: tensor<2x3x9xf32>, %o: tensor<2x3x9xi64>, %p: f32, %q: f32, %y: tensor<2x3x?xi64>, %n: tensor<2x4xi64>) {
  // expected-error @+1 {{has a count whose dimension 1 is 4, but other operands say 3}}
  %r:2 = linalg_ext.non_max_suppression ins(%b, %s, %o : tensor<2x9x4xf32>, tensor<2x3x9xf32>, tensor<2x3x9xi64>) above(%p, %q : f32, f32) outs(%y, %n : tensor<2x3x?xi64>, tensor<2x4xi64>) -> tensor<2x3x?xi64>, tensor<2x4xi64>
  return
}
