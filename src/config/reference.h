// Prints every option from the tables: the manual and the example cannot disagree with the parser.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quarantine/section.h"

namespace qm::config {

/// Options that the manual shows together.
struct OptionGroup {
    std::string heading;   ///< "Notices by mail"
    std::string_view help; ///< one or more sentences below the heading
    /// Where they stand in the example: "global", "spam"; groups of one stand together.
    std::string_view section;
    std::vector<std::span<const Option>> tables;
};

/// For docs/configuration.md: a heading (level 2) a group, a part (level 3) an option.
std::string reference_markdown(std::span<const OptionGroup> groups);

/// A configuration file in which every option stands with its help and its default, commented out; those
/// that must be set stand with their example.
std::string reference_skeleton(std::span<const OptionGroup> groups);

} // namespace qm::config
