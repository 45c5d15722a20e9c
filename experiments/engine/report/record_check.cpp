#include "experiments/engine/report/record_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "datasets/row_file.h"
#include "experiments/engine/report/edit_record.h"
#include "experiments/engine/report/edit_record_text.h"
#include "experiments/engine/report/edited_rows.h"
#include "experiments/engine/report/record_settings.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

// `find_problem` says what is not as the record says it, "" for nothing.
RecordCheck checked(std::string what, const std::function<std::string()>& find_problem) {
  RecordCheck check{std::move(what), RecordCheck::State::kSame, ""};
  try {
    check.problem = find_problem();
    if (!check.problem.empty()) check.state = RecordCheck::State::kChanged;
  } catch (const Error& error) {
    check.state = RecordCheck::State::kUnread;
    check.problem = error.what();
  }
  return check;
}

std::string hash_problem(const std::string& found, const std::string& expected) {
  if (found == expected) return "";
  return fmt::format("its SHA-256 is {}, the record says {}", found, expected);
}

// Which parts of the data are what they were; records of an older oubli do not say.
std::string parts_text(const Json& data, const Experiment& experiment) {
  if (!data.contains("parts")) return "";
  const Json now = data_parts(experiment);
  std::vector<std::string> same, other;
  for (const auto& [part, hash] : data.at("parts").items()) {
    (now.contains(part) && now.at(part) == hash ? same : other).push_back(part);
  }
  std::string text;
  if (!other.empty()) text += fmt::format("; changed: {}", fmt::join(other, ", "));
  if (!same.empty()) text += fmt::format("; as it was: {}", fmt::join(same, ", "));
  return text;
}

// Of one edit, or of a request, which `who` names.
std::vector<std::string> rows_problems(const std::string& who, const Json& recorded,
                                       const Json& made) {
  std::vector<std::string> problems;
  for (const char* key : {"removed", "added"}) {
    const EditedRowsDifference found = difference_of_rows(recorded, made, key);
    if (found.is_none()) continue;
    const std::string said = listed(found.only_first), is = listed(found.only_second);
    if (said.empty() && is.empty()) {
      problems.push_back(
          fmt::format("{} {} {} rows by its settings and the data, and {} by the "
                      "record",
                      who, key, found.second_rows, found.first_rows));
    } else if (is.empty()) {
      problems.push_back(
          fmt::format("{} {} {} by the record alone, and not by its settings and "
                      "the data",
                      who, key, said));
    } else {
      problems.push_back(fmt::format("{} {} {} by its settings and the data, and {} by the record",
                                     who, key, is, said.empty() ? "not" : said));
    }
  }
  return problems;
}

// What is known once the data are read again.
struct MadeAgain {
  const Json& record;
  const fs::path& folder;
  const Experiment& experiment;
  // Of the record, and those of them that the settings ask for still.
  std::size_t requests = 0, asked = 0;

  MadeAgain(const Json& from, const fs::path& place, const Experiment& loaded)
      : record(from),
        folder(place),
        experiment(loaded),
        requests(from.contains("requests") ? from.at("requests").size() : 0),
        asked(requests == 0 ? loaded.requests.size() : std::min(requests, loaded.requests.size())) {
  }
};

std::string whole_problem(const MadeAgain& made) {
  const Json rows = edited_rows_record(made.experiment, made.asked);
  std::vector<std::string> problems = rows_problems("it", made.record, rows);
  const EditedRows sets = edited_rows(made.experiment, made.asked);
  for (const auto& [key, set] :
       {std::pair("removed", &sets.removed), std::pair("added", &sets.added)}) {
    if (!made.record.contains(key)) continue;
    const fs::path file = made.folder / made.record.at(key).at("file").get<std::string>();
    if (!read_rows(file).equal(set->rows)) {
      problems.push_back(fmt::format("{} lists other rows than its settings and the data give",
                                     file.filename().string()));
    }
  }
  return fmt::format("{}", fmt::join(problems, "; "));
}

