#include "mail/content_digest.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace qm::mail {
namespace {

std::string digest_of(std::string_view message)
{
    Headers headers;
    const std::size_t body = parse_headers(message, headers);
    ContentDigest digest(headers);
    digest.body(message.substr(body));
    return digest.finish();
}

constexpr std::string_view kMail = "From: a@b\r\nDate: today\r\nMessage-ID: <1@b>\r\n"
                                   "Subject: one two\r\n\r\nbody\r\n";

} // namespace

TEST(ContentDigest, OtherHeadersAndFoldingDoNotMatter)
{
    EXPECT_EQ(digest_of(kMail), digest_of("X-Spam: 1.5\r\nSUBJECT:one\r\n\ttwo \r\nmessage-id: <1@b>\r\n"
                                          "Date:   today\r\nFrom: a@b\r\nReceived: x\r\n\r\nbody\r\n"));
    EXPECT_EQ(digest_of(kMail).size(), 64U);
}

TEST(ContentDigest, EachOfTheFourAndTheBodyMatter)
{
    for (const std::string_view other :
         {"From: x@b\r\nDate: today\r\nMessage-ID: <1@b>\r\nSubject: one two\r\n\r\nbody\r\n",
          "From: a@b\r\nDate: later\r\nMessage-ID: <1@b>\r\nSubject: one two\r\n\r\nbody\r\n",
          "From: a@b\r\nDate: today\r\nMessage-ID: <2@b>\r\nSubject: one two\r\n\r\nbody\r\n",
          "From: a@b\r\nDate: today\r\nMessage-ID: <1@b>\r\nSubject: onetwo\r\n\r\nbody\r\n",
          "From: a@b\r\nDate: today\r\nMessage-ID: <1@b>\r\nSubject: one two\r\n\r\nBody\r\n",
          "Date: today\r\nMessage-ID: <1@b>\r\nSubject: one two\r\n\r\nbody\r\n"}) {
        EXPECT_NE(digest_of(kMail), digest_of(other)) << other;
    }
}

TEST(ContentDigest, TheFirstOfADoubledFieldCounts)
{
    EXPECT_EQ(digest_of("Subject: a\r\n\r\n"), digest_of("Subject: a\r\nSubject: b\r\n\r\n"));
    EXPECT_NE(digest_of("Subject: a\r\n\r\n"), digest_of("Subject: b\r\nSubject: a\r\n\r\n"));
}

TEST(ContentDigest, NoFieldCanBeMovedIntoAnother)
{
    EXPECT_NE(digest_of("From: a\r\n\r\n"), digest_of("Date: a\r\n\r\n"));
    EXPECT_NE(digest_of("Subject: a\r\n\r\nb"), digest_of("Subject: ab\r\n\r\n"));
    EXPECT_EQ(digest_of("\r\n"), digest_of("From:\r\nSubject: \r\n\r\n"));
}

TEST(ContentDigest, PiecesOfTheBodyAddUp)
{
    Headers headers;
    ContentDigest whole(headers);
    ContentDigest pieces(headers);
    whole.body("abc");
    pieces.body("a");
    pieces.body("bc");
    EXPECT_EQ(whole.finish(), pieces.finish());
}

TEST(ContentDigest, AMessageOfOursIsKnownAgainWithWhatAMailServerAdded)
{
    const std::string_view body = "\r\nbody\r\n";
    struct Case {
        std::string sent;
        std::string received;
        bool known;
    };
    const std::vector<Case> cases{
        {"Subject: x\r\n", "Subject: x\r\nDate: d\r\nMessage-ID: <1@x>\r\nFrom: a@x\r\n", true},
        {"Subject: x\r\nFrom: a\r\n", "Subject: x\r\nFrom: a@host\r\n", true},
        {"Subject: x\r\nFrom: a\r\n", "Subject: x\r\nFrom: a@host\r\nDate: d\r\n", true},
        {"Subject: x\r\nDate: d\r\n", "Subject: x\r\nDate: other\r\n", false},
        {"Subject: x\r\nMessage-ID: <1@x>\r\n", "Subject: x\r\nMessage-ID: <2@x>\r\n", false},
        {"Subject: x\r\n", "Subject: y\r\n", false},
        {"Subject: x\r\nFrom: a@x\r\n", "Subject: x\r\nFrom: ceo@our.example\r\n", false},
        {"Subject: x\r\nFrom: a@x\r\n", "Subject: x\r\nFrom: a@x\r\nFrom: ceo@our.example\r\n", false},
        {"Content-Type: text/plain\r\n", "Content-Type: text/html\r\n", false},
        {"Content-Type: text/plain\r\n", "content-type:  text/plain\r\nX-Spam: no\r\n", true},
        {"Content-Type: a/b\r\n", "Content-Type: a/b\r\nContent-Type: c/d\r\n", false},
        {"Subject: x\r\n", "Subject: x\r\nReply-To: me@evil.example\r\n", false},
        {"Subject: x\r\n", "Subject: x\r\nContent-Transfer-Encoding: base64\r\n", false},
    };
    for (const Case& one : cases) {
        ContentDigest sent(one.sent + std::string(body));
        ContentDigest received(one.received + std::string(body));
        sent.finish();
        received.finish();
        const auto in = received.as_received();
        const bool known = std::ranges::find(in, sent.as_sent()) != in.end();
        EXPECT_EQ(known, one.known) << one.received;
    }
}

TEST(ContentDigest, AMessageThatComesBackAsItIsIsFoundByTheFirstDigest)
{
    ContentDigest digest(kMail);
    digest.finish();
    EXPECT_EQ(digest.as_received().front(), digest.as_sent());
}

} // namespace qm::mail
