# oubli_library(NAME SOURCES... LINK PUBLIC_LIBRARIES... PRIVATE_LINK LIBRARIES...)
#
# One static library oubli_NAME with the alias oubli::NAME, the shared warnings, and the precompiled
# LibTorch headers, which are compiled once for oubli_core and reused everywhere else.
function(oubli_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wno-unknown-pragmas)
  if(OUBLI_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(OUBLI_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${OUBLI_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=${OUBLI_SANITIZE})
  endif()
  # Precompiled headers are shared only between targets with the same code model.
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC)
  if(target STREQUAL "oubli_core")
    target_precompile_headers(${target} PRIVATE "${PROJECT_SOURCE_DIR}/third_party/precompiled.h")
  else()
    target_precompile_headers(${target} REUSE_FROM oubli_core)
  endif()
endfunction()

function(oubli_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK;PRIVATE_LINK")
  set(target oubli_${name})
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(oubli::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(
    ${target} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>"
                     "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/oubli>")
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_link_libraries(${target} PUBLIC ${arg_LINK} PRIVATE ${arg_PRIVATE_LINK})
  oubli_options(${target})
endfunction()
