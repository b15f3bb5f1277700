#include "server.hpp"

#include "account_tokens.hpp"
#include "answers.hpp"
#include "asking.hpp"
#include "crd_schema.hpp"
#include "documents.hpp"
#include "list_options.hpp"
#include "places.hpp"
#include "rules.hpp"
#include "scale.hpp"
#include "table.hpp"
#include "watch.hpp"
#include "writing.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace falconer::sandbox {
namespace {

using net::http_request;
using net::http_response;

template <class Number>
Number number_in(std::string_view text, Number otherwise) {
    Number     made{};
    const auto end = text.data() + text.size();
    const auto got = std::from_chars(text.data(), end, made);
    return !text.empty() && got.ec == std::errc{} && got.ptr == end ? made : otherwise;
}

bool wants_table(const http_request& request) {
    const auto accepts = request.headers.find("Accept");
    return accepts && accepts->find("as=Table") != std::string_view::npos;
}

bool can_be_read(const http_request& request) {
    const auto type = request.headers.find("Content-Type").value_or("");
    return type.empty() || type.starts_with("application/json") ||
           type.starts_with("application/yaml");
}

/// Source: RFC 9110, 12.5.1; of what a client lists, JSON is all that there is here.
bool takes_json(const http_request& request) {
    const auto accepts = request.headers.find("Accept").value_or("");
    return accepts.empty() || accepts.find("json") != accepts.npos ||
           accepts.find("*/*") != accepts.npos || accepts.find("application/*") != accepts.npos;
}

bool is_write(const http_request& request) {
    return request.method != "GET" && request.method != "HEAD";
}

/// As the header Warning wants it. Source: RFC 7234, 5.5.
std::string quoted(std::string_view text) {
    std::string made = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') made += '\\';
        made += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return made + '"';
}

constexpr int most_tries = 5;  // of a write whose object others change meanwhile

/// `{"kind": "SecretList", …, "items": […]}`, of items that are JSON already. Those of built-in
/// types do not say what they are, those of CRDs do.
std::string list_text(const api_type& served, const api_store::objects_seen& page) {
    const auto& type = served.type;
    value       metadata{{"resourceVersion", page.resource_version}};
    if (!page.next.empty() || !served.built_in) metadata["continue"] = page.next;
    auto text = json_text(
        {{"kind", type.kind + "List"},
         {"apiVersion", type.api_version()},
         {"metadata", std::move(metadata)}}
    );
    std::size_t size = text.size() + 16;
    for (const auto& each : page.items) size += each->size() + 1;
    text.reserve(size);
    text.pop_back();
    text       += ",\"items\":[";
    bool first  = true;
    for (const auto& each : page.items) {
        if (!std::exchange(first, false)) text += ',';
        if (served.built_in)
            text.append("{").append(each->json_in_list());
        else
            each->append_json_to(text);
    }
    return text += "]}";
}

http_response too_large(std::uint64_t most) {
    return status_answer(
        413, "RequestEntityTooLarge", "Request entity too large: limit is " + std::to_string(most)
    );
}

/// What is not played is said where somebody might count on it.
void add_warnings(const api_write& what, api_admitted& to) {
    if (!is_crd(what.type.type) || what.operation == "DELETE") return;
    for (auto& each : crd_warnings(to.object)) to.warnings.push_back(std::move(each));
}

kube_selection selection_of(const api_route& route) {
    return {
        .namespace_name = route.namespace_name,
        .labels         = std::string(route.asked("labelSelector")),
        .fields         = std::string(route.asked("fieldSelector")),
    };
}

}  // namespace

api_server::api_server(time_source& time, options opt) : time_(time), opt_(std::move(opt)) {
    know(opt_.token, {"falconer", {"system:masters", "system:authenticated"}});
}

void api_server::mount(std::string path, api_store& store) {
    stores_.insert_or_assign(std::move(path), &store);
}

void api_server::unmount(const std::string& path) {
    stores_.erase(path);
}

std::optional<http_response> api_server::screen(http_request& head) {
    if (asker(head) == nullptr) return status_answer(401, "Unauthorized", "Unauthorized");
    if (head.content_length.value_or(0) > opt_.body_bytes) return too_large(opt_.body_bytes);
    return {};
}

const api_user* api_server::asker(const http_request& request) const {
    auto token = std::string_view{};
    if (!opt_.token.reveal().empty()) {
        token = request.headers.find("Authorization").value_or("");
        if (!token.starts_with("Bearer ")) return nullptr;
        token.remove_prefix(7);
        if (token.empty()) return nullptr;
    }
    const auto found = users_.find(token);
    if (found == users_.end()) return nullptr;
    const auto* const store = mounted(request.target).first;
    return store == nullptr ? &found->second : owner_of(users_, token, *store, time_.utc());
}

std::pair<api_store*, std::string_view> api_server::mounted(std::string_view target) const {
    std::pair<api_store*, std::string_view> found{};
    for (const auto& [path, each] : stores_) {
        if (!target.starts_with(path)) continue;
        const auto rest = target.substr(path.size());
        if (rest.starts_with('/') || rest.starts_with('?') || rest.empty()) found = {each, rest};
    }
    return found;
}

