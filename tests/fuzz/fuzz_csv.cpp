// Tables: the first byte chooses the task and whether features are standardised, the rest is the
// file.
#include "core/base/registry.h"
#include "datasets/source.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

oubli::SettingsNode scalar(const std::string& text) {
  oubli::SettingsNode node;
  node.kind = oubli::SettingsNode::Kind::kScalar;
  node.scalar = text;
  return node;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  using namespace oubli;
  static fuzz::InputFileInMemory file;
  static const auto configure = builtin_datasets().find("csv").configure;
  if (count == 0) return 0;
  file.write(bytes + 1, count - 1);
  SettingsNode node;
  node.kind = SettingsNode::Kind::kMap;
  node.entries = {{"file", scalar(file.path().string())},
                  {"label", scalar("y")},
                  {"task", scalar(bytes[0] % 2 == 0 ? "classification" : "regression")},
                  {"standardise", scalar(bytes[0] % 4 < 2 ? "true" : "false")}};
  fuzz::expect_error_or_nothing([&] { configure(Settings(node))({}); });
  return 0;
}
