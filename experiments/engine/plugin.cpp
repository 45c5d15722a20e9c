#include "experiments/engine/plugin.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/base/text.h"

namespace oubli {
namespace {

Registries empty_registries() {
  return {Methods("method"), Registry<DataSource>("data set"),
          Registry<Architecture>("architecture"), Registry<Metric>("metric"),
          Registry<AttributorInfo>("attributor")};
}

// Calls `visit` with each registry of `into` and the same ones of others.
template <typename Visit, typename... From>
void for_each_registry(Registries& into, const Visit& visit, const From&... from) {
  visit(into.methods, from.methods...);
  visit(into.datasets, from.datasets...);
  visit(into.architectures, from.architectures...);
  visit(into.metrics, from.metrics...);
  visit(into.attributors, from.attributors...);
}

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw Error(ErrorKind::kSettings,
              fmt::format("--plugin {}: {}", printable(file.string()), printable(why)));
}

// A symbol of the library; its address is that of a function.
template <typename Function>
Function* symbol(void* library, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(library, name));
}

}  // namespace

void load_plugin(const std::filesystem::path& file, Registries& registries) {
  const std::filesystem::path whole = std::filesystem::absolute(file);
  if (!std::filesystem::is_regular_file(whole)) refuse(file, "there is no such file");
  // It stays loaded: what it registers lives in it.
  void* library = ::dlopen(whole.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) refuse(file, ::dlerror());
  auto* const interface = symbol<const char*()>(library, "oubli_plugin_interface");
  auto* const add = symbol<void(Registries&)>(library, "oubli_plugin");
  if (interface == nullptr || add == nullptr) {
    refuse(file, "it is no plug-in: it has no OUBLI_PLUGIN (experiments/engine/plugin.h)");
  }
  if (std::string(interface()) != OUBLI_INTERFACE) {
    refuse(file, fmt::format("it was built for another oubli ({}, and this is {}): build it again, "
                             "against the package of this one",
                             interface(), OUBLI_INTERFACE));
  }
  const std::string hash = file_hash_hex(whole);
  Registries own = empty_registries();
  try {
    add(own);
    const auto take = [&](auto& into, const auto& from) {
      for (auto entry : from.entries()) {
        entry.file_hash = hash;
        into.add(std::move(entry));
      }
    };
    for_each_registry(registries, take, own);
  } catch (const Error& error) {
    refuse(file, error.what());
  }
  registries.plugins.push_back(whole);
}

Registries with_program_marked(const Registries& registries) {
  const Registries builtin = builtin_registries();
  Registries marked = empty_registries();
  std::string hash;
  const auto mark = [&](auto& into, const auto& from, const auto& known) {
    for (auto entry : from.entries()) {
      if (entry.file_hash.empty() && !known.contains(entry.name)) {
        if (hash.empty()) hash = file_hash_hex("/proc/self/exe");
        entry.file_hash = hash;
      }
      into.add(std::move(entry));
    }
  };
  for_each_registry(marked, mark, registries, builtin);
  marked.plugins = registries.plugins;
  return marked;
}

}  // namespace oubli
