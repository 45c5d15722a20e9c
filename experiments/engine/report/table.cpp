#include "experiments/engine/report/table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "core/base/text.h"
#include "experiments/engine/report/markup.h"
#include "experiments/engine/report/verdict.h"

namespace oubli {
namespace {

// Characters shown, not bytes: ± takes two bytes.
std::size_t shown_width(const std::string& text) {
  std::size_t width = 0;
  for (const char c : text) width += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return width;
}

std::string padded(const std::string& text, std::size_t width, bool left) {
  const std::string space(width - std::min(width, shown_width(text)), ' ');
  return left ? fmt::format("{}{}", text, space) : fmt::format("{}{}", space, text);
}

std::string row_cell(const RowResult& row, const std::string& column) {
  std::string failure_text = row.failure_text();
  if (!failure_text.empty()) return failure_text;
  const auto cell = row.cell(column);
  return cell ? cell_text(*cell) : "-";
}

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

std::vector<std::string> notes(const Results& results) {
  std::vector<std::string> lines;
  if (const std::string unlike = unlike_machines(results); !unlike.empty()) lines.push_back(unlike);
  for (const RowResult& row : results.rows) {
    if (row.models.empty() && row.is_noise_floor()) {
      lines.push_back("noise floor: needs two oracles or more (seeds.oracle)");
    }
    if (const std::string chosen = sweep_line(row); !chosen.empty()) lines.push_back(chosen);
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

std::string with_latex_sign(std::string text) {
  const std::size_t sign = text.find("±");
  if (sign != std::string::npos) text.replace(sign, std::string("±").size(), "\\pm");
  const bool at_least = text.starts_with(">=");
  if (at_least) text.replace(0, 2, "\\ge");
  return sign != std::string::npos || at_least ? fmt::format("${}$", text) : text;
}

std::string sets_line(const Results& results) {
  std::vector<std::string> parts;
  for (const auto& [name, size] : results.sets.items()) {
    parts.push_back(fmt::format("{} {}", name, size.get<std::int64_t>()));
  }
  return fmt::format("Examples: {}.", fmt::join(parts, ", "));
}

// The validation set is there to choose settings on: its values are kept in results.json and
// table.csv, and left out where methods are compared; so are the details of a metric.
std::vector<std::string> compared_columns(const Results& results) {
  std::vector<std::string> columns;
  for (const std::string& column : results.columns) {
    const ColumnInfo* info = results.info(column);
    const std::string set = set_of(column);
    const bool aside = set == "validation" || set == "held_out" || (info && info->detail);
    if (!aside) columns.push_back(column);
  }
  return columns;
}

std::string group_title(const Results& results, const std::string& column) {
  const ColumnInfo* info = results.info(column);
  const ColumnGroup group = info ? info->group : ColumnGroup::kBySet;
  if (group == ColumnGroup::kCost) return "cost";
  if (group == ColumnGroup::kPrivacy) return "privacy";
  if (group == ColumnGroup::kUtility) return "utility";
  return is_about_edited_set(column) ? "privacy" : "utility";
}

std::string title_of(const Results& results, const std::string& column) {
  const ColumnInfo* info = results.info(column);
  return column_title(column, info ? info->heading : "");
}

std::string verdict_cell(const Results& results, const RowResult& row) {
  return row.is_noise_floor() ? "-" : judge(results, row).text;
}

// One group of columns; those that do not fit into the width go into further blocks.
std::string folded(const std::string& group, const Results& results,
                   const std::vector<std::vector<std::string>>& cells, std::size_t name_width,
                   std::size_t width) {
  std::string text;
  name_width = std::max(name_width, group.size());
  std::size_t next = 0;
  while (next < cells.size()) {
    const std::size_t first = next;
    std::vector<std::size_t> widths;
    std::size_t used = name_width;
    for (; next < cells.size(); ++next) {
      std::size_t column_width = 0;
      for (const std::string& cell : cells[next]) {
        column_width = std::max(column_width, shown_width(cell));
      }
      if (next > first && used + 2 + column_width > width) break;
      used += 2 + column_width;
      widths.push_back(column_width);
    }
    text += "\n";
    for (std::size_t line = 0; line <= results.rows.size(); ++line) {
      text += padded(line == 0 ? group : printable(results.rows[line - 1].name), name_width, true);
      for (std::size_t c = 0; c < widths.size(); ++c) {
        text += fmt::format("  {}", padded(cells[first + c][line], widths[c], false));
      }
      text += "\n";
      if (line == 0) text += std::string(std::min(used, width), '-') + "\n";
    }
  }
  return text;
}

const char* const kCaption =
    "Mean and 95 % t-interval over training seeds.\n"
    "The noise floor is over oracles, each against the others.\n"
    "What a verdict means: `oubli explain verdict`.";

std::string decided_by(const Results& results) {
  const std::vector<std::string> columns = decisive_columns(results);
  return columns.empty() ? "No column that is measured decides."
                         : fmt::format("Verdicts rest on {}.", fmt::join(columns, ", "));
}

}  // namespace

std::string cell_text(const Estimate& estimate) {
  constexpr double kLargestPlain = 1e15;  // beyond, with an exponent
  if (estimate.at_least) return fmt::format(">= {:.3g}", estimate.mean);
  const double mean = estimate.mean;
  const auto plain = [](double value) {
    const bool is_count =
        std::abs(value) >= 1e4 && std::abs(value) < kLargestPlain && value == std::round(value);
    return is_count ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
  };
  if (!estimate.half_width) return plain(mean);
  const double half = *estimate.half_width;
  // Values near the largest that a double holds have a deviation of more.
  if (!std::isfinite(mean) || !std::isfinite(half) || half < 0) {
    return fmt::format("{:.4g} ± {:.4g}", mean, half);
  }
  if (half <= 1e-12 * std::abs(mean) || half == 0) return plain(mean) + " ± 0";
  // Two digits of the half-width, and the mean to the same place.
  const int place = static_cast<int>(std::floor(std::log10(half))) - 1;
  if (place >= 0 && std::abs(mean) < kLargestPlain && half < kLargestPlain) {
    const double unit = std::pow(10.0, place);
    return fmt::format("{:.0f} ± {:.0f}", std::round(mean / unit) * unit,
                       std::round(half / unit) * unit);
  }
  if (place < 0 && place >= -6 && std::abs(mean) < kLargestPlain)
    return fmt::format("{:.{}f} ± {:.{}f}", mean, -place, half, -place);
  const int digits =
      std::abs(mean) > half ? static_cast<int>(std::floor(std::log10(std::abs(mean)))) - place : 1;
  if (digits > 6) return fmt::format("{:.4g} ± {:.1g}", mean, half);
  return fmt::format("{:.{}e} ± {:.1e}", mean, digits, half);
}

std::string difference_text(const TTest& test) {
  const Interval interval = test.interval(0.95);
  return cell_text({test.difference, (interval.upper - interval.lower) / 2, 2});
}

std::string wrapped(const std::string& text, std::size_t width) {
  std::string lines, line;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!line.empty() && shown_width(line) + 1 + shown_width(word) > width) {
      lines += line + "\n";
      line.clear();
    }
    line += line.empty() ? word : " " + word;
    begin = end + 1;
  }
  return lines + line + "\n";
}

std::string hanging(const std::string& label, std::size_t indent, const std::string& text,
                    std::size_t width) {
  std::string lines = wrapped(text, std::max<std::size_t>(width, indent + 20) - indent);
  lines.pop_back();
  std::string result = padded(label, indent, /*left=*/true);
  for (const char c : lines) {
    result += c;
    if (c == '\n') result += std::string(indent, ' ');
  }
  return result + "\n";
}

std::string column_title(const std::string& column, const std::string& heading) {
  const std::string metric = heading.empty() ? metric_of(column) : heading;
  std::string set = set_of(column);
  if (set == "forget_true") set = "forget (true)";
  return set.empty() ? metric : fmt::format("{} {}", set, metric);
}

std::string terminal_table(const Results& results, std::size_t width) {
  std::string text = printable(results.title) + "\n" + sets_line(results) + "\n";
  text += wrapped(check_power(results).text, width);
  std::size_t name_width = 0;
  for (const RowResult& row : results.rows) {
    name_width = std::max(name_width, shown_width(printable(row.name)));
  }
  const std::vector<std::string> columns = compared_columns(results);
  for (const char* group : {"privacy", "utility", "cost"}) {
    std::vector<std::vector<std::string>> cells;  // by column, heading first
    for (const std::string& column : columns) {
      if (group_title(results, column) != group) continue;
      cells.push_back({title_of(results, column)});
      for (const RowResult& row : results.rows) cells.back().push_back(row_cell(row, column));
    }
    text += folded(group, results, cells, name_width, width);
  }
  text += "\nverdict\n";
  text += std::string(std::min<std::size_t>(width, 79), '-') + "\n";
  for (const RowResult& row : results.rows) {
    if (row.is_noise_floor()) continue;
    text += hanging(printable(row.name), name_width + 2, verdict_cell(results, row), width);
  }
  text += "\n" + wrapped(decided_by(results), width);
  text += fmt::format("{}\n", kCaption);
  for (const std::string& note : notes(results)) text += wrapped(note, width);
  return printable(text, /*lines=*/true);
}

std::string markdown_table(const Results& results) {
  const std::vector<std::string> columns = compared_columns(results);
  std::string text = fmt::format("# {}\n\n{}\n\n{}\n\n| |", markdown_text(results.title),
                                 sets_line(results), check_power(results).text);
  for (const std::string& column : columns)
    text += fmt::format(" {} |", markdown_text(title_of(results, column)));
  text += " verdict |\n|---|";
  for (std::size_t i = 0; i < columns.size(); ++i) text += "---:|";
  text += "---|\n";
  for (const RowResult& row : results.rows) {
    text += fmt::format("| {} |", markdown_text(row.name));
    for (const std::string& column : columns) text += fmt::format(" {} |", row_cell(row, column));
    text += fmt::format(" {} |\n", markdown_text(verdict_cell(results, row)));
  }
  text += fmt::format("\n{}\n{}\n", decided_by(results), kCaption);
  for (const std::string& note : notes(results)) text += fmt::format("\n- {}", markdown_text(note));
  return text + "\n";
}

std::string latex_table(const Results& results) {
  const std::vector<std::string> columns = compared_columns(results);
  std::string text =
      fmt::format("% needs the package booktabs\n\\begin{{tabular}}{{l{}}}\n\\toprule\n",
                  std::string(columns.size(), 'r'));
  for (const std::string& column : columns) {
    text += fmt::format(" & {}", latex_text(title_of(results, column)));
  }
  text += " \\\\\n\\midrule\n";
  for (const RowResult& row : results.rows) {
    text +=
        "{}" + latex_text(row.name);  // a name in brackets would be an argument of the line break
    for (const std::string& column : columns) {
      text += fmt::format(" & {}", with_latex_sign(row_cell(row, column)));
    }
    text += " \\\\\n";
  }
  return text + "\\bottomrule\n\\end{tabular}\n";
}

std::string csv_table(const Results& results) {
  std::string text = "row,column,mean,half_width_95,n,status\n";
  for (const RowResult& row : results.rows) {
    const std::string failure_text = row.failure_text();
    for (const std::string& column : results.columns) {
      const auto cell = row.cell(column);
      if (!cell && failure_text.empty()) continue;
      text += fmt::format("{},{},", csv_text(row.name), csv_text(column));
      text += cell ? fmt::format("{},{},{},{}\n", cell->mean,
                                 cell->half_width ? fmt::format("{}", *cell->half_width) : "",
                                 cell->n, cell->at_least ? "at_least" : "ok")
                   : fmt::format(",,,{}\n", failure_text);
    }
  }
  return text;
}

}  // namespace oubli
