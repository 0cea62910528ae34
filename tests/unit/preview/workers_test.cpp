// A worker that dies, hangs, lies or breaks out costs one preview, and nothing else.
#include "preview/workers.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <cstdlib>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "preview/sentences.h"
#include "quarantine/error.h"

namespace qm::preview {
namespace {

using testing::HasSubstr;

class TextReader final : public MessageReader {
  public:
    explicit TextReader(std::string text) : text_(std::move(text)) {}
    std::size_t read(std::span<char> buffer) override
    {
        const std::size_t count = text_.copy(buffer.data(), buffer.size(), at_);
        at_ += count;
        return count;
    }

  private:
    std::string text_;
    std::size_t at_ = 0;
};

class WorkersTest : public testing::Test {
  protected:
    static Request request()
    {
        return {.task = Task::message, .max_text = 512U * 1024U, .replacement_image = {}};
    }

    Preview ask(const std::string& message, std::uint64_t limit = 1U << 20U)
    {
        TextReader reader(message);
        return workers.ask(request(), reader, limit);
    }

    /// Until its next child has nothing to do but to wait for a message.
    static void wait_until_it_waits(pid_t worker)
    {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (std::chrono::steady_clock::now() < end) {
            const std::string place = "/proc/" + std::to_string(worker) + "/task/" + std::to_string(worker);
            for (const pid_t child : children(place + "/children")) {
                std::ifstream stat("/proc/" + std::to_string(child) + "/syscall");
                std::string call;
                stat >> call;
                if (call == std::to_string(SYS_read)) {
                    return;
                }
            }
            std::this_thread::yield();
        }
        FAIL() << "no child that waits";
    }

    /// Processes of ours.
    static std::vector<pid_t> children(const std::string& of = "/proc/thread-self/children")
    {
        std::vector<pid_t> all;
        std::ifstream list(of);
        for (pid_t child = 0; list >> child;) {
            all.push_back(child);
        }
        return all;
    }

    void expect_harmless(const std::string& deed)
    {
        EXPECT_EQ(ask(deed).html, html_sentence(kUnsafe)) << deed;
        EXPECT_THAT(ask("Subject: x\r\n\r\nfine\r\n").html, HasSubstr("fine")) << "after " << deed;
    }

