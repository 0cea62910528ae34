// What we sent ourselves passes; nothing else does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mail/address.h"
#include "mail/content_digest.h"
#include "support/mail_server.h"

namespace qm {
namespace {

using milter::Reply;
using test::House;
using test::TestMail;

constexpr const char* kAll = "[all]\nregex = ^Subject:\naction = DISCARD\n";

TestMail notice()
{
    TestMail mail;
    mail.from = "<>";
    mail.to = {"<user@example.net>"};
    mail.headers = {{"From", " quarantine@example.net"},
                    {"Subject", " [Held] something"},
                    {"Date", " Tue, 4 Aug 2026 14:03:00 +0200"},
                    {"Message-ID", " <1@example.net>"}};
    return mail;
}

std::string digest_of(const TestMail& mail)
{
    mail::Headers headers;
    for (const auto& [name, value] : mail.headers) {
        headers.add(name, value);
    }
    mail::ContentDigest digest(headers);
    digest.body(mail.body);
    digest.finish();
    return digest.as_sent();
}

void announce(House& house, const TestMail& mail, const std::string& recipient)
{
    house.catalog.writer().run([&](sql::Connection& database) {
        database.execute(
            "INSERT INTO own_mail (digest, recipient_key, kind, until) VALUES (:1, :2, 'notice', :3)",
            {digest_of(mail), mail::key(recipient),
             catalog::to_column(house.clock.now() + std::chrono::hours(1))});
    });
}

} // namespace

TEST(OwnMail, ANoticePassesForItsRecipientHoweverItIsSpelled)
{
    House house("all", kAll);
    announce(house, notice(), "User@Example.net");
    EXPECT_EQ(house.send(notice()).reply, Reply::accept);
    EXPECT_EQ(house.count("held_message"), 0);
    EXPECT_TRUE(house.files().empty());
}

TEST(OwnMail, TheSameBytesToSomebodyElseAreJudgedAsUsual)
{
    House house("all", kAll);
    announce(house, notice(), "user@example.net");
    TestMail other = notice();
    other.to = {"<other@example.net>"};
    EXPECT_EQ(house.send(other).reply, Reply::discard);
}

TEST(OwnMail, ACopyWithOneByteChangedIsJudgedAsUsual)
{
    House house("all", kAll);
    announce(house, notice(), "user@example.net");
    TestMail other = notice();
    other.body = "forged\r\n";
    EXPECT_EQ(house.send(other).reply, Reply::discard);
}

TEST(OwnMail, RecognitionEndsWithItsTime)
{
    House house("all", kAll);
    announce(house, notice(), "user@example.net");
    house.clock.advance(std::chrono::hours(2));
    EXPECT_EQ(house.send(notice()).reply, Reply::discard);
    EXPECT_EQ(house.outbox.forget_old_own_mail(), 1);
}

TEST(OwnMail, ANoticePassesATempfailQuarantineToo)
{
    House house("all", "[all]\nregex = ^Subject:\naction = TEMPFAIL\n");
    EXPECT_EQ(house.send(notice()).reply, Reply::tempfail);
    announce(house, notice(), "user@example.net");
    EXPECT_EQ(house.send(notice()).reply, Reply::accept);
}

} // namespace qm
