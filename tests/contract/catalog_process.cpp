// Another process that works on the same catalog; a test starts it and kills it.
//
// catalog_process begin URL RECIPIENT ID...  begins these releases, says how many, and never settles them
// catalog_process record URL COUNT           holds that many messages, says how many could not be
// catalog_process turn URL                   takes the turn at expiry, says 1 when it has it
// Then it waits for the end of its input.
#include <atomic>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <sys/prctl.h>

#include <csignal>

#include "base/clock.h"
#include "base/random.h"
#include "catalog/catalog.h"
#include "catalog/process_lock.h"
#include "catalog/releases.h"

namespace qm::catalog {
namespace {

int begin(Catalog& catalog, const std::string& recipient, const std::vector<std::string>& ids)
{
    Releases releases(catalog);
    int begun = 0;
    for (const std::string& id : ids) {
        const Beginning beginning = releases.begin(HeldId::parse(id), recipient, false, {"digest"},
                                                   catalog.clock().now() + std::chrono::hours(1));
        begun += beginning.release ? 1 : 0;
    }
    std::cout << begun << std::endl;
    std::string end;
    std::getline(std::cin, end);
    return 0;
}

int take_the_turn(Catalog& catalog)
{
    const auto turn = take_turn(catalog, Turn::expire);
    std::cout << (turn ? 1 : 0) << std::endl;
    std::string end;
    std::getline(std::cin, end);
    return 0;
}

int record(Catalog& catalog, int count)
{
    constexpr int kThreads = 4;
    std::atomic<int> left = count;
    std::atomic<int> failed = 0;
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&] {
            while (left.fetch_sub(1) > 0) {
                HeldMail mail;
                mail.received = catalog.clock().now();
                mail.id = HeldId(mail.received, random_bytes(10));
                mail.quarantine = "spam";
                mail.digest = mail.id.str();
                mail.recipients.push_back({.address = "loaded@example.net"});
                try {
                    catalog.record({{.mail = mail, .tell = {}}}, mail.received);
                } catch (const std::exception& error) {
                    std::cerr << error.what() << '\n';
                    ++failed;
                }
            }
        });
    }
    threads.clear();
    std::cout << failed << std::endl;
    return 0;
}

} // namespace
} // namespace qm::catalog

int main(int argc, char** argv)
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
        const std::vector<std::string> words(argv + 1, argv + argc);
        const qm::SystemClock clock;
        qm::catalog::Catalog catalog(words.at(1), "/", clock);
        if (words.at(0) == "turn") {
            return qm::catalog::take_the_turn(catalog);
        }
        return words.at(0) == "begin"
                   ? qm::catalog::begin(catalog, words.at(2), {words.begin() + 3, words.end()})
                   : qm::catalog::record(catalog, std::stoi(words.at(2)));
    } catch (const std::exception& error) {
        std::cerr << "catalog_process: " << error.what() << '\n';
        return 1;
    }
}
