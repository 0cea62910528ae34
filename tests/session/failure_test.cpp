// Whatever fails, whenever: either 451 and nothing kept, or everything kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quarantine/error.h"
#include "support/failing_store.h"
#include "support/mail_server.h"

namespace qm {
namespace {

using milter::Reply;
using test::FailingStore;
using test::House;
using test::TestMail;

constexpr const char* kTwo = "[virus]\nregex = ^X-Virus: yes\naction = ACCEPT\n"
                             "[spam]\nregex = ^X-Spam-Flag: YES\naction = DISCARD\n";

TestMail both(const std::string& body)
{
    TestMail mail;
    mail.headers = {{"Subject", " buy"}, {"X-Spam-Flag", " YES"}, {"X-Virus", " yes"}};
    mail.body = body;
    return mail;
}

/// Puts a failing store before that of one quarantine.
std::shared_ptr<FailingStore> make_fail(House& house, std::size_t quarantine)
{
    // The settings are ours alone: no session has them yet.
    auto settings = std::const_pointer_cast<Settings>(house.settings().get());
    auto store = std::make_shared<FailingStore>(settings->quarantines.at(quarantine).store);
    settings->quarantines.at(quarantine).store = store;
    return store;
}

/// Every row has its file, every file its row.
void expect_whole(House& house, std::size_t mails)
{
    EXPECT_EQ(house.held().size(), mails);
    EXPECT_EQ(house.files().size(), mails);
    for (const HeldMail& mail : house.held()) {
        EXPECT_NE(house.desk.settings()->quarantine(mail.quarantine)->store->open(mail.id), nullptr);
    }
}

} // namespace

TEST(Failure, TheNthCallOfAStoreFailsAndNothingIsKept)
{
    for (const std::size_t quarantine : {std::size_t{0}, std::size_t{1}}) {
        House house("virus, spam", kTwo);
        const auto store = make_fail(house, quarantine);
        bool passed = false;
        for (int call = 1; !passed && call < 50; ++call) {
            store->fail_at(call);
            try {
                house.send(both(std::string(200'000, 'x') + "\r\n"));
                passed = !store->has_failed();
            } catch (const BackendError&) {
                house.session.abort();
                expect_whole(house, 0);
            }
        }
        EXPECT_TRUE(passed);
        store->fail_at(0);
        expect_whole(house, 2);
    }
}

TEST(Failure, OnceOnRecordNothingIsUndone)
{
    House house("virus, spam", kTwo);
    TestMail first = both("text\r\n");
    first.headers.pop_back(); // only spam
    house.send(first);
    // The same mail now concerns virus too, where it is new; in spam its second copy cannot be removed.
    const auto store = make_fail(house, 1);
    for (int call = 1; call < 20; ++call) {
        store->fail_at(call);
        try {
            house.send(both("text\r\n"));
        } catch (const BackendError&) {
            house.session.abort();
        }
        store->fail_at(0);
        for (const HeldMail& mail : house.held()) {
            EXPECT_NE(house.desk.settings()->quarantine(mail.quarantine)->store->open(mail.id), nullptr)
                << call;
        }
    }
    EXPECT_EQ(house.held().size(), 2U);
}

TEST(Failure, AMailOnRecordWhoseFileIsGoneIsKeptAnew)
{
    House house("spam", "[spam]\nregex = ^X-Spam-Flag: YES\naction = DISCARD\n");
    house.send(both("older\r\n"));
    house.send(both("text\r\n"));
    house.desk.settings()->quarantines[0].store->remove(house.held().at(1).id);
    EXPECT_EQ(house.send(both("text\r\n")).reply, Reply::discard);
    EXPECT_EQ(house.files().size(), 2U);
    EXPECT_NE(house.desk.settings()->quarantines[0].store->open(house.held().at(2).id), nullptr);
}

TEST(Failure, WhereADiskMayNotBeMountedAMailOnRecordIsPutOff)
{
    House house("spam", "[spam]\nregex = ^X-Spam-Flag: YES\naction = DISCARD\n");
    house.send(both("text\r\n"));
    std::filesystem::rename(house.dir / "store", house.dir / "unmounted");
    std::filesystem::create_directory(house.dir / "store");
    house.send(both("into the folder below\r\n"));
    EXPECT_THROW(house.send(both("text\r\n")), BackendError);
    EXPECT_EQ(house.files().size(), 1U);
    EXPECT_EQ(house.held().size(), 2U);
    std::filesystem::remove_all(house.dir / "store");
    std::filesystem::rename(house.dir / "unmounted", house.dir / "store");
    EXPECT_EQ(house.send(both("text\r\n")).reply, Reply::discard);
    EXPECT_EQ(house.files().size(), 1U);
    EXPECT_EQ(house.held().size(), 2U) << "it is known";
}

TEST(Failure, AMailOnRecordIsFoundInTheFolderItsQuarantineHadBefore)
{
    House house("spam", "[spam]\nregex = ^X-Spam-Flag: YES\naction = DISCARD\n");
    house.send(both("text\r\n"));
    std::filesystem::create_directory(house.dir / "new");
    house.reconfigure("spam, old", "[spam]\nregex = ^X-Spam-Flag: YES\naction = DISCARD\n"
                                   "quarantine_directory = new\n[old]\nregex = ^Never:\naction = DISCARD\n");
    EXPECT_EQ(house.send(both("text\r\n")).reply, Reply::discard);
    EXPECT_EQ(house.held().size(), 1U) << "it is known";
    EXPECT_EQ(house.files().size(), 1U);
}

TEST(Failure, AMailThatWasOnlyObservedBeforeIsHeldNow)
{
    House house("spam", "[spam]\nregex = ^X-Spam-Flag: YES\naction = ACCEPT\n");
    EXPECT_EQ(house.send(both("text\r\n")).reply, Reply::accept);
    house.reconfigure("spam", "[spam]\nregex = ^X-Spam-Flag: YES\naction = DISCARD\n");
    EXPECT_EQ(house.send(both("text\r\n")).reply, Reply::discard);
    const auto held = house.held();
    ASSERT_EQ(held.size(), 2U);
    EXPECT_EQ(held[1].recipients.at(0).state, RecipientState::held);
}

TEST(Failure, ASenderWithANewBounceTagIsTheSameSender)
{
    House house("spam", "[spam]\nregex = ^X-Spam-Flag: YES\naction = DISCARD\n");
    TestMail mail = both("text\r\n");
    mail.from = "<prvs=1234abcdef=anna@example.org>";
    house.send(mail);
    mail.from = "<prvs=5678fedcba=anna@example.org>";
    house.send(mail);
    EXPECT_EQ(house.held().size(), 1U);
}

TEST(Failure, OneRecipientInTwoSpellingsIsHeldOnceAndRemovedTwice)
{
    House house("spam, pass",
                "[spam]\nregex = ^X-Spam-Flag: YES\naction = DISCARD\n[pass]\nregex = x\naction = ACCEPT\n"
                "quarantine_type = NONE\n");
    TestMail mail = both("text\r\n");
    mail.to = {"<User@example.net>", "<user@example.net>", "<@relay.example:user@example.net>"};
    house.send(mail);
    ASSERT_EQ(house.held().size(), 1U);
    EXPECT_EQ(house.held()[0].recipients.size(), 1U);
}

TEST(Failure, ASourceRouteIsRemovedInBothForms)
{
    House house("spam", "[spam]\nregex = ^X-Spam-Flag: YES\naction = DISCARD\nwhitelist_type = DB\n"
                        "whitelist_db_connection = sqlite:///w.db\n");
    house.send(both("first\r\n")); // makes the table
    sql::Connection database(sql::parse_target("sqlite:///w.db", house.dir.path()), {});
    database.execute("INSERT INTO whitelist (recipient, comment) VALUES ('friend@example.net', '')");
    TestMail mail = both("text\r\n");
    mail.to = {"<@relay.example:user@example.net>", "<friend@example.net>"};
    EXPECT_THAT(house.send(mail).removed,
                testing::ElementsAre("<@relay.example:user@example.net>", "<user@example.net>"));
}

} // namespace qm
