// One statement that was prepared once and is run often.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include <soci/soci.h>

#include "sql/connection.h"

namespace qm::sql {

/// A statement with its bound variables. Its parameters have fixed kinds: a NULL fits any.
///
/// Thread-safety: none. Errors: soci::soci_error; throw the object away after one.
class Prepared {
  public:
    Prepared(soci::session& session, Engine engine, const std::string& text, const std::vector<Kind>& columns,
             const Row& parameters);
    Prepared(const Prepared&) = delete;
    Prepared& operator=(const Prepared&) = delete;

    bool fits(const std::vector<Kind>& columns, const Row& parameters) const;

    /// Runs it; the rows, if it has columns, are appended to `rows`. Returns how many rows were changed.
    std::int64_t run(const Row& parameters, std::vector<Row>& rows);

  private:
    struct Slot {
        Kind kind = Kind::text;
        long long number = 0;
        std::string text;
        soci::indicator state = soci::i_null;
    };
    void fill(const Row& parameters);
    Row row() const;

    Engine engine_;
    std::vector<Kind> columns_;
    std::deque<Slot> in_, out_; ///< bound by address
    soci::statement statement_;
};

} // namespace qm::sql
