// quarantinectl whitelist list|add|delete|check
#include <charconv>

#include <fmt/format.h>

#include "ctl/exit_code.h"
#include "ctl/json_of.h"
#include "ctl/table.h"
#include "ctl/verbs.h"
#include "ctl/whitelist_access.h"
#include "quarantine/error.h"

namespace qm::ctl {
namespace {

constexpr std::size_t kPage = 1000;
constexpr std::size_t kMostBad = 1000;

/// What an administrator typed is no mistake of the configuration.
template <typename Ask>
auto asked(Ask ask)
{
    try {
        return ask();
    } catch (const ConfigError& error) {
        throw UsageError(error.what());
    }
}

std::vector<WhitelistRow> rows_like(WhitelistRows& rows, const Arguments& arguments)
{
    RowFilter filter{.mailfrom = arguments.from, .recipient = arguments.recipient, .limit = kPage};
    std::vector<WhitelistRow> found;
    for (;;) {
        const auto page = asked([&] { return rows.list(filter); });
        found.insert(found.end(), page.begin(), page.end());
        if (page.size() < kPage) {
            return found;
        }
        filter.behind = page.back().id;
    }
}

std::string shown_side(std::string_view side)
{
    return side.empty() ? "(anybody)" : harmless_line(side, 300);
}

void print(Output& output, const std::vector<WhitelistRow>& rows)
{
    Table table({0});
    table.row({"ROW", "FROM", "TO", "CREATED", "LAST USED", "", "COMMENT"});
    for (const WhitelistRow& row : rows) {
        table.row({std::to_string(row.id), shown_side(row.mailfrom), shown_side(row.recipient),
                   harmless_line(row.created, 30),
                   row.last_used.empty() ? "-" : harmless_line(row.last_used, 30),
                   row.permanent ? "permanent" : "", harmless_line(row.comment, 200)});
    }
    const auto lines = table.lines();
    output.line(output.strong(lines.front()));
    for (std::size_t i = 1; i < lines.size(); ++i) {
        output.line(lines[i]);
    }
}

std::int64_t row_number(std::string_view text)
{
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 0) {
        throw UsageError(fmt::format("{}: not the number of a row", harmless_line(text, 40)));
    }
    return number;
}

/// The rows that `whitelist delete` means; numbers without a row are counted in `tally`.
std::vector<WhitelistRow> rows_to_delete(WhitelistRows& rows, const Arguments& arguments)
{
    const bool by_sides = arguments.from.has_value() || arguments.recipient.has_value();
    if (arguments.ids.empty() == !by_sides || (by_sides && (!arguments.from || !arguments.recipient))) {
        throw UsageError("name the rows by their numbers, or one row by both --from and --to");
    }
    if (by_sides) {
        return rows_like(rows, arguments);
    }
    std::vector<WhitelistRow> wanted;
    for (const std::string& text : arguments.ids) {
        const std::int64_t number = row_number(text);
        RowFilter filter;
        filter.behind = number - 1;
        filter.limit = 1;
        const auto found = rows.list(filter);
        const bool exists = !found.empty() && found.front().id == number;
        WhitelistRow row = exists ? found.front() : WhitelistRow();
        row.id = number;
        wanted.push_back(std::move(row));
    }
    return wanted;
}

std::string_view word_for(Mended mended)
{
    switch (mended) {
    case Mended::changed:
        return "mended";
    case Mended::removed:
        return "removed, another row says the same";
    case Mended::untouched:
        break;
    }
    return "left as it is";
}

} // namespace

int run_whitelist_list(Context& context)
{
    const auto settings = context.settings();
    const auto access = open_whitelist(*settings, context.arguments().quarantine);
    const auto rows = rows_like(*access.rows, context.arguments());
    if (context.output().wants_json()) {
        Json list = Json::array();
        for (const WhitelistRow& row : rows) {
            list.push_back(json_of(row));
        }
        context.output().json(
            {{"whitelist", access.quarantine->whitelist->shown()}, {"rows", std::move(list)}});
    } else if (!rows.empty()) {
        print(context.output(), rows);
    }
    return rows.empty() ? kNothingMatched : kDone;
}

