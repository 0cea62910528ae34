#include "whitelist/sql_whitelist.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>

#include <unistd.h>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "mail/address.h"
#include "quarantine/error.h"
#include "whitelist/usage_marks.h"
#include "whitelist/whitelist_table.h"

namespace qm::whitelist {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kConnections = 6;
/// Whitelist::kDeadline less what ending a statement may take.
constexpr milliseconds kTimeForALookup{4500};
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

/// What a column may say to match, the most telling first, at a fixed length, so that one statement serves
/// all lookups.
template <std::size_t n>
class Candidates {
  public:
    /// An address and its domain, each once, "" never.
    void add_address(std::string_view address)
    {
        const std::string lower = text::to_valid_utf8(text::to_lower(address));
        add(lower, addresses_);
        if (const std::string_view domain = mail::domain(lower); !domain.empty()) {
            add("@" + std::string(domain), domains_);
        }
    }

    /// Addresses in the order they were added, then their domains, then the wildcard; filled up with it.
    std::array<std::string, n> in_order() const
    {
        std::array<std::string, n> all;
        std::size_t used = 0;
        for (const auto* some : {&addresses_, &domains_}) {
            for (const std::string& text : *some) {
                all.at(used++) = text;
            }
        }
        return all;
    }

  private:
    static void add(std::string text, std::vector<std::string>& to)
    {
        if (!text.empty() && std::find(to.begin(), to.end(), text) == to.end()) {
            to.push_back(std::move(text));
        }
    }
    std::vector<std::string> addresses_, domains_;
};

/// As received, without needless quotes, behind BATV or SRS: three addresses, three domains, the wildcard.
constexpr std::size_t kSenders = 7;
constexpr std::size_t kRecipients = 5;

std::array<std::string, kSenders> sender_candidates(std::string_view sender)
{
    Candidates<kSenders> candidates;
    candidates.add_address(sender);
    candidates.add_address(mail::key(sender));
    candidates.add_address(mail::key(mail::unwrapped_sender(sender)));
    return candidates.in_order();
}

std::array<std::string, kRecipients> recipient_candidates(std::string_view recipient)
{
    Candidates<kRecipients> candidates;
    candidates.add_address(recipient);
    candidates.add_address(mail::key(recipient));
    return candidates.in_order();
}

/// The position of a row's text among the candidates; nothing if the database's idea of equality (accents,
/// trailing blanks) is wider than ours. Capitals are as the database sees them.
template <std::size_t n>
std::optional<std::size_t> rank(const std::array<std::string, n>& candidates, std::string_view in_row)
{
    const auto found = std::find(candidates.begin(), candidates.end(), text::to_lower(in_row));
    if (found == candidates.end()) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - candidates.begin());
}

class SqlWhitelist final : public Whitelist {
  public:
    explicit SqlWhitelist(TablePlace place)
        : table_(std::move(place.table)), pool_(std::move(place.target), connect_options(), kConnections),
          question_(question(pool_.target().engine, table_)), marks_(pool_, table_)
    {
    }

    std::optional<WhitelistMatch> find(std::string_view sender, std::string_view recipient) override
    {
        const auto senders = sender_candidates(sender);
        const auto recipients = recipient_candidates(recipient);
        const std::vector<sql::Row> rows = ask(senders, recipients);
        std::optional<WhitelistMatch> best = most_specific(rows, senders, recipients);
        if (best) {
            marks_.used(best->row);
        }
        return best;
    }

    void check() override
    {
        const sql::Target& target = pool_.target();
        if (target.engine == sql::Engine::sqlite && !may_use_file(target)) {
            return;
        }
        sql::ConnectOptions options = connect_options();
        options.create = false;
        options.read_only = true;
        sql::Connection connection(target, options);
        // A table that is missing is made at the first lookup; one with other columns is somebody else's.
        if (table_exists(connection, table_)) {
            connection.query(fmt::format("SELECT id, mailfrom, recipient, last_used FROM {} WHERE 1 = 0",
                                         table_.quoted(target.engine)),
                             std::vector<sql::Kind>(4, sql::Kind::text));
        }
    }

  private:
    static std::string question(sql::Engine engine, const TableName& table)
    {
        std::string text =
            fmt::format("SELECT id, mailfrom, recipient FROM {} WHERE mailfrom IN (", table.quoted(engine));
        for (std::size_t i = 1; i <= kSenders + kRecipients; ++i) {
            text += fmt::format("{}:{}", i == 1 ? "" : i == kSenders + 1 ? ") AND recipient IN (" : ", ", i);
        }
        // A table without the unique index may hold a row a thousand times.
        return text + ") ORDER BY id LIMIT 200";
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

    std::vector<sql::Row> ask(const std::array<std::string, kSenders>& senders,
                              const std::array<std::string, kRecipients>& recipients)
    {
        sql::Row parameters(senders.begin(), senders.end());
        parameters.insert(parameters.end(), recipients.begin(), recipients.end());
        const Clock::time_point begin = Clock::now();
        const Clock::time_point deadline = begin + kTimeForALookup;
        bool try_again = false;
        try {
            return ask_once(parameters, deadline, try_again);
        } catch (const BackendError&) {
            if (!try_again || Clock::now() - begin > kWorthASecondTry) {
                throw;
            }
        }
        return ask_once(parameters, deadline, try_again);
    }

    std::vector<sql::Row> ask_once(const sql::Row& parameters, Clock::time_point deadline, bool& try_again)
    {
        const sql::Pool::Lease lease =
            pool_.lease(std::chrono::duration_cast<milliseconds>(deadline - Clock::now()));
        lease->give_up_at(deadline);
        try {
            if (!table_known_) {
                ensure_table(*lease, table_);
                table_known_ = true;
            }
            return lease->query(question_, {sql::Kind::integer, sql::Kind::text, sql::Kind::text},
                                parameters);
        } catch (const BackendError&) {
            // Either the connection was an old one, or somebody has dropped the table.
            try_again = lease->is_broken() || table_known_.exchange(false);
            throw;
        }
    }

    static std::optional<WhitelistMatch> most_specific(const std::vector<sql::Row>& rows,
                                                       const std::array<std::string, kSenders>& senders,
                                                       const std::array<std::string, kRecipients>& recipients)
    {
        std::optional<WhitelistMatch> best;
        std::pair<std::size_t, std::size_t> best_rank;
        for (const sql::Row& row : rows) {
            std::string mailfrom = sql::text_of(row.at(1));
            std::string recipient = sql::text_of(row.at(2));
            const auto sender_rank = rank(senders, mailfrom);
            const auto recipient_rank = rank(recipients, recipient);
            if (!sender_rank || !recipient_rank) {
                continue;
            }
            // The sender decides first: who wrote is the stronger statement. Then the recipient, then the
            // age.
            const std::pair own_rank(*sender_rank, *recipient_rank);
            if (!best || own_rank < best_rank) {
                best_rank = own_rank;
                best = WhitelistMatch{sql::integer_of(row.at(0)), std::move(mailfrom), std::move(recipient)};
            }
        }
        return best;
    }

    const TableName table_;
    sql::Pool pool_;
    const std::string question_;
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
