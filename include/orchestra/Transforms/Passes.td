//===- Passes.td - Passes on the waist ------------------------*- tablegen -*-//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TRANSFORMS_PASSES
#define ORCHESTRA_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def RaiseAttentionPass
    : Pass<"orchestra-raise-attention", "::mlir::func::FuncOp"> {
  let summary = "Recognises decomposed attention.";
  let description = [{
    Before: two products with a softmax between them, as exporters write
    attention: scales, added or selected masks, reshapes, transposes and heads
    repeated for grouped queries in between; each intermediate value is used for
    nothing else. After: `linalg_ext.attention` on the values that those views
    were made of. A constant mask that hides what lies ahead is its causal
    bound. What differs is left as it is.

    With `narrow`, products are those of operands of 16 bits with results of f32,
    and roundings between them, which the new op does without, may be there.
  }];
  let options = [
    Option<"narrow", "narrow", "bool", /*default=*/"false",
           "Attention to operands of 16 bits instead of f32 and f64">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect",
    "::orchestra::linalg_ext::LinalgExtDialect"
  ];
}

def MergeProductsPass
    : Pass<"orchestra-merge-products", "::mlir::func::FuncOp"> {
  let summary = "Makes one product of those that share their first operand.";
  let description = [{
    Before: `linalg.matmul`s of one value by different constants, each with the
    same elementwise ops behind it, whose results attention reads by heads.
    After: one product by the constants side by side; each attention reads a
    slice of its heads.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def SliceOperandsPass
    : Pass<"orchestra-slice-operands", "::mlir::func::FuncOp"> {
  let summary = "Lets attention read slices where they are.";
  let description = [{
    Before: attention to slices of known places, or to expansions of these.
    After: each operand has a slice of its own, of the expanded value, with the
    attribute `orchestra.in_kernel`: kernels take such slices inside.
  }];
  let dependentDialects = ["::mlir::tensor::TensorDialect"];
}

def GatherWindowsPass
    : Pass<"orchestra-gather-windows", "::mlir::func::FuncOp"> {
  let summary = "Prepares pictures of few channels for tensor maps.";
  let description = [{
    Before: convolutions of f16 or bf16 on NCHW tensors. After: those whose pixels
    fill no multiple of 16 bytes read a picture with channels innermost and zeros
    beside rows and channels, so that windows begin at such multiples; filters are
    widened likewise. Those whose windows are more than 8 pixels apart are products
    of two matrices: one is gathered from the picture, a row for each window
    (im2col), the other one is the filter.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def PadOperandsPass
    : Pass<"orchestra-pad-operands", "::mlir::func::FuncOp"> {
  let summary = "Lets convolutions and poolings put frames around pictures.";
  let description = [{
    Before: convolutions of f16 or bf16 on padded pictures with channels
    innermost, and poolings of padded pictures. After: each convolution has a
    `tensor.pad` of its own, with the attribute `orchestra.in_kernel`: kernels take
    such padding inside, where loads of tiles read zeros outside of a picture.
    The frame of a pooling is an elementwise op, which is no part of the product
    before it.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def FuseElementwisePass
    : Pass<"orchestra-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "Merges chains of elementwise ops and moves reshapes off them.";
  let description = [{
    Before: one `linalg.generic` per elementwise operation. After: a chain whose
    intermediate values have one use is one op; reshapes between an op and its
    elementwise users are moved behind them; transposes are part of the maps of
    the elementwise ops that read them. Reductions may take in an elementwise
    producer, contractions do not.
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def RaiseDivisionsPass
    : Pass<"orchestra-raise-divisions", "::mlir::func::FuncOp"> {
  let summary = "Multiplies by reciprocals where exporters' norms and GELU divide.";
  let description = [{
    Before: fused elementwise ops, as exporters write layer norm (`x / sqrt(v)`
    with a v per row) and GELU (`erf(x / c)`). After: as one op of a norm or of
    GELU is imported, `x * (1 / sqrt(v))` and `erf(x * (1 / c))`: the reciprocal
    is computed once a row, or at compile time. A root is zero or so large that
    its reciprocal is finite, so that only the last bit may differ. Other
    divisions stay.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def ExpandPaddedPass
    : Pass<"orchestra-expand-padded", "::mlir::func::FuncOp"> {
  let summary = "Computes products over pixels in the shape that is padded next.";
  let description = [{
    Before: a product over the flat list of all pixels, a reshape to the picture,
    a `tensor.pad` (elementwise ops may stand between). After: a product over
    the picture's dimensions, so that one kernel computes it and writes it into
    the middle of the padded tensor. Narrow pictures stay as they are.
  }];
  let dependentDialects = [
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"
  ];
}

def SpecializeShapesPass
    : Pass<"orchestra-specialize-shapes", "::mlir::ModuleOp"> {
  let summary = "Makes code of its own for shapes that come often.";
  let description = [{
    Before: the model, with dynamic sizes that have names. After: beside it, for
    each shape, a copy of the model in which these sizes are constants. A run
    takes the first copy whose `orchestra.guard`, the sizes of all inputs' dims,
    is that of its inputs, else the model. Sizes that a shape does not name stay
    dynamic in its copy. A name that no input has is an error.
  }];
  let options = [
    Option<"shapes", "shapes", "std::string", "\"\"",
           "Shapes, as \"batch=1,seq=128;batch=8,seq=128\".">
  ];
  let dependentDialects = ["::mlir::tensor::TensorDialect"];
}

def ChannelsLastPass
    : Pass<"orchestra-channels-last", "::mlir::func::FuncOp"> {
  let summary = "Computes convolutions and poolings with channels innermost.";
  let description = [{
    Before: convolutions and poolings on NCHW tensors. After: on NHWC tensors,
    with transposes around them that are moved down through padding,
    concatenation and elementwise ops until they meet and cancel. A 1x1
    convolution without stride is a matmul. With `in-memory`, convolutions of f16
    and bf16 find the channels of pictures and filters innermost in memory, even
    if that takes a transpose; otherwise an op may read them in another order.
  }];
  let options = [
    Option<"inMemory", "in-memory", "bool", "false",
           "put channels innermost in memory">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def PackOperandsPass
    : Pass<"orchestra-pack-operands", "::mlir::func::FuncOp"> {
  let summary = "Packs the streamed operand of contractions by columns.";
  let description = [{
    Before: contractions whose weights are constants, or whose streamed operand
    does not run along the columns of the result. After: that operand is
    `linalg.unpack` of `linalg.pack`, with inner tiles of `columns` along the
    columns and the reduction dimensions in the order of the loops. The pack of
    a constant is constant and happens at compile time; the unpack is read
    through by the strategy.
  }];
  let options = [
    Option<"columns", "columns", "int64_t", "32", "Width of an inner tile.">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def OutlineKernelsPass
    : Pass<"orchestra-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "Groups the ops of the program into kernels and calls them.";
  let description = [{
    Before: host functions on tensors with structured ops. After: structured
    ops are in functions marked `orchestra.kernel`, called by
    `orchestra.dispatch`; the host keeps views, shape arithmetic and constants.
    An elementwise op joins the kernel that computes its operand, and ops that
    share their leading dimensions (a softmax, a norm) form one kernel. Kernels
    are named by the hash of their content and `salt`; equal ones are one.
  }];
  let options = [
    Option<"salt", "salt", "std::string", "\"\"",
           "What else distinguishes code: target, strategy, version.">,
    Option<"fuse", "fuse", "bool", "true", "Form kernels of several ops.">
  ];
  let dependentDialects = [
    "::mlir::func::FuncDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect", "::orchestra::OrchestraDialect"
  ];
}

def SplitConstantsPass
    : Pass<"orchestra-split-constants", "::mlir::ModuleOp"> {
  let summary = "Moves work on constants into a function run at compile time.";
  let description = [{
    Before: an entry function with dispatches. After: those that depend on
    constants only are in `@orchestra_fold`, which the entry function calls for
    their results. The driver runs it once and replaces the call by constants.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def GeneralizeKernelsPass
    : Pass<"orchestra-generalize-kernels", "::mlir::ModuleOp"> {
  let summary = "Makes kernels on constants that differ in sizes one kernel.";
  let description = [{
    Before: kernels that only `@orchestra_fold` calls, pure data movement
    (packs without padding) or elementwise. After: those that differ in nothing
    but sizes are one kernel with dynamic sizes. Their dispatches keep static
    types, which the kernel's are more general than. Kernels that write more
    than `max-bytes` stay: compiling them is worth it.
  }];
  let options = [
    Option<"salt", "salt", "std::string", "\"\"",
           "What else distinguishes code: target, strategy, version.">,
    Option<"maxBytes", "max-bytes", "int64_t", "16 << 20",
           "Bytes from which a kernel is worth code of its own.">
  ];
  let dependentDialects = [
    "::mlir::func::FuncDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def KernelDestinationsPass
    : Pass<"orchestra-kernel-destinations", "::mlir::ModuleOp"> {
  let summary = "Makes kernels on buffers write their results to arguments.";
  let description = [{
    Before: bufferized kernels that return buffers, of which the i-th belongs to
    the i-th of the last arguments. After: kernels return nothing; a result that
    is not yet in its argument's buffer is copied there.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def LowerPackingPass
    : Pass<"orchestra-lower-packing", "::mlir::func::FuncOp"> {
  let summary = "Lowers packs and unpacks that no strategy read through.";
  let description = [{
    Before: `linalg.pack` and `linalg.unpack`. After: pads, reshapes, transposes
    and slices.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

#endif // ORCHESTRA_TRANSFORMS_PASSES
