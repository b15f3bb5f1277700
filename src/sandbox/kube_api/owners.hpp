// Who has written which fields of an object: what server-side apply asks before it changes any.
#pragma once

#include "falconer/result.hpp"
#include "falconer/value.hpp"
#include "field_sets.hpp"

#include <memory>

namespace falconer::sandbox {

/// Of one object. A list is one field, but for those that strategic merge patches merge by a key,
/// finalizers and owners. Source: kubernetes.io, "Server-Side Apply"; structured-merge-diff,
/// merge/update.go.
class field_owners {
public:
    using writer = field_writer;

    /// A write that is no apply: what it has changed is the writer's now, and nobody else's.
    /// `keyed`: lists are merged by their keys, as in built-in types.
    void wrote(const value& was, const value& is, const writer& by, bool keyed);

    /// The object with the fields of `config`, without those that `by` applied before, no longer
    /// does, and nobody else owns. Errors: conflict, with the fields, when it would change what
    /// another one owns and nothing is forced.
    result<value> apply(value is, const value& config, const writer& by, bool force, bool keyed);

    /// What one has is another one's from now on, but for what was last applied: nobody's.
    void hand_over(const writer& from, const writer& to);

    void share(field_sets& sets);
    bool empty() const noexcept { return all_ == nullptr; }

    /// {"apply me": ["/spec/x"]}, and back; what is no such thing is nobody's.
    value               as_value() const;
    static field_owners of(const value& is);

private:
    using fields = field_sets::fields;
    using list   = field_sets::list;

    const list& all() const noexcept;
    fields      of_writer(const writer& who) const;
    fields      of_others(const writer& but) const;
    void        set(const writer& who, const fields& now);
    void        take_from_others(const fields& what, const writer& but);

    std::shared_ptr<const list> all_{};  // null: nobody owns anything
};

}  // namespace falconer::sandbox
