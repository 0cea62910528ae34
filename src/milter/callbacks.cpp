#include "milter/callbacks.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>
#include <utility>

#include <libmilter/mfapi.h>

#include "base/guarded.h"
#include "base/log.h"
#include "milter/session.h"
#include "quarantine/error.h"

namespace qm::milter {
namespace {

/// What hangs on a connection of the mail server.
struct Connection {
    Session session;
    unsigned long steps; ///< as negotiated
};

/// libmilter's threads may outlive main(), so what the door needs is never destroyed.
struct Door {
    std::atomic<bool> closed{false};
    std::atomic<int> inside{0};
    Desk* desk = nullptr;
    std::function<void()> notices_due;
    Guarded<std::unordered_set<Connection*>>
        connections; ///< open ones: libmilter closes none of them at its end
};

Door& door()
{
    static auto* const only = new Door;
    return *only;
}

/// Counts a callback that is inside.
class Visit {
  public:
    Visit() { door().inside.fetch_add(1); }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    ~Visit() { door().inside.fetch_sub(1); }
};

/// Mail servers read the text of a reply as a format: %% is a percent sign, a single one is lost.
std::string percent_doubled(const std::string& text)
{
    std::string result;
    for (const char c : text) {
        result.append(c == '%' ? 2 : 1, c);
    }
    return result;
}

class MilterMta final : public Mta {
  public:
    explicit MilterMta(SMFICTX* context) : context_(context) {}

    std::string macro(const char* name) override
    {
        // libmilter's signature lacks a const it keeps.
        const char* const value = smfi_getsymval(context_, const_cast<char*>(name));
        return value == nullptr ? std::string() : value;
    }

    void remove_recipient(const std::string& argument) override
    {
        std::string copy = argument;
        if (smfi_delrcpt(context_, copy.data()) != MI_SUCCESS) {
            throw BackendError("the mail server did not take a request to remove a recipient");
        }
    }

    void hold(const std::string& reason) override
    {
        std::string copy = reason;
        if (smfi_quarantine(context_, copy.data()) != MI_SUCCESS) {
            throw BackendError("the mail server did not take a request to hold the mail");
        }
    }

    void set_reply(const char* code, const char* enhanced_code, const std::string& text) override
    {
        std::string c(code);
        std::string e(enhanced_code);
        std::string t = percent_doubled(text);
        if (smfi_setreply(context_, c.data(), e.data(), t.data()) != MI_SUCCESS) {
            log::warning("milter", {{"code", c}, {"text", t}, {"status", "reply-text-refused"}});
        }
    }

  private:
    SMFICTX* context_;
};

Connection* connection_of(SMFICTX* context)
{
    return static_cast<Connection*>(smfi_getpriv(context));
}

sfsistat to_libmilter(Reply reply)
{
    switch (reply) {
    case Reply::go_on:
        return SMFIS_CONTINUE;
    case Reply::accept:
        return SMFIS_ACCEPT;
    case Reply::reject:
        return SMFIS_REJECT;
    case Reply::discard:
        return SMFIS_DISCARD;
    case Reply::tempfail:
        break;
    }
    return SMFIS_TEMPFAIL;
}

/// An outage concerns many mails. Each has its line; only the first one of them, and then one an hour, is
/// an error.
class Outages {
  public:
    /// True when this is to be said aloud.
    bool is_news(const char* what)
    {
        const auto now = std::chrono::steady_clock::now();
        auto said = said_.lock();
        const auto [place, is_new] = said->try_emplace(kind_of(what), now);
        if (!is_new && now - place->second < kRepeat) {
            return false;
        }
        place->second = now;
        if (said->size() > kMostKinds) {
            said->clear();
        }
        return true;
    }

  private:
    static constexpr std::chrono::hours kRepeat{1};
    static constexpr std::size_t kMostKinds = 100;

    /// The words without numbers and ids, which differ from mail to mail.
    static std::string kind_of(std::string_view what)
    {
        constexpr std::string_view kIdCharacters = "0123456789abcdefghijklmnopqrstuvwxyz";
        constexpr std::size_t kShortestId = 20;
        std::string kind;
        while (!what.empty()) {
            const std::size_t run = std::min(what.find_first_not_of(kIdCharacters), what.size());
            if (run < kShortestId) {
                std::ranges::copy_if(what.substr(0, run), std::back_inserter(kind),
                                     [](char c) { return c > '9'; });
            }
            kind += what.substr(run, 1);
            what.remove_prefix(std::min(run + 1, what.size()));
        }
        return kind;
    }

