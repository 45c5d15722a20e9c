#include "experiments/engine/environment.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/version.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

#include "core/base/machine_limits.h"
#include "core/base/text.h"

namespace oubli {
namespace {

// The first processor's entries of /proc/cpuinfo.
std::map<std::string, std::string> processor_entries() {
  std::map<std::string, std::string> entries;
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line) && !line.empty();) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string key = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
    entries[key] = colon + 2 <= line.size() ? line.substr(colon + 2) : "";
  }
  return entries;
}

std::string joined(const std::map<std::string, std::string>& entries,
                   const std::vector<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) {
    const auto found = entries.find(key);
    if (found != entries.end()) text += (text.empty() ? "" : " ") + found->second;
  }
  return text.empty() ? "unknown" : text;
}

// Those that kernels of linear algebra are written for: of x86, and of Arm.
std::vector<std::string> instruction_sets(const std::map<std::string, std::string>& entries) {
  static const std::vector<std::string> beginnings = {"sse4",  "avx", "fma", "f16c", "amx",
                                                      "asimd", "sve", "sme", "bf16", "i8mm"};
  std::vector<std::string> found;
  for (const char* key : {"flags", "Features"}) {
    const auto entry = entries.find(key);
    if (entry == entries.end()) continue;
    std::istringstream words(entry->second);
    for (std::string word; words >> word;) {
      if (std::any_of(beginnings.begin(), beginnings.end(),
                      [&](const std::string& begin) { return word.starts_with(begin); })) {
        found.push_back(word);
      }
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

int threads_of_a_region() {
#ifdef _OPENMP
  int count = 1;
#pragma omp parallel num_threads(at::get_num_threads())
#pragma omp single
  count = omp_get_num_threads();
  return count;
#else
  return at::get_num_threads();
#endif
}

Json variables() {
  static const std::array names = {"ATEN_CPU_CAPABILITY",
                                   "MKL_CBWR",
                                   "MKL_ENABLE_INSTRUCTIONS",
                                   "MKL_DEBUG_CPU_TYPE",
                                   "MKL_DYNAMIC",
                                   "ONEDNN_MAX_CPU_ISA",
                                   "DNNL_MAX_CPU_ISA",
                                   "ONEDNN_CPU_ISA_HINTS",
                                   "ONEDNN_DEFAULT_FPMATH_MODE",
                                   "DNNL_DEFAULT_FPMATH_MODE"};
  Json set = Json::object();
  for (const char* name : names) {
    if (const char* value = std::getenv(name)) set[name] = as_utf8(value);
  }
  return set;
}

}  // namespace

std::string oubli_version() { return OUBLI_VERSION; }

std::vector<std::filesystem::path> papers_of_this_build() {
  return {OUBLI_PAPERS, OUBLI_INSTALLED_PAPERS};
}

Json build_record() {
  return {
      {"oubli", OUBLI_VERSION}, {"git_revision", OUBLI_GIT_REVISION}, {"compiler", OUBLI_COMPILER}};
}

Json machine_record() {
  static const std::map<std::string, std::string> entries = processor_entries();
  return {{"libtorch", TORCH_VERSION},
          {"mkl", at::get_mkl_version()},
          {"onednn", at::get_mkldnn_version()},
          {"cpu_capability", at::get_cpu_capability()},
          {"processor", joined(entries, {"vendor_id", "cpu family", "model", "CPU implementer",
                                         "CPU architecture", "CPU part"})},
          {"instruction_sets", instruction_sets(entries)},
          {"variables", variables()},
          {"threads", threads_of_a_region()}};
}

Json hardware_record() {
  return {{"processor", joined(processor_entries(), {"model name"})}, {"cores", available_cores()}};
}

}  // namespace oubli
