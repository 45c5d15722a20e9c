#include "experiments/engine/report/page/figure.h"

#include <fmt/format.h>

#include <cctype>
#include <iterator>
#include <set>

namespace oubli {

std::string figure_name(const std::string& text) {
  std::string name;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 128 && std::isalnum(byte) != 0) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name;
}

FigureInput::FigureInput(const Results& of_results, const Evidence& of_evidence)
    : results(of_results), evidence(of_evidence) {
  if (results.is_attribution()) return;
  for (const RowResult& row : results.rows)
    verdicts.push_back(row.is_noise_floor() ? RowVerdict() : judge(results, row));
}

std::vector<Figure> figures_of(const FigureInput& input) {
  std::vector<Figure> figures;
  const auto add = [&](std::vector<Figure> some) {
    std::move(some.begin(), some.end(), std::back_inserter(figures));
  };
#define OUBLI_FIGURES(name) add(name##_figures(input));
#include "experiments/engine/report/page/figures.def"
#undef OUBLI_FIGURES
  // Names that letters and digits alone do not tell apart.
  std::set<std::string> taken;
  for (Figure& figure : figures) {
    const std::string name = figure.name;
    for (int again = 2; !taken.insert(figure.name).second; ++again) {
      figure.name = fmt::format("{}-{}", name, again);
    }
  }
  return figures;
}

}  // namespace oubli
