// One entry of a rule file, key by key.
#pragma once

#include "rule_book.hpp"

#include <array>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace falconer::falco::rules {

/// What `override:` says is to be done with which key.
struct overrides {
    std::set<std::string, std::less<>> append{}, replace{};
    bool                               refused = false;  // something of it, as has been told

    bool any() const noexcept { return refused || !append.empty() || !replace.empty(); }
};

class entry_reader {
public:
    /// `what`: "rule", the entry's first key as well as what messages call it.
    entry_reader(
        const loaded_file& file, const node& item, std::string what, problem_list& problems
    )
        : file_(file), item_(item), what_(std::move(what)), problems_(problems) {}

    const std::string& name() const noexcept { return name_; }
    std::string        title() const;  // "rule 'Terminal shell in container'"
    where              at() const { return {&file_, item_.at}; }
    where              at(std::string_view key) const;
    where              at(const node& is) const { return {&file_, is.at}; }
    bool               has(std::string_view key) const { return item_.find(key) != nullptr; }
    bool               failed() const noexcept { return failed_; }
    const loaded_file& file() const noexcept { return file_; }

    void error(const where& at, std::string message) {
        failed_ = true;
        problems_.error(at, std::move(message));
    }
    void warning(const where& at, std::string message) {
        problems_.warning(at, std::move(message));
    }

    bool read_name();
    void expect_keys(std::span<const std::string_view> known);
    /// A text that must be there and be one. Null: it is not, and that has been told.
    node_ptr text(std::string_view key);
    void     read_boolean(std::string_view key, bool& into);
    void     read_whole_number(std::string_view key);
    /// Texts. Nothing is told of a key that is absent.
    std::vector<list_item> texts(std::string_view key);
    overrides              read_overrides(
                     std::span<const std::string_view> appendable, std::span<const std::string_view> replaceable
                 );
    std::vector<rule_exception> read_exceptions(bool appended);

private:
    exception_part part_of(const node& is);

    const loaded_file& file_;
    const node&        item_;
    std::string        what_, name_;
    problem_list&      problems_;
    bool               failed_ = false;
};

}  // namespace falconer::falco::rules
