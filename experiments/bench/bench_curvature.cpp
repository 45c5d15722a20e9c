// Times curvature work on the first images of MNIST, or of a decoder on the first sentences of the
// biographies, one task at a time on request: the counterpart of curvature_peers.py. Reads names of
// tasks from standard input, one a line; runs each once and answers with a line of JSON, so that
// compare_curvature.py can alternate both sides.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>

#include "core/base/memory.h"
#include "core/curvature/fisher_diagonal.h"
#include "core/curvature/gauss_newton.h"
#include "core/curvature/hessian.h"
#include "core/curvature/kfac.h"
#include "core/solve/curvature_solve.h"
#include "experiments/bench/workload.h"

namespace oubli {
namespace {

// A line of the process's status, such as VmHWM, in bytes.
std::int64_t process_memory(const std::string& key) {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;) {
    std::int64_t kilobytes = 0;
    if (word == key + ":" && file >> kilobytes) return kilobytes * 1024;
  }
  throw Error(ErrorKind::kUsage, "this system does not say how much memory a process holds");
}

// By how much memory rose at most while `work` ran.
Json peak_memory(const std::function<void()>& work) {
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak starts from what is held now
  const std::int64_t before = process_memory("VmRSS");
  work();
  return {{"bytes", process_memory("VmHWM") - before}};
}

struct Options {
  std::string data, model = "mlp";
  std::int64_t examples = 10000, batch_size = 500;
  int threads = 2, training_epochs = 2;
  double hessian_damping = 1;
};

// The set, the model and the operators that tasks share.
class Bench {
 public:
  explicit Bench(const Options& options)
      : registries_(builtin_registries()),
        batch_size_(options.batch_size),
        hessian_damping_(options.hessian_damping) {
    Workload work = make_workload(registries_, options.model, options.data);
    const std::int64_t examples = std::min(options.examples, work.train.numel());
    subset_ = {work.dataset, work.train.narrow(0, 0, examples), {}};
    model_ = std::move(work.model);
    optimizer_ = work.optimizer;
    if (options.training_epochs > 0) train_a_little(options.training_epochs);
    v_ = Generator(1).normal({model_->dim(), 8}, at::kDouble);
    add_tasks();
  }

  // Runs a task: its seconds by the clock and of the processor, without what only prepares it, and
  // what it says of itself.
  Json run(const std::string& name) {
    const auto task = tasks_.find(name);
    if (task == tasks_.end()) throw Error(ErrorKind::kUsage, "no task is named " + name);
    const Work work = task->second();
    const std::clock_t processor = std::clock();
    const auto start = std::chrono::steady_clock::now();
    const Json details = work();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    Json answer = {
        {"task", name},
        {"seconds", seconds.count()},
        {"processor_seconds", static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC}};
    answer.update(details);
    return answer;
  }

 private:
  using Work = std::function<Json()>;

  // So that curvature is that of a model somebody would ask about.
  void train_a_little(int epochs) {
    TrainingRecipe recipe;
    recipe.objective = objective_;
    recipe.optimizer = optimizer_;
    recipe.epochs = epochs;
    Context context(0);
    train(*model_, subset_, recipe, context);
    gradient_ = value_and_gradient(*model_, subset_, objective_, cost_).gradient;
  }

  template <typename Operator>
  void add_products(const std::string& name) {
    tasks_[name + "_kept"] = [this, name]() -> Work {
      OperatorPtr& kept = kept_[name];
      if (!kept) {
        kept_.clear();  // one at a time: what is kept is memory
        kept_[name] = std::make_shared<Operator>(*model_, subset_, objective_, cost_,
                                                 DataOperatorOptions{batch_size_, 8LL << 30});
        kept_[name]->apply(v_.narrow(1, 0, 1));
      }
      return [this, name]() -> Json {
        kept_[name]->apply(v_.narrow(1, 0, 1));
        return Json::object();
      };
    };
    add(name + "_streamed_8", [this] {
      Operator(*model_, subset_, objective_, cost_, {batch_size_, 0}).apply(v_);
    });
  }

  // A task that has nothing to prepare and nothing to say.
  void add(const std::string& name, const std::function<void()>& work) {
    tasks_[name] = [work]() -> Work {
      return [work] {
        work();
        return Json::object();
      };
    };
  }

  // Conjugate gradients from the linearisation to the last product.
  void add_solve(const std::string& name, CurvatureKind kind, double damping,
                 const std::string& preconditioner, const SolverLimits& limits,
                 std::int64_t rank = 50) {
    tasks_[name] = [=, this]() -> Work {
      return [=, this]() -> Json {
        Context context(1);
        const CurvatureSolveSettings settings{
            .curvature = {.kind = kind},
            .damping = damping,
            .limits = limits,
            .on_negative_curvature = NegativeCurvaturePolicy::kTruncate,
            .preconditioner = preconditioner,
            .preconditioner_rank = rank};
        const SolveReport report =
            solve_curvature(settings, *model_, subset_, {objective_.loss, 0}, gradient_, context)
                .report;
        return {
            {"damping", damping},
            {"iterations", report.iterations},
            {"status", to_string(report.status)},
            {"relative_residual", report.relative_residual},
            {"sample_gradients", report.sample_gradients / static_cast<double>(subset_.size())}};
      };
    };
  }

