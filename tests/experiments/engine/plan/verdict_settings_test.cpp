#include "experiments/engine/plan/verdict_settings.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/base/settings_file.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

TEST(VerdictSettings, AreReadAndChecked) {
  const auto read = [](const std::string& text) {
    const SettingsNode node = parse_settings(text, "test.yaml");
    return VerdictSettings::read(Settings(node), builtin_metrics(),
                                 {"accuracy", "loss", "lira", "klom"});
  };
  EXPECT_TRUE(read("{}").columns.empty()) << "the standard ones";
  EXPECT_TRUE(read("{verdict: {columns: standard}}").columns.empty());
  EXPECT_EQ(read("{verdict: {columns: [lira_auc, loss/test], margin: 2}}").columns,
            (std::vector<std::string>{"lira_auc", "loss/test"}));
  const std::string message =
      testing::error_of(ErrorKind::kSettings, [&] { read("{verdict: {columns: [lira_ouc]}}"); });
  EXPECT_NE(message.find("test.yaml:1:22"), std::string::npos) << message;
  EXPECT_NE(message.find("lira_auc"), std::string::npos) << message;
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"klom/forget", "every training seed"},
      {"accuracy/forgt", "'forget'"},
      {"accuracy", "forget"},
      {"lira_auc/forgt", "'forget'"},
      {"kl/forget", "'measure' lacks"}};
  for (const auto& entry : wrong) {
    const std::string text = testing::error_of(
        ErrorKind::kSettings, [&] { read("{verdict: {columns: [" + entry.first + "]}}"); });
    EXPECT_NE(text.find(entry.second), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace oubli
