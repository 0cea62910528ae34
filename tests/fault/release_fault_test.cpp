// Every file call of a release fails in turn: the mail goes out once, and what is on record is true.
#include <gtest/gtest.h>

#include "fault/trial.h"
#include "support/smtp_sink.h"

namespace qm::test {
namespace {

using ReleaseOutcome = ReleaseResult::Outcome;

constexpr const char* kUser = "user@example.net";

/// A mail is held; nothing else has happened in this process since it came in, or it has released before.
struct Stage {
    explicit Stage(bool is_first)
        : house("all", "[all]\nregex = ^Subject:\naction = DISCARD\nsmtp_host = 127.0.0.1\nsmtp_port = " +
                           std::to_string(sink.port())),
          disk(house.dir.path())
    {
        if (!is_first) {
            TestMail other;
            other.body = "other\r\n";
            house.send(other);
            house.desk.release(house.held().front().id, kUser, false);
            before = sink.messages().size();
        }
        house.send({});
        id = house.held().back().id;
    }

    std::size_t sent() { return sink.messages().size() - before; }
    RecipientState state() { return house.desk.load(id)->recipients.at(0).state; }

    SmtpSink sink;
    House house;
    FaultyFolder disk;
    HeldId id;
    std::size_t before = 0;
};

class ReleaseFault : public testing::TestWithParam<bool> {};

TEST_P(ReleaseFault, TheMailGoesOutOnceWhateverCallFails)
{
    std::vector<SeenCall> calls;
    {
        Stage stage(GetParam());
        stage.disk.watch();
        EXPECT_EQ(stage.house.desk.release(stage.id, kUser, false).outcome, ReleaseOutcome::released);
        stage.disk.stop();
        calls = stage.disk.seen();
    }
    EXPECT_GT(calls.size(), 20U);
    try_all(every_trouble(calls), 12, [](const Trouble& trouble) {
        Stage stage(GetParam());
        trouble.begin(stage.disk);
        bool released = false;
        try {
            released = stage.house.desk.release(stage.id, kUser, false).outcome == ReleaseOutcome::released;
        } catch (const BackendError&) {
            released = false;
        }
        stage.disk.stop();
        EXPECT_TRUE(stage.disk.has_failed()) << "the call was not reached";
        EXPECT_EQ(stage.sent(), released ? 1U : 0U);
        EXPECT_EQ(stage.state(), released ? RecipientState::released : RecipientState::held);

        const ReleaseOutcome again = stage.house.desk.release(stage.id, kUser, false).outcome;
        EXPECT_EQ(again, released ? ReleaseOutcome::already_released : ReleaseOutcome::released);
        EXPECT_EQ(stage.sent(), 1U);
        EXPECT_EQ(stage.state(), RecipientState::released);
        EXPECT_TRUE(stage.sink.messages().back().bytes == bytes_of({}));
        EXPECT_EQ(stage.house.desk.release(stage.id, kUser, false).outcome, ReleaseOutcome::already_released);
        EXPECT_EQ(stage.sent(), 1U);
    });
}

INSTANTIATE_TEST_SUITE_P(All, ReleaseFault, testing::Bool(),
                         [](const auto& first) { return first.param ? "First" : "Another"; });

} // namespace
} // namespace qm::test