  void add_tasks() {
    add("gradient",
        [this] { value_and_gradient(*model_, subset_, objective_, cost_, batch_size_); });
    add_products<Hessian>("hessian");
    add_products<GaussNewton>("ggn");
    for (const auto& [name, targets] : {std::pair{"fisher_empirical", FisherTargets::kEmpirical},
                                        std::pair{"fisher_expected", FisherTargets::kExpected}}) {
      add(name, [this, targets = targets] {
        fisher_diagonal(targets, *model_, subset_, objective_, cost_, {.batch_size = batch_size_});
      });
    }
    add("kfac", [this] {
      const KroneckerOptions one_draw{
          .targets = FisherTargets::kDrawn, .batch_size = batch_size_, .draws = 1};
      Kfac(*model_, subset_, objective_, cost_, one_draw).factored_inverse(1e-3);
    });
    add_solve("cg_20_ggn", CurvatureKind::kGgn, 1e-3, "none", {1e-12, 20});
    // Damped past the Hessian's negative eigenvalues, at which the solve would rightly end.
    add_solve("cg_20_hessian", CurvatureKind::kHessian, hessian_damping_, "none", {1e-12, 20});
    // The most memory that the process held, in bytes; one such task for each process.
    tasks_["memory_gradient_of_one_batch"] = [this]() -> Work {
      const Subset one = subset_.with_rows(subset_.rows.narrow(0, 0, batch_size_));
      return [this, one] {
        return peak_memory(
            [&] { value_and_gradient(*model_, one, objective_, cost_, batch_size_); });
      };
    };
    for (const auto& [name, kind] :
         {std::pair{"hessian", CurvatureKind::kHessian}, std::pair{"ggn", CurvatureKind::kGgn}}) {
      tasks_[std::string("memory_") + name + "_streamed"] = [this, kind = kind]() -> Work {
        return [this, kind] {
          const OperatorPtr matrix =
              make_curvature({.kind = kind, .data = {batch_size_, 0}}, *model_, subset_, objective_,
                             cost_, Generator(0));
          const Tensor v = v_.narrow(1, 0, 1).contiguous();
          return peak_memory([&] { matrix->apply(v); });
        };
      };
    }
    for (const std::string preconditioner : {"none", "jacobi", "nystroem", "kfac", "ekfac"}) {
      add_solve("cg_to_1e-6_" + preconditioner, CurvatureKind::kGgn, 1e-3, preconditioner,
                {1e-6, 2000});
    }
    for (const std::int64_t rank : {100, 200}) {
      add_solve(fmt::format("cg_to_1e-6_nystroem_{}", rank), CurvatureKind::kGgn, 1e-3, "nystroem",
                {1e-6, 2000}, rank);
    }
  }

  Registries registries_;
  std::int64_t batch_size_;
  double hessian_damping_;
  Subset subset_;
  std::unique_ptr<Model> model_;
  OptimizerSettings optimizer_;
  Objective objective_{LossKind::kCrossEntropy, 1e-3};
  CostMeter cost_;
  Tensor v_, gradient_;
  std::map<std::string, OperatorPtr> kept_;
  std::map<std::string, std::function<Work()>> tasks_;
};

}  // namespace
}  // namespace oubli

int main(int argc, char** argv) {
  oubli::Options options;
  CLI::App app("Times curvature work; names of tasks come from standard input");
  app.add_option("--data", options.data, "folder of data sets")->required();
  app.add_option("--model", options.model)
      ->check(CLI::IsMember({"logistic", "mlp", "lenet5", "gpt"}));
  app.add_option("--examples", options.examples)->check(CLI::Range(1, 60000));
  app.add_option("--batch-size", options.batch_size)->check(CLI::PositiveNumber);
  app.add_option("--threads", options.threads)->check(CLI::PositiveNumber);
  app.add_option("--hessian-damping", options.hessian_damping, "of cg_20_hessian")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--training-epochs", options.training_epochs,
                 "0 to measure memory: training leaves freed memory behind")
      ->check(CLI::NonNegativeNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    if (options.training_epochs > 0) oubli::keep_freed_memory();
    at::set_num_threads(options.threads);
    oubli::Bench bench(options);
    for (std::string name; std::getline(std::cin, name);) {
      fmt::print("{}\n", bench.run(name).dump());
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_curvature: {}\n", error.what());
    return 2;
  }
  return 0;
}
