// Fashion-MNIST: 70000 pictures of clothes in the format of MNIST. H. Xiao, K. Rasul, R. Vollgraf,
// 2017.
#include "datasets/idx_images.h"

namespace oubli {

DataSource fashion_mnist_source() {
  return idx_image_source({.name = "fashion_mnist",
                           .summary = "70000 pictures of clothes, 28x28 grey pixels, 10 classes",
                           .normalisation = {{0.2860}, {0.3530}},
                           .class_names = {"t_shirt", "trouser", "pullover", "dress", "coat",
                                           "sandal", "shirt", "sneaker", "bag", "ankle_boot"},
                           .other_name = "mnist",
                           .other_labels_md5 = "a25bea736e30d166cdddb491f175f624"});
}

}  // namespace oubli
