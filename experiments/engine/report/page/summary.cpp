// The first screen.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "experiments/engine/report/cell_text.h"
#include "experiments/engine/report/page/html.h"
#include "experiments/engine/report/page/page_parts.h"
#include "experiments/engine/report/power_check.h"
#include "experiments/engine/report/report_model.h"
#include "experiments/engine/report/verdict.h"
#include "experiments/engine/report/verdict_text.h"

namespace oubli {
namespace {

std::string p_text(double p) {
  constexpr double kLeast = 1e-15;
  return p < kLeast ? "adjusted p < 1e-15" : fmt::format("adjusted p = {:.1g}", p);
}

std::string differs_text(const ColumnVerdict& column) {
  const Equivalence& comparison = column.comparison;
  return fmt::format(
      "{} {:.3g}, the oracles {:.3g}{}", column.column, comparison.method.mean,
      comparison.oracles.mean,
      comparison.tests || column.place ? fmt::format(" ({})", p_text(column.p_adjusted)) : "");
}

// How much of the margin is used up, by the difference alone.
double used_share(const ColumnVerdict& column) {
  const double margin = column.comparison.margin.value;
  return margin > 0 ? std::abs(column.comparison.difference) / margin : 0;
}

std::string distinguishable_text(std::vector<ColumnVerdict> columns) {
  std::erase_if(columns, [](const ColumnVerdict& column) { return !column.different; });
  std::sort(columns.begin(), columns.end(), [](const ColumnVerdict& a, const ColumnVerdict& b) {
    return a.p_adjusted != b.p_adjusted ? a.p_adjusted < b.p_adjusted
                                        : used_share(a) > used_share(b);
  });
  if (columns.empty()) return "";
  std::string text = fmt::format("{}: {}", directions_text(columns), differs_text(columns.front()));
  if (columns.size() > 1) {
    text +=
        fmt::format("; and {} more column{}", columns.size() - 1, columns.size() == 2 ? "" : "s");
  }
  return text;
}

std::string behind_colon(const std::string& text) {
  const std::size_t colon = text.find(": ");
  return colon == std::string::npos ? text : text.substr(colon + 2);
}

// Undecided: what is missing, and which columns are not shown to be within the margin.
std::string undecided_reason(const RowVerdict& verdict) {
  std::vector<std::string> open;
  for (const ColumnVerdict& column : verdict.columns) {
    if (!column.equivalent) open.push_back(column.column);
  }
  const std::string text = behind_colon(verdict.text);
  if (open.empty()) return text;
  return fmt::format("{}; {} of {} columns are within the margin{}", text,
                     verdict.columns.size() - open.size(), verdict.columns.size(),
                     open.size() > 3 ? ", the others not yet"
                                     : fmt::format(", {} not yet", fmt::join(open, ", ")));
}

std::string failure_reason(const RowResult& row) {
  for (const ModelResult& model : row.models) {
    if (!model.message.empty() && model.values.empty())
      return fmt::format("{}: {}", row.failure_text(), model.message);
  }
  return row.failure_text();
}

std::string reason_of(const RowVerdict& verdict, const RowResult& row) {
  switch (verdict.kind) {
    case RowVerdict::Kind::kFailed:
      return failure_reason(row);
    case RowVerdict::Kind::kUndecided:
      return undecided_reason(verdict);
    case RowVerdict::Kind::kDistinguishable:
    case RowVerdict::Kind::kApart: {
      const std::string text = distinguishable_text(verdict.columns);
      return text.empty() ? verdict.text : text;
    }
    case RowVerdict::Kind::kIndistinguishable: {
      const auto widest = std::max_element(
          verdict.columns.begin(), verdict.columns.end(),
          [](const auto& a, const auto& b) { return used_share(a) < used_share(b); });
      return fmt::format(
          "all {} decisive columns lie within the margin; the nearest to its end is "
          "{}, {:.0f} % of the way",
          verdict.columns.size(), widest->column, 100 * used_share(*widest));
    }
    case RowVerdict::Kind::kAmong:
      return verdict.text;
  }
  return verdict.text;
}

std::string cost_text(const RowResult& row) {
  if (!row.failure_text().empty()) return "-";
  const std::optional<Estimate> cost = row.cell("cost_ratio");
  if (!cost) return "-";
  // Most methods cost the same whatever the seed.
  const bool is_sharp = !cost->half_width || *cost->half_width < 1e-9 * std::abs(cost->mean) ||
                        *cost->half_width == 0;
  return is_sharp ? fmt::format("{:.3g}", cost->mean) : cell_text(*cost);
}

std::string verdict_table(const Results& results, const std::string& id) {
  struct Judged {
    const RowResult* row;
    RowVerdict verdict;
  };
  std::vector<Judged> judged;
  for (const RowResult& row : results.rows) {
    if (!row.is_noise_floor()) judged.push_back({&row, judge(results, row)});
  }
  // The original first, since it says what there was to forget; methods by what was found.
  std::stable_sort(judged.begin(), judged.end(), [](const Judged& a, const Judged& b) {
    const auto place = [](const Judged& one) {
      return one.row->is_original() ? -1 : rank_of_verdict(one.verdict.kind);
    };
    return place(a) < place(b);
  });
  // Of many rows the table scrolls by itself, so that what follows stays near.
  constexpr std::size_t kMany = 14;
  const bool is_long = judged.size() > kMany;
  std::string html = is_long ? "<div class=\"many\" tabindex=\"0\" role=\"region\" "
                               "aria-label=\"Verdicts, to be scrolled\">"
                             : "";
  html += fmt::format(
      "<table class=\"verdicts\" id=\"{}verdicts\"><caption>Can the models be told from retrained "
      "ones? Cost is in units of retraining's sample-gradients.</caption>\n<thead><tr><th "
      "scope=\"col\">Row</th><th scope=\"col\">Verdict</th><th scope=\"col\">Why</th><th "
      "scope=\"col\">Cost</th></tr></thead>\n<tbody>\n",
      id);
  for (const auto& [row, verdict] : judged) {
    const std::string kind = to_string(verdict.kind);
    html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td><span class=\"verdict {}\">{}</span></td><td>{}</td>"
        "<td>{}</td></tr>\n",
        name_html(row->name), kind, kind, escaped_html(verdict_reason(verdict, *row)),
        escaped_html(cost_text(*row)));
  }
  return html + "</tbody></table>\n" + (is_long ? "</div>\n" : "");
}

// "Remove 50 examples; ..." from what the settings resolved to.
std::string asked_text(const Results& results) {
  std::vector<std::string> parts;
  const auto count = [&](const char* set) -> std::int64_t {
    return results.sets.is_object() && results.sets.contains(set)
               ? results.sets.at(set).get<std::int64_t>()
               : 0;
  };
  const auto name_of = [&](const char* key) -> std::string {
    const Json& settings = results.resolved;
    if (!settings.is_object() || !settings.contains(key)) return "";
    const Json& value = settings.at(key);
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_object() || !value.contains("name")) return "";
    return text_of_json(value.at("name"));
  };
  std::string text;
  if (results.is_attribution()) {
    text = "Which training examples count";
  } else {
    if (count("forget") > 0) parts.push_back(fmt::format("remove {} examples", count("forget")));
    if (count("added") > 0) parts.push_back(fmt::format("add {} examples", count("added")));
    if (parts.empty()) parts.emplace_back("change nothing");
    text = fmt::format("{}", fmt::join(parts, " and "));
    text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  }
  if (results.after_requests > 1) text += fmt::format(" in {} requests", results.after_requests);
  if (count("unknown") > 0)
    text += fmt::format(", of {} bad ones", count("forget") + count("unknown"));
  text += fmt::format(" (training set of {}", count("train"));
  if (!name_of("data").empty()) text += fmt::format(", data set {}", name_of("data"));
  if (!name_of("model").empty()) text += fmt::format(", model {}", name_of("model"));
  text += "). ";
  std::size_t originals = 0, oracles = 0, methods = 0;
  for (const RowResult& row : results.rows) {
    if (row.is_original()) {
      originals = std::max(originals, row.models.size());
    } else if (row.is_noise_floor()) {
      oracles = std::max(oracles, row.models.size());
    } else {
      ++methods;
    }
  }
  if (results.is_attribution()) return text + fmt::format("{} rows.", results.rows.size());
  if (oracles == 0 && results.resolved.is_object()) {
    const Json seeds = results.resolved.value("seeds", Json::object());
    if (seeds.is_object() && seeds.value("oracle", Json()).is_number_integer())
      oracles = seeds.at("oracle").get<std::size_t>();
  }
  return text + fmt::format("{} method row{} on {} original{}, against {} oracle{} retrained {}.",
                            methods, methods == 1 ? "" : "s", originals, originals == 1 ? "" : "s",
                            oracles, oracles == 1 ? "" : "s",
                            count("added") > 0 && count("forget") == 0 ? "with the edit"
                                                                       : "without what is removed");
}

}  // namespace

