// A house for plays of callbacks: five quarantines, two exceptions, a store that fails when told.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "support/failing_store.h"
#include "support/mail_server.h"

namespace qm::fuzz {

inline constexpr std::string_view kAll = "watch, virus, spam, wait, look";
inline constexpr std::string_view kFew = "spam, watch";

/// Rows that exempt somebody; written once.
class Exceptions {
  public:
    Exceptions()
    {
        const test::House house("spam", "[spam]\nregex = x\naction = DISCARD\n" + option());
        const auto rows = house.desk.settings()->quarantine("spam")->whitelist->rows();
        WhitelistRow row;
        row.recipient = "friend@example.net";
        rows->add(row);
        row = {};
        row.mailfrom = "@trusted.example";
        rows->add(row);
    }

    std::string option() const
    {
        return "whitelist_type = DB\nwhitelist_db_connection = sqlite:///" + (folder_ / "w.db") + "\n";
    }

  private:
    test::TempDir folder_;
};

inline std::string quarantines()
{
    static const Exceptions exceptions;
    return "[watch]\nregex = ^X-Watch:\naction = ACCEPT\n"
           "[virus]\nregex = ^X-Virus:\\s*(?<name>\\S+)\naction = REJECT\n"
           "reject_reason = infected, see {QUARANTINE_ID}\nignore_hosts = 192.0.2.128/25, 2001:db8::/32\n"
           "[spam]\nregex = ^X-Spam-Flag:\\s*YES|^Subject:.*\\bcasino\\b\naction = DISCARD\n" +
           exceptions.option() +
           "[wait]\nregex = ^X-Wait:\naction = TEMPFAIL\n"
           "[look]\nregex = ^X-Look:\naction = HOLD\nquarantine_type = FILE\n";
}

/// The house, and a store in it that fails when told.
struct World {
    World() : house(std::string(kAll), quarantines()) { wrap_stores(); }

    void reconfigure()
    {
        all = !all;
        house.reconfigure(std::string(all ? kAll : kFew), quarantines());
        wrap_stores();
    }

    /// Forgets every mail. False: that is not enough for it to be as good as new.
    bool clear()
    {
        if (!all || store_may_leave) {
            return false;
        }
        if (house.count("held_message") > 0) {
            for (const std::string& file : house.files()) {
                std::filesystem::remove(file);
            }
            house.catalog.writer().run([](sql::Connection& database) {
                for (const char* const table : {"notice", "own_mail", "held_recipient", "held_message"}) {
                    database.execute(std::string("DELETE FROM ") + table);
                }
            });
        }
        return true;
    }

    test::House house;
    std::shared_ptr<test::FailingStore> store;
    bool store_may_leave = false; ///< it was told to fail: a file that was of no use may have stayed
    bool all = true;

  private:
    void wrap_stores()
    {
        // The settings are ours alone: no session has them yet.
        auto settings = std::const_pointer_cast<Settings>(house.settings().get());
        store = std::make_shared<test::FailingStore>(settings->quarantines.front().store);
        for (Quarantine& quarantine : settings->quarantines) {
            quarantine.store = store;
        }
    }
};

} // namespace qm::fuzz
