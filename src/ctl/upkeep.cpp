// quarantinectl expire, store check
#include <fmt/format.h>

#include "base/text.h"
#include "ctl/exit_code.h"
#include "ctl/interruption.h"
#include "ctl/json_of.h"
#include "ctl/table.h"
#include "ctl/verbs.h"

namespace qm::ctl {
namespace {

using Kind = StoreFinding::Kind;

Progress progress_of(Output& output)
{
    return [&output](std::string_view what, std::uint64_t done, std::uint64_t of) {
        output.progress(what, done, of);
        return !Interruption::asked();
    };
}

/// Troubles and an early end; true when there was either.
bool report_troubles(Output& output, const std::vector<std::string>& troubles, bool stopped)
{
    for (const std::string& trouble : troubles) {
        output.problem(trouble);
    }
    if (stopped) {
        output.problem("stopped by a signal; the next run goes on from here");
    }
    return stopped || !troubles.empty();
}

Json json_of(const ExpireReport& report, bool dry_run)
{
    Json parts = Json::array();
    for (const ExpireReport::Part& part : report.parts) {
        parts.push_back({{"quarantine", part.quarantine},
                         {"messages", part.messages},
                         {"bytes", part.bytes},
                         {"untold", part.untold},
                         {"why", part.why},
                         {"configured", part.configured}});
    }
    return {
        {"dry_run", dry_run},          {"parts", std::move(parts)}, {"whitelist_rows", report.whitelist_rows},
        {"troubles", report.troubles}, {"stopped", report.stopped}, {"elsewhere", report.elsewhere}};
}

void print(Output& output, const ExpireReport& report, bool dry_run)
{
    const std::string_view verb = dry_run ? "would be deleted" : "deleted";
    Table table({1, 2});
    for (const ExpireReport::Part& part : report.parts) {
        if (part.messages > 0) {
            table.row({harmless_line(part.quarantine),
                       counted(static_cast<std::uint64_t>(part.messages), "message", "messages"),
                       text::human_size(part.bytes), fmt::format("{}: {}", verb, harmless_line(part.why)),
                       part.configured ? "" : "(not configured any more)"});
        }
    }
    output.write(table.str());
    for (const ExpireReport::Part& part : report.parts) {
        if (part.untold > 0) {
            output.line(fmt::format("{}: {} {}, kept until the notices are settled",
                                    harmless_line(part.quarantine),
                                    counted(static_cast<std::uint64_t>(part.untold), "message", "messages"),
                                    harmless_line(part.why)));
        }
    }
    if (report.whitelist_rows > 0) {
        output.line(fmt::format(
            "{} {}",
            counted(static_cast<std::uint64_t>(report.whitelist_rows), "whitelist row", "whitelist rows"),
            verb));
    }
    if (report.elsewhere) {
        output.line("Another process is deleting what is due; nothing was done.");
    } else if (report.parts.empty() && report.whitelist_rows == 0) {
        output.line("Nothing is due.");
    }
}

std::string_view key_of(Kind kind)
{
    switch (kind) {
    case Kind::file_without_row:
        return "file_without_row";
    case Kind::row_without_file:
        return "row_without_file";
    case Kind::useless_file:
        return "useless_file";
    case Kind::found_again:
        return "found_again";
    case Kind::unfinished_file:
        return "unfinished_file";
    case Kind::unreadable:
        break;
    }
    return "unreadable";
}

/// What was done about it.
std::string_view repair_of(const StoreFinding& finding)
{
    if (!finding.repaired) {
        return "";
    }
    return finding.kind == Kind::row_without_file ? " (marked as lost)" : " (mended)";
}

Json json_of(const StoreReport& report)
{
    Json findings = Json::array();
    for (const StoreFinding& finding : report.findings) {
        findings.push_back({{"kind", key_of(finding.kind)},
                            {"quarantine", finding.quarantine},
                            {"id", finding.id.str()},
                            {"what", finding.what},
                            {"repaired", finding.repaired}});
    }
    return {{"checked", report.checked},
            {"findings", std::move(findings)},
            {"troubles", report.troubles},
            {"stopped", report.stopped}};
}

void print(Output& output, const StoreReport& report)
{
    for (const StoreFinding& finding : report.findings) {
        output.line(fmt::format("{} {}: {}{}", finding.id.empty() ? "-" : finding.id.str(),
                                harmless_line(finding.quarantine), harmless_line(finding.what),
                                repair_of(finding)));
    }
    const std::string agreement = report.troubles.empty() && !report.stopped
                                      ? "store and record agree"
                                      : "no difference in what could be compared";
    output.line(fmt::format(
        "{} checked, {}", counted(static_cast<std::uint64_t>(report.checked), "message", "messages"),
        report.findings.empty() ? agreement : counted(report.findings.size(), "difference", "differences")));
}

} // namespace

int run_expire(Context& context)
{
    const bool dry_run = context.arguments().dry_run;
    Output& output = context.output();
    Desk& desk = context.desk(dry_run ? OpenDesk::Mode::read : OpenDesk::Mode::work);
    const Interruption interruption;
    const ExpireReport report = desk.expire(dry_run, progress_of(output));
    if (output.wants_json()) {
        output.json(json_of(report, dry_run));
    } else {
        print(output, report, dry_run);
    }
    return report_troubles(output, report.troubles, report.stopped) ? kSomeFailed : kDone;
}

int run_store_check(Context& context)
{
    const bool repair = context.arguments().repair;
    Output& output = context.output();
    Desk& desk = context.desk(repair ? OpenDesk::Mode::work : OpenDesk::Mode::read);
    const Interruption interruption;
    const StoreReport report = desk.check_stores(repair, progress_of(output));
    if (output.wants_json()) {
        output.json(json_of(report));
    } else {
        print(output, report);
    }
    bool all_well = !report_troubles(output, report.troubles, report.stopped);
    for (const StoreFinding& finding : report.findings) {
        all_well = all_well && finding.repaired;
    }
    return all_well ? kDone : kSomeFailed;
}

} // namespace qm::ctl
