// Every file call of a notice on its way fails in turn: it is sent once; twice only where nobody could know.
#include "quarantine/postman.h"

#include <map>
#include <mutex>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fault/trial.h"
#include "support/smtp_sink.h"

namespace qm::test {
namespace {

using testing::HasSubstr;

/// A failed write is tried again after a second: many houses wait at once.
constexpr unsigned kAtOnce = 24;

std::string spam_section(std::uint16_t port, const std::string& more = "")
{
    return "[spam]\nregex = ^X-Spam-Flag: YES\naction = DISCARD\nnotification_type = EMAIL\n"
           "smtp_host = 127.0.0.1\nsmtp_port = " +
           std::to_string(port) +
           "\nnotification_email_from = quarantine@example.net\nnotification_email_subject = Held\n"
           "notification_email_template = " +
           std::string(QM_SOURCE_DIR) + "/templates/notice.html\n" + more;
}

TestMail spam()
{
    TestMail mail;
    mail.to = {"<user@example.net>", "<other@example.net>"};
    mail.headers = {{"Subject", " buy"}, {"X-Spam-Flag", " YES"}};
    return mail;
}

/// Two notices are due about one mail; a postman is about to look.
struct Stage {
    explicit Stage(const std::string& more = "")
        : house("spam", spam_section(sink.port(), more)), disk(house.dir.path())
    {
        house.send(spam());
        id = house.held().front().id;
    }

    /// As the postman's threads do.
    void one_round()
    {
        try {
            postman.deliver_due();
        } catch (const BackendError&) {
            // The thread says so in the log and comes back.
        }
    }

    /// Time goes by, claims end, pauses end: until nothing is due.
    void go_on()
    {
        for (int round = 0; round < 5 && house.outbox.state().due > 0; ++round) {
            house.clock.advance(std::chrono::minutes(16));
            postman.deliver_due();
        }
        EXPECT_EQ(house.count("notice WHERE state = 'sent'"), 2);
    }

    std::map<std::string, int> told()
    {
        std::map<std::string, int> copies;
        for (const SinkMessage& message : sink.messages()) {
            ++copies[message.recipients.at(0)];
        }
        return copies;
    }

