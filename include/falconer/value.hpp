// A tree of values, as JSON and YAML have them: what API objects, configurations and manifests are.
#pragma once

#include "falconer/result.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace falconer {

/// Mappings keep the order of their keys, and a key that came twice: whoever cares finds both.
/// Numbers keep their text, so that none is rounded on the way through.
class value {
public:
    enum class kind : std::uint8_t { null, boolean, number, text, list, map };

    struct entry;
    using list_type = std::vector<value>;
    using map_type  = std::vector<entry>;

    value() noexcept;
    value(bool is);
    value(std::int64_t is);
    value(int is);
    value(std::string is);
    value(std::string_view is);
    value(const char* is);
    value(list_type is);
    value(map_type is);
    /// {{"name", "falco"}, {"replicas", 2}}
    value(std::initializer_list<entry> is);

    value(const value&);
    value(value&&) noexcept;
    value& operator=(const value&);
    value& operator=(value&&) noexcept;
    ~value();

    static value list();
    static value map();
    /// `text` as JSON writes numbers; not checked.
    static value number(std::string text);

    kind what() const noexcept { return static_cast<kind>(state_.index()); }
    bool is_null() const noexcept { return what() == kind::null; }
    bool is_map() const noexcept { return what() == kind::map; }
    bool is_list() const noexcept { return what() == kind::list; }
    bool is_text() const noexcept { return what() == kind::text; }

    // Nothing (or empty), when it is something else.
    std::optional<bool>         boolean() const noexcept;
    std::optional<std::int64_t> integer() const noexcept;
    const std::string*          text() const noexcept { return std::get_if<std::string>(&state_); }
    const std::string*          numeral_text() const noexcept;
    const list_type&            items() const noexcept;
    const map_type&             entries() const noexcept;

    /// Of a mapping: what `key` holds; null where it is not there, or this is no mapping.
    const value* find(std::string_view key) const noexcept;
    value*       find(std::string_view key) noexcept;
    /// Of nested mappings: find_path({"spec", "template", "spec"}).
    const value* find_path(std::initializer_list<std::string_view> path) const noexcept;
    /// The text there; empty where there is none.
    std::string_view text_at(std::initializer_list<std::string_view> path) const noexcept;

    /// What `key` holds, made if need be. Null becomes a mapping; of anything else: undefined.
    value& operator[](std::string_view key);
    /// Adds an entry, whether the key is there already or not. Of a mapping only.
    void add(std::string key, value is, int line = 0);
    /// Of a list that has so many.
    value& item(std::size_t at);
    /// Of a list, or of null, which becomes one.
    value& push_back(value item);
    bool   erase(std::string_view key);

    /// The line it was read from; 0: not known. Not part of what it is.
    int  line() const noexcept { return line_; }
    void came_from(int line) noexcept { line_ = line; }

    /// The order of keys does not matter, that of items does.
    friend bool operator==(const value& a, const value& b) noexcept;

private:
    struct numeral {
        std::string text{};
        friend bool operator==(const numeral&, const numeral&) = default;
    };
    std::variant<std::monostate, bool, numeral, std::string, list_type, map_type> state_;
    int                                                                           line_ = 0;
};

struct value::entry {
    std::string key{};
    value       is{};
    int         line = 0;  // of the key

    friend bool operator==(const entry& a, const entry& b) noexcept {
        return a.key == b.key && a.is == b.is;
    }
};

/// "a mapping", "a list", "'text'", "17", "nothing": for messages. At most 60 bytes of a text.
std::string described(const value& is);

/// How deep lists and mappings may nest.
inline constexpr int deepest_value = 100;

/// Errors: malformed, "not JSON at offset 12: …".
result<value> parse_json(std::string_view text);
std::string   json_text(const value& is);  // in one line

/// All documents of a stream; empty ones (comments only) are left out. Scalars mean what they mean
/// to kubectl: YAML 1.1's yes/no/on/off and octals included. Aliases are refused: one small text
/// would stand for a large one.
/// Errors: malformed, "line 3: …".
result<std::vector<value>> parse_yaml_stream(std::string_view text);
/// Exactly one document. Errors: malformed.
result<value> parse_yaml(std::string_view text);

/// Only whether it is YAML, whatever it says, aliases too. Errors: malformed, "line 3: …".
result<void> check_yaml(std::string_view text);

/// Block style, keys in their order, a newline at the end. The same value gives the same bytes, and
/// parse_yaml() gives it back.
std::string yaml_text(const value& is);

}  // namespace falconer
