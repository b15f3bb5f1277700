#include "api_server.hpp"

#include "api_documents.hpp"
#include "api_table.hpp"
#include "api_watch.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>
#include <utility>
#include <vector>

namespace falconer::sandbox {
namespace {

using net::http_request;
using net::http_response;

http_response json_answer(unsigned status, const value& body) {
    http_response made{.status = status, .body = json_text(body)};
    made.body += '\n';
    made.headers.add("Content-Type", "application/json");
    return made;
}

struct told_failure {
    errc             code;
    unsigned         status;
    std::string_view reason;
};
/// Source: k8s.io/apimachinery, apis/meta/v1, StatusReason.
constexpr std::array<told_failure, 11> failures{{
    {errc::timed_out, 504, "Timeout"},
    {errc::overloaded, 429, "TooManyRequests"},
    {errc::not_found, 404, "NotFound"},
    {errc::conflict, 409, "Conflict"},
    {errc::already_exists, 409, "AlreadyExists"},
    {errc::expired, 410, "Expired"},
    {errc::denied, 403, "Forbidden"},
    {errc::malformed, 422, "Invalid"},
    {errc::too_large, 413, "RequestEntityTooLarge"},
    {errc::unavailable, 503, "ServiceUnavailable"},
    {errc::broken, 400, "BadRequest"},
}};

http_response status_answer(unsigned status, std::string_view reason, std::string_view message) {
    auto made = json_answer(
        status, {{"kind", "Status"},
                 {"apiVersion", "v1"},
                 {"metadata", value::map()},
                 {"status", "Failure"},
                 {"message", message},
                 {"reason", reason},
                 {"code", static_cast<int>(status)}}
    );
    if (status == 429) made.headers.add("Retry-After", "1");
    return made;
}

http_response refusal(const failure& why) {
    for (const auto& each : failures)
        if (why.code == each.code) return status_answer(each.status, each.reason, why.detail);
    return status_answer(500, "InternalError", why.detail);
}

http_response planned_failure(unsigned status) {
    for (const auto& each : failures)
        if (each.status == status) return status_answer(status, each.reason, "as was planned");
    return status_answer(status, "InternalError", "as was planned");
}

http_response not_served() {
    return status_answer(404, "NotFound", "the server could not find the requested resource");
}

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

bool is_apply(const http_request& request) {
    return request.headers.find("Content-Type").value_or("").starts_with("application/apply-patch");
}

/// JSON; an apply patch may be YAML, too.
result<value> body_of(const http_request& request) {
    // YAML only where kubectl sends it: parsing it takes longer.
    auto read = is_apply(request) ? parse_yaml(request.body) : parse_json(request.body);
    if (!read)
        return failure{errc::broken, "the request's body cannot be read: " + read.error().detail};
    return read;
}

kube_removal removal_of(const value& how) {
    return {
        .uid              = std::string(how.text_at({"preconditions", "uid"})),
        .resource_version = std::string(how.text_at({"preconditions", "resourceVersion"})),
    };
}

failure unsupported(std::string_view option, const value& said, std::string_view supported) {
    return failure{
        errc::malformed, std::string(option) + ": Unsupported value: " + described(said) +
                             ": supported values: " + std::string(supported)
    };
}

/// A deletion's options come in its body, as kubectl sends them; those of other writes in the
/// query. Source: apimachinery, apis/meta/v1, DeleteOptions and its validation.
struct write_options {
    bool         dry_run = false;
    kube_removal removal{};
};
result<write_options> options_of(const api_route& route, const http_request& request) {
    write_options made;
    value         how = value::map();
    if (request.method == "DELETE" && !request.body.empty()) {
        auto given = body_of(request);
        if (!given) return std::move(given).error();
        how = std::move(*given);
    }
    value dry_runs = value::list();
    if (const auto* const said = how.find("dryRun"); said != nullptr && !said->is_null()) {
        if (!said->is_list()) return unsupported("dryRun", *said, "\"All\"");
        dry_runs = *said;
    }
    if (const auto asked = route.asked("dryRun"); !asked.empty()) dry_runs.push_back(asked);
    for (const auto& each : dry_runs.items()) {
        if (!each.is_text() || *each.text() != "All") return unsupported("dryRun", each, "\"All\"");
        made.dry_run = true;
    }
    // What hangs on an owner is not collected here, so that all of them come to the same.
    constexpr std::array<std::string_view, 4> policies{"", "Background", "Foreground", "Orphan"};
    const auto                                policy = how.text_at({"propagationPolicy"});
    if (std::ranges::find(policies, policy) == policies.end())
        return unsupported(
            "propagationPolicy", value(policy), R"("Foreground", "Background", "Orphan")"
        );
    made.removal = removal_of(how);
    return made;
}

std::optional<api_patch_kind> patch_kind_of(const http_request& request) {
    const auto type = request.headers.find("Content-Type").value_or("");
    if (type.starts_with("application/merge-patch+json")) return api_patch_kind::merge;
    if (type.starts_with("application/json-patch+json")) return api_patch_kind::json;
    if (type.starts_with("application/strategic-merge-patch+json"))
        return api_patch_kind::strategic;
    return {};
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

/// A write that webhooks want to see is done twice.
enum class stage : std::uint8_t { only, rehearsal, admitted };

api_write write_of(
    const api_store& store, const api_type& type, const api_route& route,
    const http_request& request, const write_options& options
) {
    api_write made;
    made.type = type;
    made.key  = {route.namespace_name, route.name};
    if (request.method == "POST" && made.key.namespace_name.empty() && type.type.namespaced)
        made.key.namespace_name = "default";
    made.part    = route.part;
    made.dry_run = options.dry_run;
    if (auto was = store.get(type.type, made.key)) made.old = std::move(*was);
    made.operation = request.method == "DELETE" ? "DELETE"
                     : made.old.is_null()       ? "CREATE"
                                                : "UPDATE";
    return made;
}

/// Does it, or says what would come of it. At stage admitted it is `what.object` that is written.
result<value> written(
    api_store& store, const api_write& what, const api_route& route, const http_request& request,
    const write_options& options, stage at
) {
    const auto&      type = what.type.type;
    const kube_write how{
        .part    = what.part == "status" ? kube_part::status : kube_part::whole,
        .dry_run = what.dry_run || at == stage::rehearsal,
    };
    if (request.method == "DELETE") {
        if (what.key.name.empty())
            return failure{errc::broken, "deleting a whole collection is not served"};
        if (how.dry_run) return store.removable(type, what.key, options.removal);
        return store.remove(type, what.key, options.removal);
    }
    auto given = body_of(request);
    if (!given) return std::move(given).error();
    const bool admitted = at == stage::admitted;
    if (request.method == "POST")
        return admitted ? store.create(type, what.key, what.object, how)
                        : store.create(type, what.key, std::move(*given), how);
    if (request.method == "PATCH" && is_apply(request)) {
        const kube_apply applying{
            .manager = std::string(route.asked("fieldManager")),
            .force   = route.is_asked("force"),
            .part    = how.part,
            .dry_run = how.dry_run,
        };
        if (applying.manager.empty())
            return failure{errc::broken, "fieldManager: Required value: is required for apply"};
        return store.apply(type, what.key, *given, applying, admitted ? &what.object : nullptr);
    }
    if (admitted) return store.update(type, what.key, what.object, how);
    if (request.method == "PUT") return store.update(type, what.key, std::move(*given), how);
    if (request.method != "PATCH")
        return failure{errc::broken, request.method + " is not served here"};
    const auto kind = patch_kind_of(request);
    if (!kind) return failure{errc::broken, "this kind of patch is not served"};
    if (*kind == api_patch_kind::strategic && !what.type.built_in)
        return failure{
            errc::broken, "a custom resource has no strategic merge patches: send a merge patch"
        };
    return store.patch(type, what.key, *kind, *given, how);
}

}  // namespace

void api_server::mount(std::string path, api_store& store) {
    stores_.insert_or_assign(std::move(path), &store);
}

void api_server::unmount(const std::string& path) {
    stores_.erase(path);
}

std::optional<http_response> api_server::screen(http_request& head) {
    if (opt_.token.reveal().empty()) return {};
    const auto said = head.headers.find("Authorization");
    if (said && *said == "Bearer " + opt_.token.reveal()) return {};
    return status_answer(401, "Unauthorized", "Unauthorized");
}

task<http_response> api_server::handle(http_request request) {
    ++requests_;
    const auto fault = faults_ ? faults_(request) : api_fault{};
    if (fault.latency.count() > 0) {
        const auto clock = time_.make_bell();
        co_await clock->wait_until(time_.now() + fault.latency);
    }
    if (fault.status != 0 && !fault.late) co_return planned_failure(fault.status);
    auto made = co_await answer(request, fault);
    if (fault.status != 0) co_return planned_failure(fault.status);
    co_return made;
}

task<http_response> api_server::answer(const http_request& request, api_fault fault) {
    std::string_view target = request.target;
    // The longest mount that fits.
    api_store* store = nullptr;
    for (const auto& [path, each] : stores_) {
        if (!request.target.starts_with(path)) continue;
        const auto rest = std::string_view(request.target).substr(path.size());
        if (!rest.starts_with('/') && !rest.starts_with('?') && !rest.empty()) continue;
        store  = each;
        target = rest;
    }
    if (store == nullptr) co_return not_served();
    auto route = parse_route(target);
    if (!route) co_return status_answer(400, "BadRequest", route.error().detail);
    if (route->kind == api_route::what::objects)
        co_return co_await objects(*store, std::move(*route), request, fault);
    if (route->path == "/healthz" || route->path == "/readyz" || route->path == "/livez")
        co_return http_response{.body = "ok"};
    const auto document = document_at(store->types(), route->path);
    co_return document ? json_answer(200, *document) : not_served();
}

task<http_response> api_server::objects(
    api_store& store, api_route route, const http_request& request, api_fault fault
) {
    const auto* const found = store.types().find(route.group, route.version, route.plural);
    if (found == nullptr || (!route.part.empty() && route.part != "status")) co_return not_served();
    api_type type = *found;  // a CRD that is written changes the types
    if (!is_write(request)) co_return reading(store, type, route, request, fault);
    if (const auto type_of_body = request.headers.find("Content-Type").value_or("");
        type_of_body.find("protobuf") != std::string_view::npos)
        co_return status_answer(
            415, "UnsupportedMediaType",
            "the sandbox reads JSON and YAML: write the object to a file and `kubectl apply -f` it"
        );
    ++writes_;
    const auto done = co_await writing(store, std::move(type), route, request);
    if (!done) co_return refusal(done.error());
    auto made = json_answer(request.method == "POST" ? 201 : 200, done->object);
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
        if (table) return json_answer(200, as_table(type, {&*found}, time_.utc(), whole));
        return json_answer(200, *found);
    }
    const kube_selection which{
        .namespace_name = route.namespace_name,
        .labels         = std::string(route.asked("labelSelector")),
        .fields         = std::string(route.asked("fieldSelector")),
    };
    if (route.is_asked("watch")) {
        auto selector = api_selector::parse(which.labels, which.fields);
        if (!selector) return status_answer(400, "BadRequest", selector.error().detail);
        const auto              version = route.asked("resourceVersion");
        const bool              initial = route.is_asked("sendInitialEvents");
        std::chrono::seconds    asked(number_in<std::int64_t>(route.asked("timeoutSeconds"), 1800));
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
    const auto page = store.list(
        type.type, which,
        {.limit = number_in<std::size_t>(route.asked("limit"), 0),
         .next  = std::string(route.asked("continue"))}
    );
    if (!page) return refusal(page.error());
    value metadata{{"resourceVersion", page->resource_version}};
    if (!page->next.empty()) metadata["continue"] = page->next;
    if (table) {
        std::vector<const value*> rows;
        rows.reserve(page->items.size());
        for (const auto& each : page->items) rows.push_back(&each);
        auto made        = as_table(type, rows, time_.utc(), whole);
        made["metadata"] = std::move(metadata);
        return json_answer(200, made);
    }
    return json_answer(
        200, {{"kind", type.type.kind + "List"},
              {"apiVersion", type.type.api_version()},
              {"metadata", std::move(metadata)},
              {"items", page->items}}
    );
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
            auto done = written(store, what, route, request, *how, stage::only);
            if (!done) co_return std::move(done).error();
            api_admitted made;
            made.object = std::move(*done);
            co_return made;
        }
        auto would = written(store, what, route, request, *how, stage::rehearsal);
        if (!would) co_return std::move(would).error();
        what.key = key_of(*would);
        if (what.operation != "DELETE") what.object = std::move(*would);
        auto reviewed = co_await admission_->review(store, what);
        if (!reviewed) co_return std::move(reviewed).error();
        what.object = std::move(reviewed->object);
        auto done   = written(store, what, route, request, *how, stage::admitted);
        if (!done && done.error().code == errc::conflict && tries < most_tries) continue;
        if (!done) co_return std::move(done).error();
        reviewed->object = std::move(*done);
        co_return reviewed;
    }
}

}  // namespace falconer::sandbox
