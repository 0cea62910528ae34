// The contract of a message store: it keeps the bytes of held messages.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quarantine/error.h"
#include "quarantine/held_mail.h"
#include "quarantine/section.h"

namespace qm {

/// A message on its way into a store. Destroyed without commit() it leaves nothing behind.
///
/// Thread-safety: none; one mail session owns it. Its calls may come from different threads, one after the
/// other.
class MessageWriter {
  public:
    virtual ~MessageWriter() = default;

    /// Appends bytes. Errors: BackendError; after one, only destruction is allowed.
    virtual void write(std::string_view bytes) = 0;

    /// Makes the message durable and visible under its id. Returns only when it would survive a power cut.
    /// Errors: BackendError; then nothing is left behind.
    virtual void commit() = 0;
};

/// A stored message being read, from its first byte to its last.
///
/// Thread-safety: none.
class MessageReader {
  public:
    virtual ~MessageReader() = default;

    /// Fills at most buffer.size() bytes and returns how many; 0 at the end. Errors: BackendError.
    virtual std::size_t read(std::span<char> buffer) = 0;
};

/// Keeps the bytes of held messages. One object serves every connection of the process.
///
/// Thread-safety: every member may be called at once from any thread.
/// Durability:    see MessageWriter::commit(); remove() is durable when it returns.
/// Errors:        BackendError.
class MessageStore {
  public:
    virtual ~MessageStore() = default;

    /// False: the store keeps nothing (NONE): create() is still allowed, open() finds nothing.
    virtual bool keeps() const { return true; }

    /// Begins a message of this id. An id that is stored already is a BackendError at commit().
    virtual std::unique_ptr<MessageWriter> create(const HeldId& id) = 0;

    /// nullptr when there is no such message.
    virtual std::unique_ptr<MessageReader> open(const HeldId& id) = 0;

    /// False when there was no such message.
    virtual bool remove(const HeldId& id) = 0;

    /// Removes many, cheaper than one by one: durable when it returns. Those that are not there do not
    /// matter. Returns those that could not be removed (remove() says why).
    virtual std::vector<HeldId> remove_all(std::span<const HeldId> ids)
    {
        std::vector<HeldId> left;
        for (const HeldId& id : ids) {
            try {
                remove(id);
            } catch (const BackendError&) {
                left.push_back(id);
            }
        }
        return left;
    }

    /// Calls `visit` for every message whose id is not older than `since`, oldest first; `visit` returns
    /// false to stop.
    virtual void list(Time since, const std::function<bool(const HeldId&)>& visit) = 0;

    /// True when there is no message in it. Cheap, however many there are.
    virtual bool is_empty()
    {
        bool none = true;
        list(Time{}, [&](const HeldId& /*id*/) { return none = false; });
        return none;
    }

    /// The same as list() for what writers have begun and not finished, those at work included. Stores that
    /// leave nothing behind have none.
    virtual void list_unfinished(Time /*since*/, const std::function<bool(const HeldId&)>& /*visit*/) {}
    virtual void remove_unfinished(const HeldId& /*id*/) {}

    /// Throws when the store could not take a message now (missing folder, not writable). Creates nothing.
    virtual void check() = 0;

    /// Where the messages are, for comparing stores; "" when there is no such folder.
    virtual std::string folder() const { return {}; }

    /// A file that a daemon keeps locked while it is the only one to use this store; "" when there is none.
    virtual std::string lock_file() const { return {}; }
};

/// A row of the table of stores (src/store/builtin_stores).
struct StoreType {
    std::string_view name;           ///< as in `quarantine_type = FILE`
    std::span<const Option> options; ///< what a section with this type understands
    std::string_view help;
    /// Opens the store of a section. Errors: ConfigError or BackendError; wrong options are
    /// section.mistake().
    std::unique_ptr<MessageStore> (*open)(const Section& section);
};

} // namespace qm
