// Suppressions as Falco's exceptions, shown against the events of the store.
#include "event_view.hpp"
#include "handler.hpp"
#include "suppression_filter.hpp"
#include "suppression_request.hpp"

#include "falconer/falco/rule_exception.hpp"

#include <deque>
#include <utility>

namespace falconer::console {
namespace {

constexpr std::size_t       looked_at = 300;  // events, found and others
constexpr std::chrono::days days_looked_at{30};

void write_texts(
    json_text_writer& json, std::string_view key, const std::vector<std::string>& all
) {
    json.key(key)->StartArray();
    for (const auto& each : all) json.text(each);
    json->EndArray();
}

/// Falco's exception for a suppression, and how it fares with events that were told.
struct said_to_falco {
    std::variant<falco::exported_exception, falco::untranslatable> made{};
    std::size_t found = 0, silenced = 0, unknown = 0;                 // of those it is for
    std::size_t others = 0, others_silenced = 0, others_unknown = 0;  // of the same rules
};

said_to_falco say(
    const suppression& what, utc_time now, const std::vector<found_event>& found,
    const std::vector<found_event>& others
) {
    using verdict = falco::exception_matcher::verdict;
    std::deque<event_contents>   contents;
    std::vector<filter::subject> sample;
    for (const auto& each : found) sample.push_back(contents.emplace_back(each).subject());
    auto                     name = what.id.text().substr(0, 8);
    falco::exception_request how{.name = "falconer_" + name, .sample = sample};
    how.comments = {
        "Made by Falconer from the suppression " + what.id.text() + " of " + what.owner + ".",
        "Filter: " + what.filter, "Reason: " + what.reason
    };
    const auto    node = node_of(what, now);
    said_to_falco it;
    if (!node) {
        it.made = falco::untranslatable{"Its filter can no longer be read."};
        return it;
    }
    it.made             = falco::export_exception(*node, how);
    const auto* written = std::get_if<falco::exported_exception>(&it.made);
    if (written == nullptr) return it;
    const auto matcher = falco::exception_matcher::read(written->yaml);
    if (!matcher) {
        it.made = falco::untranslatable{"It cannot be read back: " + matcher.error().detail};
        return it;
    }
    for (const auto& each : sample) {
        const auto is  = matcher->judge(each);
        it.silenced   += is == verdict::silenced ? 1 : 0;
        it.unknown    += is == verdict::unknown ? 1 : 0;
    }
    it.found = sample.size();
    for (const auto& each : others) {
        const event_contents other(each);
        const auto           is  = matcher->judge(other.subject());
        it.others_silenced      += is == verdict::silenced ? 1 : 0;
        it.others_unknown       += is == verdict::unknown ? 1 : 0;
    }
    it.others = others.size();
    return it;
}

void write_said(json_text_writer& json, const said_to_falco& is) {
    const auto* written = std::get_if<falco::exported_exception>(&is.made);
    json->StartObject();
    json.key("yaml");
    if (written != nullptr)
        json.text(written->yaml);
    else
        json->Null();
    write_texts(
        json, "reasons",
        written != nullptr ? std::vector<std::string>{} : std::get<falco::untranslatable>(is.made)
    );
    write_texts(json, "notes", written != nullptr ? written->notes : std::vector<std::string>{});
    json.key("found")->Uint64(is.found);
    json.key("silenced")->Uint64(is.silenced);
    json.key("unknown")->Uint64(is.unknown);
    json.key("others")->Uint64(is.others);
    json.key("othersSilenced")->Uint64(is.others_silenced);
    json.key("othersUnknown")->Uint64(is.others_unknown);
    json->EndObject();
}

}  // namespace

/// For Falco, and shown against events: those that it hides, and others of the same rules.
handler::reply handler::exception_of(question q) {
    if (triage_ == nullptr) co_return answer_of(not_found("this console keeps no suppressions"));
    const auto  now = time_.utc();
    suppression what;
    if (q.request.method == "POST") {
        const auto body = parse_json(q.request.body);
        if (!body || !body->is_map())
            co_return answer_of(wrong_parameter("", "expected {\"filter\": …, \"project\": …}"));
        auto read = scope_in(*body, q.who->who.sees, now);
        if (const auto* wrong = std::get_if<problem>(&read)) co_return answer_of(*wrong);
        what       = std::move(std::get<suppression>(read));
        what.owner = q.who->who.name;
        if (const auto* reason = body->find("reason");
            reason != nullptr && reason->text() != nullptr)
            what.reason = *reason->text();
    } else {
        auto one = co_await suppression_in(q.where.path, q.who->who.sees, 1);
        if (const auto* wrong = std::get_if<problem>(&one)) co_return answer_of(*wrong);
        what = std::move(std::get<suppression>(one));
    }
    page_search ask;
    ask.search = search_of_scope(what, q.who->who.sees, now, days_looked_at);
    ask.limit  = looked_at;
    auto found = co_await store_.page(ask);
    if (!found) co_return answer_of(problem_of(found.error()));
    ask.search.what = others_of(*found, what, now);
    event_slice others;
    if (ask.search.what) {
        auto more = co_await store_.page(ask);
        if (!more) co_return answer_of(problem_of(more.error()));
        others = std::move(*more);
    }
    const auto said = say(what, now, found->events, others.events);
    if (q.request.method == "POST" || q.where.text("format") == "json") {
        json_text_writer json;
        write_said(json, said);
        co_return json_answer(json.taken());
    }
    const auto* written = std::get_if<falco::exported_exception>(&said.made);
    if (written == nullptr) {
        std::string why;
        for (const auto& each : std::get<falco::untranslatable>(said.made))
            why += (why.empty() ? "" : " ") + each;
        co_return answer_of({422, "untranslatable", "Falco cannot be told so", why});
    }
    net::http_response answer;
    answer.headers.add("Content-Type", "application/yaml");
    answer.headers.add(
        "Content-Disposition",
        "attachment; filename=\"falconer-" + what.id.text().substr(0, 8) + ".yaml\""
    );
    answer.body = written->yaml;
    co_return answer;
}

}  // namespace falconer::console
