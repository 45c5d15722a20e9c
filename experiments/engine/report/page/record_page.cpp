#include "experiments/engine/report/page/record_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/text.h"
#include "experiments/engine/report/claims.h"
#include "experiments/engine/report/page/figures/interval_plot.h"
#include "experiments/engine/report/page/html.h"
#include "experiments/engine/report/page/page_parts.h"
#include "experiments/engine/report/page/page_shell.h"
#include "experiments/engine/report/page/vega.h"

namespace oubli {
namespace {

std::string words(const Json& json, const char* key) {
  return json.contains(key) ? escaped_html(text_of_json(json.at(key))) : "";
}

std::string pair_of(const std::string& name, const std::string& html) {
  return html.empty() ? "" : definition_item(name, html);
}

std::string section_of(const std::string& name, const std::string& title, const std::string& html) {
  return html.empty() ? "" : section_start("", name, title) + html + "</section>\n";
}

std::string file_item(const char* what, const Json& record, const char* key) {
  if (!record.contains(key)) return "";
  const Json& file = record.at(key);
  return pair_of(what, fmt::format("<code>{}</code><br>SHA-256 <code>{}</code>",
                                   words(file, file.contains("file") ? "file" : "name"),
                                   words(file, "sha256")));
}

std::string files_html(const Json& record) {
  return "<dl class=\"made\">\n" + file_item("weights before", record, "input") +
         file_item("weights after", record, "output") +
         file_item("rows removed", record, "removed") + file_item("rows added", record, "added") +
         file_item("settings", record, "settings") + file_item("data", record, "data") + "</dl>\n";
}

std::string ids_text(const Json& set) {
  if (!set.contains("ids"))
    return fmt::format("{} rows", set.value("rows", Json(0)).get<std::int64_t>());
  return fmt::format("{}", fmt::join(set.at("ids").get<std::vector<std::string>>(), ", "));
}

std::string asked_html(const Json& record) {
  std::string html;
  for (const char* what : {"removed", "added"}) {
    if (!record.contains(what)) continue;
    const Json& set = record.at(what);
    html += fmt::format("<p><strong>{} rows were {}</strong>{}.</p>\n",
                        set.value("rows", Json(0)).get<std::int64_t>(), what,
                        set.contains("ids") ? ": " + escaped_html(ids_text(set)) : "");
  }
  const Json& outcome = record.at("outcome");
  html += fmt::format("<p>Status: {}{}. It took {:.4g} sample-gradients and {:.3g} s.</p>\n",
                      words(outcome, "status"),
                      words(outcome, "message").empty() ? "" : ": " + words(outcome, "message"),
                      outcome.at("sample_gradients").get<double>(),
                      outcome.at("seconds").get<double>());
  for (const Json& note : record.value("notes", Json::array()))
    html += fmt::format("<p>Note: {}.</p>\n", escaped_html(text_of_json(note)));
  return html;
}

std::string guarantee_html(const Json& outcome) {
  const Json details = outcome.value("details", Json::object());
  if (!details.is_object() || !details.contains("certificate")) {
    return "<p>This method gives no guarantee. How much such an edit leaves is measured by holding "
           "the method against retrained models: <code>oubli run</code>.</p>\n";
  }
  const Json& certificate = details.at("certificate");
  std::string html =
      fmt::format("<p><strong>epsilon = {:g} at delta = {:g}</strong>{} ({})",
                  certificate.at("epsilon").get<double>(), certificate.at("delta").get<double>(),
                  escaped_html(coverage_text(certificate)), words(certificate, "accountant"));
  if (details.contains("budget_left")) {
    html += fmt::format("; {:.1f} % of the budget is left",
                        100 * details.at("budget_left").get<double>());
  }
  html += ". It rests on:</p>\n<ul class=\"notes\">\n";
  for (const Json& assumption : certificate.at("assumptions"))
    html +=
        fmt::format("<li>{}: {}</li>\n", words(assumption, "status"), words(assumption, "text"));
  return html + "</ul>\n";
}

std::string requests_html(const Json& record) {
  if (!record.contains("requests")) return "";
  std::string html =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Requests, to be "
      "scrolled\"><table><thead><tr><th scope=\"col\">request</th><th "
      "scope=\"col\">removed</th><th "
      "scope=\"col\">added</th><th scope=\"col\">status</th><th "
      "scope=\"col\">answered</th></tr></thead><tbody>\n";
  for (const Json& request : record.at("requests")) {
    const auto set = [&](const char* key) {
      return request.contains(key) ? escaped_html(ids_text(request.at(key))) : std::string();
    };
    html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        words(request, "request"), set("removed"), set("added"),
        words(request.at("answer"), "status"), words(request, "answered"));
  }
  return html + "</tbody></table></div>\n";
}

std::string number_or_dash(const Json& values, const char* key) {
  return values.contains(key) && values.at(key).is_number()
             ? fmt::format("{:.4g}", values.at(key).get<double>())
             : "-";
}

std::string quality_html(const Json& record) {
  std::string html =
      "<table><thead><tr><th scope=\"col\">set</th><th scope=\"col\">examples</th><th "
      "scope=\"col\">accuracy before</th><th scope=\"col\">after</th><th scope=\"col\">loss "
      "before</th><th scope=\"col\">after</th></tr></thead><tbody>\n";
  for (const auto& [set, before] : record.at("before").items()) {
    const Json& after = record.at("after").at(set);
    html += fmt::format(
        "<tr><th "
        "scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        escaped_html(set), words(before, "examples"), number_or_dash(before, "accuracy"),
        number_or_dash(after, "accuracy"), number_or_dash(before, "loss"),
        number_or_dash(after, "loss"));
  }
  return html + "</tbody></table>\n";
}

// What each set's value was and is, a row for each; of one model there is no interval.
std::string quality_figure(const Json& record, const char* measure) {
  std::vector<IntervalRow> rows;
  for (const char* when : {"before", "after"}) {
    for (const auto& [set, values] : record.at(when).items()) {
      if (!values.contains(measure) || !values.at(measure).is_number()) continue;
      rows.push_back({fmt::format("{}, {}", set, when),
                      std::string(when) == "before" ? "original" : "equivalent",
                      Estimate{values.at(measure).get<double>(), {}, 1}});
    }
  }
  if (rows.empty()) return "";
  std::stable_sort(rows.begin(), rows.end(), [](const IntervalRow& a, const IntervalRow& b) {
    return a.name.substr(0, a.name.find(',')) < b.name.substr(0, b.name.find(','));
  });
  const std::string name = measure;
  return figure_element({"quality-" + name, "", name + " before and after",
                         "Squares: before the edit; circles: after it.",
                         fmt::format("{} of each set: {}", name, rows_in_words(rows)),
                         interval_plot(rows, name, /*may_be_log=*/name == "loss")},
                        "", 3);
}

std::string method_html(const Json& method) {
  return fmt::format(
      "<p>{} (version {}): {}.</p>\n<p>{}</p>\n<p class=\"quiet\">Source: {}. Settings: "
      "<code>{}</code></p>\n",
      words(method, "name"), words(method, "version"), words(method, "summary"),
      words(method, "definition"), words(method, "reference"), words(method, "settings"));
}

}  // namespace

