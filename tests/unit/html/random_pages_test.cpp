// Pages made by dice of what the rules for colors, sizes and marks act on: whatever the sanitizer makes of
// them, its checker lets pass, and doing it twice changes nothing.
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <string_view>

#include "html/sanitizer.h"
#include "html/strict.h"

namespace qm::html {
namespace {

constexpr std::string_view kImage = "cid:removed.png";

class Dice {
  public:
    explicit Dice(unsigned seed) : random_(seed) {}

    template <std::size_t size>
    std::string_view one_of(const std::array<std::string_view, size>& all)
    {
        return all.at(std::uniform_int_distribution<std::size_t>(0, size - 1)(random_));
    }
    bool one_in(int count) { return std::uniform_int_distribution<int>(1, count)(random_) == 1; }

  private:
    std::mt19937 random_;
};

constexpr std::array<std::string_view, 28> kElements = {
    "u",    "s",    "small", "small", "small", "sub",        "sup", "font", "font",  "font",
    "span", "span", "b",     "mark",  "div",   "pre",        "h1",  "h6",   "table", "caption",
    "tr",   "td",   "a",     "p",     "del",   "blockquote", "li",  "br"};
constexpr std::array<std::string_view, 12> kAttributes = {" size=1",
                                                          " size=-2",
                                                          " size=7",
                                                          " color=white",
                                                          " color=#eeeeee",
                                                          " bgcolor=#000",
                                                          " dir=rtl",
                                                          " dir=ltr",
                                                          " align=right",
                                                          " width=90%",
                                                          " colspan=3 rowspan=2",
                                                          " href=https://x.example/"};
constexpr std::array<std::string_view, 24> kDeclarations = {
    "font-size:9px",       "font-size:60px",   "font-size:x-small",  "font:8px arial",
    "background:#000",     "background:#fff",  "background:#777",    "color:#000",
    "color:#fff",          "color:#111",       "color:yellow",       "width:300px",
    "max-width:50px",      "white-space:pre",  "white-space:nowrap", "direction:rtl",
    "margin:0 auto",       "margin:90px",      "padding:5em",        "text-decoration:underline",
    "word-break:keep-all", "word-wrap:normal", "min-width:90px",     "text-decoration:none"};
constexpr std::array<std::string_view, 12> kTexts = {"x",
                                                     " ",
                                                     "\n",
                                                     "\u0301\u0301\u0301",
                                                     "\u0301\u0301\u0301\u0301\u0301\u0301",
                                                     "\u200D",
                                                     "\u05D0\u05B0",
                                                     "\u202E",
                                                     "&#x301;",
                                                     "\uFE0F",
                                                     "&lt;",
                                                     "https://x.example/"};

std::string random_page(unsigned seed)
{
    Dice dice(seed);
    std::string page;
    while (!dice.one_in(16)) {
        const std::string_view element = dice.one_of(kElements);
        if (dice.one_in(3)) {
            page += dice.one_of(kTexts);
        } else if (dice.one_in(4)) {
            page += "</" + std::string(element) + ">";
        } else {
            page += "<" + std::string(element);
            while (dice.one_in(3)) {
                page += dice.one_of(kAttributes);
            }
            if (dice.one_in(2)) {
                page += " style='";
                do {
                    page += std::string(dice.one_of(kDeclarations)) + ";";
                } while (!dice.one_in(3));
                page += "'";
            }
            page += ">";
        }
    }
    return page;
}

TEST(RandomPages, TheCheckerLetsPassWhatTheSanitizerWrites)
{
    constexpr unsigned kPages = 6'000;
    const SanitizeOptions options{.replacement_image = std::string(kImage)};
    for (unsigned seed = 0; seed < kPages; ++seed) {
        const std::string page = random_page(seed);
        const std::string html = sanitize(page, options).html;
        ASSERT_TRUE(is_sanitized(html, kImage)) << page << "\n-> " << html;
        ASSERT_EQ(sanitize(html, options).html, html) << page;
    }
}

TEST(RandomPages, WhatIsCutStaysAsItIs)
{
    constexpr unsigned kPages = 6'000;
    for (unsigned seed = 0; seed < kPages; ++seed) {
        const std::string page = random_page(seed);
        const SanitizeOptions options{.replacement_image = std::string(kImage),
                                      .max_input = 20 + seed % (page.size() + 20)};
        const std::string html = sanitize(page, options).html;
        ASSERT_LE(html.size(), options.max_input) << page;
        ASSERT_TRUE(is_sanitized(html, kImage)) << page << "\n-> " << html;
        ASSERT_EQ(sanitize(html, options).html, html) << page << options.max_input;
    }
}

} // namespace
} // namespace qm::html
