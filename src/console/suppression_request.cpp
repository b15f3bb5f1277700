#include "suppression_request.hpp"

#include "suppression_filter.hpp"
#include "triage_view.hpp"

#include <utility>

namespace falconer::console {
namespace {

constexpr std::size_t most_clusters = 100;

problem bad_filter(const filter::mistake& wrong) {
    return {
        .kind      = "filter",
        .title     = "The filter cannot be used",
        .detail    = wrong.what,
        .parameter = "filter",
        .column    = wrong.column,
        .length    = wrong.length
    };
}

}  // namespace

std::variant<std::string, problem> needed(
    const value& body, std::string_view name, std::size_t most
) {
    auto text = text_in(body, name, most);
    if (auto* wrong = std::get_if<problem>(&text)) return std::move(*wrong);
    auto& given = std::get<std::optional<std::string>>(text);
    if (!given || given->find_first_not_of(" \t\r\n") == std::string::npos)
        return wrong_parameter(std::string(name), "it is needed");
    return std::move(*given);
}

std::variant<suppression, problem> scope_in(
    const value& body, const readable_clusters& who, utc_time now
) {
    suppression it;
    auto        text = needed(body, "filter", filter::longest_filter);
    if (auto* wrong = std::get_if<problem>(&text)) return std::move(*wrong);
    it.filter         = std::move(std::get<std::string>(text));
    const auto parsed = suppression_filter(it.filter, now);
    if (const auto* wrong = std::get_if<filter::mistake>(&parsed)) return bad_filter(*wrong);
    auto project = text_in(body, "project", 256);
    if (auto* wrong = std::get_if<problem>(&project)) return std::move(*wrong);
    it.project = std::get<std::optional<std::string>>(project).value_or("");
    if (const auto* list = body.find("clusters"); list != nullptr && !list->is_null()) {
        const bool fits = list->is_list() && list->items().size() <= most_clusters;
        if (fits)
            for (const auto& each : list->items())
                if (const auto* name = each.text();
                    name != nullptr && !name->empty() && name->find('\0') == std::string::npos)
                    it.clusters.push_back(*name);
        if (!fits || it.clusters.size() != list->items().size())
            return wrong_parameter(
                "clusters", "expected at most " + std::to_string(most_clusters) + " identities"
            );
    }
    if (!it.project.empty() && !it.clusters.empty())
        return wrong_parameter("clusters", "expected either a project or clusters");
    // Projects of several landscapes may have one name, and a suppression knows nothing but it.
    if (!who.everything && !who.landscape.empty() && !it.project.empty()) {
        it.filter          = '(' + it.filter + ") landscape:\"" + who.landscape + '"';
        const auto of_them = suppression_filter(it.filter, now);
        if (const auto* wrong = std::get_if<filter::mistake>(&of_them)) return bad_filter(*wrong);
    }
    it.made = now;
    if (!in_reach(it, who))
        return problem{
            403, "forbidden", "Not yours to do",
            "A suppression holds for a project or for clusters whose events you may see; for "
            "everywhere only by those who see everything."
        };
    return it;
}

event_search search_of_scope(
    const suppression& what, const readable_clusters& who, utc_time now, std::chrono::days days
) {
    event_search search{.what = node_of(what, now), .who = who};
    // By whole minutes, as the roll-ups count.
    search.when.since = std::chrono::floor<std::chrono::minutes>(now - days);
    return search;
}

}  // namespace falconer::console
