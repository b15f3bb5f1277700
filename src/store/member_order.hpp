// An object's members in the order in which PostgreSQL keeps them. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::store {

/// jsonb keeps keys sorted: shorter ones first, those of one length by their bytes. A server that
/// gets them like that has nothing to sort, which is a sixth of all it does for an event.
/// Source: PostgreSQL's jsonb_util.c, lengthCompareJsonbStringValue
///
/// Memory: 256 small lists, of the rules whose events came last.
class member_order {
public:
    /// Appends the JSON object `object` to `out`, its members in jsonb's order and those of one key
    /// in their own: the last one counts. As it is, where that is not known to mean the same: keys
    /// with escapes, more than 256 members; and what is no object, which the server shall refuse.
    ///
    /// `kind`: objects of one kind mostly have the same keys in the same order; an event's rule.
    void append(std::string_view object, std::uint32_t kind, std::string& out);

private:
    struct member {
        std::uint64_t    rank = 0;  // begins with the key's size, goes on with its first bytes
        std::string_view key{};
        std::string_view text{};  // "key":value
    };
    using permutation = std::vector<std::uint8_t>;

    static bool before(const member& a, const member& b) noexcept;

    bool               take_apart(std::string_view object);
    bool               are_in_order(const permutation& by) const noexcept;
    const permutation& order_of(std::uint32_t kind);

    std::vector<member>          members_{};  // of the object at hand, as they came
    bool                         in_order_ = false;
    std::array<permutation, 256> known_{};  // by kind
};

}  // namespace falconer::store
