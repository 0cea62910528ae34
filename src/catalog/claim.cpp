#include "catalog/claim.h"

#include <cstring>

#include "base/random.h"
#include "quarantine/error.h"

namespace qm::catalog {
namespace {

/// Odd, and a file offset too; 0 is nobody's.
std::int64_t random_number()
{
    std::uint64_t bits = 0;
    const std::string bytes = random_bytes(sizeof bits);
    std::memcpy(&bits, bytes.data(), sizeof bits);
    return static_cast<std::int64_t>(bits >> 2U) | 1;
}

} // namespace

std::int64_t Releases::Claim::hold()
{
    auto held = held_.lock();
    if (!held->lock || !held->lock->is_held()) {
        held->lock.reset();
        held->number = random_number();
        held->lock = ProcessLock::try_take(catalog_, held->number);
        if (!held->lock) {
            throw BackendError("catalog: the lock of this process is held by another one");
        }
    }
    return held->number;
}

} // namespace qm::catalog
