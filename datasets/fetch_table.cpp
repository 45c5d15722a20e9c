// What is published where, with the sizes and checksums that the publishers and several public
// loaders give.
#include "datasets/fetch.h"

namespace oubli {
namespace {

constexpr auto kSha256 = HashAlgorithm::kSha256;
constexpr auto kMd5 = HashAlgorithm::kMd5;

FetchEntry mnist() {
  return {"mnist",
          {"https://ossci-datasets.s3.amazonaws.com/mnist/",
           "https://storage.googleapis.com/cvdf-datasets/mnist/"},
          {{"train-images-idx3-ubyte.gz",
            9912422,
            kSha256,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "6bbc9ace898e44ae57da46a324031adb",
            {},
            47040016},
           {"train-labels-idx1-ubyte.gz",
            28881,
            kSha256,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "a25bea736e30d166cdddb491f175f624",
            {},
            60008},
           {"t10k-images-idx3-ubyte.gz",
            1648877,
            kSha256,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "2646ac647ad5339dbf082846283269ea",
            {},
            7840016},
           {"t10k-labels-idx1-ubyte.gz",
            4542,
            kSha256,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            "27ae3e4e09519cfbb04c329615203637",
            {},
            10008}}};
}

FetchEntry fashion_mnist() {
  return {"fashion_mnist",
          {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
           "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"},
          {{"train-images-idx3-ubyte.gz", 26421880, kMd5, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"},
           {"train-labels-idx1-ubyte.gz", 29515, kMd5, "25c81989df183df01b3e8a0aad5dffbe"},
           {"t10k-images-idx3-ubyte.gz", 4422102, kMd5, "bef4ecab320f06d8554ea6380940ec79"},
           {"t10k-labels-idx1-ubyte.gz", 5148, kMd5, "bb300cfdad3c16e7a12a480ee83cd310"}}};
}

FetchEntry cifar10() {
  constexpr std::int64_t kBatch = 10000LL * 3073;
  return {"cifar10",
          {"https://www.cs.toronto.edu/~kriz/"},
          {{"cifar-10-binary.tar.gz",
            170052171,
            kSha256,
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            "",
            {{"cifar-10-batches-bin/data_batch_1.bin", kBatch},
             {"cifar-10-batches-bin/data_batch_2.bin", kBatch},
             {"cifar-10-batches-bin/data_batch_3.bin", kBatch},
             {"cifar-10-batches-bin/data_batch_4.bin", kBatch},
             {"cifar-10-batches-bin/data_batch_5.bin", kBatch},
             {"cifar-10-batches-bin/test_batch.bin", kBatch}}}}};
}

FetchEntry cifar100() {
  return {"cifar100",
          {"https://www.cs.toronto.edu/~kriz/"},
          {{"cifar-100-binary.tar.gz",
            168513733,
            kSha256,
            "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
            "",
            {{"cifar-100-binary/train.bin", 50000LL * 3074},
             {"cifar-100-binary/test.bin", 10000LL * 3074}}}}};
}

}  // namespace

const FetchTable& published_files() {
  static const FetchTable& table = *new FetchTable{mnist(), fashion_mnist(), cifar10(), cifar100()};
  return table;
}

}  // namespace oubli
