#include "catalog/finding.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "catalog/held_rows.h"
#include "catalog/schema.h"
#include "mail/address.h"
#include "quarantine/error.h"

namespace qm::catalog {
namespace {

using sql::Kind;
using sql::text_of;

/// So many rows are looked at one by one without anybody noticing.
constexpr std::int64_t kRare = 5000;

/// An address, or one with bytes that are no text, as the catalog says them (sql::as_stored): no mail can go
/// there, but one may be on record.
bool is_address(std::string key)
{
    constexpr std::string_view kMark = "\uFFFD";
    for (auto at = key.find(kMark); at != std::string::npos; at = key.find(kMark, at)) {
        key.replace(at, kMark.size(), "x");
    }
    return mail::is_sendable(key);
}

} // namespace

std::string lowest_id(std::chrono::sys_time<std::chrono::milliseconds> moment)
{
    // An id has 48 bits for it.
    if (moment.time_since_epoch().count() >= std::int64_t{1} << 48) {
        return std::string(kAboveIds);
    }
    return moment.time_since_epoch().count() < 0 ? std::string()
                                                 : HeldId(moment, std::string(10, '\0')).str();
}

std::vector<std::string> quarantines_on_record(sql::Connection& database)
{
    // From name to name through the index, not from row to row.
    const auto rows = database.query(
        "WITH RECURSIVE found (name) AS (SELECT min(quarantine) FROM held_message UNION ALL"
        " SELECT (SELECT min(quarantine) FROM held_message WHERE quarantine > found.name) FROM found"
        " WHERE found.name IS NOT NULL) SELECT name FROM found WHERE name IS NOT NULL",
        {Kind::text});
    std::vector<std::string> names;
    std::ranges::transform(rows, std::back_inserter(names),
                           [](const sql::Row& row) { return text_of(row.at(0)); });
    return names;
}

Finding::Finding(sql::Connection& database, const HeldFilter& filter)
    : database_(database), quarantine_(filter.quarantine), state_(filter.state), unsent_(filter.unsent),
      from_(filter.since ? lowest_id(std::chrono::floor<std::chrono::milliseconds>(*filter.since))
                         : std::string()),
      below_(filter.until ? lowest_id(std::chrono::ceil<std::chrono::milliseconds>(*filter.until))
                          : std::string(kAboveIds))
{
    if (!filter.before.empty()) {
        below_ = std::min(below_, filter.before.str());
    }
    if (!filter.sender.empty()) {
        sender_ = address_term(filter.sender, "sender", "sender");
    }
    if (!filter.recipient.empty()) {
        recipient_ = address_term(filter.recipient, "address", "recipient");
    }
    index_ = leading_index();
}

Finding::Term Finding::address_term(std::string_view asked, const std::string& prefix, std::string_view role)
{
    const std::string_view trimmed = text::trim(asked);
    if (trimmed == "<>" && role == "sender") {
        return {.column = prefix + "_key", .value = {}};
    }
    if (trimmed.starts_with('@')) {
        // Any local part makes an address of it.
        const std::string whole = mail::key("x" + std::string(trimmed));
        const std::string_view domain = mail::domain(whole);
        if (is_address(whole) && whole == fmt::format("x@{}", domain)) {
            return {.column = prefix + "_domain", .value = column_key(std::string(domain))};
        }
    } else if (const std::string key = mail::key(mail::without_brackets(trimmed)); is_address(key)) {
        return {.column = prefix + "_key", .value = column_key(key)};
    }
    throw ConfigError(
        fmt::format("{} '{}': expected an address (user@example.org), a domain (@example.org){}", role,
                    text::printable(asked, 100), role == "sender" ? " or <> for the null sender" : ""));
}

std::string Finding::table(const std::string& index) const
{
    return "held_recipient" + through_index(database_, "held_recipient_" + index);
}

std::string Finding::leading_index()
{
    if (!sender_ || !recipient_) {
        return sender_ ? sender_->column : recipient_ ? recipient_->column : state_ || unsent_ ? "state" : "";
    }
    const bool is_address = recipient_->column == "address_key";
    if (!is_address && sender_->column == "sender_domain") {
        return "domains";
    }
    const Term& leader = is_address ? *recipient_ : *sender_;
    const Term& other = is_address ? *sender_ : *recipient_;
    return !is_rare(leader) && is_rare(other) ? other.column : leader.column;
}

bool Finding::is_rare(const Term& term)
{
    const auto rows = database_.query(
        fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} WHERE {} = :1 LIMIT :2) AS counted",
                    table(term.column), term.column),
        {Kind::integer}, {term.value, kRare});
    return sql::integer_of(rows.at(0).at(0)) < kRare;
}

