// Headers built against a regex, part by part: every search ends within its limits, the rules that we ship
// never give up on a header that a mail can have, and a mail full of such headers costs what one rule may
// cost.
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mail/headers.h"
#include "policy/ruleset.h"
#include "support/linear_work.h"

namespace qm::policy {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Ne;
using testing::SizeIs;
using namespace std::string_literals;

constexpr std::size_t kLong = 60'000; ///< bytes of a value; libmilter hands over no more

struct Shipped {
    std::string file;
    std::string pattern;
};

/// Every `regex = ...` of a file, commented out or quoted in a text as well. "%%" is a percent sign there.
void read_patterns(const std::filesystem::path& path, std::vector<Shipped>& all)
{
    static const Regex setting(R"(^[#\s]*(?:- Example: `)?regex = ([^`]+)`?$)");
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        MatchGroups groups;
        if (setting.search(line, &groups) == RegexOutcome::match) {
            std::string pattern = groups.at(0).second;
            for (auto at = pattern.find("%%"); at != std::string::npos; at = pattern.find("%%", at + 1)) {
                pattern.erase(at, 1);
            }
            all.push_back({path.filename(), std::move(pattern)});
        }
    }
}

const std::vector<Shipped>& shipped()
{
    static const std::vector<Shipped> patterns = [] {
        std::vector<Shipped> all;
        const std::filesystem::path project(QM_SOURCE_DIR);
        for (const char* folder : {"conf", "conf/examples", "docs", "docs/man"}) {
            for (const auto& entry : std::filesystem::directory_iterator(project / folder)) {
                if (entry.is_regular_file()) {
                    read_patterns(entry.path(), all);
                }
            }
        }
        read_patterns(project / "README.md", all);
        // An example of a mistake.
        std::erase_if(all, [](const Shipped& one) { return one.pattern == R"(^Subject: .*\binvoice)\b)"; });
        return all;
    }();
    return patterns;
}

std::string times(std::size_t bytes, std::string_view text)
{
    std::string result;
    while (result.size() + text.size() <= bytes && !text.empty()) {
        result += text;
    }
    return result;
}

/// A text that the item at `at` of a pattern takes; moves `at` behind it. "" for what takes nothing.
std::string text_of_item(const std::string& pattern, std::size_t& at)
{
    const char c = pattern[at++];
    if (c == '\\') {
        const char escaped = pattern[at++];
        switch (escaped) {
        case 'd':
            return "9";
        case 's':
            return " ";
        case 'w':
        case 'S':
            return "w";
        case 'b':
        case 'B':
            return "";
        default:
            return {escaped};
        }
    }
    if (c == '[') {
        const bool is_negated = pattern[at] == '^';
        std::size_t first = at + (is_negated ? 1 : 0);
        const auto end = pattern.find(']', first + 1);
        const std::string taken = text_of_item(pattern, first);
        at = end + 1;
        return is_negated ? "n" : taken;
    }
    return c == '.' ? "z" : std::string(1, c);
}

/// The texts that the parts of a pattern take, parts being what stands between brackets, bars and
/// quantifiers.
std::vector<std::string> pieces_of(const std::string& pattern)
{
    std::vector<std::string> pieces(1);
    for (std::size_t at = 0; at < pattern.size();) {
        const std::string_view rest = std::string_view(pattern).substr(at);
        if (rest.starts_with("(?P<") || rest.starts_with("(?<") || rest.starts_with("(?")) {
            at = pattern.find_first_of(":>)", at) + 1;
            pieces.emplace_back();
        } else if (std::string_view("()|^$*+?").find(pattern[at]) != std::string_view::npos) {
            ++at;
            pieces.emplace_back();
        } else if (pattern[at] == '{' && at + 1 < pattern.size()) {
            at = pattern.find('}', at) + 1;
            pieces.emplace_back();
        } else {
            pieces.back() += text_of_item(pattern, at);
        }
    }
    std::erase(pieces, "");
    return pieces;
}

