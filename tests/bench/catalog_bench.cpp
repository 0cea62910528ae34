// How long the catalog takes with many messages on record. See README.md.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>

#include <fmt/format.h>

#include "base/clock.h"
#include "bench/sample.h"
#include "bench/searches.h"
#include "catalog/held_rows.h"
#include "catalog/retention.h"
#include "catalog/search.h"
#include "support/temp_dir.h"

namespace qm::bench {
namespace {

constexpr std::size_t kBatch = 500;

struct Arguments {
    std::uint64_t messages = 1'000'000;
    std::int64_t expire = 100'000;
    std::string url;
    bool check = false;
};

double wall()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu()
{
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Megabytes of memory this process uses.
double resident()
{
    std::ifstream file("/proc/self/statm");
    double total = 0;
    double pages = 0;
    file >> total >> pages;
    return pages * 4096 / 1e6;
}

void fill(catalog::Catalog& catalog, const Arguments& arguments, Sample& sample, std::vector<HeldMail>* kept)
{
    constexpr std::uint64_t kInTransaction = 50'000;
    sql::ConnectOptions options;
    options.statement_timeout = std::chrono::hours(1);
    sql::Connection connection(catalog.readers().target(), options);
    if (connection.engine() == sql::Engine::sqlite) {
        connection.execute("PRAGMA synchronous = OFF");
        connection.execute("PRAGMA cache_size = -500000");
    }
    for (std::uint64_t done = 0; done < arguments.messages;) {
        sql::Transaction transaction(connection);
        for (const auto end = std::min(done + kInTransaction, arguments.messages); done < end; ++done) {
            HeldMail mail = sample.next();
            catalog::insert_message(connection, mail);
            catalog::insert_recipients(connection, mail, 0, mail.recipients);
            if (kept != nullptr) {
                kept->push_back(std::move(mail));
            }
        }
        transaction.commit();
    }
    if (connection.engine() == sql::Engine::postgresql) {
        connection.execute("ANALYZE");
    }
}

struct Timing {
    std::string name;
    std::size_t found = 0;
    double median = 0, worst = 0, cpu = 0; ///< milliseconds
};

Timing timed(catalog::Search& search, const NamedFilter& filter)
{
    constexpr int kRuns = 5;
    Timing timing{.name = filter.name.empty() ? "(all)" : filter.name};
    std::vector<double> walls;
    const double cpu_before = cpu();
    for (int run = 0; run < kRuns; ++run) {
        const double before = wall();
        timing.found = search.find(filter.filter).size();
        walls.push_back((wall() - before) * 1000);
    }
    timing.cpu = (cpu() - cpu_before) * 1000 / kRuns;
    std::ranges::sort(walls);
    timing.median = walls.at(kRuns / 2);
    timing.worst = walls.back();
    return timing;
}

void print(const Timing& timing)
{
    fmt::print("{:>8.2f} {:>8.2f} {:>8.2f} {:>6}  {}\n", timing.median, timing.worst, timing.cpu,
               timing.found, timing.name);
}

void measure_searches(catalog::Catalog& catalog, const std::vector<NamedFilter>& filters)
{
    catalog::Search search(catalog);
    std::vector<Timing> timings;
    std::ranges::transform(filters, std::back_inserter(timings),
                           [&](const NamedFilter& filter) { return timed(search, filter); });
    fmt::print("\nfind() of 50, one filter\n{:>8} {:>8} {:>8} {:>6}\n", "median", "worst", "cpu ms", "found");
    for (const Timing& timing : timings) {
        if (timing.name.find(',') == std::string::npos) {
            print(timing);
        }
    }
    std::ranges::sort(timings, std::greater<>(), &Timing::median);
    fmt::print("\nfind() of 50, {} combinations: half of them within {:.2f} ms, 99 % within {:.2f} ms; the "
               "slowest\n",
               timings.size(), timings.at(timings.size() / 2).median,
               timings.at(timings.size() / 100).median);
    for (std::size_t i = 0; i < std::min<std::size_t>(20, timings.size()); ++i) {
        print(timings.at(i));
    }
}

template <typename Work>
void measure(const std::string& name, Work work)
{
    const double before = wall();
    const double cpu_before = cpu();
    work();
    fmt::print("{:<40} {:>10.1f} ms, cpu {:>10.1f} ms\n", name, (wall() - before) * 1000,
               (cpu() - cpu_before) * 1000);
}

/// As the daemon does, one mail after another, each of them durable.
void measure_recording(catalog::Catalog& catalog)
{
    constexpr std::uint64_t kMails = 500;
    Sample sample(kMails, catalog.clock().now());
    const auto known_since = catalog.clock().now() - std::chrono::hours(24);
    measure(fmt::format("record() of {} mails", kMails), [&] {
        for (std::uint64_t i = 0; i < kMails; ++i) {
            HeldMail mail = sample.next();
            mail.digest = mail.id.str();
            catalog.record({{.mail = std::move(mail), .tell = {}}}, known_since);
        }
    });
}

void measure_expiry(catalog::Catalog& catalog, std::int64_t limit)
{
    catalog::Retention retention(catalog);
    const double memory = resident();
    std::int64_t forgotten = 0;
    double longest = 0;
    measure(fmt::format("expiry of {} messages", limit), [&] {
        while (forgotten < limit) {
            const double before = wall();
            const auto batch = retention.oldest("spam", std::nullopt, {}, kBatch);
            if (batch.empty()) {
                break;
            }
            const auto closed = retention.close(batch);
            retention.forget(closed);
            forgotten += static_cast<std::int64_t>(closed.size());
            longest = std::max(longest, wall() - before);
        }
    });
    fmt::print(
        "  {} forgotten in batches of {}, the longest {:.1f} ms; memory {:.1f} MB, grown by {:.1f} MB\n",
        forgotten, kBatch, longest * 1000, resident(), resident() - memory);
}

/// Every page of every search is what a look at each message says.
int check_searches(catalog::Catalog& catalog, std::vector<HeldMail> mails,
                   const std::vector<NamedFilter>& filters)
{
    catalog::Search search(catalog);
    sort_newest_first(mails);
    int wrong = 0;
    for (const NamedFilter& named : filters) {
        std::vector<HeldId> expected;
        for (const HeldMail& mail : mails) {
            if (expected.size() < 120 && chooses(named.filter, mail)) {
                expected.push_back(mail.id);
            }
        }
        std::vector<HeldId> found;
        HeldFilter filter = named.filter;
        for (int page = 0; page < 3; ++page) {
            filter.limit = 40;
            for (const HeldMail& mail : search.find(filter)) {
                found.push_back(mail.id);
            }
            filter.before = found.empty() ? filter.before : found.back();
        }
        if (found != expected) {
            fmt::print("WRONG: {}: found {}, expected {}\n", named.name, found.size(), expected.size());
            ++wrong;
        }
    }
    fmt::print("{} searches checked, {} wrong\n", filters.size(), wrong);
    return wrong;
}

int run(const Arguments& arguments)
{
    const test::TempDir folder;
    const std::string url = arguments.url.empty() ? "sqlite:///" + (folder / "catalog.db") : arguments.url;
    const SystemClock clock;
    catalog::Catalog catalog(url, folder.path(), clock);
    catalog.open();
    Sample sample(arguments.messages, clock.now());
    std::vector<HeldMail> kept;
    measure(fmt::format("filling with {} messages", arguments.messages),
            [&] { fill(catalog, arguments, sample, arguments.check ? &kept : nullptr); });
    if (!catalog.file().empty()) {
        fmt::print("the file has {:.0f} MB\n",
                   static_cast<double>(std::filesystem::file_size(catalog.file())) / 1e6);
    }
    const auto filters = every_combination(sample, arguments.messages);
    if (arguments.check && check_searches(catalog, std::move(kept), filters) > 0) {
        return 1;
    }
    if (!arguments.check) {
        measure_searches(catalog, filters);
    }
    fmt::print("\n");
    catalog::Search search(catalog);
    catalog::Retention retention(catalog);
    measure("count_states()", [&] { search.count_states(); });
    measure("sizes()", [&] { search.sizes(); });
    measure("amount() of the largest quarantine", [&] { retention.amount("spam", std::nullopt); });
    measure_recording(catalog);
    measure_expiry(catalog, arguments.expire);
    return 0;
}

Arguments read_arguments(const std::vector<std::string>& words)
{
    Arguments arguments;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words.at(i) == "--check") {
            arguments.check = true;
        } else if (words.at(i) == "--messages") {
            arguments.messages = std::stoull(words.at(++i));
        } else if (words.at(i) == "--expire") {
            arguments.expire = std::stoll(words.at(++i));
        } else if (words.at(i) == "--catalog") {
            arguments.url = words.at(++i);
        } else {
            throw std::invalid_argument(
                "usage: catalog_bench [--messages N] [--expire N] [--catalog URL] [--check]");
        }
    }
    return arguments;
}

} // namespace
} // namespace qm::bench

int main(int argc, char** argv)
{
    try {
        return qm::bench::run(qm::bench::read_arguments({argv + 1, argv + argc}));
    } catch (const std::exception& error) {
        std::cerr << "catalog_bench: " << error.what() << '\n';
        return 1;
    }
}
