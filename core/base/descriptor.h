// An open file, pipe or the like, by the system's number for it.
#pragma once

#include <string_view>

namespace oubli {

// Closed at the end of its life; -1 is none.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { reset(); }

  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  // The caller closes it from here on.
  int release();
  void reset();

 private:
  int number_;
};

// False, with errno, where the system takes no more of it.
bool write_all(int descriptor, std::string_view text);

}  // namespace oubli
