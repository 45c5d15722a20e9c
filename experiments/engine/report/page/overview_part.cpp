#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "experiments/engine/report/page/html.h"
#include "experiments/engine/report/page/page_parts.h"
#include "experiments/engine/report/power_check.h"
#include "experiments/engine/report/verdict.h"

namespace oubli {

std::string overview_part(const std::vector<PageSource>& sources) {
  std::string html =
      "<section><h2 id=\"overview\">The runs</h2>\n<div class=\"scroll\" tabindex=\"0\" "
      "role=\"region\" aria-labelledby=\"overview\"><table><caption>Power checks, and how many "
      "rows "
      "got which verdict.</caption><thead><tr><th scope=\"col\">Run</th><th scope=\"col\">Power "
      "check</th><th scope=\"col\">Verdicts</th></tr></thead><tbody>\n";
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const Results& results = sources[i].results;
    std::map<int, std::pair<std::string, int>> counts;  // by how good they are
    for (const RowResult& row : results.rows) {
      if (row.is_original() || row.is_noise_floor() || results.is_attribution()) continue;
      const RowVerdict::Kind kind = judge(results, row).kind;
      auto& [word, count] = counts[rank_of_verdict(kind)];
      word = to_string(kind);
      ++count;
    }
    std::vector<std::string> words;
    words.reserve(counts.size());
    for (const auto& [rank, counted] : counts)
      words.push_back(fmt::format("{} {}", counted.second, counted.first));
    html += fmt::format(
        "<tr><th scope=\"row\"><a href=\"#r{}\">{}</a></th><td>{}</td><td>{}</td></tr>\n", i + 1,
        escaped_html(sources[i].shown_title()),
        results.is_attribution()      ? "-"
        : check_power(results).passed ? "✓ passed"
                                      : "✕ not passed",
        words.empty() ? "-" : fmt::format("{}", fmt::join(words, ", ")));
  }
  return html + "</tbody></table></div></section>\n";
}

}  // namespace oubli
