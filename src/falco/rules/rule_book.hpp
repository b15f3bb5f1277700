// What a set of rule files defines, file after file: rules, macros and lists as Falco would have
// them in the end, and where each part of them was written.
#pragma once

#include "condition.hpp"
#include "falconer/falco/rule_lint.hpp"
#include "rule_yaml.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace falconer::falco::rules {

/// One file of a set.
struct loaded_file {
    source_text text;
    std::size_t number = 0;
    bool        users  = false;
};

struct where {
    const loaded_file* file = nullptr;
    place              at{};
};

/// Texts of several files, joined by blanks, as `append` does it.
class joined_text {
public:
    joined_text() = default;
    /// One that Falco puts together: all of it is looked for at one place.
    explicit joined_text(const where& all_of_it) : all_of_it_(all_of_it) {}

    void add(const loaded_file& file, node_ptr scalar) {
        pieces_.push_back({&file, std::move(scalar)});
    }
    bool        empty() const noexcept { return pieces_.empty(); }
    std::string text() const;
    where       find(std::size_t offset) const;
    where       begin() const;

private:
    struct piece {
        const loaded_file* file = nullptr;
        node_ptr           scalar{};
    };
    std::vector<piece> pieces_{};
    where              all_of_it_{};  // of no file: of texts, each at its place
};

struct list_item {
    std::string text{};
    where       at{};
};

struct definition {
    std::string name{};
    where       at{};  // the latest
    /// In which file it came up first: rules of earlier files do not know it.
    std::size_t first_file = 0;
    std::size_t order      = 0;      // where it came up first, among all
    std::size_t visible    = 0;      // up to where it sees others: its last change
    bool        broken     = false;  // told already; nothing more is said of it
    bool        used       = false;
};

struct list_definition : definition {
    std::vector<list_item> items{};
};

struct macro_definition : definition {
    joined_text condition{};
    // When it has been parsed:
    expression            tree{};
    std::set<std::string> sources{};       // of the rules that use it
    bool                  lenient = true;  // all of them skip unknown fields
};

/// A text, or a list of such.
struct exception_part {
    bool                        list = false;
    std::string                 text{};
    std::vector<exception_part> items{};
    where                       at{};

    bool given() const noexcept { return list ? !items.empty() : !text.empty(); }
};

struct rule_exception {
    std::string                 name{};
    where                       at{};
    exception_part              fields{}, comparisons{};
    std::vector<exception_part> values{};
    bool                        broken = false;  // its fields or operators are, which has been told
};

struct rule_definition : definition {
    joined_text                 condition{}, output{};
    std::string                 source = "syscall";
    std::vector<rule_exception> exceptions{};
    bool                        enabled = true, warns_of_events = true, skips_unknown = false;
    /// Where an override last changed each part of it.
    std::map<std::string, where, std::less<>> changes{};
};

/// Gathers what is wrong. Errors of all files, warnings of the users'.
class problem_list {
public:
    void error(const where& at, std::string message) {
        add(rule_severity::error, at, std::move(message));
    }
    void warning(const where& at, std::string message) {
        add(rule_severity::warning, at, std::move(message));
    }
    /// Falco does not look at the rule there, for want of a plug-in.
    void skipped(const where& at, std::string message);
    void add(rule_severity is, const where& at, std::string message);
    /// It takes no more: whoever looks for some may stop.
    bool full() const noexcept;
    bool any_error() const noexcept;
    /// In the order of files, lines, columns.
    std::vector<rule_problem> done() &&;

private:
    struct entry {
        std::size_t  file = 0;
        rule_problem is{};
    };
    std::vector<entry> all_{};
};

struct rule_book {
    std::vector<std::unique_ptr<loaded_file>>            files{};
    std::map<std::string, list_definition, std::less<>>  lists{};
    std::map<std::string, macro_definition, std::less<>> macros{};
    std::map<std::string, rule_definition, std::less<>>  rules{};
    std::size_t                                          next_order    = 0;
    bool                                                 others_unseen = false;
};

}  // namespace falconer::falco::rules
