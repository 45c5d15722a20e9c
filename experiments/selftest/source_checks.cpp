#include "experiments/selftest/source_checks.h"

#include <ATen/ATen.h>

namespace oubli::testing {
namespace {

LoadedData load(const DataSource& source, const SettingsNode& node, const DataFolders& folders) {
  const Settings settings(node);
  const auto loader = source.configure(settings);
  settings.finish();
  return loader(folders);
}

void source_describes_itself(const DataSource& source, const SettingsNode&, const DataFolders&,
                             Findings& findings) {
  const Settings settings = Settings::describing();
  findings.expect(static_cast<bool>(source.configure(settings)), "", "it configures nothing");
  settings.finish();
  findings.expect(!source.summary.empty(), "", "it has no summary");
  for (const SettingsDeclaration& declaration : settings.declarations()) {
    findings.expect(!declaration.doc.empty(), "", "setting " + declaration.key + " has no doc");
  }
}

void is_valid(const DataSource& source, const SettingsNode& node, const DataFolders& folders,
              Findings& findings) {
  const LoadedData loaded = load(source, node, folders);
  const Dataset& dataset = loaded.dataset;
  dataset.validate(source.name);
  findings.expect(dataset.true_targets.defined(), "", "it has no true_targets");
  if (dataset.is_classification()) {
    findings.expect(static_cast<std::int64_t>(dataset.class_names.size()) == dataset.outputs, "",
                    "it has not one name for each class");
  } else {
    findings.expect(dataset.targets.dim() == 2 && dataset.targets.size(1) == dataset.outputs, "",
                    "its targets are not [n, outputs]");
  }
}

void has_disjoint_splits(const DataSource& source, const SettingsNode& node,
                         const DataFolders& folders, Findings& findings) {
  const LoadedData loaded = load(source, node, folders);
  const Splits& splits = loaded.splits;
  Tensors parts{splits.train, splits.validation, splits.test};
  if (loaded.held_out.defined()) parts.push_back(loaded.held_out);
  for (const Tensor& rows : parts) {
    if (!findings.expect(rows.defined() && rows.scalar_type() == at::kLong, "",
                         "a split is not int64 rows")) {
      return;
    }
    findings.expect(rows.equal(std::get<0>(rows.sort())), "", "a split is not sorted");
  }
  findings.expect(splits.train.numel() > 0, "", "there is no training example");
  const Tensor all = at::cat(parts);
  findings.expect(std::get<0>(at::_unique(all)).numel() == all.numel(), "", "the splits overlap");
  findings.expect(all.ge(0).all().item<bool>() && all.lt(loaded.dataset.size()).all().item<bool>(),
                  "", "a split has rows that are not there");
}

void is_the_same_twice(const DataSource& source, const SettingsNode& node,
                       const DataFolders& folders, Findings& findings) {
  const LoadedData first = load(source, node, folders), second = load(source, node, folders);
  findings.expect(first.dataset.content_hash() == second.dataset.content_hash(), "",
                  "its content differs from one time to the next");
  findings.expect(first.splits.train.equal(second.splits.train) &&
                      first.splits.validation.equal(second.splits.validation) &&
                      first.splits.test.equal(second.splits.test),
                  "", "its splits differ from one time to the next");
}

}  // namespace

const std::vector<SourceCheck>& source_checks() {
  static const std::vector<SourceCheck> checks{
      {"DescribesItself", "it says what it is, without data", source_describes_itself},
      {"IsValid", "shapes, types and classes agree and all numbers are finite", is_valid},
      {"HasDisjointSplits", "its splits are sorted and do not overlap", has_disjoint_splits},
      {"IsTheSameTwice", "it is the same twice", is_the_same_twice},
  };
  return checks;
}

}  // namespace oubli::testing
