// Sets of fields, many of which are equal: each is kept once.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace falconer::sandbox {

/// Of those that are equal, one; forgotten when nobody has it any more.
template <class Thing>
class equal_ones {
public:
    using shared = std::shared_ptr<const Thing>;

    /// The one that equals `one`, if there is any; else `one`.
    shared the_same_as(const shared& one, std::size_t hash) {
        const auto [first, end] = known_.equal_range(hash);
        for (auto at = first; at != end; ++at)
            if (auto there = at->second.lock(); there && *there == *one) return there;
        known_.emplace(hash, one);
        if (known_.size() >= sweep_at_) {
            std::erase_if(known_, [](const auto& each) { return each.second.expired(); });
            sweep_at_ = 2 * known_.size() + 64;
        }
        return one;
    }

private:
    std::unordered_multimap<std::size_t, std::weak_ptr<const Thing>> known_{};
    std::size_t                                                      sweep_at_ = 64;
};

/// Who has written something: who applies and who writes otherwise are two.
struct field_writer {
    std::string manager{};
    bool        applies = false;
    bool        status  = false;

    auto operator<=>(const field_writer&) const = default;
};

/// Of fields, each by its path: "/spec/x", "/spec/containers/k:name=c/image". Most objects of a
/// type have the same ones, so that one set serves all of them; those that have their own (a map
/// with keys of its own) keep it as one text, because a tree takes ten times as much.
class field_sets {
public:
    using fields = std::set<std::string>;
    using shared = std::shared_ptr<const std::string>;
    using list   = std::vector<std::pair<field_writer, shared>>;

    /// A line for each path: one byte that says how much of the path before it begins it, too, and
    /// what is new. The keys of a map with many are alike.
    static shared packed(const fields& all);
    static fields unpacked(const shared& all);

    /// The same lists, but what is known of them, sets or all of it, is kept once.
    std::shared_ptr<const list> the_same_as(list one);

private:
    equal_ones<std::string> texts_{};
    equal_ones<list>        lists_{};
};

}  // namespace falconer::sandbox
