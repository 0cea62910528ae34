// What is ours is known without a parser; nothing else is.
#include "html/strict.h"

#include <sys/mman.h>

#include <array>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "html/sanitizer.h"

namespace qm::html {
namespace {

constexpr std::string_view kImage = "cid:blocked.png";

TEST(IsSanitized, WhateverTheSanitizerWrites)
{
    constexpr std::array kInputs = {
        "",
        "plain & simple",
        "<p>one<p>two",
        "<table width=100% bgcolor=red><tr><td colspan=2 style='color:#123456;width:50%'>x</table>",
        "<a href='https://evil.example/?a=1&b=2'>here</a>",
        "<font face=\"Arial, 'Times New Roman'\" size=+1 color=#abc>x</font>",
        "<img src=x onerror=alert(1) alt='a \"quoted\" <name>'>",
        "<ul><li>1<li>2<ol start=3 type=a><li>x</ol></ul>",
        "<pre>\n\n a\tb</pre><blockquote>q</blockquote><hr><br>",
        "<button onclick=x>Buy</button><center>c</center><div dir=rtl lang=he>\u05D0</div>",
        "<svg><style><img title=\"</style><img src=x onerror=alert(1)>\">",
        "\xFF\xFE<\0p>\x01\u202E\uFFFE",
        "<u><small><small><small><small style=background:#000>x",
        "<pre style=white-space:nowrap;width:300px>x",
        "a\u0301\u0301\u0301\u0301\u0301\u0301<span>\u0301\u0301\u0301</span>b",
        "<td>loose</td><caption>c</caption><dl><dt>a<dd>b</dl>",
    };
    for (const std::string_view input : kInputs) {
        for (const std::string_view image : {std::string_view(), kImage}) {
            const std::string html = sanitize(input, {.replacement_image = std::string(image)}).html;
            EXPECT_TRUE(is_sanitized(html, image)) << html;
        }
    }
    EXPECT_TRUE(is_sanitized(text_to_html("a  <b>\r\n\tc & 'd'"), ""));
    EXPECT_TRUE(is_sanitized("<p><em>A sentence of ours.</em></p>", ""));
}

TEST(IsSanitized, NothingElse)
{
    constexpr std::array kOthers = {
        "<script>alert(1)</script>",
        "<p onclick=\"x\">a</p>",
        "<p><b>a</p></b>",
        "<p>",
        "</p>",
        "<p >a</p>",
        "<P>a</P>",
        "<p a=b>x</p>",
        "<a href=\"https://evil.example/\">x</a>",
        "<img src=\"https://evil.example/\" alt=\"\">",
        "<img src=\"cid:blocked.png\" alt=\"\" onerror=\"x\">",
        "<img src=\"cid:blocked.png\" alt=\"a\"b\">",
        "<div style=\"position:fixed\">x</div>",
        "<div style=\"color:red;background:url(x)\">x</div>",
        "<div id=\"x\">x</div>",
        "<!-- x -->",
        "<?php ?>",
        "<![CDATA[x]]>",
        "a < b",
        "a > b",
        "a & b",
        "&nbsp;",
        "&lt",
        "&#x3C;script&#x3E;",
        "a\r\nb",
        "\x01",
        "\xFF",
        "<table><tr><td>x</td></tr></table></div>",
        "<form></form>",
        "<svg></svg>",
        "<br/>",
        "<br></br>",
        "<p style=\"color:red\" style=\"color:red\"",
        "<",
        "<p",
        "<p title=\"",
        // What a sanitizer never writes although each piece of it is allowed.
        "<td>x</td>",
        "<tr></tr>",
        "<table><tr><td>x</td></tr></table>",
        "<table>x</table>",
        "<table><caption>x</caption><td>y</td></table>",
        "<caption>x</caption>",
        "<p>a<p>b</p></p>",
        "<p><div>x</div></p>",
        "<li><li>x</li></li>",
        "<p align=\"left\" align=\"right\">x</p>",
        "<font color=\"white\">x</font>",
        "<div style=\"background-color:black\">x</div>",
        "<span style=\"padding:9px\">x</span>",
        "<table align=\"left\"><tbody><tr><td>x</td></tr></tbody></table>",
        "<small><small><small><small><small>x</small></small></small></small></small>",
        "a\u202Eb",
        "<img src=\"cid:blocked.png\" alt=\"\u202E\">",
        "a\u0301\u0301\u0301\u0301<u>\u0301\u0301\u0301</u>",
        "a\u0301\u0301\u0301\u0301<br>\u200D\u0301\u0301\u0301",
    };
    for (const std::string_view other : kOthers) {
        EXPECT_FALSE(is_sanitized(other, kImage)) << other;
    }
}

TEST(IsSanitized, ASentenceBehindAMessageThatReachesALimit)
{
    std::string cells = "<table>";
    for (int i = 0; i < 16'000; ++i) {
        cells += "<tr><td>";
    }
    const std::string html = sanitize(cells).html;
    EXPECT_TRUE(is_sanitized(html + "<p><em>There is more.</em></p>", ""));
}

TEST(IsSanitized, NothingThatIsDeeperThanTheSanitizerWrites)
{
    std::string deep;
    for (int i = 0; i < 300; ++i) {
        deep = "<b>" + deep + "</b>";
    }
    EXPECT_FALSE(is_sanitized(deep, ""));
}

/// Begins with `text`, again and again, for as many bytes as may be read, and has as many behind them that
/// nobody can read and live.
class HalfForbidden {
  public:
    explicit HalfForbidden(std::string_view text)
        : begin_(mmap(nullptr, 2 * kReadable, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    {
        char* const bytes = static_cast<char*>(begin_);
        for (std::size_t i = 0; i < kReadable; ++i) {
            bytes[i] = text[i % text.size()];
        }
        mprotect(bytes + kReadable, kReadable, PROT_NONE);
    }
    HalfForbidden(const HalfForbidden&) = delete;
    HalfForbidden& operator=(const HalfForbidden&) = delete;
    ~HalfForbidden() { munmap(begin_, 2 * kReadable); }

    std::string_view text() const { return {static_cast<const char*>(begin_), 2 * kReadable}; }

  private:
    static constexpr std::size_t kReadable = std::size_t{256} * 1024;
    void* begin_;
};

TEST(IsSanitizedDeathTest, NothingIsReadBehindWhatIsTooMuch)
{
    for (const std::string_view piece : {"<b>", "<p>", "<td>", "<li>", "<h1>", "<table>", "<table><b>",
                                         "<i></i>", "<table><tbody><tr></tr><td>"}) {
        const HalfForbidden html(piece);
        EXPECT_EXIT(std::_Exit(is_sanitized(html.text(), "") ? 1 : 0), testing::ExitedWithCode(0), "")
            << piece;
    }
}

} // namespace
} // namespace qm::html
