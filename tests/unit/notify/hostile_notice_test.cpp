// No mail of any shape makes a notice fail or say something that it should not.
#include <random>

#include <gmock/gmock.h>

#include "notify_fixture.h"
#include "parsed_mail.h"
#include "quarantine/error.h"

namespace qm::notify {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::string_literals;
using namespace std::string_view_literals;

class HostileNotice : public testing::Test, public test::NotifyFixture {};

class BrokenReader final : public MessageReader {
  public:
    std::size_t read(std::span<char> /*buffer*/) override { throw BackendError("disk on fire"); }
};

std::string noise(std::mt19937& random, std::size_t length)
{
    constexpr auto kLetters = "\r\n\r\n\0<>\"'&;:,()@=?_{} ab\xff\xc3\xa4\xe2\x80\xae--"sv;
    std::string text;
    while (text.size() < length) {
        text.push_back(kLetters[random() % kLetters.size()]);
    }
    return text;
}

} // namespace

TEST_F(HostileNotice, ValuesAreEscapedInHtmlAndPlainInText)
{
    auto what = notice();
    what.mail.subject = "<script>alert('1')</script> \"x\" & y";
    what.mail.groups[1].second = "\"><img src=x onerror=y>";
    const auto composed = open()->compose(what, nullptr);
    const auto mail = test::parse_mail(composed.bytes);
    EXPECT_THAT(mail.part("text/html").content, Not(HasSubstr("<script>")));
    EXPECT_THAT(mail.part("text/html").content, Not(HasSubstr("<img src=x")));
    EXPECT_THAT(mail.part("text/plain").content, HasSubstr("<script>alert('1')</script> \"x\""));
    EXPECT_EQ(mail.subject, "[Held] " + what.mail.subject);
}

TEST_F(HostileNotice, NoFieldAddsAHeaderOrAPart)
{
    section.set("notification_email_subject", "{EMAIL_SUBJECT}{score}{EMAIL_FROM}{WHY}");
    section.set("notification_email_from", "\"{EMAIL_FROM} {EMAIL_HEADER_FROM}\" <quarantine@our.example>");
    const auto evil = "x\r\nBcc: victim@example.org\r\n\r\n--=_7_a\n\0\x1b"s;
    auto what = notice();
    what.mail.subject = evil;
    what.mail.header_from = evil + "\" <evil@example.org>";
    what.mail.envelope.sender = evil;
    what.mail.why = evil;
    what.mail.groups = {{"", evil}, {"score", evil}};
    what.mail.quarantine = evil;
    what.recipient = "u@our.example\r\nBcc: victim@example.org";
    const auto composed = open()->compose(what, nullptr);
    EXPECT_EQ(test::wire_problem(composed.bytes), "");
    EXPECT_EQ(test::raw_header(composed.bytes, "Bcc"), "");
    const auto mail = test::parse_mail(composed.bytes);
    EXPECT_EQ(mail.from_address, "quarantine@our.example");
    EXPECT_EQ(mail.parts.size(), 3U);
    EXPECT_EQ(test::facts(mail), test::facts_by_python(composed.bytes));
}

TEST_F(HostileNotice, AReaderThatFailsLeavesTheNoticeWithoutItsText)
{
    BrokenReader reader;
    const auto composed = open()->compose(notice(), &reader);
    EXPECT_THAT(test::parse_mail(composed.bytes).part("text/plain").content, HasSubstr("u@our.example"));
}

TEST_F(HostileNotice, NoiseEverywhereStillGivesAMailFitForTheWire)
{
    std::mt19937 random(3);
    section.set("notification_email_from", "\"{EMAIL_FROM} {score}\" <{EMAIL_TO}>");
    const auto notifier = open();
    ASSERT_NE(notifier, nullptr);
    for (int i = 0; i < 300; ++i) {
        auto what = notice();
        what.mail.subject = noise(random, random() % 3000);
        what.mail.header_from = noise(random, random() % 300);
        what.mail.envelope.sender = noise(random, random() % 60);
        what.mail.groups = {{"", noise(random, 50)}, {"score", noise(random, random() % 2000)}};
        what.recipient = noise(random, random() % 40) + (i % 2 == 0 ? "@our.example" : "");
        test::TextReader reader(noise(random, 2000));
        const auto composed = notifier->compose(what, &reader);
        ASSERT_EQ(test::wire_problem(composed.bytes), "") << i;
        const auto mail = test::parse_mail(composed.bytes);
        ASSERT_EQ(mail.parts.size(), 3U) << i;
        ASSERT_EQ("<" + mail.message_id + ">", composed.message_id) << i;
    }
}

TEST_F(HostileNotice, LongWordsStayInsideALine)
{
    auto what = notice();
    what.mail.subject = std::string(5000, 'x');
    what.recipient = std::string(900, 'a') + "@our.example";
    const auto composed = open()->compose(what, nullptr);
    EXPECT_EQ(test::wire_problem(composed.bytes), "");
    what.mail.subject.clear();
    for (int i = 0; i < 2000; ++i) {
        what.mail.subject += "ü";
    }
    EXPECT_EQ(test::wire_problem(open()->compose(what, nullptr).bytes), "");
}

} // namespace qm::notify
