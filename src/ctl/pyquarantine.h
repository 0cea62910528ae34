// What pyquarantine-milter writes about a message it holds: the file NAME.metadata beside the file NAME.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quarantine/held_mail.h"

namespace qm::ctl {

constexpr std::string_view kMetadataSuffix = ".metadata";

/// Text fields are valid UTF-8 and hold anything else.
struct PyMetadata {
    std::string sender;                  ///< without brackets; "" is the null sender
    std::vector<std::string> recipients; ///< without brackets, at least one
    std::optional<Time> time;            ///< when it was held; nothing: nobody wrote it down
    std::string queue_id;
    /// Decoded; "" where the metadata say nothing, or say it encoded: the message says it too.
    std::string subject;
    std::string header_from;
    std::string header_date;
    MatchGroups groups;
    std::string why; ///< what the groups say, "" without groups
};

/// What came of reading one: it, or a sentence that says what is wrong.
struct PyResult {
    std::optional<PyMetadata> metadata;
    std::string problem;
};

/// Reads the metadata of version 0.x (`from` or `mailfrom`, `date`, subgroups), 1.x (headers, named
/// subgroups) and 2.x (`timestamp`, `subject`, `vars`). `name` is that of the message's file, without its
/// folder: it begins with the local time where the metadata say none. Pure; takes any bytes, and at most
/// kLargestMetadata of them.
constexpr std::size_t kLargestMetadata = 4U << 20U;
PyResult read_pyquarantine(std::string_view name, std::string_view metadata);

/// The id under which it is held here: the same in every run.
HeldId imported_id(Time time, std::string_view name, std::string_view metadata);

} // namespace qm::ctl