task<http_response> api_server::handle(http_request request) {
    ++requests_;
    if (request.body.size() > opt_.body_bytes) co_return too_large(opt_.body_bytes);
    if (auto wrong = put_into_json(request)) co_return std::move(*wrong);
    const auto fault = faults_ ? faults_(request) : api_fault{};
    if (fault.latency.count() > 0) {
        const auto clock = time_.make_bell();
        co_await clock->wait_until(time_.now() + fault.latency);
    }
    if (fault.status != 0 && !fault.late) co_return planned_failure(fault.status);
    auto made = co_await answer(request, fault);
    if (fault.status != 0) co_return planned_failure(fault.status);
    if (fault.half && !made.stream) co_return half_of(std::move(made));
    co_return made;
}

task<http_response> api_server::answer(const http_request& request, api_fault fault) {
    const auto  place = mounted(request.target);
    auto* const store = place.first;
    if (store == nullptr) co_return not_served();
    auto route = parse_route(place.second);
    if (!route) co_return status_answer(400, "BadRequest", route.error().detail);
    if (route->kind == api_route::what::objects)
        co_return co_await objects(*store, std::move(*route), request, fault);
    if (route->path == "/healthz" || route->path == "/readyz" || route->path == "/livez")
        co_return http_response{.body = "ok"};
    const auto accepts  = request.headers.find("Accept").value_or("");
    const auto document = document_at(store->types(), route->path, accepts);
    if (!document) co_return not_served();
    http_response made{.body = json_text(document->body) + '\n'};
    made.headers.add("Content-Type", document->type);
    co_return made;
}

task<http_response> api_server::objects(
    api_store& store, api_route route, const http_request& request, api_fault fault
) {
    const auto* const found = store.types().find(route.group, route.version, route.plural);
    if (found == nullptr)
        co_return has_built_in(store.types(), route.group) ? not_found() : not_served();
    api_type type = *found;  // a CRD that is written changes the types
    if (is_token_request(type.type, route)) co_return account_token(store, route, request);
    if (auto sorry = not_played(type, route)) co_return std::move(*sorry);
    if (auto elsewhere = misplaced(type, route, request.method)) co_return std::move(*elsewhere);
    if (!takes_json(request))
        co_return status_answer(
            406, "NotAcceptable", "only application/json is served here", value::map()
        );
    const bool scales = route.part == "scale";
    if (!is_write(request) && scales)
        co_return scaling(store, type, route, request, time_.utc(), wants_table(request));
    if (!is_write(request)) co_return reading(store, type, route, request, fault);
    if (const auto type_of_body = request.headers.find("Content-Type").value_or("");
        type_of_body.find("protobuf") != std::string_view::npos)
        co_return status_answer(
            415, "UnsupportedMediaType",
            "the sandbox reads JSON and YAML: write the object to a file and `kubectl apply -f` it"
        );
    if (request.method != "PATCH" && request.method != "DELETE" && !can_be_read(request))
        co_return status_answer(
            415, "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json, application/yaml"
        );
    if (is_review(type.type)) co_return review(store, type.type, request);
    if (request.method == "PATCH" && !can_be_patched_so(type, request))
        co_return status_answer(
            415, "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json-patch+json, application/merge-patch+json, "
            "application/apply-patch+yaml"
        );
    ++writes_;
    if (scales) co_return scaling(store, type, route, request, time_.utc(), false);
    if (request.method == "DELETE" && route.name.empty())
        co_return co_await emptying(store, type, route, request);
    const auto done = co_await writing(store, type, route, request);
    if (!done) co_return refusal(done.error());
    auto made = request.method == "DELETE" ? deletion_answer(type.type, done->object)
                                           : json_answer(done->created ? 201 : 200, done->object);
    for (const auto& warning : done->warnings)
        made.headers.add("Warning", "299 - " + quoted(warning));
    co_return made;
}

http_response api_server::reading(
    api_store& store, const api_type& type, const api_route& route, const http_request& request,
    const api_fault& fault
) {
    const bool table = wants_table(request);
    const bool whole = route.asked("includeObject") == "Object";
    if (!route.name.empty()) {
        const auto found = store.get(type.type, {route.namespace_name, route.name});
        if (!found) return refusal(found.error());
        if (table) {
            auto made                           = as_table(type, {&*found}, time_.utc(), whole);
            made["metadata"]["resourceVersion"] = resource_version_of(*found);
            return json_answer(200, made);
        }
        return json_answer(200, *found);
    }
    if (is_review(type.type)) return not_allowed();
    if (auto good = check_list_options(type, route); !good) return refusal(good.error());
    const auto which = selection_of(route);
    if (const auto version = number_in<std::uint64_t>(route.asked("resourceVersion"), 0);
        version > store.version() && !route.is_asked("watch"))
        return refusal(
            {errc::timed_out, "Timeout: Too large resource version: " + std::to_string(version) +
                                  ", current: " + std::to_string(store.version())}
        );
    if (route.is_asked("watch")) {
        auto selector = api_selector::parse(which.labels, which.fields);
        if (!selector) return status_answer(400, "BadRequest", selector.error().detail);
        const auto           version = route.asked("resourceVersion");
        const bool           initial = route.is_asked("sendInitialEvents");
        std::chrono::seconds asked(number_in<std::int64_t>(route.asked("timeoutSeconds"), 1800));
        asked = std::max(asked, std::chrono::seconds(0));  // what is less would be no time at all
        const api_watch_options opt{
            .namespace_name   = route.namespace_name,
            .selector         = std::move(*selector),
            .from             = number_in<std::uint64_t>(version, 0),
            .from_here        = version.empty() || version == "0" || initial,
            .table            = table,
            .bookmarks        = route.is_asked("allowWatchBookmarks"),
            .initial_bookmark = initial,
            .limit            = fault.ends.count() > 0 ? fault.ends : std::min(asked, opt_.watch),
            .bookmark         = opt_.bookmark,
        };
        http_response made;
        made.headers.add("Content-Type", "application/json");
        made.stream = make_watch(time_, store, type, opt);
        return made;
    }
    return listing(store, type, route, request);
}

