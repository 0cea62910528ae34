// A server that takes the connection and then says nothing, for ever.
#include <gtest/gtest.h>

#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "quarantine/error.h"
#include "sql/connection.h"
#include "sql/watchdog.h"

namespace qm::sql {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

/// Listens on a free port; the kernel completes the connections, nobody ever reads them.
class SilentServer {
  public:
    SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(socket_.get(), generic, length), 0);
        EXPECT_EQ(::listen(socket_.get(), 16), 0);
        EXPECT_EQ(::getsockname(socket_.get(), generic, &length), 0);
        port_ = ntohs(address.sin_port);
    }
    std::uint16_t port() const { return port_; }

  private:
    FileDescriptor socket_;
    std::uint16_t port_ = 0;
};

class SilentServerTest : public testing::TestWithParam<Engine> {
  protected:
    SilentServerTest()
    {
        target_.engine = GetParam();
        target_.host = "127.0.0.1";
        target_.port = server_.port();
        target_.user = "qm";
        target_.password = "secret";
        target_.database = "qm";
        options_.connect_timeout = seconds(2);
    }
    SilentServer server_;
    Target target_;
    ConnectOptions options_;
};

TEST_P(SilentServerTest, ConnectingEndsInTime)
{
    const auto begin = Clock::now();
    try {
        const Connection connection(target_, options_);
        ADD_FAILURE() << "connected";
    } catch (const BackendError& error) {
        EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
    }
    EXPECT_LT(Clock::now() - begin, milliseconds(3500));
}

TEST_P(SilentServerTest, AskerOfAPoolWaitsNoLongerThanItsPatience)
{
    Pool pool(target_, options_, 2);
    const auto begin = Clock::now();
    EXPECT_THROW(pool.lease(milliseconds(300)), BackendError);
    EXPECT_LT(Clock::now() - begin, milliseconds(1300));
}

TEST_P(SilentServerTest, OnlyTheFirstAskersWait)
{
    Pool pool(target_, options_, 2);
    EXPECT_THROW(pool.lease(seconds(10)), BackendError);
    const auto begin = Clock::now();
    for (int i = 0; i < 100; ++i) {
        EXPECT_THROW(pool.lease(seconds(10)), BackendError);
    }
    EXPECT_LT(Clock::now() - begin, milliseconds(1500)) << "the pool's own thread tries it, nobody else";
}

INSTANTIATE_TEST_SUITE_P(Engines, SilentServerTest, testing::Values(Engine::postgresql, Engine::mysql),
                         [](const auto& engine) {
                             return engine.param == Engine::mysql ? "Mysql" : "Postgresql";
                         });

/// Two connected sockets.
struct Pair {
    Pair()
    {
        int ends[2] = {-1, -1};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        ours = FileDescriptor(ends[0]);
        theirs = FileDescriptor(ends[1]);
    }
    FileDescriptor ours, theirs;
};

TEST(Watchdog, ReadThatTakesTooLongEnds)
{
    const Pair pair;
    const auto begin = Clock::now();
    const Watchdog::Watch watch(pair.ours.get(), begin + milliseconds(100));
    char byte = 0;
    EXPECT_EQ(::read(pair.ours.get(), &byte, 1), 0);
    EXPECT_GE(Clock::now() - begin, milliseconds(90));
    EXPECT_TRUE(watch.fired());
}

TEST(Watchdog, EarlierDeadlineThatComesLaterIsKept)
{
    const Pair slow;
    const Pair fast;
    const Watchdog::Watch patient(slow.ours.get(), Clock::now() + seconds(60));
    const Watchdog::Watch hasty(fast.ours.get(), Clock::now() + milliseconds(50));
    char byte = 0;
    const auto begin = Clock::now();
    EXPECT_EQ(::read(fast.ours.get(), &byte, 1), 0);
    EXPECT_LT(Clock::now() - begin, seconds(10));
    EXPECT_FALSE(patient.fired());
}

TEST(Watchdog, EndedWatchTouchesNothing)
{
    const Pair pair;
    {
        const Watchdog::Watch watch(pair.ours.get(), Clock::now() + milliseconds(20));
    }
    const Pair other;
    const Watchdog::Watch later(other.ours.get(), Clock::now() + milliseconds(60));
    char byte = 0;
    EXPECT_EQ(::read(other.ours.get(), &byte, 1), 0); // by now the first deadline has passed, too
    EXPECT_EQ(::write(pair.theirs.get(), "x", 1), 1);
    EXPECT_EQ(::read(pair.ours.get(), &byte, 1), 1);
}

TEST(Watchdog, ManyThreadsMayWatchAtOnce)
{
    std::vector<std::jthread> threads;
    threads.reserve(8);
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([] {
            const Pair pair;
            for (int i = 0; i < 2000; ++i) {
                const Watchdog::Watch watch(pair.ours.get(), Clock::now() + seconds(30 - i % 20));
                EXPECT_FALSE(watch.fired());
            }
        });
    }
}

} // namespace
} // namespace qm::sql
