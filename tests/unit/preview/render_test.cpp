#include "preview/render.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "html/strict.h"

namespace qm::preview {

TEST(Render, TextsTogetherAreWhatTheSanitizerWrites)
{
    const std::vector<std::string_view> pieces{"<table>",
                                               "</table>",
                                               "<tr>",
                                               "<td>",
                                               "<li>",
                                               "<ul>",
                                               "<p>",
                                               "<hr>",
                                               "<b>",
                                               "</b>",
                                               "<pre>",
                                               "\n",
                                               "text",
                                               "<h1>",
                                               "<!--",
                                               "&amp;",
                                               "<",
                                               "<span style=color:red>",
                                               "<caption>",
                                               "<a href='https://x.example/'>",
                                               "<blockquote>",
                                               "<plaintext>",
                                               "<br>",
                                               "\u05D0",
                                               "<img src=x>",
                                               "<div style='padding:9px;background:red'>",
                                               "> quoted\n",
                                               "<font color=white>",
                                               "<center>",
                                               "</div>"};
    std::uint32_t state = 1;
    const auto next = [&state] {
        state = state * 1664525U + 1013904223U;
        return state >> 8U;
    };
    PreviewOptions options;
    options.replacement_image = "cid:r.png";
    for (int i = 0; i < 2'000; ++i) {
        std::string message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
        for (std::uint32_t parts = 2 + next() % 3; parts > 0; --parts) {
            message += next() % 3 == 0 ? "--b\r\n\r\n" : "--b\r\nContent-Type: text/html\r\n\r\n";
            for (std::uint32_t count = next() % 12; count > 0; --count) {
                message += pieces[next() % pieces.size()];
            }
            message += "\r\n";
        }
        const std::string html = render(message, false, options).html;
        EXPECT_TRUE(html::is_sanitized(html, options.replacement_image)) << message << "\n\n" << html;
    }
}

} // namespace qm::preview
