#include "experiments/engine/report/edit_record_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "core/base/text.h"
#include "experiments/engine/report/claims.h"

namespace oubli {
namespace {

std::string percent_or_none(const Json& values) {
  return values.contains("accuracy") ? fmt::format("{:.4f}", values.at("accuracy").get<double>())
                                     : "-";
}

std::string files_text(const Json& record) {
  const auto file_line = [&](const char* what, const Json& file) {
    return fmt::format("| {} | {} | `{}` |\n", what, file.at("file").get<std::string>(),
                       file.at("sha256").get<std::string>());
  };
  std::string text = "| | file | SHA-256 |\n|---|---|---|\n";
  text += file_line("weights before", record.at("input"));
  text += file_line("weights after", record.at("output"));
  if (record.contains("removed")) text += file_line("rows removed", record.at("removed"));
  if (record.contains("added")) text += file_line("rows added", record.at("added"));
  text += file_line("settings", record.at("settings"));
  text += fmt::format("| data | {} | `{}` |\n\n", record.at("data").at("name").get<std::string>(),
                      record.at("data").at("sha256").get<std::string>());
  return text;
}

std::string sets_text(const Json& record) {
  std::string text;
  for (const char* what : {"removed", "added"}) {
    if (!record.contains(what)) continue;
    const Json& set = record.at(what);
    text += fmt::format("{} rows were {}", set.at("rows").get<std::int64_t>(), what);
    if (set.contains("ids")) {
      text += fmt::format(", of {} ids: {}", set.at("ids").size(),
                          listed(set.at("ids").get<std::vector<std::string>>()));
    }
    text += ".\n";
  }
  return text;
}

std::string cost_text(double sample_gradients, double seconds) {
  return fmt::format("{:.4g} sample-gradients and {:.3g} s", sample_gradients, seconds);
}

// Each request has the time of its answer, but in records of an older oubli, whose text is what it
// was.
bool has_times(const Json& record) {
  return record.contains("requests") && !record.at("requests").empty() &&
         record.at("requests").front().contains("answered");
}

std::string outcome_text(const Json& record) {
  const Json& outcome = record.at("outcome");
  const std::string message = outcome.at("message").get<std::string>();
  std::string in_all;
  if (has_times(record)) {
    const std::size_t requests = record.at("requests").size();
    in_all = fmt::format(" in all, for {} request{}", requests, requests == 1 ? "" : "s");
  }
  return fmt::format(
      "Status: {}{}{}. It took {}{}.\n\n", outcome.at("status").get<std::string>(),
      message.empty() ? "" : ": ", message,
      cost_text(outcome.at("sample_gradients").get<double>(), outcome.at("seconds").get<double>()),
      in_all);
}

std::string notes_text(const Json& record) {
  std::string text;
  for (const Json& note : record.value("notes", Json::array())) {
    text += fmt::format("Note: {}.\n\n", note.get<std::string>());
  }
  return text;
}

// Of a sequence, what each request took out and put in, and when.
std::string requests_text(const Json& record) {
  if (!record.contains("requests")) return "";
  const bool times = has_times(record);
  std::string text = fmt::format("| request | removed | added | status |{}\n|---:|---|---|---|{}\n",
                                 times ? " answered |" : "", times ? "---|" : "");
  const auto set = [](const Json& request, const char* key) -> std::string {
    if (!request.contains(key)) return "";
    const Json& part = request.at(key);
    if (part.contains("ids")) {
      return fmt::format("{}", fmt::join(part.at("ids").get<std::vector<std::string>>(), ", "));
    }
    return fmt::format("{} rows", part.at("rows").get<std::int64_t>());
  };
  for (const Json& request : record.at("requests")) {
    text += fmt::format("| {} | {} | {} | {} |", request.at("request").get<int>(),
                        set(request, "removed"), set(request, "added"),
                        request.at("answer").at("status").get<std::string>());
    text += times ? fmt::format(" {} |\n", request.at("answered").get<std::string>()) : "\n";
  }
  return text + "\n";
}

std::string method_text(const Json& record) {
  const Json& method = record.at("method");
  std::string text =
      fmt::format("\nMethod: {} (version {}), {}.\n\n{}\n\nSettings: `{}`.\n\n",
                  method.at("name").get<std::string>(), method.at("version").get<int>(),
                  method.at("summary").get<std::string>(),
                  method.at("definition").get<std::string>(), method.at("settings").dump());
  return text + outcome_text(record);
}

// What a method with a guarantee promises, and what that rests on; of a sequence after its last
// request.
std::string guarantee_text(const Json& outcome) {
  if (!outcome.contains("details") || !outcome.at("details").contains("certificate")) return "";
  const Json& details = outcome.at("details");
  const Json& certificate = details.at("certificate");
  std::string text =
      fmt::format("Guarantee: epsilon = {:g} at delta = {:g}",
                  certificate.at("epsilon").get<double>(), certificate.at("delta").get<double>());
  text += coverage_text(certificate);
  text += fmt::format(" ({})", certificate.at("accountant").get<std::string>());
  if (details.contains("budget_left")) {
    text += fmt::format("; {:.1f} % of the budget is left",
                        100 * details.at("budget_left").get<double>());
  }
  text += ". It rests on:\n\n";
  for (const Json& assumption : certificate.at("assumptions")) {
    text += fmt::format("- {}: {}\n", assumption.at("status").get<std::string>(),
                        assumption.at("text").get<std::string>());
  }
  return text + "\n";
}

std::string quality_text(const Json& record) {
  std::string text =
      "| set | examples | accuracy before | after | loss before | after |\n"
      "|---|---:|---:|---:|---:|---:|\n";
  for (const auto& [set, before] : record.at("before").items()) {
    const Json& after = record.at("after").at(set);
    text += fmt::format("| {} | {} | {} | {} | {:.4g} | {:.4g} |\n", set,
                        before.at("examples").get<std::int64_t>(), percent_or_none(before),
                        percent_or_none(after), before.at("loss").get<double>(),
                        after.at("loss").get<double>());
  }
  return text;
}

}  // namespace

std::string record_text(const Json& record) {
  std::string text = fmt::format(
      "# Edit of {}\n\n{}, by oubli {} ({}).\n\n", record.at("input").at("file").get<std::string>(),
      record.at("when").get<std::string>(), record.at("made_by").at("oubli").get<std::string>(),
      record.at("made_by").at("git_revision").get<std::string>());
  text += files_text(record) + sets_text(record) + method_text(record) + notes_text(record);
  text += guarantee_text(record.at("outcome")) + requests_text(record) + quality_text(record);
  return text + fmt::format("\n{}\n", record.at("means").get<std::string>());
}

std::string progress_text(const Json& record, const Json& earlier) {
  if (earlier.is_null() || !record.contains("requests")) return "";
  const Json& requests = record.at("requests");
  const std::size_t before = earlier.at("requests").size();
  std::string text =
      fmt::format("{} answered before (record of {}); ",
                  before == 1 ? "Request 1 was" : fmt::format("Requests 1 to {} were", before),
                  earlier.at("when").get<std::string>());
  if (before == requests.size()) return text + "none is new.\n";
  std::vector<std::string> ids;
  double sample_gradients = 0, seconds = 0;
  for (std::size_t k = before; k < requests.size(); ++k) {
    for (const char* key : {"removed", "added"}) {
      const Json set = requests[k].value(key, Json::object());
      for (const Json& id : set.value("ids", Json::array())) ids.push_back(id.get<std::string>());
    }
    const Json& answer = requests[k].at("answer");
    sample_gradients += answer.at("sample_gradients").get<double>();
    seconds += answer.at("seconds").get<double>();
  }
  text += fmt::format("new: {}", before + 1);
  if (before + 1 < requests.size()) text += fmt::format(" to {}", requests.size());
  if (!ids.empty()) text += fmt::format(" ({})", listed(ids));
  return text + fmt::format(", {}.\n", cost_text(sample_gradients, seconds));
}

std::string summary_text(const Json& record) {
  std::string text =
      fmt::format("{} edited {}. {}", record.at("method").at("name").get<std::string>(),
                  record.at("input").at("file").get<std::string>(), outcome_text(record));
  text += sets_text(record) + "\n" + notes_text(record) + guarantee_text(record.at("outcome"));
  text += fmt::format("{:<12} {:>8}  {:>17}  {:>21}\n", "", "examples", "accuracy", "loss");
  for (const auto& [set, before] : record.at("before").items()) {
    const Json& after = record.at("after").at(set);
    text += fmt::format("{:<12} {:>8}  {:>17}  {:>21}\n", set,
                        before.at("examples").get<std::int64_t>(),
                        fmt::format("{} -> {}", percent_or_none(before), percent_or_none(after)),
                        fmt::format("{:.4g} -> {:.4g}", before.at("loss").get<double>(),
                                    after.at("loss").get<double>()));
  }
  return text;
}

}  // namespace oubli
