// Desk: stores and catalog agree, or are made to; and mail that was held elsewhere is taken up.
#include "quarantine/desk.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/log.h"
#include "catalog/search.h"
#include "mail/content_digest.h"
#include "mail/decode.h"
#include "quarantine/error.h"
#include "smtp/client.h"
#include "store/trace.h"

namespace qm {
namespace {

using Kind = StoreFinding::Kind;

constexpr std::size_t kPage = 1000;
constexpr std::size_t kMaxField = 1000;
/// A mail that is being held at this moment has its file before its row.
constexpr std::chrono::minutes kGrace{10};
constexpr std::string_view kLost = "the store has lost the message";

std::string read_all(MessageReader& reader)
{
    std::string bytes;
    std::array<char, 65536> buffer{};
    for (std::size_t got = reader.read(buffer); got > 0; got = reader.read(buffer)) {
        bytes.append(buffer.data(), got);
    }
    return bytes;
}

/// What the message itself says, where `mail` does not say it yet.
void complete(HeldMail& mail, std::string_view bytes)
{
    mail::Headers headers;
    mail::parse_headers(bytes, headers);
    const auto field = [&](std::string& to, const char* name) {
        if (to.empty()) {
            to = mail::decode_for_people(headers.find(name), kMaxField);
        }
    };
    field(mail.subject, "Subject");
    field(mail.header_from, "From");
    field(mail.header_date, "Date");
    mail.size = bytes.size();
    mail.digest = mail::ContentDigest(bytes).finish();
}

RecipientState first_state(const Quarantine& quarantine)
{
    return quarantine.action == policy::Action::accept ? RecipientState::copied
           : quarantine.action == policy::Action::hold ? RecipientState::mta_hold
                                                       : RecipientState::held;
}

} // namespace

/// One run over all stores.
class Desk::StoreCheck {
  public:
    StoreCheck(Desk& desk, bool repair, const Progress& progress)
        : desk_(desk), settings_(desk.settings_.get()), search_(desk.catalog_), repair_(repair),
          progress_(progress)
    {
    }

    StoreReport run()
    {
        std::set<MessageStore*> seen;
        for (const Quarantine& quarantine : settings_->quarantines) {
            if (quarantine.store->keeps() && seen.insert(quarantine.store.get()).second) {
                guarded(quarantine, [&] { check_files(*quarantine.store, quarantine.name); });
            }
        }
        for (const Quarantine& quarantine : settings_->quarantines) {
            if (quarantine.store->keeps()) {
                guarded(quarantine, [&] { check_rows(quarantine); });
            }
        }
        return std::move(report_);
    }

  private:
    template <typename Work>
    void guarded(const Quarantine& quarantine, Work work)
    {
        try {
            if (!report_.stopped) {
                if (const std::string away = desk_.store_away(quarantine); !away.empty()) {
                    throw BackendError(away); // it has lost nothing
                }
                work();
            }
        } catch (const BackendError& error) {
            const std::string trouble = fmt::format("[{}] {}", quarantine.name, error.what());
            if (std::ranges::find(report_.troubles, trouble) == report_.troubles.end()) {
                report_.troubles.push_back(trouble);
            }
        }
    }

    /// Every file: is it on record, and does somebody wait for it?
    void check_files(MessageStore& store, const std::string& name)
    {
        std::vector<HeldId> page;
        const auto check_page = [&] {
            const std::vector<HeldId> known = search_.known(page);
            const std::vector<HeldId> useless = search_.useless(page);
            for (const HeldId& id : page) {
                if (std::ranges::find(known, id) == known.end()) {
                    check_unknown(store, name, id);
                } else if (std::ranges::find(useless, id) != useless.end()) {
                    check_useless(store, name, id);
                }
            }
            report_.checked += static_cast<std::int64_t>(page.size());
            page.clear();
            report_.stopped = !progress_("files of " + name, static_cast<std::uint64_t>(report_.checked), 0);
        };
        store.list([&](const HeldId& id) {
            page.push_back(id);
            if (page.size() == kPage) {
                check_page();
            }
            return !report_.stopped;
        });
        if (!report_.stopped) {
            check_page();
        }
    }

