#include "possible.hpp"

#include <algorithm>

namespace falconer::alerts {
namespace {

/// Of some of the events, of none, of all.
enum class verdict : std::uint8_t { no, maybe, yes };

verdict of_truth(bool is) {
    return is ? verdict::yes : verdict::no;
}

struct judge {
    const event_kind& it;

    verdict of(const filter::node& what) const { return std::visit(*this, what.is); }

    verdict operator()(const filter::all_of& all) const {
        auto least = verdict::yes;
        for (const auto& each : all.of) least = std::min(least, of(*each));
        return least;
    }
    verdict operator()(const filter::any_of& any) const {
        auto most = verdict::no;
        for (const auto& each : any.of) most = std::max(most, of(*each));
        return most;
    }
    verdict operator()(const filter::none_of& none) const {
        switch (of(*none.of)) {
            case verdict::no: return verdict::yes;
            case verdict::yes: return verdict::no;
            case verdict::maybe: break;
        }
        return verdict::maybe;
    }
    verdict operator()(const filter::word_test& word) const {
        const bool here = fits(word.what, it.rule) || fits(word.what, it.cluster.identity);
        return here ? verdict::yes : verdict::maybe;
    }
    verdict operator()(const filter::text_test& test) const {
        return text(test.where, [&](std::string_view is) { return fits(test.what, is); });
    }
    verdict operator()(const filter::present_test& test) const {
        return text(test.where, [](std::string_view) { return true; });
    }
    verdict operator()(const filter::priority_test& test) const {
        return of_truth((test.any >> static_cast<unsigned>(it.level) & 1U) != 0);
    }
    verdict operator()(const auto&) const { return verdict::maybe; }

    template <class Test>
    verdict text(const filter::field& where, const Test& test) const {
        using enum filter::field_kind;
        const auto& cluster_ = it.cluster;
        const auto  maybe    = [&](const std::optional<std::string>& is) {
            return of_truth(is && test(*is));
        };
        switch (where.which) {
            case rule: return of_truth(test(it.rule));
            case cluster:
                return of_truth(
                    test(cluster_.identity) || (cluster_.project && cluster_.name &&
                                                test(*cluster_.project + '/' + *cluster_.name))
                );
            case project: return maybe(cluster_.project);
            case shoot: return maybe(cluster_.name);
            case landscape: return maybe(cluster_.landscape);
            default: return verdict::maybe;
        }
    }
};

}  // namespace

bool is_possible(const filter::node& what, const event_kind& of) {
    return judge{of}.of(what) != verdict::no;
}

}  // namespace falconer::alerts
