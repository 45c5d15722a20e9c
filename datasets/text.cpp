// A text of the user's own, as sequences of its characters or words.
//
//   {name: text, file: novel.txt, tokens: characters, context: 64, within: paragraph}
//
// The file is taken as one text (`within: file`), as paragraphs, with blank lines between them, or
// line by line, and each of these is cut into sequences of `context` tokens. A sequence reads the
// token that stands before it, at the begin of a text <s>; with a `stride` below `context` it reads
// more of what stands before. Whatever the cut, every token is asked for once: what leaves with a
// row is asked for by no other row. The end of a text is asked for where its last sequence has a
// place for it.
//
//   context 4   the cat sat on a mat .   ->  reads  <s> the cat sat     asked  the cat sat on
//                                                   on  a   mat .              a mat . <s>
//
// The answer of a sequence, what metrics and methods are about, is the second half of what is asked
// (`answer: half`): whether it is recalled by greedy generation from the first one is whether it
// was memorised word for word, as in Carlini et al. 2023 (arXiv 2202.07646). `last` and `all` are
// the last token and all of them.
//
// Columns: line and last_line, where a sequence begins and ends in the file, and paragraph, all
// from 1; text, what is asked for. Test and validation rows are drawn (split.h).
//
// Errors: Error(kData) with "FILE:LINE:COLUMN" for what is no text; where it is too short.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

#include "core/base/error.h"
#include "datasets/files.h"
#include "datasets/language/sequence_rows.h"
#include "datasets/language/text_column.h"
#include "datasets/language/text_file.h"
#include "datasets/split.h"

namespace oubli {
namespace {

namespace fs = std::filesystem;

constexpr double kTestShare = 0.1;
constexpr std::int64_t kLongestContext = 4096;
constexpr const char* kRare = "<rare>";

enum class TextAnswer { kHalf, kLast, kAll };

struct TextSource {
  fs::path file, folder;
  bool by_characters = true;
  std::int64_t context = 0, stride = 0, vocabulary = 0;
  std::string within;
  TextAnswer answer = TextAnswer::kHalf;
};

struct TextToken {
  std::string text;
  int line = 0, paragraph = 0;  // from 1
};

// What is cut by itself.
using TextUnit = std::vector<TextToken>;

// Collects the tokens of lines into units.
class TextUnits {
 public:
  explicit TextUnits(const TextSource& source) : source_(source) {}

  void add(const TextLine& line) {
    const bool is_blank = is_blank_line(line.text);
    if (!is_blank && was_blank_) ++paragraph_;
    was_blank_ = is_blank;
    if (is_blank && source_.within == "paragraph") finish();
    if (is_blank && source_.within != "file") return;
    if (source_.by_characters && !unit_.empty()) add_token("\n", line.number - 1);
    for (std::string& token :
         source_.by_characters ? characters_of(line.text) : words_of(line.text)) {
      add_token(std::move(token), line.number);
    }
    if (source_.within == "line") finish();
  }

  std::vector<TextUnit> take() {
    finish();
    return std::move(all_);
  }

 private:
  void add_token(std::string text, int line) {
    unit_.push_back({std::move(text), line, std::max(1, paragraph_)});
  }
  void finish() {
    if (!unit_.empty()) all_.push_back(std::exchange(unit_, {}));
  }

  const TextSource& source_;
  std::vector<TextUnit> all_;
  TextUnit unit_;
  bool was_blank_ = true;
  int paragraph_ = 0;
};

// All but the most frequent tokens become one. Among equals those that come first are kept.
void merge_rare(std::vector<TextUnit>& units, std::int64_t kept) {
  struct Count {
    const std::string* text;
    std::int64_t times = 0;
  };
  std::unordered_map<std::string, std::size_t> place_of;
  std::vector<Count> counts;
  for (const TextUnit& unit : units) {
    for (const TextToken& token : unit) {
      const auto [found, is_new] = place_of.try_emplace(token.text, counts.size());
      if (is_new) counts.push_back({&found->first});
      ++counts[found->second].times;
    }
  }
  if (static_cast<std::int64_t>(counts.size()) <= kept) return;
  std::stable_sort(counts.begin(), counts.end(),
                   [](const Count& a, const Count& b) { return a.times > b.times; });
  std::unordered_map<std::string, bool> is_kept;
  for (std::size_t i = 0; i < static_cast<std::size_t>(kept); ++i) is_kept[*counts[i].text] = true;
  for (TextUnit& unit : units) {
    for (TextToken& token : unit) {
      if (!is_kept.contains(token.text)) token.text = kRare;
    }
  }
}

// The rows and columns that units are cut into.
class TextRows {
 public:
  explicit TextRows(const TextSource& source) : source_(source) {}

  void add(const TextUnit& unit) {
    const auto context = static_cast<std::size_t>(source_.context);
    const auto stride = static_cast<std::size_t>(source_.stride);
    // Tokens begin .. from were asked for before.
    for (std::size_t begin = 0, from = 0; from < unit.size(); begin += stride) {
      const std::size_t end = std::min(begin + context, unit.size());
      add_row(unit, begin, from, end);
      from = end;
    }
  }

  std::int64_t size() const { return rows_.size(); }
  std::size_t tokens() const { return tokens_; }

