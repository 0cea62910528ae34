#include "store/null_store.h"

namespace qm::store {
namespace {

class NullWriter final : public MessageWriter {
  public:
    void write(std::string_view) override {}
    void commit() override {}
};

class NullStore final : public MessageStore {
  public:
    bool keeps() const override { return false; }
    std::unique_ptr<MessageWriter> create(const HeldId&) override { return std::make_unique<NullWriter>(); }
    std::unique_ptr<MessageReader> open(const HeldId&) override { return nullptr; }
    bool remove(const HeldId&) override { return false; }
    void list(Time, const std::function<bool(const HeldId&)>&) override {}
    void check() override {}
};

} // namespace

std::unique_ptr<MessageStore> open_null_store(const Section&)
{
    return std::make_unique<NullStore>();
}

} // namespace qm::store
