// RUN: not orchestra-opt %s --orchestra-specialize-shapes='shapes="k=3"' 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not orchestra-opt %s --orchestra-specialize-shapes='shapes="n"' 2>&1 | FileCheck %s --check-prefix=FORM
// RUN: not orchestra-opt %s --orchestra-specialize-shapes='shapes="n=-2"' 2>&1 | FileCheck %s --check-prefix=SIGN
// RUN: not orchestra-opt %s --orchestra-specialize-shapes='shapes="n=3,n=4"' 2>&1 | FileCheck %s --check-prefix=TWICE

// NAME: error: no code for 'k=3' can be made: no input has a dynamic size 'k' [invalid-hot-shape]
// NAME: note: the model's named sizes are n
// FORM: error: no code for 'n' can be made: 'n' is not of the form NAME=SIZE [invalid-hot-shape]
// SIGN: error: no code for 'n=-2' can be made: 'n=-2' is not of the form NAME=SIZE [invalid-hot-shape]
// TWICE: error: no code for 'n=3,n=4' can be made: 'n' is given twice [invalid-hot-shape]
func.func @main(%x: tensor<?x4xf32> {orchestra.dim_names = ["n", ""]}) -> tensor<?x4xf32> attributes {orchestra.entry} {
  return %x : tensor<?x4xf32>
}
