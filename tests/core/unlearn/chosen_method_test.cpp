#include "core/unlearn/chosen_method.h"

#include <gtest/gtest.h>

#include "core/base/settings_file.h"
#include "methods/builtin.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

MethodItem item(const std::string& text) {
  return method_item(*parse_settings("method: " + text, "test.yaml").find("method"));
}

TEST(MethodItem, IsANameOrANameWithSettings) {
  EXPECT_EQ(item("finetune").name, "finetune");
  EXPECT_TRUE(item("finetune").settings.entries.empty());
  EXPECT_EQ(item("{finetune: {lr: 0.1}}").settings.find("lr")->scalar, "0.1");
  for (const std::string wrong : {"[finetune]", "{finetune: 1, newton: 2}"}) {
    testing::error_of(ErrorKind::kSettings, [&] { item(wrong); });
  }
}

TEST(MethodItem, AListStandsForItsMethods) {
  const MethodItem read = item("{then: [ssd, finetune]}");
  ASSERT_NE(read.settings.find("methods"), nullptr);
  EXPECT_EQ(read.settings.find("methods")->items.size(), 2u);
}

TEST(ChosenMethod, IsRecordedWithAllOfItsSettingsAndItsVersion) {
  const Settings settings(parse_settings("{of: [{finetune: {lr: 0.5}}, newton]}", "test.yaml"));
  const auto chosen = read_methods(settings, "of", builtin_methods(), {"identity"}, "the methods");
  settings.finish();
  ASSERT_EQ(chosen.size(), 2u);
  const Json record = settings.resolved().at("of");
  EXPECT_EQ(record[0].at("name"), "finetune");
  EXPECT_EQ(record[0].at("settings").at("lr"), 0.5);
  EXPECT_TRUE(record[0].at("settings").contains("epochs"));
  EXPECT_EQ(record[1].at("version"), builtin_methods().find("newton").version);
}

TEST(ChosenMethod, HasADefaultWhichIsRecordedToo) {
  const Settings settings;
  EXPECT_EQ(read_method(settings, "of", builtin_methods(), "ssd", "the method").info.name, "ssd");
  EXPECT_EQ(settings.resolved().at("of").at("name"), "ssd");
}

}  // namespace
}  // namespace oubli
