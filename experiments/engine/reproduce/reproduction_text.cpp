#include <fmt/format.h>

#include <cmath>

#include "experiments/engine/environment.h"
#include "experiments/engine/report/cell_text.h"
#include "experiments/engine/report/formats/markup.h"
#include "experiments/engine/reproduce/reproduction.h"

namespace oubli {
namespace {

std::string ours_text(const Reproduced& ours) {
  return ours.value ? cell_text(*ours.value) : ours.problem;
}

std::string count_text(const Reproduction& made) {
  std::size_t cells = 0, met = 0, confirmed = 0, held = 0, refuted = 0;
  for (std::size_t t = 0; t < made.tables.size(); ++t) {
    const bool is_read = made.paper.tables[t].confidence == Confidence::kConfirmed;
    for (const ReproducedCell& cell : made.tables[t]) {
      ++cells;
      confirmed += is_read ? 1 : 0;
      met += made.is_met(t, cell) ? 1 : 0;
    }
  }
  for (const JudgedClaim& claim : made.claims) {
    held += claim.outcome == ClaimOutcome::kHolds ? 1 : 0;
    refuted += claim.outcome == ClaimOutcome::kRefuted ? 1 : 0;
  }
  return fmt::format(
      "{} published numbers, {} of them read in their source; {} are met. {} claims: {} hold, {} "
      "are refuted, {} are open.",
      cells, confirmed, met, made.claims.size(), held, refuted,
      made.claims.size() - held - refuted);
}

std::string machine_text(const Json& machines) {
  std::string text;
  for (const Json& machine : machines) {
    text += fmt::format("{}{} ({} stages)", text.empty() ? "" : "; ",
                        machine.value("processor", std::string("a processor without a name")),
                        machine.at("stages").get<std::int64_t>());
  }
  return text;
}

}  // namespace

std::string reproduction_markdown(const Reproduction& made) {
  std::string text = fmt::format("# {}\n\n{}\n\n{}\n\n", markdown_text(made.paper.title),
                                 markdown_text(made.paper.citation), count_text(made));
  for (std::size_t t = 0; t < made.tables.size(); ++t) {
    const PublishedTable& table = made.paper.tables[t];
    text += fmt::format("## {}\n\nSource: {} ({}).\n\n", markdown_text(table.title),
                        markdown_text(table.source), to_string(table.confidence));
    text += "| | published | ours | gap | met |\n|---|---:|---:|---:|---|\n";
    for (const ReproducedCell& cell : made.tables[t]) {
      text += fmt::format("| {} | {:g}{} | {} | {} | {} |\n", markdown_text(cell.cell->label),
                          cell.cell->published,
                          table.confidence == Confidence::kRecalled ? " (recalled)" : "",
                          markdown_text(ours_text(cell.ours)), cell.gap_text(),
                          made.is_met(t, cell) ? "yes" : "no");
    }
    text += "\n";
  }
  if (!made.tables.empty()) {
    text += fmt::format("{}\n\n", kGapMeaning);
  }
  text +=
      "## Claims\n\n| claim | expected | here | outcome | decided by |\n|---|---|---|---|---|\n";
  for (const JudgedClaim& claim : made.claims) {
    text += fmt::format(
        "| {}{} | {} | {} | {}{} | {} |\n", markdown_text(claim.claim->text),
        claim.claim->source.empty() ? "" : fmt::format(" ({})", markdown_text(claim.claim->source)),
        claim.expected(), markdown_text(ours_text(claim.ours)), to_string(claim.outcome),
        claim.claim->must ? " (must)" : "", markdown_text(claim.decided_by()));
  }
  const Json build = build_record();
  text += fmt::format(
      "\n{} extent: {} runs in {:.1f} minutes ({} of {} stages were in the store), {}; "
      "oubli {} ({}).\n",
      to_string(made.extent), made.runs, made.seconds / 60, made.cached_stages, made.stages,
      machine_text(made.machines), build.at("oubli").get<std::string>(),
      build.at("git_revision").get<std::string>());
  return text;
}

std::string reproduction_csv(const Reproduction& made) {
  std::string text = "kind,where,what,published,confidence,mean,half_width_95,n,outcome\n";
  const auto numbers = [](const Reproduced& ours) {
    if (!ours.value) return std::string(",,");
    const Estimate& value = *ours.value;
    return fmt::format("{:.17g},{},{}", value.mean,
                       value.half_width ? fmt::format("{:.17g}", *value.half_width) : "", value.n);
  };
  for (std::size_t t = 0; t < made.tables.size(); ++t) {
    const PublishedTable& table = made.paper.tables[t];
    for (const ReproducedCell& cell : made.tables[t]) {
      text +=
          fmt::format("cell,{},{},{:.17g},{},{},{}\n", csv_text(table.title),
                      csv_text(cell.cell->label), cell.cell->published, to_string(table.confidence),
                      numbers(cell.ours), made.is_met(t, cell) ? "met" : "not met");
    }
  }
  for (const JudgedClaim& claim : made.claims) {
    text += fmt::format("claim,{},{},,,{},{}\n", csv_text(claim.claim->source),
                        csv_text(claim.claim->text), numbers(claim.ours), to_string(claim.outcome));
  }
  return text;
}

std::string reproduction_latex(const Reproduction& made) {
  std::string text = fmt::format("% {}\n", latex_text(made.paper.citation));
  for (std::size_t t = 0; t < made.tables.size(); ++t) {
    const PublishedTable& table = made.paper.tables[t];
    text +=
        fmt::format("% {}: {} ({})\n\\begin{{tabular}}{{lrrr}}\n & published & ours & gap \\\\\n",
                    latex_text(table.title), latex_text(table.source), to_string(table.confidence));
    for (const ReproducedCell& cell : made.tables[t]) {
      text += fmt::format("{} & {:g} & {} & {} \\\\\n", latex_text(cell.cell->label),
                          cell.cell->published, latex_text(ours_text(cell.ours)), cell.gap_text());
    }
    text += "\\end{tabular}\n\n";
  }
  text += "\\begin{tabular}{lrl}\nclaim & here & outcome \\\\\n";
  for (const JudgedClaim& claim : made.claims) {
    text += fmt::format("{} & {} & {} \\\\\n", latex_text(claim.claim->text),
                        latex_text(ours_text(claim.ours)), to_string(claim.outcome));
  }
  return text + "\\end{tabular}\n";
}

Json reproduction_json(const Reproduction& made) {
  const auto value_of = [](const Reproduced& ours) {
    return ours.value ? to_json(*ours.value) : Json{{"problem", ours.problem}};
  };
  Json json = {{"key", made.paper.key},
               {"title", made.paper.title},
               {"citation", made.paper.citation},
               {"extent", to_string(made.extent)},
               {"runs", made.runs},
               {"seconds", made.seconds},
               {"stages", made.stages},
               {"cached_stages", made.cached_stages},
               {"machines", made.machines},
               {"made_by", build_record()},
               {"tables", Json::array()},
               {"claims", Json::array()}};
  for (std::size_t t = 0; t < made.tables.size(); ++t) {
    const PublishedTable& table = made.paper.tables[t];
    Json cells = Json::array();
    for (const ReproducedCell& cell : made.tables[t]) {
      cells.push_back({{"cell", cell.cell->label},
                       {"published", cell.cell->published},
                       {"ours", value_of(cell.ours)},
                       {"met", made.is_met(t, cell)}});
      if (const auto gap = cell.gap_in_intervals()) cells.back()["gap_in_half_widths"] = *gap;
    }
    json["tables"].push_back({{"title", table.title},
                              {"source", table.source},
                              {"confidence", to_string(table.confidence)},
                              {"tolerance", table.tolerance},
                              {"cells", cells}});
  }
  for (const JudgedClaim& claim : made.claims) {
    json["claims"].push_back({{"claim", claim.claim->text},
                              {"source", claim.claim->source},
                              {"expression", claim.claim->expression.text},
                              {"expected", claim.expected()},
                              {"must", claim.claim->must},
                              {"ours", value_of(claim.ours)},
                              {"outcome", to_string(claim.outcome)},
                              {"decided_by", claim.decided_by()}});
  }
  return json;
}

}  // namespace oubli
