// Figures on paper: the specifications of a page as SVG, PDF or PNG files.
//
// Node (package nodejs) runs Vega, without a canvas: text is as wide as in Helvetica to a few per
// cent. rsvg-convert (librsvg2-bin) makes PDF and PNG of it.
#pragma once

#include <filesystem>
#include <string>

#include "experiments/engine/report/page/figure.h"

namespace oubli {

enum class PictureFormat { kSvg, kPdf, kPng };

struct PictureSettings {
  PictureFormat format = PictureFormat::kSvg;
  int width = 640;       // pixels; of a PNG three of its pixels for each
  bool is_dark = false;  // light lines on dark ground
};

// Replaces the file. Throws Error(kUsage) where a program is not there, naming its package, and
// Error(kStore) where one fails.
void write_picture(const std::filesystem::path& file, const Figure& figure,
                   const PictureSettings& settings);

}  // namespace oubli
