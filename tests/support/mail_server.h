// A whole house without a socket: configuration, catalog, stores, desk; mail goes in through a Session.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/snapshot.h"
#include "catalog/outbox.h"
#include "milter/session.h"
#include "quarantine/settings.h"
#include "support/fake_clock.h"
#include "support/fake_mta.h"
#include "support/temp_dir.h"

namespace qm::test {

/// A mail as a test writes it.
struct TestMail {
    std::string from = "<sender@example.org>";
    std::vector<std::string> to = {"<user@example.net>"};
    std::vector<std::pair<std::string, std::string>> headers = {{"Subject", " hello"}};
    std::string body = "text\r\n";
};

/// What the mail server saw.
struct Outcome {
    milter::Reply reply = milter::Reply::go_on;
    bool at_end_of_headers = false;
    std::vector<std::string> removed;
    std::vector<std::string> held;
    std::string reply_text;
};

class House {
  public:
    /// `quarantines` are INI sections; `list` is the value of the option. `{dir}` stands for the temporary
    /// folder. Another `catalog_url` names a database that is empty, or has the tables of this version.
    House(const std::string& list, const std::string& quarantines, const std::string& global = "",
          const std::string& catalog_url = "sqlite:///catalog.db")
        : settings_(load(list, quarantines, global)), catalog(catalog_url, dir.path(), clock),
          outbox(catalog, "test"), desk(settings_, catalog, clock), session(desk, [this] { ++wakes; })
    {
        std::filesystem::create_directory(dir / "store");
        std::filesystem::create_directory(dir / "spool");
        if (!catalog.file().empty()) {
            std::ofstream(catalog.file()) << empty_catalog();
        }
        catalog.open();
    }

    Outcome send(const TestMail& mail)
    {
        FakeMta mta;
        clock.advance(std::chrono::milliseconds(1)); // ids and times follow the order of the mails
        Outcome outcome;
        session.mail(mail.from);
        for (const std::string& recipient : mail.to) {
            session.recipient(recipient);
        }
        for (const auto& [name, value] : mail.headers) {
            session.header(name, value);
        }
        outcome.reply = session.end_of_headers(mta);
        outcome.at_end_of_headers = outcome.reply != milter::Reply::go_on;
        if (!outcome.at_end_of_headers) {
            for (std::size_t i = 0; i < mail.body.size(); i += 65535) {
                session.body(std::string_view(mail.body).substr(i, 65535));
            }
            outcome.reply = session.end_of_message(mta);
        }
        session.abort();
        outcome.removed = mta.removed;
        outcome.held = mta.held;
        outcome.reply_text = mta.reply;
        return outcome;
    }

    /// Files below the store and the spool.
    std::vector<std::string> files() const
    {
        std::vector<std::string> found;
        for (const char* const folder : {"store", "spool"}) {
            for (const auto& entry : std::filesystem::recursive_directory_iterator(dir / folder)) {
                if (entry.is_regular_file()) {
                    found.push_back(entry.path().string());
                }
            }
        }
        return found;
    }

    /// Everything on record.
    std::vector<HeldMail> held()
    {
        std::vector<HeldMail> mails;
        const auto lease = catalog.readers().lease(std::chrono::seconds(5));
        for (const auto& row :
             lease->query("SELECT id FROM held_message ORDER BY received, id", {sql::Kind::text})) {
            mails.push_back(*catalog.load(HeldId::parse(sql::text_of(row.at(0)))));
        }
        return mails;
    }

    std::int64_t count(const std::string& what)
    {
        const auto lease = catalog.readers().lease(std::chrono::seconds(5));
        return sql::integer_of(
            lease->query("SELECT count(*) FROM " + what, {sql::Kind::integer}).at(0).at(0));
    }

    void reconfigure(const std::string& list, const std::string& quarantines, const std::string& global = "")
    {
        settings_.set(load(list, quarantines, global));
    }

    Snapshot<Settings>& settings() { return settings_; }

    TempDir dir;
    FakeClock clock;

  private:
    /// Making the tables takes longer than most tests: it is done once in a program.
    static const std::string& empty_catalog()
    {
        static const std::string bytes = [] {
            const TempDir folder;
            const FakeClock time;
            catalog::Catalog("sqlite:///catalog.db", folder.path(), time).open();
            return read_file(folder / "catalog.db", std::uint64_t{1} << 24U);
        }();
        return bytes;
    }

    std::shared_ptr<const Settings> load(const std::string& list, const std::string& quarantines,
                                         const std::string& global)
    {
        const std::string preferred = global.find("preferred_quarantine_action") == std::string::npos
                                          ? "preferred_quarantine_action = first\n"
                                          : "";
        std::string text = "[global]\nquarantines = " + list + "\n" + preferred +
                           "catalog = sqlite:///catalog.db\n"
                           "spool_directory = spool\nquarantine_type = FILE\nquarantine_directory = store\n"
                           "notification_type = NONE\nwhitelist_type = NONE\n" +
                           global + "\n" + quarantines;
        for (auto place = text.find("{dir}"); place != std::string::npos; place = text.find("{dir}")) {
            text.replace(place, 5, dir.path());
        }
        const LoadedSettings loaded = load_settings_text(dir / "test.conf", text);
        if (loaded.has_mistakes()) {
            std::string message = "the test's configuration:";
            for (const auto& remark : loaded.remarks) {
                message += "\n" + remark.str();
            }
            throw std::logic_error(message);
        }
        return loaded.settings;
    }

    Snapshot<Settings> settings_;

  public:
    catalog::Catalog catalog;
    catalog::Outbox outbox;
    Desk desk;
    int wakes = 0;
    milter::Session session;
};

} // namespace qm::test
