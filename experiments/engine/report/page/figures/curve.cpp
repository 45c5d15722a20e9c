// Courses of the evidence: distributions of losses, attack curves, relearning.
#include <fmt/format.h>

#include "experiments/engine/report/page/figure.h"
#include "experiments/engine/report/page/figures/panel_plot.h"

namespace oubli {

std::vector<Figure> curve_figures(const FigureInput& input) {
  const Results& results = input.results;
  const Evidence& evidence = input.evidence;
  std::vector<Figure> figures;
  for (const CourseSet& set : evidence.courses) {
    Figure figure;
    figure.name = "curve-" + figure_name(set.name);
    figure.section = set.section;
    figure.title = set.title;
    figure.caption = kPanelKey;
    if (set.has_chance_line) figure.caption += " The thin line is guessing.";
    figure.alternative = fmt::format(
        "{}: {} against {}, in one panel for each method, beside the original and the "
        "oracles. The table of columns below has the numbers that follow from it.",
        set.title, set.y_title, set.x_title);
    figure.spec = panel_plot(results, set);
    figures.push_back(std::move(figure));
  }
  return figures;
}

}  // namespace oubli
