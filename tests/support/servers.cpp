#include "support/servers.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "quarantine/error.h"
#include "sql/connection.h"
#include "support/keeper.h"

namespace qm::test {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kStartTime{90};
constexpr std::chrono::seconds kStopTime{20};
constexpr int kPorts = 5; ///< another test may take the free port before the server does

std::uint16_t free_port()
{
    const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket.get(), generic, length) != 0 || ::getsockname(socket.get(), generic, &length) != 0) {
        throw std::runtime_error("no free port");
    }
    return ntohs(address.sin_port);
}

/// The user and group that root becomes for a server.
ChildSettings settings_for(const std::string& user, std::vector<std::string> command, std::string log)
{
    ChildSettings settings;
    settings.command = std::move(command);
    settings.log = std::move(log);
    if (!user.empty()) {
        const passwd* const entry = ::getpwnam(user.c_str()); // NOLINT(concurrency-mt-unsafe): one thread
        if (entry == nullptr) {
            throw std::runtime_error("no user " + user);
        }
        settings.user = entry->pw_uid;
        settings.group = entry->pw_gid;
    }
    return settings;
}

/// Waits until the process has ended or the time is over; true if it has.
bool ends_within(pid_t process, std::chrono::milliseconds time)
{
    const FileDescriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
    pollfd wait{handle.get(), POLLIN, 0};
    return ::poll(&wait, 1, static_cast<int>(time.count())) > 0;
}

/// True when every thread of the process is stopped or gone.
bool stands_still(pid_t process)
{
    std::error_code gone;
    for (const auto& thread :
         std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", gone)) {
        std::ifstream file(thread.path() / "stat");
        std::string stat;
        std::getline(file, stat);
        // "number (name) state ...": the name may hold anything.
        const std::size_t behind_name = stat.rfind(')');
        const char state = behind_name + 2 < stat.size() ? stat[behind_name + 2] : 'X';
        if (std::string_view("TtZX").find(state) == std::string_view::npos) {
            return false;
        }
    }
    return true;
}

/// For whoever wants to know afterwards which servers a run of the tests has met.
void note_version(const std::string& version)
{
    const char* const file = std::getenv("QM_SERVERS_SEEN"); // NOLINT(concurrency-mt-unsafe): nobody sets it
    if (file != nullptr && *file != '\0') {
        std::ofstream(file, std::ios::app) << version + "\n";
    }
}

} // namespace

PrivateServer::PrivateServer(std::string scheme, std::string user)
    : scheme_(std::move(scheme)), user_(::geteuid() == 0 ? std::move(user) : std::string()),
      folder_(parent_ / "server")
{
    std::filesystem::create_directory(folder_);
    ::chmod(parent_.path().c_str(), 0755);
    if (!user_.empty()) {
        const ChildSettings owner = settings_for(user_, {}, {});
        if (::chown(folder_.c_str(), owner.user, owner.group) != 0) {
            throw std::runtime_error("chown " + folder_);
        }
    }
}

PrivateServer::~PrivateServer()
{
    // The classes that know how to stop politely have done so in their destructors.
    lifeline_.close();
    if (keeper_ > 0) {
        ::waitpid(keeper_, nullptr, 0);
    }
}

void PrivateServer::run(const Command& command, const std::string& input) const
{
    ChildSettings settings = settings_for(user_, command, parent_ / "log");
    if (!input.empty()) {
        settings.input = input;
    }
    if (const int status = run_and_wait(settings); status != 0) {
        throw std::runtime_error(command.front() + " ends with " + std::to_string(status) + ": " +
                                 end_of_log());
    }
}

void PrivateServer::spawn()
{
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        throw std::runtime_error("pipe");
    }
    const FileDescriptor theirs(ends[0]);
    lifeline_ = FileDescriptor(ends[1]);
    keeper_ = start_kept(settings_for(user_, server_command(), parent_ / "log"), theirs.get());
}

/// True when the server answers a question, false when it has ended. Errors: std::runtime_error when the time
/// is over.
bool PrivateServer::answers()
{
    const Clock::time_point deadline = Clock::now() + kStartTime;
    sql::ConnectOptions options;
    options.connect_timeout = std::chrono::seconds(10);
    while (!ends_within(keeper_, std::chrono::milliseconds(20))) {
        try {
            sql::Connection connection(sql::parse_target(url(), "/"), options);
            version_ =
                version_of(sql::text_of(connection.query(version_query(), {sql::Kind::text}).at(0).at(0)));
            // Another server may have taken the port first, and ours is about to find out.
            return !ends_within(keeper_, std::chrono::milliseconds(0));
        } catch (const BackendError& error) {
            if (Clock::now() >= deadline) {
                throw std::runtime_error(std::string(error.what()) + "; " + end_of_log());
            }
        }
    }
    ::waitpid(keeper_, nullptr, 0);
    keeper_ = -1;
    return false;
}

void PrivateServer::start()
{
    if (keeper_ > 0) {
        return;
    }
    const bool first = !prepared_;
    if (first) {
        prepare();
        prepared_ = true;
    }
    for (int attempt = 0; attempt < kPorts; ++attempt) {
        if (first) {
            port_ = free_port();
        }
        spawn();
        if (answers()) {
            if (first) {
                note_version(version_);
            }
            return;
        }
    }
    throw std::runtime_error("the server does not start: " + end_of_log());
}

