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
  LinearisedResidual(LinearisationPtr body, LinearisationPtr shortcut, const Tensor& input,
                     AfterSum after)
      : LayerLinearisation(body->output() + (shortcut ? shortcut->output() : input)),
        body_(std::move(body)),
        shortcut_(std::move(shortcut)),
        after_(after) {
    if (after_ == AfterSum::kRelu) output_ = at::relu(output_);
  }

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
    if (after_ == AfterSum::kNothing || !t.defined()) return t;
    return at::threshold_backward(t, output_, 0);
  }
  LinearisationPtr body_, shortcut_;
  AfterSum after_;
};

class LinearisedBranches : public LayerLinearisation {
 public:
  explicit LinearisedBranches(std::vector<LinearisationPtr> branches)
      : branches_(std::move(branches)) {
    Tensors outputs;
    for (const LinearisationPtr& branch : branches_) {
      offsets_.push_back(offsets_.empty() ? 0 : offsets_.back() + outputs.back().size(1));
      outputs.push_back(branch->output());
    }
    output_ = at::cat(outputs, 1);
  }

  Tensor tangent(const Tensor& dx, const Tensors& v, bool keep) override {
    Tensors parts;
    bool any = false;
    for (const LinearisationPtr& branch : branches_) {
      parts.push_back(branch->tangent(dx, v, keep));
      any = any || parts.back().defined();
    }
    if (!any) return {};
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (!parts[i].defined()) parts[i] = at::zeros_like(branches_[i]->output());
    }
    return at::cat(parts, 1);
  }

  Tensor adjoint(const Tensor& g, const Adjoint& request) override {
    Tensor sum;
    for (std::size_t i = 0; i < branches_.size(); ++i) {
      add_defined(sum, branches_[i]->adjoint(part(g, i), request));
    }
    return request.input ? sum : Tensor();
  }

  Tensor adjoint_tangent(const Tensor& dg, const Tensors& v, Tensors& sums, bool input) override {
    Tensor sum;
    for (std::size_t i = 0; i < branches_.size(); ++i) {
      add_defined(sum, branches_[i]->adjoint_tangent(part(dg, i), v, sums, input));
    }
    return input ? sum : Tensor();
  }

  void visit(const Visitor& visit) override {
    for (const LinearisationPtr& branch : branches_) branch->visit(visit);
  }
  void list_kept(Tensors& kept) const override {
    for (const LinearisationPtr& branch : branches_) branch->list_kept(kept);
    kept.push_back(output_);
  }

 private:
  // A branch's own channels of a gradient.
  Tensor part(const Tensor& g, std::size_t i) const {
    return g.defined() ? g.narrow(1, offsets_[i], branches_[i]->output().size(1)).contiguous()
                       : Tensor();
  }
  std::vector<LinearisationPtr> branches_;
  std::vector<std::int64_t> offsets_;
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

Residual::Residual(LayerPtr body, LayerPtr shortcut, AfterSum after)
    : body_(std::move(body)), shortcut_(std::move(shortcut)), after_(after) {}

Tensor Residual::forward(const Tensor& input, ForwardPass& pass) const {
  const Tensor direct = shortcut_ ? shortcut_->forward(input, pass) : input;
  const Tensor sum = body_->forward(input, pass) + direct;
  return after_ == AfterSum::kRelu ? at::relu(sum) : sum;
}

std::unique_ptr<LayerLinearisation> Residual::linearise(const Tensor& input,
                                                        ForwardPass& pass) const {
  auto body = body_->linearise(input, pass);
  auto shortcut = shortcut_ ? shortcut_->linearise(input, pass) : nullptr;
  return std::make_unique<LinearisedResidual>(std::move(body), std::move(shortcut), input, after_);
}

bool Residual::trains_by_rule() const {
  return body_->trains_by_rule() && (!shortcut_ || shortcut_->trains_by_rule());
}

Tensor Branches::forward(const Tensor& input, ForwardPass& pass) const {
  Tensors outputs;
  for (const LayerPtr& branch : branches_) outputs.push_back(branch->forward(input, pass));
  return at::cat(outputs, 1);
}

std::unique_ptr<LayerLinearisation> Branches::linearise(const Tensor& input,
                                                        ForwardPass& pass) const {
  std::vector<LinearisationPtr> linearised;
  for (const LayerPtr& branch : branches_) linearised.push_back(branch->linearise(input, pass));
  return std::make_unique<LinearisedBranches>(std::move(linearised));
}

bool Branches::trains_by_rule() const {
  return std::all_of(branches_.begin(), branches_.end(),
                     [](const LayerPtr& branch) { return branch->trains_by_rule(); });
}

}  // namespace oubli
