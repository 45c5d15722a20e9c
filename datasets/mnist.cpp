// MNIST: 70000 handwritten digits of 28 by 28 pixels. Y. LeCun, C. Cortes, C. Burges.
#include "datasets/idx_images.h"

namespace oubli {

DataSource mnist_source() {
  return idx_image_source({.name = "mnist",
                           .summary = "70000 handwritten digits, 28x28 grey pixels, 10 classes",
                           .normalisation = {{0.1307}, {0.3081}},
                           .class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
                           .other_name = "",
                           .other_labels_md5 = ""});
}

}  // namespace oubli
