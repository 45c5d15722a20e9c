# Install and export: find_package(oubli) gives oubli::core, oubli::methods, oubli::datasets and
# oubli::experiments. Headers keep their path from the root, under include/oubli.
include(CMakePackageConfigHelpers)

install(TARGETS oubli_core oubli_methods oubli_datasets oubli_experiments EXPORT oubli
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS oubli_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(folder core methods datasets experiments)
  install(DIRECTORY ${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/oubli
          FILES_MATCHING PATTERN "*.h" PATTERN "*.def" PATTERN "custom_method" EXCLUDE
          PATTERN "bench" EXCLUDE)
endforeach()
install(FILES "${PROJECT_BINARY_DIR}/include/experiments/engine/interface.h"
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/oubli/experiments/engine)
# Manuals keep their path from the root, so that their links hold, and so do experiments and the
# example.
install(FILES README.md CONTRIBUTING.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
foreach(manual core methods datasets third_party)
  install(FILES ${manual}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/${manual})
endforeach()
install(DIRECTORY experiments DESTINATION ${CMAKE_INSTALL_DOCDIR}
        FILES_MATCHING PATTERN "*.yaml" PATTERN "*.md" PATTERN "*.csv" PATTERN "summary.py"
        PATTERN "engine" EXCLUDE PATTERN "selftest" EXCLUDE PATTERN "bench" EXCLUDE)
install(DIRECTORY experiments/custom_method DESTINATION ${CMAKE_INSTALL_DOCDIR}/experiments)
install(EXPORT oubli NAMESPACE oubli:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/oubli)
configure_package_config_file(
  third_party/oubli-config.cmake.in "${PROJECT_BINARY_DIR}/oubli-config.cmake"
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/oubli)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/oubli-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/oubli-config.cmake"
              "${PROJECT_BINARY_DIR}/oubli-config-version.cmake"
              third_party/dependencies.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/oubli)
