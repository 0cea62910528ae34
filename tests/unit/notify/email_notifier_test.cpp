// The notifier EMAIL as a whole.
#include <gmock/gmock.h>

#include "mail/content_digest.h"
#include "mail/headers.h"
#include "notify_fixture.h"
#include "parsed_mail.h"
#include "support/smtp_sink.h"

namespace qm::notify {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr auto kHeld =
    "From: anna@shop.example\r\nSubject: Invoice 4711\r\nContent-Type: text/plain\r\n\r\nPlease pay.\r\n";

class EmailNotifierTest : public testing::Test, public test::NotifyFixture {
  protected:
    ComposedNotice compose(const Notice& what, const std::string& held = kHeld)
    {
        const auto notifier = open();
        EXPECT_NE(notifier, nullptr) << testing::PrintToString(section.mistakes());
        test::TextReader reader(held);
        return notifier->compose(what, &reader);
    }
};

} // namespace

TEST_F(EmailNotifierTest, BothPartsSayWhatTheTemplateSays)
{
    const auto composed = compose(notice());
    EXPECT_EQ(test::wire_problem(composed.bytes, 78), "");
    const auto mail = test::parse_mail(composed.bytes);
    EXPECT_EQ(mail.from_name, "Mail quarantine");
    EXPECT_EQ(mail.subject, "[Held] Invoice 4711");
    for (const auto* type : {"text/plain", "text/html"}) {
        const auto content = mail.part(type).content;
        EXPECT_THAT(content, HasSubstr("To u@our.example from bounce@mailer.example: Invoice 4711")) << type;
        EXPECT_THAT(content, HasSubstr("YES 9.5")) << type;
        EXPECT_THAT(content, HasSubstr("Please pay.")) << type;
    }
    EXPECT_EQ(test::facts(mail), test::facts_by_python(composed.bytes));
}

TEST_F(EmailNotifierTest, TheEnvelopeIsTheRecipientAndTheNullSender)
{
    auto composed = compose(notice());
    EXPECT_EQ(composed.envelope_from, "");
    EXPECT_EQ(composed.recipient, "u@our.example");
    section.set("notification_email_envelope_from", "<bounces@our.example>");
    composed = compose(notice());
    EXPECT_EQ(composed.envelope_from, "bounces@our.example");
}

TEST_F(EmailNotifierTest, TheMessageIdIsOfTheNoticeAndOurDomain)
{
    const auto composed = compose(notice());
    EXPECT_EQ(composed.message_id, "<n.7." + notice().mail.id.str() + "@our.example>");
    EXPECT_EQ(test::raw_header(composed.bytes, "Message-ID"), composed.message_id);
}

TEST_F(EmailNotifierTest, TheDigestIsThatOfTheBytes)
{
    const auto composed = compose(notice());
    mail::Headers headers;
    const auto body = mail::parse_headers(composed.bytes, headers);
    mail::ContentDigest digest(headers);
    digest.body(std::string_view(composed.bytes).substr(body));
    digest.finish();
    EXPECT_EQ(composed.digest, digest.as_sent());
    auto other = notice();
    other.recipient = "v@our.example";
    EXPECT_NE(composed.digest, compose(other).digest);
}

TEST_F(EmailNotifierTest, ComposingAgainGivesTheSameBytes)
{
    EXPECT_EQ(compose(notice()).bytes, compose(notice()).bytes);
}

TEST_F(EmailNotifierTest, AMessageThatIsGoneIsNoReasonNotToTell)
{
    const auto composed = open()->compose(notice(), nullptr);
    EXPECT_EQ(test::wire_problem(composed.bytes), "");
    EXPECT_THAT(test::parse_mail(composed.bytes).part("text/plain").content, HasSubstr("u@our.example"));
}

TEST_F(EmailNotifierTest, EmbeddedImagesAlwaysGoAlongTheReplacementWhenItIsShown)
{
    write("logo.gif", "GIF89a...");
    section.set("notification_email_embedded_imgs", "logo.gif");
    section.set("notification_email_replacement_img", "removed.png");
    auto mail = test::parse_mail(compose(notice()).bytes);
    EXPECT_EQ(mail.part("image/gif").content_id, "logo.gif");
    EXPECT_EQ(mail.part("image/png").content_id, "");
    const std::string with_image =
        "Content-Type: text/html\r\n\r\n<p>a<img src=\"http://x.example/1\">b</p>\r\n";
    mail = test::parse_mail(compose(notice(), with_image).bytes);
    EXPECT_EQ(mail.part("image/png").content_id, "removed.png");
    EXPECT_THAT(mail.part("text/html").content, HasSubstr("cid:removed.png"));
    section.set("notification_email_strip_images", "yes");
    mail = test::parse_mail(compose(notice(), with_image).bytes);
    EXPECT_EQ(mail.part("image/png").content_id, "");
    EXPECT_THAT(mail.part("text/html").content, Not(HasSubstr("cid:")));
}