    SmtpSink sink;
    House house;
    FaultyFolder disk;
    Postman postman{house.settings(), house.catalog, house.outbox, house.clock};
    HeldId id;
};

std::string message_id_of(const SinkMessage& message)
{
    mail::Headers headers;
    mail::parse_headers(message.bytes, headers);
    return std::string(headers.find("Message-ID"));
}

bool is_logged_as_unknown(const std::string& log, const std::string& id, const std::string& recipient)
{
    const std::string notice = "id=" + id + ", to=<" + recipient + ">";
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
        if (line.find(notice) != std::string::npos &&
            line.find("status=notice-unknown") != std::string::npos) {
            return true;
        }
    }
    return false;
}

std::vector<SeenCall> calls_of_a_round(const std::string& more = "")
{
    Stage stage(more);
    stage.disk.watch();
    EXPECT_EQ(stage.postman.deliver_due(), 2U);
    stage.disk.stop();
    return stage.disk.seen();
}

TEST(PostmanFault, ANoticeIsSentOnceWhateverCallFails)
{
    const std::vector<SeenCall> calls = calls_of_a_round();
    EXPECT_GT(calls.size(), 40U);
    try_all(every_trouble(calls), kAtOnce, [](const Trouble& trouble) {
        Stage stage;
        trouble.begin(stage.disk);
        stage.one_round();
        stage.disk.stop();
        EXPECT_TRUE(stage.disk.has_failed()) << "the call was not reached";
        stage.go_on();
        EXPECT_EQ(stage.told(),
                  (std::map<std::string, int>{{"user@example.net", 1}, {"other@example.net", 1}}));
    });
}

TEST(PostmanFault, AMessageLentToItsNoticesIsGivenBack)
{
    const std::string keeps_nothing = "quarantine_type = NONE\n";
    try_all(every_trouble(calls_of_a_round(keeps_nothing)), kAtOnce, [&](const Trouble& trouble) {
        Stage stage(keeps_nothing);
        EXPECT_EQ(stage.house.files().size(), 1U);
        trouble.begin(stage.disk);
        stage.one_round();
        stage.disk.stop();
        stage.go_on();
        EXPECT_EQ(stage.told(),
                  (std::map<std::string, int>{{"user@example.net", 1}, {"other@example.net", 1}}));
        // At the latest at the next start.
        Postman next(stage.house.settings(), stage.house.catalog, stage.house.outbox, stage.house.clock);
        next.start();
        EXPECT_TRUE(next.stop(std::chrono::seconds(10)));
        EXPECT_THAT(stage.house.files(), testing::IsEmpty());
    });
}

TEST(PostmanFault, WhatMayHaveArrivedIsSentAgainAsTheSameMessageAndLogged)
{
    SmtpScript hangs_up;
    hangs_up.fault = SmtpScript::Fault::close_after_message;
    std::vector<SeenCall> calls;
    {
        Stage stage;
        stage.sink.set(hangs_up);
        stage.disk.watch();
        stage.one_round();
        stage.disk.stop();
        calls = stage.disk.seen();
    }
    std::mutex mutex;
    std::map<std::string, std::vector<std::string>> twice; // by id: who
    const std::string log = try_all(every_trouble(calls), kAtOnce, [&](const Trouble& trouble) {
        Stage stage;
        stage.sink.set(hangs_up);
        trouble.begin(stage.disk);
        stage.one_round();
        stage.disk.stop();
        stage.sink.set({});
        stage.go_on();
        std::map<std::string, std::string> names;
        for (const SinkMessage& message : stage.sink.messages()) {
            const auto [first, is_new] = names.try_emplace(message.recipients.at(0), message_id_of(message));
            EXPECT_EQ(first->second, message_id_of(message));
        }
        EXPECT_EQ(names.size(), 2U);
        for (const auto& [recipient, copies] : stage.told()) {
            EXPECT_LE(copies, 2);
            if (copies == 2) {
                const std::lock_guard lock(mutex);
                twice[stage.id.str()].push_back(recipient);
            }
        }
    });
    EXPECT_FALSE(twice.empty());
    for (const auto& [id, recipients] : twice) {
        for (const std::string& recipient : recipients) {
            EXPECT_TRUE(is_logged_as_unknown(log, id, recipient)) << id << " to " << recipient;
        }
    }
}

TEST(PostmanFault, ANoticeTheCatalogCouldNotBeToldOfIsLoggedWhenThePostmanStops)
{
    LoggedText log;
    Stage stage;
    const std::vector<SeenCall> calls = calls_of_a_round();
    // From the write on that would say that the first notice was sent, the disk stays away.
    std::size_t syncs = 0;
    std::size_t number = 0;
    while (number < calls.size() && syncs < 3) { // claim, announce, sent
        syncs += calls.at(number++).call == Call::sync ? 1 : 0;
    }
    ASSERT_EQ(syncs, 3U);
    stage.disk.watch_and_keep_failing(number, Fault::io_error);
    {
        const std::jthread round([&] { stage.one_round(); });
        EXPECT_TRUE(stage.sink.wait_for_messages(1));
        stage.postman.stop(std::chrono::seconds(10));
    }
    stage.disk.stop();
    const std::size_t sent = stage.sink.messages().size();
    stage.house.outbox.release_claims(); // as at a start
    Postman next(stage.house.settings(), stage.house.catalog, stage.house.outbox, stage.house.clock);
    for (int round = 0; round < 3; ++round) {
        next.deliver_due();
        stage.house.clock.advance(std::chrono::minutes(16));
    }
    EXPECT_EQ(stage.house.count("notice WHERE state = 'sent'"), 2);
    const std::size_t doubles = stage.sink.messages().size() - 2;
    EXPECT_LE(doubles, sent);
    const std::string text = log.text();
    std::size_t logged = 0;
    for (auto place = text.find("status=notice-unknown"); place != std::string::npos;
         place = text.find("status=notice-unknown", place + 1)) {
        ++logged;
    }
    EXPECT_GE(logged, doubles) << "a notice went out twice, and nothing says so";
}

} // namespace
} // namespace qm::test
