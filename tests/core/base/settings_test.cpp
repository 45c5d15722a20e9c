#include "core/base/settings.h"

#include <gtest/gtest.h>

#include "core/base/settings_file.h"
#include "tests/support/expect_error.h"

namespace oubli {
namespace {

using ::testing::ElementsAre;
using ::testing::StrEq;

Settings parse(const std::string& text) { return Settings(parse_settings(text, "f.yaml")); }

TEST(Settings, ReadsEveryType) {
  const Settings settings = parse(
      "lr: 1e-3\nepochs: 12\nnesterov: true\nnote: 007\nloss: squared\ndamping: auto\n"
      "hidden: [3, 4]\nmilestones: [0.5, 1]\n");
  EXPECT_EQ(settings.real("lr", {}), 1e-3);
  EXPECT_EQ(settings.integer("epochs", {}), 12);
  EXPECT_TRUE(settings.flag("nesterov", {}));
  EXPECT_EQ(settings.text("note", {}), "007");
  EXPECT_EQ(settings.choice("loss", {.valid = {"squared", "cross_entropy"}}), "squared");
  EXPECT_EQ(settings.real_or("damping", "auto", {}), std::nullopt);
  EXPECT_THAT(settings.integers("hidden", {}, {}), ElementsAre(3, 4));
  EXPECT_THAT(settings.reals("milestones", {}, {}), ElementsAre(0.5, 1.0));
  settings.finish();
}

TEST(Settings, UsesDefaultsAndRecordsThem) {
  const Settings settings = parse("lr: 0.5\n");
  settings.real("lr", {.default_value = 0.1});
  settings.integer("epochs", {.default_value = 3});
  settings.flag("nesterov", {.default_value = false});
  settings.real_or("damping", "auto", {});
  settings.integers("hidden", {{256}}, {});
  const Settings inner = settings.child("stop", "when to stop");
  inner.text("by", {.default_value = "loss"});
  const auto [name, schedule] = settings.named_child("schedule", "constant", {"constant"}, "");
  EXPECT_EQ(name, "constant");
  settings.finish();
  EXPECT_EQ(settings.resolved().dump(),
            R"({"lr":0.5,"epochs":3,"nesterov":false,"damping":"auto","hidden":[256],)"
            R"("stop":{"by":"loss"},"schedule":{"name":"constant"}})");
}

TEST(Settings, WrongTypesSayWhereAndWhatWasExpected) {
  EXPECT_ERROR(ErrorKind::kSettings,
               parse("a: 1\nlr: fast\n").real("lr", {.above = 0, .at_most = 1}),
               StrEq("f.yaml:2:5: 'lr' must be a number above 0 and at most 1, found 'fast'."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("lr: 2\n").real("lr", {.above = 0, .at_most = 1}),
               StrEq("f.yaml:1:5: 'lr' must be a number above 0 and at most 1, found 2."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("lr: 0\n").real("lr", {.above = 0}),
               StrEq("f.yaml:1:5: 'lr' must be a number above 0, found 0."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("lr: 1\n").real("lr", {.at_least = 0, .below = 1}),
               StrEq("f.yaml:1:5: 'lr' must be a number at least 0 and below 1, found 1."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("lr: .nan\n").real("lr", {}),
               StrEq("f.yaml:1:5: 'lr' must be a number, found '.nan'."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("lr: nan\n").real("lr", {}),
               StrEq("f.yaml:1:5: 'lr' must be a number, found 'nan'."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("lr: [1]\n").real("lr", {}),
               StrEq("f.yaml:1:5: 'lr' must be a number, found a list."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("n: 2.5\n").integer("n", {.at_least = 1, .at_most = 9}),
               StrEq("f.yaml:1:4: 'n' must be a whole number at least 1 and at most 9, found "
                     "'2.5'."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("n: 99999999999999999999\n").integer("n", {}),
               StrEq("f.yaml:1:4: 'n' must be a whole number of at most 1000000000, found "
                     "99999999999999999999."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("on: yes\n").flag("on", {}),
               StrEq("f.yaml:1:5: 'on' must be true or false, found 'yes'."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("t: {a: 1}\n").text("t", {}),
               StrEq("f.yaml:1:4: 't' must be text, found a map."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("hidden: 3\n").integers("hidden", {}, {}),
               StrEq("f.yaml:1:9: 'hidden' must be a list, found '3'."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("hidden:\n  - 3\n  - x\n").integers("hidden", {}, {}),
               StrEq("f.yaml:3:5: 'hidden' must be a whole number, found 'x'."));
  EXPECT_ERROR(ErrorKind::kSettings,
               parse("rates: [0.1, -1]\n").reals("rates", {}, {.at_least = 0}),
               StrEq("f.yaml:1:14: 'rates' must be a number at least 0, found -1."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("methods: {a: 1}\n").sequence("methods", ""),
               StrEq("f.yaml:1:10: 'methods' must be a list, found a map."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("train: 3\n").child("train", ""),
               StrEq("f.yaml:1:8: a map of settings was expected, found '3'."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("- 1\n"),
               StrEq("f.yaml:1:1: a map of settings was expected, found a list."));
}

TEST(Settings, WrongChoicesNameTheNearest) {
  EXPECT_ERROR(ErrorKind::kSettings,
               parse("loss: sqared\n").choice("loss", {.valid = {"squared", "cross_entropy"}}),
               StrEq("f.yaml:1:7: unknown loss 'sqared'; did you mean 'squared'? Valid: squared, "
                     "cross_entropy."));
  EXPECT_ERROR(ErrorKind::kSettings,
               parse("model: {name: mpl}\n").named_child("model", "", {"mlp"}, ""),
               StrEq("f.yaml:1:15: unknown model 'mpl'; did you mean 'mlp'? Valid: mlp."));
  EXPECT_ERROR(ErrorKind::kSettings,
               parse("model: {width: 3}\n").named_child("model", "", {"mlp"}, ""),
               StrEq("f.yaml:1:8: 'model' needs a 'name', one of mlp, such as `model: {name: mlp}` "
                     "with its settings beside it."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("model: [mlp]\n").named_child("model", "", {"mlp"}, ""),
               StrEq("f.yaml:1:8: 'model' must be a name or a map with 'name', found a list."));
}

TEST(Settings, MissingAndEmptyValuesAreErrors) {
  EXPECT_ERROR(ErrorKind::kSettings, parse("a: 1\n").real("lr", {}),
               StrEq("f.yaml:1:1: 'lr' is missing: it has no default."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("a: 1\nlr:\n").real("lr", {.default_value = 1}),
               StrEq("f.yaml:2:1: 'lr' has no value."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("a: 1\n").named_child("model", "", {"mlp"}, ""),
               StrEq("f.yaml:1:1: 'model' is missing: it has no default."));
  EXPECT_ERROR(ErrorKind::kSettings, parse("a: 1\nedits: {}\n").text("edit", {}),
               StrEq("f.yaml:2:1: 'edit' is missing: it has no default. Did you mean it by "
                     "'edits'?"));
}

// Keys that may be there and are looked for first count as valid.
TEST(Settings, AMisspeltKeyThatMayBeAbsentHasItsNearest) {
  const Settings settings = parse("orginal: {}\n");
  EXPECT_FALSE(settings.has("original"));
  EXPECT_ERROR(ErrorKind::kSettings, settings.finish(),
               StrEq("f.yaml:1:1: unknown key 'orginal'; did you mean 'original'? Valid: "
                     "original."));
}

TEST(Settings, AnUnreadKeyIsAnErrorAtTheKey) {
  const Settings settings = parse("lr: 1\n  \nepoch: 3\n");
  settings.real("lr", {});
  settings.integer("epochs", {.default_value = 1});
  EXPECT_ERROR(ErrorKind::kSettings, settings.finish(),
               StrEq("f.yaml:3:1: unknown key 'epoch'; did you mean 'epochs'? Valid: lr, epochs."));
}

TEST(Settings, AnUnreadKeyOfAChildIsAnErrorToo) {
  const Settings settings = parse("model:\n  name: mlp\n  hiden: [3]\n");
  const auto [name, model] = settings.named_child("model", "", {"mlp"}, "");
  model.integers("hidden", {{256}}, {});
  EXPECT_ERROR(ErrorKind::kSettings, settings.finish(),
               StrEq("f.yaml:3:3: unknown key 'hiden'; did you mean 'hidden'? Valid: hidden."));
}

TEST(Settings, AKeyThatNothingReadsIsFoundBeforeOthersAreMissing) {
  const auto read = [](const Settings& settings) {
    const Settings inner = settings.child("draw", "");
    inner.has("to");  // has a message of its own
    inner.integer("count", {});
    settings.integer("seed", {.default_value = 0});
  };
  const Settings settings = parse("draw: {to: 1, cuont: 3}\nsed: 1\n");
  EXPECT_ERROR(ErrorKind::kSettings, settings.require_known(read, "draw"),
               StrEq("f.yaml:1:15: unknown key 'cuont'; did you mean 'count'? Valid: count."));
  EXPECT_ERROR(ErrorKind::kSettings, settings.require_known(read),
               StrEq("f.yaml:2:1: unknown key 'sed'; did you mean 'seed'? Valid: draw, seed."));
  parse("draw: {to: 1, count: 3}\nseed: 1\n").require_known(read);
  parse("draw: {to: 1}\nseeed: 1\n").require_known(read, "draw");
  parse("seed: 1\n").require_known(read, "draw");
  settings.child("draw", "");  // reads nothing of its own
}

TEST(Settings, ReadingTwiceIsAnErrorOfTheCaller) {
  const Settings settings = parse("lr: 1\n");
  settings.real("lr", {});
  EXPECT_ERROR(ErrorKind::kUsage, settings.real("lr", {}), StrEq("setting 'lr' is read twice"));
}

TEST(Settings, DescribingReadsNothingAndRecordsDeclarations) {
  const Settings settings = Settings::describing();
  EXPECT_GT(settings.real("lr", {.above = 0, .doc = "step size"}), 0);
  EXPECT_EQ(settings.integer("parts", {.at_least = -9, .at_most = -3}), -3);
  settings.choice("loss", {.valid = {"a", "b"}});
  const auto [name, model] = settings.named_child("model", "", {"mlp", "linear"}, "the network");
  EXPECT_EQ(name, "mlp");
  EXPECT_TRUE(model.is_describing());
  model.integers("hidden", {{256, 128}}, {.at_least = 1});
  settings.finish();
  const std::vector<SettingsDeclaration> declared = settings.declarations();
  ASSERT_EQ(declared.size(), 5);
  EXPECT_EQ(declared[0].key, "lr");
  EXPECT_EQ(declared[0].range, "above 0");
  EXPECT_FALSE(declared[0].default_value.has_value());
  EXPECT_EQ(declared[0].doc, "step size");
  EXPECT_EQ(declared[2].range, "a, b");
  EXPECT_EQ(declared[4].key, "model.hidden");
  EXPECT_EQ(declared[4].default_value, "[256, 128]");
}

TEST(Settings, DescribeKnowsTheSettingsOfEveryName) {
  const std::vector<SettingsDeclaration> all = describe([](const Settings& settings) {
    settings.real("l2", {.default_value = 0});
    const Settings train = settings.child("train", "");
    const auto [name, own] = train.named_child("optimizer", "sgd", {"sgd", "adam", "lbfgs"}, "");
    if (name != "lbfgs") own.real("lr", {.default_value = name == "sgd" ? 0.1 : 0.001});
    own.integer("memory", {.default_value = 20});
  });
  const auto named = [&](const std::string& key) {
    std::vector<std::vector<std::string>> only;
    for (const SettingsDeclaration& each : all) {
      if (each.key == key) only.push_back(each.only_with);
    }
    return only;
  };
  EXPECT_EQ(all.size(), 6);
  EXPECT_EQ(named("l2").size(), 1);
  EXPECT_THAT(named("train.optimizer.lr"), ::testing::ElementsAre(::testing::ElementsAre("sgd"),
                                                                  ::testing::ElementsAre("adam")));
  EXPECT_THAT(named("train.optimizer.memory"), ::testing::ElementsAre(::testing::IsEmpty()));
}

}  // namespace
}  // namespace oubli
