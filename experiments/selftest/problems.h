// Small problems with known answers, in float64 unless another type is asked for.
#pragma once

#include <memory>

#include "core/nn/architectures/architecture.h"
#include "core/unlearn/task.h"

namespace oubli::testing {

// A data set of Gaussian inputs: n examples, d features; classes drawn from a softmax of a random
// linear map, or, with classes 0, a linear regression with noise.
std::shared_ptr<const Dataset> make_dataset(std::int64_t n, std::int64_t d, std::int64_t classes,
                                            std::uint64_t seed = 0);

// The same with inputs as square images [n, channels, side, side] of the given type.
std::shared_ptr<const Dataset> make_images(std::int64_t n, std::int64_t channels, std::int64_t side,
                                           std::int64_t classes, std::uint64_t seed = 0,
                                           at::ScalarType dtype = at::kDouble);

// Sixty sentences: five people, two facts of each, each in six wordings one after another.
std::shared_ptr<const Dataset> make_sentences();

Subset all_of(const std::shared_ptr<const Dataset>& dataset);

// The network of the architecture that fits the data set; settings as YAML.
Network make_network(const std::string& architecture, const std::string& settings,
                     const Dataset& dataset);

// A model of it, with parameters drawn.
Model make_model(const std::string& architecture, const std::string& settings,
                 const Dataset& dataset, std::uint64_t seed = 0,
                 at::ScalarType dtype = at::kDouble);

// Remove the first `forget` examples of the data set. The recipe is L-BFGS to 1e-12.
Task removal_task(const std::shared_ptr<const Dataset>& dataset, std::int64_t forget, double l2);

// Remove every example of a class.
Task class_removal_task(const std::shared_ptr<const Dataset>& dataset, std::int64_t label,
                        double l2);

}  // namespace oubli::testing
