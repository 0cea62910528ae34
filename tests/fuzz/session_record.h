// What must be true of the record and the store when a mail was answered.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fuzz/property.h"
#include "fuzz/session_world.h"
#include "mail/address.h"
#include "mail/content_digest.h"
#include "milter/session.h"
#include "store/trace.h"

namespace qm::fuzz {

/// What a mail is that was judged.
struct Judged {
    std::string sender;
    std::vector<std::string> recipients;
    mail::Headers headers;
    std::string body;
};

inline std::string key_of(const std::string& argument)
{
    return mail::key(mail::without_brackets(argument));
}

inline std::string text_of(MessageStore& store, const HeldId& id)
{
    auto opened = store.open(id);
    expect(opened != nullptr, "who is on record has a message");
    const auto reader = store::without_trace(std::move(opened));
    std::string text;
    std::array<char, 65536> buffer{};
    while (const std::size_t got = reader->read(buffer)) {
        text.append(buffer.data(), got);
    }
    return text;
}

/// Compares what is on record before and after the end of one mail.
class RecordCheck {
  public:
    RecordCheck(World& world, const Judged& judged) : world_(world), judged_(judged)
    {
        for (const HeldMail& mail : world_.house.held()) {
            before_.insert(mail.id.str());
        }
    }

    /// What the mail server was told; no reply: the mail is put off. The store fails no more.
    void run(std::optional<milter::Reply> reply, const test::FakeMta& mta)
    {
        const bool failed = world_.store->has_failed();
        world_.store->fail_at(0);
        check_reply(reply, mta);
        check_record(reply, mta, failed);
    }

  private:
    static void check_reply(std::optional<milter::Reply> reply, const test::FakeMta& mta)
    {
        const std::string_view code = reply == milter::Reply::reject     ? "554 5.7.0 "
                                      : reply == milter::Reply::tempfail ? "451 4.7.1 "
                                                                         : "";
        expect(!reply || (code.empty() ? mta.reply.empty() : mta.reply.starts_with(code)),
               "a reply has its code");
        expect(reply == milter::Reply::accept || (mta.removed.empty() && mta.held.empty()),
               "only who is accepted is changed");
        expect(mta.held.size() <= 1, "a mail is put on hold once");
    }

    /// `failed`: the store did. What was on record by then stays, and is known when the mail comes again.
    void check_record(std::optional<milter::Reply> reply, const test::FakeMta& mta, bool failed)
    {
        const std::vector<HeldMail> held = world_.house.held();
        std::set<std::string> kept; ///< of this mail, now or when it was offered before
        std::set<std::string> newly_held;
        const std::string digest = digest_of_mail();
        for (const HeldMail& mail : held) {
            const bool is_new = !before_.contains(mail.id.str());
            expect(!is_new || failed || (reply && *reply != milter::Reply::tempfail),
                   "who is put off leaves nothing");
            if (is_new) {
                check_new(mail);
            }
            for (const HeldRecipient& recipient : mail.recipients) {
                if (mail.digest == digest) {
                    kept.insert(mail::key(recipient.address));
                }
                if (is_new && recipient.state == RecipientState::held) {
                    newly_held.insert(mail::key(recipient.address));
                }
            }
        }
        check_files(held);
        check_kept(reply, mta, kept, newly_held);
    }

    std::string digest_of_mail() const
    {
        mail::ContentDigest digest(judged_.headers);
        digest.body(judged_.body);
        return digest.finish();
    }

    void check_new(const HeldMail& mail) const
    {
        const std::string text = judged_.headers.block() + "\r\n" + judged_.body;
        expect(mail.size == text.size(), "the size on record is that of the message");
        expect(text_of(*world_.store, mail.id) == text, "the message is kept byte for byte");
        expect(mail.envelope.sender == judged_.sender, "the sender is on record as received");
        for (const HeldRecipient& recipient : mail.recipients) {
            expect(std::ranges::any_of(judged_.recipients,
                                       [&](const std::string& argument) {
                                           return mail::without_brackets(argument) == recipient.address;
                                       }),
                   "a recipient is on record as received");
        }
    }

    /// Every row has its file, and every file its row.
    void check_files(const std::vector<HeldMail>& held) const
    {
        std::set<std::string> rows;
        for (const HeldMail& mail : held) {
            rows.insert(mail.id.str());
        }
        std::set<std::string> files;
        for (const std::string& file : world_.house.files()) {
            const std::filesystem::path path(file);
            if (path.extension() == ".eml") { // the other connection's mail may be half-written
                files.insert(path.stem().string());
            }
        }
        expect(std::ranges::includes(files, rows), "every row has its file");
        expect(world_.store_may_leave || files == rows, "every file has its row");
    }

    void check_kept(std::optional<milter::Reply> reply, const test::FakeMta& mta,
                    const std::set<std::string>& kept, const std::set<std::string>& newly_held) const
    {
        if (reply == milter::Reply::discard || reply == milter::Reply::reject) {
            for (const std::string& argument : judged_.recipients) {
                expect(kept.contains(key_of(argument)), "who is answered for is on record");
            }
        }
        for (const std::string& argument : mta.removed) {
            const auto whose = std::ranges::find_if(judged_.recipients, [&](const std::string& one) {
                return one == argument || "<" + std::string(mail::without_brackets(one)) + ">" == argument;
            });
            expect(whose != judged_.recipients.end(), "who is removed was in the envelope");
            expect(kept.contains(key_of(*whose)), "who is removed is on record");
        }
        for (const std::string& argument : judged_.recipients) {
            expect(reply != milter::Reply::accept || !newly_held.contains(key_of(argument)) ||
                       std::ranges::find(mta.removed, argument) != mta.removed.end(),
                   "who is held leaves the envelope");
        }
    }

    World& world_;
    const Judged& judged_;
    std::set<std::string> before_; ///< ids
};

} // namespace qm::fuzz
