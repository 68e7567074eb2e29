// What the target registry refuses; each error lists what is valid.
// RUN: orchestra-opt %s -verify-diagnostics -split-input-file

func.func @no_arch() {
  // expected-error @+1 {{'orchestra.task' op target has no 'arch', the architecture's name; known are "aarch64", "amd_cdna3", "amd_cdna4", "amd_rdna4", "aws_trainium1", "aws_trainium2", "aws_trainium3", "google_tpu_v4", "google_tpu_v5e", "google_tpu_v5p", "google_tpu_v6e", "google_tpu_v7", "intel_xe2", "nvidia_ampere", "nvidia_blackwell", "nvidia_hopper", "x86_64"}}
  orchestra.task target = {device_id = 0} {
  }
  return
}

// -----

func.func @arch_type() {
  // expected-error @+1 {{'orchestra.task' op target needs a string as 'arch', not 86; known are "aarch64"}}
  orchestra.task target = {arch = 86} {
  }
  return
}

// -----

func.func @unknown_arch() {
  // expected-error @+1 {{'orchestra.task' op target has the unknown 'arch' "nvidia_voodoo"; known are "aarch64"}}
  orchestra.task target = {arch = "nvidia_voodoo"} {
  }
  return
}

// -----

func.func @unknown_key() {
  // expected-error @+1 {{'orchestra.task' op target has the unknown key 'mfma'; a target of 'amd_rdna4' may have arch, chip, compute_units, device_id, lds_size, wave_size, waves_per_eu, wmma}}
  orchestra.task target = {arch = "amd_rdna4", mfma = true} {
  }
  return
}

// -----

// Figures belong to devices.
func.func @figure() {
  // expected-error @+1 {{'orchestra.task' op target has the unknown key 'memory_bytes'; a target of 'x86_64' may have arch, cpu, device_id, features, threads, vector_bits}}
  orchestra.task target = {arch = "x86_64", memory_bytes = 1024} {
  }
  return
}

// -----

func.func @boolean() {
  // expected-error @+1 {{'orchestra.task' op target needs true or false as 'mfma', not 1}}
  orchestra.task target = {arch = "amd_cdna3", mfma = 1} {
  }
  return
}

// -----

func.func @range() {
  // expected-error @+1 {{'orchestra.task' op target needs an integer from 0 to 65536 as 'lds_size', not 65537}}
  orchestra.task target = {arch = "amd_cdna3", lds_size = 65537} {
  }
  return
}

// -----

func.func @integer() {
  // expected-error @+1 {{'orchestra.task' op target needs an integer from 0 to 65536 as 'lds_size', not 1.5}}
  orchestra.task target = {arch = "amd_cdna3", lds_size = 1.5} {
  }
  return
}

// -----

func.func @minimum() {
  // expected-error @+1 {{'orchestra.task' op target needs an integer of at least 0 as 'device_id', not -1}}
  orchestra.task target = {arch = "amd_cdna3", device_id = -1} {
  }
  return
}

// -----

func.func @one_of() {
  // expected-error @+1 {{'orchestra.task' op target needs one of "sm_90", "sm_90a" as 'chip', not "sm_80"}}
  orchestra.task target = {arch = "nvidia_hopper", chip = "sm_80"} {
  }
  return
}

// -----

func.func @string() {
  // expected-error @+1 {{'orchestra.task' op target needs a string as 'cpu', not 4}}
  orchestra.task target = {arch = "x86_64", cpu = 4} {
  }
  return
}

// -----

// All problems at once.
func.func @several() {
  // expected-error @+2 {{target needs true or false as 'mfma', not "yes"}}
  // expected-error @+1 {{target needs 64 as 'wave_size', not 32}}
  orchestra.task target = {arch = "amd_cdna4", mfma = "yes", wave_size = 32} {
  }
  return
}

// -----

func.func @no_data() {
  // expected-error @+1 {{'orchestra.task' op target has tensor<4xf32> as 'mfma'; values are booleans, numbers, strings, and lists and dictionaries of them}}
  orchestra.task target = {arch = "amd_cdna4", mfma = tensor<4xf32>} {
  }
  return
}

// -----

orchestra.topology @m {
  // expected-error @+1 {{'orchestra.device' op has no 'arch', the architecture's name; known are}}
  orchestra.device @a {memory_bytes = 1024}
}

// -----

orchestra.topology @m {
  // expected-error @+1 {{'orchestra.device' op has the unknown key 'colour'; a device of 'intel_xe2' may have arch, chip, clock_hz, copy_engine, core_count, cores, device_id, kernel_rates, l1_bytes}}
  orchestra.device @b {arch = "intel_xe2", colour = "blue"}
}

// -----

orchestra.topology @m {
  // expected-error @+1 {{'orchestra.device' op needs an integer of at least 0 as 'memory_bytes', not "much"}}
  orchestra.device @c {arch = "x86_64", memory_bytes = "much"}
}

// -----

orchestra.topology @m {
  // expected-error @+1 {{'orchestra.device' op needs a number of at least 0 as 'memory_bandwidth', not -1}}
  orchestra.device @d {arch = "x86_64", device_id = 1, memory_bandwidth = -1}
}

// -----

orchestra.topology @m {
  // expected-error @+1 {{'orchestra.device' op needs a dictionary of positive numbers by element type, which is one of f64, f32, tf32, f16, bf16, f8, f6, f4, i32, i16, i8, i4 as 'peak_flops', not {"f33":1}}}
  orchestra.device @e {arch = "x86_64", device_id = 2, peak_flops = {f33 = 1}}
}

// -----

orchestra.topology @m {
  // expected-error @+1 {{'orchestra.device' op needs a list of integers, none below 0 as 'cores', not [0,-1]}}
  orchestra.device @f {arch = "x86_64", device_id = 3, cores = [0, -1]}
}

// -----

func.func @two_sources() {
  // expected-error @+1 {{'orchestra.task' op has both 'ptx_source' and 'gcn_source'}}
  orchestra.task target = {arch = "nvidia_hopper"} attributes {gcn_source = "x", ptx_source = "x"} {
  }
  return
}

// -----

func.func @empty_source() {
  // expected-error @+1 {{'orchestra.task' op has an empty 'nki_source'}}
  orchestra.task target = {arch = "aws_trainium1"} attributes {nki_source = ""} {
  }
  return
}

// -----

func.func @other_source() {
  // expected-error @+1 {{'orchestra.task' op has a 'nki_source', which 'nvidia_hopper' does not take; it takes 'ptx_source'}}
  orchestra.task target = {arch = "nvidia_hopper"} attributes {nki_source = "x"} {
  }
  return
}

// -----

func.func @no_source() {
  // expected-error @+1 {{'orchestra.task' op has a 'ptx_source', which 'x86_64' does not take; it takes none}}
  orchestra.task target = {arch = "x86_64"} attributes {ptx_source = "x"} {
  }
  return
}
