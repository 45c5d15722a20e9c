// What every page has around its content: the policy, the style, the scripts, the heading.
#pragma once

#include <string>

namespace oubli {

struct PageShell {
  std::string title;       // plain text
  std::string navigation;  // HTML, as the content
  std::string content;
  std::string version;  // of oubli, or ""
};

// A whole file, which begins with the doctype and ends by naming oubli.
std::string whole_page(const PageShell& shell);

}  // namespace oubli
