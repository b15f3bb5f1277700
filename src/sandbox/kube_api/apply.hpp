// Server-side apply: who has applied which fields of an object.
#pragma once

#include "falconer/result.hpp"
#include "falconer/value.hpp"

#include <map>
#include <string>

namespace falconer::sandbox {

/// Of one object: what each manager has applied. A list counts as one field, and fields that were
/// written in another way are nobody's. Source: kubernetes.io, "Server-Side Apply".
class applied_fields {
public:
    /// The object with the fields of `config`, without those that `manager` applied before and no
    /// longer does. `strategic`: how lists are merged. Errors: conflict, with the fields, when
    /// another manager has applied another value and nothing is forced.
    result<value> apply(
        value is, const value& config, const std::string& manager, bool force, bool strategic
    );

    /// {"manager": {"/spec/x": …}}, and back.
    value                 as_value() const;
    static applied_fields of(const value& is);
    bool                  empty() const noexcept { return managers_.empty(); }

private:
    using fields = std::map<std::string, value>;  // by JSON pointer

    std::map<std::string, fields> managers_{};
};

}  // namespace falconer::sandbox
