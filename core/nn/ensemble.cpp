#include "core/nn/ensemble.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "core/base/error.h"

namespace oubli {
namespace {

const Ensemble* as_ensemble(const Model& model) {
  return dynamic_cast<const Ensemble*>(&model.network());
}

void require_copy(const Model& model, std::int64_t k) {
  if (k >= 0 && k < copies_in(model)) return;
  throw Error(ErrorKind::kUsage,
              fmt::format("there is no copy {} in a network of {}", k, copies_in(model)));
}

}  // namespace

Network ensemble_of(const Network& one, std::int64_t copies, Joining joining, OutputKind kind) {
  if (copies < 1) throw Error(ErrorKind::kUsage, "an ensemble has one copy or more");
  if (copies == 1) return one;
  auto table = std::make_shared<ParameterTable>();
  for (std::int64_t k = 0; k < copies; ++k) {
    const auto named = [k](const std::string& name) {
      return fmt::format("copies.{}.{}", k, name);
    };
    for (const ParameterInfo& info : one.table->parameters()) {
      table->add(named(info.name), info.shape, info.initialisation, info.fan);
    }
    for (const BufferInfo& info : one.table->buffers()) {
      table->add_buffer(named(info.name), info.initial);
    }
  }
  return {std::make_shared<Ensemble>(one.layers, one.table, copies, joining, kind), table};
}

std::int64_t copies_in(const Model& model) {
  const Ensemble* ensemble = as_ensemble(model);
  return ensemble == nullptr ? 1 : ensemble->copies();
}

Model copy_of(const Model& model, std::int64_t k) {
  require_copy(model, k);
  const Ensemble* ensemble = as_ensemble(model);
  if (ensemble == nullptr) return model.clone();
  Model copy(ensemble->copy(), ensemble->table_of_copy(), model.dtype());
  copy.set_theta(model.theta().narrow(0, k * copy.dim(), copy.dim()));
  const std::size_t buffers = copy.buffers().size();
  for (std::size_t i = 0; i < buffers; ++i) {
    copy.buffers()[i].copy_(model.buffers()[static_cast<std::size_t>(k) * buffers + i]);
  }
  return copy;
}

void set_copy(Model& model, std::int64_t k, const Model& copy) {
  require_copy(model, k);
  const Tensor theta = model.theta().clone();
  theta.narrow(0, k * copy.dim(), copy.dim()).copy_(copy.theta());
  model.set_theta(theta);
  const std::size_t buffers = copy.buffers().size();
  for (std::size_t i = 0; i < buffers; ++i) {
    model.buffers()[static_cast<std::size_t>(k) * buffers + i].copy_(copy.buffers()[i]);
  }
}

}  // namespace oubli
