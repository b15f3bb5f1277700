// What was asked for last, by a key, within so many bytes.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace falconer::falco::rules {

/// The least recently asked for goes first. The newest stays, whatever its size. There is one
/// thread.
template <class Value>
class recent {
public:
    explicit recent(std::size_t most_bytes) : most_(most_bytes) {}

    /// Null: it is not there, or no longer.
    const Value* find(std::string_view key) {
        const auto found = by_key_.find(key);
        if (found == by_key_.end()) return nullptr;
        all_.splice(all_.begin(), all_, found->second);
        return &found->second->is;
    }

    /// `bytes`: what the value takes, its key and our own records apart. Until the next call.
    const Value& keep(std::string key, Value is, std::size_t bytes) {
        forget(key);
        bytes += key.size() + own_bytes;
        all_.push_front({std::move(key), std::move(is), bytes});
        by_key_.emplace(all_.front().key, all_.begin());
        held_ += bytes;
        while (held_ > most_ && all_.size() > 1) forget(std::string(all_.back().key));
        return all_.front().is;
    }

    std::size_t size() const noexcept { return all_.size(); }
    std::size_t bytes() const noexcept { return held_; }

private:
    struct entry {
        std::string key{};
        Value       is{};
        std::size_t bytes = 0;
    };
    using entries = std::list<entry>;

    /// Two nodes and a bucket, roughly.
    static constexpr std::size_t own_bytes = sizeof(entry) + 96;

    void forget(std::string_view key) {
        const auto found = by_key_.find(key);
        if (found == by_key_.end()) return;
        const auto at  = found->second;
        held_         -= at->bytes;
        by_key_.erase(found);  // before what its key points into
        all_.erase(at);
    }

    std::size_t                                                      most_;
    std::size_t                                                      held_ = 0;
    entries                                                          all_{};  // the newest first
    std::unordered_map<std::string_view, typename entries::iterator> by_key_{};
};

}  // namespace falconer::falco::rules
