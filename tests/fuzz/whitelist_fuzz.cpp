// Any bytes in the rows of a whitelist, in an envelope, and as an administrator types them. A row that
// exempts somebody names them; a row that is said to be bad exempts nobody, one that is not can exempt
// somebody; mending makes no row wider; what was typed is found again.
//
// One line is one value:
//     f mailfrom and t recipient of a row (f begins one; F, T: NULL)     l when it was last used
//     s sender and r recipient of an envelope                            a an address as somebody types it
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "fuzz/commands.h"
#include "fuzz/property.h"
#include "mail/address.h"
#include "quarantine/error.h"
#include "sql/connection.h"
#include "support/fake_section.h"
#include "support/temp_dir.h"
#include "whitelist/sql_whitelist.h"

namespace {

using namespace qm;
using fuzz::expect;

struct Input {
    struct Row {
        sql::Value mailfrom = std::string();
        sql::Value recipient = std::string();
        std::string last_used = "2026-08-04 00:00:00";
    };
    std::vector<Row> rows;
    std::string sender, recipient, typed;
};

void set(Input& input, const fuzz::Command& command)
{
    constexpr std::size_t kMostRows = 8;
    if ((command.letter == 'f' || command.letter == 'F') && input.rows.size() < kMostRows) {
        input.rows.emplace_back();
    }
    Input::Row nowhere;
    Input::Row& row = input.rows.empty() ? nowhere : input.rows.back();
    switch (command.letter) {
    case 'f':
        row.mailfrom = command.argument;
        break;
    case 'F':
        row.mailfrom = std::monostate();
        break;
    case 't':
        row.recipient = command.argument;
        break;
    case 'T':
        row.recipient = std::monostate();
        break;
    case 'l':
        row.last_used = command.argument;
        break;
    case 's':
        input.sender = command.argument;
        break;
    case 'r':
        input.recipient = command.argument;
        break;
    case 'a':
        input.typed = command.argument;
        break;
    default:
        break;
    }
}

/// A table without the constraints of ours: people make their own.
class Table {
  public:
    Table() : connection_(target(), options())
    {
        connection_.execute("CREATE TABLE whitelist (id INTEGER PRIMARY KEY, mailfrom VARCHAR(255),"
                            " recipient VARCHAR(255), created DATETIME, last_used DATETIME,"
                            " comment TEXT, permanent INTEGER)");
        section_.set_folder(folder_.path());
        section_.set("whitelist_db_connection", "sqlite:///w.db");
        section_.add(whitelist::sql_whitelist_options());
        whitelist_ = whitelist::open_sql_whitelist(section_);
        rows_ = whitelist_->rows();
    }

    void fill(const Input& input)
    {
        connection_.execute("DELETE FROM whitelist");
        for (const Input::Row& row : input.rows) {
            connection_.execute("INSERT INTO whitelist (mailfrom, recipient, created, last_used, comment,"
                                " permanent) VALUES (:1, :2, '2026-08-04 00:00:00', :3, '', 0)",
                                {row.mailfrom, row.recipient, row.last_used});
        }
    }

    std::optional<WhitelistMatch> find(const std::string& sender, const std::string& recipient)
    {
        return whitelist_->find(sender, recipient, Use::look);
    }
    WhitelistRows& rows() { return *rows_; }

  private:
    sql::Target target() const { return sql::parse_target("sqlite:///w.db", folder_.path()); }
    static sql::ConnectOptions options()
    {
        sql::ConnectOptions options;
        options.create = true;
        return options;
    }

