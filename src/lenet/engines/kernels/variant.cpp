// The kernels for one instruction set. Compiled once for each variant, with VARIANT its name and compiler flags for its
// instructions. Only the table at the end is visible outside.
#include "variant.h"

#include "logits.h"
#include "train.h"

namespace {

int64_t workspace_size(const lenet_network &network, int64_t num_images, int num_threads, bool training) {
  return workspace_size(Network(network, training), num_images, num_threads, training);
}

}  // namespace

#define JOIN(a, b) a##b
#define NAME_OF(variant) JOIN(variant_, variant)
#define TEXT(x) #x
#define TEXT_OF(x) TEXT(x)
extern const Variant NAME_OF(VARIANT);
const Variant NAME_OF(VARIANT) = {TEXT_OF(VARIANT), workspace_size, train, logits};