  Dataset take(const std::string& where) {
    Dataset dataset;
    dataset.name = source_.file.stem().string();
    rows_.fill(dataset, source_.context);
    dataset.columns["line"].numbers = lines_;
    dataset.columns["last_line"].numbers = std::move(last_lines_);
    dataset.columns["paragraph"].numbers = std::move(paragraphs_);
    dataset.columns["text"] = texts_.take();
    const std::vector<int> lines(lines_.begin(), lines_.end());
    dataset.places = std::make_shared<const RowPlaces>(RowPlaces{.file = where, .lines = lines});
    dataset.validate(where);
    return dataset;
  }

 private:
  void add_row(const TextUnit& unit, std::size_t begin, std::size_t from, std::size_t end) {
    const std::size_t asked = end - from;
    const std::size_t answer = source_.answer == TextAnswer::kAll    ? asked
                               : source_.answer == TextAnswer::kLast ? 1
                                                                     : asked - asked / 2;
    std::vector<std::string> words;
    std::string text;
    for (std::size_t i = begin; i < end; ++i) {
      words.push_back(unit[i].text);
      if (i < from) continue;
      if (!source_.by_characters && i > from) text += ' ';
      text += words.back();
    }
    const bool has_place = end - begin < static_cast<std::size_t>(source_.context);
    rows_.add(words, {.answer = end - begin - answer,
                      .answer_size = answer,
                      .before = begin > 0 ? unit[begin - 1].text : "",
                      .from = from - begin,
                      .ends = end == unit.size() && has_place});
    lines_.push_back(unit[from].line);
    last_lines_.push_back(unit[end - 1].line);
    paragraphs_.push_back(unit[from].paragraph);
    texts_.add(text);
    tokens_ += asked;
  }

  const TextSource& source_;
  SequenceRows rows_;
  std::vector<double> lines_, last_lines_, paragraphs_;
  TextColumn texts_;
  std::size_t tokens_ = 0;
};

LoadedData load_text(const TextSource& source, const SplitPlan& plan, const DataFolders& folders) {
  const fs::path path = find_named_file("text file", source.file, source.folder, folders);
  TextUnits collected(source);
  for (const TextLine& line : read_text_lines(path)) collected.add(line);
  std::vector<TextUnit> units = collected.take();
  if (source.vocabulary > 0) merge_rare(units, source.vocabulary);
  TextRows rows(source);
  for (const TextUnit& unit : units) rows.add(unit);
  if (rows.size() < 2) {
    throw Error(ErrorKind::kData,
                rows.size() == 0
                    ? fmt::format("{}: there is nothing but blanks in it.", path.string())
                    : fmt::format("{}: all of it, {} tokens, is one sequence, and nothing would be "
                                  "left when it leaves. Lower `context`, now {}, or take more "
                                  "text.",
                                  path.string(), rows.tokens(), source.context));
  }
  LoadedData loaded;
  loaded.dataset = rows.take(path.string());
  loaded.splits = plan.draw(loaded.dataset.size());
  return loaded;
}

TextSource read_text_source(const Settings& settings) {
  TextSource source;
  source.folder = settings.folder_of("file");
  source.file = settings.path("file", {.doc = "path of a text, UTF-8"});
  source.by_characters =
      settings.choice("tokens", {.default_value = "characters",
                                 .valid = {"characters", "words"},
                                 .doc = "what is read and said one by one"}) == "characters";
  source.context = settings.integer("context", {.default_value = 64,
                                                .at_least = 2,
                                                .at_most = kLongestContext,
                                                .doc = "tokens of a sequence"});
  source.stride = settings.integer(
      "stride", {.default_value = 0,
                 .at_least = 0,
                 .at_most = kLongestContext,
                 .doc = "tokens from where one sequence begins to where the next one does, which "
                        "reads what both have and is not asked for it; 0: context"});
  source.within = settings.choice(
      "within", {.default_value = "paragraph",
                 .valid = {"line", "paragraph", "file"},
                 .doc = "what sequences do not go beyond; blank lines are between paragraphs"});
  const std::string answer = settings.choice(
      "answer", {.default_value = "half",
                 .valid = {"half", "last", "all"},
                 .doc = "what of a sequence metrics and methods are about: its second half, its "
                        "last token, or all of it"});
  if (answer == "last") source.answer = TextAnswer::kLast;
  if (answer == "all") source.answer = TextAnswer::kAll;
  source.vocabulary = settings.integer(
      "vocabulary",
      {.default_value = 0,
       .at_least = 0,
       .doc = "different tokens, the most frequent ones; all others are one; 0: all"});
  if (settings.is_describing()) return source;
  if (source.stride > source.context) {
    settings.fail("stride", fmt::format("a stride of {} passes over text: it is `context`, {}, at "
                                        "most.",
                                        source.stride, source.context));
  }
  if (source.stride == 0) source.stride = source.context;
  return source;
}

}  // namespace

DataSource text_source() {
  DataSource source{"text", "a text of your own, cut into sequences of characters or words", {}};
  source.configure = [](const Settings& settings) {
    const TextSource read = read_text_source(settings);
    const SplitPlan plan = SplitPlan::with_test_draw(settings, kTestShare, 0);
    return [read, plan](const DataFolders& folders) { return load_text(read, plan, folders); };
  };
  return source;
}

}  // namespace oubli
