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

/// The same for two texts, which the reason shows.
inline void expect_same(const std::string& text, const std::string& expected, const std::string& claim)
{
    if (text != expected) {
        expect(false, claim + "\n    is:       " + text + "\n    expected: " + expected);
    }
}

} // namespace qm::fuzz
