#include "preview/blank.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "html/sanitizer.h"
#include "mail/body_text.h"
#include "preview/render.h"
#include "support/linear_work.h"

namespace qm::preview {
namespace {

std::string html_behind_plain(const std::string& html)
{
    return "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
           "Hello Anna, lunch at noon?\r\n--b\r\nContent-Type: text/html\r\n\r\n" +
           html + "\r\n--b--\r\n";
}

std::string shown(const std::string& message)
{
    return render(message, false, {}).text;
}

} // namespace

TEST(Blank, HtmlWithNothingToSeeGivesWayToPlainText)
{
    for (const std::string& nothing :
         {std::string(" \r\n\t"), std::string("<html><body></body></html>"),
          std::string("<p>&nbsp;&#160;&zwnj;&NonBreakingSpace;</p>"),
          std::string("<style>p { color: red }</style>"), std::string("<script>x < y</script>"),
          std::string("<!-- a > b -->"), std::string("<head><title>Title</title></head><body>"),
          std::string("<p>\u00A0\u200B\uFEFF</p>"), std::string("<!-- never closed"),
          std::string("<style>never"), std::string("<STYLE>a</p>b</StYlE >"), std::string("<!--> <!--->"),
          std::string("<?x y?></3 a>"), std::string("<a href='https://x.example/'></a>")}) {
        EXPECT_TRUE(is_blank_html(nothing)) << nothing;
        EXPECT_TRUE(shown(html_behind_plain(nothing)).starts_with("Hello Anna, lunch at noon?")) << nothing;
    }
}

TEST(Blank, HtmlThatEveryProgramShowsIsShown)
{
    for (const std::string& something :
         {std::string("<styled><p>Your account is locked, log in at https://evil.example/</p></styled>"),
          std::string("<!-- x --!><p>Your account is locked</p>"),
          std::string("<stylefree>Click here to win"), std::string("<3 you have won a prize"),
          std::string("<titles>x</titles>"), std::string("<scripts src=x>y"),
          std::string("<style></styles></style>x"), std::string("<!-->x"), std::string("<!--->x<!-- -->"),
          std::string("<p title='>'>x"), std::string("<p>&amp;"), std::string("<style></style>x"),
          std::string("<!-- --> x"), std::string("<title>t</title><p>x"), std::string("<xmp><title></xmp>"),
          std::string("<plaintext><style>"), std::string("1 < 2"), std::string("&nbsp"),
          std::string("\u4F60")}) {
        const bool is_seen = something != "&nbsp";
        EXPECT_EQ(is_blank_html(something), !is_seen) << something;
        EXPECT_EQ(shown(html_behind_plain(something)).find("Hello Anna") == std::string::npos, is_seen)
            << something;
    }
    EXPECT_FALSE(is_blank_html("<img src=x>"));
    EXPECT_FALSE(is_blank_html("<IMG SRC=x>"));
}

TEST(Blank, AgreesWithWhatTheSanitizerShows)
{
    const std::vector<std::string_view> pieces{
        "<",       ">",       "!",       "--",     "-",      "<!--",   "-->",      "--!>",
        "<style",  "</style", "<styled", "/",      "</",     "<title", "</title>", "<xmp>",
        "</xmp>",  "<script", "x",       " ",      "&nbsp;", "&",      "&#",       "x20;",
        "=",       "\"",      "'",       "<p",     "<3",     "?",      "<svg>",    "</svg>",
        "<table>", "<a ",     "\u00A0",  "\u200B", "\xC3",   "<br>",   "&shy;",    "\n"};
    std::uint32_t state = 1;
    const auto next = [&state] {
        state = state * 1664525U + 1013904223U;
        return state >> 8U;
    };
    std::size_t blank = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string html;
        for (std::uint32_t count = 1 + next() % 12; count > 0; --count) {
            html += pieces[next() % pieces.size()];
        }
        const bool shows_nothing = mail::is_blank_text(html::html_to_text(html::sanitize(html).html));
        EXPECT_EQ(is_blank_html(html), shows_nothing) << html;
        blank += shows_nothing ? 1 : 0;
    }
    EXPECT_GT(blank, 1000U);
    EXPECT_LT(blank, 19'000U);
}

TEST(Blank, CostsLinearWork)
{
    for (const std::string_view piece : {"<", "<!--", "<style", "</style", "&nbsp;", "&", "<style></", "-->",
                                         "<p>", "<svg></", "<title></titl", "&#32", "\u00A0"}) {
        test::expect_linear(
            piece, 200'000,
            [&](std::size_t bytes) {
                std::string html;
                while (html.size() < bytes) {
                    html += piece;
                }
                return html;
            },
            [](const std::string& html) { is_blank_html(html); });
    }
}

} // namespace qm::preview
