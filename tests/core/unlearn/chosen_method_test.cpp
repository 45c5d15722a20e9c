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

TEST(ChosenMethod, IsRecordedAsItIsWrittenWithAllOfItsSettings) {
  const Settings settings(parse_settings("{of: [{finetune: {lr: 0.5}}, newton]}", "test.yaml"));
  const auto chosen = read_methods(settings, "of", builtin_methods(), {"identity"}, "the methods");
  settings.finish();
  ASSERT_EQ(chosen.size(), 2u);
  const Json record = settings.resolved();
  EXPECT_EQ(record.at("of")[0].at("finetune").at("lr"), 0.5);
  EXPECT_TRUE(record.at("of")[0].at("finetune").contains("epochs"));
  // The record reads as the same again.
  const Settings again(parse_settings(to_yaml(record), "test.yaml"));
  read_methods(again, "of", builtin_methods(), {"identity"}, "the methods");
  again.finish();
  EXPECT_EQ(again.resolved(), record);
  const Json parts = parts_of(chosen);
  EXPECT_EQ(parts[1].at("name"), "newton");
  EXPECT_EQ(parts[1].at("version"), builtin_methods().find("newton").version);
}

TEST(ChosenMethod, HasADefaultWhichIsRecordedToo) {
  const Settings settings;
  EXPECT_EQ(read_method(settings, "of", builtin_methods(), "ssd", "the method").info.name, "ssd");
  EXPECT_TRUE(settings.resolved().at("of").contains("ssd"));
}

}  // namespace
}  // namespace oubli
