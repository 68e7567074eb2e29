//===- RunInputs.cpp - Inputs from the command line -----------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "RunInputs.h"

#include "orchestra/Driver/DriverError.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace orchestra;
using namespace orchestra::tool;
using llvm::StringRef;

void tool::addInputFlags(CLI::App &command, InputArguments &args) {
  const char *group = "Inputs";
  command
      .add_option("--inputs", args.archive,
                  "A NumPy archive (.npz) with all inputs by name")
      ->group(group);
  command
      .add_option("--input", args.files,
                  "One input: a .npy, .png or .jpg file, or raw bytes "
                  "(repeatable)")
      ->type_name("NAME=FILE")
      ->group(group);
  command
      .add_flag("--random{0}", args.seed,
                "Random inputs; --random=SEED for others than seed 0")
      ->group(group);
  addDimFlag(command, args.dims,
             "Size of a dynamic dimension of random inputs (others: 1)")
      ->group(group);
  group = "Pictures as inputs";
  command
      .add_option_function<std::string>(
          "--image-size",
          [&args](const std::string &text) {
            auto [width, height] = StringRef(text).split('x');
            if (height.empty())
              height = width;
            if (width.getAsInteger(10, args.image.width) ||
                height.getAsInteger(10, args.image.height))
              throw CLI::ValidationError("--image-size",
                                         "'" + text + "' is not WIDTHxHEIGHT");
          },
          "Resize to this (default: what the model takes)")
      ->type_name("WIDTHxHEIGHT")
      ->group(group);
  command
      .add_flag("--crop", args.image.keepAspect,
                "Keep proportions: resize the short side, cut out the middle")
      ->group(group);
  command
      .add_option("--scale", args.image.scale,
                  "Multiply pixel values (default: 1/255, for integers 1)")
      ->group(group);
  command
      .add_option("--mean", args.image.mean,
                  "Then subtract this, or one for each channel")
      ->delimiter(',')
      ->group(group);
  command
      .add_option("--std", args.image.deviation,
                  "Then divide by this, or one for each channel")
      ->delimiter(',')
      ->group(group);
  command
      .add_option("--layout", args.image.layout,
                  "Order of dimensions (default: guessed from the model)")
      ->check(CLI::IsMember({"nchw", "nhwc"}))
      ->group(group);
  command
      .add_option("--channels", args.image.channels,
                  "Channels (default: by their number)")
      ->check(CLI::IsMember({"rgb", "bgr", "gray"}))
      ->group(group);
}

static llvm::Expected<Tensor> readInput(StringRef path, const TensorDecl &decl,
                                        const ImageOptions &image) {
  std::string extension = llvm::sys::path::extension(path).lower();
  if (extension == ".npy")
    return readNpy(path);
  if (extension == ".png" || extension == ".jpg" || extension == ".jpeg")
    return readImage(path, decl, image);
  if (extension == ".npz")
    return makeError(
        Fault::Usage, path,
        "an archive holds many arrays, --input takes one "
        "[usage]",
        {"help: use --inputs=" + path.str() + ", or a .npy file of one array"});
  return readRaw(path, decl);
}

void tool::fixDims(InputArguments &args, llvm::StringRef model,
                   CompileOptions &options) {
  if (llvm::StringRef(options.target).starts_with("emulated:") &&
      model.ends_with(".onnx"))
    options.dims.swap(args.dims);
}

llvm::Expected<std::vector<Tensor>>
tool::readInputs(const Model &model, const InputArguments &args) {
  NamedTensors given;
  if (!args.dims.empty() && args.seed.empty())
    return makeError(Fault::Usage, "",
                     "--dim is a size of random inputs [usage]",
                     {"help: add --random; files have sizes of their own"});
  if (!args.seed.empty()) {
    uint64_t seed;
    if (StringRef(args.seed).getAsInteger(10, seed))
      return makeError(Fault::Usage, "",
                       "--random takes a number, not '" + args.seed +
                           "' [usage]");
    llvm::Expected<NamedTensors> random = randomInputs(model, args.dims, seed);
    if (!random)
      return random.takeError();
    given = std::move(*random);
  }
  auto set = [&](const std::string &name, Tensor tensor) {
    for (auto &[existing, value] : given)
      if (existing == name) {
        value = std::move(tensor);
        return;
      }
    given.emplace_back(name, std::move(tensor));
  };
  if (!args.archive.empty()) {
    llvm::Expected<NamedTensors> archive = readNpz(args.archive);
    if (!archive)
      return archive.takeError();
    // An archive may hold more than inputs, such as labels; what is missing is
    // reported with the names that are there.
    std::string found;
    for (auto &[name, tensor] : *archive) {
      found += (found.empty() ? "" : ", ") + name;
      if (llvm::any_of(model.getInputs(),
                       [&, &name = name](const TensorDecl &decl) {
                         return decl.name == name;
                       }))
        set(name, std::move(tensor));
    }
    for (const TensorDecl &decl : model.getInputs())
      if (args.files.empty() && llvm::none_of(given, [&](const auto &entry) {
            return entry.first == decl.name;
          }))
        return makeError(Fault::Input, args.archive,
                         "the archive has no array for input '" + decl.name +
                             "' [input-mismatch]",
                         {"note: it has " + (found.empty() ? "none" : found),
                          "note: '" + decl.name + "' is " + decl.describe()});
  }
  for (const std::string &text : args.files) {
    auto [name, path] = StringRef(text).split('=');
    // With one input its name may be left out.
    if (path.empty() && model.getInputs().size() == 1) {
      path = name;
      name = model.getInputs()[0].name;
    }
    auto found = llvm::find_if(
        model.getInputs(),
        [&, name = name](const TensorDecl &decl) { return decl.name == name; });
    if (found == model.getInputs().end()) {
      std::string known;
      for (const TensorDecl &decl : model.getInputs())
        known += (known.empty() ? "" : ", ") + decl.name;
      return makeError(Fault::Usage, "",
                       "the model has no input '" + name + "' [input-mismatch]",
                       {"note: its inputs are " + known});
    }
    llvm::Expected<Tensor> tensor = readInput(path, *found, args.image);
    if (!tensor)
      return tensor.takeError();
    set(name.str(), std::move(*tensor));
  }
  return orderInputs(model, given);
}
