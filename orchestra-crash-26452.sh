#!/bin/sh
# orchestra 0.1.0 crashed while it ran this.
cd '/work/wt/fe' &&
  '/tmp/fe-bin/orchestra' 'run' '/tmp/orchestra-onnx-myofgl48/tmpv47et44r/model.onnx' '--inputs' '/tmp/orchestra-onnx-myofgl48/tmpv47et44r/in.npz' '--outputs' '/tmp/orchestra-onnx-myofgl48/tmpv47et44r/out.npz' '--no-cache'
: <<'STACK'
#0 0x00007f1dc42b8786 llvm::sys::PrintStackTrace(llvm::raw_ostream&, int) (/usr/lib/llvm-22/lib/libLLVM.so.22.1+0x4eb8786)
#1 0x0000560a574de35d onCrash(void*) CrashHandler.cpp:0:0
#2 0x00007f1dc42b5f72 llvm::sys::RunSignalHandlers() (/usr/lib/llvm-22/lib/libLLVM.so.22.1+0x4eb5f72)
#3 0x00007f1dc42b94f4 (/usr/lib/llvm-22/lib/libLLVM.so.22.1+0x4eb94f4)
#4 0x00007f1dbea5a050 (/lib/x86_64-linux-gnu/libc.so.6+0x3c050)
#5 0x00007f1dceb5707f
STACK
