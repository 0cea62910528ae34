// HTML made to keep a parser busy: twice as much of it costs no more than twice the work, and however much
// comes, it is cut before it costs anything.
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "html/sanitizer.h"
#include "support/linear_work.h"

namespace qm::html {
namespace {

std::string times(std::size_t count, std::string_view text)
{
    std::string result;
    result.reserve(count * text.size());
    for (std::size_t i = 0; i < count; ++i) {
        result += text;
    }
    return result;
}

std::string attributes(std::size_t count)
{
    std::string result = "<p";
    for (std::size_t i = 0; i < count; ++i) {
        result += " a" + std::to_string(i) + "=1";
    }
    return result + ">x";
}

struct Bomb {
    std::string_view name;
    std::size_t size;
    std::string (*html)(std::size_t size);
};

/// Twice the size stays below the 512 KiB that are read.
const std::vector<Bomb> kBombs = {
    {"nested tags", 40'000, [](std::size_t n) { return times(n, "<div>") + "x"; }},
    {"nested formatting", 80'000, [](std::size_t n) { return times(n, "<b>") + "x"; }},
    {"nested tables", 12'000, [](std::size_t n) { return times(n, "<table><tr><td>") + "x"; }},
    {"nested lists", 25'000, [](std::size_t n) { return times(n, "<ul><li>") + "x"; }},
    {"nested foreign tags", 50'000, [](std::size_t n) { return times(n, "<svg>") + "x"; }},
    {"nested links", 12'000, [](std::size_t n) { return times(n, "<a href=http://x>"); }},
    {"attributes of one tag", 10'000, attributes},
    {"one attribute of one tag again and again", 30'000,
     [](std::size_t n) { return "<p" + times(n, " a=1") + ">x"; }},
    {"a long attribute", 250'000, [](std::size_t n) { return "<p title=\"" + std::string(n, 'a') + "\">x"; }},
    {"a long style", 20'000, [](std::size_t n) { return "<p style=\"" + times(n, "color:red;") + "\">x"; }},
    {"a long name", 250'000, [](std::size_t n) { return "<" + std::string(n, 'a') + ">x"; }},
    {"end tags", 40'000, [](std::size_t n) { return times(n, "</div>"); }},
    {"misnested formatting", 20'000, [](std::size_t n) { return times(n, "<b><p></b>"); }},
    {"opened comments", 60'000, [](std::size_t n) { return times(n, "<!--"); }},
    {"opened scripts", 30'000, [](std::size_t n) { return times(n, "<script"); }},
    {"angle brackets", 250'000, [](std::size_t n) { return times(n, "<"); }},
    {"references", 40'000, [](std::size_t n) { return times(n, "&#x3c;"); }},
    {"ampersands", 250'000, [](std::size_t n) { return times(n, "&"); }},
    {"quotes", 250'000, [](std::size_t n) { return "<p a=\"" + times(n, "'") + "x"; }},
    {"NUL", 250'000, [](std::size_t n) { return std::string(n, '\0'); }},
    {"invalid bytes", 250'000, [](std::size_t n) { return std::string(n, '\xFF'); }},
    {"words", 120'000, [](std::size_t n) { return times(n, "x "); }},
    {"cells", 15'000, [](std::size_t n) { return "<table>" + times(n, "<td>x<tr>x"); }},
};

} // namespace

TEST(SanitizerWork, HtmlOfEveryShapeCostsLinearWork)
{
    for (const Bomb& bomb : kBombs) {
        test::expect_linear(bomb.name, bomb.size, bomb.html, [](const std::string& html) {
            html_to_text(sanitize(html).html);
            html_to_text(html);
            text_to_html(html);
        });
    }
}

TEST(SanitizerWork, HoweverMuchComesItIsCutAndSaid)
{
    for (const Bomb& bomb : kBombs) {
        const std::string html = bomb.html(20 * bomb.size);
        test::expect_cheap(bomb.name, std::chrono::seconds(5), [&] {
            const Sanitized result = sanitize(html);
            EXPECT_TRUE(result.cut) << bomb.name;
            EXPECT_LE(result.html.size(), SanitizeOptions().max_input) << bomb.name;
        });
    }
    const std::string attribute = "<p title=\"" + std::string(5'000'000, 'a') + "\">x";
    test::expect_cheap("5 MB", std::chrono::seconds(5), [&] { EXPECT_TRUE(sanitize(attribute).cut); });
    test::expect_cheap("20 000", std::chrono::seconds(5),
                       [&] { EXPECT_FALSE(sanitize(attributes(20'000)).html.empty()); });
    test::expect_cheap("100 000", std::chrono::seconds(5),
                       [&] { EXPECT_TRUE(sanitize(times(100'000, "<div>") + "x").cut); });
}

} // namespace qm::html
