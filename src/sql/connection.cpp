#include "sql/connection.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

#include <sys/socket.h>

#include <fmt/format.h>
#include <soci/soci.h>

#include "base/text.h"
#include "quarantine/error.h"
#include "sql/engine.h"
#include "sql/prepared.h"
#include "sql/statement_text.h"
#include "sql/watchdog.h"

namespace qm::sql {

namespace {

/// A caller that makes statements out of lists must not fill the memory of both sides.
constexpr std::size_t kMaxStatements = 200;

using SteadyTime = std::chrono::steady_clock::time_point;

} // namespace

class Connection::Body {
  public:
    Body(const Target& target, const ConnectOptions& options)
        : target_(target), options_(options), opened_(open_session(target, options))
    {
        if (target_.engine == Engine::sqlite) {
            obey_deadline(*opened_.session, &deadline_);
        }
    }

    ~Body()
    {
        // Farewells need the network too.
        if (broken_ && opened_.socket) {
            ::shutdown(opened_.socket.get(), SHUT_RDWR);
        }
        deadline_ = SteadyTime::max();
        const Watchdog::Watch watch(opened_.socket.get(),
                                    std::chrono::steady_clock::now() + std::chrono::seconds(1));
        statements_.clear();
        opened_.session.reset();
    }
    Body(const Body&) = delete;
    Body& operator=(const Body&) = delete;

    /// Runs a statement and gathers its rows; returns how many rows were changed.
    std::int64_t run(const std::string& statement, const std::vector<Kind>& columns, const Row& parameters,
                     std::vector<Row>& rows);

    const Target target_;
    const ConnectOptions options_;
    std::optional<SteadyTime> limit_; ///< give_up_at()
    bool broken_ = false;
    Opened opened_;

  private:
    std::int64_t run_watched(const std::string& statement, const std::vector<Kind>& columns,
                             const Row& parameters, std::vector<Row>& rows);
    Prepared& prepared(const std::string& statement, const std::vector<Kind>& columns, const Row& parameters);
    std::unique_ptr<Prepared> prepare(const std::string& statement, const std::vector<Kind>& columns,
                                      const Row& parameters);
    std::int64_t run_once(const std::string& statement);
    std::string translated(const std::string& statement, const Row& parameters) const;
    std::string about(const std::string& statement) const
    {
        return fmt::format("database {}: \"{}\"", target_.shown(), first_words(statement));
    }

