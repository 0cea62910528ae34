#include "policy/verdict.h"

#include <algorithm>

namespace qm::policy {

bool Verdict::concerns_nobody() const
{
    return !tempfail && std::ranges::all_of(recipients, [](const RecipientVerdict& recipient) {
        return recipient.observed_by.empty() && !recipient.ends_in;
    });
}

const Match* Verdict::match_of(QuarantineIndex quarantine) const
{
    const auto found = std::ranges::find(matches, quarantine, &Match::quarantine);
    return found == matches.end() ? nullptr : &*found;
}

} // namespace qm::policy
