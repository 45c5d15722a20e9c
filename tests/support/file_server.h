// Serves a folder over HTTP on this machine, for the tests of the downloader.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace oubli::testing {

class FileServer {
 public:
  // `mode` is one of tests/support/range_server.py.
  FileServer(const std::filesystem::path& folder, const std::string& mode);
  ~FileServer();
  FileServer(const FileServer&) = delete;
  FileServer& operator=(const FileServer&) = delete;

  std::string address() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  pid_t process_ = 0;
  int input_ = -1;  // closing it ends the server
  int port_ = 0;
};

}  // namespace oubli::testing
