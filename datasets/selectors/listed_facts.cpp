#include "datasets/selectors/listed_facts.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.h"
#include "datasets/faults.h"
#include "datasets/language/fact_rows.h"
#include "datasets/language/fact_texts.h"

namespace oubli {
namespace {

// Reads line after line, and gathers what is wrong with them.
class ListedFacts {
 public:
  ListedFacts(const Dataset& dataset, const Tensor& train, const std::vector<std::int64_t>& facts,
              const WantedFacts& wanted)
      : dataset_(dataset),
        facts_(facts),
        wanted_(wanted),
        index_(dataset),
        present_(present_objects(dataset, train)) {}

  // Subject, relation and, where it is said, the new object.
  void read(const std::vector<CsvField>& row) {
    try {
      const std::int64_t fact = fact_of(row);
      if (row.size() > 2) objects_.push_back(object_of(row, fact));
      numbers_.push_back(fact);
    } catch (const Error& error) {
      faults_.emplace_back(error.what());
    }
  }

  ChosenFacts take() {
    if (!faults_.empty()) throw Error(ErrorKind::kTask, all_faults(faults_));
    return {at::tensor(numbers_, at::kLong), std::move(objects_)};
  }

 private:
  Origin origin_of(const CsvField& field) const {
    return {wanted_.file.path.string(), field.line, field.column};
  }
  std::int32_t level(const char* name, const CsvField& field) const {
    return required_level(dataset_, name, field.text, origin_of(field));
  }

  std::int64_t fact_of(const std::vector<CsvField>& row) const {
    const std::int64_t fact =
        index_.find(level(FactColumns::kSubject, row[0]), level(FactColumns::kRelation, row[1]));
    if (!std::binary_search(facts_.begin(), facts_.end(), fact)) {
      fail_task(origin_of(row[0]), fmt::format("training sees no such sentence about the {} of {} "
                                               "now.",
                                               clipped(row[1].text), quote(row[0].text)));
    }
    if (std::find(numbers_.begin(), numbers_.end(), fact) != numbers_.end()) {
      fail_task(origin_of(row[0]), "this fact stands in the file twice.");
    }
    return fact;
  }

  std::int32_t object_of(const std::vector<CsvField>& row, std::int64_t fact) const {
    const std::int32_t object = level(FactColumns::kObject, row[2]);
    if (object == present_[static_cast<std::size_t>(fact)]) {
      fail_task(origin_of(row[2]),
                fmt::format("{} is what training sees already.", quote(row[2].text)));
    }
    return object;
  }

  const Dataset& dataset_;
  const std::vector<std::int64_t>& facts_;
  const WantedFacts& wanted_;
  FactIndex index_;
  std::vector<std::int32_t> present_;  // objects, by fact
  std::vector<std::int64_t> numbers_;
  std::vector<std::int32_t> objects_;
  std::vector<std::string> faults_;
};

}  // namespace

ChosenFacts facts_of_file(const Dataset& dataset, const Tensor& train,
                          const std::vector<std::int64_t>& facts, const WantedFacts& wanted,
                          bool says_objects) {
  std::vector<std::string> names = {FactColumns::kSubject, FactColumns::kRelation};
  if (says_objects) names.emplace_back(FactColumns::kObject);
  ListedFacts listed(dataset, train, facts, wanted);
  read_named_columns(wanted.file, names,
                     [&](const std::vector<CsvField>& row) { listed.read(row); });
  return listed.take();
}

}  // namespace oubli
