// The options of previews in a quarantine's section.
#pragma once

#include <cstdint>
#include <span>

#include "preview/preview.h"
#include "quarantine/section.h"

namespace qm::preview {

std::span<const Option> options();

/// PreviewOptions::max_text; a mistake is noted in the section.
std::uint64_t max_text_of(const Section& section);

} // namespace qm::preview
