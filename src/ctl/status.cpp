// quarantinectl status
#include <fmt/format.h>

#include "base/text.h"
#include "ctl/exit_code.h"
#include "ctl/json_of.h"
#include "ctl/table.h"
#include "ctl/time_argument.h"
#include "ctl/verbs.h"

namespace qm::ctl {
namespace {

using Daemon = Standing::Daemon;

std::string_view word_for(Daemon daemon)
{
    switch (daemon) {
    case Daemon::running:
        return "running";
    case Daemon::not_running:
        return "not running";
    case Daemon::unknown:
        break;
    }
    return "not known (the catalog is on a server)";
}

Json json_of(const Standing::QuarantineStanding& quarantine)
{
    Json states = Json::object();
    for (const Standing::State& state : quarantine.states) {
        states[std::string(to_string(state.state))] = state.recipients;
    }
    return {{"name", quarantine.name},      {"configured", quarantine.configured},
            {"states", std::move(states)},  {"messages", quarantine.messages},
            {"bytes", quarantine.bytes},    {"oldest", ctl::json_of(quarantine.oldest)},
            {"trouble", quarantine.trouble}};
}

Json json_of(const Standing& standing)
{
    Json quarantines = Json::array();
    for (const auto& quarantine : standing.quarantines) {
        quarantines.push_back(json_of(quarantine));
    }
    const char* const daemon = standing.daemon == Daemon::running       ? "running"
                               : standing.daemon == Daemon::not_running ? "not_running"
                                                                        : "unknown";
    return {{"catalog", standing.catalog},
            {"daemon", daemon},
            {"quarantines", std::move(quarantines)},
            {"notices",
             {{"due", standing.notices_due},
              {"oldest_due", ctl::json_of(standing.oldest_due)},
              {"refused", standing.notices_refused},
              {"expired", standing.notices_expired}}}};
}

std::string states_of(const Standing::QuarantineStanding& quarantine)
{
    std::string words;
    for (const Standing::State& state : quarantine.states) {
        words += fmt::format("{}{} {}", words.empty() ? "" : ", ",
                             grouped(static_cast<std::uint64_t>(state.recipients)), to_string(state.state));
    }
    return words.empty() ? "-" : words;
}

std::string count(std::int64_t number)
{
    return grouped(static_cast<std::uint64_t>(number));
}

void print(Output& output, const Standing& standing)
{
    Table facts;
    const std::string daemon(word_for(standing.daemon));
    facts.row({"Daemon", standing.daemon == Daemon::not_running ? output.alarming(daemon) : daemon});
    facts.row({"Catalog", harmless_line(standing.catalog)});
    facts.row({"Notices due", standing.notices_due == 0
                                  ? "none"
                                  : fmt::format("{}, the oldest since {}", count(standing.notices_due),
                                                local_time(standing.oldest_due))});
    facts.row({"Notices not sent", fmt::format("{} refused, {} expired", count(standing.notices_refused),
                                               count(standing.notices_expired))});
    output.write(facts.str());
    output.line("");
    Table table({1, 2});
    table.row({"QUARANTINE", "STORED", "SIZE", "OLDEST", "RECIPIENTS"});
    for (const auto& quarantine : standing.quarantines) {
        table.row({harmless_line(quarantine.name), count(quarantine.messages),
                   text::human_size(quarantine.bytes),
                   quarantine.oldest == Time{} ? "-" : local_time(quarantine.oldest), states_of(quarantine)});
    }
    const auto lines = table.lines();
    output.line(output.strong(lines.front()));
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const auto& quarantine = standing.quarantines[i - 1];
        output.line(lines[i]);
        if (!quarantine.configured) {
            output.line("    is not configured any more");
        }
        if (!quarantine.trouble.empty()) {
            output.line("    " + output.alarming(harmless_line(quarantine.trouble)));
        }
    }
}

} // namespace

int run_status(Context& context)
{
    const Standing standing = context.desk(OpenDesk::Mode::read).standing();
    if (context.output().wants_json()) {
        context.output().json(json_of(standing));
    } else {
        print(context.output(), standing);
    }
    int code = kDone;
    for (const auto& quarantine : standing.quarantines) {
        if (!quarantine.trouble.empty()) {
            context.output().problem(fmt::format("{}: {}", quarantine.name, quarantine.trouble));
            code = kUnavailable;
        }
    }
    return code;
}

} // namespace qm::ctl