std::string requests_problem(const MadeAgain& made) {
  const std::size_t now = made.experiment.requests.size();
  if (made.requests == 0 || now < made.requests) {
    return fmt::format("the record has {} request{}, and its settings ask for {}", made.requests,
                       made.requests == 1 ? "" : "s", now);
  }
  const Json rows = edited_rows_record(made.experiment, made.asked);
  std::vector<std::string> problems;
  for (std::size_t k = 0; k < made.asked; ++k) {
    for (std::string& problem :
         rows_problems(fmt::format("request {}", k + 1), made.record.at("requests")[k],
                       rows.at("requests")[k])) {
      problems.push_back(std::move(problem));
    }
  }
  return fmt::format("{}", fmt::join(problems, "; "));
}

std::string method_problem(const MadeAgain& made) {
  const Json& method = made.record.at("method");
  const Json& settings = method.at("settings");
  const std::string row = settings.at("as").get<std::string>();
  for (const MethodRow& one : made.experiment.spec.methods) {
    if (one.name != row) continue;
    const std::string difference = method_difference(method, one);
    return difference.empty() ? "" : "by the record and by its settings: " + difference;
  }
  return fmt::format("its settings have no row {}", quote(row));
}

void check_made_again(const MadeAgain& made, std::vector<RecordCheck>& checks) {
  checks.push_back(checked("rows and ids (of all)", [&] { return whole_problem(made); }));
  const std::size_t now = made.experiment.requests.size();
  if (made.requests > 0 || now > 0) {
    std::string which = "of requests";
    if (made.requests > 0) which += fmt::format(" 1 to {}", made.requests);
    if (now > made.requests) which += fmt::format("; by now {} are asked for", now);
    checks.push_back(
        checked(fmt::format("rows and ids ({})", which), [&] { return requests_problem(made); }));
  }
  checks.push_back(
      checked(fmt::format("method ({})", made.record.at("method").at("name").get<std::string>()),
              [&] { return method_problem(made); }));
}

void check_data(const Json& record, const fs::path& folder, const LoadExperiment& load,
                std::vector<RecordCheck>& checks) {
  const Json& data = record.at("data");
  const fs::path settings = folder / record.at("settings").at("file").get<std::string>();
  std::optional<Experiment> experiment;
  checks.push_back(checked(
      fmt::format("data ({}; all files that it reads)", data.at("name").get<std::string>()), [&] {
        experiment = load(settings);
        const std::string problem =
            hash_problem(experiment->data_hash, data.at("sha256").get<std::string>());
        return problem.empty() ? "" : problem + parts_text(data, *experiment);
      }));
  if (experiment) {
    check_made_again(MadeAgain(record, folder, *experiment), checks);
  } else {
    checks.push_back({"rows, ids and method", RecordCheck::State::kUnread,
                      "they follow from the data, which cannot be read"});
  }
}

// Whether what people read is what programs read.
std::string text_problem(const Json& record, const fs::path& path) {
  return read_text_file(path, ErrorKind::kData) == record_text(record)
             ? ""
             : "it does not say what record.json does";
}

}  // namespace

std::vector<RecordCheck> check_record(const fs::path& path, const LoadExperiment& load) {
  const Json record = read_edit_record(path);
  const fs::path folder = path.parent_path();
  std::vector<RecordCheck> checks;
  std::string part;
  try {
    for (const char* what : {"input", "output", "removed", "added", "settings"}) {
      part = what;
      if (!record.contains(what)) continue;
      const Json& named = record.at(what);
      const fs::path file = folder / named.at("file").get<std::string>();
      const std::string expected = named.at("sha256").get<std::string>();
      checks.push_back(checked(fmt::format("{} ({})", what, file.string()),
                               [&] { return hash_problem(file_hash_hex(file), expected); }));
    }
    part = "data";
    check_data(record, folder, load, checks);
    part = "text";
    const fs::path text = folder / kRecordText;
    checks.push_back(checked(fmt::format("text ({})", text.string()),
                             [&] { return text_problem(record, text); }));
  } catch (const Json::exception&) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: '{}' does not hold what it should. Was it changed by hand?",
                            path.string(), part));
  }
  return checks;
}

}  // namespace oubli
