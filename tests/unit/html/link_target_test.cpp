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
        {"http://3627734734/", "http://216.58.214.206/"},
        {"https://0x7f.1/", "https://127.0.0.1/"},
        {"https://0177.0x1/a", "https://127.0.0.1/a"},
        {"https://0XD83AD6CE:80", "https://216.58.214.206:80"},
        {"https://1.2.3", "https://1.2.0.3"},
        {"https://0x/", "https://0.0.0.0/"},
        {"https://0/", "https://0.0.0.0/"},
        {"https://%31%32%37.1./", "https://127.0.0.1/"},
        {"https://\xEF\xBC\x91\xEF\xBC\x92.1/", "https://12.0.0.1/"}, // wide digits
        {"https://1.2.3.4.5/", "https://1.2.3.4.5/"},
        {"https://256.1.1.1/", "https://256.1.1.1/"},
        {"https://4294967296/", "https://4294967296/"},
        {"https://99999999999999999999999999/", "https://99999999999999999999999999/"},
        {"https://08.1/", "https://08.1/"},
        {"https://1.a/", "https://1.a/"},
        {"https://0xg/", "https://0xg/"},
        {"//x.example/a", "https://x.example/a"},
        {"/\\x.example:8080", "https://x.example:8080"},
        {"\\\\a@x.example", "https://x.example"},
        {"/\n/x.example", "https://x.example"},
        {"https://x.example/\xD7\x90/https://bank.example/",
         "https://x.example/%D7%90/https://bank.example/"},
        {"https://x.example/] read https://bank.example/ [",
         "https://x.example/]%20read%20https://bank.example/%20["},
        {"https://x.example?\xC3\xBC#\xC3\xA4", "https://x.example?%C3%BC#%C3%A4"},
        {"mailto:\xD7\x90%20b@c.example?subject=\xD7\x90", "mailto:%D7%90%20b@c.example?subject=%D7%90"},
        {"mailto:a@b.example?subject=x", "mailto:a@b.example?subject=x"},
        {"mailto:a@p\xD0\xB0ypal.example,b%40c.example", "mailto:a@xn--pypal-4ve.example,b@c.example"},
    };
    for (const auto& [href, expected] : cases) {
        EXPECT_EQ(shown_target(href).value_or("nothing"), expected) << href;
    }
}

TEST(LinkTarget, OnlyWebAndMailIsShown)
{
    for (const char* const href : {"",
                                   ":",
                                   "javascript:x",
                                   "java\nscript:x",
                                   "data:text/html,x",
                                   "vbscript:x",
                                   "file:///x",
                                   "blob:x",
                                   "x",
                                   "//",
                                   "/x",
                                   "/:x",
                                   "\\x",
                                   "#x",
                                   "https:",
                                   "https://",
                                   "http:///",
                                   "https://a@",
                                   "mailto:",
                                   "view-source:http://x",
                                   "\xFF\xFE"}) {
        EXPECT_EQ(shown_target(href), std::nullopt) << href;
    }
}

TEST(LinkTarget, IsOneLineThatCannotTurn)
{
    EXPECT_EQ(shown_target("https://x.example/\u202Egpj.exe\u2066"),
              "https://x.example/%E2%80%AEgpj.exe%E2%81%A6");
    EXPECT_EQ(shown_target("https://x.example/a\u2028b\x1B[31m\x7F"),
              "https://x.example/a%E2%80%A8b%1B[31m%7F");
    EXPECT_LE(shown_target("https://x.example/" + std::string(5000, 'a'))->size(), 303U);
    EXPECT_EQ(shown_target("https://" + std::string(5000, '@') + "x.example"), "https://x.example");
}