/// Values of about `bytes` bytes made to match nearly, everywhere, and in as many ways as there are.
std::vector<std::string> bombs_against(const std::string& pattern, std::size_t bytes)
{
    std::vector<std::string> pieces = pieces_of(pattern);
    std::string whole;
    for (const std::string& piece : pieces) {
        whole += piece;
    }
    pieces.push_back(whole);
    const std::vector<std::string> own = pieces;
    for (const std::string& piece : own) {
        pieces.push_back(piece.substr(0, piece.size() - 1));
        pieces.push_back(piece + "\n");
        pieces.push_back(piece + " ");
        pieces.push_back(piece.substr(0, 1));
        pieces.push_back(piece + "\xFF");
    }
    std::vector<std::string> bombs;
    for (const std::string& piece : pieces) {
        const std::string many = times(bytes, piece);
        bombs.push_back(many);
        bombs.push_back(many + "!");
        bombs.push_back(whole + many);
        bombs.push_back(whole.substr(0, whole.size() - 1) + many + "!");
        bombs.push_back(own.front() + many);
    }
    return bombs;
}

mail::Headers one_header(const std::string& text)
{
    const auto colon = text.find(": ");
    mail::Headers headers;
    if (colon == std::string::npos || text.find('\n') < colon) {
        headers.add("Subject", " " + text);
    } else {
        headers.add(text.substr(0, colon), text.substr(colon + 1));
    }
    return headers;
}

class Counter final : public Observer {
  public:
    void gave_up(const Rule& /*rule*/, const mail::HeaderField& /*field*/) override { ++count; }
    int count = 0;
};

Verdict judge(const std::string& pattern, const mail::Headers& headers, Observer* observer = nullptr,
              OnRegexLimit limit = OnRegexLimit::match)
{
    std::vector<Rule> rules;
    rules.push_back(Rule{"q", Regex(pattern), Action::discard, limit, {}});
    Envelope envelope;
    envelope.recipients = {"<u@our.example>"};
    return Ruleset(std::move(rules)).judge(envelope, headers, nullptr, observer);
}

/// What people write who have never heard of backtracking, and what those write who have.
const std::vector<std::string> kExplosive = {"^X-Slow: (a+)+$",
                                             "^X-Slow: (a*)*$",
                                             "^X-Slow: (a|aa)+$",
                                             "^X-Slow: (a|a?)+$",
                                             "^X-Slow: (.*a){25}$",
                                             R"(^Subject: (\w+\s?)*$)",
                                             R"(^Subject: ([a-zA-Z]+)*$)",
                                             "^Subject: (x+x+)+y",
                                             "^Subject: (?:a?){40}a{40}$",
                                             R"(^From: ([\w.-]+)+@([\w-]+\.)+[a-z]+$)",
                                             R"(^Subject: (\p{L}+)+$)",
                                             R"(^Subject: (.*)\1\1x)",
                                             "^Subject: (?:(?:a+b?)+c?)+d",
                                             R"(^Received: .*.*.*.*for)",
                                             "Subject: .*.*.*.*.*x$",
                                             "^Subject: (a(?1)?a)+b",
                                             "(?=(a+))a*b\\1",
                                             R"(^Subject: ((\d+)(\.\d+)*)+$)",
                                             "^Subject: (([a-z])+.)+[A-Z]([a-z])+$",
                                             "(?:.|\n)*foo(?:.|\n)*bar",
                                             "(*NO_JIT)^X-Slow: (a+)+$",
                                             "(*LIMIT_MATCH=4000000000)^X-Slow: (a+)+$",
                                             "(*NO_START_OPT)a*a*b"};

} // namespace

TEST(ShippedRegexes, EveryOneIsFoundAndCompiles)
{
    EXPECT_THAT(shipped(), SizeIs(testing::Ge(11U)));
    std::vector<std::string> files;
    for (const Shipped& one : shipped()) {
        EXPECT_NO_THROW(Regex{one.pattern}) << one.file << ": " << one.pattern;
        files.push_back(one.file);
    }
    for (const char* file : {"quarantine-milter.conf", "monitor-only.conf", "several-whitelists.conf",
                             "incoming-virus-and-spam.conf", "configuration.md", "quarantinectl.md",
                             "quarantine-milter.conf.5"}) {
        EXPECT_THAT(files, Contains(file));
    }
}

