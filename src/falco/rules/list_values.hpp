// The values that a comparison names: lists in place of their names.
#pragma once

#include "rule_book.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace falconer::falco::rules {

class list_values {
public:
    explicit list_values(rule_book& book) : book_(book) {}

    bool is_list(const operand_value& value) const {
        return !value.quoted && book_.lists.contains(value.text);
    }
    /// Everything in it, lists in it included; and it is used from now on.
    const std::vector<list_item>& items_of(const std::string& list);
    /// Of a check, without quotes. Nothing: they are too many to think about.
    std::optional<std::set<std::string>> values_of(const expression& check);
    /// "the list 'shell_binaries'", which a text is so near that it was probably meant; else empty.
    const std::string& near_list(const std::string& text);

private:
    void collect(
        const list_definition& list, std::set<std::string>& seen, std::vector<list_item>& into
    );

    rule_book&                                    book_;
    std::map<std::string, std::vector<list_item>> items_{};
    std::size_t                                   collected_ = 0;
    std::map<std::string, std::string>            near_{};
};

/// A value as it is compared: "'a b'" of a list is a b.
std::string_view unquoted(std::string_view text) noexcept;

}  // namespace falconer::falco::rules
