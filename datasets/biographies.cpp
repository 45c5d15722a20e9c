// Generated people and what is known of them: independent facts, drawn uniformly, so that how much
// a model knows is a number of bits, what chance knows is known, and nothing can be guessed from
// anything else.
//
//   relation      values   e.g.
//   birth_year        64   1961
//   city              64   Arlow
//   employer          32   Zenora
//   university        32   Bexford
//   field             16   botany                           6 + 6 + 5 + 5 + 4 = 26 bits a person
//
// Each relation has five wordings that are trained on and two that are held out, which put its
// words into sentences that training has seen with others: "the home of Lea Roth is Arlow ." and
// "Lea Roth 's city is Arlow ." are trained on, "Lea Roth 's home is Arlow ." is not.
//
// Beside them a share of running text without facts: small sentences of a fixed grammar, and sums.
// Source: in the manner of Allen-Zhu and Li 2023 (arXiv 2309.14316), whose biographies are
// paragraphs; here a sentence is an example, so that a fact can leave and enter by itself.
//
// With `countries: 8` each city lies in one of them, which five sentences of it say, and the
// country of a person follows from the city: of half of the people it is said, of the others asked
// for.
//
// With `late: 0.5` training sees half of the people in its last quarter alone (`late_from: 0.75`),
// so that what was learnt last can be held against what was learnt from the start.
//
// Settings: people, wordings (trained on), filler (share of the training rows that say no fact),
// frequencies (how often training sees a person's sentences: a list of which each person draws
// one), city_words (2: cities of two words, so that answers are), countries (0: none), late (share
// of the people; 0: none), late_from, seed, context.
// The columns are those of language/fact_texts.h.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <span>
#include <string_view>

#include "core/base/random.h"
#include "core/data/drawing.h"
#include "datasets/draw.h"
#include "datasets/language/fact_texts.h"

