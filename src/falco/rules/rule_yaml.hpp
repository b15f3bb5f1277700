// YAML as rule files are written in it: every text with its line and column, as it stands there.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco::rules {

/// Where something stands in a file; both count from 1.
struct place {
    int line = 1, column = 1;

    friend auto operator<=>(const place&, const place&) = default;
};

struct node;
using node_ptr = std::shared_ptr<const node>;

struct node_entry {
    std::string key{};
    place       at{};
    node_ptr    is{};
};

struct node {
    enum class kind : std::uint8_t { nothing, scalar, list, map };

    kind                    is = kind::nothing;
    std::string             text{};  // of a scalar, quotes and folds undone
    place                   at{};
    std::vector<node_ptr>   items{};
    std::vector<node_entry> entries{};

    bool              is_scalar() const noexcept { return is == kind::scalar; }
    bool              is_list() const noexcept { return is == kind::list; }
    bool              is_map() const noexcept { return is == kind::map; }
    bool              is_nothing() const noexcept { return is == kind::nothing; }
    const node_entry* find(std::string_view key) const noexcept;
};

/// "a mapping", "a list", "nothing", "'text'": for messages.
std::string kind_of(const node& is);

struct yaml_file {
    std::vector<node_ptr>      documents{};  // those with something in them
    std::optional<std::string> wrong{};      // it is no YAML: why
    place                      wrong_at{};
};

/// Aliases stand for what they name, as long as that does not make much of little.
yaml_file read_rule_yaml(std::string_view text);

/// What it takes in memory, roughly; what an alias stands for counts each time.
std::size_t bytes_of(const yaml_file& file);

/// The lines of a file, to find in them what stands in a scalar.
class source_text {
public:
    source_text(std::string name, std::string text);

    const std::string& name() const noexcept { return name_; }
    const std::string& text() const noexcept { return text_; }
    /// Of the character at `offset` of a scalar's text, through quotes, escapes and folds. `offset`
    /// may be its end.
    place find(const node& scalar, std::size_t offset) const;

private:
    std::size_t offset_of(place at) const noexcept;
    place       place_of(std::size_t offset) const noexcept;

    std::string              name_, text_;
    std::vector<std::size_t> lines_{};  // where each begins
};

}  // namespace falconer::falco::rules
