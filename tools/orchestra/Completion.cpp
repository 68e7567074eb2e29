//===- Completion.cpp - orchestra completion ------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: scripts that complete commands and flags, generated from the same
//   declarations that parse them.
//
//===----------------------------------------------------------------------===//
#include "Tool.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace orchestra;
using namespace orchestra::tool;

/// All spellings of a command's flags.
static std::vector<std::string> flagsOf(const CLI::App &command) {
  std::vector<std::string> flags;
  for (const CLI::Option *option : command.get_options()) {
    for (const std::string &name : option->get_lnames())
      flags.push_back("--" + name);
    for (const std::string &name : option->get_snames())
      flags.push_back("-" + name);
  }
  return flags;
}

static std::vector<const CLI::App *> commandsOf(const CLI::App &app) {
  return app.get_subcommands([](const CLI::App *) { return true; });
}

static void printBash(const CLI::App &app, llvm::raw_ostream &os) {
  std::string names;
  for (const CLI::App *command : commandsOf(app))
    names += " " + command->get_name();
  os << "# eval \"$(orchestra completion bash)\"\n_orchestra() {\n"
        "  local word=${COMP_WORDS[COMP_CWORD]} words\n"
        "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    words=\""
     << llvm::join(flagsOf(app), " ") << names
     << "\"\n  else\n    case ${COMP_WORDS[1]} in\n";
  for (const CLI::App *command : commandsOf(app))
    os << "      " << command->get_name() << ") words=\""
       << llvm::join(flagsOf(*command), " ") << "\" ;;\n";
  os << "    esac\n  fi\n"
        "  case $word in\n"
        "    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;\n"
        "    *) if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
        "         COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
        "       else\n"
        "         COMPREPLY=($(compgen -f -- \"$word\"))\n"
        "       fi ;;\n"
        "  esac\n}\ncomplete -o filenames -F _orchestra orchestra\n";
}

/// Single quotes inside single quotes, for zsh and fish.
static std::string quote(llvm::StringRef text) {
  std::string result;
  for (char c : text)
    result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result;
}

static void printZsh(const CLI::App &app, llvm::raw_ostream &os) {
  os << "#compdef orchestra\n# orchestra completion zsh > "
        "${fpath[1]}/_orchestra\n_orchestra() {\n  local -a commands\n"
        "  commands=(\n";
  for (const CLI::App *command : commandsOf(app))
    os << "    '" << command->get_name() << ":"
       << quote(command->get_description()) << "'\n";
  os << "  )\n  if (( CURRENT == 2 )); then\n"
        "    _describe command commands\n    return\n  fi\n"
        "  case ${words[2]} in\n";
  for (const CLI::App *command : commandsOf(app))
    os << "    " << command->get_name() << ") compadd -- "
       << llvm::join(flagsOf(*command), " ") << " ;;\n";
  os << "  esac\n  _files\n}\n_orchestra \"$@\"\n";
}

static void printFish(const CLI::App &app, llvm::raw_ostream &os) {
  os << "# orchestra completion fish > "
        "~/.config/fish/completions/orchestra.fish\n";
  for (const CLI::App *command : commandsOf(app)) {
    os << "complete -c orchestra -n __fish_use_subcommand -a "
       << command->get_name() << " -d '" << quote(command->get_description())
       << "'\n";
    for (const CLI::Option *option : command->get_options())
      for (const std::string &name : option->get_lnames())
        os << "complete -c orchestra -n '__fish_seen_subcommand_from "
           << command->get_name() << "' -l " << name << " -d '"
           << quote(option->get_description()) << "'\n";
  }
}

void tool::addCompletion(CLI::App &app, Tool &tool) {
  auto shell = std::make_shared<std::string>();
  CLI::App *command = app.add_subcommand(
      "completion", "Print a script that completes commands in a shell");
  command->footer("Example:\n  eval \"$(orchestra completion bash)\"");
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([shell, &app, &tool] {
    tool.action = [shell, &app] {
      (*shell == "bash"  ? printBash
       : *shell == "zsh" ? printZsh
                         : printFish)(app, llvm::outs());
      return 0;
    };
  });
}
