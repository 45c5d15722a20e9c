// Selectors that spoil what they choose: backdoor, noisy, biased.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "datasets/selection.h"
#include "datasets/source.h"
#include "tests/support/files.h"

namespace oubli {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::settings_from;

class Corruption : public ::testing::Test {
 protected:
  void load(const std::string& source, const Json& settings = Json::object()) {
    loaded_ = builtin_datasets().find(source).configure(settings_from(settings))({});
  }
  Selection select(const Json& json, std::uint64_t seed = 0) const {
    const Settings settings = settings_from(json, "e.yaml");
    const Selector selector = configure_selection(settings);
    settings.finish();
    return selector(loaded_.dataset, loaded_.splits, Generator(seed));
  }
  std::string task_error(const Json& json) const {
    const std::string message = error_of(ErrorKind::kTask, [&] { select(json); });
    EXPECT_THAT(message, HasSubstr("e.yaml:1:1: "));
    return message;
  }
  Tensor labels(const Tensor& rows) const { return loaded_.dataset.targets.index_select(0, rows); }
  Tensor inputs(const Tensor& rows) const { return loaded_.dataset.inputs.index_select(0, rows); }
  std::int64_t train_rows_not_of(std::int64_t number) const {
    return labels(loaded_.splits.train).ne(number).sum().item<std::int64_t>();
  }