std::string record_page(const Json& record) {
  const Json& made_by = record.at("made_by");
  const std::string title = record.value("title", "");
  std::string body = fmt::format("<p class=\"asked\">{} edited <code>{}</code>, {}.</p>\n",
                                 words(record.at("method"), "name"),
                                 words(record.at("input"), "file"), words(record, "when"));
  body +=
      fmt::format("<div class=\"power\" role=\"note\"><p>{}</p></div>\n", words(record, "means"));
  body += section_of("asked", "What was asked, and how it ended", asked_html(record));
  body += section_of("guarantee", "What is guaranteed", guarantee_html(record.at("outcome")));
  body += section_of("quality", "The model before and after",
                     quality_html(record) + "<div class=\"figures\">\n" +
                         quality_figure(record, "accuracy") + quality_figure(record, "loss") +
                         "</div>\n");
  body += section_of("requests", "Requests", requests_html(record));
  body += section_of("method", "The method", method_html(record.at("method")));
  body += section_of("files", "Files and their hashes",
                     files_html(record) +
                         "<p><code>oubli apply --verify DIR</code> holds this record against them. "
                         "It is a record and carries no signature.</p>\n");
  body += section_of(
      "made", "How it was made",
      fmt::format("<dl class=\"made\">{}{}</dl>\n<details><summary>The whole record "
                  "(record.json)</summary><pre tabindex=\"0\">{}</pre></details>\n",
                  pair_of("oubli", words(made_by, "oubli")),
                  pair_of("revision", words(made_by, "git_revision")),
                  escaped_html(record.dump(2, ' ', false, Json::error_handler_t::replace))));
  std::string navigation = "<nav aria-label=\"Parts of this page\"><ul>\n";
  for (const auto& [name, text] :
       {std::pair("asked", "What was asked"), std::pair("guarantee", "What is guaranteed"),
        std::pair("quality", "Before and after"), std::pair("requests", "Requests"),
        std::pair("method", "The method"), std::pair("files", "Files"),
        std::pair("made", "How it was made")})
    if (body.find(fmt::format("id=\"{}\"", name)) != std::string::npos)
      navigation += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", name, text);
  return whole_page({"Record of an edit" + (title.empty() ? "" : ": " + title),
                     navigation + "</ul></nav>\n", body,
                     text_of_json(made_by.value("oubli", Json("")))});
}

}  // namespace oubli
