// The whole table: sorted by any column, filtered by words, its columns shown by group.
#include <fmt/format.h>

#include <map>
#include <set>

#include "core/evaluate/metric.h"
#include "experiments/engine/report/column_words.h"
#include "experiments/engine/report/page/html.h"
#include "experiments/engine/report/page/page_parts.h"
#include "experiments/engine/report/report_model.h"

namespace oubli {
namespace {

struct Group {
  std::string name;  // privacy, utility, attribution, cost, details
  std::vector<std::size_t> columns;
};

// Details last: what methods are not compared by.
std::vector<Group> groups_of(const ReportModel& model) {
  std::vector<Group> groups;
  for (const ReportGroup group : kReportGroups) {
    const std::vector<std::size_t> columns = model.compared(group);
    if (!columns.empty()) groups.push_back({to_string(group), columns});
  }
  Group details{"details", {}};
  for (std::size_t c = 0; c < model.columns.size(); ++c) {
    if (!model.columns[c].is_compared) details.columns.push_back(c);
  }
  if (!details.columns.empty()) groups.push_back(details);
  return groups;
}

std::string about_id(const std::string& column, const std::string& id) {
  return id + "about-" + figure_name(metric_of(column));
}

std::string heading_cell(const ReportColumn& column, const std::string& group, std::size_t place,
                         const Results& results, const std::string& id) {
  const std::string about =
      results.info(column.name) == nullptr
          ? ""
          : fmt::format(
                "<button class=\"about\" popovertarget=\"{}\" aria-label=\"What {} "
                "is\">?</button>",
                about_id(column.name, id), escaped_html(column.heading));
  return fmt::format(
      "<th scope=\"col\" class=\"g-{}\"><span class=\"heading\"><button class=\"sort\" "
      "data-column=\"{}\" title=\"{}\">{}</button>{}</span></th>",
      group, place, escaped_html(column.name), escaped_html(column.heading), about);
}

std::string explanations(const ReportModel& model, const Results& results, const std::string& id) {
  std::string html;
  std::set<std::string> done;
  for (const ReportColumn& column : model.columns) {
    const ColumnInfo* info = results.info(column.name);
    if (info == nullptr || !done.insert(metric_of(column.name)).second) continue;
    html += fmt::format(
        "<div class=\"about-box\" popover id=\"{}\"><h3>{}</h3><p>{}</p><dl><dt>range</dt><dd>{}"
        "</dd><dt>direction</dt><dd>{}</dd><dt>group</dt><dd>{}</dd></dl></div>\n",
        about_id(column.name, id), escaped_html(metric_of(column.name)),
        escaped_html(info->definition), escaped_html(info->range),
        escaped_html(better_words(info->better)), escaped_html(group_words(info->group)));
  }
  return html;
}

}  // namespace

std::string table_part(const Results& results, const std::string& id) {
  const ReportModel model = report_model(results);
  const std::vector<Group> groups = groups_of(model);
  const bool has_verdicts = !results.is_attribution();
  std::string html = section_start(id, "table-heading", "The whole table");
  html += fmt::format(
      "<p class=\"quiet\">{1} Every heading sorts; the question mark beside it "
      "explains.</p>\n<div class=\"controls\" hidden><label>Rows with <input type=\"search\" "
      "class=\"filter\" data-table=\"{0}table\" data-count=\"{0}count\"></label> <span "
      "id=\"{0}count\" role=\"status\"></span>\n",
      id, escaped_html(model.caption));
  for (const Group& group : groups) {
    html += fmt::format(
        "<label><input type=\"checkbox\" class=\"group\" data-group=\"{0}\" "
        "data-table=\"{1}table\"{2}"
        "> {0} ({3})</label>\n",
        group.name, id, group.name == "details" ? "" : " checked", group.columns.size());
  }
  html += fmt::format(
      "</div>\n<div class=\"scroll table\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"{1}: the table, to be scrolled\"><table class=\"whole\" "
      "id=\"{0}table\"><thead><tr><th "
      "scope=\"col\" rowspan=\"2\"><button class=\"sort\" data-column=\"0\">row</button></th>",
      id,
      escaped_html(
          fmt::format("{}{}", results.title.empty() ? "results" : results.title,
                      id.empty() ? "" : fmt::format(" ({})", id.substr(0, id.size() - 1)))));
  if (has_verdicts) {
    html +=
        "<th scope=\"col\" rowspan=\"2\"><button class=\"sort\" data-column=\"1\">verdict"
        "</button></th>";
  }
  std::size_t place = has_verdicts ? 2 : 1;
  std::string headings;
  for (const Group& group : groups) {
    html += fmt::format("<th scope=\"colgroup\" colspan=\"{}\" class=\"g-{}\">{}</th>",
                        group.columns.size(), group.name, group.name);
    for (const std::size_t c : group.columns)
      headings += heading_cell(model.columns[c], group.name, place++, results, id);
  }
  html += "</tr>\n<tr>" + headings + "</tr></thead>\n<tbody>\n";
  for (const ReportRow& row : model.rows) {
    html += fmt::format("<tr><th scope=\"row\">{}</th>", escaped_html(row.name));
    if (has_verdicts)
      html += fmt::format("<td class=\"verdict-cell\">{}</td>", escaped_html(row.verdict));
    for (const Group& group : groups) {
      for (const std::size_t c : group.columns) {
        const std::optional<Estimate>& cell = row.cells[c];
        const bool has_value = row.failure.empty() && cell.has_value();
        html += fmt::format("<td class=\"g-{}\" data-value=\"{}\">{}</td>", group.name,
                            has_value ? fmt::format("{}", cell->mean) : "",
                            escaped_html(shown_cell(row, c)));
      }
    }
    html += "</tr>\n";
  }
  html += "</tbody></table></div>\n" + explanations(model, results, id);
  if (!model.decided_by.empty()) html += fmt::format("<p>{}</p>\n", escaped_html(model.decided_by));
  if (!model.notes.empty()) {
    html += fmt::format("<h3>Notes</h3><ul class=\"notes\">");
    for (const std::string& note : model.notes)
      html += fmt::format("<li>{}</li>", escaped_html(note));
    html += "</ul>\n";
  }
  return html + "</section>\n";
}

}  // namespace oubli
