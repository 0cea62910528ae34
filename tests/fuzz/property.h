// What a fuzz target claims.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace qm::fuzz {

/// Ends the program with the reason when a claim does not hold; libFuzzer keeps the input that did it.
inline void expect(bool holds, const std::string& claim)
{
    if (!holds) {
        std::fprintf(stderr, "does not hold: %s\n", claim.c_str());
        std::abort();
    }
}

} // namespace qm::fuzz