    test::TempDir folder_;
    sql::Connection connection_;
    test::FakeSection section_;
    std::unique_ptr<Whitelist> whitelist_;
    std::unique_ptr<WhitelistRows> rows_;
};

/// An address in the one spelling that all of its spellings have in common.
std::string canonical(std::string_view address)
{
    const std::string key = mail::key(text::to_valid_utf8(address));
    const std::string_view domain = mail::domain(key);
    return domain.empty() ? key : std::string(mail::local_part(key)) + '@' + mail::ascii_domain(domain);
}

bool is_meant(const std::string& side, const std::string& address)
{
    const std::string meant = canonical(side);
    return meant == canonical(address) ||
           (side.starts_with('@') && meant == '@' + std::string(mail::domain(canonical(address))));
}

void expect_named(const WhitelistMatch& match, const Input& input)
{
    const auto unwrapped = mail::unwrapped_sender(input.sender);
    expect(match.mailfrom.empty() || is_meant(match.mailfrom, input.sender) ||
               (!unwrapped.empty() && is_meant(match.mailfrom, unwrapped)),
           "the row names the sender: " + match.mailfrom);
    expect(match.recipient.empty() || is_meant(match.recipient, input.recipient),
           "the row names the recipient: " + match.recipient);
}

/// An address that a good side is for.
std::string somebody(const std::string& side)
{
    return side.empty() ? "x@example.org" : mail::local_part(side).empty() ? "x" + side : side;
}

/// "", or has the domain of a host and fits the column. "postmaster" has none, and "@[a b>" is no address,
/// but mail may come from the same: then a row names it as it is.
bool is_ordinary(const std::string& side)
{
    constexpr std::size_t kLongestSide = 255;
    const std::string_view domain = mail::domain(side);
    const bool is_host = !domain.empty() && std::ranges::all_of(domain, [](const char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || (c & 0x80) != 0;
    });
    return side.empty() || (is_host && side.size() <= kLongestSide);
}

void check_rows(Table& table, const Input& input)
{
    const auto match = table.find(input.sender, input.recipient);
    std::set<std::int64_t> bad;
    for (const BadRow& row : table.rows().bad_rows(100)) {
        expect(!row.problem.empty(), "it is said what is wrong");
        bad.insert(row.row.id);
    }
    if (match) {
        expect(!bad.contains(match->row) || !is_ordinary(match->mailfrom) || !is_ordinary(match->recipient),
               "a bad row exempts nobody");
        expect_named(*match, input);
    }
    for (const WhitelistRow& row : table.rows().list({})) {
        expect(bad.contains(row.id) || table.find(somebody(row.mailfrom), somebody(row.recipient)),
               "a good row can exempt somebody");
    }
}

void check_mending(Table& table)
{
    for (const BadRow& bad : table.rows().bad_rows(100)) {
        const Mended mended = table.rows().mend(bad);
        expect(bad.mendable || mended == Mended::untouched, "only what can be mended is");
        expect(!bad.mendable || bad.mailfrom.empty() == bad.row.mailfrom.empty(),
               "no sender becomes the wildcard");
        expect(!bad.mendable || bad.recipient.empty() == bad.row.recipient.empty(),
               "no recipient becomes the wildcard");
    }
    for (const BadRow& bad : table.rows().bad_rows(100)) {
        expect(!bad.mendable, "what was mended is good");
    }
}

void check_expiry(Table& table)
{
    constexpr std::chrono::sys_seconds kMoment{std::chrono::seconds(1'785'849'600)};
    const auto expected = table.rows().expire(kMoment, true);
    expect(table.rows().expire(kMoment, false) == expected, "as many rows go as were announced");
    expect(table.rows().expire(kMoment, true) == 0, "none is left");
}

std::optional<WhitelistRow> as_written(Table& table, const WhitelistRow& row)
{
    try {
        return table.rows().as_written(row);
    } catch (const ConfigError&) {
        return std::nullopt;
    }
}

void check_typed(Table& table, const Input& input)
{
    WhitelistRow typed;
    typed.mailfrom = input.typed;
    typed.recipient = "u@example.net";
    const auto written = as_written(table, typed);
    if (!written) {
        return;
    }
    const auto again = as_written(table, *written);
    expect(again && again->mailfrom == written->mailfrom, "what is written is written the same again");
    const auto id = table.rows().add(typed);
    expect(id.has_value(), "a row that is not there is added");
    expect(!table.rows().add(typed), "a row is added once");
    expect(table.rows().bad_rows(1).empty(), "what is written is good");
    RowFilter filter;
    filter.mailfrom = input.typed;
    const auto listed = table.rows().list(filter);
    expect(listed.size() == 1 && listed.front().id == *id, "what was typed is found by it");
    const auto match = table.find(somebody(written->mailfrom), typed.recipient);
    expect(match && match->row == *id, "what was typed exempts whom it names");
    expect(table.rows().covering(typed).size() == 1, "a row covers itself");
    expect(table.rows().remove(*id), "it can be removed");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static Table table;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    Input input;
    for (const fuzz::Command& command : fuzz::commands_of(bytes)) {
        set(input, command);
    }
    table.fill(input);
    check_rows(table, input);
    check_mending(table);
    check_expiry(table);
    table.fill({});
    check_typed(table, input);
    return 0;
}
