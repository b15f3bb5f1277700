// The filter language of search fields: parsed once, understood by the store as SQL and here as it
// is.
#pragma once

#include "falconer/event.hpp"
#include "falconer/value.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace falconer::filter {

/// Upper and lower case of ASCII letters are the same everywhere.
std::string lowered(std::string_view text);

/// What a text must be. `text` is lowered; of `like` it is a pattern as SQL's LIKE has it, with a
/// backslash before what stands for itself.
struct text_pattern {
    enum class kind : std::uint8_t { equal, contains, like };

    kind        how = kind::equal;
    std::string text{};

    friend bool operator==(const text_pattern&, const text_pattern&) = default;
};

enum class field_kind : std::uint8_t {
    rule,
    cluster,  // its identity, or project/name
    project,
    shoot,
    landscape,
    host,
    source,
    tag,
    output,
    workload,      // of k8s.pod.name, see workload_of()
    output_field,  // any; of a list each item, nested values never
    priority,
    flag,
    uuid,
    time,
    received,
};
struct field {
    field_kind  which = field_kind::output_field;
    std::string name{};  // of an output field

    friend bool operator==(const field&, const field&) = default;
};

struct node;
using node_ptr = std::shared_ptr<const node>;

struct all_of {
    std::vector<node_ptr> of{};  // none: everything
};
struct any_of {
    std::vector<node_ptr> of{};
};
struct none_of {
    node_ptr of{};
};
/// Anywhere: in output, rule, host, source, tags, cluster identity and the output fields' values.
struct word_test {
    text_pattern what{};
};
struct text_test {  // field_kind rule … output_field
    field        where{};
    text_pattern what{};
};
/// It is there, and not null.
struct present_test {
    field where{};
};
/// An output field that is a number between; also a text that reads like one (see is_decimal()).
struct number_test {
    struct bound {
        std::string decimal{};
        bool        included = true;
    };
    std::string          name{};
    std::optional<bound> from{}, to{};
};
struct priority_test {
    std::uint8_t any = 0;  // bit n: priority n
};
struct flag_test {
    std::uint16_t any = 0;  // event_flag, or-ed
};
struct uuid_test {
    uuid is{};
};
/// From, and before.
struct time_test {
    bool                      of_receipt = false;  // else by the sender's clock
    std::optional<event_time> from{}, before{};
};

struct node {
    std::variant<
        all_of, any_of, none_of, word_test, text_test, present_test, number_test, priority_test,
        flag_test, uuid_test, time_test>
        is{};
};

/// What is wrong with a filter, and where: from 1, in code points.
struct mistake {
    std::size_t column = 1, length = 0;
    std::string what{};
};

inline constexpr std::size_t longest_filter = 4096;  // bytes
inline constexpr int         deepest_filter = 32;    // parentheses and negations
inline constexpr std::size_t most_tests     = 256;

/// `now` is what relative times count from. An empty text finds everything. Pure.
std::variant<node_ptr, mistake> parse(std::string_view text, utc_time now);

/// A moment as people write it, with its precision: `2026-11-30` is a day, `-2h` an instant.
/// Nothing: it is none. Without a zone: UTC.
struct moment {
    event_time from{}, before{};
    bool       relative = false;
};
std::optional<moment> parse_moment(std::string_view text, utc_time now);

/// Names for completion, the canonical ones first.
struct known_name {
    std::string_view name{};
    field_kind       which = field_kind::output_field;
    std::string_view short_for{};  // an output field
};
std::span<const known_name> known_names();
/// Of a name as a filter has it. Whatever is not known is an output field.
field field_of(std::string_view name);
/// As a filter would call it.
std::string name_of(const field& which);

/// An event to be looked at; borrows.
struct subject {
    uuid                            id{};
    event_time                      time{};
    utc_time                        received{};
    priority                        level = priority::debug;
    std::uint16_t                   flags = 0;
    std::string_view                rule{};
    std::string_view                identity{};
    std::optional<std::string_view> project{}, shoot{}, landscape{};  // of the cluster
    std::optional<std::string_view> host{}, source{}, output{};
    std::span<const std::string>    tags{};
    const value*                    fields = nullptr;  // the output fields
};

/// Whether it is found. The same verdict as the store's.
bool matches(const node& what, const subject& it);
bool fits(const text_pattern& what, std::string_view text);

/// "-12.50": at most 80 digits before and 80 behind the point.
bool is_decimal(std::string_view text) noexcept;
/// Of two decimals, exactly: negative, zero, positive.
int compare_decimals(std::string_view a, std::string_view b) noexcept;

/// A pod's name without what controllers add: `web-7d9fc8b5d4-x2x7z` is of `web`, `db-0` of `db`.
/// Source: SafeEncodeString of k8s.io/apimachinery, whose alphabet these suffixes have.
std::string_view workload_of(std::string_view pod) noexcept;
/// The same as a PostgreSQL regular expression: what it finds is the suffix.
inline constexpr std::string_view workload_suffix =
    "(?<=.)-(?:[bcdfghjklmnpqrstvwxz2456789]{8,10}-)?(?:[bcdfghjklmnpqrstvwxz2456789]{5}|[0-9]{1,"
    "10}"
    ")$";

}  // namespace falconer::filter
