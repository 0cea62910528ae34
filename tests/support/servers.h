// Database servers of a test's own: in a temporary folder, on 127.0.0.1, gone with the test even if it
// crashes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/file.h"
#include "support/temp_dir.h"

namespace qm::test {

/// A server with the user qm, password qm, database qm. Needs a temporary folder that other users may enter
/// when the test runs as root: the servers then run as postgres and mysql.
///
/// A process of ours stands between the test and the server: when the test's end of a pipe closes, whatever
/// the reason, it kills the server and everything the server has started, frozen or not.
///
/// Thread-safety: none. start() and stop() belong to the same thread.
/// Errors:        std::runtime_error with the end of the server's log.
class PrivateServer {
  public:
    PrivateServer(const PrivateServer&) = delete;
    PrivateServer& operator=(const PrivateServer&) = delete;
    virtual ~PrivateServer();

    /// Returns when the server answers; always on the same port.
    void start();
    /// Returns when no process of it is left. Nothing happens if it does not run.
    void stop();

    /// Stops every process of the server in its tracks (SIGSTOP): connections stay, nobody answers.
    void freeze();
    void thaw();

    /// "postgresql://qm:qm@127.0.0.1:25432/qm"
    std::string url() const;
    std::uint16_t port() const { return port_; }
    /// "PostgreSQL 15.18"
    const std::string& version() const { return version_; }

  protected:
    using Command = std::vector<std::string>;
    PrivateServer(std::string scheme, std::string user);

    /// Makes the data folder, once.
    virtual void prepare() = 0;
    virtual Command server_command() const = 0;
    virtual int stop_signal() const = 0;
    virtual std::string version_query() const = 0;
    /// "PostgreSQL 15.18" from the answer to that question.
    virtual std::string version_of(const std::string& answer) const = 0;

    /// Runs a command as the server's user until it ends; `input` is a file or "".
    void run(const Command& command, const std::string& input = {}) const;
    const std::string& folder() const { return folder_; }

  private:
    void spawn();
    bool answers();
    std::vector<pid_t> processes() const;
    void signal_all(int signal) const;
    std::string end_of_log() const;

    std::string scheme_;
    std::string user_; ///< "" to stay who we are
    TempDir parent_;
    std::string folder_; ///< belongs to user_
    std::uint16_t port_ = 0;
    std::string version_;
    bool prepared_ = false;
    pid_t keeper_ = -1;
    FileDescriptor lifeline_; ///< our end of the keeper's pipe
};

class PrivatePostgres final : public PrivateServer {
  public:
    PrivatePostgres();
    ~PrivatePostgres() override;

  private:
    void prepare() override;
    Command server_command() const override;
    int stop_signal() const override;
    std::string version_query() const override { return "SHOW server_version"; }
    std::string version_of(const std::string& answer) const override;

    std::string programs_; ///< folder of initdb and postgres
};

class PrivateMariadb final : public PrivateServer {
  public:
    PrivateMariadb();
    ~PrivateMariadb() override;

  private:
    void prepare() override;
    Command server_command() const override;
    int stop_signal() const override;
    std::string version_query() const override { return "SELECT VERSION()"; }
    std::string version_of(const std::string& answer) const override;
};

} // namespace qm::test
