#include "core/evaluate/attacks/samples.h"

#include <ATen/ATen.h>

#include "core/evaluate/fact_table.h"

namespace oubli {

std::optional<FittedSets> fitted_sets(const Evaluation& evaluation) {
  const Tensor* retain = evaluation.rows("retain");
  const NamedRows* edited = evaluation.edited();
  if (!evaluation.is_classification() || retain == nullptr || edited == nullptr) {
    return std::nullopt;
  }
  // Of facts only what may be held against the edited ones.
  const Tensor unseen = FactTable::is_in(*evaluation.dataset)
                            ? evaluation.unseen_rows_like(edited->rows)
                            : evaluation.unseen();
  if (!unseen.defined()) return std::nullopt;
  return FittedSets{*retain, unseen, edited->rows};
}

Tensor evenly_spaced(const Tensor& rows, std::int64_t count) {
  const std::int64_t n = rows.numel();
  if (n <= count) return rows;
  return rows.index_select(0, (at::arange(count) * n).div(count, "floor"));
}

Halves class_halves(const Tensor& rows, const Tensor& classes) {
  const Tensor order = classes.index_select(0, rows).argsort(/*stable=*/true);
  const Tensor by_class = rows.index_select(0, order);
  return {by_class.slice(0, 0, by_class.numel(), 2), by_class.slice(0, 1, by_class.numel(), 2)};
}

Tensor half_of(const Tensor& rows, std::int64_t number, std::string_view stream) {
  Generator generator = Generator(static_cast<std::uint64_t>(number / 2)).stream(stream);
  const std::int64_t n = rows.numel();
  const Tensor order = generator.permutation(n);
  const Tensor half =
      number % 2 == 0 ? order.narrow(0, 0, n / 2) : order.narrow(0, n / 2, n - n / 2);
  return std::get<0>(rows.index_select(0, half).sort());
}

CrossFold fold_of(std::int64_t count, std::int64_t folds, std::int64_t fold) {
  const Tensor all = at::arange(count);
  const Tensor judged = all.remainder(folds).eq(fold);
  return {all.masked_select(judged.logical_not()), all.masked_select(judged)};
}

}  // namespace oubli
