#include "core/base/settings_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace oubli {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::StrEq;
using Kind = SettingsNode::Kind;

const SettingsNode& at(const SettingsNode& node, const std::string& key) {
  const SettingsNode* found = node.find(key);
  if (found == nullptr) throw std::out_of_range(key);
  return *found;
}

std::string parse_error(const std::string& text) {
  return testing::error_message(ErrorKind::kSettings, [&] { parse_settings(text, "f.yaml"); });
}

TEST(ParseSettings, KeepsTextAndOrigins) {
  const SettingsNode root = parse_settings("a: 007\nb:\n  - x\n  - {c: 'true'}\n", "f.yaml");
  EXPECT_EQ(at(root, "a").scalar, "007");
  EXPECT_EQ(at(root, "a").origin.text(), "f.yaml:1:4");
  EXPECT_EQ(at(root, "a").key_origin.text(), "f.yaml:1:1");
  const SettingsNode& b = at(root, "b");
  ASSERT_EQ(b.items.size(), 2);
  EXPECT_EQ(b.items[0].origin.text(), "f.yaml:3:5");
  EXPECT_EQ(at(b.items[1], "c").scalar, "true");
  EXPECT_EQ(at(b.items[1], "c").key_origin.text(), "f.yaml:4:6");
  EXPECT_EQ(at(b.items[1], "c").origin.text(), "f.yaml:4:9");
}

TEST(ParseSettings, NothingIsNull) {
  const SettingsNode root = parse_settings("a:\nb: ~\nc: null\nd: '~'\ne: ''\n", "f.yaml");
  EXPECT_EQ(at(root, "a").kind, Kind::kNull);
  EXPECT_EQ(at(root, "a").origin.text(), "f.yaml:1:1");
  EXPECT_EQ(at(root, "b").kind, Kind::kNull);
  EXPECT_EQ(at(root, "c").kind, Kind::kNull);
  EXPECT_EQ(at(root, "d").kind, Kind::kScalar);
  EXPECT_EQ(at(root, "e").kind, Kind::kScalar);
  for (const char* text : {"", "# only a comment\n", "---\n"}) {
    EXPECT_EQ(parse_settings(text, "f.yaml").kind, Kind::kNull) << text;
  }
}

TEST(ParseSettings, AliasesStandForWhatTheyName) {
  const SettingsNode root = parse_settings("a: &x {lr: 1}\nb: *x\n", "f.yaml");
  EXPECT_EQ(at(at(root, "b"), "lr").scalar, "1");
}

TEST(ParseSettings, RefusesWhatWouldBeMisread) {
  EXPECT_EQ(parse_error("a: 1\nb: 2\na: 3\n"),
            "f.yaml:3:1: the key 'a' was already given at f.yaml:1:1.");
  EXPECT_EQ(parse_error("t:\n  a: 1\n  a: 1\n"),
            "f.yaml:3:3: the key 'a' was already given at f.yaml:2:3.");
  EXPECT_THAT(parse_error("a: &x {b: 1}\nc:\n  <<: *x\n"),
              StartsWith("f.yaml:3:3: merge keys ('<<') are not supported"));
  EXPECT_EQ(parse_error("[1, 2]: 3\n"), "f.yaml:1:1: a key must be text.");
  EXPECT_THAT(parse_error("a: 1\n---\nb: 2\n"), HasSubstr("a second document begins here"));
  // Documents without end, to yaml-cpp.
  EXPECT_THAT(parse_error("[1],x"), StartsWith("f.yaml:1:4: a second document begins here"));
  EXPECT_THAT(parse_error("{a: 1},x"), StartsWith("f.yaml:1:7: a second document begins here"));
  EXPECT_THAT(parse_error("a: &x [*x]\n"), HasSubstr("nested more than 64 levels deep"));
}

TEST(ParseSettings, AFewAliasesCannotMakeATreeWithoutEnd) {
  std::string text = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string alias = fmt::format("*a{}", i - 1);
    const std::vector<std::string> ten(10, alias);
    text += fmt::format("a{0}: &a{0} [{1}]\n", i, fmt::join(ten, ", "));
  }
  EXPECT_THAT(parse_error(text), HasSubstr("more than 200000 values"));
}

