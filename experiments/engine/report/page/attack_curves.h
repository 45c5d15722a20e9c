// ROC curves of membership attacks, of every model: how many of the edited examples are named, for
// so many others that are named by mistake.
#pragma once

#include <string>
#include <vector>

#include "experiments/engine/report/page/gathered_courses.h"
#include "experiments/engine/run/stage_outputs.h"

namespace oubli {

// By the loss alone, and by LiRA and U-LiRA where the stages have an attacker's models. Curves are
// on a grid of false positive rates from one of the others to all of them, so that every model's
// can be averaged; between two that are attained a curve takes the lower one.
class AttackCurves {
 public:
  AttackCurves(const Evaluation& evaluation, const StageOutputs& outputs);

  void look_at(const std::string& row, std::int64_t training_seed, const Stage& stage,
               const ModelOutcome& model);
  std::vector<CourseSet> finished() &&;

 private:
  struct Attack {
    std::string name, title;
    GatheredCourses curves;
  };
  void add(Attack& attack, const std::string& row, std::int64_t training_seed,
           const Tensor& members, const Tensor& others);
  // An attacker's models, kept while the next stage has the same ones.
  struct Held {
    std::string digest;
    std::vector<Shadow> shadows;
  };
  const std::vector<Shadow>& shadows_of(const Stage& stage, ModelRole role, Held& held);

  const Evaluation& evaluation_;
  const StageOutputs& outputs_;
  Tensor edited_rows_, others_;  // undefined where nothing is forgotten, or nothing is like it
  Attack loss_, lira_, ulira_;
  Held trained_, edited_;
};

}  // namespace oubli
