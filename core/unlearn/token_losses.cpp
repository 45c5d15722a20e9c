#include "core/unlearn/token_losses.h"

#include <ATen/ATen.h>

namespace oubli {

Tensor token_losses(const Tensor& outputs, const Tensor& targets) {
  const Tensor labels = targets.clamp_min(0).unsqueeze(2);
  const Tensor losses = outputs.log_softmax(2).gather(2, labels).squeeze(2).neg();
  return at::where(targets.ge(0), losses, at::zeros({}, losses.options()));
}

AskedTokens read_asked_tokens(const Settings& settings, AskedTokens default_value) {
  const bool all =
      settings.choice("tokens",
                      {.default_value = default_value == AskedTokens::kAll ? "all" : "answers",
                       .valid = {"answers", "all"},
                       .doc = "of the forget set that the loss looks at: "
                              "those of the answers, or all"}) == "all";
  return all ? AskedTokens::kAll : AskedTokens::kAnswers;
}

Tensor asked_tokens(AskedTokens asked, const Dataset& data, const Batch& batch) {
  const Tensor is_asked =
      asked == AskedTokens::kAll ? batch.targets.ge(0) : data.sequences.answers(batch.rows);
  return is_asked.to(batch.inputs.scalar_type());
}

Tensor mean_of_asked(const Tensor& values, const Tensor& asked) {
  return (values * asked).sum(1) / asked.sum(1).clamp_min(1);
}

Tensor sequence_losses(const Tensor& outputs, AskedTokens asked, const Dataset& data,
                       const Batch& batch) {
  return (token_losses(outputs, batch.targets) * asked_tokens(asked, data, batch)).sum(1);
}

Tensor mean_token_losses(const Tensor& outputs, AskedTokens asked, const Dataset& data,
                         const Batch& batch) {
  return mean_of_asked(token_losses(outputs, batch.targets), asked_tokens(asked, data, batch));
}

}  // namespace oubli
