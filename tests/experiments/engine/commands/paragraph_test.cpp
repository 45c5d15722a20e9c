#include "experiments/engine/commands/paragraph.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// A terminal of so many columns, and its other end.
struct Terminal {
  int other = ::posix_openpt(O_RDWR | O_NOCTTY);
  File file;

  explicit Terminal(unsigned short columns) {
    if (other < 0 || ::grantpt(other) != 0 || ::unlockpt(other) != 0) return;
    winsize size{};
    size.ws_col = columns;
    ::ioctl(other, TIOCSWINSZ, &size);
    file.reset(std::fopen(::ptsname(other), "w"));
  }
  ~Terminal() {
    if (other >= 0) ::close(other);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
};

TEST(Folded, OnATerminalAtItsWords) {
  const Terminal terminal(20);
  if (terminal.file == nullptr) GTEST_SKIP() << "no pseudo-terminals here";
  EXPECT_EQ(folded("x.yaml:3:1: unknown key, expected another\n  python -c \"import what is to be "
                   "copied\"\nend",
                   terminal.file.get()),
            "x.yaml:3:1: unknown\nkey, expected\nanother\n  python -c \"import what is to be "
            "copied\"\nend\n");
}

TEST(Folded, ElsewhereNot) {
  const testing::TemporaryFolder folder;
  const File file(std::fopen((folder.path() / "log").c_str(), "w"));
  const std::string words(300, 'a');
  EXPECT_EQ(folded(words + " b\nc", file.get()), words + " b\nc\n");
}

}  // namespace
}  // namespace oubli
