#include "fault/kept.h"

#include <array>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/file.h"
#include "quarantine/error.h"
#include "store/trace.h"

namespace qm::test {

LoggedText::LoggedText() : before_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10))
{
    const FileDescriptor file(
        ::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    ::dup2(file.get(), STDERR_FILENO);
}

LoggedText::~LoggedText()
{
    text();
}

std::string LoggedText::text()
{
    if (before_ >= 0) {
        ::dup2(before_, STDERR_FILENO);
        ::close(before_);
        before_ = -1;
    }
    std::ifstream file(folder_ / "log");
    std::stringstream all;
    all << file.rdbuf();
    return all.str();
}

Offer offer(House& house, const TestMail& mail)
{
    Offer result;
    try {
        result.outcome = house.send(mail);
        result.deferred = result.outcome.reply == milter::Reply::tempfail;
    } catch (const BackendError& error) {
        // The callbacks make a 451 of it.
        house.session.abort();
        result.deferred = true;
        result.why = error.what();
    }
    return result;
}

void wait_for_catalog(House& house)
{
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(15);
    for (;;) {
        try {
            house.count("held_message");
            house.catalog.writer().run([](sql::Connection&) {});
            return;
        } catch (const BackendError&) {
            if (std::chrono::steady_clock::now() > deadline) {
                throw;
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

std::string bytes_of(const TestMail& mail)
{
    std::string bytes;
    for (const auto& [name, value] : mail.headers) {
        bytes.append(name).append(":").append(value).append("\r\n");
    }
    return bytes + "\r\n" + mail.body;
}

std::string stored_bytes(MessageStore& store, const HeldId& id)
{
    auto reader = store.open(id);
    if (!reader) {
        return {};
    }
    reader = store::without_trace(std::move(reader));
    std::string bytes;
    std::array<char, 65536> buffer{};
    for (std::size_t got = reader->read(buffer); got > 0; got = reader->read(buffer)) {
        bytes.append(buffer.data(), got);
    }
    return bytes;
}

void expect_kept_once(House& house, const TestMail& mail, const Expected& expected)
{
    const std::vector<HeldMail> held = house.held();
    EXPECT_EQ(held.size(), expected.messages);
    EXPECT_EQ(house.count("held_recipient"), static_cast<std::int64_t>(expected.recipients));
    EXPECT_EQ(house.count("notice"), static_cast<std::int64_t>(expected.notices));
    const auto settings = house.settings().get();
    std::set<std::string> quarantines;
    for (const HeldMail& one : held) {
        EXPECT_TRUE(quarantines.insert(one.quarantine).second) << "twice in " << one.quarantine;
        const auto& store = one.stored ? settings->quarantine(one.quarantine)->store : settings->spool;
        EXPECT_TRUE(stored_bytes(*store, one.id) == bytes_of(mail)) << "its file is not whole";
    }
}

std::size_t expect_not_kept(House& house)
{
    EXPECT_EQ(house.count("held_message"), 0);
    EXPECT_EQ(house.count("held_recipient"), 0);
    EXPECT_EQ(house.count("notice"), 0);
    const std::vector<std::string> files = house.files();
    if (!files.empty()) {
        house.clock.advance(std::chrono::minutes(11)); // a younger file may still get its row
        const StoreReport report = house.desk.check_stores(
            false, [](std::string_view, std::uint64_t, std::uint64_t) { return true; });
        EXPECT_TRUE(report.troubles.empty());
        std::set<std::string> named;
        for (const StoreFinding& finding : report.findings) {
            const bool unfinished = finding.kind == StoreFinding::Kind::unfinished_file;
            EXPECT_TRUE(unfinished || finding.kind == StoreFinding::Kind::file_without_row) << finding.what;
            named.insert(unfinished ? ".new-" + finding.id.str() : finding.id.str() + ".eml");
        }
        for (const std::string& file : files) {
            EXPECT_TRUE(named.contains(std::filesystem::path(file).filename()))
                << file << " is left, unnoticed";
        }
    }
    return files.size();
}

void expect_rows_have_files_after_a_crash(House& house)
{
    // Without its index the write-ahead log is read anew, as after the death of every process that had it
    // open.
    const TempDir copy;
    for (const char* const name : {"catalog.db", "catalog.db-wal"}) {
        if (std::filesystem::exists(house.dir / name)) {
            std::filesystem::copy_file(house.dir / name, copy / name);
        }
    }
    sql::Connection database(sql::parse_target("sqlite:///catalog.db", copy.path()), {});
    for (const sql::Row& row : database.query("SELECT id, quarantine FROM held_message WHERE stored = 1",
                                              {sql::Kind::text, sql::Kind::text})) {
        const Quarantine* const quarantine = house.settings().get()->quarantine(sql::text_of(row.at(1)));
        EXPECT_NE(quarantine->store->open(HeldId::parse(sql::text_of(row.at(0)))), nullptr)
            << "on record after a crash, without a file: " << sql::text_of(row.at(0));
    }
}

void expect_no_leftovers(House& house)
{
    std::set<std::string> names;
    for (const HeldMail& mail : house.held()) {
        names.insert(mail.id.str() + ".eml");
    }
    std::set<std::string> files;
    for (const std::string& file : house.files()) {
        files.insert(std::filesystem::path(file).filename());
    }
    EXPECT_EQ(files, names);
}

void repair(House& house)
{
    house.clock.advance(std::chrono::minutes(11)); // a younger file may still get its row
    const auto report = house.desk.sweep(house.clock.now() - std::chrono::minutes(10),
                                         [](std::string_view, std::uint64_t, std::uint64_t) { return true; });
    ASSERT_TRUE(report) << "somebody else is at it";
    EXPECT_TRUE(report->troubles.empty());
    for (const StoreFinding& finding : report->findings) {
        EXPECT_TRUE(finding.repaired) << finding.what;
    }
}

} // namespace qm::test
