// CIFAR-10: 60000 colour pictures of 32 by 32 pixels in 10 classes. A. Krizhevsky, 2009.
#include "datasets/cifar.h"

namespace oubli {

DataSource cifar10_source() {
  return cifar_source({.name = "cifar10",
                       .summary = "60000 colour pictures, 32x32 pixels, 10 classes",
                       .subfolder = "cifar-10-batches-bin",
                       .labels = {{.name = "class",
                                   .byte = 0,
                                   .class_names = {"airplane", "automobile", "bird", "cat", "deer",
                                                   "dog", "frog", "horse", "ship", "truck"}}},
                       .train_files = {{"data_batch_1.bin", 10000},
                                       {"data_batch_2.bin", 10000},
                                       {"data_batch_3.bin", 10000},
                                       {"data_batch_4.bin", 10000},
                                       {"data_batch_5.bin", 10000}},
                       .test_files = {{"test_batch.bin", 10000}},
                       .normalisation = {{0.4914, 0.4822, 0.4465}, {0.2470, 0.2435, 0.2616}}});
}

}  // namespace oubli
