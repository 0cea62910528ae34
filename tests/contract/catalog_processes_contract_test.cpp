// What the catalog promises to several processes, for every database it runs on.
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "base/file.h"
#include "catalog/process_lock.h"
#include "contract/catalog_fixture.h"

namespace qm::catalog {
namespace {

using testing::IsEmpty;

const std::string kTo = "user@example.net";

/// catalog_process.cpp, running.
class OtherProcess {
  public:
    explicit OtherProcess(std::vector<std::string> words)
    {
        words.insert(words.begin(), QM_CATALOG_PROCESS);
        std::vector<char*> arguments;
        for (std::string& word : words) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        auto [its_input, our_output] = pipe();
        auto [our_input, its_output] = pipe();
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, its_input.get(), STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, its_output.get(), STDOUT_FILENO);
        const int problem =
            posix_spawn(&process_, arguments[0], &actions, nullptr, arguments.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        if (problem != 0) {
            throw std::runtime_error("catalog_process: " + error_text(problem));
        }
        input_ = std::move(our_input);
        output_ = std::move(our_output);
    }
    OtherProcess(const OtherProcess&) = delete;
    OtherProcess& operator=(const OtherProcess&) = delete;
    ~OtherProcess() { end(SIGKILL); }

    /// The number it says. -1: it ended without a word.
    int said()
    {
        std::string text;
        for (char c = 0; read(input_.get(), &c, 1) == 1 && c != '\n';) {
            text += c;
        }
        return text.empty() ? -1 : std::stoi(text);
    }

    void end(int signal)
    {
        if (process_ > 0) {
            kill(process_, signal);
            waitpid(process_, nullptr, 0);
            process_ = -1;
        }
    }

    /// By itself, at the end of its input.
    void end_by_itself()
    {
        output_.close();
        waitpid(process_, nullptr, 0);
        process_ = -1;
    }

  private:
    static std::pair<FileDescriptor, FileDescriptor> pipe()
    {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            throw std::runtime_error("pipe2: " + error_text(errno));
        }
        return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
    }

    pid_t process_ = -1;
    FileDescriptor input_, output_;
};

class CatalogProcesses : public CatalogTest {
  protected:
    std::vector<HeldId> hold_some(std::size_t count)
    {
        std::vector<HeldId> ids;
        for (std::size_t i = 0; i < count; ++i) {
            ids.push_back(hold(other_mail({kTo})));
        }
        return ids;
    }

    std::vector<std::string> begin_words(const std::vector<HeldId>& ids) const
    {
        std::vector<std::string> words{"begin", url(), kTo};
        for (const HeldId& id : ids) {
            words.push_back(id.str());
        }
        return words;
    }

    Beginning begin(const HeldId& id, bool again = false)
    {
        return releases.begin(id, kTo, again, {"digest"}, clock.now() + std::chrono::hours(1));
    }

    /// A server notices the end of a session a moment later.
    std::vector<LeftRelease> wait_for_left()
    {
        std::vector<LeftRelease> left;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (left.empty() && std::chrono::steady_clock::now() < deadline) {
            left = releases.resolve_left();
        }
        return left;
    }
};

} // namespace

TEST_P(CatalogProcesses, TheReleasesOfAKilledProcessAreFoundAndNobodyElses)
{
    const std::vector<HeldId> ids = hold_some(3);
    ASSERT_TRUE(begin(ids[2]).release);
    OtherProcess alive(begin_words({ids[0]}));
    OtherProcess killed(begin_words({ids[1]}));
    ASSERT_EQ(alive.said(), 1);
    ASSERT_EQ(killed.said(), 1);
    EXPECT_THAT(releases.resolve_left(), IsEmpty()) << "all of them live";
    EXPECT_EQ(begin(ids[1], true).why_not, NotBegun::under_way);

    killed.end(SIGKILL);
    const auto left = wait_for_left();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].message, ids[1]);
    EXPECT_EQ(recipient(ids[1]).state, RecipientState::failed);
    EXPECT_TRUE(recipient(ids[1]).outcome_unknown);
    EXPECT_EQ(recipient(ids[0]).state, RecipientState::releasing);
    EXPECT_EQ(recipient(ids[2]).state, RecipientState::releasing);
    EXPECT_EQ(begin(ids[1]).why_not, NotBegun::outcome_unknown);
    EXPECT_TRUE(begin(ids[1], true).release);

    alive.end_by_itself();
    const auto left_later = wait_for_left();
    ASSERT_EQ(left_later.size(), 1U);
    EXPECT_EQ(left_later[0].message, ids[0]) << "who ends without settling is dead too";
}

