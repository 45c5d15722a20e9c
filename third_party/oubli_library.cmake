# oubli_library(NAME SOURCES... LINK PUBLIC_LIBRARIES... PRIVATE_LINK LIBRARIES...)
#
# One static library oubli_NAME with the alias oubli::NAME and the shared options.

# Every source pays seconds for LibTorch's templates before its own first line, precompiled headers or
# not, so the sources of a folder are compiled as one, at most so many at a time (OUBLI_UNITY). A
# folder's sources therefore share one anonymous namespace: a name may stand there once. OFF, with
# OUBLI_PRECOMPILE off too, compiles each source as it stands: that includes are complete.
set(OUBLI_UNITY_SOURCES 12)
function(oubli_group_sources target)
  get_target_property(sources ${target} SOURCES)
  list(SORT sources)
  foreach(source IN LISTS sources)
    if(IS_ABSOLUTE "${source}")
      continue()  # made by the build
    endif()
    get_filename_component(folder "${source}" DIRECTORY)
    string(MAKE_C_IDENTIFIER "${folder}" folder)
    math(EXPR number "${count_${folder}} + 0" OUTPUT_FORMAT DECIMAL)
    math(EXPR group "${number} / ${OUBLI_UNITY_SOURCES}")
    math(EXPR count_${folder} "${number} + 1")
    set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "${folder}_${group}")
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

function(oubli_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wno-unknown-pragmas)
  if(OUBLI_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(OUBLI_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${OUBLI_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=${OUBLI_SANITIZE})
  endif()
  # fmt's headers alone: its definitions are compiled in core/base/fmt_definitions.cpp.
  target_include_directories(
    ${target} SYSTEM PRIVATE $<TARGET_PROPERTY:fmt::fmt,INTERFACE_INCLUDE_DIRECTORIES>)
  # LibTorch's parallel_for is a template that shares work out only where OpenMP is on.
  target_compile_options(${target} PRIVATE ${OpenMP_CXX_FLAGS})
  # Precompiled headers are shared only between targets with the same code model.
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC)
  if(OUBLI_UNITY)
    oubli_group_sources(${target})
  endif()
  if(NOT OUBLI_PRECOMPILE)
    return()
  elseif(target STREQUAL "oubli_core")
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
