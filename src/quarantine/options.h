// The options of [global] and those every quarantine has.
#pragma once

#include <span>

#include "quarantine/section.h"

namespace qm {

std::span<const Option> global_options();
std::span<const Option> quarantine_options();

} // namespace qm
