// Every file call of a mail that is held fails in turn: 451 and nothing kept, or the answer and everything
// kept.
#include <atomic>
#include <set>

#include <gtest/gtest.h>

#include "fault/trial.h"

namespace qm::test {
namespace {

using milter::Reply;

/// A mail on its way into one or more quarantines.
struct Scenario {
    std::string name;
    std::string list;
    std::string quarantines;
    TestMail mail;
    Expected expected;
    Reply answer = Reply::discard;
    bool is_first = true;         ///< nothing is open yet: no folder of the day, no connection
    bool nameless = true;         ///< the file system has files without a name
    bool is_known = false;        ///< the mail is held already, and offered again
    bool with_checkpoint = false; ///< the catalog's log is written back with this mail

    friend void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }
};

TestMail mail_of(std::size_t size, std::vector<std::string> to)
{
    TestMail mail;
    mail.to = std::move(to);
    mail.headers = {{"Subject", " buy"}, {"X-Spam-Flag", " YES"}, {"X-Virus", " yes"}};
    while (mail.body.size() < size) {
        mail.body += "line " + std::to_string(mail.body.size()) + "\r\n";
    }
    return mail;
}

std::string tells()
{
    return "notification_type = EMAIL\nsmtp_host = 127.0.0.1\nsmtp_port = 9\n"
           "notification_email_from = quarantine@example.net\nnotification_email_subject = Held\n"
           "notification_email_template = " +
           std::string(QM_SOURCE_DIR) + "/templates/notice.html\n";
}

std::vector<Scenario> scenarios()
{
    const std::string spam = "[spam]\nregex = ^X-Spam-Flag: YES\naction = DISCARD\n" + tells();
    const std::string two = "[virus]\nregex = ^X-Virus: yes\naction = ACCEPT\n" + spam;
    const TestMail small = mail_of(100, {"<user@example.net>", "<other@example.net>"});
    const TestMail large = mail_of(200'000, {"<user@example.net>", "<other@example.net>"});
    const Expected one{.messages = 1, .recipients = 2, .notices = 2};
    const Expected both{.messages = 2, .recipients = 4, .notices = 2};
    return {
        {.name = "FirstSmallMail", .list = "spam", .quarantines = spam, .mail = small, .expected = one},
        {.name = "SmallMail",
         .list = "spam",
         .quarantines = spam,
         .mail = small,
         .expected = one,
         .is_first = false},
        {.name = "LargeMailInTwoQuarantines",
         .list = "virus, spam",
         .quarantines = two,
         .mail = large,
         .expected = both,
         .is_first = false},
        {.name = "MailThatTheSenderIsRefused",
         .list = "spam",
         .quarantines = "[spam]\nregex = ^X-Spam-Flag: YES\naction = REJECT\n" + tells(),
         .mail = small,
         .expected = one,
         .answer = Reply::reject,
         .is_first = false},
        {.name = "FilesWithANameOfTheirOwn",
         .list = "virus, spam",
         .quarantines = two,
         .mail = large,
         .expected = both,
         .is_first = false,
         .nameless = false},
        {.name = "MailOfferedAgain",
         .list = "virus, spam",
         .quarantines = two,
         .mail = large,
         .expected = both,
         .is_first = false,
         .is_known = true},
        {.name = "MailWithACheckpoint",
         .list = "spam",
         .quarantines = spam,
         .mail = small,
         .expected = one,
         .is_first = false,
         .with_checkpoint = true},
    };
}

class HoldingFault : public testing::TestWithParam<Scenario> {
  protected:
    /// A house in which the mail of the scenario is about to be offered, and its disk.
    struct Stage {
        explicit Stage(const Scenario& scenario)
            : house(scenario.list, scenario.quarantines), disk(house.dir.path())
        {
            if (!scenario.nameless) {
                disk.refuse_nameless_files();
            }
            if (!scenario.is_first) {
                // Opens and makes whatever the first mail opens and makes, and leaves nothing on record.
                TestMail first = scenario.mail;
                first.body = "first\r\n";
                house.send(first);
                for (const HeldMail& mail : house.held()) {
                    house.desk.settings()->quarantine(mail.quarantine)->store->remove(mail.id);
                    house.catalog.forget(mail.id);
                }
            }
            if (scenario.is_known) {
                house.send(scenario.mail);
            }
            if (scenario.with_checkpoint) {
                house.catalog.writer().run([](sql::Connection& database) {
                    database.query("PRAGMA wal_autocheckpoint = 1", {sql::Kind::integer});
                });
            }
        }

        House house;
        FaultyFolder disk;
    };

    std::vector<SeenCall> calls_of_the_mail() const
    {
        Stage stage(GetParam());
        stage.disk.watch();
        EXPECT_EQ(stage.house.send(GetParam().mail).reply, GetParam().answer);
        stage.disk.stop();
        expect_kept_once(stage.house, GetParam().mail, GetParam().expected);
        expect_no_leftovers(stage.house);
        return stage.disk.seen();
    }

    /// No file gets a name after an fsync of it has failed.
    static void expect_failed_files_are_not_linked(const std::vector<SeenCall>& calls)
    {
        std::set<std::uint64_t> failed;
        for (const SeenCall& call : calls) {
            if (call.call == Call::sync && call.failed) {
                failed.insert(call.file);
            }
            if (call.call == Call::link || call.call == Call::rename) {
                EXPECT_NE(call.file, 0U) << call.path << ": nobody knows of which file";
                EXPECT_FALSE(failed.contains(call.file)) << call.path << " after a failed fsync";
            }
        }
    }

    /// A commit whose log did not reach the disk is no commit: after it, the answer must have been 451.
    static void expect_failed_log_is_told(const std::vector<SeenCall>& calls, bool deferred)
    {
        for (const SeenCall& call : calls) {
            if (call.call == Call::sync && call.failed && call.path.ends_with("catalog.db-wal") &&
                !GetParam().with_checkpoint) {
                EXPECT_TRUE(deferred) << "success after a failed fsync of the log";
            }
        }
    }

    /// The mail offered with this trouble, and then again without. `repair_first`: what is left of it is
    /// looked after before the second offer. Returns how many files were left.
    static std::size_t try_one(const Trouble& trouble, bool repair_first)
    {
        const Scenario& scenario = GetParam();
        Stage stage(scenario);
        trouble.begin(stage.disk);
        const Offer first = offer(stage.house, scenario.mail);
        stage.disk.stop();
        EXPECT_TRUE(stage.disk.has_failed()) << "the call was not reached";
        expect_failed_files_are_not_linked(stage.disk.seen());
        expect_failed_log_is_told(stage.disk.seen(), first.deferred);

        std::size_t left = 0;
        if (!first.deferred || scenario.is_known) {
            EXPECT_TRUE(first.deferred || first.outcome.reply == scenario.answer);
            expect_kept_once(stage.house, scenario.mail, scenario.expected);
            left = stage.house.files().size() - scenario.expected.messages;
        } else {
            left = expect_not_kept(stage.house);
        }
        // A file is left only where it could not be removed, or where a commit failed so that nobody knows
        // whether it is one.
        EXPECT_TRUE(left == 0 || trouble.for_good || trouble.call.starts_with("unlink") ||
                    trouble.call.ends_with("catalog.db-wal") || trouble.call.ends_with("catalog.db-shm"))
            << left << " files are left";
        if (repair_first) {
            repair(stage.house);
        }
        const Offer again = offer(stage.house, scenario.mail);
        EXPECT_FALSE(again.deferred) << again.why;
        EXPECT_EQ(again.outcome.reply, scenario.answer);
        if (left > 0) {
            repair(stage.house);
        }
        expect_kept_once(stage.house, scenario.mail, scenario.expected);
        expect_no_leftovers(stage.house);
        return left;
    }

    static void try_every(const std::vector<Trouble>& troubles)
    {
        std::atomic<int> left{0};
        try_all(troubles, 4, [&](const Trouble& trouble) {
            if (try_one(trouble, false) > 0) {
                ++left;
                try_one(trouble, true);
            }
        });
        testing::Test::RecordProperty("with_leftovers", left.load());
    }
};

TEST_P(HoldingFault, OnceAtEveryCall)
{
    const std::vector<SeenCall> calls = calls_of_the_mail();
    EXPECT_GT(calls.size(), 20U);
    try_every(every_trouble(calls));
}

TEST_P(HoldingFault, ForGoodFromEveryCall)
{
    try_every(every_trouble(calls_of_the_mail(), true));
}

/// The catalog did not say "done", and then the program is killed: what it finds on record when it starts
/// again has its file.
TEST_P(HoldingFault, AndACrashAfterwards)
{
    std::vector<Trouble> troubles = every_trouble(calls_of_the_mail());
    std::erase_if(troubles, [](const Trouble& trouble) {
        return trouble.call.find("catalog.db") == std::string::npos;
    });
    try_all(troubles, 4, [](const Trouble& trouble) {
        Stage stage(GetParam());
        trouble.begin(stage.disk);
        offer(stage.house, GetParam().mail);
        stage.disk.stop();
        expect_rows_have_files_after_a_crash(stage.house);
    });
}

INSTANTIATE_TEST_SUITE_P(All, HoldingFault, testing::ValuesIn(scenarios()),
                         [](const auto& scenario) { return scenario.param.name; });

} // namespace
} // namespace qm::test