http_response api_server::listing(
    api_store& store, const api_type& type, const api_route& route, const http_request& request
) {
    auto page = store.look(
        type.type, selection_of(route),
        {.limit = number_in<std::size_t>(route.asked("limit"), 0),
         .next  = std::string(route.asked("continue"))}
    );
    if (!page) return refusal(page.error());
    if (!wants_table(request)) return json_answer(200, list_text(type, *page));
    std::vector<std::shared_ptr<const value>> trees;
    std::vector<const value*>                 rows;
    for (const auto& each : page->items) rows.push_back(trees.emplace_back(each->tree()).get());
    auto made = as_table(type, rows, time_.utc(), route.asked("includeObject") == "Object");
    made["metadata"]["resourceVersion"] = page->resource_version;
    if (!page->next.empty()) made["metadata"]["continue"] = page->next;
    return json_answer(200, made);
}

/// A whole collection, or what is selected of it: one deletion after the other, as they would be
/// asked for. Answers with what there was.
task<http_response> api_server::emptying(
    api_store& store, const api_type& type, const api_route& route, const http_request& request
) {
    const auto how = options_of(route, request);
    if (!how) co_return refusal(how.error());
    if (auto good = check_list_options(type, route); !good) co_return refusal(good.error());
    const auto page = store.look(type.type, selection_of(route), {.limit = 0});
    if (!page) co_return refusal(page.error());
    for (const auto& each : page->items) {
        const auto key     = key_of(*each->tree());
        auto       one     = route;
        one.name           = key.name;
        one.namespace_name = key.namespace_name;
        const auto done    = co_await writing(store, type, one, request);
        if (!done && done.error().code != errc::not_found) co_return refusal(done.error());
    }
    co_return json_answer(200, list_text(type, *page));
}

http_response api_server::review(
    const api_store& store, const kube_type& type, const http_request& request
) const {
    if (request.method != "POST") return not_allowed();
    auto question = body_of(request, true);
    if (!question) return refusal(question.error());
    const auto* const    who = asker(request);
    const review_context at{
        .asker = who == nullptr ? api_user{} : in_whose_name(*who, request),
        .users = users_,
        .now   = time_.utc()
    };
    auto answer = reviewed(store, type, std::move(*question), at);
    if (!answer) return refusal(answer.error());
    return json_answer(201, *answer);
}

/// What api_admission has to say is said between a rehearsal and the write itself.
task<result<api_admitted>> api_server::writing(
    api_store& store, api_type type, const api_route& route, const http_request& request
) {
    const auto how = options_of(route, request);
    if (!how) co_return how.error();
    for (int tries = 1;; ++tries) {
        auto what = write_of(store, type, route, request, *how);
        if (admission_ == nullptr || !api_admission::concerns(store, what)) {
            api_admitted made;
            auto done = written(store, what, route, request, *how, stage::only, made.warnings);
            if (!done) co_return std::move(done).error();
            made.object  = std::move(*done);
            made.created = what.operation == "CREATE";
            add_warnings(what, made);
            co_return made;
        }
        std::vector<std::string> warnings;
        auto would = written(store, what, route, request, *how, stage::rehearsal, warnings);
        if (!would) co_return std::move(would).error();
        what.key = key_of(*would);
        if (what.operation != "DELETE") what.object = std::move(*would);
        auto reviewed = co_await admission_->review(store, what);
        if (!reviewed) co_return std::move(reviewed).error();
        what.object = std::move(reviewed->object);
        std::vector<std::string> twice;  // said already
        auto done = written(store, what, route, request, *how, stage::admitted, twice);
        if (!done && done.error().code == errc::conflict && tries < most_tries) continue;
        if (!done) co_return std::move(done).error();
        reviewed->object = std::move(*done);
        for (auto& each : warnings) reviewed->warnings.push_back(std::move(each));
        reviewed->created = what.operation == "CREATE";
        add_warnings(what, *reviewed);
        co_return reviewed;
    }
}

}  // namespace falconer::sandbox
