#include "quarantine/open_desk.h"

#include <utility>

#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/snapshot.h"
#include "catalog/catalog.h"
#include "quarantine/error.h"

namespace qm {

/// No mail waits for a program beside the daemon, and counting millions of rows takes its time.
constexpr std::chrono::minutes kPatience{10};

class OpenDesk::Body {
  public:
    Body(std::shared_ptr<const Settings> settings, Mode mode)
        : settings_(std::move(settings)),
          catalog_(settings_.get()->global.catalog, settings_.get()->folder, clock_, kPatience),
          desk_(settings_, catalog_, clock_)
    {
        const std::string file = catalog_.file();
        if (mode == Mode::read && !file.empty() && access(file.c_str(), F_OK) != 0) {
            throw BackendError("catalog " + catalog_.shown() + ": " + error_text(errno) +
                               " (the daemon makes it when it starts for the first time)");
        }
        if (mode == Mode::read) {
            catalog_.expect_current();
        } else if (mode == Mode::work) {
            catalog_.open();
            desk_.resolve_left_releases();
        }
    }

    Desk& desk() { return desk_; }

  private:
    SystemClock clock_;
    Snapshot<Settings> settings_;
    catalog::Catalog catalog_;
    Desk desk_;
};

OpenDesk::OpenDesk(std::shared_ptr<const Settings> settings, Mode mode)
    : body_(std::make_unique<Body>(std::move(settings), mode))
{
}

OpenDesk::~OpenDesk() = default;

Desk& OpenDesk::desk()
{
    return body_->desk();
}

} // namespace qm
