#include "core/solve/inverse_operator.h"

#include <fmt/format.h>

namespace oubli {
namespace {

class InverseOperator : public LinearOperator {
 public:
  InverseOperator(OperatorPtr matrix, std::shared_ptr<const Solver> solver,
                  OperatorPtr preconditioner, const Generator& generator,
                  std::function<void(const SolveReport&)> observe)
      : matrix_(std::move(matrix)),
        solver_(std::move(solver)),
        preconditioner_(std::move(preconditioner)),
        generator_(generator),
        observe_(std::move(observe)) {}
  std::int64_t dim() const override { return matrix_->dim(); }
  Tensor apply(const Tensor& v) const override {
    Solution solution = solver_->solve({*matrix_, v, preconditioner_.get(), &generator_});
    if (observe_) observe_(solution.report);
    if (solution.report.status != SolveStatus::kConverged) {
      throw Error(ErrorKind::kNumerics,
                  fmt::format("a product with the inverse of {} did not converge: {}: {}",
                              matrix_->describe(), to_string(solution.report.status),
                              solution.report.message));
    }
    return std::move(solution.x);
  }
  std::string describe() const override {
    return fmt::format("the inverse of {}", matrix_->describe());
  }

 private:
  OperatorPtr matrix_;
  std::shared_ptr<const Solver> solver_;
  OperatorPtr preconditioner_;
  Generator generator_;
  std::function<void(const SolveReport&)> observe_;
};

}  // namespace

OperatorPtr inverse_by(OperatorPtr matrix, std::shared_ptr<const Solver> solver,
                       OperatorPtr preconditioner, const Generator& generator,
                       std::function<void(const SolveReport&)> observe) {
  return std::make_shared<InverseOperator>(std::move(matrix), std::move(solver),
                                           std::move(preconditioner), generator,
                                           std::move(observe));
}

}  // namespace oubli
