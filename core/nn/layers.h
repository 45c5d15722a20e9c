// Every layer that architectures are made of.
#pragma once

#include "core/nn/layers/activation.h"
#include "core/nn/layers/attention.h"
#include "core/nn/layers/composite.h"
#include "core/nn/layers/convolution.h"
#include "core/nn/layers/dropout.h"
#include "core/nn/layers/embedding.h"
#include "core/nn/layers/linear.h"
#include "core/nn/layers/normalisation.h"
#include "core/nn/layers/pooling.h"
#include "core/nn/layers/positions.h"
