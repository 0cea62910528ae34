#include "html/tree.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include <gtest/gtest.h>

#include "base/text.h"
#include "unit/html/events.h"

namespace qm::html {
namespace {

using test::events_of;

TEST(WalkQuickly, ShowsWhatTheParserSees)
{
    using namespace std::string_view_literals;
    for (const std::string_view html : std::initializer_list<std::string_view>{
             "",
             "text",
             "a &amp; b &lt; c &nbsp; &quot;&#39;",
             "&uuml;&#252;&#xFC;&hellip;&notin;&notit; &nosuch; &",
             "&amp",
             "&ampx;&ltb",
             "<p>one<p>two",
             "<b>b<i>bi</b>i</i>",
             "<pre>\nx</pre>",
             "<pre>\n\nx</pre>",
             "<pre>&#10;x</pre>",
             "<pre>&NewLine;\nx</pre>",
             "<pre>\n&#xA;x</pre>",
             "<pre><b>\nx</b></pre>",
             "<pre></pre>\nx",
             "<pre>\n</pre>",
             "<textarea>&#10;x</textarea>",
             "<pre>\r\nx\r\ny\rz</pre>",
             "a\r\nb\rc\n",
             "<a href=\"https://x.example/?a&amp;b=1&copy=2&lt\">x</a>",
             "<img alt='a &amp; b &copy c &notit d'>",
             "<img alt=\"a&#10;b&#13;c\r\nd\">",
             "<table>\n<tr> <td>1<td>2 <tr><td>3</table>after",
             "<table>text<td>x",
             "<table><caption>c</caption><colgroup><col span=2></colgroup><thead><th>h</table>",
             "<ul><li>a<li>b<ul><li>c</ul></ul>",
             "<dl><dt>t<dd>d<dt>t2</dl>",
             "<h1>a<h2>b</h1>",
             "<blockquote><p>q</blockquote>",
             "<font color=red size=\"+1\">f</font>",
             "<button>b</button><a href=x>y<a href=z>w</a></a>",
             "<div style=\"color:&#114;ed;font-family:&quot;A&quot;\">d</div>",
             "<br/><hr><img>",
             "\xEF\xBB\xBFmark",
             "a\0b"sv,
             "\xFF\xFE",
             "<p\f>x</p\t>",
             "a\x01\b\v\x0E\x1F\x7F b\u0080\u009F c\uFDCF\uFDD0\uFDEF\uFDF0 d\uFFFD\uFFFE\uFFFF",
             "\U0001FFFD\U0001FFFE\U0001FFFF\U0010FFFF <img alt='\x01\uFFFF'>",
             "\t\n\f\r\u00A0\u2028\uE000",
             "&#0;&#x80;&#xD800;&#x110000;",
             "<span dir=rtl lang=he>\u05D0</span>",
             "<xmp>&amp;<b></xmp>",
             "<center><p>x</center>",
             "<td>outside",
             "<li>outside"}) {
        EXPECT_EQ(events_of(html, true), events_of(html, false)) << html;
    }
}

std::string contents(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(WalkQuickly, ShowsEveryCharacterAsTheParserSeesIt)
{
    for (char32_t first = 0; first < 0x110000; first += 0x400) {
        std::string html;
        for (char32_t c = first; c < first + 0x400; ++c) {
            text::append_utf8(html, c);
        }
        EXPECT_EQ(events_of(html, true), events_of(html, false)) << std::hex << static_cast<unsigned>(first);
    }
}

TEST(WalkQuickly, ShowsOrdinaryMailAsTheParserSeesIt)
{
    int mails = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(QM_SOURCE_DIR) / "tests/browser/benign")) {
        if (entry.path().extension() == ".html") {
            const std::string html = contents(entry.path());
            EXPECT_EQ(events_of(html, true), events_of(html, false)) << entry.path();
            ++mails;
        }
    }
    EXPECT_GT(mails, 30);
}

TEST(WalkQuickly, ShowsTagsInAnyOrderAsTheParserSeesThem)
{
    static const std::vector<std::string> kPieces = {"<b>",
                                                     "</b>",
                                                     "<i>",
                                                     "</i>",
                                                     "<p>",
                                                     "</p>",
                                                     "<div>",
                                                     "</div>",
                                                     "<table>",
                                                     "</table>",
                                                     "<tr>",
                                                     "</tr>",
                                                     "<td>",
                                                     "</td>",
                                                     "<th>",
                                                     "<tbody>",
                                                     "<thead>",
                                                     "</thead>",
                                                     "<caption>",
                                                     "</caption>",
                                                     "<colgroup>",
                                                     "<col>",
                                                     "<ul>",
                                                     "</ul>",
                                                     "<ol>",
                                                     "<li>",
                                                     "</li>",
                                                     "<dl>",
                                                     "<dt>",
                                                     "<dd>",
                                                     "</dl>",
                                                     "<h1>",
                                                     "<h2>",
                                                     "</h1>",
                                                     "<pre>",
                                                     "</pre>",
                                                     "<blockquote>",
                                                     "</blockquote>",
                                                     "<font size=2>",
                                                     "</font>",
                                                     "<span style='color:red'>",
                                                     "</span>",
                                                     "<a href='https://x.example/'>",
                                                     "</a>",
                                                     "<br>",
                                                     "<hr>",
                                                     "<img alt=x>",
                                                     "<center>",
                                                     "</center>",
                                                     "<small>",
                                                     "<u>",
                                                     "<strike>",
                                                     "<nobr>",
                                                     "<address>",
                                                     "<sub>",
                                                     "<button>",
                                                     "</button>",
                                                     "text",
                                                     " ",
                                                     "\n",
                                                     "&amp;",
                                                     "&eacute;",
                                                     "<body dir=rtl>",
                                                     "<html lang=de>",
                                                     "<script>x</script>",
                                                     "<!-- c -->",
                                                     "<form>",
                                                     "<svg>",
                                                     "</svg>",
                                                     "<style/>",
                                                     "<select>",
                                                     "</select>",
                                                     "<option>",
                                                     "<noscript>",
                                                     "<textarea>",
                                                     "<a name=x>",
                                                     "<![CDATA[x]]>",
                                                     "<x>"};
    std::mt19937 random(6);
    for (int i = 0; i < 3000; ++i) {
        std::string html;
        for (int piece = 0; piece < 25; ++piece) {
            html += kPieces.at(std::uniform_int_distribution<std::size_t>(0, kPieces.size() - 1)(random));
        }
        ASSERT_EQ(events_of(html, true), events_of(html, false)) << html;
    }
}

} // namespace
} // namespace qm::html
