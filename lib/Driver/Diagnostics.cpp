//===- Diagnostics.cpp - MLIR's diagnostics as the user sees them ---------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Diagnostics.h"

#include "mlir/IR/Location.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace orchestra;
using llvm::StringRef;

/// Visits the parts of a location that a user knows, innermost last.
static void visit(Location location,
                  llvm::function_ref<void(Location)> callback) {
  if (auto fused = dyn_cast<FusedLoc>(location)) {
    for (Location part : fused.getLocations())
      visit(part, callback);
  } else if (auto call = dyn_cast<CallSiteLoc>(location)) {
    visit(call.getCallee(), callback);
    visit(call.getCaller(), callback);
  } else {
    callback(location);
  }
}

llvm::SmallVector<StringRef> orchestra::nodeNames(Location location) {
  llvm::SmallVector<StringRef> names;
  visit(location, [&](Location part) {
    if (auto name = dyn_cast<NameLoc>(part))
      if (!llvm::is_contained(names, name.getName().getValue()))
        names.push_back(name.getName().getValue());
  });
  return names;
}

std::string orchestra::describeLocation(Location location, StringRef fallback) {
  std::string named, placed;
  visit(location, [&](Location part) {
    if (auto name = dyn_cast<NameLoc>(part)) {
      if (!named.empty())
        return;
      std::string file = fallback.str();
      visit(name.getChildLoc(), [&](Location child) {
        if (auto line = dyn_cast<FileLineColLoc>(child))
          file = line.getFilename().str();
      });
      named = file + ":" + name.getName().str();
    } else if (auto line = dyn_cast<FileLineColLoc>(part)) {
      if (placed.empty())
        placed = line.getFilename().str() + ":" +
                 std::to_string(line.getLine()) + ":" +
                 std::to_string(line.getColumn());
    }
  });
  return !named.empty() ? named : !placed.empty() ? placed : fallback.str();
}

DiagnosticCollector::DiagnosticCollector(MLIRContext &context,
                                         std::string model)
    : model(std::move(model)),
      handler(&context,
              [this](Diagnostic &diagnostic) { handle(diagnostic); }) {}

void DiagnosticCollector::handle(Diagnostic &diagnostic) {
  bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
  if (!isError && diagnostic.getSeverity() != DiagnosticSeverity::Warning)
    return; // remarks have their own channel
  std::string message = diagnostic.str();
  std::lock_guard<std::mutex> lock(mutex);
  auto place = places.find(std::this_thread::get_id());
  std::string text =
      describeLocation(diagnostic.getLocation(),
                       place == places.end() ? model : place->second) +
      (isError ? ": error: " : ": warning: ") + message;
  for (Diagnostic &note : diagnostic.getNotes()) {
    std::string noteText = note.str();
    // A note that shows whole IR is of no use to somebody who has a model.
    if (StringRef(noteText).starts_with("see current operation"))
      continue;
    bool isHelp = StringRef(noteText).starts_with("help: ");
    text += (isHelp ? "\n  " : "\n  note: ") + noteText;
  }
  if (!isError) {
    warnings.push_back(std::move(text));
    return;
  }
  if (llvm::none_of(errors,
                    [&](const Report &report) { return report.text == text; }))
    errors.push_back(
        {std::this_thread::get_id(), std::move(text), slugOf(message).str()});
}

std::string DiagnosticCollector::takeReasons() {
  std::lock_guard<std::mutex> lock(mutex);
  std::string text;
  llvm::erase_if(errors, [&](const Report &report) {
    if (report.thread != std::this_thread::get_id())
      return false;
    text += (text.empty() ? "" : "\n") + report.text;
    return true;
  });
  return text;
}

void DiagnosticCollector::addWarning(std::string text) {
  std::lock_guard<std::mutex> lock(mutex);
  warnings.push_back(std::move(text));
}

void DiagnosticCollector::setPlace(std::string place) {
  std::lock_guard<std::mutex> lock(mutex);
  if (place.empty())
    places.erase(std::this_thread::get_id());
  else
    places[std::this_thread::get_id()] = std::move(place);
}

llvm::Error DiagnosticCollector::takeErrorIfAny() {
  std::lock_guard<std::mutex> lock(mutex);
  std::string text;
  std::vector<std::string> reasons;
  Fault fault = Fault::Input;
  llvm::erase_if(errors, [&](const Report &report) {
    if (report.thread != std::this_thread::get_id())
      return false;
    text += (text.empty() ? "" : "\n") + report.text;
    if (report.slug == "out-of-memory")
      fault = Fault::Environment;
    else if (report.slug.empty() && fault == Fault::Input)
      fault = Fault::Internal;
    if (!report.slug.empty())
      reasons.push_back(report.slug);
    return true;
  });
  if (text.empty())
    return llvm::Error::success();
  return llvm::make_error<DriverError>(fault, std::move(text),
                                       std::move(reasons));
}

llvm::Error DiagnosticCollector::takeError(StringRef doing, bool afterImport) {
  if (llvm::Error error = takeErrorIfAny()) {
    DriverError driver = toDriverError(std::move(error));
    // Upstream's parser and verifier know no slugs: the text is the user's.
    if (!afterImport && driver.getFault() == Fault::Internal)
      return llvm::make_error<DriverError>(Fault::Input, driver.getText(),
                                           driver.getReasons());
    return llvm::make_error<DriverError>(driver);
  }
  return makeError(Fault::Internal, model,
                   doing + " failed without saying why [internal]");
}

std::vector<std::string> DiagnosticCollector::takeWarnings() {
  std::lock_guard<std::mutex> lock(mutex);
  return std::exchange(warnings, {});
}
