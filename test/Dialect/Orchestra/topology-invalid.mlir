// Machines that cannot be.
// RUN: orchestra-opt %s -verify-diagnostics -split-input-file

// expected-error @+1 {{'orchestra.device' op expects parent op 'orchestra.topology'}}
orchestra.device @cpu0 {arch = "x86_64"}

// -----

// expected-error @+1 {{'orchestra.link' op expects parent op 'orchestra.topology'}}
orchestra.link @a, @b {bandwidth = 1.0, latency = 0.0}

// -----

orchestra.topology @m {
  // expected-error @+1 {{a topology holds devices and links, nothing else}}
  func.func private @f()
}

// -----

orchestra.topology @m {
  // expected-note @+1 {{see existing symbol definition here}}
  orchestra.device @cpu0 {arch = "x86_64"}
  // expected-error @+1 {{redefinition of symbol named 'cpu0'}}
  orchestra.device @cpu0 {arch = "x86_64", device_id = 1}
}

// -----

orchestra.topology @m {
  // expected-note @+1 {{the other one}}
  orchestra.device @cpu0 {arch = "x86_64"}
  // expected-error @+1 {{'orchestra.device' op is device 0 of 'x86_64', as another is}}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 0}
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  // expected-error @+1 {{'orchestra.link' op ends at 'gpu0', which is no device of 'm'; it has 'cpu0', 'cpu1'}}
  orchestra.link @cpu0, @gpu0 {bandwidth = 1.0, latency = 0.0}
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  // expected-note @+1 {{the other one}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0, latency = 0.0}
  // expected-error @+1 {{'orchestra.link' op joins 'cpu1' and 'cpu0', as another link does}}
  orchestra.link @cpu1, @cpu0 {bandwidth = 1.0, latency = 0.0}
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  // expected-error @+1 {{'orchestra.link' op joins 'cpu0' with itself}}
  orchestra.link @cpu0, @cpu0 {bandwidth = 1.0, latency = 0.0}
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  // expected-error @+1 {{'orchestra.link' op needs a bandwidth above 0 bytes a second, not 0.0}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 0.0, latency = 0.0}
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  // expected-error @+1 {{'orchestra.link' op needs a latency of at least 0 seconds, not -1.0}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 1.0, latency = -1.0}
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  orchestra.device @cpu1 {arch = "x86_64", device_id = 1}
  // expected-error @+1 {{'orchestra.link' op needs a bandwidth above 0 bytes a second, not nan}}
  orchestra.link @cpu0, @cpu1 {bandwidth = 0x7FF8000000000000 : f64, latency = 0.0}
}

// -----

orchestra.topology @m {
  orchestra.device @cpu0 {arch = "x86_64"}
  // expected-error @+1 {{'orchestra.link' op requires attribute 'latency'}}
  orchestra.link @cpu0, @cpu0 {bandwidth = 1.0}
}