    SteadyTime deadline_ = SteadyTime::max(); ///< of the statement that is running
    std::unordered_map<std::string, std::vector<std::unique_ptr<Prepared>>> statements_;
    std::size_t kept_ = 0;
};

std::string Connection::Body::translated(const std::string& statement, const Row& parameters) const
{
    StatementText result = translate(statement);
    // SQLite would run the first of two statements and forget the second.
    if (result.parameters != parameters.size() || (result.several && target_.engine != Engine::postgresql)) {
        throw std::logic_error(about(statement) + ": wrong number of parameters or statements");
    }
    return std::move(result.text);
}

std::unique_ptr<Prepared> Connection::Body::prepare(const std::string& statement,
                                                    const std::vector<Kind>& columns, const Row& parameters)
{
    return std::make_unique<Prepared>(*opened_.session, target_.engine, translated(statement, parameters),
                                      columns, parameters);
}

Prepared& Connection::Body::prepared(const std::string& statement, const std::vector<Kind>& columns,
                                     const Row& parameters)
{
    if (const auto known = statements_.find(statement); known != statements_.end()) {
        for (const auto& variant : known->second) {
            if (variant->fits(columns, parameters)) {
                return *variant;
            }
        }
    }
    if (kept_ >= kMaxStatements) {
        statements_.clear();
        kept_ = 0;
    }
    auto made = prepare(statement, columns, parameters);
    auto& variants = statements_[statement];
    variants.push_back(std::move(made));
    ++kept_;
    return *variants.back();
}

std::int64_t Connection::Body::run_once(const std::string& statement)
{
    soci::statement once(*opened_.session);
    once.alloc();
    once.prepare(translated(statement, {}), soci::details::st_one_time_query);
    once.define_and_bind();
    once.execute(true);
    return once.get_affected_rows();
}

std::int64_t Connection::Body::run_watched(const std::string& statement, const std::vector<Kind>& columns,
                                           const Row& parameters, std::vector<Row>& rows)
{
    if (is_repeatable(statement)) {
        return prepared(statement, columns, parameters).run(parameters, rows);
    }
    if (columns.empty() && parameters.empty()) {
        return run_once(statement);
    }
    return prepare(statement, columns, parameters)->run(parameters, rows);
}

std::int64_t Connection::Body::run(const std::string& statement, const std::vector<Kind>& columns,
                                   const Row& parameters, std::vector<Row>& rows)
{
    if (broken_) {
        throw BackendError(about(statement) + ": the connection is broken");
    }
    const SteadyTime now = std::chrono::steady_clock::now();
    deadline_ = now + options_.statement_timeout;
    if (limit_) {
        deadline_ = std::min(deadline_, *limit_);
        if (deadline_ <= now) {
            throw BackendError(about(statement) + ": no time is left");
        }
    }
    if (target_.engine == Engine::sqlite) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - now);
        set_busy_timeout(*opened_.session, std::min(options_.busy_timeout, left));
    }
    const Watchdog::Watch watch(opened_.socket.get(), deadline_);
    try {
        return run_watched(statement, columns, parameters, rows);
    } catch (const soci::soci_error& problem) {
        const std::string reason =
            watch.fired() ? std::string("no answer in time") : scrubbed(problem.get_error_message(), target_);
        broken_ = watch.fired() || is_lost(*opened_.session, target_.engine);
        // Its state is unknown now; the next use prepares it again.
        if (const auto known = statements_.find(statement); known != statements_.end() && !broken_) {
            kept_ -= known->second.size();
            statements_.erase(known);
        }
        throw BackendError(about(statement) + ": " + reason);
    }
}

Connection::Connection(const Target& target, const ConnectOptions& options)
    : body_(std::make_unique<Body>(target, options))
{
}

Connection::~Connection() = default;

Engine Connection::engine() const
{
    return body_->target_.engine;
}

bool Connection::is_broken() const
{
    return body_->broken_;
}

bool Connection::is_abandoned() const
{
    return sql::is_abandoned(body_->opened_, body_->target_);
}

void Connection::give_up_at(std::optional<std::chrono::steady_clock::time_point> limit)
{
    body_->limit_ = limit;
}

void Connection::mark_broken()
{
    body_->broken_ = true;
}

std::int64_t Connection::execute(const std::string& statement, const Row& parameters)
{
    std::vector<Row> none;
    return body_->run(statement, {}, parameters, none);
}

std::vector<Row> Connection::query(const std::string& statement, const std::vector<Kind>& columns,
                                   const Row& parameters)
{
    std::vector<Row> rows;
    body_->run(statement, columns, parameters, rows);
    return rows;
}

std::int64_t Connection::last_insert_id(const std::string& table)
{
    switch (engine()) {
    case Engine::sqlite:
        return integer_of(query("SELECT last_insert_rowid()", {Kind::integer}).at(0).at(0));
    case Engine::mysql:
        return integer_of(query("SELECT LAST_INSERT_ID()", {Kind::integer}).at(0).at(0));
    case Engine::postgresql:
        break;
    }
    return integer_of(
        query("SELECT currval(pg_get_serial_sequence(:1, 'id'))", {Kind::integer}, {table}).at(0).at(0));
}

Transaction::Transaction(Connection& connection) : connection_(connection)
{
    connection_.execute(connection_.engine() == Engine::sqlite ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction()
{
    if (!open_ || connection_.is_broken()) {
        return;
    }
    try {
        connection_.execute("ROLLBACK");
    } catch (const std::exception&) {
        // Whatever state it is in now, nobody else may inherit it.
        connection_.mark_broken();
    }
}

void Transaction::commit()
{
    connection_.execute("COMMIT");
    open_ = false;
}

} // namespace qm::sql
