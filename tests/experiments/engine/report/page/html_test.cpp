#include "experiments/engine/report/page/html.h"

#include <gtest/gtest.h>

namespace oubli {
namespace {

TEST(Html, EscapesWhatWouldBeMarkup) {
  EXPECT_EQ(escaped_html("<a href=\"x\" b='y'>&"),
            "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
  EXPECT_EQ(name_html("a_b<"), "a_<wbr>b&lt;");
}

TEST(Html, NoTextEndsABlockOfJson) {
  const std::string block = json_block("x", {{"text", "</script><script>"}});
  EXPECT_EQ(block,
            "<script type=\"application/json\" id=\"x\">"
            "{\"text\":\"\\u003c/script>\\u003cscript>\"}</script>\n");
}

}  // namespace
}  // namespace oubli
