// Whitelists of tests, which say of one recipient after the other whether they are exempt.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/ruleset.h"

namespace qm::test {

using IsExempt = std::function<bool(policy::QuarantineIndex quarantine, std::string_view sender,
                                    std::string_view recipient)>;

inline policy::Exempt one_by_one(IsExempt is_exempt)
{
    return [is_exempt = std::move(is_exempt)](policy::QuarantineIndex quarantine, std::string_view sender,
                                              std::span<const std::string_view> recipients) {
        std::vector<bool> exempted;
        for (const std::string_view recipient : recipients) {
            exempted.push_back(is_exempt(quarantine, sender, recipient));
        }
        return exempted;
    };
}

} // namespace qm::test
