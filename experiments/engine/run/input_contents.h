// What the stages hold that others are made from.
#pragma once

#include <map>
#include <string>

#include "experiments/engine/plan/plan.h"
#include "experiments/engine/run/store.h"

namespace oubli {

// What the entries hold now that stages are made from. Groups are looked at once: a lifetime is as
// long as what it says shall hold.
class InputContents {
 public:
  InputContents(const Plan& plan, const Store& store) : plan_(plan), store_(store) {}
  // Each input by its key, and each group of members as one, by its digest; "" where one of them is
  // not there.
  Store::Contents of(const Stage& stage);
  // Whether some of the group's members are there, and some are not.
  bool is_partial(const MemberGroup& group) { return of_group(group).is_partial; }

 private:
  struct GroupContent {
    std::string hash;  // "" unless all are there
    bool is_partial = false;
  };
  const GroupContent& of_group(const MemberGroup& group);

  const Plan& plan_;
  const Store& store_;
  std::map<const MemberGroup*, GroupContent> groups_;
};

}  // namespace oubli
