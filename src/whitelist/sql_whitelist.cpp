#include "whitelist/sql_whitelist.h"

#include <array>
#include <atomic>
#include <filesystem>

#include <unistd.h>

#include <fmt/format.h>

#include "base/file.h"
#include "quarantine/error.h"
#include "whitelist/lookup.h"
#include "whitelist/usage_marks.h"
#include "whitelist/whitelist_rows.h"
#include "whitelist/whitelist_table.h"

namespace qm::whitelist {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kConnections = 6;
constexpr std::size_t kReaders = 2;
/// Whitelist::kDeadline less what ending a statement may take.
constexpr milliseconds kTimeForAnAnswer{4500};
/// A connection that broke at once was only old; one that took longer broke because the server hangs.
constexpr milliseconds kWorthASecondTry{1000};

sql::ConnectOptions connect_options()
{
    sql::ConnectOptions options;
    options.connect_timeout = std::chrono::seconds(3);
    options.statement_timeout = milliseconds(3000);
    options.busy_timeout = milliseconds(2000);
    options.create = true;
    return options;
}

sql::ConnectOptions read_options()
{
    sql::ConnectOptions options = connect_options();
    options.create = false;
    options.read_only = true;
    return options;
}

class SqlWhitelist final : public Whitelist {
  public:
    explicit SqlWhitelist(TablePlace place)
        : place_(std::move(place)), pool_(place_.target, connect_options(), kConnections),
          readers_(place_.target, read_options(), kReaders), questions_{question(Lookup::Width::ordinary),
                                                                        question(
                                                                            Lookup::Width::international),
                                                                        question(Lookup::Width::many)},
          marks_(pool_, place_.table)
    {
    }

    std::vector<std::optional<WhitelistMatch>>
    find_all(std::string_view sender, std::span<const std::string_view> recipients, Use use) override
    {
        const Clock::time_point deadline = Clock::now() + kTimeForAnAnswer;
        std::vector<std::optional<WhitelistMatch>> answers;
        answers.reserve(recipients.size());
        bool one_by_one = false;
        while (answers.size() < recipients.size()) {
            const Lookup lookup(
                sender,
                recipients.subspan(answers.size(), one_by_one ? 1 : recipients.size() - answers.size()));
            const std::vector<WhitelistMatch> rows = ask(lookup, use, deadline);
            if (rows.size() >= Lookup::kMaxRows && lookup.recipients() > 1) {
                one_by_one = true; // a row of one of them may be among those that were left out
                continue;
            }
            for (std::size_t place = 0; place < lookup.recipients(); ++place) {
                answers.push_back(most_specific(rows, lookup, place));
            }
        }
        if (use == Use::mark) {
            for (const std::optional<WhitelistMatch>& answer : answers) {
                if (answer) {
                    marks_.used(answer->row);
                }
            }
        }
        return answers;
    }

    std::unique_ptr<WhitelistRows> rows() override { return open_rows(place_); }

    std::string shown() const override
    {
        const TableName& table = place_.table;
        return fmt::format("{}, table {}{}{}", place_.target.shown(), table.schema(),
                           table.schema().empty() ? "" : ".", table.table());
    }

    void check() override
    {
        const sql::Target& target = place_.target;
        if (target.engine == sql::Engine::sqlite && !may_use_file(target)) {
            return;
        }
        sql::Connection connection(target, read_options());
        // A table that is missing is made at the first lookup; one with other columns is somebody else's.
        if (table_exists(connection, place_.table)) {
            connection.query(fmt::format("SELECT id, mailfrom, recipient, last_used FROM {} WHERE 1 = 0",
                                         place_.table.quoted(target.engine)),
                             std::vector<sql::Kind>(4, sql::Kind::text));
        }
    }

  private:
    std::string question(Lookup::Width width) const
    {
        return fmt::format("SELECT id, mailfrom, recipient FROM {}{}",
                           place_.table.quoted(place_.target.engine), Lookup::condition(width));
    }

    /// False when the file is not there yet but can be made; throws when it can be neither used nor made.
    static bool may_use_file(const sql::Target& target)
    {
        const bool there = std::filesystem::exists(target.path);
        const std::string folder = std::filesystem::path(target.path).parent_path().string();
        // Write-ahead logging needs the folder in any case.
        for (const auto& [path, mode] :
             {std::pair{folder, W_OK | X_OK}, std::pair{target.path, R_OK | W_OK}}) {
            if ((there || path == folder) && ::access(path.c_str(), mode) != 0) {
                throw BackendError(
                    fmt::format("database {}: {}: {}", target.shown(), path, error_text(errno)));
            }
        }
        return there;
    }