TEST(ParseSettings, SyntaxErrorsAreLocated) {
  EXPECT_THAT(parse_error("a: 1\nb: [1, 2\nc: 3\n"), StartsWith("f.yaml:3:"));
  EXPECT_THAT(parse_error("a: b: c\n"), StartsWith("f.yaml:1:5: not valid YAML: "));
  // What yaml-cpp finds wrong in a line may begin in the one before.
  EXPECT_THAT(parse_error("a:\n  label:left\n  task: classification\n"),
              HasSubstr("a space after each colon, and is each bracket closed, here or in the line "
                        "before?"));
  EXPECT_THAT(parse_error("a: *nowhere\n"), StartsWith("f.yaml:1:4: not valid YAML: "));
  EXPECT_THAT(parse_error("\ta: 1\n"), StartsWith("f.yaml:1:"));
  EXPECT_THAT(parse_error(std::string(100'000, '[')), StartsWith("f.yaml:"));
}

TEST(ParseSettings, AnOpenQuoteSwallowsNothing) {
  for (const char* text : {"a: 'x\nb: 2\n", "a: \"x\nb: 2\n\n", "a: 'x\n", "a: 'x"}) {
    EXPECT_THAT(parse_error(text), HasSubstr("not valid YAML")) << text;
  }
  const SettingsNode block = parse_settings("a: |\n  x\n", "f.yaml");
  EXPECT_EQ(at(block, "a").scalar, "x\n");
}

TEST(ReadSettingsFile, WhatCannotBeReadIsNamed) {
  const testing::TemporaryFolder folder;
  EXPECT_ERROR(ErrorKind::kSettings, read_settings_file(folder / "none.yaml"),
               EndsWith("none.yaml: cannot be read: No such file or directory."));
  EXPECT_ERROR(ErrorKind::kSettings, read_settings_file(folder.path()),
               EndsWith(": is a folder, an ordinary file was expected."));
}

TEST(ParseSettings, RefusesWhatIsNoText) {
  EXPECT_EQ(parse_error("a: 1\ntitle: caf\xe9\n"),
            "f.yaml:2:11: the byte 0xe9 is not UTF-8: save the file as UTF-8.");
  EXPECT_THAT(parse_error("\xff\xfe"
                          "a"),
              HasSubstr("is UTF-16"));
  EXPECT_THAT(parse_error(std::string("a: \0", 4)), HasSubstr("f.yaml:1:4: a NUL byte"));
  EXPECT_EQ(parse_error("a: \"x\\x1b[2J\"\n"),
            "f.yaml:1:4: 'x\\x1b[2J' holds a control character.");
  EXPECT_THAT(parse_error("\"k\\x07\": 1\n"), HasSubstr("holds a control character"));
  EXPECT_EQ(parse_error("a:\n\tb: 1\n"),
            "f.yaml:2:1: a tab in the indentation: YAML is indented by blanks only.");
  EXPECT_THAT(parse_error(std::string(100'000, '[')), HasSubstr("nested more than"));
  EXPECT_THAT(parse_error("a: \xe2\x80\xae"
                          "x\n"),
              HasSubstr("holds a control character"));
  std::string repeated = "a: &x " + std::string(1'000'000, 'x') + "\nb: [*x";
  for (int i = 0; i < 100; ++i) repeated += ", *x";
  EXPECT_THAT(parse_error(repeated + "]\n"), HasSubstr("an alias repeats it"));
}

TEST(ParseSettings, ALargeMapTakesLinearTime) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += fmt::format("k{}: {}\n", i, i);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(parse_settings(text, "f.yaml").entries.size(), 100'000u);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(ReadSettingsFile, AChainOfFilesEnds) {
  const testing::TemporaryFolder folder;
  for (int i = 0; i < 40; ++i) {
    folder.write(fmt::format("{}.yaml", i), fmt::format("extends: {}.yaml\n", i + 1));
  }
  EXPECT_ERROR(ErrorKind::kSettings, read_settings_file(folder / "0.yaml"),
               HasSubstr("more than 32 files extend one another"));
}

TEST(SettingsNodes, PassThroughJsonUnchanged) {
  const SettingsNode root = parse_settings("a: [1, {b: ~}, text]\nc: {}\nd: 'x'\n", "f.yaml");
  const Json json = to_json(root);
  EXPECT_EQ(to_json(settings_from_json(Json::parse(json.dump()))).dump(), json.dump());
  EXPECT_EQ(settings_from_json(json).entries[2].second.origin.text(), "f.yaml:3:4");
}

TEST(ReadSettingsFile, TheFileThatExtendsWins) {
  const testing::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "shared");
  folder.write("shared/root.yaml", "seeds: [1, 2, 3]\ntrain: {epochs: 5, lr: 1}\n");
  folder.write("shared/base.yaml", "extends: root.yaml\ntrain: {lr: 2}\nmodel: mlp\n");
  const auto path = folder.write(
      "run.yaml", "extends: shared/base.yaml\nseeds: [9]\ntrain:\n  batch: 4\nmodel: {name: x}\n");
  const SettingsNode root = read_settings_file(path);
  ASSERT_EQ(root.entries.size(), 3);
  EXPECT_EQ(root.entries[0].first, "seeds");
  EXPECT_EQ(at(root, "seeds").items.size(), 1);
  EXPECT_EQ(at(at(root, "train"), "epochs").scalar, "5");
  EXPECT_THAT(at(at(root, "train"), "epochs").origin.text(), EndsWith("root.yaml:2:17"));
  EXPECT_EQ(at(at(root, "train"), "lr").scalar, "2");
  EXPECT_EQ(at(at(root, "train"), "batch").scalar, "4");
  EXPECT_EQ(at(at(root, "train"), "batch").origin.text(), path.string() + ":4:10");
  EXPECT_EQ(at(root, "model").kind, Kind::kMap);
}

TEST(ReadSettingsFile, NullDropsWhatIsInherited) {
  const testing::TemporaryFolder folder;
  folder.write("base.yaml", "a: {b: 1, c: 2}\nd: [3]\n");
  const SettingsNode root =
      read_settings_file(folder.write("run.yaml", "extends: base.yaml\na: {b: null}\nd: ~\ne:\n"));
  ASSERT_EQ(root.entries.size(), 2u);
  EXPECT_EQ(at(root, "a").entries.size(), 1u);
  EXPECT_EQ(at(at(root, "a"), "c").scalar, "2");
  EXPECT_EQ(at(root, "e").kind, Kind::kNull) << "nothing was inherited";
}

// The settings of an mlp are no settings of a lenet5, nor is a class a share of mislabelled
// examples.
TEST(ReadSettingsFile, AnotherNameOrSelectorReplacesTheOldOne) {
  const testing::TemporaryFolder folder;
  folder.write("base.yaml",
               "model: {name: mlp, hidden: [4]}\ntrain: {optimizer: {name: sgd, lr: 1}}\n"
               "edit: {remove: {mislabelled: {fraction: 0.1}}}\n");
  const auto run = folder.write("run.yaml",
                                "extends: base.yaml\nmodel: {name: lenet5}\n"
                                "train: {optimizer: {name: sgd, momentum: 0.9}}\n"
                                "edit: {remove: {class: 3}}\n");
  const SettingsNode root = read_settings_file(run);
  EXPECT_EQ(root.find("model")->entries.size(), 1u);
  EXPECT_EQ(root.find("train")->find("optimizer")->entries.size(), 3u) << "the same optimiser";
  const SettingsNode* remove = root.find("edit")->find("remove");
  ASSERT_EQ(remove->entries.size(), 1u);
  EXPECT_EQ(remove->find("class")->scalar, "3");
}

TEST(ReadSettingsFile, ExtendsThatFailsIsLocated) {
  const testing::TemporaryFolder folder;
  const auto a = folder.write("a.yaml", "x: 1\nextends: b.yaml\n");
  folder.write("b.yaml", "extends: a.yaml\n");
  EXPECT_ERROR(ErrorKind::kSettings, read_settings_file(a),
               AllOf(HasSubstr("b.yaml:1:10: 'extends' goes in a circle: "),
                     HasSubstr("a.yaml -> "), EndsWith("a.yaml.")));
  const auto lost = folder.write("lost.yaml", "extends: gone.yaml\n");
  EXPECT_ERROR(ErrorKind::kSettings, read_settings_file(lost),
               AllOf(HasSubstr("lost.yaml:1:10: "), HasSubstr("gone.yaml: cannot be read")));
  const auto list = folder.write("list.yaml", "extends: [a.yaml]\n");
  EXPECT_ERROR(ErrorKind::kSettings, read_settings_file(list),
               EndsWith("list.yaml:1:10: 'extends' must be the name of a file."));
}

// The tree as JSON, every scalar as text.
Json as_json(const SettingsNode& node) {
  Json json;
  if (node.kind == Kind::kScalar) json = node.scalar;
  if (node.kind == Kind::kSequence) json = Json::array();
  if (node.kind == Kind::kMap) json = Json::object();
  for (const SettingsNode& item : node.items) json.push_back(as_json(item));
  for (const auto& [key, value] : node.entries) json[key] = as_json(value);
  return json;
}

std::string overridden(const std::string& text, const std::string& assignment) {
  SettingsNode root = parse_settings(text, "f.yaml");
  apply_override(root, assignment);
  return as_json(root).dump();
}

std::string override_error(const std::string& text, const std::string& assignment) {
  SettingsNode root = parse_settings(text, "f.yaml");
  const std::string before = as_json(root).dump();
  const std::string message =
      testing::error_message(ErrorKind::kSettings, [&] { apply_override(root, assignment); });
  EXPECT_EQ(as_json(root).dump(), before);
  return message;
}

TEST(ApplyOverride, SetsAndMakesWhatIsMissing) {
  EXPECT_EQ(overridden("a: {b: 1}\n", "a.b=2"), R"({"a":{"b":"2"}})");
  EXPECT_EQ(overridden("a: {b: 1}\n", "a.c.d=[1, x]"), R"({"a":{"b":"1","c":{"d":["1","x"]}}})");
  EXPECT_EQ(overridden("", "a=x=y"), R"({"a":"x=y"})");
  EXPECT_EQ(overridden("a:\n", "a.b=1"), R"({"a":{"b":"1"}})");
  EXPECT_EQ(overridden("a: 1\n", "a="), R"({"a":null})");
}

TEST(ApplyOverride, ReachesItemsByIndexAndName) {
  const std::string text = "methods:\n  - retrain\n  - finetune: {epochs: 5}\n  - scrub:\n";
  EXPECT_EQ(overridden(text, "methods.finetune.epochs=3"),
            R"({"methods":["retrain",{"finetune":{"epochs":"3"}},{"scrub":null}]})");
  EXPECT_EQ(overridden(text, "methods.1.lr=0.1"),
            R"({"methods":["retrain",{"finetune":{"epochs":"5","lr":"0.1"}},{"scrub":null}]})");
  EXPECT_EQ(overridden(text, "methods.1.finetune.lr=1"),
            R"({"methods":["retrain",{"finetune":{"epochs":"5","lr":"1"}},{"scrub":null}]})");
  EXPECT_EQ(
      overridden(text, "methods.retrain.seeds=2"),
      R"({"methods":[{"retrain":{"seeds":"2"}},{"finetune":{"epochs":"5"}},{"scrub":null}]})");
  EXPECT_EQ(overridden(text, "methods.scrub.lr=1"),
            R"({"methods":["retrain",{"finetune":{"epochs":"5"}},{"scrub":{"lr":"1"}}]})");
  EXPECT_EQ(overridden(text, "methods.2=newton"),
            R"({"methods":["retrain",{"finetune":{"epochs":"5"}},"newton"]})");
  // Two of one method are told apart by the names of their rows.
  EXPECT_EQ(overridden("m: [{f: {as: x}}, {f: {as: y}}]\n", "m.y.n=2"),
            R"({"m":[{"f":{"as":"x"}},{"f":{"as":"y","n":"2"}}]})");
  EXPECT_EQ(overridden("a: [{seed: 1}, [5, 6]]\n", "a.0.n=2"),
            R"({"a":[{"seed":"1","n":"2"},["5","6"]]})");
  EXPECT_EQ(overridden("a: [{seed: 1}, [5, 6]]\n", "a.1.0=2"), R"({"a":[{"seed":"1"},["2","6"]]})");
}

TEST(ApplyOverride, TheOriginIsTheCommandLine) {
  SettingsNode root = parse_settings("train: {lr: 1}\n", "f.yaml");
  apply_override(root, "train.lr=fast");
  apply_override(root, "train.epoch=3");
  const Settings settings(root);
  const Settings train = settings.child("train", "");
  EXPECT_ERROR(ErrorKind::kSettings, train.real("lr", {}),
               StrEq("--set train.lr=fast: 'lr' must be a number, found 'fast'."));
  EXPECT_ERROR(ErrorKind::kSettings, train.finish(),
               StrEq("--set train.epoch=3: unknown key 'epoch'. Valid: lr."));
}

TEST(ApplyOverride, RefusesWhatHasNoPlace) {
  EXPECT_EQ(override_error("a: {b: 5}\n", "a.b.c=1"),
            "--set a.b.c=1: 'a.b' is '5' (at f.yaml:1:8), which has no 'c' inside.");
  EXPECT_EQ(override_error("m: [1, 2]\n", "m.0.x=1"),
            "--set m.0.x=1: 'm.0' is '1' (at f.yaml:1:5), which has no 'x' inside.");
  EXPECT_EQ(override_error("m: [retrain, newton]\n", "m.newtn.lr=1"),
            "--set m.newtn.lr=1: unknown item of 'm' 'newtn'; did you mean 'newton'? Valid: "
            "retrain, newton.");
  EXPECT_EQ(override_error("m: [a, b]\n", "m.2=1"),
            "--set m.2=1: 'm' has 2 items, counted from 0; there is no item 2.");
  EXPECT_THAT(override_error("m: [a, a]\n", "m.a.x=1"), HasSubstr("two items of 'm'"));
  EXPECT_THAT(override_error("a: 1\n", "a"), HasSubstr("expected KEY=VALUE"));
  EXPECT_THAT(override_error("a: 1\n", "a..b=1"), HasSubstr("empty part"));
  EXPECT_THAT(override_error("a: 1\n", "=1"), HasSubstr("empty part"));
  EXPECT_THAT(override_error("a: 1\n", "b=[1"), StartsWith("--set b=[1:"));
  EXPECT_THAT(override_error("a: 1\n", "b={x: 1, x: 2}"), HasSubstr("'x' was already given"));
}

TEST(ToYaml, IsShortAndOrdered) {
  Json value;
  value["name"] = "digits";
  value["train"] = {{"lr", 0.0001}, {"epochs", 30}, {"nesterov", true}, {"decay", 1.0}};
  value["hidden"] = {256, 128};
  value["methods"] = Json::array({"retrain", Json{{"finetune", {{"lr", 1e-7}}}}});
  value["nothing"] = Json::object();
  value["none"] = nullptr;
  value["version"] = "1.10";
  EXPECT_EQ(to_yaml(value),
            "name: digits\n"
            "train:\n"
            "  lr: 0.0001\n"
            "  epochs: 30\n"
            "  nesterov: true\n"
            "  decay: 1.0\n"
            "hidden: [256, 128]\n"
            "methods:\n"
            "  - retrain\n"
            "  - finetune:\n"
            "      lr: 1.0e-07\n"
            "nothing: {}\n"
            "none: ~\n"
            "version: \"1.10\"\n");
}

TEST(ToYaml, RealsComeBackBitForBit) {
  for (const double real : {0.1, 1.0 / 3, 9.99e-5, 1e-300, 123456789.0, 1e22, -0.0, 5e-324,
                            std::numeric_limits<double>::max(), -2.5e-9}) {
    const SettingsNode root = parse_settings(to_yaml({{"x", real}}), "y");
    EXPECT_EQ(Settings(root).real("x", {}), real) << to_yaml({{"x", real}});
  }
}

TEST(ToYaml, TextComesBackAsItWas) {
  const std::vector<std::string> texts = {"",
                                          "plain",
                                          "two words",
                                          "true",
                                          "No",
                                          "null",
                                          "~",
                                          "1e5",
                                          "0x10",
                                          "-1",
                                          ".5",
                                          "a: b",
                                          "a #b",
                                          "- x",
                                          "[x]",
                                          "{x}",
                                          "x, y",
                                          "'quoted'",
                                          "\"q\"",
                                          "*a",
                                          "&a",
                                          "!t",
                                          "@at",
                                          "%x",
                                          "a\nb",
                                          "\n",
                                          " padded ",
                                          "a\\b",
                                          "tab\t",
                                          "é ü 漢",
                                          "? x",
                                          "|",
                                          ">",
                                          "a:",
                                          ":a",
                                          "2024-01-01",
                                          "1:30",
                                          "<<",
                                          "--- x",
                                          "...",
                                          "path/to/file.yaml",
                                          "=",
                                          ".nan"};
  for (const std::string& text : texts) {
    for (const Json& value : {Json{{"k", text}}, Json{{"k", {text, text}}},
                              Json{{"k", Json::array({Json{{"n", text}}})}}}) {
      const std::string yaml = to_yaml(value);
      EXPECT_EQ(as_json(parse_settings(yaml, "y")).dump(), value.dump()) << yaml;
    }
    if (text != "<<") {
      EXPECT_EQ(
          as_json(parse_settings(to_yaml({{"a", Json{{text, "v"}}}}), "y"))["a"].begin().key(),
          text);
    }
  }
}

}  // namespace
}  // namespace oubli
