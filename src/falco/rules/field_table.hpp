// Which fields there are, of which type: config/rules/fields.yaml.
#pragma once

#include "falco_release.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco::rules {

enum class field_type : std::uint8_t {
    any,
    text,
    bytes,
    integer,
    real,
    boolean,
    time,
    address,
    network,
    port
};
std::string_view name_of(field_type is) noexcept;

struct field_info {
    field_type type = field_type::any;
    bool       list = false, every = false;
    bool       index = false, key = false, dotted = false, required = false;  // arguments
    bool       condition_only = false, output_only = false;
    bool       no_rhs = false, no_transformer = false;
    // The first versions of Falco of which these hold; nothing: of none, of `since` and
    // `index_since` that it always held.
    std::optional<semver> since{}, until{}, deprecated{}, index_since{};
    std::string           plugin{};  // whose it is; empty: of Falco, or of whoever has the source

    bool is_known_to(const falco_release& release) const {
        return (!since || release.number >= *since) && (!until || release.number < *until);
    }
    bool takes_index_in(const falco_release& release) const {
        return index && (!index_since || release.number >= *index_since);
    }
};

class field_table {
public:
    /// The one under config/.
    static const field_table& known();

    bool has_source(std::string_view source) const { return sources_.contains(source); }

    /// A field as it is written, evt.arg.flags: what it is, and the argument behind its last dot.
    struct found {
        const field_info* is = nullptr;
        std::string_view  name{};
        std::string_view  dotted{};  // "flags"
    };
    /// Nothing: this source has none of this name.
    std::optional<found> find(std::string_view source, std::string_view written) const;
    /// The longest that the text begins with; for outputs, where text may follow at once.
    std::optional<found> find_prefix(std::string_view source, std::string_view text) const;

    bool is_event(std::string_view name) const { return events_.contains(name); }
    bool is_argument(std::string_view name) const { return arguments_.contains(name); }

    /// A loaded plug-in whose fields are not known here, and which others' events may have. Null:
    /// there is none, and what is not in this table is no field.
    const loaded_plugin* stranger_in(const falco_release& release) const;

    /// All that a Falco knows of, those of every source included.
    std::vector<std::string> names_of(std::string_view source, const falco_release& release) const;

    // "; did you mean 'proc.name'?"
    std::string near_field(std::string_view source, std::string_view wrong) const;
    std::string near_event(std::string_view wrong) const;
    std::string near_argument(std::string_view wrong) const;
    std::string near_source(std::string_view wrong) const;

private:
    field_table();

    using fields = std::map<std::string, field_info, std::less<>>;
    const field_info* look_up(std::string_view source, std::string_view name) const;

    std::map<std::string, fields, std::less<>> sources_{};  // "any": of every source
    std::set<std::string, std::less<>>         events_{}, arguments_{}, plugins_{};
};

}  // namespace falconer::falco::rules
