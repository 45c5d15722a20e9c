// Unpacks the archives that data sets are published in, by libarchive.
#pragma once

#include <cstdint>
#include <filesystem>

namespace oubli {

// Unpacks the files and folders of a tar or zip archive, packed in any way that libarchive knows,
// into `folder`: at most `most` bytes of them in all. Each file is written under a temporary name
// and renamed.
// Throws Error(kData) where the archive is damaged or holds more, a file cannot be written, or an
// entry is anything but a file or folder below `folder`: links, absolute paths and '..' are
// refused, and so is a symbolic link that stands in `folder` already where an entry's folder should
// be.
void unpack_archive(const std::filesystem::path& archive, const std::filesystem::path& folder,
                    std::uint64_t most);

}  // namespace oubli