    Guarded<std::map<std::string, std::chrono::steady_clock::time_point>> said_;
};

void log_failure(Session* session, const char* where, const char* what) noexcept
{
    try {
        static auto* const outages = new Outages; // as the door
        log::write(outages->is_news(what) ? log::Level::error : log::Level::info,
                   session == nullptr ? "NOQUEUE" : session->queue_id(),
                   {{"at", where}, {"error", what}, {"action", "TEMPFAIL"}, {"status", "deferred"}});
    } catch (...) { // NOLINT(bugprone-empty-catch): nothing is left to tell it to
    }
}

/// Every callback goes through here: no exception enters a C frame, and no callback of ours begins after
/// close_door().
template <typename Body>
sfsistat guarded(SMFICTX* context, const char* where, Body body) noexcept
{
    const Visit visit;
    if (door().closed.load()) {
        char code[] = "451";
        char enhanced_code[] = "4.3.0";
        char text[] = "The filter is restarting, please try again later";
        static_cast<void>(smfi_setreply(context, code, enhanced_code, text));
        return SMFIS_TEMPFAIL;
    }
    Connection* const connection = connection_of(context);
    Session* const session = connection == nullptr ? nullptr : &connection->session;
    try {
        if (session == nullptr) {
            throw BackendError("a callback without a session");
        }
        return body(*session);
    } catch (const std::exception& error) {
        log_failure(session, where, error.what());
    } catch (...) {
        log_failure(session, where, "unknown exception");
    }
    if (session != nullptr) {
        session->mark_failed();
    }
    return SMFIS_TEMPFAIL;
}

/// For callbacks whose failure is remembered and answered later. Where the mail server agreed to wait for no
/// reply (`no_reply`, SMFIP_NR_...), libmilter wants to hear so, and complains to the system log about
/// anything else.
template <typename Body>
sfsistat remembered(SMFICTX* context, const char* where, unsigned long no_reply, Body body) noexcept
{
    const Visit visit;
    if (door().closed.load()) {
        return SMFIS_NOREPLY; // the connection ends with the process
    }
    const Connection* const connection = connection_of(context);
    guarded(context, where, [&](Session& session) {
        body(session);
        return static_cast<sfsistat>(SMFIS_CONTINUE);
    });
    return connection != nullptr && (connection->steps & no_reply) != 0 ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

/// Forgets a connection and whatever its mail had begun.
void end(Connection* connection)
{
    if (connection != nullptr) {
        door().connections.lock()->erase(connection);
        delete connection;
    }
}

/// For callbacks that answer for the whole mail.
template <typename Body>
sfsistat answered(SMFICTX* context, const char* where, Body body) noexcept
{
    const sfsistat result = guarded(context, where, [&](Session& session) {
        MilterMta mta(context);
        try {
            const Reply reply = body(session, mta);
            if (reply != Reply::go_on) {
                session.abort();
            }
            return to_libmilter(reply);
        } catch (const std::exception& error) {
            log_failure(&session, where, error.what());
            session.abort();
            mta.set_reply("451", "4.3.0", kTemporaryFailure);
            return static_cast<sfsistat>(SMFIS_TEMPFAIL);
        }
    });
    return result;
}

} // namespace

extern "C" {

static sfsistat qm_negotiate(SMFICTX* context, unsigned long offered_actions, unsigned long offered_steps,
                             unsigned long /*unused*/, unsigned long /*unused*/, unsigned long* actions,
                             unsigned long* steps, unsigned long* unused1, unsigned long* unused2)
{
    const Visit visit;
    if (door().closed.load()) {
        return SMFIS_REJECT;
    }
    try {
        unsigned long wanted_actions = SMFIF_DELRCPT;
        if ((offered_actions & wanted_actions) != wanted_actions) {
            log::error("milter",
                       {{"error", "the mail server does not offer to remove recipients (SMFIF_DELRCPT)"}});
            return SMFIS_REJECT;
        }
        // Always asked for where it is offered: a reload may bring a quarantine with action HOLD to an open
        // connection.
        wanted_actions |= offered_actions & (SMFIF_QUARANTINE | SMFIF_SETSYMLIST);
        // DATA is registered and replied to: without it Postfix's next packet waits 44 ms for an ACK on TCP.
        const unsigned long wanted_steps = SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NOUNKNOWN | SMFIP_NR_MAIL |
                                           SMFIP_NR_RCPT | SMFIP_NR_HDR | SMFIP_NR_BODY | SMFIP_HDR_LEADSPC;
        *actions = wanted_actions;
        *steps = wanted_steps & offered_steps;
        *unused1 = 0;
        *unused2 = 0;
        if ((wanted_actions & SMFIF_SETSYMLIST) != 0) {
            // What is needed and no more, once a mail: Postfix sends those of the end of headers in front of
            // each header, too. The queue id is not known before the first recipient. No list is not
            // possible: an empty one means the mail server's own.
            char client[] = "{client_addr} {client_name} {auth_authen}";
            char queue_id[] = "i";
            smfi_setsymlist(context, SMFIM_ENVFROM, client);
            for (const int stage : {SMFIM_ENVRCPT, SMFIM_DATA, SMFIM_EOH, SMFIM_EOM}) {
                smfi_setsymlist(context, stage, queue_id);
            }
        }
        end(connection_of(context)); // negotiated twice
        smfi_setpriv(context, nullptr);
        std::unique_ptr<Connection> connection(
            new Connection{.session = Session(*door().desk, door().notices_due), .steps = *steps});
        connection->session.set_leading_space((*steps & SMFIP_HDR_LEADSPC) != 0);
        if (smfi_setpriv(context, connection.get()) != MI_SUCCESS) {
            return SMFIS_REJECT;
        }
        door().connections.lock()->insert(connection.get());
        static_cast<void>(connection.release()); // end() deletes it
        return SMFIS_CONTINUE;
    } catch (const std::exception& error) {
        log_failure(nullptr, "negotiation", error.what());
    }
    return SMFIS_REJECT;
}

static sfsistat qm_mail(SMFICTX* context, char** arguments)
{
    return remembered(context, "MAIL", SMFIP_NR_MAIL, [&](Session& session) {
        session.mail(arguments == nullptr || arguments[0] == nullptr ? "" : arguments[0]);
    });
}

static sfsistat qm_recipient(SMFICTX* context, char** arguments)
{
    return remembered(context, "RCPT", SMFIP_NR_RCPT, [&](Session& session) {
        session.recipient(arguments == nullptr || arguments[0] == nullptr ? "" : arguments[0]);
    });
}

static sfsistat qm_data(SMFICTX* context)
{
    return guarded(context, "DATA", [](Session&) { return static_cast<sfsistat>(SMFIS_CONTINUE); });
}

static sfsistat qm_header(SMFICTX* context, char* name, char* value)
{
    return remembered(context, "header", SMFIP_NR_HDR, [&](Session& session) {
        session.header(name == nullptr ? "" : name, value == nullptr ? "" : value);
    });
}

static sfsistat qm_end_of_headers(SMFICTX* context)
{
    return answered(context, "end of headers",
                    [](Session& session, Mta& mta) { return session.end_of_headers(mta); });
}

static sfsistat qm_body(SMFICTX* context, unsigned char* bytes, size_t length)
{
    return remembered(context, "body", SMFIP_NR_BODY, [&](Session& session) {
        session.body({reinterpret_cast<const char*>(bytes), length});
    });
}

static sfsistat qm_end_of_message(SMFICTX* context)
{
    return answered(context, "end of message",
                    [](Session& session, Mta& mta) { return session.end_of_message(mta); });
}

static sfsistat qm_abort(SMFICTX* context)
{
    return remembered(context, "abort", 0, [](Session& session) { session.abort(); });
}

static sfsistat qm_close(SMFICTX* context)
{
    const Visit visit;
    if (door().closed.load()) {
        return SMFIS_CONTINUE; // close_door() has ended it
    }
    end(connection_of(context));
    smfi_setpriv(context, nullptr);
    return SMFIS_CONTINUE;
}

} // extern "C"

void register_callbacks(Desk& desk, std::function<void()> notices_due)
{
    door().desk = &desk;
    door().notices_due = std::move(notices_due);
    door().closed.store(false);
    static char name[] = "quarantine-milter";
    smfiDesc description{};
    description.xxfi_name = name;
    description.xxfi_version = SMFI_VERSION;
    description.xxfi_flags = SMFIF_DELRCPT | SMFIF_QUARANTINE | SMFIF_SETSYMLIST;
    description.xxfi_negotiate = qm_negotiate;
    description.xxfi_envfrom = qm_mail;
    description.xxfi_envrcpt = qm_recipient;
    description.xxfi_data = qm_data;
    description.xxfi_header = qm_header;
    description.xxfi_eoh = qm_end_of_headers;
    description.xxfi_body = qm_body;
    description.xxfi_eom = qm_end_of_message;
    description.xxfi_abort = qm_abort;
    description.xxfi_close = qm_close;
    if (smfi_register(description) != MI_SUCCESS) {
        throw BackendError("libmilter: smfi_register failed");
    }
}

bool close_door(std::chrono::milliseconds patience)
{
    door().closed.store(true);
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (door().inside.load() > 0 && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (door().inside.load() > 0) {
        return false;
    }
    for (const Connection* const connection : std::exchange(*door().connections.lock(), {})) {
        delete connection; // and with it what its mail had half stored
    }
    return true;
}

} // namespace qm::milter