TEST(ShippedRegexes, TheTextsBuiltAgainstThemReachTheirEnds)
{
    EXPECT_THAT(pieces_of(R"(^X-Virus-Status: Infected(?: \((?P<virus>[^)]+)\))?)"),
                testing::ElementsAre("X-Virus-Status: Infected", " (", "n", ")"));
    EXPECT_THAT(pieces_of(R"(^Subject: .*\b100% free\b|\S{2,}[\d.]+)"),
                testing::ElementsAre("Subject: z", "100% free", "w", "9"));
    for (const Shipped& one : shipped()) {
        const std::vector<std::string> bombs = bombs_against(one.pattern, 2'000);
        EXPECT_TRUE(std::ranges::any_of(bombs, [&](const std::string& bomb) {
            return Regex(one.pattern).search(bomb) == RegexOutcome::match;
        })) << one.pattern;
    }
}

TEST(ShippedRegexes, NoneGivesUpOnAHeaderThatAMailCanHave)
{
    for (const Shipped& one : shipped()) {
        for (const std::string& bomb : bombs_against(one.pattern, kLong)) {
            Counter counter;
            test::expect_cheap(one.pattern, std::chrono::seconds(2),
                               [&] { judge(one.pattern, one_header(bomb), &counter); });
            EXPECT_EQ(counter.count, 0) << one.file << ": " << one.pattern << " on " << bomb.substr(0, 100);
        }
    }
}

TEST(ShippedRegexes, EachCostsLinearWork)
{
    for (const Shipped& one : shipped()) {
        test::expect_linear(
            one.pattern, kLong / 2, [&](std::size_t bytes) { return bombs_against(one.pattern, bytes); },
            [&](const std::vector<std::string>& bombs) {
                const Regex regex(one.pattern);
                for (const std::string& bomb : bombs) {
                    // One line, as a decoded value is.
                    if (bomb.find('\n') == std::string::npos) {
                        EXPECT_NE(regex.search(bomb), RegexOutcome::gave_up) << one.pattern;
                    }
                }
            });
    }
}

TEST(RegexBombs, EverySearchEndsWithinItsTime)
{
    for (const std::string& pattern : kExplosive) {
        const Regex regex(pattern);
        const std::vector<std::string> bombs = bombs_against(pattern, kLong);
        for (std::size_t i = 0; i < bombs.size(); i += 5) { // each may take a fifth of a second
            test::expect_cheap(pattern, std::chrono::seconds(2), [&] { regex.search(bombs[i]); });
        }
        for (const std::string& bomb : bombs_against(pattern, 40)) {
            test::expect_cheap(pattern, std::chrono::seconds(2), [&] { regex.search(bomb); });
        }
    }
}

TEST(RegexBombs, WhatARuleGivesUpOnIsDecidedByItsSetting)
{
    const mail::Headers headers = one_header("X-Slow: " + std::string(kLong, 'a') + "!");
    int given_up = 0;
    for (const std::string& pattern : kExplosive) {
        Counter counter;
        const Verdict held = judge(pattern, headers, &counter);
        if (counter.count == 0) {
            continue;
        }
        ++given_up;
        EXPECT_TRUE(held.recipients.at(0).ends_in) << pattern;
        const Verdict passed = judge(pattern, headers, nullptr, OnRegexLimit::no_match);
        EXPECT_FALSE(passed.recipients.at(0).ends_in || passed.tempfail) << pattern;
        EXPECT_TRUE(judge(pattern, headers, nullptr, OnRegexLimit::tempfail).tempfail) << pattern;
    }
    EXPECT_GT(given_up, 5);
}

TEST(RegexBombs, AMailFullOfThemCostsWhatOneRuleMayCost)
{
    mail::Headers headers;
    for (int i = 0; i < 2'000; ++i) {
        headers.add(i % 2 == 0 ? "X-Slow" : "Subject",
                    " " + std::string(1'000 + static_cast<std::size_t>(i), 'a') + "!");
    }
    for (const std::string& pattern : kExplosive) {
        // One second for a rule, and the last search.
        test::expect_cheap(pattern, std::chrono::seconds(5), [&] { judge(pattern, headers); });
    }
}

} // namespace qm::policy
