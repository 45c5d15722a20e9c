#include "tests/fuzz/fuzz_target.h"

#include <ATen/Parallel.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "core/base/error.h"
#include "core/base/text.h"

namespace oubli::fuzz {
namespace {

constexpr std::size_t kLongestMessage = 4000;

}  // namespace

InputFileInMemory::InputFileInMemory() : descriptor_(::memfd_create("fuzz", 0)) {
  if (descriptor_ < 0) std::abort();
  at::set_num_threads(1);
}

InputFileInMemory::~InputFileInMemory() { ::close(descriptor_); }

void InputFileInMemory::write(const std::uint8_t* bytes, std::size_t count) {
  if (::ftruncate(descriptor_, 0) != 0 ||
      ::pwrite(descriptor_, bytes, count, 0) != static_cast<ssize_t>(count)) {
    std::abort();
  }
}

void expect_error_or_nothing(const std::function<void()>& read) {
  try {
    read();
  } catch (const Error& error) {
    const std::string message = error.what();
    if (message.empty() || message.size() > kLongestMessage ||
        printable(message, /*lines=*/true) != message) {
      std::abort();
    }
  }
}

}  // namespace oubli::fuzz