    void check_unknown(MessageStore& store, const std::string& name, const HeldId& id)
    {
        if (id.time() > desk_.clock_.now() - kGrace) {
            return;
        }
        StoreFinding finding{.kind = Kind::file_without_row, .quarantine = name, .id = id};
        try {
            take_up(store, id, finding);
        } catch (const BackendError& error) {
            finding.kind = Kind::unreadable;
            finding.what = error.what();
        }
        add(std::move(finding));
    }

    /// Puts the message back on record, as its trace lines say.
    void take_up(MessageStore& store, const HeldId& id, StoreFinding& finding)
    {
        const auto block = store.open(id);
        auto message = store.open(id);
        if (!block || !message) {
            finding.what = "went away while it was looked at";
            return;
        }
        const store::Trace trace = store::read_trace(*block);
        if (trace.id != id) {
            throw BackendError(fmt::format("its trace lines name another id, {}", trace.id.str()));
        }
        finding.quarantine = trace.quarantine;
        const Quarantine* const quarantine = settings_->quarantine(trace.quarantine);
        if (quarantine == nullptr) {
            finding.what = "is not on record, and its quarantine is not configured any more";
            return;
        }
        finding.what = "is not on record";
        if (!repair_) {
            return;
        }
        HeldMail mail;
        mail.id = id;
        mail.quarantine = trace.quarantine;
        mail.received = trace.received;
        mail.envelope.sender = trace.sender;
        mail.envelope.queue_id = trace.queue_id;
        mail.action = to_string(quarantine->action);
        mail.stored = true;
        for (const std::string& recipient : trace.recipients) {
            mail.recipients.push_back({.address = recipient, .state = first_state(*quarantine)});
        }
        complete(mail, read_all(*store::without_trace(std::move(message))));
        const auto recorded = desk_.catalog_.record({{.mail = mail, .tell = {}}},
                                                    mail.received - settings_->global.retry_window);
        finding.repaired = true;
        const bool is_kept = recorded.front().known && !needs_these_bytes(recorded.front());
        if (recorded.front().known && !is_kept) {
            desk_.catalog_.adopt(mail);
            finding.what =
                fmt::format("was not on record; taken up again: the same mail, held as {}, has lost its "
                            "bytes",
                            recorded.front().id.str());
        } else if (is_kept) {
            // We died before the sender heard of it, and the mail came again.
            store.remove(id);
            finding.what =
                fmt::format("a leftover: the same mail is held as {}; removed", recorded.front().id.str());
        } else {
            finding.what = "was not on record; taken up again, nobody is told";
        }
    }

    /// True when the mail is on record under another id, somebody waits for it, and its bytes are not there.
    bool needs_these_bytes(const catalog::Recorded& recorded) const
    {
        const auto earlier = recorded.bytes_awaited ? desk_.catalog_.load(recorded.id) : std::nullopt;
        return earlier && desk_.store_of(*earlier) == nullptr;
    }

    /// Of a message on record: its file was lost before and is there again, or nobody waits for it.
    void check_useless(MessageStore& store, const std::string& name, const HeldId& id)
    {
        const auto mail = desk_.catalog_.load(id);
        if (!mail) {
            return; // expired since
        }
        const Quarantine* const quarantine = settings_->quarantine(mail->quarantine);
        const bool was_lost = std::ranges::any_of(mail->recipients, [](const HeldRecipient& recipient) {
            return recipient.state == RecipientState::deleted && recipient.reply == kLost;
        });
        if (!was_lost || quarantine == nullptr) {
            drop_useless(store, name, id);
            return;
        }
        StoreFinding finding{.kind = Kind::found_again,
                             .quarantine = mail->quarantine,
                             .id = id,
                             .what = "was on record as lost, but it is there"};
        finding.repaired = repair_ && desk_.releases_.put_back(id, kLost, first_state(*quarantine));
        add(std::move(finding));
    }

