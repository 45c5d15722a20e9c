// Tests of the data set `csv`: a file is written, and read as an experiment would read it.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "datasets/source.h"
#include "tests/support/expect_error.h"
#include "tests/support/files.h"

namespace oubli::testing {

class CsvTest : public ::testing::Test {
 protected:
  // The label is y, with classes, unless the settings say otherwise.
  LoadedData load(const std::string& content, Json json = Json::object()) {
    folder_.write("t.csv", content);
    json["file"] = "t.csv";
    if (!json.contains("label")) json["label"] = "y";
    if (!json.contains("task")) json["task"] = "classification";
    const Settings settings = settings_from(json, (folder_.path() / "e.yaml").string());
    const auto loader = builtin_datasets().find("csv").configure(settings);
    settings.finish();
    return loader({});
  }
  std::string error(const std::string& content, const Json& json = Json::object(),
                    ErrorKind kind = ErrorKind::kData) {
    return error_of(kind, [&] { load(content, json); });
  }

  TemporaryFolder folder_;
};

}  // namespace oubli::testing
