#include "experiments/engine/run/shared_rights.h"

#include <sys/stat.h>

namespace oubli {

SharedRights::SharedRights(const std::filesystem::path& folder) : old_(::umask(0)) {
  struct stat status {};
  const bool known = ::stat(folder.c_str(), &status) == 0;
  mode_t mask = old_;
  // Without setgid new files belong to a group of their user's, which is none of the folder's.
  constexpr mode_t kGroup = S_IWGRP | S_ISGID;
  if (known && (status.st_mode & kGroup) == kGroup) mask &= ~static_cast<mode_t>(S_IRWXG);
  if (known && (status.st_mode & S_IWOTH) != 0) mask &= ~static_cast<mode_t>(S_IRWXO);
  ::umask(mask);
}

SharedRights::~SharedRights() { ::umask(old_); }

}  // namespace oubli
