#include "whitelist/whitelist_rows.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "mail/address.h"
#include "quarantine/error.h"
#include "whitelist/whitelist_table.h"

namespace qm::whitelist {

namespace {

constexpr std::size_t kPage = 1000;
constexpr std::size_t kLongestSide = 255; ///< of the columns
constexpr std::size_t kLongestComment = 4000;

/// "" or @domain or local@domain.
bool is_side(std::string_view text)
{
    return text.empty() || (!mail::domain(text).empty() && text.size() <= kLongestSide);
}

std::string cleaned(std::string_view side)
{
    side = text::trim(side);
    if (side.size() > 2 && side.front() == '<' && side.back() == '>') {
        side = text::trim(side.substr(1, side.size() - 2));
    }
    return text::to_lower(side);
}

/// One side of a row: what is wrong ("" if nothing) and what it should be (nothing: nobody can know).
struct Judgement {
    std::string problem;
    std::optional<std::string> mended;
};

Judgement judge(std::string_view column, const sql::Value& value)
{
    if (std::holds_alternative<std::monostate>(value)) {
        return {fmt::format("{} is NULL; an empty text is the wildcard", column), std::nullopt};
    }
    const std::string text = sql::text_of(value);
    const std::string clean = cleaned(text);
    if (text == clean && is_side(text)) {
        return {{}, text};
    }
    if (!is_side(clean) || clean.empty()) {
        return {fmt::format("{} is neither an address nor @domain nor empty", column), std::nullopt};
    }
    return {fmt::format("{} has {}", column,
                        text::equals_ignoring_case(text, clean) ? "capital letters"
                                                                : "blanks or brackets around it"),
            clean};
}

/// A side as an administrator typed it. Errors: ConfigError.
std::string typed_side(std::string_view column, std::string_view text)
{
    std::string clean = cleaned(text);
    if (!is_side(clean) || text::to_valid_utf8(clean) != clean || clean.find('\0') != std::string::npos) {
        throw ConfigError(fmt::format("{} \"{}\": expected an address, @domain or nothing, at most {} bytes",
                                      column, text::printable(text, 100), kLongestSide));
    }
    return clean;
}

class SqlRows final : public WhitelistRows {
  public:
    explicit SqlRows(const TablePlace& place)
        : connection_(place.target, options()), table_(place.table.quoted(place.target.engine)),
          columns_(fmt::format("SELECT id, mailfrom, recipient, created, last_used, comment, "
                               "CASE WHEN permanent THEN 1 ELSE 0 END FROM {}",
                               table_))
    {
        ensure_table(connection_, place.table);
    }

    std::vector<WhitelistRow> list(const RowFilter& filter) override
    {
        std::string question = columns_ + " WHERE id > :1";
        sql::Row parameters{filter.behind};
        const auto choose = [&](std::string_view column, const std::optional<std::string>& text) {
            if (text) {
                parameters.emplace_back(text::to_valid_utf8(text::to_lower(*text)));
                question += fmt::format(" AND {} = :{}", column, parameters.size());
            }
        };
        choose("mailfrom", filter.mailfrom);
        choose("recipient", filter.recipient);
        std::vector<WhitelistRow> rows;
        for (const sql::Row& row :
             read(fmt::format("{} ORDER BY id LIMIT {}", question, std::min(filter.limit, kPage)),
                  parameters)) {
            rows.push_back(row_of(row));
        }
        return rows;
    }

    std::optional<std::int64_t> add(const WhitelistRow& row) override
    {
        const std::string mailfrom = typed_side("sender", row.mailfrom);
        const std::string recipient = typed_side("recipient", row.recipient);
        if (mailfrom.empty() && recipient.empty()) {
            throw ConfigError(
                "a row without sender and recipient would exempt everybody; expected at least one");
        }
        if (row.comment.size() > kLongestComment) {
            throw ConfigError(
                fmt::format("the comment is too long; expected at most {} bytes", kLongestComment));
        }
        sql::Transaction transaction(connection_);
        if (!ids_of(mailfrom, recipient).empty()) {
            return std::nullopt;
        }
        const std::string now = database_time(std::chrono::system_clock::now());
        connection_.execute(
            fmt::format("INSERT INTO {} (mailfrom, recipient, created, last_used, comment, permanent) "
                        "VALUES (:1, :2, :3, :4, :5, :6)",
                        table_),
            {mailfrom, recipient, now, now, text::to_valid_utf8(row.comment), flag(row.permanent)});
        const std::int64_t id = connection_.last_insert_id(table_);
        transaction.commit();
        return id;
    }

    bool remove(std::int64_t id) override
    {
        return connection_.execute(fmt::format("DELETE FROM {} WHERE id = :1", table_), {id}) > 0;
    }

