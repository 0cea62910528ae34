// The whitelist that a quarantine asks, for whoever changes it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ctl/context.h"

namespace qm::ctl {

/// A whitelist and its rows.
///
/// Lifetime: refers to the settings.
struct WhitelistAccess {
    const Quarantine* quarantine = nullptr;
    std::unique_ptr<WhitelistRows> rows;
};

/// The whitelist of this quarantine. Without a name that of the only quarantine that has one, or the one that
/// all of them share. Errors: UsageError (no such quarantine, or it has none, or it has to be named),
/// BackendError.
WhitelistAccess open_whitelist(const Settings& settings, std::string_view quarantine);

/// A row to be written.
WhitelistRow new_row(std::string mailfrom, std::string recipient, std::string comment, bool permanent);

/// "mail from anybody at shop.example to u@our.example": what a row matches.
std::string in_words(const WhitelistRow& row);
std::string in_words(const WhitelistMatch& row);

/// Leaves the line in the log that a change leaves.
void log_whitelist(const Quarantine& quarantine, const WhitelistRow& row, std::string_view status);

} // namespace qm::ctl
