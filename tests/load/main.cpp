// milter_load: offers mail to a milter as Postfix does and checks every answer. See README.md.
#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <iostream>
#include <mutex>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/guarded.h"
#include "load/report.h"

namespace qm::load {
namespace {

struct Options {
    Plan plan;
    std::string milter;
    std::string journal;
    std::string html;
    std::string recipients = "1", body = "4K";
    double duration = 0, warmup = 0, sample_every = 1;
    unsigned retry_after = 200, patience = 60;
    pid_t pid = 0;
    bool json = false;
};

std::uint64_t count_of(const std::string& text)
{
    std::size_t end = 0;
    const std::uint64_t number = std::stoull(text, &end);
    const std::string unit = text.substr(end);
    if (unit.empty()) {
        return number;
    }
    if (unit == "K" || unit == "k") {
        return number << 10U;
    }
    if (unit == "M" || unit == "m") {
        return number << 20U;
    }
    throw std::invalid_argument("'" + text + "' is no number");
}

/// "3", "1-5", "2K-1M"
Range range_of(const std::string& text)
{
    const std::size_t dash = text.find('-');
    const Range range{.least = count_of(text.substr(0, dash)),
                      .most = count_of(dash == std::string::npos ? text : text.substr(dash + 1))};
    if (range.least == 0 || range.least > range.most) {
        throw std::invalid_argument("'" + text + "' is no range");
    }
    return range;
}

/// A text file with CRLF line ends.
std::string lines_of(const std::string& path)
{
    std::ifstream file(path, std::ios::binary);
    std::string text;
    for (std::string line; std::getline(file, line);) {
        text += line + "\r\n";
    }
    if (text.empty()) {
        throw std::invalid_argument("--html " + path + ": nothing to read");
    }
    return text;
}

/// A word of this run: no other run on this machine has it.
std::string new_run()
{
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    const auto micros =
        static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000;
    return fmt::format("{:04X}{:X}", (micros ^ static_cast<std::uint64_t>(getpid()) << 4U) & 0xFFFFU, micros);
}

void declare(CLI::App& app, Options& options)
{
    Plan& plan = options.plan;
    Mix& mix = plan.mix;
    app.add_option("milter", options.milter, "unix:/path, inet:port@address or inet6:port@address")
        ->required();
    app.add_option("--clean", mix.clean, "Share of mails that nobody is held of")->capture_default_str();
    app.add_option("--held", mix.held, "Share of mails of which everybody is held")->capture_default_str();
    app.add_option("--mixed", mix.mixed, "Share of mails that only --friend gets")->capture_default_str();
    app.add_option("--broken", mix.broken_off,
                   "Of a hundred mails, those whose client goes away in the middle")
        ->capture_default_str();
    app.add_option("--cut", mix.cut,
                   "Of a hundred mails, those whose connection is cut while the answer to their end is made")
        ->capture_default_str();
    app.add_option("--recipients", options.recipients, "Of a mail: a number or 1-5")->capture_default_str();
    app.add_option("--body", options.body, "Bytes: a size or 2K-1M")->capture_default_str();
    app.add_option("--html", options.html, "File that is the body of every mail, instead of lines of text");
    app.add_option("--headers", mix.more_headers, "Header lines besides the nine that every mail has")
        ->capture_default_str();
    app.add_option("--flag", mix.flag, "Header line that has a mail held")->capture_default_str();
    app.add_option("--friend", mix.friend_of, "The recipient of a mixed mail who is not held")
        ->capture_default_str();
    app.add_option("--connections", plan.connections, "Open at a time")->capture_default_str();
    app.add_option("--per-connection", plan.per_connection, "Mails on each")->capture_default_str();
    app.add_option("--idle", plan.idle, "Connections more, open and silent")->capture_default_str();
    app.add_option("--threads", plan.threads, "Of this program")->capture_default_str();
    app.add_option("--messages", plan.messages, "Ends after so many mails");
    app.add_option("--duration", options.duration, "Ends after so many seconds");
    app.add_option("--warmup", options.warmup,
                   "Seconds at the beginning of which rate and latencies do not count");
    app.add_option("--rate", plan.rate, "Mails a second; without it, as fast as answers come");
    app.add_option("--burst", plan.burst, "With --rate: so many of each thread at the same moment")
        ->capture_default_str();
    app.add_flag("--retry", plan.retry, "Offer a mail again after a 451 or a lost connection");
    app.add_option("--retry-after", options.retry_after, "Milliseconds until then")->capture_default_str();
    app.add_option("--patience", options.patience,
                   "Seconds to wait for an answer, or for a milter that listens")
        ->capture_default_str();
    app.add_option("--pid", options.pid,
                   "The milter's process, to watch its CPU time, memory, threads and files");
    app.add_option("--sample-every", options.sample_every, "Seconds between two looks at it")
        ->capture_default_str();
    app.add_option("--journal", options.journal, "File that what becomes of each mail is appended to");
    app.add_flag("--json", options.json, "Print JSON instead of a table");
}

void complete(Options& options)
{
    Plan& plan = options.plan;
    plan.mix.run = new_run();
    plan.mix.recipients = range_of(options.recipients);
    plan.mix.body = range_of(options.body);
    plan.mix.content = options.html.empty() ? std::string() : lines_of(options.html);
    plan.duration = std::chrono::duration<double>(options.duration);
    plan.warmup = std::chrono::duration<double>(options.warmup);
    plan.retry_after = std::chrono::milliseconds(options.retry_after);
    plan.patience = std::chrono::seconds(options.patience);
    if (plan.messages == 0 && options.duration <= 0) {
        throw std::invalid_argument("--messages or --duration says when to end");
    }
    if (plan.threads == 0 || plan.threads > plan.connections) {
        throw std::invalid_argument("every thread needs a connection");
    }
    if (plan.mix.clean + plan.mix.held + plan.mix.mixed == 0 || plan.per_connection == 0 || plan.burst == 0) {
        throw std::invalid_argument("nothing to offer");
    }
    if (plan.mix.flag.find(": ") == std::string::npos) {
        throw std::invalid_argument("--flag wants 'Name: value'");
    }
}

void raise_descriptor_limit()
{
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

double own_cpu_seconds()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double seconds_since(Clock::time_point then)
{
    return std::chrono::duration<double>(Clock::now() - then).count();
}

/// The workers of a run and their end.
class Crew {
  public:
    explicit Crew(Shared& shared)
    {
        const Plan& plan = shared.plan;
        for (unsigned i = 0; i < plan.threads; ++i) {
            const auto part_of = [&](unsigned all) {
                return all / plan.threads + (i < all % plan.threads ? 1 : 0);
            };
            workers_.push_back(
                std::make_unique<Worker>(shared, part_of(plan.connections), part_of(plan.idle)));
        }
        at_work_ = plan.threads;
        for (const auto& worker : workers_) {
            threads_.emplace_back([this, &worker = *worker] {
                try {
                    worker.run();
                } catch (const std::exception& error) {
                    *failure_.lock() = error.what();
                }
                at_work_.fetch_sub(1);
            });
        }
    }

    bool is_at_work() const { return at_work_.load() > 0; }
    std::string failure() { return *failure_.lock(); }

    void end(Result& result)
    {
        threads_.clear();
        for (const auto& worker : workers_) {
            result.counts.add(worker->counts());
            result.meter.add(worker->meter());
        }
        result.failure = failure();
    }

  private:
    std::vector<std::unique_ptr<Worker>> workers_;
    std::atomic<unsigned> at_work_{0};
    Guarded<std::string> failure_;
    std::vector<std::jthread> threads_;
};

Result run(const Options& options)
{
    constexpr std::chrono::milliseconds kLook{10};
    const Address address(options.milter);
    const Journal journal(options.journal);
    Shared shared(options.plan, address, journal);
    Result result;
    Crew crew(shared);
    while (shared.idle_open.load() < options.plan.idle && crew.is_at_work()) {
        std::this_thread::sleep_for(kLook);
    }
    const auto sample = [&] {
        if (std::optional<Sample> seen = options.pid > 0 ? sample_of(options.pid) : std::nullopt) {
            seen->seconds = seconds_since(shared.began);
            seen->answered = shared.answered.load();
            result.samples.push_back(*seen);
        }
    };
    const double own_before = own_cpu_seconds();
    shared.began = Clock::now();
    shared.go.store(true);
    sample();
    double next_sample = options.sample_every;
    while (crew.is_at_work()) {
        std::this_thread::sleep_for(kLook);
        if (seconds_since(shared.began) >= next_sample) {
            next_sample += options.sample_every;
            sample();
        }
    }
    sample();
    result.seconds = seconds_since(shared.began);
    result.measured_seconds = result.seconds - options.warmup;
    result.own_cpu_seconds = own_cpu_seconds() - own_before;
    crew.end(result);
    return result;
}

} // namespace
} // namespace qm::load

int main(int argc, char** argv)
{
    using namespace qm::load;
    CLI::App app(
        "Offers mail to a milter as Postfix 3.7 does, checks every answer and measures how long it takes. "
        "Ends with 0 when every mail got the right answer in the end.",
        "milter_load");
    Options options;
    declare(app, options);
    CLI11_PARSE(app, argc, argv);
    try {
        complete(options);
        raise_descriptor_limit();
        const Result result = run(options);
        fmt::print("{}", options.json ? json_of(options.plan, result) : table_of(options.plan, result));
        return result.is_good() ? 0 : 1;
    } catch (const std::exception& error) {
        fmt::print(stderr, "milter_load: {}\n", error.what());
        return 64;
    }
}
