// What else a linear memory is asked: the second moments of its keys over a text,
//
//   S = sum k k'   over the positions of the text where something comes next,   C0 = S / positions
//
// What an editor is to leave alone. Published editors take them from 100,000 tokens of Wikipedia;
// here they are those of what remains of the training set, and an argument: nothing is kept between
// edits but what the state of a sequence holds, which is the first request's moments.
//
// float64, evaluation mode, weighted by the subset's sample weights. Cost: a forward pass for each
// example.
#pragma once

#include <string>
#include <vector>

#include "core/base/settings.h"
#include "core/unlearn/linear_memory.h"
#include "core/unlearn/task.h"

namespace oubli {

struct KeyMoments {
  Tensor sum;            // S, float64 [in, in]
  double positions = 0;  // weighted

  // C0 + ridge mean(diag C0) I.
  Tensor mean(double ridge = 0) const;
};

// Reads `ridge`.
double read_ridge(const Settings& settings);

// One for each memory. Error(kTask) for an empty text.
std::vector<KeyMoments> key_moments(const Model& model, const std::vector<LinearMemory>& memories,
                                    const Subset& text, CostMeter& cost);

// Of what remains without what is added; or, at a later request of a sequence, those of the first.
std::vector<KeyMoments> moments_of_task(const Model& model,
                                        const std::vector<LinearMemory>& memories, const Task& task,
                                        CostMeter& cost);

// The state that moments_of_task reads; and SHA-256 of the moments, for the report.
MethodState state_of(const std::vector<KeyMoments>& moments,
                     const std::vector<LinearMemory>& memories);
std::string checksum(const std::vector<KeyMoments>& moments);

}  // namespace oubli
