// Parts of a page, as HTML: one file for each. `id` goes before every name in the part, so that
// several runs can be on one page.
#pragma once

#include <string>
#include <vector>

#include "experiments/engine/report/page/page.h"

namespace oubli {

// How deep the headings of a part are: one more where it is one of several runs (`id` is not "").
int heading_level(const std::string& id);
// The start of a section with its heading. Of one run it is a landmark; those of several would be
// too many of the same name.
std::string section_start(const std::string& id, const std::string& name, const std::string& title);

// Power check, verdicts with their reasons, and a picture.
std::string summary_part(const PageSource& source, const std::vector<Figure>& figures,
                         const std::string& id);
// Sections of figures; `shown`: the name of one that stands in the summary.
std::string figures_part(const std::vector<Figure>& figures, const std::string& shown,
                         const std::string& id);
std::string figure_element(const Figure& figure, const std::string& id, int level);
std::string examples_part(const Evidence& evidence, const std::string& id);
std::string influences_part(const Evidence& evidence, const std::string& id);
std::string table_part(const Results& results, const std::string& id);
std::string made_part(const PageSource& source, const std::string& id);

// Of several runs: what each was, and its verdicts side by side.
std::string overview_part(const std::vector<PageSource>& sources);

// In the order in which verdicts are listed: 0 for what is like retrained models.
int rank_of_verdict(RowVerdict::Kind kind);
// Where a verdict comes from, in a sentence.
std::string verdict_reason(const RowVerdict& verdict, const RowResult& row);

}  // namespace oubli