TEST_P(CatalogProcesses, ALockThatSomebodyKeepsIsNotWaitedForByOneMailAfterTheOther)
{
    if (GetParam() == sql::Engine::sqlite) {
        return; // one lock for everything: the first wait is the only one
    }
    constexpr int kMails = 8;
    std::vector<HeldMail> mails;
    for (int i = 0; i < kMails; ++i) {
        mails.push_back(other_mail({kTo}));
    }
    sql::Connection administrator(sql::parse_target(url(), "/"), {});
    const auto began = std::chrono::steady_clock::now();
    std::atomic<int> failed{0};
    {
        sql::Transaction index(administrator);
        administrator.execute("LOCK TABLE held_message IN EXCLUSIVE MODE"); // reading goes on
        std::vector<std::jthread> threads;
        for (const HeldMail& mail : mails) {
            threads.emplace_back([&] {
                try {
                    record(mail);
                } catch (const BackendError&) {
                    ++failed;
                }
            });
        }
        threads.clear();
    }
    EXPECT_EQ(failed.load(), kMails);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(18)) << "3.6 s for each of them";
    for (const HeldMail& mail : mails) {
        EXPECT_FALSE(record(mail).known);
    }
}

TEST_P(CatalogProcesses, OfTwoProcessesOneBeginsEachRelease)
{
    const std::vector<HeldId> ids = hold_some(40);
    OtherProcess other(begin_words(ids));
    int begun = 0;
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
        const Beginning beginning = begin(*id);
        begun += beginning.release ? 1 : 0;
        if (!beginning.release) {
            EXPECT_EQ(beginning.why_not, NotBegun::under_way);
        }
    }
    EXPECT_EQ(begun + other.said(), 40);
}

TEST_P(CatalogProcesses, TwoWritersUnderLoadWaitForEachOther)
{
    constexpr int kLoad = 600;
    const std::vector<HeldId> ids = hold_some(60);
    OtherProcess daemon({"record", url(), std::to_string(kLoad)});
    OtherProcess second({"record", url(), std::to_string(kLoad)});
    for (const HeldId& id : ids) {
        const Beginning beginning = begin(id);
        ASSERT_TRUE(beginning.release);
        releases.settle(*beginning.release, {.outcome = DeliveryOutcome::delivered, .reply = {}}, {"digest"},
                        clock.now());
    }
    retention.forget(retention.close({{.id = ids[0]}, {.id = ids[1]}}));
    EXPECT_EQ(daemon.said(), 0) << "messages that could not be held";
    EXPECT_EQ(second.said(), 0);
    EXPECT_EQ(count("held_message"), 2 * kLoad + 58);
}

TEST_P(CatalogProcesses, ATurnIsOneProcessesAndEndsWithIt)
{
    OtherProcess other({"turn", url()});
    ASSERT_EQ(other.said(), 1);
    EXPECT_FALSE(take_turn(catalog, Turn::expire));
    {
        const auto stores = take_turn(catalog, Turn::stores);
        ASSERT_TRUE(stores) << "another job";
        EXPECT_TRUE(stores->is_held());
        EXPECT_FALSE(take_turn(catalog, Turn::stores)) << "we have it already";
    }
    EXPECT_TRUE(take_turn(catalog, Turn::stores)) << "given back";
    other.end(SIGKILL);
    std::optional<ProcessLock> turn;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!turn && std::chrono::steady_clock::now() < deadline) {
        turn = take_turn(catalog, Turn::expire);
    }
    EXPECT_TRUE(turn);
}

INSTANTIATE_TEST_SUITE_P(Engines, CatalogProcesses, catalog_engines(), test::DatabaseTest::engine_name);

} // namespace qm::catalog