    void drop_useless(MessageStore& store, const std::string& name, const HeldId& id)
    {
        StoreFinding finding{
            .kind = Kind::useless_file, .quarantine = name, .id = id, .what = "nobody waits for it any more"};
        if (repair_) {
            store.remove(id);
            desk_.releases_.mark_gone({id});
            finding.repaired = true;
        }
        add(std::move(finding));
    }

    /// Every row that counts on bytes: are they there?
    void check_rows(const Quarantine& quarantine)
    {
        HeldId behind;
        for (;;) {
            const std::vector<HeldId> page = search_.stored_ids(quarantine.name, behind, kPage);
            if (page.empty()) {
                return;
            }
            behind = page.back();
            for (const HeldId& id : page) {
                check_row(quarantine, id);
            }
            rows_ += page.size();
            if (!progress_("rows of " + quarantine.name, rows_, 0)) {
                report_.stopped = true;
                return;
            }
        }
    }

    void check_row(const Quarantine& quarantine, const HeldId& id)
    {
        if (quarantine.store->open(id) != nullptr) {
            return;
        }
        const auto mail = desk_.catalog_.load(id);
        if (!mail || mail->gone || desk_.store_of(*mail) != nullptr) {
            return; // expired or deleted since, or in the folder that the quarantine had before
        }
        StoreFinding finding{.kind = Kind::row_without_file,
                             .quarantine = quarantine.name,
                             .id = id,
                             .what = "is on record, but not in the store"};
        if (repair_) {
            desk_.releases_.mark_gone({id}, kLost);
            finding.repaired = true;
        }
        add(std::move(finding));
    }

    void add(StoreFinding finding)
    {
        if (finding.repaired) {
            log::warning("store", {{"quarantine", finding.quarantine},
                                   {"id", finding.id.str()},
                                   {"what", finding.what},
                                   {"status", "repaired"}});
        }
        report_.findings.push_back(std::move(finding));
    }

    Desk& desk_;
    std::shared_ptr<const Settings> settings_;
    catalog::Search search_;
    bool repair_;
    const Progress& progress_;
    StoreReport report_;
    std::uint64_t rows_ = 0;
};

StoreReport Desk::check_stores(bool repair, const Progress& progress)
{
    return StoreCheck(*this, repair, progress).run();
}

bool Desk::adopt(const HeldMail& mail, std::string_view bytes)
{
    const std::shared_ptr<const Settings> settings = settings_.get();
    const Quarantine* const quarantine = settings->quarantine(mail.quarantine);
    if (quarantine == nullptr || !quarantine->store->keeps()) {
        throw BackendError(fmt::format("{} is no quarantine that keeps messages", mail.quarantine));
    }
    if (catalog_.load(mail.id)) {
        return false;
    }
    const std::string message = smtp::with_crlf(std::string(bytes));
    HeldMail adopted = mail;
    adopted.stored = true;
    adopted.gone = false;
    adopted.action = to_string(quarantine->action);
    complete(adopted, message);
    // Of an earlier attempt that ended between store and catalog: the bytes are there.
    if (quarantine->store->open(mail.id) == nullptr) {
        store::Trace trace{.id = mail.id,
                           .quarantine = mail.quarantine,
                           .received = mail.received,
                           .queue_id = mail.envelope.queue_id,
                           .sender = mail.envelope.sender,
                           .recipients = {}};
        for (const HeldRecipient& recipient : mail.recipients) {
            trace.recipients.push_back(recipient.address);
        }
        const auto writer = quarantine->store->create(mail.id);
        writer->write(store::write_trace(trace));
        writer->write(message);
        writer->commit();
    }
    const bool is_new = catalog_.adopt(adopted);
    if (is_new) {
        log::info(adopted.envelope.queue_id.empty() ? "NOQUEUE" : adopted.envelope.queue_id,
                  {{"quarantine", adopted.quarantine},
                   {"id", adopted.id.str()},
                   {"from", fmt::format("<{}>", adopted.envelope.sender)},
                   {"size", std::to_string(adopted.size)},
                   {"status", "taken-up"}});
    }
    return is_new;
}

} // namespace qm
