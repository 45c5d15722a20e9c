// What numbers depend on beside settings and data: the build, and the kind of machine.
//
// LibTorch, oneDNN and MKL choose their kernels by the processor's instruction sets, and some of
// their sums are cut up by the number of threads: the last bits differ between kinds of machine,
// and training amplifies them (on the quickstart, kernels for AVX-512 against LibTorch's default
// ones move means by up to 15 %). None of it is in a stage's key, so that a store can be shared: it
// stands in each entry, and results that are made of unlike ones say so.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/json.h"

namespace oubli {

std::string oubli_version();

// What this program was made from: version, git_revision, compiler.
Json build_record();

// What equal keys need to give equal bits: libtorch, mkl and onednn (versions), cpu_capability (of
// LibTorch's kernels), processor (vendor, family and model), instruction_sets, variables of the
// environment that change the choice of kernels, and threads, as many as a parallel region has in
// fact.
Json machine_record();

// Folders where the papers of this build may lie: of its sources, and of its installation.
std::vector<std::filesystem::path> papers_of_this_build();

// The processor's name and the number of cores, for people.
Json hardware_record();

}  // namespace oubli
