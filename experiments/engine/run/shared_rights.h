// Rights on what is made in a folder that several users share.
#pragma once

#include <sys/types.h>

#include <filesystem>

namespace oubli {

// Files made while it lives can be written by all who may write to the folder.
class SharedRights {
 public:
  explicit SharedRights(const std::filesystem::path& folder);
  ~SharedRights();
  SharedRights(const SharedRights&) = delete;
  SharedRights& operator=(const SharedRights&) = delete;

 private:
  mode_t old_;
};

}  // namespace oubli
