#include "quarantine/desk.h"

#include <chrono>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/log.h"
#include "quarantine/error.h"

namespace qm {
namespace {

/// A regex that gives up is something an operator must hear about.
class LogGivingUp final : public policy::Observer {
  public:
    explicit LogGivingUp(const Envelope& envelope) : envelope_(envelope) {}

    void gave_up(const policy::Rule& rule, const mail::HeaderField& field) override
    {
        log::warning(envelope_.queue_id.empty() ? "NOQUEUE" : envelope_.queue_id,
                     {{"quarantine", rule.quarantine},
                      {"header", std::string(field.name)},
                      {"size", std::to_string(field.value.size())},
                      {"status", "regex-gave-up"}});
    }

    void stopped(const policy::Rule& rule) override
    {
        log::warning(envelope_.queue_id.empty() ? "NOQUEUE" : envelope_.queue_id,
                     {{"quarantine", rule.quarantine}, {"status", "regex-stopped"}});
    }

  private:
    const Envelope& envelope_;
};

/// Asks the whitelists for one mail: each question once, and all of them within one deadline, because the
/// mail server waits and libmilter may let other sessions wait with it.
class Exemptions {
  public:
    Exemptions(const Settings& settings, const Envelope& envelope) : settings_(settings), envelope_(envelope)
    {
    }

    bool covers(policy::QuarantineIndex index, std::string_view sender, std::string_view recipient)
    {
        const Quarantine& quarantine = settings_.quarantines.at(index);
        if (!quarantine.whitelist) {
            return false;
        }
        const auto row = ask(*quarantine.whitelist, sender, recipient);
        if (!row) {
            return false;
        }
        log::info(envelope_.queue_id.empty() ? "NOQUEUE" : envelope_.queue_id,
                  {{"quarantine", quarantine.name},
                   {"from", fmt::format("<{}>", sender)},
                   {"to", fmt::format("<{}>", recipient)},
                   {"row", std::to_string(row->row)},
                   {"status", "whitelisted"}});
        return true;
    }

  private:
    std::optional<WhitelistMatch> ask(Whitelist& whitelist, std::string_view sender,
                                      std::string_view recipient)
    {
        const auto [place, is_new] = answers_.try_emplace({&whitelist, std::string(recipient)});
        if (is_new) {
            if (std::chrono::steady_clock::now() > deadline_) {
                throw BackendError(
                    fmt::format("the whitelists took longer than {} s for one mail", kPatience.count()));
            }
            place->second = whitelist.find(sender, recipient);
        }
        return place->second;
    }

    /// Less than Postfix's milter_command_timeout (30 s).
    static constexpr std::chrono::seconds kPatience{10};

    const Settings& settings_;
    const Envelope& envelope_;
    std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::now() + kPatience;
    std::map<std::pair<Whitelist*, std::string>, std::optional<WhitelistMatch>> answers_;
};

} // namespace

Desk::Desk(Snapshot<Settings>& settings, catalog::Catalog& catalog, const Clock& clock)
    : settings_(settings), catalog_(catalog), clock_(clock)
{
}

std::unique_ptr<Holding> Desk::judge(const std::shared_ptr<const Settings>& settings,
                                     const Envelope& envelope, const mail::Headers& headers)
{
    Exemptions exemptions(*settings, envelope);
    const auto exempt = [&](policy::QuarantineIndex index, std::string_view sender,
                            std::string_view recipient) {
        return exemptions.covers(index, sender, recipient);
    };
    LogGivingUp observer(envelope);
    policy::Verdict verdict = settings->ruleset.judge(envelope, headers, exempt, &observer);
    if (verdict.concerns_nobody()) {
        return nullptr;
    }
    return std::make_unique<Holding>(settings, catalog_, clock_, envelope, headers, std::move(verdict));
}

} // namespace qm