    std::vector<BadRow> bad_rows(std::size_t limit) override
    {
        std::vector<BadRow> bad;
        std::int64_t behind = INT32_MIN; // the column is an integer of 32 bits
        for (;;) {
            const auto page =
                read(fmt::format("{} WHERE id > :1 ORDER BY id LIMIT {}", columns_, kPage), {behind});
            for (const sql::Row& row : page) {
                behind = sql::integer_of(row.at(0));
                append_if_bad(row, bad);
                if (bad.size() >= limit) {
                    return bad;
                }
            }
            if (page.size() < kPage) {
                return bad;
            }
        }
    }

    Mended mend(const BadRow& bad) override
    {
        if (!bad.mendable) {
            return Mended::untouched;
        }
        const sql::Row old{bad.row.id, bad.row.mailfrom, bad.row.recipient};
        sql::Transaction transaction(connection_);
        const std::vector<std::int64_t> good = ids_of(bad.mailfrom, bad.recipient);
        const auto other =
            std::find_if(good.begin(), good.end(), [&](std::int64_t id) { return id != bad.row.id; });
        Mended result = Mended::changed;
        std::int64_t changed = 0;
        if (other != good.end()) {
            changed = connection_.execute(
                fmt::format("DELETE FROM {} WHERE id = :1 AND mailfrom = :2 AND recipient = :3", table_),
                old);
            if (changed > 0 && bad.row.permanent) {
                connection_.execute(fmt::format("UPDATE {} SET permanent = :1 WHERE id = :2", table_),
                                    {flag(true), *other});
            }
            result = Mended::removed;
        } else {
            changed = connection_.execute(
                fmt::format("UPDATE {} SET mailfrom = :4, recipient = :5 "
                            "WHERE id = :1 AND mailfrom = :2 AND recipient = :3",
                            table_),
                {bad.row.id, bad.row.mailfrom, bad.row.recipient, bad.mailfrom, bad.recipient});
        }
        transaction.commit();
        return changed > 0 ? result : Mended::untouched;
    }

  private:
    static sql::ConnectOptions options()
    {
        sql::ConnectOptions options;
        options.create = true;
        options.statement_timeout = std::chrono::seconds(30);
        options.busy_timeout = std::chrono::seconds(10);
        return options;
    }

    /// PostgreSQL takes 1 and 0 for a boolean when they come as text, as parameters do.
    static sql::Value flag(bool value) { return std::int64_t{value ? 1 : 0}; }

    std::vector<sql::Row> read(const std::string& question, const sql::Row& parameters)
    {
        using sql::Kind;
        return connection_.query(
            question,
            {Kind::integer, Kind::text, Kind::text, Kind::text, Kind::text, Kind::text, Kind::integer},
            parameters);
    }

    /// Exactly these, also where the database's equality is wider.
    std::vector<std::int64_t> ids_of(const std::string& mailfrom, const std::string& recipient)
    {
        std::vector<std::int64_t> ids;
        for (const sql::Row& row :
             read(columns_ + " WHERE mailfrom = :1 AND recipient = :2 ORDER BY id LIMIT 100",
                  {mailfrom, recipient})) {
            const WhitelistRow found = row_of(row);
            if (found.mailfrom == mailfrom && found.recipient == recipient) {
                ids.push_back(found.id);
            }
        }
        return ids;
    }

    static WhitelistRow row_of(const sql::Row& row)
    {
        return {sql::integer_of(row.at(0)),     sql::text_of(row.at(1)), sql::text_of(row.at(2)),
                sql::text_of(row.at(3)),        sql::text_of(row.at(4)), sql::text_of(row.at(5)),
                sql::integer_of(row.at(6)) != 0};
    }

    static void append_if_bad(const sql::Row& row, std::vector<BadRow>& to)
    {
        const Judgement sender = judge("mailfrom", row.at(1));
        const Judgement recipient = judge("recipient", row.at(2));
        if (sender.problem.empty() && recipient.problem.empty()) {
            return;
        }
        BadRow bad;
        bad.row = row_of(row);
        bad.problem = sender.problem;
        if (!recipient.problem.empty()) {
            bad.problem += (bad.problem.empty() ? "" : "; ") + recipient.problem;
        }
        bad.mendable = sender.mended && recipient.mended;
        if (bad.mendable) {
            bad.mailfrom = *sender.mended;
            bad.recipient = *recipient.mended;
        }
        to.push_back(std::move(bad));
    }

    sql::Connection connection_;
    const std::string table_;
    const std::string columns_;
};

} // namespace

std::unique_ptr<WhitelistRows> open_whitelist_rows(const Section& section)
{
    const std::optional<TablePlace> place = read_place(section);
    return place ? std::make_unique<SqlRows>(*place) : nullptr;
}

} // namespace qm::whitelist