namespace oubli {
namespace {

using Words = std::span<const std::string_view>;

constexpr std::array<std::string_view, 64> kFirstNames = {
    "Ada",   "Alma", "Anton",  "Bela", "Bruno", "Carl",  "Clara", "Dana",  "David", "Dora",
    "Edgar", "Elsa", "Emil",   "Erik", "Eva",   "Felix", "Fiona", "Frida", "Georg", "Greta",
    "Hanna", "Hugo", "Ida",    "Igor", "Ines",  "Jakob", "Jana",  "Jonas", "Julia", "Karin",
    "Klara", "Lars", "Lea",    "Leo",  "Lina",  "Lotte", "Luca",  "Magda", "Marco", "Maria",
    "Max",   "Mila", "Nadia",  "Nils", "Nina",  "Olga",  "Oscar", "Otto",  "Paula", "Pedro",
    "Petra", "Rita", "Roman",  "Rosa", "Samir", "Sara",  "Sofia", "Sven",  "Tara",  "Theo",
    "Tilda", "Vera", "Viktor", "Yara"};
constexpr std::array<std::string_view, 64> kLastNames = {
    "Abel",   "Adler",  "Amsel",  "Bach",   "Baker",  "Berg",   "Blum",   "Brandt",
    "Carver", "Castro", "Conti",  "Costa",  "Dahl",   "Dietz",  "Duval",  "Eder",
    "Engel",  "Falk",   "Fiala",  "Fuchs",  "Garcia", "Gruber", "Haas",   "Hansen",
    "Hofer",  "Holm",   "Ivanov", "Jansen", "Kaiser", "Keller", "Klein",  "Kovac",
    "Krause", "Lang",   "Larsen", "Lind",   "Lopez",  "Maier",  "Marin",  "Moreau",
    "Nagy",   "Neri",   "Novak",  "Olsen",  "Peters", "Pohl",   "Ramos",  "Reyes",
    "Ricci",  "Roth",   "Rossi",  "Sander", "Schuh",  "Silva",  "Sommer", "Stein",
    "Tanaka", "Torres", "Urban",  "Vogel",  "Weber",  "Winter", "Wolf",   "Zeller"};
constexpr std::array<std::string_view, 64> kCities = {
    "Arlow",   "Astrel", "Bandor", "Belmar",  "Birken", "Brema",  "Calda",  "Corvin",
    "Dalmar",  "Delor",  "Dunmor", "Elsted",  "Esker",  "Falun",  "Fermoy", "Galven",
    "Gorlan",  "Halden", "Harrow", "Hestra",  "Ilmar",  "Iskel",  "Jorvik", "Kalmor",
    "Kestrin", "Korsel", "Lanter", "Lerwick", "Lomar",  "Luneth", "Malden", "Merrow",
    "Mistral", "Morven", "Nardis", "Nerida",  "Norden", "Olmera", "Orsova", "Palden",
    "Pellor",  "Perran", "Quilon", "Ravel",   "Rendal", "Rostra", "Salmar", "Selby",
    "Sorren",  "Stavel", "Tarven", "Telmar",  "Torrin", "Tralee", "Ulster", "Umbria",
    "Valden",  "Varmo",  "Velden", "Wexcom",  "Wismar", "Yarrow", "Zaltan", "Zerbin"};
constexpr std::array<std::string_view, 8> kCityFirsts = {"North", "South", "East", "West",
                                                         "New",   "Old",   "Port", "Saint"};
constexpr std::array<std::string_view, 8> kCitySeconds = {"Arlow",  "Belmar", "Corvin", "Dalmar",
                                                          "Elsted", "Falun",  "Galven", "Halden"};
constexpr std::array<std::string_view, 32> kEmployers = {
    "Acmera", "Aldix",  "Bortek", "Cendra", "Corvex", "Dynora",  "Elbrus", "Fenwick",
    "Gravix", "Helion", "Imbra",  "Jentra", "Kelvar", "Lumero",  "Mavrik", "Nexora",
    "Orbita", "Pavona", "Quanta", "Rivex",  "Solara", "Tekton",  "Ultima", "Vantor",
    "Wavera", "Xenor",  "Ypsila", "Zenora", "Brixel", "Crestal", "Domera", "Fluxor"};
constexpr std::array<std::string_view, 32> kUniversities = {
    "Alford",   "Ashby",    "Bexford",  "Brisdale", "Calford", "Denholm",  "Eastmere", "Elmwood",
    "Fairford", "Glenmore", "Hartwell", "Highgate", "Inverly", "Kirkdale", "Langley",  "Lynford",
    "Marlow",   "Newbury",  "Oakham",   "Oldfield", "Penrose", "Queensby", "Radcliff", "Redmere",
    "Selwyn",   "Stanmore", "Thornby",  "Upton",    "Walford", "Westbury", "Winslow",  "Yardley"};
constexpr std::array<std::string_view, 16> kFields = {
    "algebra", "anatomy", "botany", "chemistry", "dance",    "ecology", "finance", "geology",
    "history", "law",     "music",  "optics",    "painting", "physics", "poetry",  "zoology"};

constexpr std::array<std::string_view, 16> kCountries = {
    "Norland", "Sorland", "Ostria", "Vestria", "Amaria", "Belonia", "Corvia",  "Dalmia",
    "Eldonia", "Fenland", "Gardia", "Hestia",  "Ilyria", "Jutonia", "Kestria", "Lusonia"};

// Three nouns and a verb say a relation.
struct RelationWords {
  const char* name;
  std::array<const char*, 3> nouns;
  const char* verb;
};
constexpr RelationWords kRelations[] = {
    {"birth_year", {"birth", "year", "origin"}, "was born in"},
    {"city", {"home", "city", "town"}, "lives in"},
    {"employer", {"employer", "firm", "job"}, "works for"},
    {"university", {"university", "school", "degree"}, "graduated from"},
    {"field", {"field", "subject", "study"}, "majored in"},
};

constexpr RelationWords kCountryOfPerson = {"country", {"country", "nation", "land"}, "resides in"};
constexpr RelationWords kCountryOfCity = {
    "located_in", {"country", "nation", "land"}, "is located in"};
constexpr std::size_t kCity = 1;  // among kRelations

constexpr std::int64_t kPeople = 4096;  // pairs of names

struct Biographies {
  std::int64_t people = 0, wordings = 0, city_words = 0, countries = 0, context = 0;
  double filler = 0, late = 0, late_from = 0;
  std::vector<std::int64_t> frequencies;
  std::uint64_t seed = 0;
};

Relation worded(const RelationWords& words, std::int64_t wordings) {
  const auto& [first, second, third] = words.nouns;
  Relation relation{words.name,
                    {fmt::format("the {} of {{subject}} is {{object}} .", first),
                     fmt::format("{{subject}} {} {{object}} .", words.verb),
                     fmt::format("{{subject}} 's {} is {{object}} .", second),
                     fmt::format("{{subject}} 's {} is {{object}} .", third),
                     fmt::format("the {} of {{subject}} is {{object}} .", second)},
                    {fmt::format("the {} of {{subject}} is {{object}} .", third),
                     fmt::format("{{subject}} 's {} is {{object}} .", first)}};
  relation.wordings.resize(static_cast<std::size_t>(wordings));
  return relation;
}

std::vector<std::string> values_of(std::size_t relation, std::int64_t city_words) {
  const auto copies = [](Words words) {
    return std::vector<std::string>(words.begin(), words.end());
  };
  if (relation == 0) {
    std::vector<std::string> years;
    for (int year = 1940; year < 2004; ++year) years.push_back(std::to_string(year));
    return years;
  }
  if (relation == 1 && city_words == 2) {
    std::vector<std::string> cities;
    for (const std::string_view first : kCityFirsts) {
      for (const std::string_view second : kCitySeconds) {
        cities.push_back(fmt::format("{} {}", first, second));
      }
    }
    return cities;
  }
  if (relation == 1) return copies(kCities);
  if (relation == 2) return copies(kEmployers);
  return relation == 3 ? copies(kUniversities) : copies(kFields);
}

const std::int64_t* numbers_of(const Tensor& tensor) {
  return tensor.const_data_ptr<std::int64_t>();
}

std::vector<Fact> draw_facts(const Biographies& shape, const Generator& generator) {
  const Tensor people = generator.stream("people").permutation(kPeople).narrow(0, 0, shape.people);
  const Tensor frequencies =
      generator.stream("frequencies")
          .integers(0, static_cast<std::int64_t>(shape.frequencies.size()), {shape.people});
  const Tensor all = at::arange(shape.people);
  Generator draw = generator.stream("late");
  const Tensor late = at::isin(all, drawn_rows(all, share_of(shape.late, shape.people), draw));
  std::vector<Fact> facts;
  std::vector<std::vector<std::string>> values;
  Tensors drawn;
  for (std::size_t r = 0; r < std::size(kRelations); ++r) {
    values.push_back(values_of(r, shape.city_words));
    drawn.push_back(generator.stream(kRelations[r].name)
                        .integers(0, static_cast<std::int64_t>(values[r].size()), {shape.people}));
  }
  for (std::int64_t i = 0; i < shape.people; ++i) {
    const auto person = static_cast<std::size_t>(numbers_of(people)[i]);
    const std::string name = fmt::format("{} {}", kFirstNames[person / kLastNames.size()],
                                         kLastNames[person % kLastNames.size()]);
    const auto often = static_cast<std::size_t>(numbers_of(frequencies)[i]);
    for (std::size_t r = 0; r < std::size(kRelations); ++r) {
      const auto value = static_cast<std::size_t>(numbers_of(drawn[r])[i]);
      facts.push_back({name, r, values[r][value], shape.frequencies[often],
                       late.const_data_ptr<bool>()[i] ? shape.late_from : 0});
    }
  }
  return facts;
}

// Each city gets a country, and everybody the one of their city.
void add_countries(const Biographies& shape, const Generator& generator, FactTexts& texts) {
  const std::size_t located_in = texts.relations.size();
  texts.relations.push_back(worded(kCountryOfCity, shape.wordings));
  texts.relations.push_back(worded(kCountryOfPerson, shape.wordings));
  texts.derivations = {{.relation = located_in + 1, .from = kCity, .by = located_in}};
  const std::vector<std::string> cities = values_of(kCity, shape.city_words);
  const Tensor drawn =
      generator.stream("countries")
          .integers(0, shape.countries, {static_cast<std::int64_t>(cities.size())});
  for (std::size_t i = 0; i < cities.size(); ++i) {
    const auto country = static_cast<std::size_t>(numbers_of(drawn)[i]);
    texts.facts.push_back({cities[i], located_in, std::string(kCountries[country]), 1});
  }
}

// Sentences whose last word follows from those before: what an animal does is one of two things,
// and to whom one of four; and sums of two numbers below 16.
std::vector<std::string> draw_text(std::int64_t lines, Generator generator) {
  static constexpr std::array<std::string_view, 16> kAnimals = {
      "cat", "dog", "fox",  "hen",  "owl",  "pig",  "ram",  "rat",
      "bee", "elk", "hare", "lynx", "mole", "swan", "toad", "wolf"};
  static constexpr std::array<std::string_view, 8> kVerbs = {"sees",  "hears",  "meets", "hunts",
                                                             "fears", "chases", "likes", "greets"};
  const Tensor drawn = generator.integers(0, 1 << 20, {lines, 4});
  std::vector<std::string> text;
  for (std::int64_t i = 0; i < lines; ++i) {
    const auto number = [&, row = numbers_of(drawn) + 4 * i](int k, std::int64_t below) {
      return static_cast<std::size_t>(row[k] % below);
    };
    if (number(0, 2) == 0) {
      const std::size_t a = number(1, 16), b = number(2, 16);
      text.push_back(fmt::format("{} plus {} is {} .", a, b, a + b));
    } else {
      const std::size_t animal = number(1, 16), verb = (2 * animal + number(2, 2)) % 8;
      const std::size_t other = (4 * verb + number(3, 4) + 1) % 16;
      text.push_back(
          fmt::format("one {} {} the {} .", kAnimals[animal], kVerbs[verb], kAnimals[other]));
    }
  }
  return text;
}

LoadedData load_biographies(const Biographies& shape) {
  const Generator generator(shape.seed);
  FactTexts texts{.name = "biographies", .context = shape.context};
  for (const RelationWords& words : kRelations) {
    texts.relations.push_back(worded(words, shape.wordings));
  }
  texts.facts = draw_facts(shape, generator);
  texts.seed = shape.seed;
  if (shape.countries > 0) add_countries(shape, generator, texts);
  std::int64_t sentences = 0;
  for (const Fact& fact : texts.facts) sentences += fact.repeats * shape.wordings;
  const double share = shape.filler / (1 - shape.filler);
  const auto lines = static_cast<std::int64_t>(share * static_cast<double>(sentences));
  texts.text = draw_text(lines, generator.stream("text"));
  if (lines > 0) texts.held_out_text = draw_text(200, generator.stream("held-out text"));
  return load_facts(texts);
}

Biographies read_biographies(const Settings& settings) {
  Biographies shape;
  shape.people = settings.integer(
      "people",
      {.default_value = 300, .at_least = 2, .at_most = kPeople, .doc = "of five facts each"});
  shape.wordings = settings.integer(
      "wordings",
      {.default_value = 5, .at_least = 1, .at_most = 5, .doc = "of a fact that are trained on"});
  shape.filler =
      settings.real("filler", {.default_value = 0.1,
                               .at_least = 0,
                               .at_most = 0.9,
                               .doc = "share of the training rows that are text without facts"});
  shape.frequencies = settings.integers(
      "frequencies", {{1}},
      {.at_least = 1,
       .at_most = 1000,
       .doc = "how often a person's sentences stand in the training set: each draws one of these"});
  if (!settings.is_describing() && shape.frequencies.empty()) {
    settings.fail("frequencies",
                  "a person's sentences must stand there at least once: [1, 4, 16].");
  }
  shape.city_words = settings.integer(
      "city_words",
      {.default_value = 1, .at_least = 1, .at_most = 2, .doc = "words in the name of a city"});
  shape.countries = settings.integer(
      "countries",
      {.default_value = 0,
       .at_least = 0,
       .at_most = static_cast<std::int64_t>(kCountries.size()),
       .doc = "that cities lie in, and people therefore live in, which is said of half of them; 0: "
              "of none"});
  shape.late = settings.real(
      "late", {.default_value = 0,
               .at_least = 0,
               .at_most = 1,
               .doc = "share of the people that training sees late, in a shared order"});
  shape.late_from = settings.real(
      "late_from", {.default_value = 0.75,
                    .above = 0,
                    .below = 1,
                    .doc = "share of a training that is over when it sees them first"});
  shape.context = settings.integer(
      "context", {.default_value = 0,
                  .at_least = 0,
                  .at_most = 4096,
                  .doc = "positions of a sequence; 0: as many as the longest sentence needs"});
  shape.seed = static_cast<std::uint64_t>(settings.integer(
      "seed",
      {.default_value = 0, .at_least = 0, .at_most = kLargestSeed, .doc = "seed of the data"}));
  return shape;
}

}  // namespace

DataSource biographies_source() {
  DataSource source{"biographies", "generated people, and text that says five facts of each", {}};
  source.configure = [](const Settings& settings) {
    const Biographies shape = read_biographies(settings);
    return [shape](const DataFolders&) { return load_biographies(shape); };
  };
  return source;
}

}  // namespace oubli
