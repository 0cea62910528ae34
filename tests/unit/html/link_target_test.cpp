// What is shown of a link is where it leads.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "html/allowed.h"

using qm::html::shown_target;

TEST(LinkTarget, TheHostIsTheOneThatABrowserAsks)
{
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"https://x.example/a?b=1#c", "https://x.example/a?b=1#c"},
        {"HTTPS://X.Example/A", "https://x.example/A"},
        {"  \x01\thttps://x.example\n", "https://x.example"},
        {"ht\ntps://x.ex\tample/", "https://x.example/"},
        {"https:x.example", "https://x.example"},
        {"https:////x.example", "https://x.example"},
        {"https:\\\\x.example\\a", "https://x.example\\a"},
        {"https://x.example:8443/", "https://x.example:8443/"},
        {"https://x.example:/", "https://x.example/"},
        {"https://bank.example@evil.example/", "https://evil.example/"},
        {"https://bank.example:443@evil.example", "https://evil.example"},
        {"https://a@bank.example@evil.example", "https://evil.example"},
        {"https://bank.example%40evil.example/", "https://bank.example%40evil.example/"},
        {"https://bank.example\\@evil.example/", "https://bank.example\\@evil.example/"},
        {"https://bank.example?@evil.example/", "https://bank.example?@evil.example/"},
        {"https://%65vil.example/", "https://evil.example/"},
        {"https://b\xC3\xBC"
         "cher.example/",
         "https://xn--bcher-kva.example/"},
        {"https://b%C3%BCcher.example/", "https://xn--bcher-kva.example/"},
        {"https://p\xD0\xB0ypal.example/", "https://xn--pypal-4ve.example/"},
        {"https://evil\xE3\x80\x82"
         "example/",
         "https://evil.example/"},                                     // an ideographic full stop
        {"https://\xEF\xBD\x85vil.example/", "https://evil.example/"}, // a wide e
        {"https://bank.example\xE2\x81\x84x.evil.example/", "https://bank.example%E2%81%84x.evil.example/"},
        {"https://bank.example\xEF\xBC\x8Fx.evil.example/", "https://bank.example%EF%BC%8Fx.evil.example/"},
        {"https://[::1]:80/x", "https://[::1]:80/x"},
        {"https://0x7f.1/", "https://0x7f.1/"},
        {"mailto:a@b.example?subject=x", "mailto:a@b.example?subject=x"},
        {"mailto:a@p\xD0\xB0ypal.example,b%40c.example", "mailto:a@xn--pypal-4ve.example,b@c.example"},
    };
    for (const auto& [href, expected] : cases) {
        EXPECT_EQ(shown_target(href).value_or("nothing"), expected) << href;
    }
}

TEST(LinkTarget, OnlyWebAndMailIsShown)
{
    for (const char* const href :
         {"", ":", "javascript:x", "java\nscript:x", "data:text/html,x", "vbscript:x", "file:///x", "blob:x",
          "x", "//x.example", "/x", "#x", "https:", "https://", "http:///", "https://a@",
          "mailto:", "view-source:http://x", "\xFF\xFE"}) {
        EXPECT_EQ(shown_target(href), std::nullopt) << href;
    }
}

TEST(LinkTarget, IsOneLineThatCannotTurn)
{
    EXPECT_EQ(shown_target("https://x.example/\u202Egpj.exe\u2066"), "https://x.example/gpj.exe");
    EXPECT_EQ(shown_target("https://x.example/a\u2028b\x1B[31m\x7F"), "https://x.example/a b[31m");
    EXPECT_LE(shown_target("https://x.example/" + std::string(5000, 'a'))->size(), 303U);
    EXPECT_EQ(shown_target("https://" + std::string(5000, '@') + "x.example"), "https://x.example");
}
