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
include "mlir/IR/Properties.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Orchestra_Dialect : Dialect {
  let name = "orchestra";
  let cppNamespace = "::orchestra";
  let summary = "Where and when each part of a model runs.";
  let description = [{
    A `topology` is the machine: devices and the links between them. A
    `schedule` holds `task`s, each placed on one device by its `target`
    dictionary, `transfer`s of values between devices, `commit`s, which choose
    between speculated values, and `barrier`s. After kernels are outlined, a host
    program calls them by `dispatch`. Why each op is as it is:
    [rationale](../dialect-orchestra.md).

    The dialect knows no vendor. Targets register what they know about their
    architectures with the context (`TargetRegistry`), and verifiers ask there.
  }];
  let extraClassDeclaration = [{
    /// What the registered targets say about their architectures.
    TargetRegistry &getTargets() { return targets; }

  private:
    TargetRegistry targets;

  public:
  }];
}

class Orchestra_Op<string mnemonic, list<Trait> traits = []>
    : Op<Orchestra_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// The machine
//===----------------------------------------------------------------------===//

def Orchestra_TopologyOp : Orchestra_Op<"topology",
    [IsolatedFromAbove, NoRegionArguments, NoTerminator, SingleBlock, Symbol,
     SymbolTable]> {
  let summary = "Describes a machine: its devices and their links.";
  let description = [{
    Holds devices and links, nothing else. No two devices share a name or a pair
    of architecture and `device_id`; no two links join the same devices. What a
    schedule says about devices is checked against its topology.

    ```mlir
    orchestra.topology @machine {
      orchestra.device @cpu0 {arch = "x86_64", device_id = 0}
      orchestra.device @gpu0 {arch = "amd_cdna3", device_id = 0}
      orchestra.link @cpu0, @gpu0 {bandwidth = 6.4e10, latency = 1.0e-5}
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       OptionalAttr<StrAttr>:$sym_visibility);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}

def Orchestra_DeviceOp : Orchestra_Op<"device",
    [HasParent<"TopologyOp">, Symbol]> {
  let summary = "Is one device of a machine.";
  let description = [{
    The dictionary has the keys of a task's target, of which `arch` is mandatory
    and `device_id` 0 if absent, and figures of this very device: `peak_flops`,
    `memory_bytes`, `memory_bandwidth`, `launch_latency` and so on. A figure that
    is absent is the published one of the architecture.

    ```mlir
    orchestra.device @gpu0 {arch = "nvidia_hopper", memory_bytes = 85899345920,
                            peak_flops = {bf16 = 9.8e14}}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, DictionaryAttr:$target);
  let assemblyFormat = "$sym_name $target attr-dict-with-keyword";
  let extraClassDeclaration = [{
    /// The mandatory `arch`, such as "x86_64".
    ::llvm::StringRef getArch();
    /// The `device_id`, 0 if absent.
    int64_t getDeviceId();
  }];
  let hasVerifier = 1;
}

def Orchestra_LinkOp : Orchestra_Op<"link", [HasParent<"TopologyOp">]> {
  let summary = "Joins two devices of a machine.";
  let description = [{
    Moves `bandwidth` bytes a second each way, both ways at once, after `latency`
    seconds. Devices that no link joins exchange data over others.

    ```mlir
    orchestra.link @cpu0, @gpu0 {bandwidth = 6.4e10, latency = 1.0e-5}
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$from, FlatSymbolRefAttr:$to,
                       F64Attr:$bandwidth, F64Attr:$latency);
  let assemblyFormat = "$from `,` $to attr-dict";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// The schedule
//===----------------------------------------------------------------------===//

def Orchestra_ScheduleOp : Orchestra_Op<"schedule",
    [DeclareOpInterfaceMethods<RegionBranchOpInterface,
                               ["getRegionInvocationBounds"]>,
     DeclareOpInterfaceMethods<SymbolUserOpInterface>, NoRegionArguments,
     RecursiveMemoryEffects, RecursivelySpeculatable,
     SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "Holds the tasks of a program; dataflow is their only order.";
  let description = [{
    Values that leave the schedule are yielded. Tasks capture what they use.
    Tasks that neither use each other's results nor touch the same memory may run
    at the same time, except across a `barrier`.

    `on` names the machine. Then each task's `arch` and `device_id` are one of
    its devices, transfers move between them, and a value that a task or transfer
    left on one device is not used on another: a forgotten transfer is an error.

    ```mlir
    %r = orchestra.schedule on @machine -> (tensor<4xf32>) {
      %t = orchestra.task -> (tensor<4xf32>) target = {arch = "x86_64"} {
        orchestra.yield %x : tensor<4xf32>
      }
      orchestra.yield %t : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins OptionalAttr<SymbolRefAttr>:$topology);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$results), [{
    build($_builder, $_state, results, ::mlir::SymbolRefAttr());
  }]>];
  let assemblyFormat = [{
    (`on` $topology^)? (`->` `(` type($results)^ `)`)? attr-dict-with-keyword
    $body
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Orchestra_TaskOp : Orchestra_Op<"task",
    [DeclareOpInterfaceMethods<RegionBranchOpInterface,
                               ["getRegionInvocationBounds"]>,
     DeclareOpInterfaceMethods<SymbolUserOpInterface>, NoRegionArguments,
     RecursiveMemoryEffects, RecursivelySpeculatable,
     SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "Computes its results on one device.";
  let description = [{
    `target` names the device: `arch` is mandatory, `device_id` and the keys that
    the architecture's target knows are optional. The task has the effects of its
    body and no others. Tasks do not nest.

    `nki_source`, `ptx_source` or `gcn_source` holds a kernel written by hand in
    the language of the device, for architectures whose target takes it; the body
    then says what the kernel computes, for devices that are emulated.

    ```mlir
    %r = orchestra.task -> (tensor<256x256xf32>)
        target = {arch = "amd_cdna3", device_id = 0, mfma = true} {
      orchestra.yield %v : tensor<256x256xf32>
    }
    ```
  }];
  let arguments = (ins DictionaryAttr:$target,
                       OptionalAttr<StrAttr>:$nki_source,
                       OptionalAttr<StrAttr>:$ptx_source,
                       OptionalAttr<StrAttr>:$gcn_source);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$results,
                                 "::mlir::DictionaryAttr":$target), [{
    build($_builder, $_state, results, target, nullptr, nullptr, nullptr);
  }]>];
  let assemblyFormat = [{
    (`->` `(` type($results)^ `)`)? `target` `=` $target
    attr-dict-with-keyword $body
  }];
  let extraClassDeclaration = [{
    /// The mandatory `arch` of the target, such as "x86_64".
    ::llvm::StringRef getArch();
    /// The target's `device_id`, 0 if absent.
    int64_t getDeviceId();
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Orchestra_TransferOp : Orchestra_Op<"transfer",
    [DeclareOpInterfaceMethods<ConditionallySpeculatable>,
     DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
     DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Moves a value from one device's memory to another's.";
  let description = [{
    The result is the source on the device `to`. On tensors and vectors the op is
    pure; on a memref the result is a new buffer, which may have another layout
    and memory space than the source. Devices are named as `@machine::@gpu0`, or
    by their own name alone in a schedule that says its machine or in a module
    that has one. In a module without any topology, names mean nothing yet.

    ```mlir
    %y = orchestra.transfer %x from @cpu0 to @gpu0 : tensor<4xf32>
    %n = orchestra.transfer %m from @cpu0 to @gpu0
        : memref<4xf32> to memref<4xf32, 1>
    ```
  }];
  let arguments = (ins AnyShaped:$source, SymbolRefAttr:$from,
                       SymbolRefAttr:$to);
  let results = (outs AnyShaped:$result);
  let builders = [OpBuilder<(ins "::mlir::Value":$source,
                                 "::mlir::SymbolRefAttr":$from,
                                 "::mlir::SymbolRefAttr":$to), [{
    build($_builder, $_state, source.getType(), source, from, to);
  }]>];
  let assemblyFormat = [{
    $source `from` $from `to` $to attr-dict `:`
    custom<TransferTypes>(type($source), type($result))
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Orchestra_CommitOp : Orchestra_Op<"commit", [Pure]> {
  let summary = "Chooses between speculated values.";
  let description = [{
    If the condition holds, the results are the first `num_true` values,
    otherwise the others. All values are there when it runs: what computed those
    that are not chosen was speculation. Unlike `arith.select` it chooses between
    whole lists of values of any type, which live on one device and may belong to
    tasks of several.

    ```mlir
    %r:2 = orchestra.commit %c then(%a, %n) else(%b, %m) : tensor<4xf32>, index
    ```
  }];
  let arguments = (ins I1:$condition, Variadic<AnyType>:$values,
                       I32Prop:$num_true);
  let results = (outs Variadic<AnyType>:$results);
  let builders = [OpBuilder<(ins "::mlir::Value":$condition,
                                 "::mlir::ValueRange":$trueValues,
                                 "::mlir::ValueRange":$falseValues)>];
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    ::mlir::OperandRange getTrueValues() {
      return getValues().take_front(getNumTrue());
    }
    ::mlir::OperandRange getFalseValues() {
      return getValues().drop_front(getNumTrue());
    }
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Orchestra_BarrierOp : Orchestra_Op<"barrier",
    [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
     HasParent<"ScheduleOp">]> {
  let summary = "Ends everything before it before anything after it begins.";
  let description = [{
    The only order of a schedule besides dataflow: no task or transfer after the
    barrier starts before all before it are done.

    ```mlir
    orchestra.barrier
    ```
  }];
  let assemblyFormat = "attr-dict";
  let hasCanonicalizeMethod = 1;
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

//===----------------------------------------------------------------------===//
// The host program
//===----------------------------------------------------------------------===//

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
