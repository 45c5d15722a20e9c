# Finds every dependency. Nothing is downloaded here and nothing is vendored: README.md in this
# folder says where each comes from. Also included by the installed package's configuration.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(Torch 2.4 REQUIRED)
find_package(OpenMP REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(yaml-cpp 0.7 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(nlohmann_json 3.10 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(muparser 2.3 REQUIRED)
find_package(Boost 1.74 REQUIRED)  # Boost.Math, headers only: include path, no target
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
find_package(CURL 7.74 REQUIRED)
find_package(ZLIB 1.2 REQUIRED)
find_package(LibArchive 3.4 REQUIRED)
find_package(PNG 1.6 REQUIRED)

# libsvm comes without a CMake package.
if(NOT TARGET svm::svm)
  find_path(SVM_INCLUDE_DIR svm.h PATH_SUFFIXES libsvm REQUIRED)
  find_library(SVM_LIBRARY svm REQUIRED)
  add_library(svm::svm UNKNOWN IMPORTED)
  set_target_properties(svm::svm PROPERTIES IMPORTED_LOCATION "${SVM_LIBRARY}"
                                            INTERFACE_INCLUDE_DIRECTORIES "${SVM_INCLUDE_DIR}")
endif()

# yaml-cpp before 0.8 has no namespaced target.
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp INTERFACE IMPORTED)
  set_target_properties(yaml-cpp::yaml-cpp PROPERTIES INTERFACE_LINK_LIBRARIES yaml-cpp)
endif()
