// Each thing that the verifier refuses.
// RUN: orchestra-opt %s -split-input-file -verify-diagnostics

func.func @destinations(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x5x4xf32>, %c: f32, %o: tensor<2x3x4xf32>) {
  // expected-error @+1 {{needs 1 destination, but has 2}}
  %r:2 = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) outs(%o, %o : tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>, tensor<2x3x4xf32>
  return
}

// -----

func.func @states(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x5x4xf32>, %c: f32, %o: tensor<2x3x4xf32>) {
  // expected-error @+1 {{needs 3 destinations, but has 1}}
  %r = linalg_ext.attention_update {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) outs(%o : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @maps(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x5x4xf32>, %c: f32, %o: tensor<2x3x4xf32>) {
  // expected-error @+1 {{needs 4 indexing maps, one for each operand that is indexed, but has 3}}
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) outs(%o : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @mixed(%q: tensor<2x3x8xf32>, %k: memref<2x5x8xf32>, %v: tensor<2x5x4xf32>, %c: f32, %o: tensor<2x3x4xf32>) {
  // expected-error @+1 {{mixes tensors and memrefs}}
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x3x8xf32>, memref<2x5x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) outs(%o : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @results(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x5x4xf32>, %c: f32, %o: tensor<2x3x4xf32>) {
  // expected-error @+1 {{needs as many results as destinations on tensors, and none on memrefs}}
  linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) outs(%o : tensor<2x3x4xf32>) 
  return
}

// -----

func.func @result_type(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x5x4xf32>, %c: f32, %o: tensor<2x3x4xf32>) {
  // expected-error-re @+1 {{has a result of type {{.*}}3x5{{.*}} for a destination of type}}
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) outs(%o : tensor<2x3x4xf32>) -> tensor<2x3x5xf32>
  return
}

// -----

func.func @loops(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x5x4xf32>, %c: f32, %o: tensor<2x3x4xf32>) {
  // expected-error @+1 {{needs loops over rows, value columns, query columns and keys, but has 3 loops}}
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, k) -> (h, m, k)>, affine_map<(h, m, k) -> (h, m, k)>, affine_map<(h, m, k) -> (h, m, k)>, affine_map<(h, m, k) -> (h, m, k)>]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) outs(%o : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @element(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf64>, %v: tensor<2x5x4xf32>, %c: f32, %o: tensor<2x3x4xf32>) {
  // expected-error @+1 {{has a key of 'f64', but a scale of 'f32'}}
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x8xf64>, tensor<2x5x4xf32>) scale(%c : f32) outs(%o : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @wider(%q: tensor<2x3x8xf16>, %k: tensor<2x5x8xf16>, %v: tensor<2x5x4xf16>, %c: f16, %o: tensor<2x3x4xf32>) {
  // expected-error @+1 {{has a result of 'f32', but a scale of 'f16'}}
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x3x8xf16>, tensor<2x5x8xf16>, tensor<2x5x4xf16>) scale(%c : f16) outs(%o : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

// As wide as what is computed in, but another type.
func.func @other_half(%q: tensor<2x3x8xbf16>, %k: tensor<2x5x8xf16>, %v: tensor<2x5x4xf16>, %c: f16, %o: tensor<2x3x4xf16>) {
  // expected-error @+1 {{has a query of 'bf16', but a scale of 'f16'}}
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x3x8xbf16>, tensor<2x5x8xf16>, tensor<2x5x4xf16>) scale(%c : f16) outs(%o : tensor<2x3x4xf16>) -> tensor<2x3x4xf16>
  return
}

// -----

// States lose nothing from one update to the next.
func.func @narrow_state(%q: tensor<2x3x8xf16>, %k: tensor<2x5x8xf16>, %v: tensor<2x5x4xf16>, %c: f32, %o: tensor<2x3x4xf32>, %g: tensor<2x3xf16>, %w: tensor<2x3xf32>) {
  // expected-error @+1 {{of 'f16', but a scale of 'f32'}}
  %r:3 = linalg_ext.attention_update {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>, affine_map<(h, m, n, k, s) -> (h, m)>, affine_map<(h, m, n, k, s) -> (h, m)>]} ins(%q, %k, %v : tensor<2x3x8xf16>, tensor<2x5x8xf16>, tensor<2x5x4xf16>) scale(%c : f32) outs(%o, %g, %w : tensor<2x3x4xf32>, tensor<2x3xf16>, tensor<2x3xf32>) -> tensor<2x3x4xf32>, tensor<2x3xf16>, tensor<2x3xf32>
  return
}

// -----

func.func @permutation(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x5x4xf32>, %c: f32, %o: tensor<2x3x4xf32>) {
  // expected-error @+1 {{needs a projected permutation of 5 loops as map of the query}}
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m + k, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) outs(%o : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @rank(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x5x4xf32>, %c: f32, %o: tensor<2x3x4xf32>) {
  // expected-error @+1 {{has a map with 2 results for the query of rank 3}}
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) outs(%o : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @depends(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x5x4xf32>, %c: f32, %o: tensor<2x3x4xf32>) {
  // expected-error @+1 {{has a map of the value that does not depend on the loop over value columns}}
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) outs(%o : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @independent(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x5x4xf32>, %c: f32, %o: tensor<2x3x4xf32>) {
  // expected-error @+1 {{has a map of the key that depends on the loop over rows}}
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) outs(%o : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @no_keys(%q: tensor<2x3x8xf32>, %k: tensor<2x8xf32>, %v: tensor<2x5x4xf32>, %c: f32, %o: tensor<2x3x4xf32>) {
  // expected-error @+1 {{has a map of the key that does not depend on the loop over keys}}
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) outs(%o : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @sizes(%q: tensor<2x3x8xf32>, %k: tensor<2x5x7xf32>, %v: tensor<2x5x4xf32>, %c: f32, %o: tensor<2x3x4xf32>) {
  // expected-error @+1 {{has a key whose dimension 2 is 7, but other operands say 8}}
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x7xf32>, tensor<2x5x4xf32>) scale(%c : f32) outs(%o : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @mask(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x5x4xf32>, %c: f32, %m: tensor<3x4xf32>, %o: tensor<2x3x4xf32>) {
  // expected-error @+1 {{has a map of the mask that depends on the loop over value columns}}
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (m, n)>, affine_map<(h, m, n, k, s) -> (h, m, n)>]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) mask(%m : tensor<3x4xf32>) outs(%o : tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @shared(%q: tensor<2x3x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x5x4xf32>, %c: f32, %o: tensor<3x4xf32>) {
  // expected-error @+1 {{has a destination that does not depend on leading loop 0}}
  %r = linalg_ext.attention {indexing_maps = [affine_map<(h, m, n, k, s) -> (h, m, k)>, affine_map<(h, m, n, k, s) -> (h, s, k)>, affine_map<(h, m, n, k, s) -> (h, s, n)>, affine_map<(h, m, n, k, s) -> (m, n)>]} ins(%q, %k, %v : tensor<2x3x8xf32>, tensor<2x5x8xf32>, tensor<2x5x4xf32>) scale(%c : f32) outs(%o : tensor<3x4xf32>) -> tensor<3x4xf32>
  return
}
