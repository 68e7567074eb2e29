//===- OrchestraOps.td - The orchestra dialect ----------------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where and when each part of a model runs, as IR that people can read, edit,
// verify and execute. docs/architecture.md tells how the ops meet the stages.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_ORCHESTRA_OPS
#define ORCHESTRA_DIALECT_ORCHESTRA_OPS

include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Orchestra_Dialect : Dialect {
  let name = "orchestra";
  let cppNamespace = "::orchestra";
  let summary = "Where and when each part of a model runs.";
  let description = [{
    A `schedule` holds `task`s, each placed on one device by its `target`
    dictionary. After kernels are outlined, a host program calls them by
    `dispatch`.
  }];
}

class Orchestra_Op<string mnemonic, list<Trait> traits = []>
    : Op<Orchestra_Dialect, mnemonic, traits>;

def Orchestra_ScheduleOp : Orchestra_Op<"schedule",
    [SingleBlockImplicitTerminator<"YieldOp">, RecursiveMemoryEffects,
     RecursivelySpeculatable]> {
  let summary = "Holds the tasks of a program; dataflow is their only order.";
  let description = [{
    Values that leave the schedule are yielded. Tasks capture what they use.

    ```mlir
    %r = orchestra.schedule -> (tensor<4xf32>) {
      %t = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
        orchestra.yield %x : tensor<4xf32>
      }
      orchestra.yield %t : tensor<4xf32>
    }
    ```
  }];
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "(`->` `(` type($results)^ `)`)? attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def Orchestra_TaskOp : Orchestra_Op<"task",
    [SingleBlockImplicitTerminator<"YieldOp">, RecursiveMemoryEffects,
     RecursivelySpeculatable]> {
  let summary = "Computes its results on one device.";
  let description = [{
    `target` names the device: `arch` is mandatory, the other keys are optional.

    ```mlir
    %r = orchestra.task -> (tensor<256x256xf32>)
        target = {arch = "amd_cdna3", device_id = 0, mfma = true} {
      orchestra.yield %v : tensor<256x256xf32>
    }
    ```
  }];
  let arguments = (ins DictionaryAttr:$target);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`->` `(` type($results)^ `)`)? `target` `=` $target
    attr-dict-with-keyword $body
  }];
  let extraClassDeclaration = [{
    /// The mandatory `arch` of the target, such as "x86_64".
    ::llvm::StringRef getArch();
  }];
  let hasVerifier = 1;
}

def Orchestra_YieldOp : Orchestra_Op<"yield",
    [Pure, Terminator, ReturnLike, ParentOneOf<["TaskOp", "ScheduleOp"]>]> {
  let summary = "Ends a task or schedule and names its results.";
  let description = [{
    ```mlir
    orchestra.yield %v : tensor<4xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ /* yields nothing */ }]>];
}

def Orchestra_DispatchOp : Orchestra_Op<"dispatch",
    [AttrSizedOperandSegments, DestinationStyleOpInterface,
     DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
     DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Calls a kernel in destination-passing style.";
  let description = [{
    The kernel, a function marked `orchestra.kernel`, takes the inputs followed
    by the destinations. On tensors it returns the new values of the
    destinations; on memrefs it writes them. Beyond `func.call`, it says which
    operands are written, so that bufferization needs no look inside the kernel.

    ```mlir
    %r = orchestra.dispatch @orch_k_0af3(%a, %b : tensor<4xf32>, tensor<4xf32>)
           outs(%init : tensor<4xf32>) -> (tensor<4xf32>)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyType>:$inputs,
                       Variadic<AnyShaped>:$outputs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $kernel `(` ($inputs^ `:` type($inputs))? `)`
    `outs` `(` ($outputs^ `:` type($outputs))? `)` attr-dict
    (`->` `(` type($results)^ `)`)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return getOutputsMutable();
    }
  }];
  let hasVerifier = 1;
}

#endif // ORCHESTRA_DIALECT_ORCHESTRA_OPS
