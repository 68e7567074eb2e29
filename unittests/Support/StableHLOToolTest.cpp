//===- StableHLOToolTest.cpp - The official library, well and badly behaved
//===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The commands here are stand-ins, shell scripts that behave in one way each.
// The true one is tried in test/python/test_stablehlo.py.
//
//===----------------------------------------------------------------------===//
#include "orchestra/Support/StableHLOTool.h"
#include "orchestra/Support/Subprocess.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace orchestra;

using Kind = ToolError::Kind;

namespace {
/// What a stand-in did, as the user would read it.
struct Outcome {
  std::optional<Kind> kind; ///< none: success
  std::string text, result;
};

class StableHLOToolTest : public testing::Test {
protected:
  /// A command that runs `script` with the arguments of the interface; the
  /// input is $in, the output $out.
  StableHLOTool standIn(StringRef script) {
    std::string path = folder->file("stand-in.sh");
    std::error_code error;
    raw_fd_ostream os(path, error);
    EXPECT_FALSE(error);
    os << "for word in \"$@\"; do case $last in -o) out=$word;; esac; "
          "case $word in --*|-o) ;; *) [ -n \"$in\" ] || in=$word;; esac; "
          "last=$word; done\n"
       << script << "\n";
    StableHLOTool tool;
    tool.command = {"/bin/sh", path};
    tool.timeLimitSeconds = 20;
    return tool;
  }

  static Outcome outcomeOf(Expected<std::string> result) {
    if (result)
      return {std::nullopt, "", *result};
    Outcome outcome;
    handleAllErrors(result.takeError(), [&](const ToolError &error) {
      outcome.kind = error.getKind();
      outcome.text = error.getMessage();
      for (const std::string &note : error.getNotes())
        outcome.text += "\n" + note;
    });
    return outcome;
  }

  Expected<TemporaryFolder> folder = TemporaryFolder::create("orchestra-test");
};
} // namespace

TEST_F(StableHLOToolTest, MakesAnArtefactAndReadsItBack) {
  StableHLOTool tool =
      standIn("case \"$*\" in *--deserialize*) echo 'module {}' > $out;; "
              "*--serialize*--target=1.2.3*) "
              "printf 'ML\\357R\\001StableHLO_v1.2.3\\000rest' > $out;; esac");
  Outcome outcome = outcomeOf(tool.serialize("module {}", "1.2.3"));
  EXPECT_EQ(outcome.kind, std::nullopt) << outcome.text;
  EXPECT_TRUE(isPortableArtefact(outcome.result));
  EXPECT_EQ(versionOfArtefact(outcome.result), "1.2.3");
}

TEST_F(StableHLOToolTest, SaysWhatTheToolSaid) {
  Outcome outcome = outcomeOf(standIn("echo 'op is unknown' >&2; exit 1")
                                  .serialize("module {}", "1.9.0"));
  EXPECT_EQ(outcome.kind, Kind::Refused);
  EXPECT_NE(outcome.text.find("[tool-failed]"), std::string::npos);
  EXPECT_NE(outcome.text.find("exit code 1"), std::string::npos);
  EXPECT_NE(outcome.text.find("it said: op is unknown"), std::string::npos);
}

TEST_F(StableHLOToolTest, SurvivesACrash) {
  Outcome outcome =
      outcomeOf(standIn("kill -SEGV $$").serialize("module {}", "1.9.0"));
  EXPECT_EQ(outcome.kind, Kind::Broken);
  EXPECT_NE(outcome.text.find("killed by signal 11"), std::string::npos)
      << outcome.text;
}

TEST_F(StableHLOToolTest, StopsAToolThatHangsAndItsChildren) {
  StableHLOTool tool = standIn("sleep 600 & wait");
  tool.timeLimitSeconds = 1;
  Outcome outcome = outcomeOf(tool.serialize("module {}", "1.9.0"));
  EXPECT_EQ(outcome.kind, Kind::Broken);
  EXPECT_NE(outcome.text.find("did not end within 1 seconds"),
            std::string::npos)
      << outcome.text;
}

TEST_F(StableHLOToolTest, RefusesNonsense) {
  EXPECT_EQ(
      outcomeOf(standIn("echo nonsense > $out").serialize("module {}", "1.9.0"))
          .kind,
      Kind::Broken);
  EXPECT_EQ(outcomeOf(standIn("true").serialize("module {}", "1.9.0")).kind,
            Kind::Broken);
  EXPECT_EQ(outcomeOf(standIn("echo nonsense > $out").deserialize("ML")).kind,
            Kind::Broken);
  // An artefact that does not read back is none.
  Outcome outcome = outcomeOf(
      standIn("case \"$*\" in *--deserialize*) exit 1;; *) "
              "printf 'ML\\357R\\001StableHLO_v1.9.0\\000' > $out;; esac")
          .serialize("module {}", "1.9.0"));
  EXPECT_EQ(outcome.kind, Kind::Refused);
}

TEST_F(StableHLOToolTest, TellsHowToGetWhatIsMissing) {
  StableHLOTool tool;
  tool.command = {"/there/is/no/stablehlo-translate"};
  Outcome missing = outcomeOf(tool.serialize("module {}", "1.9.0"));
  EXPECT_EQ(missing.kind, Kind::Missing);
  EXPECT_NE(missing.text.find("pip install jaxlib"), std::string::npos);
  Outcome lacking =
      outcomeOf(standIn("echo 'error: Python has no jaxlib' >&2; exit 4")
                    .serialize("module {}", "1.9.0"));
  EXPECT_EQ(lacking.kind, Kind::Missing);
  EXPECT_NE(lacking.text.find("[missing-tool]"), std::string::npos);
}

TEST_F(StableHLOToolTest, TakesACommandLine) {
  Expected<StableHLOTool> tool =
      StableHLOTool::find("python3 'a folder/translate.py' -x");
  ASSERT_TRUE(!!tool);
  EXPECT_EQ(tool->command, (std::vector<std::string>{
                               "python3", "a folder/translate.py", "-x"}));
}

TEST(SubprocessTest, SetsTheEnvironmentOfTheChildOnly) {
  SubprocessOptions options;
  options.environment = {{"ORCHESTRA_TEST_VARIABLE", "of the child"}};
  Expected<SubprocessResult> result = runSubprocess(
      {"sh", "-c", "echo $ORCHESTRA_TEST_VARIABLE; echo bad >&2; exit 3"},
      options);
  ASSERT_TRUE(!!result);
  EXPECT_EQ(result->exitCode, 3);
  EXPECT_EQ(result->output, "of the child\n");
  EXPECT_EQ(result->errors, "bad\n");
  EXPECT_EQ(std::getenv("ORCHESTRA_TEST_VARIABLE"), nullptr);
}
