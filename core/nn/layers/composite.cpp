#include "core/nn/layers/composite.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/nn/linearisation.h"

namespace oubli {
namespace {

using LinearisationPtr = std::unique_ptr<LayerLinearisation>;

class LinearisedSequential : public LayerLinearisation {
 public:
  LinearisedSequential(const std::vector<LayerPtr>& layers, const Tensor& input,
                       ForwardPass& pass) {
    output_ = input;
    bool parameters = false;
    for (const LayerPtr& layer : layers) {
      steps_.push_back({layer->linearise(output_, pass), parameters});
      output_ = steps_.back().layer->output();
      parameters = parameters || steps_.back().layer->has_parameters();
    }
  }

  Tensor tangent(const Tensor& dx, const Tensors& v, bool keep) override {
    Tensor value = dx;
    for (const Step& step : steps_) value = step.layer->tangent(value, v, keep);
    return value;
  }

  Tensor adjoint(const Tensor& g, const Adjoint& request) override {
    Tensor value = g;
    for (std::size_t i = steps_.size(); i-- > 0;) {
      Adjoint here = request;
      here.input = request.input || steps_[i].needed;
      value = steps_[i].layer->adjoint(value, here);
    }
    return value;
  }

  Tensor adjoint_tangent(const Tensor& dg, const Tensors& v, Tensors& sums, bool input) override {
    Tensor value = dg;
    for (std::size_t i = steps_.size(); i-- > 0;) {
      value = steps_[i].layer->adjoint_tangent(value, v, sums, input || steps_[i].needed);
    }
    return value;
  }

  void visit(const Visitor& visit) override {
    for (const Step& step : steps_) step.layer->visit(visit);
  }
  void list_kept(Tensors& kept) const override {
    for (const Step& step : steps_) step.layer->list_kept(kept);
  }

 private:
  struct Step {
    LinearisationPtr layer;
    bool needed;  // whether a layer before it has parameters that wait for a gradient
  };
  std::vector<Step> steps_;
};

class LinearisedResidual : public LayerLinearisation {
 public:
  LinearisedResidual(LinearisationPtr body, LinearisationPtr shortcut, const Tensor& input)
      : LayerLinearisation(at::relu(body->output() + (shortcut ? shortcut->output() : input))),
        body_(std::move(body)),
        shortcut_(std::move(shortcut)) {}

  Tensor tangent(const Tensor& dx, const Tensors& v, bool keep) override {
    Tensor sum = body_->tangent(dx, v, keep);
    add_defined(sum, shortcut_ ? shortcut_->tangent(dx, v, keep) : dx);
    return passed(sum);
  }

  Tensor adjoint(const Tensor& g, const Adjoint& request) override {
    const Tensor inner = passed(g);
    Tensor sum = body_->adjoint(inner, request);
    const Tensor direct = shortcut_ ? shortcut_->adjoint(inner, request) : inner;
    if (!request.input) return {};
    add_defined(sum, direct);
    return sum;
  }

  Tensor adjoint_tangent(const Tensor& dg, const Tensors& v, Tensors& sums, bool input) override {
    const Tensor inner = passed(dg);
    Tensor sum = body_->adjoint_tangent(inner, v, sums, input);
    const Tensor direct = shortcut_ ? shortcut_->adjoint_tangent(inner, v, sums, input) : inner;
    if (!input) return {};
    add_defined(sum, direct);
    return sum;
  }

  void visit(const Visitor& visit) override {
    body_->visit(visit);
    if (shortcut_) shortcut_->visit(visit);
  }
  void list_kept(Tensors& kept) const override {
    body_->list_kept(kept);
    if (shortcut_) shortcut_->list_kept(kept);
    kept.push_back(output_);
  }

 private:
  Tensor passed(const Tensor& t) const {
    return t.defined() ? at::threshold_backward(t, output_, 0) : Tensor();
  }
  LinearisationPtr body_, shortcut_;
};

}  // namespace

Sequential& Sequential::add(LayerPtr layer) {
  layers_.push_back(std::move(layer));
  return *this;
}

Tensor Sequential::forward(const Tensor& input, ForwardPass& pass) const {
  Tensor value = input;
  for (const LayerPtr& layer : layers_) value = layer->forward(value, pass);
  return value;
}

std::unique_ptr<LayerLinearisation> Sequential::linearise(const Tensor& input,
                                                          ForwardPass& pass) const {
  return std::make_unique<LinearisedSequential>(layers_, input, pass);
}

bool Sequential::trains_by_rule() const {
  return std::all_of(layers_.begin(), layers_.end(),
                     [](const LayerPtr& layer) { return layer->trains_by_rule(); });
}

Residual::Residual(LayerPtr body, LayerPtr shortcut)
    : body_(std::move(body)), shortcut_(std::move(shortcut)) {}

Tensor Residual::forward(const Tensor& input, ForwardPass& pass) const {
  const Tensor direct = shortcut_ ? shortcut_->forward(input, pass) : input;
  return at::relu(body_->forward(input, pass) + direct);
}

std::unique_ptr<LayerLinearisation> Residual::linearise(const Tensor& input,
                                                        ForwardPass& pass) const {
  auto body = body_->linearise(input, pass);
  auto shortcut = shortcut_ ? shortcut_->linearise(input, pass) : nullptr;
  return std::make_unique<LinearisedResidual>(std::move(body), std::move(shortcut), input);
}

bool Residual::trains_by_rule() const {
  return body_->trains_by_rule() && (!shortcut_ || shortcut_->trains_by_rule());
}

}  // namespace oubli
