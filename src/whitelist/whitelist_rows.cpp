#include "whitelist/whitelist_rows.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "quarantine/error.h"
#include "whitelist/lookup.h"
#include "whitelist/side.h"

namespace qm::whitelist {

namespace {

constexpr std::size_t kPage = 1000;
constexpr std::size_t kBatch = 500;             ///< rows that one statement deletes
constexpr std::int64_t kBelowAnyId = INT32_MIN; ///< the column is an integer of 32 bits
constexpr std::size_t kLongestComment = 4000;

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
        const auto choose = [&](std::string_view column, const std::optional<std::string>& side) {
            if (!side) {
                return;
            }
            std::string places;
            for (std::string& text : spellings_of(*side)) {
                parameters.emplace_back(std::move(text));
                places += fmt::format("{}:{}", places.empty() ? "" : ", ", parameters.size());
            }
            question += fmt::format(" AND {} IN ({})", column, places);
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

    WhitelistRow as_written(const WhitelistRow& row) const override
    {
        WhitelistRow written = row;
        written.mailfrom = typed_side("sender", row.mailfrom);
        written.recipient = typed_side("recipient", row.recipient);
        written.comment = text::to_valid_utf8(row.comment);
        if (written.mailfrom.empty() && written.recipient.empty()) {
            throw ConfigError(
                "a row without sender and recipient would exempt everybody; expected at least one");
        }
        if (written.comment.size() > kLongestComment) {
            throw ConfigError(
                fmt::format("the comment is too long; expected at most {} bytes", kLongestComment));
        }
        return written;
    }

    std::vector<WhitelistRow> covering(const WhitelistRow& row) override
    {
        const WhitelistRow written = as_written(row);
        const Lookup lookup(written.mailfrom, written.recipient);
        std::vector<std::pair<Rank, WhitelistRow>> ranked;
        for (const sql::Row& found :
             read(columns_ + Lookup::condition(lookup.width()), lookup.parameters())) {
            WhitelistRow other = row_of(found);
            if (const std::optional<Rank> rank = lookup.rank(other.mailfrom, other.recipient)) {
                ranked.emplace_back(*rank, std::move(other));
            }
        }
        std::ranges::stable_sort(ranked, {}, [](const auto& pair) { return pair.first; });
        std::vector<WhitelistRow> rows;
        for (auto& [rank, other] : ranked) {
            rows.push_back(std::move(other));
        }
        return rows;
    }

    std::optional<std::int64_t> add(const WhitelistRow& row) override
    {
        const WhitelistRow written = as_written(row);
        sql::Transaction transaction(connection_);
        for (const std::string& mailfrom : {written.mailfrom, native_spelling(written.mailfrom)}) {
            for (const std::string& recipient : {written.recipient, native_spelling(written.recipient)}) {
                if (!ids_of(mailfrom, recipient).empty()) {
                    return std::nullopt;
                }
            }
        }
        const std::string now = database_time(std::chrono::system_clock::now());
        connection_.execute(
            fmt::format("INSERT INTO {} (mailfrom, recipient, created, last_used, comment, permanent) "
                        "VALUES (:1, :2, :3, :4, :5, :6)",
                        table_),
            {written.mailfrom, written.recipient, now, now, written.comment, flag(written.permanent)});
        const std::int64_t id = connection_.last_insert_id(table_);
        transaction.commit();
        return id;
    }

    std::int64_t expire(std::chrono::sys_seconds moment, bool dry_run) override
    {
        const std::string before = database_time(moment);
        if (dry_run) {
            return sql::integer_of(
                connection_
                    .query(fmt::format("SELECT count(*) FROM {} WHERE {}", table_, is_expired(1)),
                           {sql::Kind::integer}, {before})
                    .at(0)
                    .at(0));
        }
        std::int64_t removed = 0;
        std::int64_t behind = kBelowAnyId;
        for (;;) {
            const std::vector<sql::Row> page =
                connection_.query(fmt::format("SELECT id FROM {} WHERE id > :1 AND {} ORDER BY id LIMIT {}",
                                              table_, is_expired(2), kBatch),
                                  {sql::Kind::integer}, {behind, before});
            if (page.empty()) {
                return removed;
            }
            const std::int64_t last = sql::integer_of(page.back().at(0));
            // Asked again: a row may have been used since.
            removed += connection_.execute(
                fmt::format("DELETE FROM {} WHERE id > :1 AND id <= :2 AND {}", table_, is_expired(3)),
                {behind, last, before});
            behind = last;
        }
    }

    bool remove(std::int64_t id) override
    {
        return connection_.execute(fmt::format("DELETE FROM {} WHERE id = :1", table_), {id}) > 0;
    }

    std::vector<BadRow> bad_rows(std::size_t limit) override
    {
        std::vector<BadRow> bad;
        std::int64_t behind = kBelowAnyId;
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

    /// The condition of expire(); the parameter of this number is the moment.
    std::string is_expired(int moment) const
    {
        constexpr std::string_view kTime = "COALESCE(last_used, created)";
        // SQLite takes anything for a time, and a number is below every text: what does not look like a time
        // stays.
        const std::string_view readable = connection_.engine() == sql::Engine::sqlite
                                              ? "COALESCE(last_used, created) GLOB "
                                                "'[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' AND "
                                              : "";
        return fmt::format("CASE WHEN permanent THEN 1 ELSE 0 END = 0 AND {}{} < :{}", readable, kTime,
                           moment);
    }

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
        const SideJudgement sender = judge_side("mailfrom", row.at(1));
        const SideJudgement recipient = judge_side("recipient", row.at(2));
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

std::unique_ptr<WhitelistRows> open_rows(const TablePlace& place)
{
    return std::make_unique<SqlRows>(place);
}

} // namespace qm::whitelist