int rank_of_verdict(RowVerdict::Kind kind) {
  switch (kind) {
    case RowVerdict::Kind::kIndistinguishable:
    case RowVerdict::Kind::kAmong:
      return 0;
    case RowVerdict::Kind::kUndecided:
      return 1;
    case RowVerdict::Kind::kDistinguishable:
    case RowVerdict::Kind::kApart:
      return 2;
    case RowVerdict::Kind::kFailed:
      return 3;
  }
  return 4;
}

std::string verdict_reason(const RowVerdict& verdict, const RowResult& row) {
  const std::string reason = reason_of(verdict, row);
  // What every verdict's own text says too (verdict.cpp).
  const bool says_already = reason.find("oracles that judge") != std::string::npos;
  return row.is_chosen_by_judges && !says_already
             ? reason + "; settings chosen by the oracles that judge"
             : reason;
}

std::string summary_part(const PageSource& source, const std::vector<Figure>& figures,
                         const std::string& id) {
  const Results& results = source.results;
  std::string html = fmt::format("<p class=\"asked\">{}</p>\n", escaped_html(asked_text(results)));
  if (!results.is_attribution()) {
    const PowerCheck power = check_power(results);
    html += fmt::format("<div class=\"power {}\" role=\"note\"><p>{} {}</p></div>\n",
                        power.passed ? "passed" : "failed", power.passed ? "✓" : "✕",
                        escaped_html(power.text));
  }
  if (results.is_attribution())
    return figures.empty() ? html : html + figure_element(figures.front(), id, heading_level(id));
  html += fmt::format(
      "<div class=\"first\">\n<section>\n<h{0}>Verdicts</h{0}>\n{1}</section>\n<section>\n",
      heading_level(id), verdict_table(results, id));
  if (!figures.empty()) html += figure_element(figures.front(), id, heading_level(id));
  return html + "</section>\n</div>\n";
}

}  // namespace oubli