int run_whitelist_add(Context& context)
{
    const Arguments& arguments = context.arguments();
    Output& output = context.output();
    // An empty shell variable must not become a wildcard.
    if (arguments.from == "" || arguments.recipient == "") {
        throw UsageError("--from and --to are empty where they are given; for anybody leave one of them out");
    }
    const auto settings = context.settings();
    const auto access = open_whitelist(*settings, arguments.quarantine);
    WhitelistRow row = asked([&] {
        return access.rows->as_written(new_row(arguments.from.value_or(""), arguments.recipient.value_or(""),
                                               arguments.comment, arguments.permanent));
    });
    if (!arguments.force) {
        const auto covering = asked([&] { return access.rows->covering(row); });
        if (!covering.empty()) {
            const WhitelistRow& wider = covering.front();
            output.problem(
                fmt::format("not added: row {} lets {} through already (--force adds it all the same)",
                            wider.id, in_words(wider)));
            if (output.wants_json()) {
                output.json({{"added", nullptr}, {"covered_by", json_of(wider)}});
            }
            return kSomeFailed;
        }
    }
    const auto number = asked([&] { return access.rows->add(row); });
    if (!number) {
        output.problem(fmt::format("not added: there is a row for {} already", in_words(row)));
        return kSomeFailed;
    }
    row.id = *number;
    log_whitelist(*access.quarantine, row, "whitelist-added");
    if (output.wants_json()) {
        output.json({{"added", json_of(row)}, {"matches", in_words(row)}});
    } else {
        output.line(fmt::format("Row {} added: {} is not held by {} any more.", row.id, in_words(row),
                                harmless_line(access.quarantine->name)));
    }
    return kDone;
}

int run_whitelist_delete(Context& context)
{
    const auto settings = context.settings();
    const auto access = open_whitelist(*settings, context.arguments().quarantine);
    Tally tally;
    Json deleted = Json::array();
    const auto rows = rows_to_delete(*access.rows, context.arguments());
    if (rows.empty()) {
        tally.unmatched();
        context.output().problem("no row says exactly this");
    }
    for (const WhitelistRow& row : rows) {
        if (!access.rows->remove(row.id)) {
            tally.unmatched();
            context.output().problem(fmt::format("row {}: no such row", row.id));
            continue;
        }
        tally.done();
        log_whitelist(*access.quarantine, row, "whitelist-deleted");
        deleted.push_back(json_of(row));
        if (!context.output().wants_json()) {
            context.output().line(fmt::format("Row {} deleted: {}", row.id, in_words(row)));
        }
    }
    if (context.output().wants_json()) {
        context.output().json({{"deleted", std::move(deleted)}});
    }
    return tally.exit_code();
}

int run_whitelist_check(Context& context)
{
    Output& output = context.output();
    const auto settings = context.settings();
    const auto access = open_whitelist(*settings, context.arguments().quarantine);
    Json list = Json::array();
    Tally tally;
    const auto bad_rows = access.rows->bad_rows(kMostBad);
    for (const BadRow& bad : bad_rows) {
        Json json = {{"row", json_of(bad.row)}, {"problem", bad.problem}, {"mendable", bad.mendable}};
        std::string outcome = bad.mendable ? "--repair mends it" : "has to be looked at by hand";
        bool mended = false;
        if (context.arguments().repair && bad.mendable) {
            const Mended result = access.rows->mend(bad);
            mended = result != Mended::untouched;
            outcome = word_for(result);
            json["outcome"] = outcome;
            if (mended) {
                log_whitelist(*access.quarantine, bad.row, "whitelist-mended");
            }
        }
        mended ? tally.done() : tally.failed();
        list.push_back(std::move(json));
        if (!output.wants_json()) {
            output.line(fmt::format(
                "Row {}, from '{}' to '{}': {} ({})", bad.row.id, harmless_line(bad.row.mailfrom, 300),
                harmless_line(bad.row.recipient, 300), harmless_line(bad.problem), outcome));
        }
    }
    if (output.wants_json()) {
        output.json({{"bad_rows", std::move(list)}});
    } else if (bad_rows.empty()) {
        output.line("Every row can match.");
    } else if (bad_rows.size() == kMostBad) {
        output.remark("There may be more.");
    }
    return tally.exit_code();
}

} // namespace qm::ctl
