// A regex, an empty line, and texts, one a line. Property: the prefilter leaves out no text that the regex
// matches.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/property.h"
#include "policy/prefilter.h"
#include "policy/regex.h"
#include "quarantine/error.h"

namespace {

using namespace qm;

constexpr std::size_t kLongestPattern = 300;

std::optional<policy::Regex> compiled(std::string_view pattern)
{
    try {
        return policy::Regex(pattern);
    } catch (const ConfigError&) {
        return std::nullopt;
    }
}

void check(const policy::Regex& regex, const policy::Prefilter& prefilter, std::string_view text)
{
    std::vector<policy::Prefilter::Index> found;
    prefilter.search(text, found);
    if (found.empty() && prefilter.always().empty()) {
        fuzz::expect(regex.search(text) != policy::RegexOutcome::match,
                     "what matches was named: " + regex.pattern() + " in " + std::string(text));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    const auto end = rest.find("\n\n");
    const auto regex = compiled(rest.substr(0, std::min(end, kLongestPattern)));
    if (end == std::string_view::npos || !regex) {
        return 0;
    }
    const std::string_view pattern = regex->pattern();
    const policy::Prefilter prefilter(std::span(&pattern, 1));
    rest.remove_prefix(end + 2);
    check(*regex, prefilter, rest);
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        check(*regex, prefilter, line);
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
    return 0;
}