    std::vector<WhitelistMatch> ask(const Lookup& lookup, Use use, Clock::time_point deadline)
    {
        if (use == Use::look && is_missing(place_.target)) {
            return {};
        }
        const Clock::time_point begin = Clock::now();
        bool try_again = false;
        try {
            return ask_once(lookup, use, deadline, try_again);
        } catch (const BackendError&) {
            if (!try_again || Clock::now() - begin > kWorthASecondTry) {
                throw;
            }
        }
        return ask_once(lookup, use, deadline, try_again);
    }

    std::vector<WhitelistMatch> ask_once(const Lookup& lookup, Use use, Clock::time_point deadline,
                                         bool& try_again)
    {
        sql::Pool& pool = use == Use::mark ? pool_ : readers_;
        const sql::Pool::Lease lease =
            pool.lease(std::chrono::duration_cast<milliseconds>(deadline - Clock::now()));
        lease->give_up_at(deadline);
        try {
            if (!has_table(*lease, use)) {
                return {};
            }
            std::vector<WhitelistMatch> rows;
            for (const sql::Row& row :
                 lease->query(questions_.at(static_cast<std::size_t>(lookup.width())),
                              {sql::Kind::integer, sql::Kind::text, sql::Kind::text}, lookup.parameters())) {
                rows.push_back(
                    {sql::integer_of(row.at(0)), sql::text_of(row.at(1)), sql::text_of(row.at(2))});
            }
            return rows;
        } catch (const BackendError&) {
            // Either the connection was an old one, or somebody has dropped the table.
            try_again = lease->is_broken() || (use == Use::mark && table_known_.exchange(false));
            throw;
        }
    }

    /// Makes it if it may.
    bool has_table(sql::Connection& connection, Use use)
    {
        if (use == Use::look) {
            return table_exists(connection, place_.table);
        }
        if (!table_known_) {
            ensure_table(connection, place_.table);
            table_known_ = true;
        }
        return true;
    }

    /// A SQLite file that nobody has made yet.
    static bool is_missing(const sql::Target& target)
    {
        std::error_code ignored; // an unreadable folder is no missing file: connecting says why
        return target.engine == sql::Engine::sqlite &&
               std::filesystem::status(target.path, ignored).type() == std::filesystem::file_type::not_found;
    }

    static std::optional<WhitelistMatch> most_specific(const std::vector<WhitelistMatch>& rows,
                                                       const Lookup& lookup, std::size_t place)
    {
        std::optional<WhitelistMatch> best;
        Rank best_rank;
        for (const WhitelistMatch& row : rows) {
            const std::optional<Rank> rank = lookup.rank(row.mailfrom, row.recipient, place);
            // Among equals the oldest.
            if (rank && (!best || *rank < best_rank)) {
                best_rank = *rank;
                best = row;
            }
        }
        return best;
    }

    const TablePlace place_;
    sql::Pool pool_;
    sql::Pool readers_;                          ///< for looking: connects at the first look
    const std::array<std::string, 3> questions_; ///< by Lookup::Width
    std::atomic<bool> table_known_ = false;
    UsageMarks marks_; ///< last member: its thread uses the pool
};

} // namespace

std::span<const Option> sql_whitelist_options()
{
    static const std::array<Option, 2> kOptions{{
        {.name = "whitelist_db_connection",
         .kind = OptionKind::secret,
         .help =
             "Where the whitelist is: sqlite:///file.db (relative to this file), "
             "sqlite:////absolute/file.db, "
             "postgresql://user:password@host:port/db or mysql://user:password@host:port/db. Signs that mean "
             "something in a URL are written as %XX. A unix socket: "
             "postgresql://user@/db?host=/run/postgresql, "
             "mysql://user@/db?socket=/run/mysqld/mysqld.sock. TLS: ?sslmode= and ?sslrootcert= "
             "(PostgreSQL), "
             "?sslca= (MariaDB/MySQL).",
         .required = true,
         .example = "sqlite:////var/lib/quarantine-milter/whitelist.db"},
        {.name = "whitelist_db_table",
         .fallback = "whitelist",
         .help = "The table's name, optionally behind a schema and a dot. Made when it is missing."},
    }};
    return kOptions;
}

std::unique_ptr<Whitelist> open_sql_whitelist(const Section& section)
{
    std::optional<TablePlace> place = read_place(section);
    return place ? std::make_unique<SqlWhitelist>(std::move(*place)) : nullptr;
}

} // namespace qm::whitelist
