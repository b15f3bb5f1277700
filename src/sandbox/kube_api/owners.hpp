// Who has written which fields of an object: what server-side apply asks before it changes any.
#pragma once

#include "falconer/result.hpp"
#include "falconer/value.hpp"

#include <compare>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace falconer::sandbox {

/// Of fields, each by its path: "/spec/x", "/spec/containers/k:name=c/image". Most objects of a
/// type have the same ones, so that one set serves all of them; those that have their own (a map
/// with keys of its own) keep it as one text, a path a line, because a tree takes five times as
/// much.
class field_sets {
public:
    using fields = std::set<std::string>;
    using shared = std::shared_ptr<const std::string>;

    static shared packed(const fields& all);
    static fields unpacked(const shared& all);

    /// The set that equals `one`, if there is any; else `one`.
    shared the_same_as(const shared& one);

private:
    std::unordered_multimap<std::size_t, std::weak_ptr<const std::string>> known_{};  // by hash
    std::size_t                                                            sweep_at_ = 64;
};

/// Of one object. A list is one field, but for those that strategic merge patches merge by a key,
/// finalizers and owners. Source: kubernetes.io, "Server-Side Apply"; structured-merge-diff,
/// merge/update.go.
class field_owners {
public:
    struct writer {
        std::string manager{};
        bool        applies = false;  // who applies and who writes otherwise are two
        bool        status  = false;

        auto operator<=>(const writer&) const = default;
    };

    /// A write that is no apply: what it has changed is the writer's now, and nobody else's.
    /// `keyed`: lists are merged by their keys, as in built-in types.
    void wrote(const value& was, const value& is, const writer& by, bool keyed);

    /// The object with the fields of `config`, without those that `by` applied before, no longer
    /// does, and nobody else owns. Errors: conflict, with the fields, when it would change what
    /// another one owns and nothing is forced.
    result<value> apply(value is, const value& config, const writer& by, bool force, bool keyed);

    void share(field_sets& sets);
    bool empty() const noexcept { return all_.empty(); }

    /// {"apply me": ["/spec/x"]}, and back; what is no such thing is nobody's.
    value               as_value() const;
    static field_owners of(const value& is);

private:
    using fields = field_sets::fields;
    using entry  = std::pair<writer, field_sets::shared>;

    fields of_writer(const writer& who) const;
    fields of_others(const writer& but) const;
    void   set(const writer& who, const fields& now);
    void   take_from_others(const fields& what, const writer& but);

    std::vector<entry> all_{};
};

}  // namespace falconer::sandbox
