#include "mail/address.h"

#include <cstdint>

#include <gtest/gtest.h>

#include "base/text.h"

namespace qm::mail {

struct Row {
    std::string_view given;
    std::string_view expected;
};

TEST(Address, BracketsAndSourceRoutesComeOff)
{
    for (const Row& row : {
             Row{"<User@Example.org>", "User@Example.org"},
             Row{"<>", ""},
             Row{" < > ", ""},
             Row{"plain@example.org", "plain@example.org"},
             Row{"<@a.example,@b.example:user@c.example>", "user@c.example"},
             Row{"<@[IPv6:::1]:user@c.example>", "user@c.example"},
             Row{"<\"a>b\"@example.org>", "\"a>b\"@example.org"},
             Row{"<\"a\\\">b\"@example.org>", "\"a\\\">b\"@example.org"},
             Row{"<user@example.org> SIZE=1", "user@example.org"},
             Row{"<user@example.org", "user@example.org"},
             Row{"<@only.a.route>", "@only.a.route"},
             Row{"(Anna)<anna@example.org>", "anna@example.org"},
             Row{"(a<b) <anna@example.org>", "anna@example.org"},
             Row{"\"a<b\"@example.org", "\"a<b\"@example.org"},
             Row{"<\"@x:y\"@example.org>", "\"@x:y\"@example.org"},
             Row{"", ""},
             Row{"<", ""},
         }) {
        EXPECT_EQ(without_brackets(row.given), row.expected) << row.given;
    }
}

TEST(Address, TheDomainBeginsBehindTheLastAtOutsideQuotes)
{
    struct Split {
        std::string_view address;
        std::string_view local;
        std::string_view domain;
    };
    for (const Split& row : {
             Split{"user@example.org", "user", "example.org"},
             Split{"\"a@b\"@example.org", "\"a@b\"", "example.org"},
             Split{"\"a\\\"@b\"@example.org", "\"a\\\"@b\"", "example.org"},
             Split{"a@b@c", "a@b", "c"},
             Split{"postmaster", "postmaster", ""},
             Split{"\"open@example.org", "\"open@example.org", ""},
             Split{"\"a@b\"", "\"a@b\"", ""},
             Split{"x.\"a@b\".y@z", "x.\"a@b\".y", "z"},
             Split{"user@[192.0.2.1]", "user", "[192.0.2.1]"},
             Split{"@example.org", "", "example.org"},
             Split{"user@", "user", ""},
             Split{"", "", ""},
             Split{"\\", "\\", ""},
         }) {
        EXPECT_EQ(local_part(row.address), row.local) << row.address;
        EXPECT_EQ(domain(row.address), row.domain) << row.address;
    }
}

TEST(Address, KeyIsTheSameForEverySpellingOfAMailbox)
{
    for (const Row& row : {
             Row{"User@Example.ORG", "user@example.org"},
             Row{"\"user\"@example.org", "user@example.org"},
             Row{"\"u\\ser\"@example.org", "user@example.org"},
             Row{"user@example.org.", "user@example.org"},
             Row{"user@example.org..", "user@example.org"},
             Row{"\"a b\"@x", "\"a b\"@x"},
             Row{"\"a\\ b\"@x", "\"a b\"@x"},
             Row{"\"a@b\"@x", "\"a@b\"@x"},
             Row{"\"a\\\"b\"@x", "\"a\\\"b\"@x"},
             Row{"\".a\"@x", "\".a\"@x"},
             Row{"\"a..b\"@x", "\"a..b\"@x"},
             Row{"\"\"@x", "\"\"@x"},
             Row{"Grüße@Bücher.example", "grüße@bücher.example"},
             Row{"\"grüße\"@x", "grüße@x"},
             Row{"", ""},
             Row{"\"open@x", "\"open@x"},
         }) {
        EXPECT_EQ(key(row.given), row.expected) << row.given;
        EXPECT_EQ(key(row.expected), row.expected) << "twice: " << row.given;
    }
}

TEST(Address, AnInternationalDomainHasOneFormForAnEnvelope)
{
    for (const Row& row : {
             Row{"m\u00FCller.example", "xn--mller-kva.example"},
             Row{"M\u00DCLLER.Example", "xn--mller-kva.example"},
             Row{"mu\u0308ller.example", "xn--mller-kva.example"},
             Row{"m\u00FCller\u3002example\u3002", "xn--mller-kva.example"},
             Row{"m\u00FCller.example.", "xn--mller-kva.example"},
             Row{"www.XN--MLLER-KVA.\u03B5\u03BB", "www.xn--mller-kva.xn--qxam"},
             Row{"stra\u00DFe.example", "xn--strae-oqa.example"},
             Row{"\uFF45\uFF58\uFF41\uFF4D\uFF50\uFF4C\uFF45.org", "example.org"},
             Row{"\u043F\u0440\u0438\u043C\u0435\u0440.\u0440\u0444", "xn--e1afmkfd.xn--p1ai"},
             Row{"Example.ORG", "Example.ORG"},
             Row{"example.org.", "example.org."},
             Row{"[192.0.2.1]", "[192.0.2.1]"},
             Row{"xn--", "xn--"},
             Row{"", ""},
         }) {
        EXPECT_EQ(ascii_domain(row.given), row.expected) << row.given;
        EXPECT_EQ(ascii_domain(row.expected), row.expected) << "twice: " << row.given;
    }
}

TEST(Address, WhatIsNoInternationalDomainStaysAsItIs)
{
    // A full-width @ or " would become the plain sign, and the domain would end somewhere else.
    const std::string long_one = std::string(1000, 'a') + ".m\u00FCller.example";
    const std::string long_label = std::string(70, 'a') + "\u00FC.example";
    for (const std::string_view domain :
         {std::string_view("evil\uFF20trusted.example"), std::string_view("a\uFF02b.\u00FC"),
          std::string_view("\uFF1Ca.example\uFF1E"), std::string_view("\uFF3Bm\u00FCller\uFF3D"),
          std::string_view("a\u00FC b.example"), std::string_view("\u00FC..example"),
          std::string_view(".\u00FC"), std::string_view("\u00AD"), std::string_view("\u2764.example"),
          std::string_view("\u202E\u00FC.example"), std::string_view("-\u00FC.example"),
          std::string_view("\xFF\u00FC.example"), std::string_view("\xC3"),
          std::string_view("m\u00FCller.example\0.evil", 20), std::string_view(long_one),
          std::string_view(long_label)}) {
        EXPECT_EQ(ascii_domain(domain), domain) << domain;
        EXPECT_EQ(native_domain(domain), domain) << domain;
    }
}

TEST(Address, AnInternationalDomainHasOneFormForPeople)
{
    for (const Row& row : {
             Row{"xn--mller-kva.example", "m\u00FCller.example"},
             Row{"XN--MLLER-KVA.Example", "m\u00FCller.example"},
             Row{"M\u00DCLLER.example", "m\u00FCller.example"},
             Row{"xn--strae-oqa.example", "stra\u00DFe.example"},
             Row{"Example.ORG", "Example.ORG"},
             Row{"xn--a.example", "xn--a.example"}, // a control character
             Row{"xn--.example", "xn--.example"},   // nothing
             Row{"xn--mller-kva", "m\u00FCller"},
             Row{"a@xn--mller-kva", "a@xn--mller-kva"}, // no domain
             Row{"", ""},
         }) {
        EXPECT_EQ(native_domain(row.given), row.expected) << row.given;
        EXPECT_EQ(native_domain(row.expected), row.expected) << "twice: " << row.given;
    }
}

TEST(Address, SendableIsWhatCannotBreakOutOfItsBrackets)
{
    for (const std::string_view good :
         {"user@example.org", "\"a b\"@example.org", "\"a>b<\"@example.org", "user+tag=x@example.org",
          "user@[192.0.2.1]", "user@[IPv6:2001:db8::1]", "grüße@bücher.example", "a..b@example.org",
          "\"a\\\"b\"@example.org", "!#$%&'*+-/=?^_`{|}~@example.org", "\"a,b@c;d:(e)\"@example.org",
          "\"a\".\"b\"@example.org"}) {
        EXPECT_TRUE(is_sendable(good)) << good;
    }
    for (const std::string_view bad : {
             std::string_view("user"),
             std::string_view(""),
             std::string_view("@example.org"),
             std::string_view("user@"),
             std::string_view("a b@example.org"),
             std::string_view("a@b c"),
             std::string_view("<a@b>"),
             std::string_view("a@b>"),
             std::string_view("a@b> SIZE=1"),
             std::string_view("a@b\r\nRCPT TO:<c@d>"),
             std::string_view("\"a\r\nb\"@c"),
             std::string_view("\"a\nb\"@c"),
             std::string_view("a\0b@c", 5),
             std::string_view("a@b\x7f"),
             std::string_view("a\xc2\x85@b"),
             std::string_view("a\xff@b"),
             std::string_view("a\uFFFDff@b"),
             std::string_view("a@b\uFFFD"),
             std::string_view("\"open@example.org"),
             std::string_view("\"a\\\"@example.org"),
             std::string_view("a@b\"c"),
             std::string_view("a@b\\"),
             std::string_view("a\\ b@example.org"),
             std::string_view("a\\>@example.org"),
             std::string_view("\"a\",evil@evil.example,\"b\"@example.org"),
             std::string_view("a@b@example.org"),
             std::string_view("a,b@example.org"),
             std::string_view("a;b@example.org"),
             std::string_view("group:a@example.org"),
             std::string_view("@route.example:a@example.org"),
             std::string_view("a(comment)@example.org"),
             std::string_view("\"a\"(b\"c\"@example.org"),
         }) {
        EXPECT_FALSE(is_sendable(bad)) << bad;
    }
    EXPECT_TRUE(is_sendable(std::string(kMaxAddress - 2, 'a') + "@b"));
    EXPECT_FALSE(is_sendable(std::string(kMaxAddress - 1, 'a') + "@b"));
}

TEST(Address, WrappedSendersAreUnwrapped)
{
    for (const Row& row : {
             Row{"prvs=1234abcdef=user@example.org", "user@example.org"},
             Row{"PRVS=1234abcdef=User@Example.org", "User@Example.org"},
             Row{"prvs=user/1234abcdef@example.org", "user@example.org"},
             Row{"prvs=1234abcdef=a=b@example.org", "a=b@example.org"},
             Row{"prvs=a/b/1234@example.org", "a/b@example.org"},
             Row{"SRS0=HHHH=TT=example.org=user@forwarder.example", "user@example.org"},
             Row{"srs0+HH+H=TT=example.org=user@forwarder.example", "user@example.org"},
             Row{"SRS0-Ab/c=TT=example.org=a=b@forwarder.example", "a=b@example.org"},
             Row{"SRS1=HHH=first.example==HHH=TT=example.org=user@second.example", "user@example.org"},
             Row{"SRS1=HHH=first.example=+HHH=TT=example.org=user@second.example", "user@example.org"},
             Row{"SRS0=HHHH=TT=example.org=prvs=1234abcdef=user@forwarder.example", "user@example.org"},
             Row{"user@example.org", ""},
             Row{"", ""},
             Row{"prvs=user@example.org", ""},
             Row{"prvs==user@example.org", ""},
             Row{"prvs=tag=@example.org", ""},
             Row{"prvs=1234abcdef=user", ""},
             Row{"SRS0=HHHH=TT=example.org@forwarder.example", ""},
             Row{"SRS0=HHHH=TT==user@forwarder.example", ""},
             Row{"SRS0=HHHH=TT=example.org=@forwarder.example", ""},
             Row{"SRS0@forwarder.example", ""},
             Row{"SRS1=HHH=first.example=user@second.example", ""},
             Row{"SRS2=HHHH=TT=example.org=user@forwarder.example", ""},
             Row{"\"prvs=1234=a b\"@example.org", ""},
         }) {
        EXPECT_EQ(unwrapped_sender(row.given), row.expected) << row.given;
    }
}

TEST(Address, UnwrappingEndsWhateverIsWrapped)
{
    std::string address = "user@example.org";
    for (int i = 0; i < 10'000; ++i) {
        address.insert(0, "prvs=a=");
    }
    const std::string unwrapped = unwrapped_sender(address);
    EXPECT_TRUE(unwrapped.ends_with("=user@example.org"));
    EXPECT_LT(unwrapped.size(), address.size());
}

TEST(FirstMailbox, NameAndAddress)
{
    struct Line {
        std::string_view value;
        std::string_view name;
        std::string_view address;
    };
    for (const Line& row : {
             Line{" Anna Smith <anna@shop.example>", "Anna Smith", "anna@shop.example"},
             Line{"\"Smith, Anna\" <anna@shop.example>, Bob <bob@x>", "Smith, Anna", "anna@shop.example"},
             Line{"=?utf-8?Q?Gr=C3=BC=C3=9Fe,_Anna?= <a@b>", "Grüße, Anna", "a@b"},
             Line{"\"=?utf-8?Q?Anna?=\" <a@b>", "Anna", "a@b"},
             Line{"a@b (Anna \\) (the first))", "Anna ) (the first)", "a@b"},
             Line{"a@b, c@d", "", "a@b"},
             Line{"<a@b>", "", "a@b"},
             Line{"\"a b\"@c", "", "\"a b\"@c"},
             Line{"Team: Anna <a@b>, c@d;", "Anna", "a@b"},
             Line{"undisclosed-recipients:;", "", ""},
             Line{",, a@b", "", "a@b"},
             Line{"a@[IPv6:::1]", "", "a@[IPv6:::1]"},
             Line{"Anna\r\n <a@b>", "Anna", "a@b"},
             Line{"Just a name", "Just a name", ""},
             Line{"\"open <a@b>", "open", "a@b"},
             Line{"\"a\\\" <a@b>", "a\\", "a@b"},
             Line{"Anna <a@b", "Anna", "a@b"},
             Line{"x\xe2\x80\xaey <a@b>", "xy", "a@b"},
             Line{"\"bank@real.example\" <evil@x>", "bank@real.example", "evil@x"},
             Line{"", "", ""},
         }) {
        const Mailbox mailbox = first_mailbox(row.value);
        EXPECT_EQ(mailbox.name, row.name) << row.value;
        EXPECT_EQ(mailbox.address, row.address) << row.value;
    }
}

TEST(FirstMailbox, AnyBytesGiveTwoLinesFitToShow)
{
    using namespace std::string_view_literals;
    constexpr auto kLetters = "\"()<>@,;:\\=?_ \r\n\t\0ab.\xFF\xC3\xA4\xE2\x80\xAE\x1B\x7F"sv;
    std::uint32_t state = 1;
    for (int round = 0; round < 5000; ++round) {
        std::string value;
        for (int i = 0; i < round % 80; ++i) {
            state = state * 1664525U + 1013904223U;
            value.push_back(kLetters[(state >> 16U) % kLetters.size()]);
        }
        const Mailbox mailbox = first_mailbox(value);
        EXPECT_EQ(mailbox.name, text::one_line(mailbox.name)) << value;
        EXPECT_EQ(mailbox.address, text::one_line(mailbox.address)) << value;
    }
    EXPECT_EQ(first_mailbox("=?utf-8?q?Anna=0D=0ABcc:_x?= <a@b>").name, "Anna Bcc: x");
    EXPECT_EQ(first_mailbox("An\0na <a\0@b>"sv).address, "a@b");
}

} // namespace qm::mail
