#include "ctl/whitelist_access.h"

#include <fmt/format.h>

#include "base/log.h"
#include "ctl/exit_code.h"

namespace qm::ctl {
namespace {

const Quarantine& named_quarantine(const Settings& settings, std::string_view name)
{
    const Quarantine* const quarantine = settings.quarantine(name);
    if (quarantine == nullptr) {
        throw UsageError(fmt::format("-q {}: no quarantine is called so", harmless_line(name, 60)));
    }
    if (!quarantine->whitelist) {
        throw UsageError(fmt::format("-q {}: this quarantine has no whitelist", harmless_line(name, 60)));
    }
    return *quarantine;
}

const Quarantine& only_quarantine(const Settings& settings)
{
    const Quarantine* first = nullptr;
    std::string names;
    bool several = false;
    for (const Quarantine& quarantine : settings.quarantines) {
        if (!quarantine.whitelist) {
            continue;
        }
        names += fmt::format("{}{}", names.empty() ? "" : ", ", harmless_line(quarantine.name, 60));
        several = several || (first != nullptr && first->whitelist != quarantine.whitelist);
        first = first != nullptr ? first : &quarantine;
    }
    if (first == nullptr) {
        throw UsageError("no quarantine has a whitelist");
    }
    if (several) {
        throw UsageError(fmt::format("there are several whitelists: name one with -q ({})", names));
    }
    return *first;
}

std::string side_in_words(std::string_view side)
{
    if (side.empty()) {
        return "anybody";
    }
    if (side.starts_with('@')) {
        return "anybody at " + harmless_line(side.substr(1), 300);
    }
    return harmless_line(side, 300);
}

} // namespace

WhitelistAccess open_whitelist(const Settings& settings, std::string_view quarantine)
{
    const Quarantine& found =
        quarantine.empty() ? only_quarantine(settings) : named_quarantine(settings, quarantine);
    WhitelistAccess access{.quarantine = &found, .rows = found.whitelist->rows()};
    if (!access.rows) {
        throw UsageError(fmt::format("the whitelist of {} cannot be changed here", found.name));
    }
    return access;
}

WhitelistRow new_row(std::string mailfrom, std::string recipient, std::string comment, bool permanent)
{
    WhitelistRow row;
    row.mailfrom = std::move(mailfrom);
    row.recipient = std::move(recipient);
    row.comment = std::move(comment);
    row.permanent = permanent;
    return row;
}

std::string in_words(const WhitelistRow& row)
{
    return fmt::format("mail from {} to {}", side_in_words(row.mailfrom), side_in_words(row.recipient));
}

std::string in_words(const WhitelistMatch& row)
{
    return fmt::format("mail from {} to {}", side_in_words(row.mailfrom), side_in_words(row.recipient));
}

void log_whitelist(const Quarantine& quarantine, const WhitelistRow& row, std::string_view status)
{
    log::info("whitelist", {{"quarantine", quarantine.name},
                            {"row", std::to_string(row.id)},
                            {"from", fmt::format("<{}>", row.mailfrom)},
                            {"to", fmt::format("<{}>", row.recipient)},
                            {"status", std::string(status)}});
}

} // namespace qm::ctl
