#include "datasets/population.h"

namespace oubli {

#define OUBLI_DATASET(name) DataSource name##_source();
#include "datasets/datasets.def"
#undef OUBLI_DATASET

Registry<DataSource> builtin_datasets() {
  Registry<DataSource> datasets("data set");
#define OUBLI_DATASET(name) datasets.add(with_population_settings(name##_source()));
#include "datasets/datasets.def"
#undef OUBLI_DATASET
  return datasets;
}

}  // namespace oubli
