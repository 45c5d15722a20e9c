#include "experiments/engine/report/notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "experiments/engine/report/claims.h"

namespace oubli {
namespace {

// What a sweep chose, and what that took.
std::string sweep_line(const RowResult& row) {
  for (const ModelResult& model : row.models) {
    if (!model.report.contains("sweep")) continue;
    const Json& sweep = model.report.at("sweep");
    const Json& trials = sweep.at("trials");
    const Json& chosen = trials.at(sweep.at("chosen").get<std::size_t>());
    std::vector<std::string> settings;
    for (const auto& [key, value] : chosen.at("changed").items()) {
      settings.push_back(
          fmt::format("{} {}", key, value.is_string() ? value.get<std::string>() : value.dump()));
    }
    const std::size_t asked = sweep.value("asked", trials.size());
    const auto failed = std::count_if(trials.begin(), trials.end(), [](const Json& trial) {
      return trial.at("value").is_null();
    });
    return fmt::format(
        "{}: {}, best in {} of {} trial{}{}{}, whose {:.4g} sample-gradients and {:.3g} s are "
        "counted",
        row.name, fmt::join(settings, ", "), sweep.at("objective").get<std::string>(),
        trials.size(), trials.size() == 1 ? "" : "s",
        trials.size() < asked ? fmt::format(" ({} asked for: the budget was spent)", asked) : "",
        failed > 0 ? fmt::format(" ({} without a value)", failed) : "",
        sweep.at("sample_gradients").get<double>(), sweep.at("seconds").get<double>());
  }
  return "";
}

// In what the machines differ that the stages were made on; "" where they do not.
std::string unlike_machines(const Results& results) {
  const Json& machines = results.machines;
  if (machines.size() < 2) return "";
  std::vector<std::string> counts, differences;
  for (const Json& machine : machines) counts.push_back(machine.at("stages").dump());
  for (const auto& [key, value] : machines.front().items()) {
    std::vector<std::string> values;
    for (const Json& machine : machines) {
      const std::string text = machine.contains(key) ? machine.at(key).dump() : "unknown";
      if (std::find(values.begin(), values.end(), text) == values.end()) values.push_back(text);
    }
    if (key == "stages" || values.size() < 2) continue;
    const bool is_short = key != "instruction_sets";
    differences.push_back(is_short ? fmt::format("{} ({})", key, fmt::join(values, ", ")) : key);
  }
  return fmt::format(
      "made on unlike machines: {} stages, which differ in {}. Their last bits differ under the "
      "same keys, and training amplifies them; environment.json lists them",
      fmt::join(counts, " and "), fmt::join(differences, ", "));
}

// What is the same in warnings that differ in their figures.
std::string beginning(const std::string& text) {
  return text.substr(0, text.find_first_of("0123456789"));
}

// Of what is usable, each once, with how many of the row's models it is said of.
std::vector<std::string> warnings_of(const RowResult& row) {
  std::vector<std::pair<std::string, std::size_t>> said;
  for (const ModelResult& model : row.models) {
    for (const Json& warning : model.report.value("warnings", Json::array())) {
      const auto text = warning.get<std::string>();
      const auto place = std::find_if(said.begin(), said.end(), [&](const auto& each) {
        return beginning(each.first) == beginning(text);
      });
      if (place == said.end()) {
        said.emplace_back(text, 1);
      } else {
        ++place->second;
      }
    }
  }
  std::vector<std::string> lines;
  lines.reserve(said.size());
  for (const auto& [text, count] : said) {
    lines.push_back(
        fmt::format("{} ({} of {} models): {}", row.name, count, row.models.size(), text));
  }
  return lines;
}

}  // namespace

std::vector<std::string> notes_of(const Results& results) {
  std::vector<std::string> lines;
  if (const std::string unlike = unlike_machines(results); !unlike.empty()) lines.push_back(unlike);
  if (results.is_of_one_given_original()) {
    lines.push_back(
        "one given original: intervals are over the runs on it (seeds.unlearning), and the last "
        "column says whether a model lies where one more retrained model could. Models edited from "
        "another original could lie elsewhere");
  }
  for (const std::string& note : results.notes) lines.push_back(note);
  if (results.after_requests > 0) {
    lines.push_back(fmt::format("after request {}: oracles are trained on what is left then",
                                results.after_requests));
  }
  for (const RowResult& row : results.rows) {
    if (row.models.empty() && row.is_noise_floor()) {
      lines.push_back("noise floor: needs two oracles or more (seeds.oracle)");
    }
    if (const std::string chosen = sweep_line(row); !chosen.empty()) lines.push_back(chosen);
    if (const std::string claim = claim_line(results, row); !claim.empty()) lines.push_back(claim);
    for (std::string& warning : warnings_of(row)) lines.push_back(std::move(warning));
    std::string last;
    for (const ModelResult& model : row.models) {
      if (model.message.empty() || model.message == last) continue;
      if (model.status == "completed" || model.status == "converged") continue;
      lines.push_back(fmt::format("{}, seed {}: {}: {}", row.name, model.training_seed,
                                  model.status, model.message));
      last = model.message;
    }
  }
  return lines;
}

}  // namespace oubli
