// Verdicts on tokens, by the token's digest; the tokens themselves are not kept.
#pragma once

#include "falconer/ids.hpp"
#include "falconer/time_source.hpp"

#include <array>
#include <cstring>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace falconer::ingest {

using token_digest = std::array<unsigned char, 32>;  // SHA-256

struct remembered_token {
    cluster_ref             cluster{};
    std::optional<utc_time> issued{};
    utc_time                valid_from{};
    utc_time                expires{};
    std::string_view        why{};  // constant; empty: good
};

/// Bounded; forgets what was used the longest time ago.
class token_memory {
public:
    explicit token_memory(std::size_t most) : most_(most) {}

    /// Valid until the next remember() or forget().
    const remembered_token* find(const token_digest& token) {
        const auto found = by_digest_.find(token);
        if (found == by_digest_.end()) return nullptr;
        recent_.splice(recent_.begin(), recent_, found->second);
        return &found->second->second;
    }
    void remember(const token_digest& token, remembered_token what) {
        if (by_digest_.contains(token)) return;
        recent_.emplace_front(token, std::move(what));
        by_digest_.emplace(token, recent_.begin());
        if (by_digest_.size() > most_) {
            by_digest_.erase(recent_.back().first);
            recent_.pop_back();
        }
    }
    void forget() {
        by_digest_.clear();
        recent_.clear();
    }
    std::size_t size() const noexcept { return by_digest_.size(); }

private:
    struct first_bytes {  // a digest is as good a hash as any
        std::size_t operator()(const token_digest& d) const noexcept {
            std::size_t h = 0;
            std::memcpy(&h, d.data(), sizeof h);
            return h;
        }
    };
    using entries = std::list<std::pair<token_digest, remembered_token>>;

    std::size_t most_;
    entries     recent_;  // the latest used first
    std::unordered_map<token_digest, entries::iterator, first_bytes> by_digest_;
};

}  // namespace falconer::ingest
