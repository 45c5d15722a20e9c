// What a run shows while it works: on a terminal one live block of lines, elsewhere plain lines.
#pragma once

#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "experiments/engine/run/run_listener.h"

namespace oubli {

class Display : public RunListener {
 public:
  explicit Display(std::FILE* out);
  ~Display() override { close(); }

  // How to measure the seconds that a unit of cost takes, all workers together: what is left is
  // guessed by it until a fiftieth is done. Called on a terminal alone, and where there is work.
  void set_rate(std::function<double()> measure) { measure_rate_ = std::move(measure); }

  void begin(std::size_t stages, std::size_t cached, double cost) override;
  void end() override { close(); }
  void started(std::size_t worker, const std::string& label, double cost) override;
  void progressed(std::size_t worker, double share) override;
  void finished(std::size_t worker, double cost) override;
  void failed(const std::string& label, const std::string& reason) override;
  void note(const std::string& line) override;
  void printed(const std::string& label, const std::string& line) override;

 private:
  // Removes the live block.
  void close();
  void draw(bool force);
  void erase();
  void print_line(const std::string& line);
  std::string summary() const;

  struct Slot {
    std::string label;
    double share = 0;
    double cost = 0;
    bool busy = false;
  };
  std::FILE* out_;
  bool live_ = false;
  std::size_t stages_ = 0, cached_ = 0, done_ = 0, failed_ = 0;
  double cost_ = 0, cost_done_ = 0, rate_ = 0;
  std::function<double()> measure_rate_;
  std::vector<Slot> slots_;
  std::size_t lines_drawn_ = 0;
  std::chrono::steady_clock::time_point start_, last_draw_;
};

}  // namespace oubli
