// What may be done to the training rows of any data set, to study memorisation: labels drawn at
// random, and rows that no original is trained on although they come from where the training rows
// come from. Attacks hold the forget set against those.
//
// Settings: label_noise (share of the training rows whose label is drawn anew, each class as likely
// as any other, so that one in `classes` keeps its label; Zhang et al. 2017), held_out (share of
// the training rows, noisy ones with them, that is taken out of the training split; of sentences
// that state facts the share of subjects, who leave with all that is said of them, since a fact is
// learnt from any of its wordings). Both are drawn from Generator(population_seed).
// Errors: Error(kSettings) where targets are numbers and labels should be drawn.
#pragma once

#include "datasets/source.h"

namespace oubli {

// The same source with these two settings beside its own.
DataSource with_population_settings(DataSource source);

}  // namespace oubli
