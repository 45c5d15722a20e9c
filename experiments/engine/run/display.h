// What a run shows while it works: on a terminal one live block of lines, elsewhere plain lines.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace oubli {

class Display {
 public:
  // `cost` is the estimated cost of all stages to do; `cached` how many were found in the store.
  Display(std::FILE* out, std::size_t stages, std::size_t cached, double cost);
  ~Display() { close(); }

  void started(std::size_t worker, const std::string& label);
  void progressed(std::size_t worker, double share);
  void finished(std::size_t worker, double cost);
  void failed(const std::string& label, const std::string& reason);
  void note(const std::string& line);
  // Removes the live block.
  void close();

 private:
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
  bool live_;
  std::size_t stages_, cached_, done_ = 0, failed_ = 0;
  double cost_, cost_done_ = 0;
  std::vector<Slot> slots_;
  std::size_t lines_drawn_ = 0;
  std::chrono::steady_clock::time_point start_, last_draw_;
};

// Columns of the terminal behind `out`; 80 where it is none.
std::size_t terminal_columns(std::FILE* out);

}  // namespace oubli
