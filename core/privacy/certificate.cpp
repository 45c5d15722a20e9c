#include "core/privacy/certificate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace oubli {
namespace {

const char* text_of(Assumption::Status status) {
  switch (status) {
    case Assumption::Status::kChecked:
      return "checked";
    case Assumption::Status::kAssumed:
      return "assumed";
    case Assumption::Status::kFails:
      return "fails";
  }
  return "";
}

}  // namespace

bool Certificate::holds() const {
  return std::none_of(assumptions.begin(), assumptions.end(), [](const Assumption& assumption) {
    return assumption.status == Assumption::Status::kFails;
  });
}

std::string Certificate::refusal() const {
  std::vector<std::string> failing;
  for (const Assumption& assumption : assumptions) {
    if (assumption.status == Assumption::Status::kFails) failing.push_back(assumption.text);
  }
  return failing.empty() ? ""
                         : fmt::format("no certificate, since this does not hold: {}",
                                       fmt::join(failing, "; "));
}

Json Certificate::assumptions_json() const {
  Json list = Json::array();
  for (const Assumption& assumption : assumptions) {
    list.push_back({{"text", assumption.text}, {"status", text_of(assumption.status)}});
  }
  return list;
}

Json Certificate::to_json() const {
  return {{"epsilon", epsilon},
          {"delta", delta},
          {"mu", mu ? Json(*mu) : Json(nullptr)},
          {"covers", covers == Covers::kAllReleases ? "all releases" : "each release"},
          {"accountant", accountant},
          {"sensitivity", sensitivity},
          {"sigma", sigma},
          {"assumptions", assumptions_json()}};
}

}  // namespace oubli
