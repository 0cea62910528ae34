// Randomness of the kernel.
#pragma once

#include <string>

namespace qm {

/// `count` random bytes (at most 256) of getrandom(2). Errors: BackendError.
std::string random_bytes(std::size_t count);

} // namespace qm
