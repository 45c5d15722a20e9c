#include "experiments/engine/run/display.h"

#include <fmt/format.h>
#include <unistd.h>

#include "core/base/text.h"
#include "experiments/engine/run/calibration.h"
#include "experiments/engine/terminal.h"

namespace oubli {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

Display::Display(std::FILE* out) : out_(out), start_(Clock::now()), last_draw_(start_) {}

void Display::begin(std::size_t stages, std::size_t cached, double cost) {
  close();
  live_ = ::isatty(::fileno(out_)) != 0;
  stages_ = stages;
  cached_ = cached;
  cost_ = cost;
  done_ = failed_ = 0;
  cost_done_ = 0;
  slots_.clear();
  if (live_ && measure_rate_ && cost_ > 0) rate_ = measure_rate_();
  start_ = last_draw_ = Clock::now();
}

std::string Display::summary() const {
  std::string text = fmt::format("{} of {} stages done", cached_ + done_, stages_);
  if (cached_ > 0) text += fmt::format(", {} from the store", cached_);
  if (failed_ > 0) text += fmt::format(", {} failed", failed_);
  double reached = cost_done_;
  for (const Slot& slot : slots_) reached += slot.busy ? slot.share * slot.cost : 0;
  const double elapsed = seconds_since(start_);
  if (elapsed > 1 && reached > 0.02 * cost_ && reached < cost_) {
    text += fmt::format(", about {} left", duration_text(elapsed * (cost_ - reached) / reached));
  } else if (rate_ > 0 && reached < cost_) {
    text += fmt::format(", about {} by a first guess", duration_text(rate_ * (cost_ - reached)));
  }
  return text;
}

void Display::started(std::size_t worker, const std::string& label, double cost) {
  if (slots_.size() <= worker) slots_.resize(worker + 1);
  slots_[worker] = {label, 0, cost, true};
  draw(false);
}

void Display::progressed(std::size_t worker, double share) {
  slots_[worker].share = share;
  draw(false);
}

void Display::finished(std::size_t worker, double cost) {
  ++done_;
  cost_done_ += cost;
  slots_[worker].busy = false;
  if (!live_) {
    print_line(fmt::format("[{}/{}] {}", cached_ + done_, stages_, slots_[worker].label));
  }
  draw(false);
}

void Display::failed(const std::string& label, const std::string& reason) {
  ++failed_;
  note(fmt::format("failed: {}: {}", label, reason));
}

void Display::note(const std::string& line) {
  erase();
  print_line(line);
  draw(true);
}

void Display::printed(const std::string& label, const std::string& line) {
  note(fmt::format("{}: {}", label, line));
}

void Display::close() {
  erase();
  live_ = false;
}

void Display::print_line(const std::string& line) {
  std::fputs((printable(line) + "\n").c_str(), out_);
  std::fflush(out_);
}

void Display::erase() {
  if (!live_ || lines_drawn_ == 0) return;
  for (std::size_t i = 0; i < lines_drawn_; ++i) std::fputs("\x1b[1A\x1b[2K", out_);
  lines_drawn_ = 0;
  std::fflush(out_);
}

void Display::draw(bool force) {
  if (!live_ || (!force && seconds_since(last_draw_) < 0.05)) return;
  last_draw_ = Clock::now();
  erase();
  const std::size_t width = terminal_columns(out_) - 1;
  std::string block = first_characters(summary(), width) + "\n";
  lines_drawn_ = 1;
  for (const Slot& slot : slots_) {
    if (!slot.busy) continue;
    const std::string line = fmt::format("  {:3.0f} %  {}", 100 * slot.share, slot.label);
    block += first_characters(printable(line), width) + "\n";
    ++lines_drawn_;
  }
  std::fputs(block.c_str(), out_);
  std::fflush(out_);
}

}  // namespace oubli
