// preview_bench ROUNDS FOLDER: HTML mail sanitized and checked, against gumbo's parse of the same bytes
// alone, in processor time of one thread. FOLDER holds mails (*.html). Prints JSON for tests/bench/run.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gumbo.h>
#include <nlohmann/json.hpp>

#include "html/sanitizer.h"
#include "html/strict.h"

namespace qm {
namespace {

double thread_seconds()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct Mail {
    std::string name;
    std::string html;
};

std::vector<Mail> read_mails(const char* folder)
{
    std::vector<Mail> mails;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".html") {
            std::ifstream file(entry.path(), std::ios::binary);
            mails.push_back(
                {entry.path().stem().string(), std::string(std::istreambuf_iterator<char>(file), {})});
        }
    }
    std::ranges::sort(mails, {}, &Mail::name);
    return mails;
}

/// A mail as long as a newsletter: the same one again and again.
Mail repeated(const Mail& mail, std::size_t size)
{
    Mail result{mail.name + " x", {}};
    while (result.html.size() < size) {
        result.html += mail.html;
    }
    return result;
}

void parse_alone(std::string_view html)
{
    GumboOutput* const output = gumbo_parse_with_options(&kGumboDefaultOptions, html.data(), html.size());
    gumbo_destroy_output(&kGumboDefaultOptions, output);
}

/// Seconds of one pass over all mails.
double seconds_of(const std::vector<Mail>& mails, const std::function<void(std::string_view)>& work)
{
    constexpr int kPasses = 3;
    const double begin = thread_seconds();
    for (int pass = 0; pass < kPasses; ++pass) {
        for (const Mail& mail : mails) {
            work(mail.html);
        }
    }
    return (thread_seconds() - begin) / kPasses;
}

std::vector<double> sorted(std::vector<double> values)
{
    std::ranges::sort(values);
    return values;
}

nlohmann::ordered_json compare(const std::string& where, const std::vector<Mail>& mails, int rounds)
{
    std::size_t bytes = 0;
    for (const Mail& mail : mails) {
        bytes += mail.html.size();
    }
    std::vector<double> sanitizing;
    std::vector<double> both;
    double parse = 0;
    double sanitize = 0;
    for (int round = 0; round < rounds; ++round) {
        parse = seconds_of(mails, parse_alone);
        sanitize = seconds_of(mails, [](std::string_view html) { html::sanitize(html); });
        const double checked = seconds_of(mails, [](std::string_view html) {
            if (!html::is_sanitized(html::sanitize(html).html, "")) {
                throw std::runtime_error("the sanitizer's output does not hold");
            }
        });
        sanitizing.push_back(parse / sanitize);
        both.push_back(parse / checked);
    }
    sanitizing = sorted(sanitizing);
    both = sorted(both);
    const auto mb = static_cast<double>(bytes) / 1e6;
    const auto row = [&](const char* figure, const std::vector<double>& values, bool judged) {
        nlohmann::ordered_json result{
            {"figure", figure},
            {"where", where},
            {"value", values.at(values.size() / 2)},
            {"spread", {values.front(), values.back()}},
            {"detail",
             fmt::format("gumbo's parse {:.1f} MB/s, sanitizer {:.1f} MB/s", mb / parse, mb / sanitize)}};
        if (judged) {
            result["goal"] = 0.7;
        }
        return result;
    };
    return {row("sanitizer's throughput, against gumbo's parse alone", sanitizing, true),
            row("the same and the check of its answer", both, false)};
}

void print_each(const std::vector<Mail>& mails)
{
    for (const Mail& mail : mails) {
        const std::vector<Mail> one(20, mail);
        const double parse = seconds_of(one, parse_alone);
        const double sanitize = seconds_of(one, [](std::string_view html) { html::sanitize(html); });
        fmt::print(stderr, "{:<40} {:>8} bytes  {:.2f}\n", mail.name, mail.html.size(), parse / sanitize);
    }
}

int run(int rounds, const char* folder)
{
    std::vector<Mail> mails = read_mails(folder);
    std::vector<Mail> large;
    for (const Mail& mail : mails) {
        large.push_back(repeated(mail, 44'000));
    }
    if (std::getenv("EACH") != nullptr) {
        print_each(large);
    }
    nlohmann::ordered_json all = compare(fmt::format("{} mails as they are", mails.size()), mails, rounds);
    for (const auto& row : compare("the same, repeated up to 44 KB", large, rounds)) {
        all.push_back(row);
    }
    std::puts(all.dump(1).c_str());
    return 0;
}

} // namespace
} // namespace qm

int main(int count, char** arguments)
{
    if (count != 3) {
        std::fputs("usage: preview_bench ROUNDS FOLDER\n", stderr);
        return 2;
    }
    try {
        return qm::run(std::max(std::atoi(arguments[1]), 1), arguments[2]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "preview_bench: %s\n", error.what());
        return 1;
    }
}
