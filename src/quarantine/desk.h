// The desk: judges mail by the current settings and begins to hold it. (Release, search and expiry will live
// here too.)
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/snapshot.h"
#include "catalog/catalog.h"
#include "mail/headers.h"
#include "quarantine/holding.h"
#include "quarantine/settings.h"

namespace qm {

/// Thread-safety: every member may be called at once from any thread.
class Desk {
  public:
    Desk(Snapshot<Settings>& settings, catalog::Catalog& catalog, const Clock& clock);

    /// The settings of this moment: a mail keeps those it began with.
    std::shared_ptr<const Settings> settings() const { return settings_.get(); }

    /// Judges a mail at the end of its headers. nullptr: it concerns nobody, accept it now. Otherwise the
    /// mail is on its way into the stores. Errors: BackendError (a whitelist or a store failed): answer 451.
    std::unique_ptr<Holding> judge(const std::shared_ptr<const Settings>& settings, const Envelope& envelope,
                                   const mail::Headers& headers);

  private:
    Snapshot<Settings>& settings_;
    catalog::Catalog& catalog_;
    const Clock& clock_;
};

} // namespace qm
