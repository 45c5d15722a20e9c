// Models that are there already, in place of originals trained here:
//
//   original: {weights: net.safetensors}                        one, or a list of files
//   original: {weights: net.safetensors, rename: {body.0: conv1}}
//   original: {weights: gpt2.safetensors, transposed: [c_attn, c_fc, c_proj]}
//
// `transposed`: layers, by the last part of their names, whose matrices the file holds the other
// way round, [in, out], as GPT-2's own files do.
//
// `train` then says how oracles are trained, from random parameters. The weights must have been
// trained on the training rows that the experiment names, with what is to be forgotten among them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/settings.h"
#include "core/nn/checkpoint.h"

namespace oubli {

struct GivenOriginals {
  std::vector<std::filesystem::path> files;  // one for each original
  FileForm form;
  Origin origin;

  // Replaces the model's weights by those of a file. Error(kData) where they do not fit, and, with
  // a hash given, where the file is not the one that has it.
  void load(Model& model, std::size_t number, const std::string& sha256 = "") const;
  // What a file holds, under the model's names where `rename` fits, else under its own.
  TensorFile weights(std::size_t number) const;
  // The model's weights under the names and types of that file, one that it has under two names
  // under both; what the model does not have, such as counters and masks, is as it is there.
  TensorFile as_given(const Model& model, std::size_t number) const;
};

// None where the file has no `original`.
std::optional<GivenOriginals> read_given_originals(const Settings& root);

}  // namespace oubli
