// Single comparisons: the field, its operator, the values.
#pragma once

#include "falco_release.hpp"
#include "list_values.hpp"
#include "rule_book.hpp"
#include "value_kinds.hpp"
#include "value_syntax.hpp"

#include <map>
#include <string>

namespace falconer::falco::rules {

class comparison_checker {
public:
    comparison_checker(list_values& lists, const falco_release& release, problem_list& problems)
        : lists_(lists), release_(release), problems_(problems) {}

    /// `text`: the condition that the check stands in. `lenient`: unknown fields are no errors.
    /// False: it is wrong, which has been told.
    bool check(
        const expression& is, const joined_text& text, const std::string& source, bool lenient
    );

    /// The same of a field that is known to be right: nothing is told of it again.
    bool check_value(
        const expression& is, const joined_text& text, const std::string& source, bool lenient
    );

private:
    struct scope {
        const joined_text& text;
        const std::string& source;
        bool               lenient    = false;
        bool               tells_left = true;  // what is wrong with the field that is compared
    };
    bool                         check_in(const expression& is, const scope& in);
    std::optional<compared_type> type_of(const operand& is, const scope& in, bool tells);
    bool check_operator(const expression& is, const compared_type& type, const scope& in);
    bool check_values(const expression& is, const compared_type& type, const scope& in);
    bool check_list(
        const expression& is, const operand_value& value, const compared_type& type, const scope& in
    );
    bool            check_right(const expression& is, const compared_type& type, const scope& in);
    value_complaint complaint_of(
        const expression& is, const compared_type& type, const std::string& value, const scope& in
    );

    list_values&         lists_;
    const falco_release& release_;
    problem_list&        problems_;
    value_syntax         syntax_{};
    /// Lists that are known to hold nothing but values of a type; the key names both.
    std::set<std::string> good_lists_{};
};

}  // namespace falconer::falco::rules