    Workers workers{
        {.program = QM_MISBEHAVING_WORKER, .most = 2, .deadline = std::chrono::milliseconds(8000)}};
};

TEST_F(WorkersTest, OneIsUsedForManyMessages)
{
    for (int i = 0; i < 20; ++i) {
        EXPECT_THAT(ask("Subject: x\r\n\r\nnumber " + std::to_string(i) + "\r\n").html,
                    HasSubstr("number " + std::to_string(i)));
    }
    EXPECT_EQ(workers.counts().started, 1U);
    EXPECT_EQ(workers.counts().made, 20U);
    EXPECT_EQ(workers.counts().failed, 0U);
}

TEST_F(WorkersTest, ACrashCostsOnePreview)
{
    for (const char* const deed : {"crash", "abort", "exit"}) {
        expect_harmless(deed);
    }
    EXPECT_EQ(workers.counts().failed, 3U);
}

TEST_F(WorkersTest, ALieIsNotBelieved)
{
    for (const char* const deed : {"lie", "path", "flood"}) {
        expect_harmless(deed);
    }
    const Preview line = ask("line");
    EXPECT_EQ(line.subject.find_first_of("\r\n"), std::string::npos);
    EXPECT_EQ(line.from.find('\x1B'), std::string::npos);
    EXPECT_EQ(line.charset.find('\n'), std::string::npos);
    EXPECT_EQ(line.text, "\uFFFD\uFFFD");
    ASSERT_EQ(line.attachments.size(), 1U);
    EXPECT_EQ(line.attachments[0].name.find_first_of("\r\n"), std::string::npos);
    EXPECT_EQ(line.attachments[0].type.find('\n'), std::string::npos);
}

TEST_F(WorkersTest, OneThatTakesItsTimeIsEnded)
{
    expect_harmless("spin");
}

TEST_F(WorkersTest, TheDeadlineIsOursAndNotTheWorkers)
{
    for (const char* const deed : {"wait", "trickle"}) {
        Workers impatient(
            {.program = QM_MISBEHAVING_WORKER, .most = 1, .deadline = std::chrono::milliseconds(400)});
        TextReader reader(deed);
        EXPECT_EQ(impatient.ask(request(), reader, 1000).html, html_sentence(kUnsafe)) << deed;
    }
}

TEST_F(WorkersTest, NoMessageMeetsWhatAnotherHasLeftBehind)
{
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(ask("how often").html, "1");
    }
    EXPECT_EQ(workers.counts().started, 1U);
    // What one writes behind its answer is not taken for the answer to the next.
    EXPECT_EQ(ask("babble").html, html_sentence(kUnsafe));
    EXPECT_EQ(ask("how often").html, "1");
}

TEST_F(WorkersTest, OneThatDiedWhileIdleIsReplaced)
{
    EXPECT_EQ(ask("how often").html, "1");
    for (const pid_t child : children()) {
        wait_until_it_waits(child);
        kill(child, SIGKILL);
        siginfo_t ended{};
        waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
    }
    EXPECT_EQ(ask("how often").html, "1");
    EXPECT_EQ(workers.counts().started, 2U);
    EXPECT_EQ(workers.counts().failed, 0U);
}

#ifndef QM_SANITIZED
TEST_F(WorkersTest, NothingOfOursIsLeftInReach)
{
    setenv("A_SECRET", "x", 1);
    EXPECT_EQ(ask("surroundings").html, "0 -1 -1 -1 -1") << "variables, and what could be written to";
}
#endif

TEST_F(WorkersTest, AWorkerOfRootIsNobody)
{
    if (geteuid() != 0) {
        return; // it is whoever we are
    }
    ask("how often");
    std::size_t seen = 0;
    for (const pid_t worker : children()) {
        wait_until_it_waits(worker);
        const std::string place = "/proc/" + std::to_string(worker);
        std::vector<pid_t> all = children(place + "/task/" + std::to_string(worker) + "/children");
        all.push_back(worker);
        for (const pid_t one : all) {
            std::ifstream status("/proc/" + std::to_string(one) + "/status");
            for (std::string line; std::getline(status, line);) {
                if (line.starts_with("Uid:") || line.starts_with("Gid:")) {
                    EXPECT_EQ(line.substr(4), "\t65534\t65534\t65534\t65534");
                    ++seen;
                }
                EXPECT_TRUE(!line.starts_with("Groups:") || line == "Groups:\t ") << line;
            }
        }
    }
    EXPECT_EQ(seen, 4U);
}

TEST_F(WorkersTest, AnUnknownCharsetLoadsNothing)
{
    EXPECT_THAT(ask("Content-Type: application/pdf; name*=ebcdic-us''%C1\r\n\r\nx").text,
                HasSubstr("only attachments"));
    EXPECT_EQ(workers.counts().failed, 0U);
}

TEST_F(WorkersTest, WithUsTheyEnd)
{
    std::vector<pid_t> before;
    {
        Workers some({.program = QM_MISBEHAVING_WORKER, .most = 1});
        TextReader reader("how often");
        some.ask(request(), reader, 1000);
        before = children();
        EXPECT_EQ(before.size(), 1U);
    }
    EXPECT_TRUE(children().empty());
}

#ifndef QM_SANITIZED // whose runtime needs memory and system calls of its own
TEST_F(WorkersTest, NothingGetsThroughTheWalls)
{
    for (const char* const deed :
         {"eat", "recurse", "sleep", "socket", "unix", "exec", "fork", "thread", "kill", "trace", "code"}) {
        expect_harmless(deed);
    }
    EXPECT_EQ(ask("open").html, "-1");
    EXPECT_EQ(ask("write").html, "-1");
    EXPECT_FALSE(std::filesystem::exists("/tmp/qm-preview-was-here"));
}
#endif

TEST_F(WorkersTest, AMessageThatCannotBeReadIsNotTheWorkersFault)
{
    class Failing final : public MessageReader {
      public:
        std::size_t read(std::span<char> /*buffer*/) override
        {
            throw BackendError("store x: Input/output error");
        }
    } failing;
    EXPECT_THROW(
        workers.ask({.task = Task::message, .max_text = 1000, .replacement_image = {}}, failing, 1000),
        BackendError);
    EXPECT_THAT(ask("Subject: x\r\n\r\nfine\r\n").html, HasSubstr("fine"));
    EXPECT_EQ(workers.counts().started, 1U);
    EXPECT_EQ(workers.counts().failed, 0U);
}

TEST_F(WorkersTest, AFewWorkAtATimeAndTheOthersWait)
{
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int mail = 0; mail < 10; ++mail) {
                EXPECT_THAT(ask("Subject: x\r\n\r\nfine\r\n").html, HasSubstr("fine"));
            }
        });
    }
    threads.clear();
    EXPECT_LE(workers.counts().started, 2U);
    EXPECT_EQ(workers.counts().made, 80U);
}

TEST(Workers, AProgramThatIsNotThereIsNotTheMessagesFault)
{
    Workers none({.program = "/nowhere/quarantine-preview", .most = 1, .deadline = std::chrono::seconds(5)});
    TextReader reader("x");
    const Preview later =
        none.ask({.task = Task::message, .max_text = 1000, .replacement_image = {}}, reader, 1000);
    EXPECT_EQ(later.html, html_sentence(kLater));
    EXPECT_THAT(later.trouble, HasSubstr("/nowhere/quarantine-preview"));
    EXPECT_EQ(none.counts().failed, 0U);
}

} // namespace
} // namespace qm::preview
