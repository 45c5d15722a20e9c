#include "core/unlearn/key_moments.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/nn/second_moments.h"
#include "core/train/objective.h"

namespace oubli {
namespace {

std::string name_of(const LinearMemory& memory) {
  return fmt::format("moments of layer {}", memory.layer);
}

}  // namespace

Tensor KeyMoments::mean(double ridge) const {
  Tensor c = sum / positions;
  const double level = c.diagonal().mean().item<double>();
  c.diagonal().add_(ridge * level);
  return c;
}

double read_ridge(const Settings& settings) {
  return settings.real("ridge", {.default_value = 1e-4,
                                 .at_least = 0,
                                 .doc = "added to C0, over its mean diagonal: directions that the "
                                        "text hardly uses are not free"});
}

std::vector<KeyMoments> key_moments(const Model& model, const std::vector<LinearMemory>& memories,
                                    const Subset& text, CostMeter& cost) {
  if (text.empty()) {
    throw Error(ErrorKind::kTask,
                "nothing remains beside what is edited: what an edit is to leave alone is measured "
                "on it");
  }
  const at::NoGradGuard no_grad;
  std::vector<KeyMoments> moments;
  moments.reserve(memories.size());
  for (const LinearMemory& memory : memories) {
    moments.push_back({at::zeros({memory.in, memory.in}, at::kDouble), 0});
  }
  for (std::int64_t begin = 0; begin < text.size(); begin += kEvaluationBatch) {
    const Batch batch = text.batch(begin, kEvaluationBatch, model.dtype());
    Tensor weights = batch.targets.ge(0).to(at::kDouble);  // of each position
    if (batch.weights.defined()) weights = weights * batch.weights.to(at::kDouble).unsqueeze(1);
    const double total = weights.sum().item<double>();
    weights = weights.sqrt().unsqueeze(2);
    model.forward(batch.inputs, [&](std::size_t weight, const Tensor& input, const Tensor& output) {
      for (std::size_t m = 0; m < memories.size(); ++m) {
        if (weight != memories[m].weight) continue;
        const Tensor keys = (input.to(at::kDouble) * weights).reshape({-1, memories[m].in});
        add_lower_moment(keys, moments[m].sum);
        moments[m].positions += total;
      }
      return output;
    });
    cost.add_forwards(batch.size());
  }
  for (KeyMoments& each : moments) each.sum = from_lower(each.sum);
  return moments;
}

std::vector<KeyMoments> moments_of_task(const Model& model,
                                        const std::vector<LinearMemory>& memories, const Task& task,
                                        CostMeter& cost) {
  if (!task.state) {
    return key_moments(model, memories, task.retain.without(task.added), cost);
  }
  std::vector<KeyMoments> moments;
  moments.reserve(memories.size());
  for (const LinearMemory& memory : memories) {
    moments.push_back(
        {task.state->tensor(name_of(memory)), task.state->values.at("positions").get<double>()});
  }
  return moments;
}

MethodState state_of(const std::vector<KeyMoments>& moments,
                     const std::vector<LinearMemory>& memories) {
  MethodState state;
  for (std::size_t m = 0; m < memories.size(); ++m) {
    state.values["positions"] = moments[m].positions;
    state.tensors.emplace_back(name_of(memories[m]), moments[m].sum);
  }
  return state;
}

std::string checksum(const std::vector<KeyMoments>& moments) {
  Hasher hasher;
  for (const KeyMoments& each : moments) {
    hasher.add(each.sum);
    hasher.add(fmt::format("/{:a}", each.positions));
  }
  return hasher.hex();
}

}  // namespace oubli
