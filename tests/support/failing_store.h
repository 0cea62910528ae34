// A store that fails at its n-th call.
#pragma once

#include <functional>
#include <memory>

#include "quarantine/error.h"
#include "quarantine/store.h"

namespace qm::test {

/// Counts calls of a store and its writers; the one that brings the countdown to zero throws, those before
/// and after reach the store behind it.
///
/// Thread-safety: none.
class FailingStore final : public MessageStore {
  public:
    explicit FailingStore(std::shared_ptr<MessageStore> behind) : behind_(std::move(behind)) {}

    /// 1: the next call fails. 0: none.
    void fail_at(int call)
    {
        countdown_ = call;
        failed_ = false;
    }
    bool has_failed() const { return failed_; }

    /// Something else happens at this moment.
    std::function<void(const HeldId&)> when_opened;
    std::function<void()> when_committed;

    std::unique_ptr<MessageWriter> create(const HeldId& id) override
    {
        count("create");
        return std::make_unique<Writer>(*this, behind_->create(id));
    }
    std::unique_ptr<MessageReader> open(const HeldId& id) override
    {
        count("open");
        if (when_opened) {
            when_opened(id);
        }
        return behind_->open(id);
    }
    bool remove(const HeldId& id) override
    {
        count("remove");
        return behind_->remove(id);
    }
    void list(Time since, const std::function<bool(const HeldId&)>& visit) override
    {
        behind_->list(since, visit);
    }
    void check() override { behind_->check(); }

  private:
    class Writer final : public MessageWriter {
      public:
        Writer(FailingStore& store, std::unique_ptr<MessageWriter> behind)
            : store_(store), behind_(std::move(behind))
        {
        }
        void write(std::string_view bytes) override
        {
            store_.count("write");
            behind_->write(bytes);
        }
        void commit() override
        {
            store_.count("commit");
            behind_->commit();
            if (store_.when_committed) {
                store_.when_committed();
            }
        }

      private:
        FailingStore& store_;
        std::unique_ptr<MessageWriter> behind_;
    };

    void count(const char* what)
    {
        if (countdown_ > 0 && --countdown_ == 0) {
            failed_ = true;
            throw BackendError(std::string("the test's store fails at ") + what);
        }
    }

    std::shared_ptr<MessageStore> behind_;
    int countdown_ = 0;
    bool failed_ = false;
};

} // namespace qm::test
