// Whether a descent lowers what it descends. Each kind of term, such as the loss on what remains
// and minus the loss on what is forgotten, is compared with itself: its mean over the batches of
// the first epoch that has it with that of the last, or over the two halves of a single epoch. It
// rose where the last is higher by 4 standard errors and by a tenth; or where it is ten times what
// the first step found, and half a unit at least, as when it flies up within an epoch.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/train/loss_term.h"

namespace oubli {

class ObjectiveWatch {
 public:
  void see(const LossTerm& term, double value, std::int64_t epoch);

  struct Rise {
    double first = 0, last = 0;  // means
  };
  // The largest of any kind.
  std::optional<Rise> rise() const;

 private:
  struct Seen {
    std::int64_t first_epoch = 0, last_epoch = 0;
    std::vector<double> first, last;
  };
  static std::optional<Rise> rise_of(const Seen& seen);

  std::map<std::string, Seen> seen_;  // by kind
};

}  // namespace oubli
