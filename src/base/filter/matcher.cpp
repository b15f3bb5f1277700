// Whether an event is what a filter looks for, without asking the store.
#include "falconer/filter.hpp"

#include <algorithm>

namespace falconer::filter {
namespace {

/// Of a scalar that is no null.
std::optional<std::string_view> text_of(const value& is) {
    if (const auto* text = is.text()) return *text;
    if (const auto* number = is.numeral_text()) return *number;
    if (const auto truth = is.boolean()) return *truth ? "true" : "false";
    return std::nullopt;
}

template <class Test>
bool any_text_of(const value& is, const Test& test) {
    if (is.is_list())
        return std::ranges::any_of(is.items(), [&](const value& each) {
            const auto text = text_of(each);
            return text && test(*text);
        });
    const auto text = text_of(is);
    return text && test(*text);
}

const value* field_in(const subject& it, std::string_view name) {
    return it.fields == nullptr ? nullptr : it.fields->find(name);
}

template <class Test>
bool field_has(const subject& it, std::string_view name, const Test& test) {
    const auto* found = field_in(it, name);
    return found != nullptr && any_text_of(*found, test);
}

std::optional<std::string_view> workload_in(const subject& it) {
    const auto* pod = field_in(it, "k8s.pod.name");
    if (pod == nullptr || pod->text() == nullptr) return std::nullopt;
    return workload_of(*pod->text());
}

/// Calls `test` with the field's texts until it says yes.
template <class Test>
bool any_of_field(const subject& it, const field& where, const Test& test) {
    const auto maybe = [&](const std::optional<std::string_view>& text) {
        return text && test(*text);
    };
    switch (where.which) {
        case field_kind::rule: return test(it.rule);
        case field_kind::cluster:
            return test(it.identity) ||
                   (it.project && it.shoot &&
                    test(std::string(*it.project).append("/").append(*it.shoot)));
        case field_kind::project: return maybe(it.project);
        case field_kind::shoot: return maybe(it.shoot);
        case field_kind::landscape: return maybe(it.landscape);
        case field_kind::host: return maybe(it.host);
        case field_kind::source: return maybe(it.source);
        case field_kind::output: return maybe(it.output);
        case field_kind::tag:
            return std::ranges::any_of(it.tags, [&](const std::string& tag) { return test(tag); });
        case field_kind::workload: return maybe(workload_in(it));
        case field_kind::output_field: return field_has(it, where.name, test);
        default: return false;
    }
}

struct judge {
    const subject& it;

    bool of(const node& what) const { return std::visit(*this, what.is); }

    bool operator()(const all_of& all) const {
        return std::ranges::all_of(all.of, [&](const node_ptr& each) { return of(*each); });
    }
    bool operator()(const any_of& any) const {
        return std::ranges::any_of(any.of, [&](const node_ptr& each) { return of(*each); });
    }
    bool operator()(const none_of& none) const { return !of(*none.of); }
    bool operator()(const word_test& word) const {
        const auto in = [&](std::string_view text) { return fits(word.what, text); };
        if (it.output && in(*it.output)) return true;
        if (in(it.rule) || in(it.identity) || (it.host && in(*it.host)) ||
            (it.source && in(*it.source)))
            return true;
        if (std::ranges::any_of(it.tags, in)) return true;
        return it.fields != nullptr &&
               std::ranges::any_of(it.fields->entries(), [&](const value::entry& each) {
                   return any_text_of(each.is, in);
               });
    }
    bool operator()(const text_test& test) const {
        return any_of_field(it, test.where, [&](std::string_view text) {
            return fits(test.what, text);
        });
    }
    bool operator()(const present_test& test) const {
        if (test.where.which != field_kind::output_field)
            return any_of_field(it, test.where, [](std::string_view) { return true; });
        const auto* found = field_in(it, test.where.name);
        return found != nullptr && !found->is_null();
    }
    bool operator()(const number_test& test) const {
        const auto within = [&](std::string_view text) {
            if (!is_decimal(text)) return false;
            if (test.from) {
                const int above = compare_decimals(text, test.from->decimal);
                if (above < 0 || (above == 0 && !test.from->included)) return false;
            }
            if (!test.to) return true;
            const int above = compare_decimals(text, test.to->decimal);
            return above < 0 || (above == 0 && test.to->included);
        };
        return field_has(it, test.name, within);
    }
    bool operator()(const priority_test& test) const {
        return (test.any >> static_cast<unsigned>(it.level) & 1U) != 0;
    }
    bool operator()(const flag_test& test) const { return (test.any & it.flags) != 0; }
    bool operator()(const uuid_test& test) const { return test.is == it.id; }
    bool operator()(const time_test& test) const {
        const auto at = test.of_receipt ? event_time_of(it.received) : it.time;
        return (!test.from || at >= *test.from) && (!test.before || at < *test.before);
    }
};

}  // namespace

bool matches(const node& what, const subject& it) {
    return judge{it}.of(what);
}

}  // namespace falconer::filter
