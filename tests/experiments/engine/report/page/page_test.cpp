#include "experiments/engine/report/page/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/base/base64.h"
#include "core/base/file.h"
#include "core/base/hash.h"
#include "experiments/engine/report/page/page_parts.h"
#include "tests/support/files.h"
#include "tests/support/program.h"
#include "tests/support/small_run.h"

namespace oubli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::small_run;

const char* const kEvil = "</title></script><script>alert(1)</script>\"'&<img src=x onerror=y>";

// What stands between two texts, the first time; "" where they do not stand there.
std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t from = text.find(begin);
  if (from == std::string::npos) return "";
  const std::size_t to = text.find(end, from + begin.size());
  return text.substr(from + begin.size(), to - from - begin.size());
}

// A page is too long to be printed where it lacks something.
bool holds(const std::string& page, const std::string& text) {
  return page.find(text) != std::string::npos;
}

PageSource source() { return load_page_source(small_run().folder, builtin_metrics()); }

TEST(Page, LetsNothingRunButItsOwnScript) {
  const std::string page = report_page({source()});
  const std::string policy = between(page, "Content-Security-Policy\" content=\"", "\"");
  const std::string script = between(page, "<script>", "</script>");
  const std::string style = between(page, "<style>", "</style>");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("script-src 'sha256-" + base64_of_hex(sha256_hex(script)) + "'"));
  EXPECT_THAT(policy, HasSubstr("style-src 'sha256-" + base64_of_hex(sha256_hex(style)) + "'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_LT(page.size(), 2'000'000);
}

TEST(Page, ShowsMarkupInNamesAsText) {
  PageSource evil = source();
  evil.name = evil.results.title = evil.settings = kEvil;
  evil.results.notes = {kEvil};
  for (RowResult& row : evil.results.rows) {
    if (row.name == "finetune") row.name = kEvil;
  }
  for (CourseSet& set : evil.evidence.courses) set.title = kEvil;
  for (ShownExample& example : evil.evidence.examples) example.label = kEvil;
  evil.environment["oubli"] = kEvil;
  const std::string page = report_page({evil});
  EXPECT_FALSE(holds(page, "<script>alert"));
  EXPECT_FALSE(holds(page, "<img src=x"));
  EXPECT_TRUE(holds(page, "&lt;script&gt;alert(1)&lt;/script&gt;"));
  // As many scripts as there were: no name has ended one or begun one.
  const auto count = [](const std::string& text, const std::string& what) {
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
      ++found;
    return found;
  };
  const std::string plain = report_page({source()});
  EXPECT_EQ(count(page, "<script"), count(plain, "<script"));
  EXPECT_EQ(count(page, "</script"), count(plain, "</script"));
}

TEST(Page, SaysTheAnswerBeforeTheDetails) {
  const std::string page = report_page({source()});
  const std::size_t power = page.find("class=\"power"), verdicts = page.find("class=\"verdicts\"");
  const std::size_t table = page.find("class=\"whole\""), made = page.find("How it was made</h2>");
  EXPECT_LT(power, verdicts);
  EXPECT_LT(verdicts, table);
  EXPECT_LT(table, made);
  EXPECT_TRUE(holds(page, "Remove 30 examples (training set of 300"));
  EXPECT_TRUE(holds(page, "oubli run results/resolved.yaml"));
}

TEST(Page, OfSeveralRunsNamesNothingTwice) {
  const std::string page = report_page({source(), source()});
  std::set<std::string> ids;
  for (std::size_t at = page.find(" id=\""); at != std::string::npos;
       at = page.find(" id=\"", at + 1)) {
    const std::string id = page.substr(at + 5, page.find('"', at + 5) - at - 5);
    EXPECT_TRUE(ids.insert(id).second) << id;
  }
  EXPECT_TRUE(ids.contains("r1-table"));
  EXPECT_TRUE(ids.contains("r2-table"));
}

TEST(Page, ShowsWhatOtherCommandsWroteBesideIt) {
  const std::string page = testing::read_text(small_run().folder / kPageFile);
  EXPECT_TRUE(holds(page, "What predictions rest on</h2>"));
  EXPECT_TRUE(holds(page, "Test example 3, labelled"));
  EXPECT_TRUE(holds(page, "<th scope=\"row\">retrained</th>"));
  PageSource evil = source();
  evil.evidence.influences.front()["test"]["label"] = kEvil;
  evil.evidence.influences.front()["shown"][0]["picture"] = "\"><script>alert(1)</script>";
  EXPECT_FALSE(holds(report_page({evil}), "<script>alert"));
}

TEST(Page, OfResultsWithoutEvidenceHasWhatTheTableHas) {
  const PageSource whole = source();
  PageSource bare;
  bare.results = whole.results;
  const std::string page = report_page({bare});
  EXPECT_TRUE(holds(page, "id=\"column-accuracy-test\""));
  EXPECT_FALSE(holds(page, "id=\"losses\""));
}

TEST(VerdictReason, NamesTheColumnThatDecides) {
  const Results results = source().results;
  for (const RowResult& row : results.rows) {
    if (row.is_noise_floor()) continue;
    const RowVerdict verdict = judge(results, row);
    const std::string reason = verdict_reason(verdict, row);
    EXPECT_FALSE(reason.empty()) << row.name;
    if (verdict.kind != RowVerdict::Kind::kDistinguishable) continue;
    const auto clearest =
        std::min_element(verdict.columns.begin(), verdict.columns.end(),
                         [](const auto& a, const auto& b) { return a.p_adjusted < b.p_adjusted; });
    EXPECT_THAT(reason, HasSubstr(": " + clearest->column + " "));
    EXPECT_THAT(reason, HasSubstr(clearest->direction));
  }
}

TEST(ReportCommand, WritesAgainAndKeepsWhatIsNotItsOwn) {
  const testing::TemporaryFolder scratch;
  const std::string folder = small_run().folder.string();
  const std::string page = (scratch.path() / "page.html").string();
  EXPECT_EQ(testing::run_program({"report", folder, folder, "--output", page}).status, 0);
  EXPECT_EQ(testing::run_program({"report", folder, "--output", page}).status, 0);
  scratch.write("mine.html", "<p>mine</p>");
  const testing::ProgramResult refused =
      testing::run_program({"report", folder, "--output", (scratch.path() / "mine.html").string()});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("is there, and no page of oubli's"));
  EXPECT_EQ(testing::read_text(scratch.path() / "mine.html"), "<p>mine</p>");
}

}  // namespace
}  // namespace oubli
