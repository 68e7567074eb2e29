// Tasks for another architecture are refused, all of them at once.
// RUN: orchestra-opt %s --pass-pipeline='builtin.module(func.func(orchestra-to-linalg))' -verify-diagnostics -split-input-file

func.func @foreign(%x: f32) -> f32 {
  // expected-error @+2 {{this task is placed on 'amd_cdna3', for which there is no code generation yet [no-codegen]}}
  // expected-note @+1 {{place it on a device of 'x86_64', or leave the others out of the topology}}
  %r = orchestra.task -> (f32) target = {arch = "amd_cdna3"} {
    orchestra.yield %x : f32
  }
  return %r : f32
}

// -----

func.func @two(%x: f32) -> f32 {
  %r = orchestra.schedule -> (f32) {
    // expected-error @+1 {{no code for 'aarch64'}}
    %a = orchestra.task -> (f32) target = {arch = "aarch64"} {
      orchestra.yield %x : f32
    }
    %b = orchestra.task -> (f32) target = {arch = "x86_64"} {
      orchestra.yield %a : f32
    }
    // expected-error @+2 {{this task is placed on 'nvidia_hopper', for which there is no code generation yet}}
    // expected-note @+1 {{place it on a device of 'x86_64'}}
    %c = orchestra.task -> (f32) target = {arch = "nvidia_hopper"} {
      orchestra.yield %b : f32
    }
    orchestra.yield %c : f32
  }
  return %r : f32
}