TEST_F(EmailNotifierTest, TellsEverybodyOrTheDomainsNamed)
{
    EXPECT_THAT(open()->tells("u@our.example"), testing::ElementsAre("u@our.example"));
    EXPECT_THAT(open()->tells("not an address"), testing::IsEmpty());
    EXPECT_THAT(open()->tells(""), testing::IsEmpty());
    section.set("notification_domains", "Our.Example, .branch.example");
    const auto notifier = open();
    EXPECT_THAT(notifier->tells("u@our.example"), testing::ElementsAre("u@our.example"));
    EXPECT_THAT(notifier->tells("U@OUR.Example"), testing::ElementsAre("U@OUR.Example"));
    EXPECT_THAT(notifier->tells("u@sub.our.example"), testing::IsEmpty());
    EXPECT_THAT(notifier->tells("u@evil-our.example"), testing::IsEmpty());
    EXPECT_THAT(notifier->tells("u@a.b.branch.example"), testing::ElementsAre("u@a.b.branch.example"));
    EXPECT_THAT(notifier->tells("u@branch.example"), testing::IsEmpty());
    EXPECT_THAT(notifier->tells("u@.branch.example.evil.example"), testing::IsEmpty());
    EXPECT_THAT(notifier->tells("\"u@our.example\"@evil.example"), testing::IsEmpty());
}

TEST_F(EmailNotifierTest, AdministratorsGetACopyOfEveryNotice)
{
    section.set("also_notify", "<admin@our.example>, postmaster@our.example, Admin@our.example");
    EXPECT_THAT(open()->tells("u@our.example"),
                testing::ElementsAre("u@our.example", "admin@our.example", "postmaster@our.example"));
    EXPECT_THAT(open()->tells("ADMIN@our.example"),
                testing::ElementsAre("ADMIN@our.example", "postmaster@our.example"));
    section.set("notify_recipient", "no");
    EXPECT_THAT(open()->tells("u@our.example"),
                testing::ElementsAre("admin@our.example", "postmaster@our.example"));
    EXPECT_THAT(open()->tells("postmaster@our.example"),
                testing::ElementsAre("admin@our.example", "postmaster@our.example"));
    section.set("notification_domains", "other.example");
    EXPECT_THAT(open()->tells("u@our.example"), testing::IsEmpty());
}

TEST_F(EmailNotifierTest, NobodyToTellIsAWarningAndNoAddressAMistake)
{
    section.set("notify_recipient", "no");
    open();
    EXPECT_THAT(section.warnings(), testing::ElementsAre(HasSubstr("nobody is told")));
    section.set("also_notify", "not an address");
    EXPECT_EQ(open(), nullptr);
    EXPECT_THAT(section.mistakes(), testing::ElementsAre(HasSubstr("also_notify")));
}

TEST_F(EmailNotifierTest, ACopyGoesToTheAdministratorAndSpeaksOfTheRecipient)
{
    auto copy = notice();
    copy.send_to = "admin@our.example";
    const auto composed = compose(copy);
    EXPECT_EQ(composed.recipient, "admin@our.example");
    EXPECT_THAT(test::raw_header(composed.bytes, "To"), HasSubstr("u@our.example"));
    EXPECT_THAT(test::parse_mail(composed.bytes).part("text/plain").content, HasSubstr("To u@our.example"));
}

TEST_F(EmailNotifierTest, SendsItsBytesThroughTheServerOfTheSection)
{
    test::SmtpSink sink;
    section.set("smtp_port", std::to_string(sink.port()));
    const auto notifier = open();
    test::TextReader reader(kHeld);
    const auto composed = notifier->compose(notice(), &reader);
    EXPECT_EQ(notifier->send(composed).outcome, DeliveryOutcome::delivered);
    ASSERT_EQ(sink.messages().size(), 1U);
    EXPECT_EQ(sink.messages()[0].bytes, composed.bytes);
    EXPECT_EQ(sink.messages()[0].sender, "");
}

TEST_F(EmailNotifierTest, TheShippedTemplateAndImageWork)
{
    section.set("notification_email_template", QM_SOURCE_DIR "/templates/notice.html");
    section.set("notification_email_replacement_img", QM_SOURCE_DIR "/templates/removed.png");
    auto what = notice();
    what.mail.groups.clear();
    groups.clear();
    const auto mail = test::parse_mail(compose(what).bytes);
    for (const auto* type : {"text/plain", "text/html"}) {
        for (const auto* fact :
             {"A message for you was held", "bounce@mailer.example", "Invoice 4711", "47 kB",
              "X-Spam-Flag: YES", "18 Aug 2026", "Please pay.", "We never ask for your password."}) {
            EXPECT_THAT(mail.part(type).content, HasSubstr(fact)) << type;
        }
        EXPECT_THAT(mail.part(type).content, Not(HasSubstr("{"))) << type;
    }
    EXPECT_THAT(mail.part("text/html").content, Not(HasSubstr("http")));
}

} // namespace qm::notify
