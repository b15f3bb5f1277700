// What is to be told, in the order in which it became known; of each kind and cluster the newest.
#pragma once

#include "falconer/messages_wire.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace falconer::carrier {

/// Readers come with the number up to which they have read. Memory is bound by the number of
/// clusters, whoever reads how slowly; beyond `most` facts the oldest goes, and the board's horizon
/// rises: who has not read it yet reads anew.
template <class Message>
class fact_board {
public:
    explicit fact_board(std::size_t most) : most_(most) {}

    /// False: it was known.
    bool put(const cluster_identity& to, Message what) {
        auto& at = places_[{to.text, what.index()}];
        if (at != 0) {
            const auto known = facts_.find(at);
            if (says_the_same(known->second.what, what)) return false;
            facts_.erase(known);
        }
        at = ++last_;
        facts_.emplace(at, fact{to, std::move(what)});
        if (facts_.size() > most_) drop(facts_.begin());
        return true;
    }

    /// All of one cluster's gets new numbers: whoever reads on reads it again.
    void renew(const std::string& cluster) {
        for (auto at = places_.lower_bound({cluster, 0});
             at != places_.end() && at->first.first == cluster; ++at) {
            auto moved  = facts_.extract(at->second);
            at->second  = ++last_;
            moved.key() = last_;
            facts_.insert(std::move(moved));
        }
    }

    /// All of one cluster's, but what is `but_of` that kind. Nobody needs to hear of it any more.
    void forget(const std::string& cluster, std::string_view but_of = {}) {
        for (auto at = places_.lower_bound({cluster, 0});
             at != places_.end() && at->first.first == cluster;) {
            const auto found = facts_.find(at->second);
            if (kind_of(found->second.what) == but_of) {
                ++at;
                continue;
            }
            facts_.erase(found);
            at = places_.erase(at);
        }
    }

    /// `see(number, to, what)` in their order, from behind `after` on; false: enough.
    template <class Visitor>
    void each_after(std::uint64_t after, Visitor&& see) const {
        for (auto at = facts_.upper_bound(after); at != facts_.end(); ++at)
            if (!see(at->first, at->second.to, at->second.what)) return;
    }

    std::uint64_t last() const noexcept { return last_; }
    /// Something up to this number went unread, perhaps.
    std::uint64_t horizon() const noexcept { return horizon_; }
    std::size_t   size() const noexcept { return facts_.size(); }

private:
    struct fact {
        cluster_identity to;
        Message          what;
    };
    using facts = std::map<std::uint64_t, fact>;

    void drop(typename facts::iterator which) {
        horizon_ = which->first;
        places_.erase({which->second.to.text, which->second.what.index()});
        facts_.erase(which);
    }

    std::size_t                                                  most_;
    std::uint64_t                                                last_ = 0, horizon_ = 0;
    facts                                                        facts_{};
    std::map<std::pair<std::string, std::size_t>, std::uint64_t> places_{};
};

}  // namespace falconer::carrier
