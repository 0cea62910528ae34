#include "sql/prepared.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace qm::sql {

namespace {

Kind kind_of(const Value& value)
{
    return std::holds_alternative<std::int64_t>(value) ? Kind::integer : Kind::text;
}

} // namespace

std::string as_stored(Engine engine, std::string_view text)
{
    std::string result;
    if (engine == Engine::sqlite) {
        return result.assign(text);
    }
    result.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = text.front() == '\0' ? 0 : text::utf8_length(text);
        if (length == 0) {
            result += fmt::format("\uFFFD{:02x}", static_cast<unsigned char>(text.front()));
        }
        result += text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return result;
}

Prepared::Prepared(soci::session& session, Engine engine, const std::string& text,
                   const std::vector<Kind>& columns, const Row& parameters)
    : engine_(engine), columns_(columns), in_(parameters.size()), out_(columns.size()), statement_(session)
{
    statement_.alloc();
    for (std::size_t i = 0; i < columns.size(); ++i) {
        Slot& slot = out_[i];
        slot.kind = columns[i];
        if (slot.kind == Kind::integer) {
            statement_.exchange(soci::into(slot.number, slot.state));
        } else {
            statement_.exchange(soci::into(slot.text, slot.state));
        }
    }
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        Slot& slot = in_[i];
        slot.kind = kind_of(parameters[i]);
        const std::string name = "p" + std::to_string(i + 1);
        if (slot.kind == Kind::integer) {
            statement_.exchange(soci::use(slot.number, slot.state, name));
        } else {
            statement_.exchange(soci::use(slot.text, slot.state, name));
        }
    }
    statement_.prepare(text, soci::details::st_repeatable_query);
    statement_.define_and_bind();
}

bool Prepared::fits(const std::vector<Kind>& columns, const Row& parameters) const
{
    if (columns != columns_ || parameters.size() != in_.size()) {
        return false;
    }
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (!std::holds_alternative<std::monostate>(parameters[i]) && kind_of(parameters[i]) != in_[i].kind) {
            return false;
        }
    }
    return true;
}

void Prepared::fill(const Row& parameters)
{
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        Slot& slot = in_[i];
        slot.state = soci::i_ok;
        if (const auto* number = std::get_if<std::int64_t>(&parameters[i])) {
            slot.number = *number;
        } else if (const auto* text = std::get_if<std::string>(&parameters[i])) {
            slot.text = as_stored(engine_, *text);
        } else {
            slot.state = soci::i_null;
        }
    }
}

Row Prepared::row() const
{
    Row row;
    row.reserve(out_.size());
    for (const Slot& slot : out_) {
        if (slot.state == soci::i_null) {
            row.emplace_back();
        } else if (slot.kind == Kind::integer) {
            row.emplace_back(static_cast<std::int64_t>(slot.number));
        } else {
            row.emplace_back(slot.text);
        }
    }
    return row;
}

std::int64_t Prepared::run(const Row& parameters, std::vector<Row>& rows)
{
    fill(parameters);
    bool has_row = statement_.execute(true);
    while (has_row && !out_.empty()) {
        rows.push_back(row());
        has_row = statement_.fetch();
    }
    return statement_.get_affected_rows();
}

} // namespace qm::sql
