#include "event_json.hpp"

#include "event_draft.hpp"
#include "falconer/utf8.hpp"
#include "json_scanner.hpp"

#include <utility>

namespace falconer::ingest {
namespace {

using token = json_scanner::token;

event_verdict refused(std::string reason) {
    return {.what = event_verdict::kind::reject400, .reason = std::move(reason)};
}

std::string_view top_level_name(token t) noexcept {
    switch (t) {
        case token::begin_array: return "an array";
        case token::string: return "a string";
        case token::number: return "a number";
        case token::true_:
        case token::false_: return "a boolean";
        case token::null: return "null";
        default: return "something else";
    }
}

/// The body is one JSON object and nothing else; `draft` has heard of all of it.
/// Otherwise: the reason.
std::string read_object(std::string_view body, event_draft& draft) {
    if (body.empty()) return "the body is empty";
    if (body.starts_with("\xEF\xBB\xBF")) return "not JSON: a byte order mark in front";
    if (!is_utf8(body)) return "not UTF-8";

    json_scanner in(body);
    const token  first = in.next();
    if (first == token::broken) return in.problem();
    if (first != token::begin_object)
        return std::string("not a JSON object but ").append(top_level_name(first));
    for (;;) {
        const token t = in.next();
        if (t == token::broken) return in.problem();
        if (t == token::end) return {};
        draft.hear(t, in);
    }
}

event_verdict check(std::string_view body, const cluster_identity* from, utc_time now) {
    event_draft draft(body);
    if (auto reason = read_object(body, draft); !reason.empty()) return refused(std::move(reason));
    if (auto reason = draft.problem_with_cluster(from); !reason.empty())
        return refused(std::move(reason));
    return draft.finish(from, now);
}

}  // namespace

std::string_view name_of(event_verdict::kind kind) noexcept {
    switch (kind) {
        case event_verdict::kind::store: return "store";
        case event_verdict::kind::quarantine: return "quarantine";
        case event_verdict::kind::reject400: break;
    }
    return "reject400";
}

event_verdict check_event(std::string_view body, const cluster_identity& from, utc_time now) {
    return check(body, &from, now);
}

event_verdict check_event_of_any_cluster(std::string_view body, utc_time now) {
    return check(body, nullptr, now);
}

}  // namespace falconer::ingest
