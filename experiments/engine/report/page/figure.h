// Figures of results: pictures in Vega's declarative grammar, which a page draws on a screen and
// `oubli plot` on paper, from the same specification.
//
// Colours are named by what they are for and start with an @ (assets/theme.js has their values):
// @ink, @muted, @grid, @ground; @method, @original, @oracle, @band, @chosen. A specification is
// drawn `space` pixels wide.
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "experiments/engine/report/page/evidence.h"
#include "experiments/engine/report/results.h"
#include "experiments/engine/report/verdict.h"

namespace oubli {

struct Figure {
  std::string name;     // "column-accuracy-forget": of `oubli plot --what`, letters, digits and -
  std::string section;  // of the page that it stands in: one of kFigureSections
  std::string title;
  std::string caption;      // how to read it
  std::string alternative;  // what it shows, in words
  Json spec;
};

struct FigureSection {
  const char* name;
  const char* title;
  const char* text;
};
// In the order of a page.
inline constexpr FigureSection kFigureSections[] = {
    {"tradeoff", "Privacy, utility and cost",
     "Each row is a point, filled where tests show it to be like retrained models; bars are 95 % "
     "intervals of the means. Green: the margin on each side of the oracles' mean. A point inside "
     "is near; only the tests behind a verdict say whether that is shown."},
    {"columns", "What the verdicts rest on",
     "One picture for each decisive column. Faint points are the values that a mean is over "
     "(training seeds, or runs on one given original), bars its 95 % interval, the line the "
     "oracles' mean. The green band is the margin within which a difference does not matter; of "
     "one "
     "given original it is where one more oracle would lie in 95 of 100 cases. An arrow: the "
     "interval goes on beyond the frame, or the value is a lower limit."},
    {"attribution", "How well effects are told",
     "Every row's value, with a 95 % interval over originals, tests and what was left out."},
    {"losses", "Losses of the examples",
     "How the losses of single examples are distributed: in each panel one method, above the "
     "original and the oracles."},
    {"attacks", "What an attacker sees",
     "How many of the edited examples are named, for how many others that are named by mistake; "
     "both axes are logarithmic, since few mistakes are what matters."},
    {"relearning", "Learning it again",
     "What was only hidden comes back sooner than what was never known."},
    {"stream", "Request by request", "The edit is a sequence; what stands after each checkpoint."},
    {"sweep", "How settings were chosen", "Every trial of a sweep, and the one that was taken."},
    {"layers", "Where models differ", "Distances to the oracles by tensor of parameters."},
    {"spectrum", "Curvature", "Eigenvalues of the curvature at an original (`oubli curvature`)."},
};

// What figures are made of.
struct FigureInput {
  FigureInput(const Results& of_results, const Evidence& of_evidence);

  const Results& results;
  const Evidence& evidence;
  std::vector<RowVerdict> verdicts;  // of each row; of an attribution none
};

// All that the results can show. Every one has a name of its own. Of a part nothing can be drawn
// of, nothing is there.
std::vector<Figure> figures_of(const FigureInput& input);

// A name made of letters, digits and single dashes: "accuracy/forget" is "accuracy-forget".
std::string figure_name(const std::string& text);

// One function for each kind, in the order in which they are shown (figures.def).
#define OUBLI_FIGURES(name) std::vector<Figure> name##_figures(const FigureInput& input);
#include "experiments/engine/report/page/figures.def"
#undef OUBLI_FIGURES

}  // namespace oubli
