#!/bin/sh
# orchestra 0.1.0 crashed while it ran this.
cd '/work/wt/fe' &&
  '/tmp/fe-bin/orchestra' 'run' '/tmp/orchestra-onnx-myofgl48/tmpgaubbgnp/model.onnx' '--inputs' '/tmp/orchestra-onnx-myofgl48/tmpgaubbgnp/in.npz' '--outputs' '/tmp/orchestra-onnx-myofgl48/tmpgaubbgnp/out.npz' '--no-cache'
: <<'STACK'
 #0 0x00007f4fcaeb8786 llvm::sys::PrintStackTrace(llvm::raw_ostream&, int) (/usr/lib/llvm-22/lib/libLLVM.so.22.1+0x4eb8786)
 #1 0x0000561c6a06535d onCrash(void*) CrashHandler.cpp:0:0
 #2 0x00007f4fcaeb5f72 llvm::sys::RunSignalHandlers() (/usr/lib/llvm-22/lib/libLLVM.so.22.1+0x4eb5f72)
 #3 0x00007f4fcaeb94f4 (/usr/lib/llvm-22/lib/libLLVM.so.22.1+0x4eb94f4)
 #4 0x00007f4fc5a5a050 (/lib/x86_64-linux-gnu/libc.so.6+0x3c050)
 #5 0x00007f4fd5090cd3 mlir::IntegerAttr::getValue() const (/usr/lib/llvm-22/lib/libMLIR.so.22.1+0x6090cd3)
 #6 0x00007f4fd4cc1809 mlir::dispatchIndexOpFoldResult(mlir::OpFoldResult, llvm::SmallVectorImpl<mlir::Value>&, llvm::SmallVectorImpl<long>&) (/usr/lib/llvm-22/lib/libMLIR.so.22.1+0x5cc1809)
 #7 0x00007f4fd4cc1a4f mlir::dispatchIndexOpFoldResults(llvm::ArrayRef<mlir::OpFoldResult>, llvm::SmallVectorImpl<mlir::Value>&, llvm::SmallVectorImpl<long>&) (/usr/lib/llvm-22/lib/libMLIR.so.22.1+0x5cc1a4f)
 #8 0x00007f4fd3a2cd2e mlir::memref::ReinterpretCastOp::build(mlir::OpBuilder&, mlir::OperationState&, mlir::MemRefType, mlir::Value, mlir::OpFoldResult, llvm::ArrayRef<mlir::OpFoldResult>, llvm::ArrayRef<mlir::OpFoldResult>, llvm::ArrayRef<mlir::NamedAttribute>) (/usr/lib/llvm-22/lib/libMLIR.so.22.1+0x4a2cd2e)
 #9 0x00007f4fd3a7afc0 mlir::memref::ReinterpretCastOp::create(mlir::OpBuilder&, mlir::Location, mlir::MemRefType, mlir::Value, mlir::OpFoldResult, llvm::ArrayRef<mlir::OpFoldResult>, llvm::ArrayRef<mlir::OpFoldResult>, llvm::ArrayRef<mlir::NamedAttribute>) (/usr/lib/llvm-22/lib/libMLIR.so.22.1+0x4a7afc0)
#10 0x00007f4fd3ac1271 (/usr/lib/llvm-22/lib/libMLIR.so.22.1+0x4ac1271)
#11 0x00007f4fd51beea7 (/usr/lib/llvm-22/lib/libMLIR.so.22.1+0x61beea7)
#12 0x00007f4fd51bc016 mlir::PatternApplicator::matchAndRewrite(mlir::Operation*, mlir::PatternRewriter&, llvm::function_ref<bool (mlir::Pattern const&)>, llvm::function_ref<void (mlir::Pattern const&)>, llvm::function_ref<llvm::LogicalResult (mlir::Pattern const&)>) (/usr/lib/llvm-22/lib/libMLIR.so.22.1+0x61bc016)
#13 0x00007f4fd541a6d5 (/usr/lib/llvm-22/lib/libMLIR.so.22.1+0x641a6d5)
#14 0x00007f4fd541854b mlir::applyPatternsGreedily(mlir::Region&, mlir::FrozenRewritePatternSet const&, mlir::GreedyRewriteConfig, bool*) (/usr/lib/llvm-22/lib/libMLIR.so.22.1+0x641854b)
#15 0x00007f4fd3abe7b8 (/usr/lib/llvm-22/lib/libMLIR.so.22.1+0x4abe7b8)
#16 0x00007f4fd518f937 mlir::detail::OpToOpPassAdaptor::run(mlir::Pass*, mlir::Operation*, mlir::AnalysisManager, bool, unsigned int) (/usr/lib/llvm-22/lib/libMLIR.so.22.1+0x618f937)
#17 0x00007f4fd518ff67 mlir::detail::OpToOpPassAdaptor::runPipeline(mlir::OpPassManager&, mlir::Operation*, mlir::AnalysisManager, bool, unsigned int, mlir::PassInstrumentor*, mlir::PassInstrumentation::PipelineParentInfo const*) (/usr/lib/llvm-22/lib/libMLIR.so.22.1+0x618ff67)
#18 0x00007f4fd519222b mlir::PassManager::run(mlir::Operation*) (/usr/lib/llvm-22/lib/libMLIR.so.22.1+0x619222b)
#19 0x0000561c6a0891a0 orchestra::Compilation::runPipeline(mlir::ModuleOp, llvm::StringRef, llvm::function_ref<void (mlir::OpPassManager&)>) Compile.cpp:0:0
#20 0x0000561c6a09e0a6 orchestra::Compilation::compileHost(mlir::ModuleOp, orchestra::cpu::MachineTarget const&) Host.cpp:0:0
#21 0x0000561c6a08a27f orchestra::Compilation::compileProgram() Compile.cpp:0:0
#22 0x0000561c6a08c47d orchestra::compileModel(llvm::StringRef, orchestra::CompileOptions const&) Compile.cpp:0:0
#23 0x0000561c6a085b20 orchestra::tool::loadModel(std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const&, orchestra::CompileOptions, orchestra::tool::Common const&) (/tmp/fe-bin/orchestra+0x299b20)
#24 0x0000561c6a06de57 runOnce((anonymous namespace)::Arguments&, orchestra::tool::Common const&) Run.cpp:0:0
#25 0x0000561c6a06dc63 std::_Function_handler<int (), orchestra::tool::addRun(CLI::App&, orchestra::tool::Tool&)::$_0::operator()() const::'lambda'()>::_M_invoke(std::_Any_data const&) Run.cpp:0:0
#26 0x0000561c6a0117dd main (/tmp/fe-bin/orchestra+0x2257dd)
#27 0x00007f4fc5a4524a __libc_start_call_main ./csu/../sysdeps/nptl/libc_start_call_main.h:74:3
#28 0x00007f4fc5a45305 call_init ./csu/../csu/libc-start.c:128:20
#29 0x00007f4fc5a45305 __libc_start_main ./csu/../csu/libc-start.c:347:5
#30 0x0000561c6a0112c1 _start (/tmp/fe-bin/orchestra+0x2252c1)
STACK
