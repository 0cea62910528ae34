#include "load/report.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace qm::load {
namespace {

constexpr double kMegabyte = 1e6;

double per_mail_us(double seconds, std::uint64_t mails)
{
    return mails == 0 ? 0 : seconds * 1e6 / static_cast<double>(mails);
}

double rate_of(const Result& result)
{
    return result.measured_seconds <= 0
               ? 0
               : static_cast<double>(result.counts.measured) / result.measured_seconds;
}

double daemon_cpu(const Result& result)
{
    return result.samples.empty() ? 0
                                  : result.samples.back().cpu_seconds - result.samples.front().cpu_seconds;
}

template <typename Visit>
void for_each_answer(const Meter& meter, Visit visit)
{
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        for (std::size_t stage = 0; stage < kStages; ++stage) {
            const Histogram& histogram = meter.at(static_cast<Kind>(kind), static_cast<Stage>(stage));
            if (histogram.count() > 0) {
                visit(static_cast<Kind>(kind), static_cast<Stage>(stage), histogram);
            }
        }
    }
}

} // namespace

bool Result::is_good() const
{
    return failure.empty() && counts.wrong == 0 && counts.unanswered == 0 && counts.idle_lost == 0 &&
           counts.all_right() + counts.broken_off == counts.offered;
}

std::string table_of(const Plan& plan, const Result& result)
{
    const Counts& counts = result.counts;
    std::string out;
    const auto line = [&out](const std::string& text) { out += text + '\n'; };
    line(fmt::format("{} mails in {:.1f} s, {:.0f} a second; {} connections in {} threads, {} made, {} idle",
                     counts.offered, result.seconds, rate_of(result), plan.connections, plan.threads,
                     counts.connections, plan.idle));
    line(fmt::format("right {} (clean {}, held {}, mixed {}), broken off {}", counts.all_right(),
                     counts.right.at(0), counts.right.at(1), counts.right.at(2), counts.broken_off));
    line(fmt::format(
        "wrong {}, 451 {}, connection lost {}, given up on {}, offered again {}, not connected {}, "
        "idle lost {}",
        counts.wrong, counts.deferred, counts.lost, counts.unanswered, counts.offers - counts.offered,
        counts.refused, counts.idle_lost));
    for (const std::string& complaint : counts.complaints) {
        line("  " + complaint);
    }
    line(fmt::format("\n{:<30} {:>9} {:>9} {:>9} {:>9}", "answer, ms", "count", "median", "99 %", "longest"));
    for_each_answer(result.meter, [&](Kind kind, Stage stage, const Histogram& histogram) {
        line(fmt::format("{:<30} {:>9} {:>9.3f} {:>9.3f} {:>9.3f}",
                         fmt::format("{} mail, {}", name_of(kind), name_of(stage)), histogram.count(),
                         histogram.within_ms(0.5), histogram.within_ms(0.99), histogram.longest_ms()));
    });
    if (!result.samples.empty()) {
        line(fmt::format("\n{:<30} {:>9} {:>9} {:>9}", "daemon", "first", "largest", "last"));
        const auto row = [&](const char* name, auto value) {
            const auto& samples = result.samples;
            const auto largest = std::ranges::max_element(
                samples, [&](const Sample& a, const Sample& b) { return value(a) < value(b); });
            line(fmt::format("{:<30} {:>9.1f} {:>9.1f} {:>9.1f}", name, value(samples.front()),
                             value(*largest), value(samples.back())));
        };
        row("memory, MB", [](const Sample& s) { return static_cast<double>(s.memory) / kMegabyte; });
        row("memory without files, MB",
            [](const Sample& s) { return static_cast<double>(s.own_memory) / kMegabyte; });
        row("threads", [](const Sample& s) { return static_cast<double>(s.threads); });
        row("open files", [](const Sample& s) { return static_cast<double>(s.files); });
        line(fmt::format("CPU {:.1f} s, {:.0f} us a mail", daemon_cpu(result),
                         per_mail_us(daemon_cpu(result), counts.offers)));
    }
    line(fmt::format("this program: CPU {:.1f} s, {:.0f} us a mail", result.own_cpu_seconds,
                     per_mail_us(result.own_cpu_seconds, counts.offers)));
    if (!result.failure.empty()) {
        line("ended early: " + result.failure);
    }
    return out;
}

std::string json_of(const Plan& plan, const Result& result)
{
    const Counts& counts = result.counts;
    nlohmann::ordered_json latencies = nlohmann::ordered_json::array();
    for_each_answer(result.meter, [&](Kind kind, Stage stage, const Histogram& histogram) {
        latencies.push_back({{"kind", name_of(kind)},
                             {"stage", name_of(stage)},
                             {"count", histogram.count()},
                             {"median_ms", histogram.within_ms(0.5)},
                             {"p99_ms", histogram.within_ms(0.99)},
                             {"longest_ms", histogram.longest_ms()}});
    });
    nlohmann::ordered_json samples = nlohmann::ordered_json::array();
    for (const Sample& sample : result.samples) {
        samples.push_back({{"seconds", sample.seconds},
                           {"cpu_seconds", sample.cpu_seconds},
                           {"memory", sample.memory},
                           {"own_memory", sample.own_memory},
                           {"threads", sample.threads},
                           {"files", sample.files},
                           {"answered", sample.answered}});
    }
    const nlohmann::ordered_json all{
        {"run", plan.mix.run},
        {"good", result.is_good()},
        {"failure", result.failure},
        {"seconds", result.seconds},
        {"measured_seconds", result.measured_seconds},
        {"mails_a_second", rate_of(result)},
        {"offered", counts.offered},
        {"offers", counts.offers},
        {"right",
         {{"clean", counts.right.at(0)}, {"held", counts.right.at(1)}, {"mixed", counts.right.at(2)}}},
        {"broken_off", counts.broken_off},
        {"wrong", counts.wrong},
        {"deferred", counts.deferred},
        {"lost", counts.lost},
        {"unanswered", counts.unanswered},
        {"refused", counts.refused},
        {"idle_lost", counts.idle_lost},
        {"connections", counts.connections},
        {"complaints", counts.complaints},
        {"answers", latencies},
        {"daemon_cpu_us_a_mail", per_mail_us(daemon_cpu(result), counts.offers)},
        {"own_cpu_us_a_mail", per_mail_us(result.own_cpu_seconds, counts.offers)},
        {"samples", samples}};
    return all.dump(1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

} // namespace qm::load
