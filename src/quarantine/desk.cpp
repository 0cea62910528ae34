#include "quarantine/desk.h"

#include <optional>

#include <fmt/format.h>

#include "base/log.h"
#include "quarantine/exemptions.h"

namespace qm {
namespace {

/// A regex that gives up is something an operator must hear about.
class LogGivingUp final : public policy::Observer {
  public:
    explicit LogGivingUp(const Envelope& envelope) : envelope_(envelope) {}

    bool wants_every_rule() const override { return false; }

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

} // namespace

Desk::Desk(Snapshot<Settings>& settings, catalog::Catalog& catalog, const Clock& clock)
    : settings_(settings), catalog_(catalog), releases_(catalog), clock_(clock)
{
}

std::unique_ptr<Holding> Desk::judge(const std::shared_ptr<const Settings>& settings,
                                     const Envelope& envelope, const mail::Headers& headers)
{
    Exemptions exemptions(*settings, Use::mark);
    const auto exempt = [&](policy::QuarantineIndex index, std::string_view sender,
                            std::span<const std::string_view> recipients) {
        const auto rows = exemptions.of(index, sender, recipients);
        std::vector<bool> exempted(rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            exempted[i] = rows[i].has_value();
            if (rows[i]) {
                log::info(envelope.queue_id.empty() ? "NOQUEUE" : envelope.queue_id,
                          {{"quarantine", settings->quarantines.at(index).name},
                           {"from", fmt::format("<{}>", sender)},
                           {"to", fmt::format("<{}>", recipients[i])},
                           {"row", std::to_string(rows[i]->row)},
                           {"status", "whitelisted"}});
            }
        }
        return exempted;
    };
    LogGivingUp observer(envelope);
    policy::Verdict verdict = settings->ruleset.judge(envelope, headers, exempt, &observer);
    if (verdict.concerns_nobody()) {
        return nullptr;
    }
    return std::make_unique<Holding>(settings, catalog_, clock_, envelope, headers, std::move(verdict));
}

} // namespace qm
