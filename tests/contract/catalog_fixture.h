// An empty catalog for each test, and mail to put into it.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "catalog/catalog.h"
#include "catalog/outbox.h"
#include "catalog/releases.h"
#include "catalog/retention.h"
#include "catalog/search.h"
#include "contract/database_fixture.h"
#include "support/fake_clock.h"
#include "support/temp_dir.h"

namespace qm {

inline void PrintTo(const HeldId& id, std::ostream* out)
{
    *out << id.str();
}

} // namespace qm

namespace qm::catalog {

inline void PrintTo(const Recorded& recorded, std::ostream* out)
{
    *out << recorded.id.str();
}

/// What every suite about the catalog begins with; run for the engines a catalog runs on.
class CatalogTest : public test::DatabaseTest {
  protected:
    CatalogTest() { catalog.open(); }

    std::string url() const
    {
        return GetParam() == sql::Engine::sqlite ? "sqlite:///" + (folder / "catalog.db") : database().url();
    }

    /// The URL of a database without tables.
    std::string empty_url()
    {
        if (GetParam() == sql::Engine::postgresql) {
            sql::Connection connection = database().connect();
            for (const char* const table :
                 {"notice", "held_recipient", "held_message", "own_mail", "qm_schema"}) {
                connection.execute(std::string("DROP TABLE IF EXISTS ") + table);
            }
        }
        return url();
    }

    HeldMail mail(const std::vector<std::string>& recipients = {"User@Example.net"})
    {
        HeldMail held;
        held.id = HeldId(clock.now(), random_bytes(10));
        held.quarantine = "spam";
        held.received = clock.now();
        held.envelope.sender = "o'brien@example.org";
        held.envelope.queue_id = "4XqR2b1tZ7z";
        held.envelope.client = {.address = "2001:db8::1", .name = "mx.example.org", .user = "u"};
        for (const std::string& recipient : recipients) {
            held.recipients.push_back({.address = recipient});
        }
        held.subject = "Grüße; DROP TABLE held_message; --";
        held.header_from = "Anna <anna@example.org>";
        held.why = "X-Spam-Flag: YES";
        held.groups = {{"", "a"}, {"name", "\"b\"\\"}, {"", ""}};
        held.size = 5'000'000'000;
        held.digest = std::string(64, 'a');
        held.action = "DISCARD";
        held.stored = true;
        return held;
    }

    /// Mail of its own content, so that it is not known from an earlier one.
    HeldMail other_mail(const std::vector<std::string>& recipients = {"User@Example.net"})
    {
        HeldMail held = mail(recipients);
        held.digest = held.id.str() + std::string(64 - HeldId::kLength, '0');
        return held;
    }

    static std::vector<NewNotice> notices_to(const std::vector<std::string>& recipients)
    {
        std::vector<NewNotice> notices;
        for (const std::string& recipient : recipients) {
            notices.push_back({.recipient = recipient, .send_to = recipient});
        }
        return notices;
    }

    Recorded record(const HeldMail& held, const std::vector<std::string>& tell = {})
    {
        return catalog
            .record({{.mail = held, .tell = notices_to(tell)}}, clock.now() - std::chrono::hours(24 * 5))
            .at(0);
    }

    HeldId hold(const HeldMail& held, const std::vector<std::string>& tell = {})
    {
        record(held, tell);
        return held.id;
    }

    HeldRecipient recipient(const HeldId& id, std::size_t position = 0)
    {
        return catalog.load(id)->recipients.at(position);
    }

    void execute(const std::string& statement, const sql::Row& parameters = {})
    {
        catalog.writer().run([&](sql::Connection& connection) { connection.execute(statement, parameters); });
    }

    std::int64_t count(const std::string& what)
    {
        return sql::integer_of(catalog.readers()
                                   .lease(std::chrono::seconds(5))
                                   ->query("SELECT count(*) FROM " + what, {sql::Kind::integer})
                                   .at(0)
                                   .at(0));
    }

    test::TempDir folder;
    test::FakeClock clock;
    Catalog catalog{empty_url(), folder.path(), clock};
    Outbox outbox{catalog, "test"};
    Search search{catalog};
    Retention retention{catalog};
    Releases releases{catalog};
};

inline auto catalog_engines()
{
    return testing::Values(sql::Engine::sqlite, sql::Engine::postgresql);
}

} // namespace qm::catalog