std::vector<HeldId> Finding::next(std::size_t limit)
{
    const Newest newest = index_.empty() ? newest_messages(limit) : newest_by_recipient(limit);
    std::vector<HeldId> ids;
    std::ranges::transform(newest, std::back_inserter(ids),
                           [](const std::string& id) { return HeldId::parse(id); });
    if (!ids.empty()) {
        below_ = ids.back().str();
    }
    return ids;
}

Finding::Newest Finding::newest_messages(std::size_t limit)
{
    sql::Row parameters{from_, below_, static_cast<std::int64_t>(limit)};
    std::string statement = "SELECT id FROM held_message WHERE id >= :1 AND id < :2";
    if (!quarantine_.empty()) {
        statement += " AND quarantine = :4";
        parameters.emplace_back(quarantine_);
    }
    Newest newest;
    for (const sql::Row& row :
         database_.query(statement + " ORDER BY id DESC LIMIT :3", {Kind::text}, parameters)) {
        newest.insert(text_of(row.at(0)));
    }
    return newest;
}

Finding::Newest Finding::newest_by_recipient(std::size_t limit)
{
    const std::vector<std::string> quarantines =
        quarantine_.empty() ? quarantines_on_record(database_) : std::vector{quarantine_};
    Newest newest;
    for (const std::string& quarantine : quarantines) {
        for (const RecipientState state : recipient_states()) {
            if ((!state_ || *state_ == state) && (!unsent_ || is_waiting(state))) {
                add_newest(newest, quarantine, state, limit);
            }
        }
    }
    return newest;
}

/// Adds the newest of one quarantine and one state and keeps the newest of all.
void Finding::add_newest(Newest& newest, const std::string& quarantine, RecipientState state,
                         std::size_t limit)
{
    // What is older than `limit` others need not be read.
    const std::string& from = newest.size() < limit ? from_ : *newest.rbegin();
    std::string statement = "SELECT DISTINCT message FROM " + table(index_) +
                            " WHERE quarantine = :1 AND state = :2 AND message >= :3 AND message < :4";
    sql::Row parameters{quarantine, std::string(to_string(state)), from, below_,
                        static_cast<std::int64_t>(limit)};
    for (const auto& term : {sender_, recipient_}) {
        if (term) {
            parameters.emplace_back(term->value);
            statement += fmt::format(" AND {} = :{}", term->column, parameters.size());
        }
    }
    if (unsent_) {
        // The first condition is about few messages, and quick to ask.
        statement +=
            fmt::format(" AND message IN (SELECT message FROM notice{}"
                        " WHERE state IN ('refused', 'expired')) AND EXISTS (SELECT 1 FROM notice n{}"
                        " WHERE n.message = held_recipient.message"
                        " AND n.recipient = held_recipient.address AND {})",
                        through_index(database_, "notice_state"), through_index(database_, "notice_message"),
                        unsent_notice(database_, "n"));
    }
    for (const sql::Row& row :
         database_.query(statement + " ORDER BY message DESC LIMIT :5", {Kind::text}, parameters)) {
        newest.insert(text_of(row.at(0)));
    }
    while (newest.size() > limit) {
        newest.erase(std::prev(newest.end()));
    }
}

} // namespace qm::catalog
