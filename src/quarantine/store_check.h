// Stores and catalog agree, or are made to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/search.h"
#include "quarantine/desk.h"

namespace qm {

/// Fills in what the message itself says, where `mail` does not say it yet; its size and its digest.
void complete(HeldMail& mail, std::string_view bytes);

/// One run over all stores.
///
/// Thread-safety: none.
class Desk::StoreCheck {
  public:
    struct Scope {
        bool repair = false;
        /// The leftovers of a process that died, and nothing else: what is taken up is told to its
        /// recipients, unless it is older than a day (then it is no leftover: the catalog was lost, or is an
        /// older one).
        bool sweep = false;
        Time since{};  ///< of ids; older ones are not looked at
        Time before{}; ///< nor those from then on: they may be under way
    };

    StoreCheck(Desk& desk, const Scope& scope, const Progress& progress);

    StoreReport run();

  private:
    template <typename Work>
    void guarded(const Quarantine& quarantine, Work work);
    void expect_in_place(const Quarantine& quarantine);
    void check_unfinished(const Quarantine& quarantine);
    void check_files(MessageStore& store, const std::string& name);
    void check_unknown(MessageStore& store, const std::string& name, const HeldId& id);
    void take_up(MessageStore& store, const HeldId& id, StoreFinding& finding);
    void record(MessageStore& store, const HeldMail& mail, std::vector<catalog::NewNotice> tell,
                StoreFinding& finding);
    std::vector<catalog::NewNotice> notices_for(const HeldMail& mail, const Quarantine& quarantine,
                                                std::string_view bytes);
    void add_reason(HeldMail& mail, std::string_view bytes) const;
    bool bytes_are_lost(const HeldId& id) const;
    void check_useless(MessageStore& store, const std::string& name, const HeldId& id);
    void drop_useless(MessageStore& store, const std::string& name, const HeldId& id);
    void check_rows(const Quarantine& quarantine);
    bool is_missing(const Quarantine& quarantine, const HeldId& id) const;
    bool has_any_before(const Quarantine& quarantine, const HeldId& newer);
    void settle_missing(const Quarantine& quarantine, const std::vector<HeldId>& missing);
    void add(StoreFinding finding);

    Desk& desk_;
    std::shared_ptr<const Settings> settings_;
    catalog::Search search_;
    Scope scope_;
    const Progress& progress_;
    StoreReport report_;
    std::uint64_t rows_ = 0;
};

} // namespace qm
