// Told how a run goes on. This one does nothing with it: a run prints nothing by itself.
#pragma once

#include <cstddef>
#include <string>

namespace oubli {

class RunListener {
 public:
  virtual ~RunListener() = default;

  // A round of work: the plan has so many stages, of which so many are in the store; `cost` is the
  // estimated cost of the others. Another round follows where entries turned out to be damaged.
  virtual void begin(std::size_t /*stages*/, std::size_t /*cached*/, double /*cost*/) {}
  virtual void end() {}

  // Of a stage, by the number of the worker that does it.
  virtual void started(std::size_t /*worker*/, const std::string& /*label*/, double /*cost*/) {}
  virtual void progressed(std::size_t /*worker*/, double /*share*/) {}
  virtual void finished(std::size_t /*worker*/, double /*cost*/) {}
  virtual void failed(const std::string& /*label*/, const std::string& /*reason*/) {}

  // A line that the code of a stage wrote to its standard output or error.
  virtual void printed(const std::string& /*label*/, const std::string& /*line*/) {}

  // What somebody who watches should know, in a line.
  virtual void note(const std::string& /*line*/) {}
};

}  // namespace oubli
