// report.html: the results of one run or of several as one page, which needs no network.
//
// The answer first: what was asked, whether the experiment can tell models apart at all, a verdict
// for each method with its reason, and a picture; then the figures, the whole table, and how it was
// made. Scripts, styles and data are in the file, and a content-security policy lets nothing else
// run: scripts and styles are named by their hashes, nothing may be fetched.
//
// Which library draws: Vega, whose specifications are data and which is packaged (libjs-vega).
// Considered and left: D3 (programs in place of specifications), Plotly (3.5 MB, evaluates text),
// matplotlib2tikz and gnuplot (no page), Vega-Lite (no package).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/engine/report/page/evidence.h"
#include "experiments/engine/report/page/figure.h"
#include "experiments/engine/report/results.h"

namespace oubli {

inline const char* const kPageFile = "report.html";
inline const char* const kEvidenceFile = "evidence.json";

// What a page says of one run.
struct PageSource {
  std::string name;  // of the folder
  Results results;   // with its checkpoints
  Evidence evidence;
  Json environment;          // empty where it is not there
  std::string settings;      // resolved.yaml
  std::size_t entries = 0;   // of the store, that the results were made from
  std::string entries_hash;  // SHA-256 of entries.csv

  // What it is called on the page: its title, or where it has none the folder.
  const std::string& shown_title() const { return results.title.empty() ? name : results.title; }
};

// Reads a folder of results. Throws as load_results; Error(kData) for a file that is none of ours.
PageSource load_page_source(const std::filesystem::path& folder, const Registry<Metric>& metrics);

// Of one source or more.
std::string report_page(const std::vector<PageSource>& sources);

}  // namespace oubli