void PrivateServer::stop()
{
    if (keeper_ <= 0) {
        return;
    }
    thaw();
    for (const pid_t server : children_of(keeper_)) {
        ::kill(server, stop_signal());
    }
    if (!ends_within(keeper_, kStopTime)) {
        lifeline_.close();
    }
    ::waitpid(keeper_, nullptr, 0);
    keeper_ = -1;
    lifeline_.close();
}

/// The server and everything below it.
std::vector<pid_t> PrivateServer::processes() const
{
    std::vector<pid_t> all = children_of(keeper_);
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::vector<pid_t> children = children_of(all[i]);
        all.insert(all.end(), children.begin(), children.end());
    }
    return all;
}

void PrivateServer::signal_all(int signal) const
{
    if (keeper_ > 0) {
        for (const pid_t process : processes()) {
            ::kill(process, signal);
        }
    }
}

void PrivateServer::freeze()
{
    signal_all(SIGSTOP);
    // The signal is on its way; a thread that still runs might answer one more question.
    const Clock::time_point deadline = Clock::now() + kStopTime;
    for (const pid_t process : processes()) {
        while (!stands_still(process)) {
            if (Clock::now() >= deadline) {
                throw std::runtime_error("the server does not stand still");
            }
            std::this_thread::yield();
        }
    }
}

void PrivateServer::thaw()
{
    signal_all(SIGCONT);
}

std::string PrivateServer::url() const
{
    return scheme_ + "://qm:qm@127.0.0.1:" + std::to_string(port_) + "/qm";
}

std::string PrivateServer::end_of_log() const
{
    std::ifstream file(parent_ / "log");
    std::stringstream text;
    text << file.rdbuf();
    const std::string log = text.str();
    return log.substr(log.size() - std::min<std::size_t>(log.size(), 2000));
}

PrivatePostgres::PrivatePostgres() : PrivateServer("postgresql", "postgres")
{
    // Debian keeps each version's programs in a folder of its own; the newest is taken.
    int newest = 0;
    std::error_code missing;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", missing)) {
        const int number = std::atoi(entry.path().filename().c_str()); // NOLINT(cert-err34-c): 0 is fine
        if (number > newest && std::filesystem::exists(entry.path() / "bin/initdb")) {
            newest = number;
            programs_ = (entry.path() / "bin/").string();
        }
    }
    if (programs_.empty()) {
        throw std::runtime_error("PostgreSQL's server is not installed");
    }
}

PrivatePostgres::~PrivatePostgres()
{
    stop();
}

void PrivatePostgres::prepare()
{
    const std::string data = folder() + "/data";
    const std::string statements = folder() + "/statements.sql";
    std::ofstream(statements) << "the administrator's password\n";
    run({programs_ + "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256", "--pwfile=" + statements,
         // In Czech "ch" stands behind "h": who relies on the order of bytes must say so.
         "-E", "UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=cs", "--no-sync"});
    std::ofstream(statements) << "create role qm login password 'qm'\ncreate database qm owner qm\n";
    run({programs_ + "postgres", "--single", "-D", data, "postgres"}, statements);
}

PrivateServer::Command PrivatePostgres::server_command() const
{
    return {programs_ + "postgres",
            "-D",
            folder() + "/data",
            "-p",
            std::to_string(port()),
            "-h",
            "127.0.0.1",
            "-k",
            folder(),
            "-c",
            "fsync=off",
            "-c",
            "shared_buffers=16MB",
            "-c",
            "max_connections=50"};
}

int PrivatePostgres::stop_signal() const
{
    return SIGINT;
}

std::string PrivatePostgres::version_of(const std::string& answer) const
{
    return "PostgreSQL " + answer.substr(0, answer.find(' '));
}

PrivateMariadb::PrivateMariadb() : PrivateServer("mysql", "mysql") {}

PrivateMariadb::~PrivateMariadb()
{
    stop();
}

void PrivateMariadb::prepare()
{
    run({"/usr/bin/mariadb-install-db", "--no-defaults", "--datadir=" + folder() + "/data", "--basedir=/usr",
         "--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-flush-log-at-trx-commit=0"});
    // Read by the server at each start.
    std::ofstream(folder() + "/statements.sql")
        << "create database if not exists qm character set utf8mb4;\n"
           "create user if not exists qm@'%' identified by 'qm';\n"
           "create user if not exists qm@localhost identified by 'qm';\n"
           "grant all on qm.* to qm@'%';\n"
           "grant all on qm.* to qm@localhost;\n";
}

PrivateServer::Command PrivateMariadb::server_command() const
{
    return {"/usr/sbin/mariadbd",
            "--no-defaults",
            "--datadir=" + folder() + "/data",
            "--init-file=" + folder() + "/statements.sql",
            "--socket=" + folder() + "/my.sock",
            "--pid-file=" + folder() + "/my.pid",
            "--bind-address=127.0.0.1",
            "--port=" + std::to_string(port()),
            "--skip-name-resolve",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=32M",
            "--performance-schema=OFF"};
}

int PrivateMariadb::stop_signal() const
{
    return SIGTERM;
}

std::string PrivateMariadb::version_of(const std::string& answer) const
{
    return "MariaDB " + answer.substr(0, answer.find('-'));
}

} // namespace qm::test
