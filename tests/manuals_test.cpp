// Manuals: their links lead somewhere, and every experiment that ships is in the index.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <regex>
#include <set>

#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = OUBLI_SOURCE_DIR;

std::vector<fs::path> manuals() {
  std::vector<fs::path> found = {kRoot / "README.md", kRoot / "CONTRIBUTING.md"};
  for (const char* folder : {"core", "methods", "datasets", "experiments", "third_party"}) {
    for (const auto& item : fs::recursive_directory_iterator(kRoot / folder)) {
      if (item.path().extension() == ".md") found.push_back(item.path());
    }
  }
  return found;
}

// What a heading is called in a link: lower case, without punctuation, dashes for spaces.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const char c : heading) {
    const auto letter = static_cast<unsigned char>(c);
    if (std::isalnum(letter) || c == '-' || c == '_') {
      anchor += static_cast<char>(std::tolower(letter));
    } else if (c == ' ') {
      anchor += '-';
    }
  }
  return anchor;
}

bool has_heading(const std::string& text, const std::string& anchor) {
  static const std::regex heading("(^|\n)#+ ([^\n]*)");
  return std::any_of(std::sregex_iterator(text.begin(), text.end(), heading),
                     std::sregex_iterator(),
                     [&](const std::smatch& found) { return anchor_of(found[2]) == anchor; });
}

TEST(Manuals, EveryLinkLeadsSomewhere) {
  static const std::regex link(R"(\]\(([^)#\s]*)(#([^)\s]*))?\))");
  std::size_t links = 0;
  for (const fs::path& manual : manuals()) {
    const std::string text = testing::read_text(manual);
    for (std::sregex_iterator found(text.begin(), text.end(), link), end; found != end; ++found) {
      const std::string target = (*found)[1], anchor = (*found)[3];
      if (target.find("://") != std::string::npos) continue;
      ++links;
      const fs::path file = target.empty() ? manual : manual.parent_path() / target;
      EXPECT_TRUE(fs::exists(file)) << manual << ": " << target;
      if (anchor.empty()) continue;
      EXPECT_TRUE(has_heading(testing::read_text(file), anchor)) << manual << ": #" << anchor;
    }
  }
  EXPECT_GT(links, 20u);
}

TEST(Manuals, TheIndexHasEveryExperiment) {
  const std::string index = testing::read_text(kRoot / "experiments/README.md");
  for (const auto& item : fs::directory_iterator(kRoot / "experiments")) {
    if (item.path().extension() != ".yaml") continue;
    const std::string name = item.path().filename().string();
    EXPECT_NE(index.find(fmt::format("[{0}]({0})", name)), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace oubli
