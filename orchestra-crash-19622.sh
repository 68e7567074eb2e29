#!/bin/sh
# orchestra 0.1.0 crashed while it ran this.
cd '/work/wt/fe' &&
  '/tmp/fe-bin/orchestra' 'run' '/tmp/orchestra-onnx-myofgl48/tmpir8ti1oc/model.onnx' '--inputs' '/tmp/orchestra-onnx-myofgl48/tmpir8ti1oc/in.npz' '--outputs' '/tmp/orchestra-onnx-myofgl48/tmpir8ti1oc/out.npz' '--no-cache'
: <<'STACK'
#0 0x00007f3466cb8786 llvm::sys::PrintStackTrace(llvm::raw_ostream&, int) (/usr/lib/llvm-22/lib/libLLVM.so.22.1+0x4eb8786)
#1 0x000055744ac2135d onCrash(void*) CrashHandler.cpp:0:0
#2 0x00007f3466cb5f72 llvm::sys::RunSignalHandlers() (/usr/lib/llvm-22/lib/libLLVM.so.22.1+0x4eb5f72)
#3 0x00007f3466cb94f4 (/usr/lib/llvm-22/lib/libLLVM.so.22.1+0x4eb94f4)
#4 0x00007f346185a050 (/lib/x86_64-linux-gnu/libc.so.6+0x3c050)
#5 0x00007f34715d3090
STACK
