// Ids as they are typed: whole, or shortened while unique.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ctl/context.h"
#include "ctl/exit_code.h"
#include "quarantine/held_mail.h"

namespace qm::ctl {

/// True for the characters of an id, as many as an id has or fewer: never ../ or a wildcard.
bool looks_like_id(std::string_view text);

/// The message that `text` means. Nothing: it is said on standard error and counted in `tally` (unknown, or
/// short for several: these are listed). Errors: UsageError when it is no id at all.
std::optional<HeldMail> find_named(Context& context, Desk& desk, std::string_view text, Tally& tally);

/// The messages that the ids of the command line, at least six characters each, mean, each once, in their
/// order. All of them are looked at before anything is done. Errors: UsageError.
std::vector<HeldMail> find_all_named(Context& context, Desk& desk, Tally& tally);

} // namespace qm::ctl
