#include "experiments/engine/report/page/attack_curves.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "core/evaluate/attacks/likelihood_ratio.h"
#include "core/evaluate/attacks/roc.h"

namespace oubli {
namespace {

constexpr int kRates = 28;

// From one mistake among those that were not trained on, to all.
std::vector<double> false_positive_rates(std::int64_t others) {
  std::vector<double> rates;
  rates.reserve(kRates);
  const double least = std::log(1.0 / static_cast<double>(others));
  for (int i = 0; i < kRates; ++i) {
    rates.push_back(std::exp(least * (1 - static_cast<double>(i) / (kRates - 1))));
  }
  return rates;
}

}  // namespace

AttackCurves::AttackCurves(const Evaluation& evaluation, const StageOutputs& outputs)
    : evaluation_(evaluation),
      outputs_(outputs),
      loss_{"loss", "An attack that goes by the loss alone", {}},
      lira_{"lira", "LiRA: shadow models trained with and without each example", {}},
      ulira_{"ulira", "U-LiRA: shadow models that the same method edited", {}} {
  const NamedRows* edited = evaluation_.edited();
  if (edited == nullptr || edited->name != "forget") return;
  edited_rows_ = edited->rows;
  others_ = evaluation_.unseen_rows_like(edited_rows_);
}

void AttackCurves::add(Attack& attack, const std::string& row, std::int64_t training_seed,
                       const Tensor& members, const Tensor& others) {
  if (members.numel() < 2 || others.numel() < 2) return;
  CourseSet& set = attack.curves.set;
  if (set.places.empty()) {
    set = {.name = fmt::format("attack/{}", attack.name),
           .section = "attacks",
           .title = attack.title,
           .x_title = "false positive rate",
           .y_title = "true positive rate",
           .x_is_log = true,
           .y_is_log = true,
           .has_chance_line = true,
           .places = false_positive_rates(others.numel())};
  }
  std::vector<double> rates;
  for (const double rate : set.places)
    rates.push_back(tpr_at_fpr(members, others, rate * (1 + 1e-9)));
  attack.curves.add(row, training_seed, std::move(rates));
}

const std::vector<Shadow>& AttackCurves::shadows_of(const Stage& stage, ModelRole role,
                                                    Held& held) {
  const auto members = stage.members.find(role);
  if (members == stage.members.end()) {
    held = {};
    return held.shadows;
  }
  const std::string digest =
      fmt::format("{} {}", members->second.group->digest,
                  members->second.left_out ? static_cast<long>(*members->second.left_out) : -1L);
  if (held.digest != digest) held = {digest, outputs_.shadows(stage, role)};
  return held.shadows;
}

void AttackCurves::look_at(const std::string& row, std::int64_t training_seed, const Stage& stage,
                           const ModelOutcome& model) {
  if (!edited_rows_.defined()) return;
  if (others_.defined()) {
    const Tensor& losses = model.predictions.losses();
    add(loss_, row, training_seed, -losses.index_select(0, edited_rows_),
        -losses.index_select(0, others_));
  }
  const MetricInput input{
      .evaluation = evaluation_,
      .model = model,
      .shadows = pointers_to(shadows_of(stage, ModelRole::kShadow, trained_)),
      .edited_shadows = pointers_to(shadows_of(stage, ModelRole::kEditedShadow, edited_))};
  if (const auto scores = lira_scores(input))
    add(lira_, row, training_seed, scores->members, scores->others);
  if (const auto scores = ulira_scores(input))
    add(ulira_, row, training_seed, scores->members, scores->others);
}

std::vector<CourseSet> AttackCurves::finished() && {
  std::vector<CourseSet> sets;
  for (Attack* attack : {&loss_, &lira_, &ulira_}) {
    if (!attack->curves.rows.empty()) sets.push_back(std::move(attack->curves).finished());
  }
  return sets;
}

}  // namespace oubli