  LoadedData loaded_;
};

TEST_F(Corruption, ABackdoorIsAPatchAndAWrongLabel) {
  load("digits");
  const Selection selection = select({{"backdoor", {{"fraction", 0.1}, {"target", 3}}}});
  EXPECT_EQ(selection.rows.numel(), std::llround(0.1 * static_cast<double>(train_rows_not_of(3))));
  EXPECT_TRUE(labels(selection.rows).ne(3).all().item<bool>()) << "every label there is wrong";
  const Dataset spoilt = corrupted(loaded_.dataset, selection);
  EXPECT_NO_THROW(spoilt.validate("test"));
  EXPECT_TRUE(spoilt.targets.index_select(0, selection.rows).eq(3).all().item<bool>());
  EXPECT_TRUE(spoilt.true_targets.equal(loaded_.dataset.targets));
  // Pixels of digits are from 0 to 16: the patch is white, and all else is what it was.
  const Tensor changed = spoilt.inputs.index_select(0, selection.rows);
  EXPECT_TRUE(changed.narrow(2, 6, 2).narrow(3, 6, 2).eq(16).all().item<bool>());
  Tensor restored = changed.clone();
  restored.narrow(2, 6, 2).narrow(3, 6, 2).copy_(
      inputs(selection.rows).narrow(2, 6, 2).narrow(3, 6, 2));
  EXPECT_TRUE(restored.equal(inputs(selection.rows)));
  const Tensor others = rows_difference(at::arange(1797), selection.rows);
  EXPECT_TRUE(spoilt.inputs.index_select(0, others).equal(inputs(others)));
  EXPECT_TRUE(spoilt.targets.index_select(0, others).equal(labels(others)));
}

TEST_F(Corruption, TheTriggerIsPutOnTestExamplesOfOtherClasses) {
  load("digits");
  const Json patch = {
      {"count", 5}, {"target", "3"}, {"size", 1}, {"position", {0, 7}}, {"value", 0.5}};
  const Selection selection = select({{"backdoor", patch}});
  const Traces& traces = *selection.traces;
  EXPECT_EQ(traces.target, 3);
  const Tensor& test = loaded_.splits.test;
  EXPECT_TRUE(traces.triggered_rows.equal(test.index({labels(test).ne(3)})));
  EXPECT_TRUE(traces.triggered_inputs.select(2, 0).select(2, 7).eq(8).all().item<bool>());
  Dataset data = loaded_.dataset;
  const Tensor rows = append_copies(data, traces.triggered_rows, traces.triggered_inputs);
  EXPECT_NO_THROW(data.validate("test"));
  EXPECT_TRUE(rows.equal(at::arange(1797, data.size())));
  EXPECT_TRUE(data.targets.index_select(0, rows).equal(labels(traces.triggered_rows)));
  EXPECT_TRUE(data.inputs.narrow(0, 0, 1797).equal(loaded_.dataset.inputs));
}

TEST_F(Corruption, CopiesOfRowsKeepWhatIsKnownOfThem) {
  load("two_groups", {{"examples", 20}, {"test_examples", 10}});
  Dataset data = loaded_.dataset;
  data.first_seen = at::arange(30).to(at::kDouble) / 30;
  const Tensor of = at::tensor({3, 28}, at::kLong);
  append_copies(data, of, inputs(of));
  EXPECT_EQ(data.size(), 32);
  EXPECT_EQ(data.columns.at("group").text(31), data.columns.at("group").text(28));
  EXPECT_EQ(data.columns.at("group").text(30), data.columns.at("group").text(3));
  EXPECT_TRUE(data.first_seen.narrow(0, 30, 2).equal(data.first_seen.index_select(0, of)));
}

TEST_F(Corruption, APatchThatCannotBeIsAnErrorWhereItIsWritten) {
  load("digits");
  const auto error = [&](Json patch) {
    patch.update({{"count", 5}, {"target", patch.value("target", Json(3))}});
    return task_error({{"backdoor", patch}});
  };
  EXPECT_THAT(error({{"size", 9}}),
              HasSubstr("a patch of 9 by 9 pixels does not fit into pictures of 8 by 8"));
  EXPECT_THAT(error({{"position", {7, 0}}}), HasSubstr("at row 7, column 0 does not fit"));
  EXPECT_THAT(error({{"value", 1.5}}), HasSubstr("from 0 (black) to 1 (white)"));
  EXPECT_THAT(error({{"value", -1}}), HasSubstr("from 0 (black) to 1 (white)"));
  EXPECT_THAT(error({{"target", 10}}), HasSubstr("has classes 0 to 9"));
  EXPECT_THAT(error({{"target", "thre"}}), HasSubstr("unknown class 'thre'"));
  const std::string place = error_of(ErrorKind::kSettings, [&] {
    select({{"backdoor", {{"count", 5}, {"target", 3}, {"position", "middle"}}}});
  });
  EXPECT_THAT(place, HasSubstr("bottom_right) or [row, column]"));
  load("gaussian_classes");
  EXPECT_THAT(task_error({{"backdoor", {{"count", 5}, {"target", 1}}}}), HasSubstr("no picture"));
}

TEST_F(Corruption, NoiseIsAsLargeAsItSays) {
  load("two_groups", {{"examples", 8000}});
  const Selection selection = select({{"noisy", {{"fraction", 0.5}, {"deviation", 2}}}});
  EXPECT_FALSE(selection.wrong_labels.defined());
  const Tensor noise = (selection.wrong_inputs - inputs(selection.rows)).to(at::kDouble);
  const Tensor own = inputs(loaded_.splits.train).to(at::kDouble).std({0}, false);
  // 3,600 rows: a deviation's standard error is 1 / sqrt(2 n) of it, 1.2 %; five of them.
  const Tensor ratio = noise.std({0}, false) / (2 * own);
  EXPECT_LT((ratio - 1).abs().max().item<double>(), 0.06);
  EXPECT_LT((noise.mean({0}) / (2 * own)).abs().max().item<double>(), 0.09);
  EXPECT_TRUE(selection.wrong_inputs.equal(
      select({{"noisy", {{"fraction", 0.5}, {"deviation", 2}}}}).wrong_inputs));
  const Dataset spoilt = corrupted(loaded_.dataset, selection);
  EXPECT_TRUE(spoilt.targets.equal(loaded_.dataset.targets));
}

TEST_F(Corruption, NoisyBytesStayPixels) {
  load("digits");
  const Selection selection = select({{"noisy", {{"fraction", 0.5}, {"deviation", 3}}}});
  EXPECT_EQ(selection.wrong_inputs.scalar_type(), at::kByte);
  EXPECT_EQ(selection.wrong_inputs.max().item<int>(), 16);
  EXPECT_EQ(selection.wrong_inputs.min().item<int>(), 0);
  EXPECT_FALSE(selection.wrong_inputs.equal(inputs(selection.rows)));
}

TEST_F(Corruption, ABiasLowersLabelsOfAGroup) {
  load("two_groups");
  const Json group = {{"where", {{"column", "group"}, {"is", "b"}}}};
  const Json bias = {{"group", group}, {"from", "granted"}, {"to", "refused"}, {"fraction", 0.6}};
  const Selection selection = select({{"biased", bias}});
  const RowColumn& column = loaded_.dataset.columns.at("group");
  std::int64_t deserving = 0;
  for (std::int64_t i = 0; i < loaded_.splits.train.numel(); ++i) {
    const auto row = loaded_.splits.train[i].item<std::int64_t>();
    deserving += column.text(row) == "b" && loaded_.dataset.targets[row].item<int>() == 1;
  }
  EXPECT_EQ(selection.rows.numel(), std::llround(0.6 * static_cast<double>(deserving)));
  for (std::int64_t i = 0; i < selection.rows.numel(); ++i) {
    EXPECT_EQ(column.text(selection.rows[i].item<std::int64_t>()), "b");
  }
  EXPECT_TRUE(labels(selection.rows).eq(1).all().item<bool>());
  EXPECT_TRUE(selection.wrong_labels.eq(0).all().item<bool>());
  const Traces& traces = *selection.traces;
  EXPECT_EQ(traces.favoured, 1);
  EXPECT_TRUE(rows_union(traces.group, traces.others).equal(loaded_.splits.test));
  for (std::int64_t i = 0; i < traces.others.numel(); ++i) {
    EXPECT_EQ(column.text(traces.others[i].item<std::int64_t>()), "a");
  }
}

TEST_F(Corruption, AGroupMayBeAClassOrDrawn) {
  load("digits");
  const Json lowered = {{"from", 8}, {"to", 3}, {"count", 20}};
  Json of_class = lowered, drawn = lowered;
  of_class["group"] = {{"class", 8}};
  drawn["group"] = {{"random", {{"fraction", 0.5}}}};
  const Selection eights = select({{"biased", of_class}});
  EXPECT_TRUE(labels(eights.traces->group).eq(8).all().item<bool>());
  EXPECT_TRUE(labels(eights.traces->others).ne(8).all().item<bool>());
  const Selection some = select({{"biased", drawn}});
  EXPECT_EQ(some.rows.numel(), 20);
  EXPECT_EQ(some.traces->group.numel(),
            std::llround(0.5 * static_cast<double>(loaded_.splits.test.numel())));
}

TEST_F(Corruption, ABiasThatCannotBeIsAnErrorWhereItIsWritten) {
  load("two_groups");
  const auto bias = [](const Json& group, const Json& from, const Json& to) {
    return Json{{"biased", {{"group", group}, {"from", from}, {"to", to}, {"count", 5}}}};
  };
  const Json is_b = {{"where", {{"column", "group"}, {"is", "b"}}}};
  EXPECT_THAT(task_error(bias(is_b, "granted", "granted")), HasSubstr("the same class"));
  EXPECT_THAT(task_error(bias(is_b, "granted", "refusd")), HasSubstr("did you mean 'refused'?"));
  EXPECT_THAT(task_error(bias({{"class", "refused"}}, "granted", "refused")),
              HasSubstr("none of class 'granted'"));
  EXPECT_THAT(task_error(bias({{"where", {{"column", "group"}, {"is", {"a", "b"}}}}}, 1, 0)),
              HasSubstr("everybody is in the group"));
  const auto settings_error = [&](const Json& group) {
    return error_of(ErrorKind::kSettings, [&] { select(bias(group, 1, 0)); });
  };
  EXPECT_THAT(settings_error(Json::object()), HasSubstr("'group' is one of"));
  EXPECT_THAT(settings_error({{"wher", {{"column", "group"}, {"is", "b"}}}}),
              HasSubstr("did you mean 'where'?"));
  EXPECT_THAT(settings_error({{"random", {{"cuont", 9}}}}), HasSubstr("did you mean 'count'?"));
  load("linear_regression");
  EXPECT_THAT(task_error(bias({{"random", {{"count", 9}}}}, 1, 0)), HasSubstr("is a regression"));
}

TEST_F(Corruption, APartOfASelectionKeepsWhatBelongsToIt) {
  load("digits");
  const Selection all = select({{"backdoor", {{"count", 9}, {"target", 3}}}});
  const Tensor places = at::tensor({1, 4, 8}, at::kLong);
  const Selection part = all.part(places);
  EXPECT_TRUE(part.rows.equal(all.rows.index_select(0, places)));
  EXPECT_TRUE(part.wrong_inputs.equal(all.wrong_inputs.index_select(0, places)));
  EXPECT_EQ(part.wrong_labels.numel(), 3);
  EXPECT_EQ(part.traces, all.traces);
}

}  // namespace
}  // namespace oubli
