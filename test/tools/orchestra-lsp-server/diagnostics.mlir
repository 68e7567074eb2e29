// RUN: orchestra-lsp-server -lit-test < %s | FileCheck %s
// The server knows our dialect: it reports the verifier's error on a document.
{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"processId":123,"rootPath":"mlir","capabilities":{},"trace":"off"}}
// -----
{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"test:///foo.mlir","languageId":"mlir","version":1,"text":"func.func @f() {\n  orchestra.task target = {device_id = 0} {\n    orchestra.yield\n  }\n  return\n}"}}}
// CHECK: "method": "textDocument/publishDiagnostics"
// CHECK: target has no 'arch'
// -----
{"jsonrpc":"2.0","id":3,"method":"shutdown"}
// -----
{"jsonrpc":"2.0","method":"exit"}
