// Every kind of search, and combinations of them.
#pragma once

#include <string>
#include <vector>

#include "bench/sample.h"
#include "quarantine/held_mail.h"

namespace qm::bench {

struct NamedFilter {
    std::string name; ///< "sender=heavy domain, state=failed"
    HeldFilter filter;
};

/// Every combination of one choice (or none) for each thing that a filter knows, over a catalog that `sample`
/// filled with `count` messages.
std::vector<NamedFilter> every_combination(const Sample& sample, std::uint64_t count);

void sort_newest_first(std::vector<HeldMail>& mails);

/// What the filter says, without any index: for checking.
bool chooses(const HeldFilter& filter, const HeldMail& mail);

} // namespace qm::bench
