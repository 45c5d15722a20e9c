// The rooms of the engine stand on one another in one order, and never the other way round.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace oubli {
namespace {

namespace fs = std::filesystem;

// Each may include itself and what stands before it; first what stands in no room.
const char* const kRooms[] = {"", "plan", "run", "report", "reproduce", "commands"};

// Of a path below the engine's folder.
std::ptrdiff_t number_of_room(const fs::path& path) {
  const std::string room = path.has_parent_path() ? path.begin()->string() : "";
  const auto* found = std::find(std::begin(kRooms), std::end(kRooms), room);
  EXPECT_NE(found, std::end(kRooms)) << path << " is in no room that is known";
  return found - std::begin(kRooms);
}

TEST(Rooms, IncludesPointOneWay) {
  const fs::path engine = fs::path(OUBLI_SOURCE_DIR) / "experiments" / "engine";
  const std::string begin = "#include \"experiments/engine/";
  std::size_t includes = 0;
  for (const auto& item : fs::recursive_directory_iterator(engine)) {
    if (!item.is_regular_file()) continue;
    const fs::path file = item.path().lexically_relative(engine);
    std::ifstream source(item.path());
    for (std::string line; std::getline(source, line);) {
      if (!line.starts_with(begin)) continue;
      const fs::path included = line.substr(begin.size(), line.rfind('"') - begin.size());
      EXPECT_LE(number_of_room(included), number_of_room(file)) << file << " includes " << included;
      ++includes;
    }
  }
  EXPECT_GT(includes, 100u);
}

}  // namespace
}  // namespace oubli
