// Certificates that were made here a moment ago, so that whoever has made them need not prove them.
#pragma once

#include "digest.hpp"
#include "falconer/time_source.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace falconer::falco {

/// The last few, by the digest of all that was asked of them and came of it, keys included: other
/// text, another key or another wish is another one. No copy of a key lies about.
class lately_made {
public:
    struct life {
        utc_time from{};
        utc_time until{};
        bool     holds(utc_time now) const noexcept { return from <= now && now < until; }
    };

    /// Of several texts, so that none can move from one to the next.
    static std::string digest_of(std::initializer_list<std::string_view> parts) {
        std::string all;
        for (const auto part : parts) {
            all += std::to_string(part.size());
            all += ':';
            all += part;
        }
        auto made = sha256_hex(all);
        OPENSSL_cleanse(all.data(), all.size());
        return made;
    }

    void keep(std::string digest, life is) {
        entries_[next_] = {std::move(digest), is};
        next_           = (next_ + 1) % entries_.size();
    }

    /// Null: not among the last few.
    const life* find(std::string_view digest) const noexcept {
        const auto* at = std::ranges::find(entries_, digest, &entry::digest);
        return at == entries_.end() ? nullptr : &at->is;
    }

private:
    struct entry {
        std::string digest{};
        life        is{};
    };
    std::array<entry, 16> entries_{};  // four clusters' worth
    std::size_t           next_ = 0;
};

}  // namespace falconer::falco
