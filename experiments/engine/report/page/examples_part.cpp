#include <fmt/format.h>

#include "experiments/engine/report/cell_text.h"
#include "experiments/engine/report/page/html.h"
#include "experiments/engine/report/page/page_parts.h"

namespace oubli {
namespace {

// A sentence up to its answer, and what follows by the data and by models.
std::string sentence_item(const ShownExample& example, std::size_t most) {
  std::string html =
      fmt::format("<li><p><strong>{} \u2026</strong></p>\n<p>", escaped_html(example.prompt));
  html += example.wanted.empty()
              ? fmt::format("as trained on: {}", escaped_html(example.label))
              : fmt::format("before the edit: {}; to be: {}", escaped_html(example.label),
                            escaped_html(example.wanted));
  html += "</p>\n<table><caption>what models say</caption><tbody>";
  for (std::size_t i = 0; i < example.answers.size() && i < most; ++i) {
    const auto& [row, answer] = example.answers[i];
    html += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", name_html(row),
                        escaped_html(answer));
  }
  if (example.answers.size() > most) {
    html += fmt::format("<tr><td colspan=\"2\">and {} more rows</td></tr>",
                        example.answers.size() - most);
  }
  return html + "</tbody></table></li>\n";
}

std::string example_item(const ShownExample& example, const std::string& value) {
  constexpr std::size_t kMostRows = 24;
  if (!example.prompt.empty()) return sentence_item(example, kMostRows);
  const bool is_wrong = !example.true_label.empty() && example.true_label != example.label;
  const std::string label =
      is_wrong ? fmt::format("labelled {}, in truth {}", example.label, example.true_label)
               : fmt::format("labelled {}", example.label);
  std::string html = "<li>";
  html += picture_html(example.picture, fmt::format("Example {}, {}", example.row, label));
  html +=
      fmt::format("<p><strong>Row {}</strong></p><p>{}</p>\n", example.row, escaped_html(label));
  if (!example.values.empty()) {
    html += "<p class=\"quiet\">";
    for (std::size_t i = 0; i < example.values.size(); ++i) {
      html += fmt::format("{}{} {}", i == 0 ? "" : ", ", escaped_html(example.values[i].first),
                          escaped_html(example.values[i].second));
    }
    html += "</p>\n";
  }
  html += fmt::format("<table><caption>{}</caption><tbody>", escaped_html(value));
  std::size_t shown = 0;
  for (const auto& [row, estimate] : example.rows) {
    if (shown++ == kMostRows) {
      html += fmt::format("<tr><td colspan=\"2\">and {} more rows</td></tr>",
                          example.rows.size() - kMostRows);
      break;
    }
    html += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", name_html(row),
                        escaped_html(cell_text(estimate)));
  }
  return html + "</tbody></table></li>\n";
}

}  // namespace

std::string examples_part(const Evidence& evidence, const std::string& id) {
  if (evidence.examples.empty()) return "";
  std::string html = section_start(id, "examples", "Examples of the edit");
  html +=
      "<p class=\"quiet\">Those, of the first 2,000 of the edit, on which the original differs "
      "most "
      "from the oracles: of these there was most to change. Means with 95 % intervals, over "
      "training "
      "seeds or the runs on one given original.</p>\n<ul class=\"examples\">\n";
  for (const ShownExample& example : evidence.examples)
    html += example_item(example, evidence.shown_value);
  return html + "</ul></section>\n";
}

}  // namespace oubli
