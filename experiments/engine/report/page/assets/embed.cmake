# Writes assets.cpp: `cmake -D OUTPUT=FILE -D VEGA=FOLDER -D ASSETS=FOLDER -P embed.cmake`. Vega comes as one file a
# module; those that figures need become one script that evaluates no text.
set(modules util canvas loader time scale statistics dataflow scenegraph expression event-selector selection
            functions transforms view-transforms encode label parser runtime view format interpreter)

set(vega "'use strict';\nconst vega = (function () {\nconst texts = {}, made = {};
function require(name) {
  if (!made[name]) {
    made[name] = {exports: {}};
    texts[name](made[name], made[name].exports);
  }
  return made[name].exports;
}\n")
foreach(module IN LISTS modules)
  file(READ "${VEGA}/vega-${module}.min.js" text)
  string(REGEX REPLACE "\n//# sourceMappingURL=[^\n]*" "" text "${text}")
  set(name "vega-${module}")
  if(module STREQUAL "selection")
    set(name "vega-selections")
  endif()
  string(APPEND vega "texts['${name}'] = function (module, exports) {\n${text}\n};\n")
endforeach()
file(READ "${ASSETS}/vega_index.js" index)
string(APPEND vega "${index}})();\n")

# A literal of any length, in parts that every compiler takes.
function(literal name text)
  string(LENGTH "${text}" length)
  set(begin 0)
  set(code "const char ${name}Text[] =\n")
  while(begin LESS length)
    string(SUBSTRING "${text}" ${begin} 8000 part)
    string(APPEND code "    R\"oubli_asset(${part})oubli_asset\"\n")
    math(EXPR begin "${begin} + 8000")
  endwhile()
  file(APPEND "${OUTPUT}" "namespace {\n${code};\n}  // namespace
const std::string_view ${name}(${name}Text, sizeof(${name}Text) - 1);\n\n")
endfunction()

file(WRITE "${OUTPUT}" "// Made by embed.cmake.
#include \"experiments/engine/report/page/assets.h\"\n\nnamespace oubli {\n\n")
literal(kVegaScript "${vega}")
foreach(asset "kThemeScript theme.js" "kPageScript page.js" "kPlotScript plot.js" "kPageStyle page.css")
  string(REPLACE " " ";" asset "${asset}")
  list(GET asset 0 name)
  list(GET asset 1 file)
  file(READ "${ASSETS}/${file}" text)
  literal(${name} "${text}")
endforeach()
file(APPEND "${OUTPUT}" "}  // namespace oubli\n")
