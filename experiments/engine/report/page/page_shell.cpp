#include "experiments/engine/report/page/page_shell.h"

#include <fmt/format.h>

#include "core/base/base64.h"
#include "core/base/hash.h"
#include "experiments/engine/report/page/assets.h"
#include "experiments/engine/report/page/html.h"

namespace oubli {
namespace {

// By which a content-security policy names what is in the page.
std::string csp_hash(std::string_view text) { return base64_of_hex(sha256_hex(text)); }

}  // namespace

std::string whole_page(const PageShell& shell) {
  const std::string script = fmt::format("{}\n{}\n{}", kVegaScript, kThemeScript, kPageScript);
  const std::string style(kPageStyle);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src "
      "'sha256-{0}'; style-src 'sha256-{1}'; img-src data:; base-uri 'none'; form-action "
      "'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta "
      "name=\"referrer\" content=\"no-referrer\">\n<title>{2} - oubli</title>\n<style>{3}</style>\n"
      "</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the content</a>\n<header>\n<div "
      "class=\"bar\"><p class=\"brand\">oubli: models that forgot, held against retrained ones</p>"
      "<button id=\"theme\" type=\"button\" hidden>Dark colours</button></div>\n<h1>{2}</h1>\n{4}"
      "</header>\n<main id=\"main\">\n<noscript><p class=\"power\">Figures are drawn by a script "
      "in "
      "this file, which is turned off here; every number is in the tables.</p></noscript>\n{5}"
      "</main>\n<footer><p>Made by oubli{6}. This file needs no network, and asks for "
      "nothing.</p></footer>\n<script>{7}</script>\n</body>\n</html>\n",
      csp_hash(script), csp_hash(style), escaped_html(shell.title), style, shell.navigation,
      shell.content, shell.version.empty() ? "" : fmt::format(" {}", escaped_html(shell.version)),
      script);
}

}  // namespace oubli
